"""Gabor filters: how strong a wave of some frequency and direction is around a pixel."""

from collections.abc import Iterator

import numpy as np

from gmmkit.image.features.feature import Feature
from gmmkit.image.features.filtering import responses
from gmmkit.image.features.kernels import angles, wave_kernels, wave_radius, wave_scale
from gmmkit.image.features.rounding import compressed, contrast_step
from gmmkit.image.features.window import Window, gaussian_radius
from gmmkit.image.pixels import Float64Array


def gabor_of(text: str, frequencies: tuple[float, ...], orientations: float, pool: str) -> Feature:
    """Return the feature of a Gabor bank: 8 log(1 + amplitude), amplitudes averaged locally.

    The amplitude is twice the modulus of the complex response, so a sine of amplitude A in L has
    A; it is averaged with a Gaussian as wide as the filter's own (Jain and Farrokhnia 1991).

    Parameters
    ----------
    text : str
        Of the feature.
    frequencies : tuple of float
        Cycles a pixel.
    orientations : float
        How many directions of waves, equally spaced from 0 (varying along x) below 180 degrees.
    pool : str
        "none" keeps a column for each orientation; "mean" and "max" take theirs over all of them,
        so that a pattern and the same one turned look alike.

    Examples
    --------
    >>> gabor_of("gabor", (0.1, 0.2), 4, "max").columns(3)
    ('gabor 0.1', 'gabor 0.2')
    """
    count = int(orientations)

    def planes(window: Window) -> Iterator[Float64Array]:
        for frequency in frequencies:
            for amplitude in _pooled(_amplitudes(window, frequency, count), pool):
                yield compressed(window.blurred(amplitude, wave_scale(frequency)))

    columns = tuple(name for f in frequencies for name in _columns(f, count, pool))

    def steps(channels: int, step: float, _: tuple[int, int]) -> list[float]:
        return [contrast_step(channels, step)] * len(columns)

    lowest = min(frequencies)
    halo = wave_radius(lowest) + gaussian_radius(wave_scale(lowest))
    return Feature(text, lambda _: columns, planes, steps, halo)


def _columns(frequency: float, orientations: int, pool: str) -> list[str]:
    name = f"gabor {frequency:g}"
    if pool != "none":
        return [name]
    return [f"{name} at {np.degrees(angle):.4g}" for angle in angles(orientations)]


def _amplitudes(window: Window, frequency: float, orientations: int) -> Iterator[Float64Array]:
    """Return the amplitude of the wave at each orientation."""
    found = responses(window, wave_kernels(frequency, orientations))
    for even, odd in zip(found, found, strict=True):
        yield 2 * np.hypot(even, odd)


def _pooled(planes: Iterator[Float64Array], pool: str) -> Iterator[Float64Array]:
    if pool == "none":
        yield from planes
    else:
        stacked = np.stack(list(planes))
        yield stacked.max(axis=0) if pool == "max" else stacked.mean(axis=0)
