"""What a model of the background knows: a small mixture for every pixel, and the noise of all."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from gmmkit.image.pixels import Float32Array, Uint8Array

if TYPE_CHECKING:
    from gmmkit.image.background.kernels import Mixtures


@dataclass(frozen=True, eq=False)
class BackgroundState:
    """The mixtures of all pixels after some frames.

    Parameters
    ----------
    weights : ndarray of shape (H, W, K)
        float32, falling, summing to one over the components; 0 where there are fewer than K.
    means : ndarray of shape (H, W, K, C)
        float32, as shares of the full range of the pixels.
    variances : ndarray of shape (H, W, K)
        float32, one for all channels of a component.
    visits : ndarray of shape (H, W, K)
        uint8: how often the pixel went from its background to the component, up to 255.
    calm : ndarray of shape (H, W)
        uint8: 1 where the last frame showed the background.
    n_frames : int
        How many frames were learned.
    noise : float
        The variance of one channel, as the median pixel has it; 0 before the second frame.

    Examples
    --------
    >>> empty_state((2, 3), 1, 5).weights.shape
    (2, 3, 5)
    """

    weights: Float32Array
    means: Float32Array
    variances: Float32Array
    visits: Uint8Array
    calm: Uint8Array
    n_frames: int = 0
    noise: float = 0.0

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return int(self.weights.shape[0]), int(self.weights.shape[1])

    @property
    def n_channels(self) -> int:
        """How many values a pixel has."""
        return int(self.means.shape[3])

    @property
    def background(self) -> Float32Array:
        """The mean of the heaviest component of each pixel, (H, W, C)."""
        return self.means[:, :, 0]

    @property
    def arrays(self) -> dict[str, Float32Array | Uint8Array]:
        """The arrays by name."""
        return {name: getattr(self, name) for name in ARRAY_NAMES}

    def copy(self) -> Self:
        """Return the same state with arrays of its own."""
        arrays: dict[str, Any] = {name: array.copy() for name, array in self.arrays.items()}
        return replace(self, **arrays)

    def rows(self, rows: slice) -> "Mixtures":
        """Return views of the mixtures of some rows, with one axis of pixels."""
        from gmmkit.image.background.kernels import Mixtures

        bands = [array[rows] for array in self.arrays.values()]
        return Mixtures(*(band.reshape(-1, *band.shape[2:]) for band in bands))


ARRAY_NAMES = ("weights", "means", "variances", "visits", "calm")


def empty_state(shape: tuple[int, int], n_channels: int, n_components: int) -> BackgroundState:
    """Return the state before the first frame.

    Examples
    --------
    >>> empty_state((2, 3), 3, 5).n_frames
    0
    """
    components = (*shape, n_components)
    return BackgroundState(
        np.zeros(components, np.float32),
        np.zeros((*components, n_channels), np.float32),
        np.zeros(components, np.float32),
        np.zeros(components, np.uint8),
        np.zeros(shape, np.uint8),
    )
