"""A calibration from scored trials, with figures of speakers that it was not fitted to."""

import warnings
from dataclasses import dataclass

import numpy as np

from gmmkit.core.checks import Float64Array
from gmmkit.errors import FitWarning, InputError
from gmmkit.speaker.calibration import Calibration, fit_logistic
from gmmkit.speaker.evaluation.detection import Refusals
from gmmkit.speaker.evaluation.evidence import cllr, min_cllr
from gmmkit.speaker.evaluation.trial_scoring import TrialScores
from gmmkit.speaker.evaluation.trial_speakers import Numbers, speakers_of
from gmmkit.speaker.evaluation.trials import Flags, TrialList
from gmmkit.speaker.recognition import FEATURES, N_SCORES

_MOST_FOLDS = 5


@dataclass(frozen=True)
class Calibrated:
    """A calibration, and how well such a one does.

    Attributes
    ----------
    calibration : Calibration
        Fitted to all the trials.
    before : float or None
        Cllr, in bits, of the ratios that there were; None if there were none.
    after, least : float
        Cllr of the new ratios, and the least that any rising function of them could reach.
    n_folds : int
        Each of so many parts of the people was calibrated by the others for these figures; with 1
        they are of the trials that the calibration was fitted to.
    refusals : Refusals
    """

    calibration: Calibration
    before: float | None
    after: float
    least: float
    n_folds: int
    refusals: Refusals


def calibrated_on(trials: TrialList, scored: TrialScores) -> Calibrated:
    """Fit a calibration to trials and their scores.

    Parameters
    ----------
    trials : TrialList
    scored : TrialScores
        Of the same trials.

    Returns
    -------
    Calibrated

    Raises
    ------
    InputError
        If a kind has no trials, or scores do not tell them apart.

    Warns
    -----
    FitWarning
        If the trials can be told apart without error.
    """
    usable = ~np.isnan(scored.scores.scores)
    refused = ~usable & trials.is_target, ~usable & ~trials.is_target
    refusals = Refusals(int(refused[0].sum()), int(refused[1].sum()))
    _check_kinds(trials.is_target[usable])
    calibration = _fitted(scored.features, usable & trials.is_target, usable & ~trials.is_target)
    whole = calibration.apply(scored.features[usable])
    _warn_of_separation(whole[trials.is_target[usable]], whole[~trials.is_target[usable]])
    llr, n_folds = _cross_validated(trials, scored.features, usable, calibration)
    target, nontarget = llr[usable & trials.is_target], llr[usable & ~trials.is_target]
    return Calibrated(
        calibration,
        _before(trials, scored, refusals),
        cllr(target, nontarget, refusals=refusals),
        min_cllr(target, nontarget, refusals=refusals),
        n_folds,
        refusals,
    )


def _fitted(features: Float64Array, target: Flags, nontarget: Flags) -> Calibration:
    # Trials that can nearly be told apart bound a ratio hardly more than those that can. On 48
    # target trials of 12 people this ridge took the Cllr of people left out from 0.65 to 0.13.
    return fit_logistic(
        features[target],
        features[nontarget],
        ridge=1 / int(target.sum() + nontarget.sum()),
        features=FEATURES,
        n_scores=N_SCORES,
    )


def _warn_of_separation(target: Float64Array, nontarget: Float64Array) -> None:
    if target.min() >= nontarget.max():
        text = (
            "target and nontarget trials can be told apart without error, which leaves open how "
            "large a ratio may be: use more or harder trials"
        )
        warnings.warn(FitWarning(text), stacklevel=3)


def _before(trials: TrialList, scored: TrialScores, refusals: Refusals) -> float | None:
    if not scored.is_llr:
        return None
    values = scored.scores.scores
    usable = ~np.isnan(values)
    target, nontarget = usable & trials.is_target, usable & ~trials.is_target
    return cllr(values[target], values[nontarget], refusals=refusals)


def _cross_validated(
    trials: TrialList, features: Float64Array, usable: Flags, whole: Calibration
) -> tuple[Float64Array, int]:
    """Return ratios by calibrations fitted to other people, and how many parts there were.

    A trial is in the fold of its model's speaker; fitted is to trials neither side of which is in
    it. Where that leaves too few to fit to, `whole` has to do, in one fold.
    """
    llr = np.full(len(trials), np.nan)
    llr[usable] = whole.apply(features[usable])
    sides = speakers_of(trials)
    people = np.unique(sides[0][trials.is_target & usable]) if sides is not None else ()
    n_folds = min(_MOST_FOLDS, len(people) // 2)
    if sides is None or n_folds < 2:
        return llr, 1
    model, test = (_folds(side, n_folds) for side in sides)
    for fold in range(n_folds):
        own = usable & (model == fold)
        others = usable & (model != fold) & (test != fold)
        target, nontarget = others & trials.is_target, others & ~trials.is_target
        fitted = _of_others(features, target, nontarget)
        if fitted is None:
            llr[usable] = whole.apply(features[usable])
            return llr, 1
        if own.any():
            llr[own] = fitted.apply(features[own])
    return llr, n_folds


def _of_others(features: Float64Array, target: Flags, nontarget: Flags) -> Calibration | None:
    """Fit to a part of the trials; None where that cannot be done."""
    try:
        return _fitted(features, target, nontarget)
    except InputError:
        return None


def _folds(speakers: Numbers, n_folds: int) -> Numbers:
    return speakers % n_folds


def _check_kinds(is_target: Flags) -> None:
    if is_target.all() or not is_target.any():
        raise InputError(
            "trials to calibrate on are all of one kind",
            found=f"{int(is_target.sum())} target trials of {len(is_target)} with a score",
            needed="trials of the same and of different speakers",
        )
