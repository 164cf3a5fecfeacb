"""Features that look at nothing but the pixel itself: its bands as they are, and its place."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.image.features.feature import Feature
from gmmkit.image.features.window import Window


def bands_of(text: str) -> Feature:
    """Return the feature of the channels as they are.

    Examples
    --------
    >>> bands_of("bands").columns(2)
    ('band 1', 'band 2')
    """

    def columns(channels: int) -> tuple[str, ...]:
        return tuple(f"band {i + 1}" for i in range(channels))

    def steps(channels: int, step: float, _: tuple[int, int]) -> list[float]:
        return [step] * channels

    return Feature(text, columns, _band_planes, steps, 0, "values")


def _band_planes(window: Window) -> Iterator[npt.NDArray[Any]]:
    return (window.values[..., i] for i in range(window.values.shape[2]))


def position_of(text: str) -> Feature:
    """Return the feature of where a pixel is, in percent of the longer side.

    Examples
    --------
    >>> position_of("position").columns(3)
    ('x', 'y')
    """

    def steps(channels: int, step: float, shape: tuple[int, int]) -> list[float]:
        return [100 / max(shape)] * 2

    return Feature(text, lambda channels: ("x", "y"), _position_planes, steps, 0, "place")


def _position_planes(window: Window) -> list[npt.NDArray[Any]]:
    """Centers of pixels, in percent of the longer side."""
    height, width = window.values.shape[:2]
    percent = 100 / max(window.picture)
    x = (np.arange(width) + 0.5 + window.origin[1]) * percent
    y = (np.arange(height) + 0.5 + window.origin[0]) * percent
    shape = (height, width)
    return [np.broadcast_to(x, shape), np.broadcast_to(y[:, None], shape)]
