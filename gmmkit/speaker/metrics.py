"""How well scores tell speakers apart: error rates and costs of decisions, bits of evidence.

Everything takes plain arrays: the scores of target trials, in which the speakers are the same, and
those of nontarget trials. A trial is accepted if its score is at least the threshold.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.errors import ParameterError
from gmmkit.speaker.evaluation.detection import (
    NONE_REFUSED,
    DetCurve,
    Kind,
    Refusals,
    check_kind,
    curve_of,
    det_curve,
)
from gmmkit.speaker.evaluation.evidence import (
    calibration_loss,
    cllr,
    min_cllr,
    pool_adjacent_violators,
)
from gmmkit.speaker.evaluation.operating_points import (
    OperatingPoint,
    OperatingPoints,
    points_from_words,
)

__all__ = [
    "DetCurve",
    "Refusals",
    "act_dcf",
    "calibration_loss",
    "cllr",
    "det_curve",
    "equal_error_rate",
    "min_cllr",
    "min_dcf",
]

EqualErrorMethod = Literal["interpolated", "convex-hull"]


def equal_error_rate(
    target_scores: npt.ArrayLike,
    nontarget_scores: npt.ArrayLike,
    *,
    method: EqualErrorMethod = "interpolated",
    refusals: Refusals = NONE_REFUSED,
    target_weight: npt.ArrayLike | None = None,
    nontarget_weight: npt.ArrayLike | None = None,
) -> float:
    """Return the error rate at the threshold where misses and false alarms are equally frequent.

    Parameters
    ----------
    target_scores, nontarget_scores : array_like of shape (n_targets,) and (n_nontargets,)
        Larger for more alike; they need no calibration.
    method : {"interpolated", "convex-hull"}
        On the straight line between the two thresholds on either side of equality, or on the
        convex hull of the curve, which is never higher.
    refusals : Refusals
        Trials without a score, counted as errors.
    target_weight, nontarget_weight : array_like, optional
        How often each trial counts; once if not given.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    InputError
        If a kind has no trials, or scores are not numbers in one dimension.
    ParameterError
        If the method is unknown.

    References
    ----------
    Convex hull: N. Brümmer and E. de Villiers, "The BOSARIS toolkit user guide" (2011).

    Examples
    --------
    >>> equal_error_rate([1.0, 2.0, 3.0, 4.0], [-1.0, 0.0, 0.5, 1.5])
    0.25
    """
    if method not in ("interpolated", "convex-hull"):
        raise ParameterError(
            "method is not usable", found=repr(method), needed="'interpolated' or 'convex-hull'"
        )
    targets = check_kind(target_scores, target_weight, refusals.targets, "target")
    nontargets = check_kind(nontarget_scores, nontarget_weight, refusals.nontargets, "nontarget")
    vertices = _curve_vertices if method == "interpolated" else _hull_vertices
    return _crossing(*vertices(targets.complete(-np.inf), nontargets.complete(np.inf)))


def min_dcf(
    target_scores: npt.ArrayLike,
    nontarget_scores: npt.ArrayLike,
    operating_point: str | OperatingPoint | OperatingPoints,
    *,
    refusals: Refusals = NONE_REFUSED,
    target_weight: npt.ArrayLike | None = None,
    nontarget_weight: npt.ArrayLike | None = None,
) -> float:
    """Return the normalized detection cost at the threshold that is best for these trials.

    Parameters
    ----------
    target_scores, nontarget_scores : array_like of shape (n_targets,) and (n_nontargets,)
        Larger for more alike; they need no calibration.
    operating_point : str, OperatingPoint or tuple of OperatingPoint
        A preset's name, a prior such as "0.01", or values; of several the mean is taken, each at
        its own best threshold.
    refusals : Refusals
        Trials without a score, counted as errors.
    target_weight, nontarget_weight : array_like, optional
        How often each trial counts; once if not given.

    Returns
    -------
    float
        Between 0 and 1, where 1 is what accepting or rejecting everyone costs.

    Raises
    ------
    InputError
        If a kind has no trials, or scores are not numbers in one dimension.
    ParameterError
        If the operating point is unknown.

    References
    ----------
    NIST Year 2010 Speaker Recognition Evaluation Plan.

    Examples
    --------
    >>> min_dcf([1.0, 2.0, 3.0, 4.0], [-1.0, 0.0, 0.5, 1.5], "0.01")
    0.25
    """
    points = _points(operating_point)
    targets = check_kind(target_scores, target_weight, refusals.targets, "target")
    nontargets = check_kind(nontarget_scores, nontarget_weight, refusals.nontargets, "nontarget")
    curve = curve_of(targets.complete(-np.inf), nontargets.complete(np.inf))
    return _mean_cost(points, lambda point: _least_cost(curve, point))


def act_dcf(
    target_llr: npt.ArrayLike,
    nontarget_llr: npt.ArrayLike,
    operating_point: str | OperatingPoint | OperatingPoints,
    *,
    refusals: Refusals = NONE_REFUSED,
    target_weight: npt.ArrayLike | None = None,
    nontarget_weight: npt.ArrayLike | None = None,
) -> float:
    """Return the normalized detection cost at the threshold that theory says, Bayes'.

    Parameters
    ----------
    target_llr, nontarget_llr : array_like of shape (n_targets,) and (n_nontargets,)
        Calibrated log-likelihood ratios, in nats.
    operating_point : str, OperatingPoint or tuple of OperatingPoint
        A preset's name, a prior such as "0.01", or values; of several the mean is taken.
    refusals : Refusals
        Trials without a score, counted as errors.
    target_weight, nontarget_weight : array_like, optional
        How often each trial counts; once if not given.

    Returns
    -------
    float
        At least minDCF. More than 1 is worse than deciding always the same.

    Raises
    ------
    InputError
        If a kind has no trials, or values are not numbers in one dimension.
    ParameterError
        If the operating point is unknown.

    References
    ----------
    NIST 2016 Speaker Recognition Evaluation Plan.

    Examples
    --------
    >>> act_dcf([6.0, 4.0], [-3.0, -1.0, 0.0, 1.0], "0.01")
    0.5
    """
    points = _points(operating_point)
    targets = check_kind(target_llr, target_weight, refusals.targets, "target")
    nontargets = check_kind(nontarget_llr, nontarget_weight, refusals.nontargets, "nontarget")
    rejected, accepted = targets.complete(-np.inf), nontargets.complete(np.inf)
    return _mean_cost(points, lambda point: _cost_at_threshold(rejected, accepted, point))


def _points(given: str | OperatingPoint | OperatingPoints) -> OperatingPoints:
    if isinstance(given, OperatingPoint):
        return (given,)
    if isinstance(given, str):
        return points_from_words(given)
    several = isinstance(given, tuple) and all(isinstance(part, OperatingPoint) for part in given)
    if several and given:
        return given
    raise ParameterError(
        "there is no such operating point",
        found=repr(given),
        needed="a name, an OperatingPoint, or a tuple of some",
    )


def _mean_cost(points: OperatingPoints, cost: Callable[[OperatingPoint], float]) -> float:
    return sum(cost(point) for point in points) / len(points)


def _least_cost(curve: DetCurve, point: OperatingPoint) -> float:
    costs = point.cost(curve.miss_rate, curve.false_alarm_rate)
    return float(np.min(costs))


def _cost_at_threshold(targets: Kind, nontargets: Kind, point: OperatingPoint) -> float:
    missed = targets.weights[targets.scores < point.threshold].sum()
    accepted = nontargets.weights[nontargets.scores >= point.threshold].sum()
    return float(point.cost(missed / targets.total, accepted / nontargets.total))


def _curve_vertices(targets: Kind, nontargets: Kind) -> tuple[Float64Array, Float64Array]:
    curve = curve_of(targets, nontargets)
    return curve.miss_rate, curve.false_alarm_rate


def _hull_vertices(targets: Kind, nontargets: Kind) -> tuple[Float64Array, Float64Array]:
    # The blocks of pooled scores are the sides of the convex hull.
    blocks = pool_adjacent_violators(targets, nontargets)
    missed = np.append(0.0, np.cumsum(blocks.target_mass))
    accepted = np.append(np.cumsum(blocks.nontarget_mass[::-1])[::-1], 0.0)
    return missed / missed[-1], accepted / accepted[0]


def _crossing(miss_rate: Float64Array, false_alarm_rate: Float64Array) -> float:
    """Return where the line through rising misses and falling false alarms has both equal."""
    excess = miss_rate - false_alarm_rate
    after = int(np.argmax(excess >= 0))
    share = -excess[after - 1] / (excess[after] - excess[after - 1])
    return float(miss_rate[after - 1] + share * (miss_rate[after] - miss_rate[after - 1]))
