"""Many two-dimensional filters over one window, by one Fourier transform of it.

The picture is mirrored at its borders, and excluded pixels count as the mean around the pixel that
is looked at: a filter g that sums to zero has the response g*(mL) - μ (g*m), m the mask and μ the
mean of what counts, so that neither their values nor the edge of the mask shows.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from scipy import fft

from gmmkit.image.features.window import Window
from gmmkit.image.pixels import Float64Array


def responses(window: Window, kernels: Sequence[Float64Array]) -> Iterator[Float64Array]:
    """Return the correlation of a window's lightness with each kernel, (h, w).

    Parameters
    ----------
    window : Window
        The rectangle, with a halo as large as the largest kernel's radius.
    kernels : sequence of ndarray of shape (2 r + 1, 2 r + 1)
        Each summing to zero.

    Examples
    --------
    >>> values = np.linspace(0, 1, 5, dtype=np.float32)[None, :, None]
    >>> window = Window(values, None, False, (0, 0), (1, 5))
    >>> slope = np.array([[0, 0, 0], [-0.5, 0, 0.5], [0, 0, 0]])
    >>> next(responses(window, [slope])).round(6).tolist()
    [[12.5, 25.0, 25.0, 25.0, 12.5]]
    """
    radius = max(len(kernel) // 2 for kernel in kernels)
    if window.mask is None:
        spectrum = _Spectrum(window.lightness, radius)
        return (spectrum.correlated(kernel) for kernel in kernels)
    return _masked_responses(window, kernels, radius)


def _masked_responses(
    window: Window, kernels: Sequence[Float64Array], radius: int
) -> Iterator[Float64Array]:
    mean = window.blurred(window.lightness, radius / 4)
    inside = window.lightness * window.weights
    values, weights = (_Spectrum(plane, radius) for plane in (inside, window.weights))
    for kernel in kernels:
        yield values.correlated(kernel) - mean * weights.correlated(kernel)


class _Spectrum:
    """A mirrored plane after a Fourier transform, ready for kernels up to a radius."""

    def __init__(self, plane: Float64Array, radius: int) -> None:
        padded = np.pad(plane, radius, mode="symmetric")
        self._size = plane.shape
        self._radius = radius
        self._shape = tuple(fft.next_fast_len(side, real=True) for side in padded.shape)
        self._values = fft.rfft2(padded, self._shape)

    def correlated(self, kernel: Float64Array) -> Float64Array:
        rows, columns = self._shape
        # The transform of a kernel costs half as much when its empty rows are left out at first.
        along = fft.rfft(kernel[::-1, ::-1], columns, axis=1)
        product = fft.fft(along, rows, axis=0) * self._values
        everywhere = fft.irfft2(product, self._shape)
        start = self._radius + len(kernel) // 2
        height, width = self._size
        inside: Float64Array = everywhere[start : start + height, start : start + width]
        return inside
