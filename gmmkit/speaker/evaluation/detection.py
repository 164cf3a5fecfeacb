"""Scores of target and nontarget trials, and both error rates at every threshold."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, check_count, check_weights
from gmmkit.errors import InputError


@dataclass(frozen=True)
class Refusals:
    """How many trials got no score, for example because their recordings hold too little speech.

    A refused trial is an error wherever errors are counted: it has the worst score there is, minus
    infinity for a target and plus infinity for a nontarget trial. Where information is counted it
    has a log-likelihood ratio of 0, which tells nothing and costs one bit. To count a refused
    nontarget trial as rightly rejected instead, give it minus infinity as its score.

    Parameters
    ----------
    targets, nontargets : int
        Zero or more.

    Raises
    ------
    ParameterError
        If a count is negative or no whole number.

    Examples
    --------
    >>> Refusals(targets=2).nontargets
    0
    """

    targets: int = 0
    nontargets: int = 0

    def __post_init__(self) -> None:
        check_count(self.targets, "targets", least=0)
        check_count(self.nontargets, "nontargets", least=0)


NONE_REFUSED = Refusals()


@dataclass(frozen=True, eq=False)
class Kind:
    """The trials of one kind, target or nontarget.

    Attributes
    ----------
    scores, weights : ndarray of shape (n,)
    n_refused : int
        How many more there are without a score, each of weight 1.
    """

    scores: Float64Array
    weights: Float64Array
    n_refused: int

    @property
    def total(self) -> float:
        """The weight of all trials, refused ones too."""
        return float(self.weights.sum()) + self.n_refused

    def complete(self, worst: float) -> "Kind":
        """Return the same trials with the worst score for the refused ones.

        Examples
        --------
        >>> Kind(np.zeros(1), np.ones(1), 2).complete(-np.inf).scores.tolist()
        [0.0, -inf, -inf]
        """
        scores = np.append(self.scores, np.full(self.n_refused, worst))
        return Kind(scores, np.append(self.weights, np.ones(self.n_refused)), 0)


@dataclass(frozen=True, eq=False)
class DetCurve:
    """Both error rates at every threshold where one of them changes, thresholds ascending.

    Attributes
    ----------
    thresholds : ndarray of shape (n_steps,)
        Every distinct score, then infinity. A trial is accepted if its score is at least the
        threshold; the last point rejects every trial, those of infinite score too.
    miss_rate : ndarray of shape (n_steps,)
        Share of target trials rejected, rising from 0 to 1.
    false_alarm_rate : ndarray of shape (n_steps,)
        Share of nontarget trials accepted, falling from 1 to 0.
    """

    thresholds: Float64Array
    miss_rate: Float64Array
    false_alarm_rate: Float64Array

    def __post_init__(self) -> None:
        for array in (self.thresholds, self.miss_rate, self.false_alarm_rate):
            array.flags.writeable = False


def det_curve(
    target_scores: npt.ArrayLike,
    nontarget_scores: npt.ArrayLike,
    *,
    refusals: Refusals = NONE_REFUSED,
    target_weight: npt.ArrayLike | None = None,
    nontarget_weight: npt.ArrayLike | None = None,
) -> DetCurve:
    """Return the detection error trade-off: miss and false alarm rate at every threshold.

    Parameters
    ----------
    target_scores : array_like of shape (n_targets,)
        Scores of trials in which the speakers are the same, in any order; larger means more alike.
        Minus infinity is a trial that is never accepted, infinity one that always is.
    nontarget_scores : array_like of shape (n_nontargets,)
        Scores of trials in which they are not.
    refusals : Refusals
        Trials without a score, counted as errors.
    target_weight, nontarget_weight : array_like, optional
        How often each trial counts; once if not given.

    Returns
    -------
    DetCurve
        Trials of equal score change sides together.

    Raises
    ------
    InputError
        If a kind has no trials, or scores are not numbers in one dimension.

    References
    ----------
    A. Martin et al., "The DET curve in assessment of detection task performance", Eurospeech 1997.

    Examples
    --------
    >>> curve = det_curve([1.0, 3.0], [0.0, 1.0])
    >>> curve.thresholds.tolist()
    [0.0, 1.0, 3.0, inf]
    >>> curve.miss_rate.tolist(), curve.false_alarm_rate.tolist()
    ([0.0, 0.0, 0.5, 1.0], [1.0, 0.5, 0.0, 0.0])
    """
    targets = check_kind(target_scores, target_weight, refusals.targets, "target")
    nontargets = check_kind(nontarget_scores, nontarget_weight, refusals.nontargets, "nontarget")
    return curve_of(targets.complete(-np.inf), nontargets.complete(np.inf))


def curve_of(targets: Kind, nontargets: Kind) -> DetCurve:
    """Return the curve of checked trials, none refused.

    Examples
    --------
    >>> one = Kind(np.ones(1), np.ones(1), 0)
    >>> curve_of(one, one).miss_rate.tolist()
    [0.0, 1.0]
    """
    distinct, target_mass, nontarget_mass = masses_by_score(targets, nontargets)
    missed = np.append(0.0, np.cumsum(target_mass))
    accepted = np.append(np.cumsum(nontarget_mass[::-1])[::-1], 0.0)
    return DetCurve(np.append(distinct, np.inf), missed / missed[-1], accepted / accepted[0])


def masses_by_score(
    targets: Kind, nontargets: Kind
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Return the distinct scores ascending, and the weight of either kind at each of them.

    Examples
    --------
    >>> two, one = Kind(np.array([2.0, 1.0]), np.ones(2), 0), Kind(np.ones(1), np.ones(1), 0)
    >>> [values.tolist() for values in masses_by_score(two, one)]
    [[1.0, 2.0], [1.0, 1.0], [1.0, 0.0]]
    """
    scores = np.concatenate([targets.scores, nontargets.scores])
    order = np.argsort(scores, kind="stable")
    ascending = scores[order]
    starts = np.flatnonzero(np.append(True, ascending[1:] != ascending[:-1]))
    target = np.append(targets.weights, np.zeros(len(nontargets.scores)))[order]
    nontarget = np.append(np.zeros(len(targets.scores)), nontargets.weights)[order]
    return ascending[starts], np.add.reduceat(target, starts), np.add.reduceat(nontarget, starts)


