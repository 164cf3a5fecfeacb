"""Maps of boundary strength, of the picture's size or doubled, and the regions that they enclose.

A doubled map has a pixel wherever row and column are odd, an edge between two pixels, and corners
where both are even, as strong as the strongest of their edges. A map of the picture's size keeps
the corners, each at the pixel to its upper left.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.errors import InputError
from gmmkit.image.pixels import Float64Array, Int32Array

FloatMap = npt.NDArray[np.floating[Any]]


def check_strengths(strengths: npt.NDArray[Any]) -> FloatMap:
    """Return a map of boundary strengths; what is not finite, negative or beyond 1 is refused.

    Raises
    ------
    InputError

    Examples
    --------
    >>> check_strengths(np.array([[0.0, 0.5]])).shape
    (1, 2)
    """
    if strengths.ndim != 2 or not strengths.size or strengths.dtype.kind != "f":
        raise InputError(
            "this is no map of boundary strengths",
            found=f"shape {strengths.shape} of {strengths.dtype.name}",
            needed="floats of shape (H, W)",
        )
    low, high = float(strengths.min()), float(strengths.max())
    if not (low >= 0 and high <= 1):
        raise InputError(
            "boundary strengths are out of range",
            found=f"values from {low:g} to {high:g}",
            needed="numbers from 0 to 1",
            hint="divide by the largest possible strength",
        )
    return strengths


def picture_strengths(doubled: FloatMap) -> FloatMap:
    """Return a doubled map at the picture's size: the corner to the lower right of every pixel.

    Examples
    --------
    >>> picture_strengths(np.arange(25.0).reshape(5, 5)).tolist()
    [[12.0, 14.0], [22.0, 24.0]]
    """
    return np.ascontiguousarray(doubled[2::2, 2::2])


def doubled_strengths(strengths: FloatMap) -> FloatMap:
    """Return a doubled map of one of the picture's size: an edge is as strong as its weaker end.

    That is exact for lines that keep a pixel apart from each other and from the frame.

    Examples
    --------
    >>> doubled_strengths(np.array([[0.0, 0.7, 0.0]]))[1].tolist()
    [0.0, 0.0, 0.0, 0.0, 0.7, 0.0, 0.0]
    """
    height, width = strengths.shape
    corners = np.pad(strengths, ((1, 0), (1, 0)))
    corners[0, 1:], corners[1:, 0] = _ends(strengths[0]), _ends(strengths[:, 0])
    doubled = np.zeros((2 * height + 1, 2 * width + 1), dtype=strengths.dtype)
    doubled[::2, ::2] = corners
    doubled[1::2, ::2] = np.minimum(corners[:-1], corners[1:])
    doubled[::2, 1::2] = np.minimum(corners[:, :-1], corners[:, 1:])
    return doubled


def regions_by_strength(
    doubled: FloatMap, thresholds: Float64Array
) -> tuple[Int32Array, tuple[Int32Array, ...]]:
    """Return what boundaries stronger than each threshold enclose.

    Parameters
    ----------
    doubled : ndarray of shape (2H+1, 2W+1)
        Strengths of edges.
    thresholds : ndarray of shape (T,)
        Rising, at least 0.

    Returns
    -------
    finest : ndarray of shape (H, W)
        Regions at the first threshold, from 0.
    parents : tuple of T ndarrays of shape (n_finest,)
        What each of them belongs to at each threshold.

    Examples
    --------
    >>> line = doubled_strengths(np.array([[0.0, 0.7, 0.2, 0.0]]))
    >>> finest, parents = regions_by_strength(line, np.array([0.1, 0.5]))
    >>> finest.tolist(), parents[1].tolist()
    ([[0, 0, 1, 2]], [0, 1, 1])
    """
    finest = _enclosed(doubled, float(thresholds[0]))
    n = int(finest.max()) + 1
    pairs, strengths = _adjacent(finest, doubled)
    parents = [_linked(pairs[strengths <= each], n) for each in thresholds]
    return finest, tuple(parents)


def _ends(beside: FloatMap) -> FloatMap:
    """Return the corners in the frame: a line ends there unless it runs along the frame."""
    padded = np.pad(beside, 1, mode="edge")
    along = np.minimum(padded[:-2], padded[2:]) >= beside
    return np.where(along, 0, beside)


def _enclosed(doubled: FloatMap, threshold: float) -> Int32Array:
    from scipy import ndimage

    passable = doubled <= threshold
    passable[1::2, 1::2] = True
    # A path from pixel to pixel goes through edges, never through corners or the frame.
    passable[::2, ::2] = False
    passable[[0, -1]] = passable[:, [0, -1]] = False
    regions, _ = ndimage.label(passable)
    return np.ascontiguousarray(regions[1::2, 1::2], dtype=np.int32) - np.int32(1)


def _adjacent(finest: Int32Array, doubled: FloatMap) -> tuple[npt.NDArray[np.int64], FloatMap]:
    """Return the pairs of regions with a common edge, and the weakest edge of each pair."""
    sides = (
        (finest[:, :-1], finest[:, 1:], doubled[1::2, 2:-1:2]),
        (finest[:-1], finest[1:], doubled[2:-1:2, 1::2]),
    )
    n = np.int64(finest.max()) + 1
    keys, strengths = [], []
    for one, other, edges in sides:
        apart = one != other
        first, second = one[apart], other[apart]
        keys.append(np.minimum(first, second) * n + np.maximum(first, second))
        strengths.append(edges[apart])
    weakest = np.lexsort((strength := np.concatenate(strengths), key := np.concatenate(keys)))
    pairs, first_of_pair = np.unique(key[weakest], return_index=True)
    return np.stack(np.divmod(pairs, n), axis=1), strength[weakest][first_of_pair]


def _linked(pairs: npt.NDArray[np.int64], n: int) -> Int32Array:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(pairs)), pairs.T), shape=(n, n))
    groups: Int32Array = connected_components(links, directed=False)[1].astype(np.int32)
    return groups
