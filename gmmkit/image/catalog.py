"""The features there are: for each its columns, how it is computed, how far it looks, its floor.

A new feature is one more line in ``FEATURES``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.image import conversions
from gmmkit.image.window import Window, gaussian_radius

COLOR_SIGMA = 1.0
TEXTURE_SIGMAS = (2.0, 4.0)


@dataclass(frozen=True)
class Feature:
    """One named feature.

    Parameters
    ----------
    columns : callable
        Number of channels to the names of the columns.
    planes : callable
        Window to one (h, w) array per column.
    steps : callable
        Number of channels, quantization step of the input (0 to 1) and shape of the picture to
        the step in each column.
    halo : int
        How many pixels away it looks.
    needs_color : bool
        Whether it reads colors, so that it needs one or three channels from 0 to 1.

    Examples
    --------
    >>> FEATURES["lab"].columns(3), FEATURES["lab"].halo
    (('L', 'a', 'b'), 4)
    """

    columns: Callable[[int], tuple[str, ...]]
    planes: Callable[[Window], list[npt.NDArray[Any]]]
    steps: Callable[[int, float, tuple[int, int]], list[float]]
    halo: int
    needs_color: bool


def _pointwise(
    convert: conversions.Conversion, color: tuple[str, ...], gray: tuple[str, ...], sigma: float
) -> Feature:
    """Return the feature of a color space, blurred against pixel noise."""

    def planes(window: Window) -> list[npt.NDArray[Any]]:
        values = window.converted(convert)
        return [window.blurred(values[..., i], sigma) for i in range(values.shape[2])]

    def steps(channels: int, step: float, _: tuple[int, int]) -> list[float]:
        return _finite_difference(convert, channels, step)

    return Feature(
        lambda channels: gray if channels == 1 else color,
        planes,
        steps,
        gaussian_radius(sigma),
        True,
    )


def _finite_difference(convert: conversions.Conversion, channels: int, step: float) -> list[float]:
    """Return the largest change of each column when one channel moves a step from mid gray.

    Mid gray stands for the whole range: Lab's slope is about twice as steep in the shadows.
    """
    probes = np.full((1, 1 + channels, channels), 0.5, dtype=np.float32)
    # Ten steps, then divided by ten: one step of 16 bits drowns in float32 rounding.
    probes[0, 1:] += 10 * step * np.eye(channels, dtype=np.float32)
    columns = convert(probes)[0].astype(np.float64)
    steps: list[float] = (np.abs(columns[1:] - columns[0]).max(axis=0) / 10).tolist()
    return steps


def _band_planes(window: Window) -> list[npt.NDArray[Any]]:
    return [window.values[..., i] for i in range(window.values.shape[2])]


def _texture_planes(window: Window) -> list[npt.NDArray[Any]]:
    """8 log(1 + s), s the local standard deviation of L: sqrt(G*L² - (G*L)²).

    In float64, because the difference of two squares of 100 has no digits left in float32.
    """
    square = window.lightness**2
    planes = []
    for sigma in TEXTURE_SIGMAS:
        variance = window.blurred(square, sigma) - window.blurred(window.lightness, sigma) ** 2
        deviation = np.sqrt(np.maximum(variance, 0, out=variance), out=variance)
        planes.append(8 * np.log1p(deviation, out=deviation))
    return planes


def _texture_steps(channels: int, step: float, _: tuple[int, int]) -> list[float]:
    """The value that rounding L to its step alone gives a flat picture."""
    convert = conversions.lab if channels in (1, 3) else conversions.mean_of_bands
    lightness = _finite_difference(convert, channels, step)[0]
    return [float(8 * np.log1p(lightness / np.sqrt(12)))] * len(TEXTURE_SIGMAS)


def _position_planes(window: Window) -> list[npt.NDArray[Any]]:
    """Centers of pixels, in percent of the longer side."""
    height, width = window.values.shape[:2]
    percent = 100 / max(window.picture)
    x = (np.arange(width) + 0.5 + window.origin[1]) * percent
    y = (np.arange(height) + 0.5 + window.origin[0]) * percent
    shape = (height, width)
    return [np.broadcast_to(x, shape), np.broadcast_to(y[:, None], shape)]


def _named(prefix: str) -> Callable[[int], tuple[str, ...]]:
    return lambda channels: tuple(f"{prefix}{i + 1}" for i in range(channels))


FEATURES: Mapping[str, Feature] = MappingProxyType(
    {
        "lab": _pointwise(conversions.lab, ("L", "a", "b"), ("L",), COLOR_SIGMA),
        "luv": _pointwise(conversions.luv, ("L(uv)", "u", "v"), ("L(uv)",), COLOR_SIGMA),
        "rgb": _pointwise(conversions.unchanged, ("red", "green", "blue"), ("gray",), COLOR_SIGMA),
        "gray": _pointwise(conversions.gray, ("luminance",), ("luminance",), COLOR_SIGMA),
        "hsv": _pointwise(
            conversions.hsv, ("saturation cos", "saturation sin", "value"), ("value",), COLOR_SIGMA
        ),
        "texture": Feature(
            lambda channels: tuple(f"texture {sigma:g}" for sigma in TEXTURE_SIGMAS),
            _texture_planes,
            _texture_steps,
            gaussian_radius(max(TEXTURE_SIGMAS)),
            False,
        ),
        "bands": Feature(
            _named("band "), _band_planes, lambda channels, step, _: [step] * channels, 0, False
        ),
        "position": Feature(
            lambda channels: ("x", "y"),
            _position_planes,
            lambda channels, step, shape: [100 / max(shape)] * 2,
            0,
            False,
        ),
    }
)
