"""Boundary F over a data set: hits and pixels of single pictures that add up, at each threshold."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import hypot

import numpy as np
import numpy.typing as npt

from gmmkit.errors import ParameterError
from gmmkit.image.metrics.counts import AdditiveCounts
from gmmkit.image.metrics.label_maps import Annotations, check_annotations
from gmmkit.image.metrics.matching import match_boundaries
from gmmkit.image.metrics.sweeps import DEFAULT_THRESHOLDS, Result, Sweep, sweep_of
from gmmkit.image.metrics.thinning import boundaries_of, thinned
from gmmkit.image.pixels import BoolArray, Float64Array, Int32Array

# Martin, Fowlkes and Malik (2004): this share of the picture's diagonal.
DEFAULT_TOLERANCE = 0.0075


@dataclass(frozen=True, eq=False)
class BoundaryCounts(AdditiveCounts):
    """Boundary pixels and how many of them are matched, at each of T thresholds.

    Parameters
    ----------
    hits, drawn : ndarray of shape (T,)
        Boundary pixels of the segmentation that match some annotation, and all of them.
    found, annotated : ndarray of shape (T,)
        Boundary pixels of the annotations that are matched, and all of them, summed over
        annotations.
    n_images : int
        How many pictures.

    Examples
    --------
    >>> first = count_boundaries([[[0, 0, 1, 1]]], [[0, 0, 1, 1]])
    >>> second = count_boundaries([[[0, 0, 0, 0]]], [[0, 0, 1, 1]])
    >>> both = first + second
    >>> both.precision.tolist(), both.recall.tolist(), both.f1.round(3).tolist()
    ([1.0], [0.5], [0.667])
    """

    hits: Float64Array
    drawn: Float64Array
    found: Float64Array
    annotated: Float64Array
    n_images: int

    @property
    def precision(self) -> Float64Array:
        """Share of drawn pixels that match, (T,); 0 where nothing is drawn."""
        return self.hits / np.maximum(self.drawn, 1)

    @property
    def recall(self) -> Float64Array:
        """Share of annotated pixels that are matched, (T,); 0 where nothing is annotated."""
        return self.found / np.maximum(self.annotated, 1)

    @property
    def f1(self) -> Float64Array:
        """Harmonic mean of precision and recall, (T,)."""
        return harmonic_mean(self.precision, self.recall)


def count_boundaries(
    result: Result,
    annotations: Annotations,
    thresholds: int | npt.ArrayLike = DEFAULT_THRESHOLDS,
    *,
    tolerance: float = DEFAULT_TOLERANCE,
) -> BoundaryCounts:
    """Match the boundaries of one picture with those of its annotations, at every threshold.

    Parameters
    ----------
    result : array_like, sequence of array_like, hierarchy or Sweep
        Label maps, a hierarchy, or a map of boundary strengths, as in
        :func:`~gmmkit.image.metrics.sweeps.sweep_of`.
    annotations : array_like of shape (H, W) or (n, H, W), or sequence of array_like
        One label map or several.
    thresholds : int or array_like
        How many, evenly inside 0 to 1, or the values; label maps are taken as they are.
    tolerance : float
        How far apart two pixels may be that match, as a share of the picture's diagonal.

    Returns
    -------
    BoundaryCounts

    Raises
    ------
    InputError
        If sizes differ, or something is no label map.

    Examples
    --------
    >>> strengths = np.zeros((9, 9))
    >>> strengths[:, 4] = 0.7
    >>> truth = np.repeat([[0, 0, 0, 0, 0, 1, 1, 1, 1]], 9, axis=0)
    >>> count_boundaries(strengths, truth, [0.5, 0.9]).recall.tolist()
    [1.0, 0.0]
    """
    swept = sweep_of(result, thresholds)
    maps = check_annotations(annotations, swept.shape)
    reach = reach_of(tolerance, swept.shape)
    return count_matches(lines_of(swept), lines_of_maps(maps), reach)


def count_matches(
    lines: Iterable[BoolArray], truths: Sequence[BoolArray], reach: float
) -> BoundaryCounts:
    """Match boundary maps with all annotated ones; the same object in a row is matched once.

    Parameters
    ----------
    lines : iterable of ndarray of shape (H, W)
        One a threshold, thin.
    truths : sequence of ndarray of shape (H, W)
        One an annotation, thin.
    reach : float
        Tolerance in pixels.

    Returns
    -------
    BoundaryCounts

    Examples
    --------
    >>> line = np.array([[True, False, False]])
    >>> count_matches([line, line], [line[:, ::-1], line], 1.0).recall.tolist()
    [0.5, 0.5]
    """
    rows: list[tuple[int, int, int, int]] = []
    before = None
    for drawn in lines:
        rows.append(rows[-1] if drawn is before else _matched(drawn, truths, reach))
        before = drawn
    hits, drawn_pixels, found, annotated = np.array(rows, dtype=np.float64).T
    return BoundaryCounts(hits, drawn_pixels, found, annotated, 1)


def reach_of(tolerance: float, shape: tuple[int, int]) -> float:
    """Return a tolerance, given as a share of the diagonal, in pixels.

    Raises
    ------
    ParameterError
        If it is not between 0 and 1.

    Examples
    --------
    >>> reach_of(0.0075, (321, 481))
    4.337...
    """
    if isinstance(tolerance, bool) or not 0 <= tolerance <= 1:
        raise ParameterError(
            "tolerance is out of range",
            found=repr(tolerance),
            needed="a share of the picture's diagonal, from 0 to 1; .0075 is usual",
        )
    return tolerance * hypot(*shape)


def harmonic_mean(precision: Float64Array, recall: Float64Array) -> Float64Array:
    """Return 2 P R / (P + R), 0 where both are.

    Examples
    --------
    >>> harmonic_mean(np.array([0.5, 0.0]), np.array([1.0, 0.0])).round(3).tolist()
    [0.667, 0.0]
    """
    total = precision + recall
    return 2 * precision * recall / np.where(total > 0, total, 1)


def lines_of(swept: Sweep) -> Iterator[BoolArray]:
    """Yield thin boundaries at every threshold, the same object while nothing changes.

    Examples
    --------
    >>> first, second, third = lines_of(sweep_of(np.array([[0.0, 0.7, 0.0]]), 3))
    >>> first is second, third.any()
    (True, np.False_)
    """
    before, thin = None, np.empty(0, dtype=bool)
    for drawn in _drawn(swept):
        if before is None or not np.array_equal(drawn, before):
            before, thin = drawn, thinned(drawn)
        yield thin


def lines_of_maps(maps: Iterable[Int32Array]) -> list[BoolArray]:
    """Return the thin boundaries of each label map.

    Examples
    --------
    >>> lines_of_maps([np.array([[0, 0, 1]])])[0].tolist()
    [[False, True, False]]
    """
    return [thinned(boundaries_of(each)) for each in maps]


def _drawn(swept: Sweep) -> Iterator[BoolArray]:
    if swept.strengths is None:
        yield from map(boundaries_of, swept.maps())
    else:
        yield from (swept.strengths >= each for each in swept.thresholds)


def _matched(
    drawn: BoolArray, truths: Sequence[BoolArray], reach: float
) -> tuple[int, int, int, int]:
    hit, found, annotated = np.zeros_like(drawn), 0, 0
    for truth in truths:
        mine, theirs = match_boundaries(drawn, truth, reach)
        hit |= mine
        found += int(theirs.sum())
        annotated += int(truth.sum())
    return int(hit.sum()), int(drawn.sum()), found, annotated
