"""How many bits log-likelihood ratios lose, and how few any calibration of them could lose."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.speaker.evaluation.detection import (
    NONE_REFUSED,
    Kind,
    Refusals,
    check_kind,
    masses_by_score,
)


def cllr(
    target_llr: npt.ArrayLike,
    nontarget_llr: npt.ArrayLike,
    *,
    refusals: Refusals = NONE_REFUSED,
    target_weight: npt.ArrayLike | None = None,
    nontarget_weight: npt.ArrayLike | None = None,
) -> float:
    """Return Cllr, the bits lost by log-likelihood ratios over all operating points.

    0 is perfect, 1 is as good as saying nothing, more is worse than saying nothing.

    Parameters
    ----------
    target_llr, nontarget_llr : array_like of shape (n_targets,) and (n_nontargets,)
        Calibrated log-likelihood ratios, in nats. A single infinite one on the wrong side makes
        the result infinite.
    refusals : Refusals
        Trials without a score, of which each costs one bit.
    target_weight, nontarget_weight : array_like, optional
        How often each trial counts; once if not given.

    Returns
    -------
    float
        In bits, at least 0.

    Raises
    ------
    InputError
        If a kind has no trials, or values are not numbers in one dimension.

    References
    ----------
    N. Brümmer and J. du Preez, "Application-independent evaluation of speaker detection", Computer
    Speech and Language 20 (2006).

    Examples
    --------
    >>> cllr([0.0, 0.0], [0.0])
    1.0
    >>> round(cllr([3.0, 5.0], [-4.0, 1.0]), 4)
    0.5002
    """
    targets = check_kind(target_llr, target_weight, refusals.targets, "target")
    nontargets = check_kind(nontarget_llr, nontarget_weight, refusals.nontargets, "nontarget")
    return (_bits(-targets.scores, targets) + _bits(nontargets.scores, nontargets)) / 2


def min_cllr(
    target_scores: npt.ArrayLike,
    nontarget_scores: npt.ArrayLike,
    *,
    refusals: Refusals = NONE_REFUSED,
    target_weight: npt.ArrayLike | None = None,
    nontarget_weight: npt.ArrayLike | None = None,
) -> float:
    """Return the least Cllr that a rising function of the scores can reach on these trials.

    That function comes from pooling adjacent violators. Where it is infinite, at either end, only
    trials of the right kind lie, so that the result is finite always.

    Parameters
    ----------
    target_scores, nontarget_scores : array_like of shape (n_targets,) and (n_nontargets,)
        Any scores, larger for more alike.
    refusals : Refusals
        Trials without a score, of which each costs one bit.
    target_weight, nontarget_weight : array_like, optional
        How often each trial counts; once if not given.

    Returns
    -------
    float
        In bits, between 0 and 1.

    Raises
    ------
    InputError
        If a kind has no trials, or scores are not numbers in one dimension.

    References
    ----------
    N. Brümmer and J. du Preez, "Application-independent evaluation of speaker detection", Computer
    Speech and Language 20 (2006).

    Examples
    --------
    >>> min_cllr([2.0, 3.0], [0.0, 1.0]), min_cllr([0.0], [1.0])
    (0.0, 1.0)
    """
    targets = check_kind(target_scores, target_weight, refusals.targets, "target")
    nontargets = check_kind(nontarget_scores, nontarget_weight, refusals.nontargets, "nontarget")
    blocks = pool_adjacent_violators(targets, nontargets)
    llr = blocks.llr(targets.total, nontargets.total)
    lost_by_targets = _bits(-llr, Kind(llr, blocks.target_mass, targets.n_refused))
    lost_by_nontargets = _bits(llr, Kind(llr, blocks.nontarget_mass, nontargets.n_refused))
    return (lost_by_targets + lost_by_nontargets) / 2


def calibration_loss(
    target_llr: npt.ArrayLike,
    nontarget_llr: npt.ArrayLike,
    *,
    refusals: Refusals = NONE_REFUSED,
    target_weight: npt.ArrayLike | None = None,
    nontarget_weight: npt.ArrayLike | None = None,
) -> float:
    """Return Cllr - minCllr, the bits lost because the values are not well calibrated.

    Parameters
    ----------
    target_llr, nontarget_llr : array_like of shape (n_targets,) and (n_nontargets,)
        Calibrated log-likelihood ratios, in nats.
    refusals : Refusals
        Trials without a score; they add nothing to the difference.
    target_weight, nontarget_weight : array_like, optional
        How often each trial counts; once if not given.

    Returns
    -------
    float
        In bits, at least 0 up to rounding.

    Examples
    --------
    >>> round(calibration_loss([2.0, 3.0], [0.0, 1.0]), 4)
    0.787
    """
    options = {
        "refusals": refusals,
        "target_weight": target_weight,
        "nontarget_weight": nontarget_weight,
    }
    actual = cllr(target_llr, nontarget_llr, **options)  # type: ignore[arg-type]
    return actual - min_cllr(target_llr, nontarget_llr, **options)  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class Blocks:
    """Neighboring scores that pooling has put together, ascending.

    Attributes
    ----------
    lowest, highest : ndarray of shape (n_blocks,)
        The least and the greatest score of each.
    target_mass, nontarget_mass : ndarray of shape (n_blocks,)
        Weight of either kind; the share of targets rises from block to block.
    """

    lowest: Float64Array
    highest: Float64Array
    target_mass: Float64Array
    nontarget_mass: Float64Array

    def llr(self, target_total: float, nontarget_total: float) -> Float64Array:
        """Return each block's log-likelihood ratio in nats; infinite where one kind is absent.

        Examples
        --------
        >>> blocks = Blocks(np.zeros(1), np.zeros(1), np.ones(1), np.full(1, 2.0))
        >>> blocks.llr(2.0, 4.0).tolist()
        [0.0]
        """
        with np.errstate(divide="ignore"):
            target = np.log(self.target_mass) - np.log(target_total)
            llr: Float64Array = target - (np.log(self.nontarget_mass) - np.log(nontarget_total))
        return llr


def pool_adjacent_violators(targets: Kind, nontargets: Kind) -> Blocks:
    """Pool neighboring scores until the share of targets rises with the score.

    Examples
    --------
    >>> targets = Kind(np.array([1.0, 3.0]), np.ones(2), 0)
    >>> blocks = pool_adjacent_violators(targets, Kind(np.array([0.0, 2.0]), np.ones(2), 0))
    >>> blocks.lowest.tolist(), blocks.highest.tolist()
    ([0.0, 1.0, 3.0], [0.0, 2.0, 3.0])
    """
    from sklearn.isotonic import isotonic_regression

    scores, target, nontarget = masses_by_score(targets, nontargets)
    # A weight of zero says nothing about its score and has no share of targets.
    counts = target + nontarget > 0
    scores, target, nontarget = scores[counts], target[counts], nontarget[counts]
    mass = target + nontarget
    share = isotonic_regression(target / mass, sample_weight=mass)
    starts = np.flatnonzero(np.append(True, share[1:] != share[:-1]))
    ends = np.append(starts[1:], len(scores)) - 1
    return Blocks(
        scores[starts],
        scores[ends],
        np.add.reduceat(target, starts),
        np.add.reduceat(nontarget, starts),
    )


def _bits(doubt: Float64Array, kind: Kind) -> float:
    """Return the mean of log2(1 + exp(doubt)), with one bit for each refused trial."""
    # An infinite loss of weight zero would be NaN.
    counts = kind.weights > 0
    losses = np.logaddexp(0.0, doubt[counts]) / np.log(2.0)
    return float(kind.weights[counts] @ losses + kind.n_refused) / kind.total
