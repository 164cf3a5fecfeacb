"""Colors for classes: told apart by people with and without color vision deficiency."""

from functools import cache

import numpy as np

from gmmkit.core.checks import Float64Array, check_count
from gmmkit.image.pixels import Uint8Array

# M. Okabe and K. Ito, "Color Universal Design" (2008), black left out, blue and orange first.
_OKABE_ITO = (
    (0, 114, 178),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (240, 228, 66),
    (213, 94, 0),
    (86, 180, 233),
)
LARGEST_PALETTE = 255
# Grays stay out, because excluded pixels and contours look like that, and so does what glares.
_LEVELS = (0, 36, 73, 109, 146, 182, 219, 255)


def class_colors(n: int) -> Uint8Array:
    """Return a color for each of n classes; the first ones never depend on n.

    The first seven are those of Okabe and Ito; each further one is the color of a coarse grid
    that is farthest, in CIE Lab, from all before it. Beyond 255 they repeat.

    Parameters
    ----------
    n : int
        At least one.

    Returns
    -------
    ndarray of shape (n, 3)
        uint8.

    Examples
    --------
    >>> class_colors(2).tolist()
    [[0, 114, 178], [230, 159, 0]]
    """
    count = check_count(n, "n")
    few = count <= len(_OKABE_ITO)
    colors = np.array(_OKABE_ITO, dtype=np.uint8) if few else _all_colors()
    return colors[np.arange(count) % len(colors)]


@cache
def _all_colors() -> Uint8Array:
    grid = np.stack(np.meshgrid(_LEVELS, _LEVELS, _LEVELS, indexing="ij"), axis=-1)
    candidates = np.concatenate([np.array(_OKABE_ITO), grid.reshape(-1, 3)]).astype(np.uint8)
    points = _lab(candidates)
    chroma = np.hypot(points[:, 1], points[:, 2])
    usable = (points[:, 0] > 25) & (points[:, 0] < 92) & (chroma > 15) & (chroma < 85)
    order = _farthest_first(points[usable], len(_OKABE_ITO), LARGEST_PALETTE)
    colors: Uint8Array = candidates[usable][order]
    return colors


def _lab(colors: Uint8Array) -> Float64Array:
    from skimage.color import rgb2lab

    points: Float64Array = rgb2lab(colors[None] / 255)[0]
    return points


def _farthest_first(points: Float64Array, n_given: int, count: int) -> list[int]:
    """Return indices: the given ones, then each time the point farthest from all chosen."""
    chosen = list(range(n_given))
    nearest = np.min([np.linalg.norm(points - points[i], axis=1) for i in chosen], axis=0)
    while len(chosen) < count:
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return chosen
