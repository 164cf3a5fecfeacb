"""Local binary patterns: which of the pixels around are lighter, counted over a neighborhood.

A code is no number that a Gaussian could be about, so it becomes the histogram of a neighborhood;
and "lighter" is a degree, so that noise and rounding do not throw it (Ahonen, Pietikäinen 2007).
"""

from collections.abc import Iterator

import numpy as np

from gmmkit.image.features.feature import Feature
from gmmkit.image.features.rounding import lightness_step
from gmmkit.image.features.window import Window, gaussian_radius
from gmmkit.image.pixels import Float32Array, Float64Array

NEIGHBORS = 8
_STRIP_PIXELS = 1 << 14


def lbp_of(text: str, radii: tuple[float, ...], histogram: float, tolerance: float) -> Feature:
    """Return the feature of rotation-invariant uniform patterns (Ojala et al. 2002, equation 9).

    Around each pixel, 8 neighbors on a circle are lighter than it to a degree: 0 if darker by the
    tolerance, 1 if lighter by it, linear between. Column number n is the square root of how much
    of the neighborhood is a pattern of n lighter neighbors in one run. The patterns of several
    runs are left out: with them, shares sum to one, and no covariance of theirs is regular.

    Parameters
    ----------
    text : str
        Of the feature.
    radii : tuple of float
        Of the circles, in pixels.
    histogram : float
        Standard deviation of the Gaussian neighborhood, in pixels.
    tolerance : float
        In units of L.

    Examples
    --------
    >>> lbp_of("lbp", (1.0,), 4.0, 2.0).columns(3)[:3]
    ('lbp 1 with 0', 'lbp 1 with 1', 'lbp 1 with 2')
    """

    def planes(window: Window) -> Iterator[Float64Array]:
        for radius in radii:
            for share in _patterns(window, radius, tolerance):
                yield np.sqrt(np.maximum(window.blurred(share, histogram), 0))

    columns = tuple(f"lbp {r:g} with {n}" for r in radii for n in range(NEIGHBORS + 1))

    def steps(channels: int, step: float, _: tuple[int, int]) -> list[float]:
        # Rounding moves a degree by q / 2 tolerance, and the mean over the Gaussian by less.
        move = lightness_step(channels, step) / (2 * tolerance)
        return [move / (2 * np.sqrt(np.pi) * histogram)] * len(columns)

    halo = _margin(max(radii)) + gaussian_radius(histogram)
    return Feature(text, lambda _: columns, planes, steps, halo)


def _margin(radius: float) -> int:
    """Return how many pixels away interpolated neighbors are taken from."""
    return int(np.ceil(radius)) + 1


def _patterns(window: Window, radius: float, tolerance: float) -> Float32Array:
    """Return how much every pixel is each uniform pattern, (9, h, w)."""
    degrees = np.stack(list(_degrees(window, radius, tolerance)), dtype=np.float32)
    flat = degrees.reshape(NEIGHBORS, -1)
    shares = np.empty((NEIGHBORS + 1, flat.shape[1]), dtype=np.float32)
    for start in range(0, flat.shape[1], _STRIP_PIXELS):
        strip = slice(start, start + _STRIP_PIXELS)
        shares[:, strip] = _uniform(flat[:, strip])
    return shares.reshape(NEIGHBORS + 1, *window.lightness.shape)


def _degrees(window: Window, radius: float, tolerance: float) -> Iterator[Float64Array]:
    """Return to which degree each neighbor is lighter; one that is excluded is as light."""
    margin = _margin(radius)
    padded = np.pad(window.lightness, margin, mode="symmetric")
    for dy, dx in _circle(radius):
        neighbor = _moved(padded, margin, dy, dx)
        degree = np.clip(0.5 + (neighbor - window.lightness) / (2 * tolerance), 0, 1)
        if window.mask is not None:
            counted = np.pad(window.mask, margin, mode="symmetric").astype(np.float64)
            degree[_moved(counted, margin, dy, dx) < 1 - 1e-9] = 0.5
        yield degree


def _circle(radius: float) -> list[tuple[float, float]]:
    """Return steps down and right to the neighbors, to 9 digits so that straight ones are whole."""
    turns = 2 * np.pi * np.arange(NEIGHBORS) / NEIGHBORS
    offsets = np.round(radius * np.stack([-np.sin(turns), np.cos(turns)], axis=1), 9)
    return [(float(dy), float(dx)) for dy, dx in offsets]


def _moved(padded: Float64Array, margin: int, dy: float, dx: float) -> Float64Array:
    """Return the values at a step from every pixel, bilinear between four."""
    height, width = (side - 2 * margin for side in padded.shape)
    top, left = int(np.floor(dy)), int(np.floor(dx))
    down, right = dy - top, dx - left

    def corner(i: int, j: int) -> Float64Array:
        row, column = margin + top + i, margin + left + j
        return padded[row : row + height, column : column + width]

    upper = (1 - right) * corner(0, 0) + right * corner(0, 1)
    lower = (1 - right) * corner(1, 0) + right * corner(1, 1)
    moved: Float64Array = (1 - down) * upper + down * lower
    return moved


def _uniform(degrees: Float32Array) -> Float32Array:
    """Return the share of n lighter neighbors in one run, n = 0 to 8, of 8 degrees, (9, pixels).

    The share of one pattern is the product of the degrees on its run and of 1 - degree beside it;
    that of n is the sum over the eight places where its run can begin.
    """
    light, dark = _runs(degrees), _runs(1 - degrees)
    shares = [dark[-1][0]]
    for length in range(1, NEIGHBORS):
        beside = np.roll(dark[NEIGHBORS - length - 1], -length, axis=0)
        shares.append(np.einsum("ap,ap->p", light[length - 1], beside))
    return np.stack([*shares, light[-1][0]])


def _runs(degrees: Float32Array) -> list[Float32Array]:
    """Return the products of runs of 1 to 8 neighbors, by where they begin."""
    runs = [degrees]
    for length in range(1, NEIGHBORS):
        runs.append(runs[-1] * np.roll(degrees, -length, axis=0))
    return runs
