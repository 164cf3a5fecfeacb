"""The light of a frame beside that of the background: a gain and an offset for each channel.

A lamp that flickers or a cloud moves all pixels at once. What all pixels agree on is no object, and
has not to be learned by each of them alone.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from gmmkit.image.pixels import BoolArray, Float32Array, Float64Array

if TYPE_CHECKING:
    from gmmkit.image.background.kernels import Light

# As many pixels tell the median to a fiftieth of the noise.
_MOST_PIXELS = 3_000
_FEWEST_PIXELS = 64
_ROUNDS = 3
# The median of the squares of normal deviates.
_MEDIAN_SQUARE = 0.4549
# Deviations, in units of the noise, up to which a pixel takes part.
_REACH = 3.0
_LEAST_GAIN, _LARGEST_GAIN = 0.1, 10.0
# What one pixel in fifty, a tenth of the range from the others, would say for a gain of one.
_STIFFNESS = 0.02 * 0.1**2


@dataclass(frozen=True, eq=False)
class Lighting:
    """How a frame's light differs from the background's.

    Parameters
    ----------
    gain, offset : ndarray of shape (C,)
        A background of mean m shows as ``gain * m + offset``.
    noise : float or None
        The variance about that of one channel in the median pixel; None if nothing is known.

    Examples
    --------
    >>> unchanged_lighting(3).gain.tolist()
    [1.0, 1.0, 1.0]
    """

    gain: Float64Array
    offset: Float64Array
    noise: float | None = None

    def apply(self, background: Float64Array) -> Float64Array:
        """Return a background as this light shows it."""
        shown: Float64Array = self.gain * background + self.offset
        return shown

    def followed(self, rate: float) -> "Light":
        """Return this light for the compiled passes, with the rate at which means follow it."""
        from gmmkit.image.background.kernels import Light

        gain, offset = (tuple(map(np.float32, each)) for each in (self.gain, self.offset))
        return Light(gain, offset, np.float32(rate))  # type: ignore[arg-type]

    def with_noise(self, noise: float) -> Self:
        """Return the same light with another noise."""
        return type(self)(self.gain, self.offset, noise)


def unchanged_lighting(n_channels: int) -> Lighting:
    """Return the light of the background itself.

    Examples
    --------
    >>> unchanged_lighting(1).offset.tolist()
    [0.0]
    """
    return Lighting(np.ones(n_channels), np.zeros(n_channels))


def estimate_lighting(
    frame: Float32Array, background: Float32Array, noise: float, *, adapt: bool = True
) -> Lighting:
    """Return the light of a frame, by least squares over the pixels that agree on one.

    Parameters
    ----------
    frame, background : ndarray of shape (H, W, C)
        As shares of the full range.
    noise : float
        The variance of one channel that is expected; 0 if unknown.
    adapt : bool
        Look for a light at all; otherwise only the noise is estimated.

    Returns
    -------
    Lighting
        The unchanged one if no other suits more pixels.

    Examples
    --------
    >>> background = np.linspace(0, 1, 300, dtype=np.float32).reshape(10, 30, 1)
    >>> estimate_lighting(0.5 * background, background, 1e-4).gain.round(2).tolist()
    [0.5]
    """
    x, m = _sampled(frame), _sampled(background)
    same = unchanged_lighting(x.shape[1])
    if not adapt or len(x) < _FEWEST_PIXELS:
        return same.with_noise(_median_variance(x - m))
    bound = _REACH**2 * (noise or _median_variance(_centered(x - m)))
    found = max((same, _rough(x, m)), key=lambda light: _agreeing(x, m, light, bound).sum())
    for _ in range(_ROUNDS):
        found = _fitted(x, m, _agreeing(x, m, found, bound))
    # Of two that suit as many, the fitted one suits them better.
    best = max((found, same), key=lambda light: _agreeing(x, m, light, bound).sum())
    return best.with_noise(_median_variance(x - best.apply(m)))


def _sampled(pixels: Float32Array) -> Float64Array:
    """Return pixels of a regular grid, (n, C)."""
    step = max(1, int(np.sqrt(pixels.shape[0] * pixels.shape[1] / _MOST_PIXELS)))
    return pixels[::step, ::step].reshape(-1, pixels.shape[2]).astype(np.float64)


def _centered(values: Float64Array) -> Float64Array:
    return values - np.median(values, axis=0)


def _median_variance(residuals: Float64Array) -> float:
    return float(np.median(np.median(residuals**2, axis=0))) / _MEDIAN_SQUARE


def _agreeing(x: Float64Array, m: Float64Array, light: Lighting, bound: float) -> BoolArray:
    """Tell which pixels are where a light would have them, in every channel."""
    agreeing: BoolArray = (np.abs(x - light.apply(m)) <= np.sqrt(bound)).all(axis=1)
    return agreeing


def _rough(x: Float64Array, m: Float64Array) -> Lighting:
    """Return the gain of the median pixel."""
    ratio = np.median(x / np.maximum(m, 0.02), axis=0)
    return Lighting(np.clip(ratio, _LEAST_GAIN, _LARGEST_GAIN), np.zeros(x.shape[1]))


def _fitted(x: Float64Array, m: Float64Array, used: BoolArray) -> Lighting:
    """Return the line of least squares, held to a gain of one where all pixels look alike."""
    if np.count_nonzero(used) < _FEWEST_PIXELS:
        return unchanged_lighting(x.shape[1])
    x, m = x[used], m[used]
    x_mean, m_mean = x.mean(axis=0), m.mean(axis=0)
    spread = ((m - m_mean) ** 2).mean(axis=0) + _STIFFNESS
    gain = (((m - m_mean) * (x - x_mean)).mean(axis=0) + _STIFFNESS) / spread
    gain = np.clip(gain, _LEAST_GAIN, _LARGEST_GAIN)
    return Lighting(gain, x_mean - gain * m_mean)
