"""The structure tensor: which way a texture runs, how strictly, and how strong it is."""

from collections.abc import Iterator

import numpy as np

from gmmkit.image.features.feature import Feature
from gmmkit.image.features.rounding import compressed, contrast_step
from gmmkit.image.features.window import Window, gaussian_radius
from gmmkit.image.pixels import Float64Array

GRADIENT_SCALE = 1.0
# Directions that polarity's denominator is computed in; between them it is off by 0.5 % at most.
_DIRECTIONS = 16
_EMPTY = np.finfo(np.float64).tiny


def tensor_of(text: str, scales: tuple[float, ...]) -> Feature:
    """Return the feature of Blobworld's texture (Carson et al. 2002, section 3.1), at each scale.

    Of the second moments M = G * (∇L ∇Lᵀ) with eigenvalues λ1 ≥ λ2, the contrast is
    C = 8 log(1 + 2 sqrt(λ1 + λ2)); the anisotropy 1 - λ2/λ1 and the polarity
    |G * ∇L·n| / G * |∇L·n|, n the first eigenvector, are given times C, since neither means
    anything where there is no contrast. An edge has both; a flow of lines has anisotropy alone.

    Parameters
    ----------
    text : str
        Of the feature.
    scales : tuple of float
        Standard deviations of G, in pixels. The gradient is taken at 1 pixel.

    Examples
    --------
    >>> tensor_of("tensor", (4.0,)).columns(3)
    ('contrast 4', 'anisotropy 4', 'polarity 4')
    """

    def planes(window: Window) -> Iterator[Float64Array]:
        slopes = window.slopes(GRADIENT_SCALE)
        for scale in scales:
            yield from _texture(window, slopes, scale)

    names = ("contrast", "anisotropy", "polarity")
    columns = tuple(f"{name} {scale:g}" for scale in scales for name in names)

    def steps(channels: int, step: float, _: tuple[int, int]) -> list[float]:
        return [contrast_step(channels, step)] * len(columns)

    halo = gaussian_radius(GRADIENT_SCALE) + gaussian_radius(max(scales))
    return Feature(text, lambda _: columns, planes, steps, halo)


def _texture(
    window: Window, slopes: tuple[Float64Array, Float64Array], scale: float
) -> Iterator[Float64Array]:
    """Return contrast, and anisotropy and polarity times contrast."""
    y, x = slopes
    xx, yy, xy = (window.blurred(product, scale) for product in (x * x, y * y, x * y))
    trace, difference = xx + yy, np.hypot(xx - yy, 2 * xy)
    contrast = compressed(2 * np.sqrt(trace))
    yield contrast
    yield contrast * (2 * difference / np.maximum(trace + difference, _EMPTY))
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    yield contrast * _polarity(window, slopes, angle, scale)


def _polarity(
    window: Window, slopes: tuple[Float64Array, Float64Array], angle: Float64Array, scale: float
) -> Float64Array:
    """Return |G * ∇L·n| / G * |∇L·n| for n at an angle: 1 if all gradients point one way."""
    y, x = (window.blurred(slope, scale) for slope in slopes)
    net = np.abs(x * np.cos(angle) + y * np.sin(angle))
    total = np.maximum(_total_slope(window, slopes, angle, scale), _EMPTY)
    polarity: Float64Array = np.minimum(net / total, 1)
    return polarity


def _total_slope(
    window: Window, slopes: tuple[Float64Array, Float64Array], angle: Float64Array, scale: float
) -> Float64Array:
    """Return G * |∇L·n|, interpolated between the two nearest of some directions."""
    place = angle * (_DIRECTIONS / np.pi)
    total = np.zeros_like(place)
    for number in range(_DIRECTIONS):
        direction = np.pi * number / _DIRECTIONS
        slope = np.abs(slopes[1] * np.cos(direction) + slopes[0] * np.sin(direction))
        offset = np.abs((place - number + _DIRECTIONS / 2) % _DIRECTIONS - _DIRECTIONS / 2)
        total += np.maximum(1 - offset, 0) * window.blurred(slope, scale)
    return total
