"""How different the two sides of a pixel look in texture, lightness and color, near and far.

A cue compares two blurred points on opposite sides of a pixel, in eight directions, as the
gradients of Martin, Fowlkes and Malik (2004) compare the halves of a disk; the mean along the line
between the sides keeps contours and forgets specks.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from gmmkit.core.execution import Executor, threads
from gmmkit.image.hierarchy.compiled import filters
from gmmkit.image.hierarchy.working import WorkingPicture
from gmmkit.image.pixels import Float32Array

StepArray = npt.NDArray[np.int64]

N_DIRECTIONS = 8
KINDS = ("texture", "lightness", "color")
# In radii: how far the two points are from the pixel, how far each is blurred, and how far along
# the line responses are averaged.
_OFFSET, _BLUR, _LENGTH = 0.75, 0.5, 0.8
# Beyond this radius, in pixels, points are blurred so far that every second pixel is enough.
_LARGEST_FULL_RADIUS = 12.0
# Standard deviations at which a Gaussian is cut off.
_TRUNCATE = 3


def cue_names(radii: tuple[float, ...]) -> tuple[str, ...]:
    """Return the names of the cues, in their order.

    Examples
    --------
    >>> cue_names((5.0,))
    ('texture at 5', 'lightness at 5', 'color at 5')
    """
    return tuple(f"{kind} at {radius:g}" for radius in radii for kind in KINDS)


@dataclass(frozen=True, eq=False)
class _Blurred:
    """The planes that cues of one radius compare, at full or half resolution."""

    planes: tuple[Float32Array, Float32Array, Float32Array]
    radius: float
    step: int


def boundary_cues(
    picture: WorkingPicture,
    textons: Float32Array,
    radii: tuple[float, ...],
    n_threads: int | None = None,
) -> Float32Array:
    """Return every cue in every direction at every pixel.

    Parameters
    ----------
    picture : WorkingPicture
    textons : ndarray of shape (K, h, w)
        Responsibilities.
    radii : tuple of float
        In pixels of a photo of the reference size.
    n_threads : int, optional
        Has no influence on the result.

    Returns
    -------
    ndarray of shape (3 len(radii), 8, h, w)
        float32. Texture is a Hellinger distance, 0 to 1; lightness and color are log(1 + d), d the
        difference in units of CIELAB. Direction number i is at i pi / 8, from rightward across the
        border to downward.

    References
    ----------
    D. Martin, C. Fowlkes and J. Malik, "Learning to detect natural image boundaries using local
    brightness, color, and texture cues", IEEE Trans. PAMI 26 (2004).
    """
    cues = np.empty((len(KINDS) * len(radii), N_DIRECTIONS, *picture.shape), np.float32)
    with threads(n_threads) as executor:
        blurred = [_blurred(picture, textons, radius, executor) for radius in radii]
        tasks = list(product(range(len(radii)), range(N_DIRECTIONS)))

        def fill(task: tuple[int, int]) -> None:
            number, direction = task
            for kind, plane in enumerate(_compared(blurred[number], direction)):
                cues[len(KINDS) * number + kind, direction] = _full_size(
                    plane, blurred[number].step, picture.shape
                )

        list(executor.map(fill, tasks))
    return cues


def _blurred(
    picture: WorkingPicture, textons: Float32Array, radius: float, executor: Executor
) -> _Blurred:
    radius = radius * picture.scale
    step = 1 if radius <= _LARGEST_FULL_RADIUS else 2
    planes = [_halved(plane, step) for plane in (*textons, *picture.planes[:3])]
    sigma = _BLUR * radius / step
    # Lightness and color were blurred already, when the picture was brought to working size.
    remaining = np.sqrt(max(sigma**2 - (picture.scale / step) ** 2, 0.1))
    sigmas = [sigma] * len(textons) + [remaining] * 3
    smoothed = np.stack(
        list(
            executor.map(
                lambda pair: filters.blur(pair[0], gaussian_taps(pair[1])),
                list(zip(planes, sigmas, strict=True)),
            )
        )
    )
    roots = np.sqrt(smoothed[:-3])
    return _Blurred((roots, smoothed[-3:-2], smoothed[-2:]), radius / step, step)


def _halved(plane: Float32Array, step: int) -> Float32Array:
    """Return the means of squares of pixels; an odd last row or column is repeated."""
    if step == 1:
        return np.ascontiguousarray(plane)
    height, width = plane.shape
    even = np.pad(plane, ((0, height % 2), (0, width % 2)), mode="edge")
    squares = even.reshape(even.shape[0] // 2, 2, -1, 2)
    means: Float32Array = squares.mean(axis=(1, 3), dtype=np.float32)
    return means


def _full_size(plane: Float32Array, step: int, shape: tuple[int, int]) -> Float32Array:
    if step == 1:
        return plane
    return plane.repeat(step, axis=0).repeat(step, axis=1)[: shape[0], : shape[1]]


def _compared(blurred: _Blurred, direction: int) -> list[Float32Array]:
    """Return the cues of one radius in one direction."""
    angle = np.pi * direction / N_DIRECTIONS
    across = _OFFSET * blurred.radius * np.array([np.sin(angle), np.cos(angle)])
    down, right = np.rint(across).astype(int).tolist()
    roots, lightness, color = blurred.planes
    along = _line(blurred.radius, angle)
    return [
        filters.mean_along(response, *along)
        for response in (
            filters.hellinger(roots, down, right),
            filters.difference(lightness, down, right),
            filters.difference(color, down, right),
        )
    ]


def _line(radius: float, angle: float) -> tuple[StepArray, StepArray, Float32Array]:
    """Return steps down and right along a line at right angles to a direction, with weights."""
    reach = max(1, int(_LENGTH * radius))
    steps = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (2 * steps / reach) ** 2)
    down, right = np.rint(np.cos(angle) * steps), np.rint(-np.sin(angle) * steps)
    return (
        down.astype(np.int64),
        right.astype(np.int64),
        (weights / weights.sum()).astype(np.float32),
    )


def gaussian_taps(sigma: float) -> Float32Array:
    """Return the weights of a Gaussian, at least three of them, summing to one.

    Examples
    --------
    >>> gaussian_taps(0.5).astype(float).round(2).tolist()
    [0.0, 0.11, 0.79, 0.11, 0.0]
    """
    reach = max(1, int(_TRUNCATE * sigma + 0.5))
    steps = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (steps / sigma) ** 2)
    taps: Float32Array = (weights / weights.sum()).astype(np.float32)
    return taps
