"""What the rounding of the pixels leaves of a feature: no component can mean less than that."""

import numpy as np

from gmmkit.image.features import conversions
from gmmkit.image.pixels import Float64Array


def finite_difference(convert: conversions.Conversion, channels: int, step: float) -> list[float]:
    """Return the largest change of each column when one channel moves a step from mid gray.

    Mid gray stands for the whole range: Lab's slope is about twice as steep in the shadows.

    Examples
    --------
    >>> [round(change, 6) for change in finite_difference(conversions.unchanged, 3, 0.001)]
    [0.001, 0.001, 0.001]
    """
    probes = np.full((1, 1 + channels, channels), 0.5, dtype=np.float32)
    # Ten steps, then divided by ten: one step of 16 bits drowns in float32 rounding.
    probes[0, 1:] += 10 * step * np.eye(channels, dtype=np.float32)
    columns = convert(probes)[0].astype(np.float64)
    steps: list[float] = (np.abs(columns[1:] - columns[0]).max(axis=0) / 10).tolist()
    return steps


def lightness_step(channels: int, step: float) -> float:
    """Return by how much L, or 100 times the mean of bands, moves with a step of one channel.

    Examples
    --------
    >>> round(lightness_step(1, 1 / 255), 2)
    0.39
    """
    convert = conversions.lab if channels in (1, 3) else conversions.mean_of_bands
    return finite_difference(convert, channels, step)[0]


def compressed(contrast: Float64Array) -> Float64Array:
    """Return 8 log(1 + |c|) with the sign of c, for contrasts c in units of lightness.

    Contrasts are heavy-tailed, a hard edge is a hundred times a soft texture; on this scale a
    Gaussian fits them, and they weigh about as much as a color.

    Examples
    --------
    >>> compressed(np.array([-1.0, 0.0, 10.0])).round(2).tolist()
    [-5.55, 0.0, 19.18]
    """
    logarithm: Float64Array = np.copysign(8 * np.log1p(np.abs(contrast)), contrast)
    return logarithm


def contrast_step(channels: int, step: float) -> float:
    """Return the compressed contrast that rounding L to its step alone gives a flat picture.

    Examples
    --------
    >>> contrast_step(1, 1 / 65535) < contrast_step(1, 1 / 255) < 1
    True
    """
    return float(8 * np.log1p(lightness_step(channels, step) / np.sqrt(12)))
