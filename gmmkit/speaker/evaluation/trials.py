"""Trials as values: which model is tried with which test, whether rightly, and with what score."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.errors import TrialListError
from gmmkit.speaker.evaluation.detection import Refusals

Flags = npt.NDArray[np.bool_]
Pair = tuple[str, str]

_SHOWN = 3


@dataclass(frozen=True, eq=False)
class TrialList:
    """Which model is tried with which test recording, and whether the speakers are the same.

    Parameters
    ----------
    pairs : iterable of (str, str)
        Names of model and test of each trial.
    is_target : array_like of bool, shape (n_trials,)
        Whether the speakers are the same.

    Raises
    ------
    TrialListError
        If there are no trials, or a pair stands there as both.

    Examples
    --------
    >>> trials = TrialList([("ana", "a.wav"), ("ana", "b.wav")], [True, False])
    >>> len(trials), trials.n_targets
    (2, 1)
    """

    pairs: tuple[Pair, ...]
    is_target: Flags

    def __init__(self, pairs: Iterable[Pair], is_target: npt.ArrayLike) -> None:
        object.__setattr__(self, "pairs", tuple(pairs))
        object.__setattr__(self, "is_target", _frozen(is_target, np.bool_))
        _check_sizes(self.pairs, self.is_target)
        _refuse_contradictions(self.pairs, self.is_target, "target and nontarget")

    def __len__(self) -> int:
        return len(self.pairs)

    @property
    def n_targets(self) -> int:
        """How many trials are target trials."""
        return int(self.is_target.sum())

    @property
    def n_repeated(self) -> int:
        """How many trials stand there a second time; each counts in every figure."""
        return len(self.pairs) - len(set(self.pairs))


@dataclass(frozen=True, eq=False)
class ScoreList:
    """Scores of trials, without the truth.

    Parameters
    ----------
    pairs : iterable of (str, str)
        Names of model and test of each trial.
    scores : array_like of shape (n_trials,)
        NaN for a refused trial.

    Raises
    ------
    TrialListError
        If there are no scores, or a pair has two different ones.

    Examples
    --------
    >>> ScoreList([("ana", "a.wav"), ("ana", "b.wav")], [2.5, np.nan]).n_refused
    1
    """

    pairs: tuple[Pair, ...]
    scores: Float64Array

    def __init__(self, pairs: Iterable[Pair], scores: npt.ArrayLike) -> None:
        object.__setattr__(self, "pairs", tuple(pairs))
        object.__setattr__(self, "scores", _frozen(scores, np.float64))
        _check_sizes(self.pairs, self.scores)
        _refuse_contradictions(self.pairs, self.scores, "two scores")

    def __len__(self) -> int:
        return len(self.pairs)

    @property
    def n_refused(self) -> int:
        """How many trials were refused a score."""
        return int(np.isnan(self.scores).sum())


@dataclass(frozen=True, eq=False)
class ScoredTrials:
    """Trials with their scores, as the metrics want them.

    Attributes
    ----------
    trials : TrialList
    scores : ndarray of shape (n_trials,)
        In the order of the trials; NaN for a refused trial.

    Examples
    --------
    >>> trials = TrialList([("ana", "a.wav"), ("ana", "b.wav")], [True, False])
    >>> scored = ScoredTrials(trials, np.array([np.nan, -1.0]))
    >>> scored.nontarget_scores.tolist(), scored.refusals
    ([-1.0], Refusals(targets=1, nontargets=0))
    """

    trials: TrialList
    scores: Float64Array

    @property
    def target_scores(self) -> Float64Array:
        """Scores of the target trials that have one."""
        return self.scores[self.trials.is_target & ~np.isnan(self.scores)]

    @property
    def nontarget_scores(self) -> Float64Array:
        """Scores of the nontarget trials that have one."""
        return self.scores[~self.trials.is_target & ~np.isnan(self.scores)]

    @property
    def refusals(self) -> Refusals:
        """How many trials of either kind were refused a score."""
        refused = np.isnan(self.scores)
        targets = int((refused & self.trials.is_target).sum())
        return Refusals(targets, int(refused.sum()) - targets)

    def filled(self, target: float = -np.inf, nontarget: float = np.inf) -> Float64Array:
        """Return all scores, with these for refused trials: by default, the worst there are.

        Examples
        --------
        >>> trials = TrialList([("ana", "a.wav")], [True])
        >>> ScoredTrials(trials, np.array([np.nan])).filled(target=0.0).tolist()
        [0.0]
        """
        instead = np.where(self.trials.is_target, target, nontarget)
        return np.where(np.isnan(self.scores), instead, self.scores)


@dataclass(frozen=True, eq=False)
class ScoreMatrix:
    """Every test against every model, as the identification metrics want it.

    Attributes
    ----------
    models, tests : tuple of str
        Names, sorted.
    scores : ndarray of shape (n_tests, n_models)
        Minus infinity for a refused trial.
    true_model : ndarray of shape (n_tests,)
        Column of the right model, -1 for a stranger.
    """

    models: tuple[str, ...]
    tests: tuple[str, ...]
    scores: Float64Array
    true_model: npt.NDArray[np.intp]


def join_scores(trials: TrialList, scores: ScoreList, *, allow_extra: bool = False) -> ScoredTrials:
    """Return trials with their scores, looked up by model and test.

    Parameters
    ----------
    trials : TrialList
    scores : ScoreList
        In any order.
    allow_extra : bool
        Leave scores out that belong to no trial, rather than refuse them.

    Returns
    -------
    ScoredTrials

    Raises
    ------
    TrialListError
        If a trial has no score or a score no trial; the first of them are named.

    Examples
    --------
    >>> trials = TrialList([("ana", "a.wav")], [True])
    >>> join_scores(trials, ScoreList([("ana", "a.wav")], [2.5])).target_scores.tolist()
    [2.5]
    """
    by_pair = dict(zip(scores.pairs, scores.scores.tolist(), strict=True))
    without = [pair for pair in trials.pairs if pair not in by_pair]
    if without:
        raise TrialListError(
            "trials have no score",
            found=f"{len(without):,} of {len(trials):,}: {_examples(without)}",
            needed="a score, or the word refused, for every trial",
        )
    wanted = set(trials.pairs)
    extra = [] if allow_extra else [pair for pair in by_pair if pair not in wanted]
    if extra:
        raise TrialListError(
            "scores belong to no trial",
            found=f"{len(extra):,} of {len(scores):,}: {_examples(extra)}",
            needed="scores of the trials alone",
            hint="check that both lists are of the same protocol",
        )
    return ScoredTrials(trials, np.array([by_pair[pair] for pair in trials.pairs]))


def score_matrix(scored: ScoredTrials) -> ScoreMatrix:
    """Return the scores of every test against every model.

    Parameters
    ----------
    scored : ScoredTrials
        Trials of every test with every model.

    Returns
    -------
    ScoreMatrix

    Raises
    ------
    TrialListError
        If a pair has no trial, or a test has two right models.

    Examples
    --------
    >>> trials = TrialList([("ana", "a.wav"), ("ben", "a.wav")], [True, False])
    >>> score_matrix(ScoredTrials(trials, np.array([2.0, -1.0]))).true_model.tolist()
    [0]
    """
    pairs = np.array(scored.trials.pairs, dtype=object)
    models, column = np.unique(pairs[:, 0], return_inverse=True)
    tests, row = np.unique(pairs[:, 1], return_inverse=True)
    scores = np.full((len(tests), len(models)), np.nan)
    scores[row, column] = scored.filled(-np.inf, -np.inf)
    _refuse_gaps(scores, models, tests)
    is_right = np.zeros(scores.shape, dtype=np.bool_)
    is_right[row, column] = scored.trials.is_target
    _refuse_two_right_models(is_right, tests)
    true_model = np.where(is_right.any(axis=1), is_right.argmax(axis=1), -1)
    return ScoreMatrix(tuple(models), tuple(tests), scores, true_model)


def _refuse_gaps(scores: Float64Array, models: npt.NDArray[Any], tests: npt.NDArray[Any]) -> None:
    gaps = np.argwhere(np.isnan(scores))
    if len(gaps):
        pairs = [(models[column], tests[row]) for row, column in gaps[:_SHOWN]]
        raise TrialListError(
            "identification needs every test against every model",
            found=f"{len(gaps):,} of {scores.size:,} pairs without a trial: {_examples(pairs)}",
            needed=f"{len(tests):,} tests x {len(models):,} models",
        )


def _refuse_two_right_models(is_right: Flags, tests: npt.NDArray[Any]) -> None:
    many = np.flatnonzero(is_right.sum(axis=1) > 1)
    if len(many):
        raise TrialListError(
            "tests have more than one right model",
            found=f"{len(many):,} of {len(tests):,}, the first {tests[many[0]]!r}",
            needed="one model a speaker",
        )


def _frozen(values: npt.ArrayLike, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    array = np.array(values, dtype=dtype)
    array.flags.writeable = False
    return array


def _check_sizes(pairs: tuple[Pair, ...], values: npt.NDArray[Any]) -> None:
    if not pairs or values.shape != (len(pairs),):
        raise TrialListError(
            "these are no trials",
            found=f"{len(pairs)} pairs and values of shape {values.shape}",
            needed="at least one pair, and a value for each",
        )


def _refuse_contradictions(pairs: tuple[Pair, ...], values: npt.NDArray[Any], what: str) -> None:
    known: dict[Pair, Any] = {}
    # As text, two NaN are the same.
    texts = map(repr, values.tolist())
    wrong = [
        pair
        for pair, text in zip(pairs, texts, strict=True)
        if known.setdefault(pair, text) != text
    ]
    if wrong:
        raise TrialListError(
            "trials contradict each other",
            found=f"{len(wrong):,} pairs with {what}: {_examples(wrong)}",
            needed="each pair once",
        )


def _examples(pairs: Sequence[Pair]) -> str:
    shown = ", ".join(f"{model} {test}" for model, test in pairs[:_SHOWN])
    return f"{shown}, ..." if len(pairs) > _SHOWN else shown
