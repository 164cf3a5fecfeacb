"""Measures of regions over a data set: frozen sums of single pictures that add up.

Covering is pooled over regions, annotations and pictures; the others are means over the
annotations of a picture, then over pictures.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gmmkit.image.metrics.agreement import (
    best_shares,
    check_some_pixels,
    information_apart,
    rand_index,
    refinement_error,
)
from gmmkit.image.metrics.counts import AdditiveCounts
from gmmkit.image.metrics.label_maps import Annotations, check_annotations
from gmmkit.image.metrics.overlaps import overlap_of
from gmmkit.image.metrics.sweeps import DEFAULT_THRESHOLDS, Result, Sweep, sweep_of
from gmmkit.image.pixels import Float64Array, Int32Array


@dataclass(frozen=True, eq=False)
class RegionCounts(AdditiveCounts):
    """What has to be summed over pictures, at each of T thresholds.

    Parameters
    ----------
    covered : ndarray of shape (T,)
        Pixels of annotated regions, each region times its best intersection over union.
    covered_by_any : float
        The same with the best of all thresholds, for each region its own.
    area : float
        Pixels of all annotated regions.
    rand, information, refinement : ndarray of shape (T,)
        Sums over pictures of the means over annotations.
    n_images : int
        How many pictures.

    Examples
    --------
    >>> first = count_regions([[[0, 0, 1, 1]]], [[0, 0, 1, 1]])
    >>> second = count_regions([[[0, 0, 0, 0]]], [[0, 0, 1, 1]])
    >>> (first + second).covering.tolist()
    [0.75]
    """

    covered: Float64Array
    covered_by_any: float
    area: float
    rand: Float64Array
    information: Float64Array
    refinement: Float64Array
    n_images: int

    @property
    def covering(self) -> Float64Array:
        """Covering at each threshold, (T,); higher is better."""
        return self.covered / self.area

    @property
    def best_covering(self) -> float:
        """Covering if every annotated region may choose its threshold."""
        return self.covered_by_any / self.area

    @property
    def probabilistic_rand_index(self) -> Float64Array:
        """Probabilistic Rand index at each threshold, (T,); higher is better."""
        return self.rand / self.n_images

    @property
    def variation_of_information(self) -> Float64Array:
        """Variation of information in bits at each threshold, (T,); lower is better."""
        return self.information / self.n_images

    @property
    def global_consistency_error(self) -> Float64Array:
        """Global consistency error at each threshold, (T,); lower is better."""
        return self.refinement / self.n_images


def count_regions(
    result: Result,
    annotations: Annotations,
    thresholds: int | npt.ArrayLike = DEFAULT_THRESHOLDS,
) -> RegionCounts:
    """Compare the regions of one picture with its annotations, at every threshold.

    Parameters
    ----------
    result : array_like, sequence of array_like, hierarchy or Sweep
        Label maps, a hierarchy, or a map of boundary strengths, as in
        :func:`~gmmkit.image.metrics.sweeps.sweep_of`.
    annotations : array_like of shape (H, W) or (n, H, W), or sequence of array_like
        One label map or several.
    thresholds : int or array_like
        How many, evenly inside 0 to 1, or the values; label maps are taken as they are.

    Returns
    -------
    RegionCounts

    Raises
    ------
    InputError
        If sizes differ, or something is no label map.

    Examples
    --------
    >>> counts = count_regions(np.array([[0.0, 0.7, 0.0]]), [[0, 0, 1]], [0.5, 0.9])
    >>> counts.covering.round(3).tolist(), counts.probabilistic_rand_index.round(3).tolist()
    ([1.0, 0.556], [1.0, 0.333])
    """
    swept = sweep_of(result, thresholds)
    maps = check_annotations(annotations, swept.shape)
    each = [_against(swept, annotation, number) for number, annotation in enumerate(maps)]
    return _over_annotations(each)


def _against(swept: Sweep, annotation: Int32Array, number: int) -> RegionCounts:
    """Return the counts of a single annotation."""
    finest = overlap_of(swept.finest, annotation)
    check_some_pixels(finest, number)
    overlaps = [finest.merged(each, int(each.max()) + 1) for each in swept.parents]
    shares = np.array([best_shares(each) for each in overlaps])
    areas = finest.column_areas
    return RegionCounts(
        covered=shares @ areas,
        covered_by_any=float(shares.max(axis=0) @ areas),
        area=finest.n_pixels,
        rand=np.array([rand_index(each) for each in overlaps]),
        information=np.array([information_apart(each) for each in overlaps]),
        refinement=np.array([refinement_error(each) for each in overlaps]),
        n_images=1,
    )


def _over_annotations(each: list[RegionCounts]) -> RegionCounts:
    """Return the counts of the picture: areas are pooled, the others averaged."""
    whole = sum(each[1:], start=each[0])
    n = len(each)
    return RegionCounts(
        whole.covered,
        whole.covered_by_any,
        whole.area,
        whole.rand / n,
        whole.information / n,
        whole.refinement / n,
        1,
    )
