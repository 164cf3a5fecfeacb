"""How sure a figure is: the same figure on speakers drawn anew, with repetition.

Trials of one speaker resemble each other, so speakers are drawn, not trials. A draw is a weight for
each trial; nothing is copied.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, check_count, random_generator
from gmmkit.errors import InputError, ParameterError
from gmmkit.speaker.evaluation.detection import check_scores

_DRAWS_PER_REPLICATE = 100

Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.intp]


class Metric(Protocol):
    """A figure of weighted trials, such as `equal_error_rate`."""

    def __call__(
        self,
        target_scores: Float64Array,
        nontarget_scores: Float64Array,
        /,
        *,
        target_weight: Float64Array,
        nontarget_weight: Float64Array,
    ) -> float: ...


@dataclass(frozen=True)
class Interval:
    """A confidence interval.

    Attributes
    ----------
    low, high : float
        Its ends, in the unit of the figure.
    level : float
        The share of such intervals that hold the true value.

    Examples
    --------
    >>> print(Interval(0.021, 0.048, 0.95))
    0.021 to 0.048 (95 %)
    """

    low: float
    high: float
    level: float

    def __str__(self) -> str:
        return f"{self.low:.3g} to {self.high:.3g} ({100 * self.level:.3g} %)"


@dataclass(frozen=True, eq=False)
class _Trials:
    """Checked trials, ascending by score, with speakers as numbers."""

    scores: Float64Array
    is_target: Flags
    model_speaker: Codes
    test_speaker: Codes
    n_speakers: int

    def kind(self, flags: Flags) -> tuple[Float64Array, Codes, Codes]:
        return self.scores[flags], self.model_speaker[flags], self.test_speaker[flags]


def speaker_bootstrap(
    metric: Metric,
    scores: npt.ArrayLike,
    is_target: npt.ArrayLike,
    model_speaker: npt.ArrayLike,
    test_speaker: npt.ArrayLike,
    *,
    n: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """Return the interval of a figure of trials over speakers drawn anew.

    Every replicate draws as many speakers as there are, with repetition, for both sides of the
    trials at once. A nontarget trial counts as often as its model's speaker was drawn times as
    often as its test's. A target trial counts as often as its one speaker was drawn, for each copy
    of a speaker is tried against its own recordings. A draw without one of both kinds is done over.

    Parameters
    ----------
    metric : callable
        Such as `equal_error_rate`, or `functools.partial(min_dcf, operating_point="sre16")`.
    scores : array_like of shape (n_trials,)
        Minus infinity for a refused target trial and infinity for a refused nontarget trial where
        errors are counted, 0 for both where `cllr` is.
    is_target : array_like of bool, shape (n_trials,)
        Whether the speakers of a trial are the same.
    model_speaker, test_speaker : array_like of shape (n_trials,)
        Who was enrolled and who speaks, as numbers or names.
    n : int
        How many replicates.
    seed : int
        Of the draws.
    level : float
        Between 0 and 1 exclusive.

    Returns
    -------
    Interval
        Quantiles of the replicates.

    Raises
    ------
    InputError
        If lengths differ, a kind has no trials, or there are fewer than two speakers.
    ParameterError
        If `n`, `seed` or `level` are unusable.

    References
    ----------
    R. Bolle, N. Ratha and S. Pankanti, "Error analysis of pattern recognition systems: the subsets
    bootstrap", CVIU 93 (2004); T. Snijders and S. Borgatti, "Non-parametric standard errors and
    tests for network statistics", Connections 22 (1999), for drawing both sides together.

    Examples
    --------
    >>> from gmmkit.speaker.metrics import equal_error_rate
    >>> speakers = np.arange(20)
    >>> model, test = (side.ravel() for side in np.meshgrid(speakers, speakers))
    >>> scores = np.random.default_rng(0).normal(size=400) + 2 * (model == test)
    >>> interval = speaker_bootstrap(equal_error_rate, scores, model == test, model, test, n=100)
    >>> 0 < interval.low < equal_error_rate(scores[model == test], scores[model != test])
    True
    """
    _check_level(level)
    trials = _checked_trials(scores, is_target, model_speaker, test_speaker)
    target, nontarget = trials.kind(trials.is_target), trials.kind(~trials.is_target)
    draws = _draws(target, nontarget, trials.n_speakers, check_count(n, "n"), seed)
    values = [_replicate(metric, target, nontarget, weights) for weights in draws]
    return _interval(np.array(values), level)


def speaker_bootstrap_mean(
    values: npt.ArrayLike,
    test_speaker: npt.ArrayLike,
    *,
    n: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """Return the interval of a mean over tests, such as an identification rate.

    Every replicate draws as many speakers as there are, with repetition; a test counts as often as
    its speaker was drawn. Who is enrolled stays the same.

    Parameters
    ----------
    values : array_like of shape (n_tests,)
        For example 1 for each test that was named rightly and 0 for each other.
    test_speaker : array_like of shape (n_tests,)
        Who speaks, as numbers or names.
    n, seed, level
        As for `speaker_bootstrap`.

    Returns
    -------
    Interval

    Raises
    ------
    InputError
        If lengths differ or there are fewer than two speakers.
    ParameterError
        If `n`, `seed` or `level` are unusable.

    Examples
    --------
    >>> speaker_bootstrap_mean([1, 1, 1, 1], ["ana", "ana", "ben", "cleo"], n=100).low
    1.0
    """
    _check_level(level)
    checked = check_scores(values, "values")
    names, codes = np.unique(np.asarray(test_speaker), return_inverse=True)
    _check_lengths(len(checked), {"test_speaker": codes})
    _check_speakers(len(names))
    equal = np.full(len(names), 1 / len(names))
    draws = random_generator(seed).multinomial(len(names), equal, size=check_count(n, "n"))
    sums = np.bincount(codes, weights=checked), np.bincount(codes)
    return _interval((draws @ sums[0]) / (draws @ sums[1]), level)


def _replicate(
    metric: Metric,
    target: tuple[Float64Array, Codes, Codes],
    nontarget: tuple[Float64Array, Codes, Codes],
    weights: tuple[Float64Array, Float64Array],
) -> float:
    drawn, drawn_nontarget = weights[0] > 0, weights[1] > 0
    return metric(
        target[0][drawn],
        nontarget[0][drawn_nontarget],
        target_weight=weights[0][drawn],
        nontarget_weight=weights[1][drawn_nontarget],
    )


def _draws(
    target: tuple[Float64Array, Codes, Codes],
    nontarget: tuple[Float64Array, Codes, Codes],
    n_speakers: int,
    n: int,
    seed: int,
) -> Iterator[tuple[Float64Array, Float64Array]]:
    """Yield the weights of target and nontarget trials, replicate by replicate.

    With a speaker's copies tried against each other, target trials would weigh the square of how
    often the speaker was drawn, and intervals come out half as wide again as they need to be.
    """
    random = random_generator(seed)
    equal = np.full(n_speakers, 1 / n_speakers)
    yielded = 0
    for _ in range(n * _DRAWS_PER_REPLICATE):
        times = random.multinomial(n_speakers, equal).astype(np.float64)
        weights = times[target[2]], times[nontarget[1]] * times[nontarget[2]]
        if weights[0].any() and weights[1].any():
            yield weights
            yielded += 1
        if yielded == n:
            return
    raise InputError(
        "speakers drawn anew hardly ever have trials of both kinds",
        found=f"{yielded} usable draws of {n * _DRAWS_PER_REPLICATE}",
        needed=f"{n}",
        hint="use trials of more speakers",
    )


def _checked_trials(
    scores: npt.ArrayLike,
    is_target: npt.ArrayLike,
    model_speaker: npt.ArrayLike,
    test_speaker: npt.ArrayLike,
) -> _Trials:
    values = check_scores(scores, "scores")
    models, tests = np.asarray(model_speaker), np.asarray(test_speaker)
    flags = np.asarray(is_target)
    if flags.dtype.kind != "b":
        raise InputError("is_target is not true or false", found=f"dtype {flags.dtype}")
    sides = {"is_target": flags, "model_speaker": models, "test_speaker": tests}
    _check_lengths(len(values), sides)
    if flags.all() or not flags.any():
        raise InputError(
            "trials are all of one kind",
            found=f"{int(flags.sum())} target trials of {len(flags)}",
            needed="at least one trial of either kind",
        )
    names, codes = np.unique(np.concatenate([models, tests]), return_inverse=True)
    _check_speakers(len(names))
    # Sorting sorted scores again, in every replicate, is cheap.
    order = np.argsort(values, kind="stable")
    model_codes, test_codes = codes[: len(models)][order], codes[len(models) :][order]
    _check_targets(flags[order], model_codes, test_codes, names)
    return _Trials(values[order], flags[order], model_codes, test_codes, len(names))


def _check_targets(
    is_target: Flags, models: Codes, tests: Codes, names: npt.NDArray[np.generic]
) -> None:
    wrong = np.flatnonzero(is_target != (models == tests))
    if len(wrong):
        first = int(wrong[0])
        kind = "target" if is_target[first] else "nontarget"
        pair = f"{names[models[first]]} and {names[tests[first]]}"
        raise InputError(
            "trials and speakers contradict each other",
            found=f"{len(wrong)} trials, among them a {kind} trial of {pair}",
            needed="the same speaker on both sides in target trials and nowhere else",
            hint="pass who speaks, not which recording",
        )


def _check_lengths(n: int, arrays: dict[str, npt.NDArray[np.generic]]) -> None:
    for name, array in arrays.items():
        if array.shape != (n,):
            raise InputError(
                f"{name} does not match the scores", found=f"shape {array.shape}", needed=f"({n},)"
            )


def _check_speakers(n_speakers: int) -> None:
    if n_speakers < 2:
        raise InputError(
            "there are too few speakers to draw from",
            found=str(n_speakers),
            needed="at least 2, and 20 or more for an interval that means much",
        )


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise ParameterError(
            "level is not usable", found=repr(level), needed="a number between 0 and 1, exclusive"
        )


def _interval(values: Float64Array, level: float) -> Interval:
    # No interpolation: a replicate may be infinite.
    ends = np.quantile(values, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
    return Interval(float(ends[0]), float(ends[1]), level)
