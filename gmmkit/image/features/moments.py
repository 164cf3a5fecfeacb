"""Local statistics of lightness: how a neighborhood's values are distributed, not arranged."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import numpy as np
from scipy import ndimage

from gmmkit.image.features.feature import Feature
from gmmkit.image.features.rounding import compressed, contrast_step, lightness_step
from gmmkit.image.features.window import Window, gaussian_radius
from gmmkit.image.pixels import Float64Array

ENTROPY_BINS = 16
_BIN_WIDTH = 100 / ENTROPY_BINS


def texture_of(text: str, scales: tuple[float, ...]) -> Feature:
    """Return the feature 8 log(1 + s), s the standard deviation of L at each scale.

    Examples
    --------
    >>> texture_of("texture", (2.0, 4.0)).columns(3)
    ('texture 2', 'texture 4')
    """

    def planes(window: Window) -> Iterator[Float64Array]:
        return (compressed(_deviation(window, scale)) for scale in scales)

    def steps(channels: int, step: float, _: tuple[int, int]) -> list[float]:
        return [contrast_step(channels, step)] * len(scales)

    columns = tuple(f"texture {scale:g}" for scale in scales)
    return Feature(text, lambda _: columns, planes, steps, gaussian_radius(max(scales)))


def statistics_of(text: str, scales: tuple[float, ...], measures: tuple[str, ...]) -> Feature:
    """Return the feature of local statistics of L, each measure at each scale.

    Examples
    --------
    >>> statistics_of("statistics", (4.0,), ("mean", "range")).columns(3)
    ('mean 4', 'range 4')
    """
    pairs = [(measure, scale) for scale in scales for measure in measures]

    def planes(window: Window) -> Iterator[Float64Array]:
        return (MEASURES[measure](window, scale) for measure, scale in pairs)

    def steps(channels: int, step: float, _: tuple[int, int]) -> list[float]:
        rounding = lightness_step(channels, step)
        return [_measure_step(measure, rounding) for measure, _ in pairs]

    columns = tuple(f"{measure} {scale:g}" for measure, scale in pairs)
    return Feature(text, lambda _: columns, planes, steps, gaussian_radius(max(scales)))


def _measure_step(measure: str, rounding: float) -> float:
    """Return the step of a measure in its own unit; skewness is relative to 1 unit of L."""
    units = {"deviation": 12**0.5, "entropy": _BIN_WIDTH}
    return rounding / units.get(measure, 1.0)


def _mean(window: Window, scale: float) -> Float64Array:
    return window.blurred(window.lightness, scale)


def _variance(window: Window, scale: float) -> Float64Array:
    """G*L² - (G*L)², in float64: of two squares of 100, float32 has no digits left."""
    variance = window.blurred(window.lightness**2, scale) - _mean(window, scale) ** 2
    return np.maximum(variance, 0, out=variance)


def _deviation(window: Window, scale: float) -> Float64Array:
    deviation: Float64Array = np.sqrt(_variance(window, scale))
    return deviation


def _skewness(window: Window, scale: float) -> Float64Array:
    """Third central moment over (variance + 1)^1.5: what is nearly flat has no skewness."""
    mean, square = _mean(window, scale), window.blurred(window.lightness**2, scale)
    third = window.blurred(window.lightness**3, scale) - 3 * mean * square + 2 * mean**3
    spread = np.maximum(square - mean**2, 0) + 1
    skewness: Float64Array = third / (spread * np.sqrt(spread))
    return skewness


def _range(window: Window, scale: float) -> Float64Array:
    """Highest minus lowest L in a square that reaches two scales, most of the Gaussian's weight."""
    side = 2 * int(2 * scale + 0.5) + 1
    low = high = window.lightness
    if window.mask is not None:
        low, high = (np.where(window.mask, window.lightness, far) for far in (np.inf, -np.inf))
    highest = ndimage.maximum_filter(high, side, mode="reflect")
    lowest = ndimage.minimum_filter(low, side, mode="reflect")
    inside = True if window.mask is None else window.mask
    spread: Float64Array = np.subtract(
        highest, lowest, out=np.zeros_like(window.lightness), where=inside
    )
    return spread


def _entropy(window: Window, scale: float) -> Float64Array:
    """Bits of the local histogram of L, with cubic B-splines as bins.

    Hard bins would call a flat area that straddles two of them busy; splines give 1.25 bits to
    every flat area (1.2500 to 1.2516), wherever its L lies.
    """
    place = window.lightness / _BIN_WIDTH
    bits = np.zeros_like(place)
    first, last = int(np.floor(place.min())) - 1, int(np.ceil(place.max())) + 1
    for number in range(first, last + 1):
        share = np.maximum(window.blurred(_spline(place - number), scale), 1e-300)
        bits -= share * np.log2(share)
    return bits


def _spline(offset: Float64Array) -> Float64Array:
    """Cubic B-spline: weights of all whole offsets sum to one."""
    near = np.abs(offset)
    inner = 2 / 3 - near**2 + near**3 / 2
    weight: Float64Array = np.where(near < 1, inner, np.maximum(2 - near, 0) ** 3 / 6)
    return weight


MEASURES: Mapping[str, Callable[[Window, float], Float64Array]] = MappingProxyType(
    {
        "mean": _mean,
        "deviation": _deviation,
        "skewness": _skewness,
        "range": _range,
        "entropy": _entropy,
    }
)
