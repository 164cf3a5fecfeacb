"""The filters of the banks as arrays: each sums to zero, and to one in absolute values.

So a response is in units of lightness and never larger than the contrast around the pixel.
"""

from functools import cache, lru_cache

import numpy as np

from gmmkit.image.pixels import Float64Array

# Where an oriented Gaussian is cut off, in standard deviations of its longer side.
_TRUNCATE = 3.0
ELONGATION = 3.0
# A Gabor filter whose half-power band is one octave wide: sqrt(log(2) / 2) (2 + 1) / π.
_OCTAVE = float(np.sqrt(np.log(2) / 2) * 3 / np.pi)


def angles(orientations: int) -> list[float]:
    """Return equally spaced directions from 0 (along x) below π, in radians.

    Examples
    --------
    >>> np.degrees(angles(4)).tolist()
    [0.0, 45.0, 90.0, 135.0]
    """
    return [float(np.pi * i / orientations) for i in range(orientations)]


def wave_scale(frequency: float) -> float:
    """Return the standard deviation of a Gabor filter's envelope, in pixels.

    Examples
    --------
    >>> round(wave_scale(0.1), 3)
    5.622
    """
    return _OCTAVE / frequency


def wave_radius(frequency: float) -> int:
    """Return how many pixels away a Gabor filter looks.

    Examples
    --------
    >>> wave_radius(0.1)
    17
    """
    return int(np.ceil(_TRUNCATE * wave_scale(frequency)))


@lru_cache(maxsize=32)
def wave_kernels(frequency: float, orientations: int) -> tuple[Float64Array, ...]:
    """Return the even and the odd part of each orientation's Gabor filter, one after the other.

    G(x) (cos 2πfu - κ) and G(x) sin 2πfu, u along the direction and κ such that the sum is zero;
    G sums to one, so that a wave of amplitude A has responses of A/2 together.

    Examples
    --------
    >>> even, odd = wave_kernels(0.25, 1)
    >>> even.shape, bool(abs(even.sum()) < 1e-12)
    ((15, 15), True)
    """
    radius = wave_radius(frequency)
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1].astype(np.float64)
    envelope = np.exp(-0.5 * (x**2 + y**2) / wave_scale(frequency) ** 2)
    envelope /= envelope.sum()
    kernels = []
    for angle in angles(orientations):
        phase = 2 * np.pi * frequency * (x * np.cos(angle) + y * np.sin(angle))
        even = envelope * np.cos(phase)
        kernels += [even - envelope * even.sum(), envelope * np.sin(phase)]
    return tuple(kernels)


def bar_radius(scale: float) -> int:
    """Return how many pixels away edges and bars of a scale look.

    Examples
    --------
    >>> bar_radius(2.0)
    18
    """
    return int(np.ceil(_TRUNCATE * ELONGATION * scale))


@lru_cache(maxsize=64)
def bar_kernels(scale: float, orientations: int, order: int) -> tuple[Float64Array, ...]:
    """Return derivatives of a Gaussian three times longer than wide, at each orientation.

    Parameters
    ----------
    scale : float
        Standard deviation across, in pixels.
    orientations : int
        Directions of the derivative.
    order : int
        1 for edges, positive where it becomes lighter; 2 for bars, positive on light ones.

    Examples
    --------
    >>> edge, _ = bar_kernels(1.0, 2, 1)
    >>> edge.shape, float(np.abs(edge).sum().round(9))
    ((19, 19), 1.0)
    """
    radius = bar_radius(scale)
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1] / scale
    kernels = []
    for angle in angles(orientations):
        across = x * np.cos(angle) + y * np.sin(angle)
        along = (y * np.cos(angle) - x * np.sin(angle)) / ELONGATION
        profile = across if order == 1 else 1 - across**2
        kernels.append(_normalized(profile * np.exp(-0.5 * (across**2 + along**2))))
    return tuple(kernels)


def spot_radius(scale: float) -> int:
    """Return how many pixels away a spot of a scale looks.

    Examples
    --------
    >>> spot_radius(2.0)
    8
    """
    return int(np.ceil(4 * scale))


@cache
def spot_kernel(scale: float) -> Float64Array:
    """Return the Laplacian of a Gaussian, positive on light spots.

    Examples
    --------
    >>> bool(spot_kernel(2.0)[8, 8] > 0)
    True
    """
    radius = spot_radius(scale)
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1] / scale
    square = x**2 + y**2
    return _normalized((2 - square) * np.exp(-0.5 * square))


def _normalized(kernel: Float64Array) -> Float64Array:
    """Return a kernel with the mean taken away, absolute values summing to one."""
    centered = kernel - kernel.mean()
    normalized: Float64Array = centered / np.abs(centered).sum()
    return normalized
