"""Which pixels of two boundary maps can be paired, each with one other and as near as possible."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, hypot

import numpy as np
import numpy.typing as npt

from gmmkit.image.pixels import BoolArray, Float64Array

Int64Array = npt.NDArray[np.int64]

# In tolerances. The benchmark's own program charges 100, but offers each pixel six ways to stay
# alone, drawn at random, and so loses some pairs; 30 without chance is closest to what it counts.
_COST_OF_NO_PARTNER = 30.0


@dataclass(frozen=True, eq=False)
class _Candidates:
    """Pairs of pixels within the tolerance: flat indices into either map, and distances."""

    first: Int64Array
    second: Int64Array
    distances: Float64Array


def match_boundaries(
    first: BoolArray, second: BoolArray, tolerance: float
) -> tuple[BoolArray, BoolArray]:
    """Pair boundary pixels one to one, as many as possible and as near as possible.

    The sum of distances is the least there is, where a pixel of the map with fewer of them that
    stays alone counts as 30 tolerances: pairs are given up for very long detours of others alone.

    Parameters
    ----------
    first, second : ndarray of shape (H, W)
        bool, lines of one pixel.
    tolerance : float
        The largest distance of a pair, in pixels.

    Returns
    -------
    first, second : ndarray of shape (H, W)
        bool: the pixels that have a partner. Both have the same number of them.

    References
    ----------
    D. R. Martin, C. C. Fowlkes and J. Malik, "Learning to detect natural image boundaries using
    local brightness, color, and texture cues", IEEE Trans. PAMI 26 (2004), appendix B.

    Examples
    --------
    >>> line, near = np.array([[True, False, True]]), np.array([[False, True, False]])
    >>> [int(matched.sum()) for matched in match_boundaries(line, near, 1.0)]
    [1, 1]
    """
    found = _candidates(first, second, tolerance)
    if len(np.unique(found.first)) > len(np.unique(found.second)):
        two, one = _paired(_Candidates(found.second, found.first, found.distances), tolerance)
    else:
        one, two = _paired(found, tolerance)
    return _marked(one, first.shape), _marked(two, second.shape)


def _marked(pixels: Int64Array, shape: tuple[int, ...]) -> BoolArray:
    matched = np.zeros(shape, dtype=bool)
    matched.ravel()[pixels] = True
    return matched


def _candidates(first: BoolArray, second: BoolArray, tolerance: float) -> _Candidates:
    """Look around every pixel of the first map, one offset at a time."""
    reach = ceil(tolerance)
    others = np.pad(second, reach).ravel()
    pixels = np.flatnonzero(first)
    rows, columns = np.divmod(pixels, first.shape[1])
    width = first.shape[1] + 2 * reach
    places = (rows + reach) * width + columns + reach
    found = [
        _Candidates(pixels[hit], pixels[hit] + down * first.shape[1] + right, distances)
        for down, right, distance in _offsets(tolerance)
        if len(hit := np.flatnonzero(others[places + down * width + right]))
        for distances in (np.full(len(hit), distance),)
    ]
    if not found:
        return _Candidates(*(np.empty(0, np.int64),) * 2, np.empty(0))
    return _Candidates(
        np.concatenate([each.first for each in found]),
        np.concatenate([each.second for each in found]),
        np.concatenate([each.distances for each in found]),
    )


def _offsets(tolerance: float) -> Iterator[tuple[int, int, float]]:
    reach = ceil(tolerance)
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            distance = hypot(down, right)
            if distance <= tolerance:
                yield down, right, distance


def _paired(found: _Candidates, tolerance: float) -> tuple[Int64Array, Int64Array]:
    """Return the pixels of the best pairs; quicker if the first map has fewer of them.

    Every pixel of the first map may also take a partner of its own that stands for none, so that
    a complete assignment exists.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    if not len(found.first):
        return found.first, found.second
    ones, one = np.unique(found.first, return_inverse=True)
    others, other = np.unique(found.second, return_inverse=True)
    n, m = len(ones), len(others)
    alone = np.arange(n)
    # One is added throughout: a sparse graph takes a cost of zero for no edge.
    costs = np.concatenate([found.distances + 1, np.full(n, _COST_OF_NO_PARTNER * tolerance + 1)])
    places = np.concatenate([one, alone]), np.concatenate([other, m + alone])
    graph = csr_array((costs, places), shape=(n, m + n))
    mine, theirs = min_weight_full_bipartite_matching(graph)
    real = theirs < m
    return ones[mine[real]], others[theirs[real]]
