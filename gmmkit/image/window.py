"""A rectangle of a picture, as features see it: its values, its lightness, its Gaussian means."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from gmmkit.image import conversions
from gmmkit.image.pixels import BoolArray, Float32Array, Float64Array

# Standard deviations at which the Gaussian is cut off.
_TRUNCATE = 4.0


@dataclass(frozen=True, eq=False)
class Window:
    """A rectangle of a picture, with its halo, that features are computed on.

    Parameters
    ----------
    values : ndarray of shape (h, w, C)
        Working values: float32, 0 where a pixel is excluded.
    mask : ndarray of shape (h, w), optional
        True where a pixel counts.
    has_color : bool
        Whether the channels are a color (or gray) instead of bands.
    origin, picture : tuple of int
        Row and column of the first pixel, and the shape of the whole picture.

    Examples
    --------
    >>> white = np.ones((2, 3, 3), np.float32)
    >>> Window(white, None, True, (0, 0), (2, 3)).lightness.round(1).tolist()
    [[100.0, 100.0, 100.0], [100.0, 100.0, 100.0]]
    """

    values: Float32Array
    mask: BoolArray | None
    has_color: bool
    origin: tuple[int, int]
    picture: tuple[int, int]

    def converted(self, convert: conversions.Conversion) -> Float32Array:
        """Return the pixels in another color space; Lab is shared by what reads it."""
        return self._lab if convert is conversions.lab else convert(self.values)

    @cached_property
    def lightness(self) -> Float64Array:
        """L of every pixel, or 100 times the mean of bands."""
        columns = self._lab if self.has_color else conversions.mean_of_bands(self.values)
        return columns[..., 0].astype(np.float64)

    @cached_property
    def _lab(self) -> Float32Array:
        return conversions.lab(self.values)

    def blurred(self, plane: npt.NDArray[Any], sigma: float) -> npt.NDArray[Any]:
        """Return the Gaussian mean of a plane over the pixels that count.

        The picture is mirrored at its borders. Excluded pixels have no weight: the sum over the
        others is divided by the weight of the others, and is 0 at the excluded ones.
        """
        if self.mask is None:
            return gaussian(plane, sigma)
        total = gaussian(np.where(self.mask, plane, 0).astype(plane.dtype), sigma)
        weight = gaussian(self.mask.astype(plane.dtype), sigma)
        mean: npt.NDArray[Any] = np.divide(total, weight, out=np.zeros_like(total), where=self.mask)
        return mean


def gaussian(plane: npt.NDArray[Any], sigma: float) -> npt.NDArray[Any]:
    """Return a plane's Gaussian mean, in its own precision, the picture mirrored at its borders."""
    blurred: npt.NDArray[Any] = ndimage.gaussian_filter(
        np.ascontiguousarray(plane), sigma, mode="reflect", truncate=_TRUNCATE
    )
    return blurred


def gaussian_radius(sigma: float) -> int:
    """Return how many pixels away the Gaussian of `gaussian` reaches."""
    return int(_TRUNCATE * sigma + 0.5)
