"""All measures of one picture at many thresholds, and of many pictures as their sum."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy.typing as npt

from gmmkit.errors import InputError, ParameterError
from gmmkit.image.metrics.boundary_counts import (
    DEFAULT_TOLERANCE,
    BoundaryCounts,
    count_matches,
    lines_of,
    lines_of_maps,
    reach_of,
)
from gmmkit.image.metrics.displacement import DisplacementCounts, count_distances
from gmmkit.image.metrics.label_maps import Annotations, check_annotations
from gmmkit.image.metrics.region_counts import RegionCounts, count_regions
from gmmkit.image.metrics.sweeps import DEFAULT_THRESHOLDS, Result, sweep_of
from gmmkit.image.pixels import Float64Array

KINDS = ("regions", "boundaries", "displacement")


@dataclass(frozen=True, eq=False)
class Scores:
    """What was counted of a picture, or of several: they add up. None was not asked for.

    Examples
    --------
    >>> scores = score([[[0, 0, 1, 1]]], [[0, 0, 1, 1]])
    >>> (scores + scores).regions.n_images
    2
    """

    regions: RegionCounts | None
    boundaries: BoundaryCounts | None
    displacement: DisplacementCounts | None

    def __add__(self, other: "Scores") -> "Scores":
        sums = {f.name: _sum(getattr(self, f.name), getattr(other, f.name)) for f in fields(self)}
        return Scores(**sums)

    def at(self, index: int) -> "Scores":
        """Return what was counted at one threshold alone.

        Examples
        --------
        >>> scores = score([[[0, 0, 1, 1]], [[0, 0, 0, 0]]], [[0, 0, 1, 1]]).at(1)
        >>> [measure.name for measure in MEASURES if len(measure.of(scores)) != 1]
        []
        """
        parts = [getattr(self, f.name) for f in fields(self)]
        return Scores(*(part and part.at(index) for part in parts))


@dataclass(frozen=True)
class Measure:
    """One number about a segmentation.

    Parameters
    ----------
    name : str
        As in Python and JSON.
    title : str
        As in tables.
    higher : bool
        Whether higher is better.
    kind : str
        The part of :class:`Scores` that it is read from.
    values : callable
        Takes that part and returns the measure at each threshold, (T,).
    """

    name: str
    title: str
    higher: bool
    kind: str
    values: Callable[[Any], Float64Array]

    def of(self, scores: Scores) -> Float64Array:
        """Return the measure at each threshold, (T,).

        Examples
        --------
        >>> MEASURES[0].of(score([[[0, 1]], [[0, 0]]], [[0, 1]])).tolist()
        [1.0, 0.5]
        """
        return self.values(getattr(scores, self.kind))

    def best(self, scores: Scores) -> int:
        """Return the index of the threshold that is best, the lowest if there are several.

        Examples
        --------
        >>> MEASURES[2].best(score([[[0, 0]], [[0, 1]]], [[0, 1]]))
        1
        """
        values = self.of(scores)
        return int(values.argmax() if self.higher else values.argmin())


MEASURES = (
    Measure("covering", "covering", True, "regions", lambda counts: counts.covering),
    Measure(
        "probabilistic_rand_index",
        "Rand index (PRI)",
        True,
        "regions",
        lambda counts: counts.probabilistic_rand_index,
    ),
    Measure(
        "variation_of_information",
        "variation of information (VoI), bits",
        False,
        "regions",
        lambda counts: counts.variation_of_information,
    ),
    Measure(
        "global_consistency_error",
        "consistency error (GCE)",
        False,
        "regions",
        lambda counts: counts.global_consistency_error,
    ),
    Measure("boundary_f", "boundary F", True, "boundaries", lambda counts: counts.f1),
    Measure(
        "boundary_displacement_error",
        "boundary displacement (BDE), pixels",
        False,
        "displacement",
        lambda counts: counts.boundary_displacement_error,
    ),
)


def score(
    result: Result,
    annotations: Annotations,
    thresholds: int | npt.ArrayLike = DEFAULT_THRESHOLDS,
    *,
    kinds: Sequence[str] = KINDS,
    tolerance: float = DEFAULT_TOLERANCE,
) -> Scores:
    """Compare one picture with its annotations by every measure, at every threshold.

    Parameters
    ----------
    result : array_like, sequence of array_like, hierarchy or Sweep
        Label maps, a hierarchy, or a map of boundary strengths, as in
        :func:`~gmmkit.image.metrics.sweeps.sweep_of`.
    annotations : array_like of shape (H, W) or (n, H, W), or sequence of array_like
        One label map or several.
    thresholds : int or array_like
        How many, evenly inside 0 to 1, or the values; label maps are taken as they are.
    kinds : sequence of str
        What to count: "regions" takes a tenth of a second for a small photo and 99 thresholds,
        "displacement" one, "boundaries" some.
    tolerance : float
        How far apart boundary pixels may be that match, as a share of the diagonal.

    Returns
    -------
    Scores

    Raises
    ------
    InputError
        If sizes differ, or something is no label map.
    ParameterError
        If thresholds, tolerance or kinds are unusable.

    Examples
    --------
    >>> scores = score([[[0, 0, 1, 1]]], [[0, 0, 1, 1]])
    >>> {measure.name: measure.of(scores).tolist() for measure in MEASURES[:2]}
    {'covering': [1.0], 'probabilistic_rand_index': [1.0]}
    """
    check_kinds(kinds)
    swept = sweep_of(result, thresholds)
    reach = reach_of(tolerance, swept.shape)
    maps = check_annotations(annotations, swept.shape)
    lines = [] if set(kinds) == {"regions"} else lines_of_maps(maps)
    return Scores(
        count_regions(swept, maps) if "regions" in kinds else None,
        count_matches(lines_of(swept), lines, reach) if "boundaries" in kinds else None,
        count_distances(lines_of(swept), lines) if "displacement" in kinds else None,
    )


def check_kinds(kinds: Sequence[str]) -> None:
    """Refuse words that name no kind of measure.

    Raises
    ------
    ParameterError

    Examples
    --------
    >>> check_kinds(["regions"])
    """
    if isinstance(kinds, str) or not kinds or not set(kinds) <= set(KINDS):
        raise ParameterError(
            "these kinds of measures are not known",
            found=repr(kinds),
            needed="a list of some of " + ", ".join(map(repr, KINDS)),
        )


def _sum(one: Any, other: Any) -> Any:
    if (one is None) != (other is None):
        raise InputError(
            "scores of different kinds do not add up",
            found="a kind of measure in only one of them",
            needed="the same kinds for every picture",
        )
    return None if one is None else one + other
