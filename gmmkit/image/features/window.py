"""A rectangle of a picture, as features see it: its values, its lightness, its Gaussian means."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from gmmkit.image.features import conversions
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

    @cached_property
    def weights(self) -> Float64Array:
        """1 for every pixel that counts, else 0."""
        weights = np.ones(self.values.shape[:2]) if self.mask is None else self.mask
        return weights.astype(np.float64)

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

    def filled(self, values: npt.NDArray[Any], reach: int) -> npt.NDArray[Any]:
        """Return a copy with excluded pixels filled by the Gaussian mean of those within reach.

        Parameters
        ----------
        values : ndarray of shape (h, w) or (h, w, C)
        reach : int
            In pixels; what is excluded farther from all that counts is 0.
        """
        if self.mask is None:
            return values.copy()
        planes = np.moveaxis(np.atleast_3d(values), 2, 0)
        filled = np.stack([self._filled(plane, reach) for plane in planes], axis=2)
        return filled.reshape(values.shape).astype(values.dtype)

    def _filled(self, plane: npt.NDArray[Any], reach: int) -> Float64Array:
        total = gaussian(plane * self.weights, reach / 4)
        weight = gaussian(self.weights, reach / 4)
        mean: Float64Array = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
        mean[self.mask] = plane[self.mask]
        return mean

    def derivative(self, sigma: float, order: tuple[int, int]) -> Float64Array:
        """Return a derivative of the lightness by the filter of a Gaussian's derivative.

        Parameters
        ----------
        sigma : float
            Standard deviation of the Gaussian, in pixels.
        order : tuple of int
            How often by rows (down) and by columns (right).

        Returns
        -------
        ndarray of shape (h, w)
            Excluded pixels count as the mean around the pixel that is looked at.
        """
        inside = self.lightness if self.mask is None else np.where(self.mask, self.lightness, 0)
        # Of a picture without gaps one pixel, mirrored, is enough to know what the filter sums to.
        weights = np.ones((1, 1)) if self.mask is None else self.weights
        mean = self.blurred(self.lightness, sigma)
        total, weight = gaussian(inside, sigma, order), gaussian(weights, sigma, order)
        slope: Float64Array = total - mean * weight
        return slope

    def slopes(self, sigma: float) -> tuple[Float64Array, Float64Array]:
        """Return the gradient of the lightness, down and right, per pixel."""
        return self.derivative(sigma, (1, 0)), self.derivative(sigma, (0, 1))


def gaussian(
    plane: npt.NDArray[Any], sigma: float, order: tuple[int, int] = (0, 0)
) -> npt.NDArray[Any]:
    """Return a plane's Gaussian mean, or derivatives of it, the picture mirrored at its borders.

    The precision is the plane's own.
    """
    blurred: npt.NDArray[Any] = ndimage.gaussian_filter(
        np.ascontiguousarray(plane), sigma, order, mode="reflect", truncate=_TRUNCATE
    )
    return blurred


def gaussian_radius(sigma: float) -> int:
    """Return how many pixels away the Gaussian of `gaussian` reaches."""
    return int(_TRUNCATE * sigma + 0.5)
