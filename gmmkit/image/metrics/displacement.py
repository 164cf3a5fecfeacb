"""How far boundaries lie from each other, in pixels."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import hypot

import numpy as np
import numpy.typing as npt

from gmmkit.image.metrics.boundaries import annotated_lines, thin_lines
from gmmkit.image.metrics.boundary_counts import lines_of, lines_of_maps
from gmmkit.image.metrics.counts import AdditiveCounts
from gmmkit.image.metrics.label_maps import Annotations, check_annotations
from gmmkit.image.metrics.sweeps import DEFAULT_THRESHOLDS, Result, sweep_of
from gmmkit.image.pixels import BoolArray, Float64Array


@dataclass(frozen=True, eq=False)
class DisplacementCounts(AdditiveCounts):
    """Boundary displacement errors summed over pictures, at each of T thresholds.

    Parameters
    ----------
    distance : ndarray of shape (T,)
        Sum over pictures of the mean over annotations, in pixels.
    n_images : int
        How many pictures.

    Examples
    --------
    >>> one = count_displacement([[[0, 0, 1, 1]]], [[0, 1, 1, 1]])
    >>> (one + one).boundary_displacement_error.tolist()
    [1.0]
    """

    distance: Float64Array
    n_images: int

    @property
    def boundary_displacement_error(self) -> Float64Array:
        """Boundary displacement error in pixels at each threshold, (T,); lower is better."""
        return self.distance / self.n_images


def boundary_displacement_error(segmentation: npt.ArrayLike, annotations: Annotations) -> float:
    """Return how far boundaries of segmentation and annotation lie from each other, on average.

    The distance from each boundary pixel of one to the nearest of the other is averaged over the
    pixels, then over both directions, then over annotations. Lines are thinned first.

    Parameters
    ----------
    segmentation : array_like of shape (H, W)
        Labels, or booleans: a map that is True on boundaries.
    annotations : array_like of shape (H, W) or (n, H, W), or sequence of array_like
        One map or several, each of labels or of booleans.

    Returns
    -------
    float
        In pixels, at least 0. Where one side alone has boundaries it is the diagonal, the largest
        distance there is; where neither has, 0.

    Raises
    ------
    InputError
        If sizes differ, or something is no map.

    References
    ----------
    J. Freixenet et al., "Yet another survey on image segmentation", ECCV 2002.

    Examples
    --------
    >>> boundary_displacement_error([[0, 0, 0, 1]], [[0, 1, 1, 1]])
    2.0
    """
    drawn = thin_lines(segmentation, "the segmentation")
    counts = count_distances([drawn], annotated_lines(annotations, drawn.shape))
    return float(counts.distance[0])


def count_displacement(
    result: Result,
    annotations: Annotations,
    thresholds: int | npt.ArrayLike = DEFAULT_THRESHOLDS,
) -> DisplacementCounts:
    """Return the boundary displacement error of one picture at every threshold.

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
    DisplacementCounts

    Raises
    ------
    InputError
        If sizes differ, or something is no label map.

    Examples
    --------
    >>> strengths = np.array([[0.0, 0.7, 0.0, 0.0]])
    >>> count_displacement(strengths, [[0, 0, 1, 1]], [0.5]).distance.tolist()
    [0.0]
    """
    swept = sweep_of(result, thresholds)
    maps = check_annotations(annotations, swept.shape)
    return count_distances(lines_of(swept), lines_of_maps(maps))


def count_distances(lines: Iterable[BoolArray], truths: Sequence[BoolArray]) -> DisplacementCounts:
    """Measure boundary maps against all annotated ones; the same object in a row only once.

    Parameters
    ----------
    lines : iterable of ndarray of shape (H, W)
        One a threshold, thin.
    truths : sequence of ndarray of shape (H, W)
        One an annotation, thin.

    Returns
    -------
    DisplacementCounts

    Examples
    --------
    >>> line = np.array([[True, False, False]])
    >>> count_distances([line], [line[:, ::-1], line]).distance.tolist()
    [1.0]
    """
    around = [_Surroundings.of(truth) for truth in truths]
    distances: list[float] = []
    before = None
    for drawn in lines:
        same = drawn is before
        distances.append(distances[-1] if same else _mean_apart(_Surroundings.of(drawn), around))
        before = drawn
    return DisplacementCounts(np.array(distances), 1)


@dataclass(frozen=True, eq=False)
class _Surroundings:
    """A boundary map, and how far from it each pixel of the picture is."""

    lines: BoolArray
    distances: Float64Array

    @classmethod
    def of(cls, lines: BoolArray) -> "_Surroundings":
        from scipy.ndimage import distance_transform_edt

        return cls(lines, distance_transform_edt(~lines))


def _mean_apart(drawn: _Surroundings, truths: list[_Surroundings]) -> float:
    return sum(_apart(drawn, truth) for truth in truths) / len(truths)


def _apart(one: _Surroundings, other: _Surroundings) -> float:
    """Return the mean of both directions; a side without boundaries leaves the diagonal."""
    if not one.lines.any() and not other.lines.any():
        return 0.0
    if not one.lines.any() or not other.lines.any():
        return hypot(*one.lines.shape)
    there, back = other.distances[one.lines].mean(), one.distances[other.lines].mean()
    return float(there + back) / 2