def check_kind(
    scores: npt.ArrayLike, weights: npt.ArrayLike | None, n_refused: int, name: str
) -> Kind:
    """Return the trials of one kind, with weights of 1 where none are given.

    Raises
    ------
    InputError
        If there are none, or scores or weights are unusable.

    Examples
    --------
    >>> check_kind([1, 2], None, 0, "target").weights.tolist()
    [1.0, 1.0]
    """
    values = check_scores(scores, f"{name} scores")
    if len(values) + n_refused == 0:
        raise InputError(f"there are no {name} trials", needed="at least one trial of either kind")
    if not len(values):
        return Kind(values, values, n_refused)
    checked = check_weights(weights, len(values))
    return Kind(values, np.ones(len(values)) if checked is None else checked, n_refused)


def check_scores(scores: npt.ArrayLike, name: str, *, n_dimensions: int = 1) -> Float64Array:
    """Return scores as float64; infinite ones pass, NaN does not.

    Raises
    ------
    InputError
        If they are no real numbers, of another dimension, or hold NaN.

    Examples
    --------
    >>> check_scores([1, float("-inf")], "scores").tolist()
    [1.0, -inf]
    """
    try:
        given = np.asarray(scores)
    except ValueError as problem:
        raise InputError(f"{name} do not form an array", found=str(problem)) from problem
    if given.dtype.kind not in "fiub" and given.size:
        raise InputError(f"{name} are not real numbers", found=f"dtype {given.dtype}")
    array = given.astype(np.float64)
    if array.ndim != n_dimensions:
        raise InputError(
            f"{name} have the wrong shape",
            found=f"shape {array.shape}",
            needed=f"{n_dimensions} dimension{'s' if n_dimensions > 1 else ''}",
        )
    _refuse_nan(array, name)
    return array


def _refuse_nan(array: Float64Array, name: str) -> None:
    missing = np.isnan(array)
    if missing.any():
        place = tuple(int(index) for index in np.argwhere(missing)[0])
        raise InputError(
            f"{name} contain NaN",
            found=f"{int(missing.sum())} of {array.size}, the first at {list(place)}",
            needed="a number for every trial",
            hint="count trials without a score as refused",
        )
