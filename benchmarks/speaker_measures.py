"""Figures of speaker recognition, each with its interval over speakers drawn anew."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from reporting import Figure

from gmmkit.speaker.evaluation.bootstrap import (
    Interval,
    Metric,
    speaker_bootstrap,
    speaker_bootstrap_mean,
)
from gmmkit.speaker.evaluation.evidence import calibration_loss
from gmmkit.speaker.evaluation.identification import ranks
from gmmkit.speaker.metrics import Refusals, cllr, equal_error_rate, min_cllr, min_dcf

Matrix = npt.NDArray[np.float64]
Columns = npt.NDArray[np.intp]
Bound = Mapping[str, float]

# Where errors are counted, a refused trial is one; where bits are, it says nothing.
ERROR_METRICS: Mapping[str, Metric] = {
    "EER": equal_error_rate,
    "minDCF .01": partial(min_dcf, operating_point="0.01"),
    "minDCF .05": partial(min_dcf, operating_point="0.05"),
}
EVIDENCE_METRICS: Mapping[str, Metric] = {
    "Cllr": cllr,
    "minCllr": min_cllr,
    "Cllr - minCllr": calibration_loss,
}
IDENTIFIED = "identified"
RATES = ("EER", IDENTIFIED)


@dataclass(frozen=True)
class Measured:
    """One figure of one protocol, and the interval it is sure to.

    Attributes
    ----------
    model, protocol, name : str
    value : float
        A rate is a share, not a percentage.
    interval : Interval or None
    is_rate : bool
    bound : mapping of str to float
        ``at_least`` or ``at_most``, in percent for rates.
    """

    model: str
    protocol: str
    name: str
    value: float
    interval: Interval | None = None
    is_rate: bool = False
    bound: Bound | None = None
    remark: str = ""

    @property
    def label(self) -> str:
        """What the figure is called among all of them."""
        return f"{self.model} {self.protocol}: {self.name}"

    @property
    def scale(self) -> float:
        """What turns the value into the unit that is shown."""
        return 100.0 if self.is_rate else 1.0

    def figure(self) -> Figure:
        """Return the figure as a line of a report."""
        ends = self.interval
        sure = f"{ends.level:.0%}: {self.short_interval()}" if ends else ""
        remark = "; ".join(filter(None, [sure, self.remark]))
        unit = "%" if self.is_rate else ""
        return Figure(self.label, self.scale * self.value, unit, remark=remark, **self.bound or {})

    def short_interval(self) -> str:
        """Return the interval's ends as a text."""
        if self.interval is None:
            return ""
        return f"{self.scale * self.interval.low:.3g} to {self.scale * self.interval.high:.3g}"


@dataclass(frozen=True, eq=False)
class Answers:
    """Every test of a protocol against everyone enrolled.

    Attributes
    ----------
    scores : ndarray of shape (n_tests, n_speakers)
        NaN in the rows of tests that were refused.
    truth : ndarray of shape (n_tests,)
        The column of the right one.
    """

    scores: Matrix
    truth: Columns

    @property
    def heard(self) -> npt.NDArray[np.bool_]:
        """Which tests were not refused."""
        return np.isfinite(self.scores).all(axis=1)

    @property
    def n_refused(self) -> int:
        """How many tests were refused."""
        return int((~self.heard).sum())

    @property
    def is_target(self) -> npt.NDArray[np.bool_]:
        """Which trials are of the same speaker."""
        return self.truth[:, None] == np.arange(self.scores.shape[1])

    def value(self, metric: Callable[..., float]) -> float:
        """Return a figure of all trials."""
        same, heard = self.is_target, self.heard
        refusals = Refusals(self.n_refused, self.n_refused * (self.scores.shape[1] - 1))
        scores, kinds = self.scores[heard], same[heard]
        return float(metric(scores[kinds], scores[~kinds], refusals=refusals))

    def interval(self, metric: Metric, refused: tuple[float, float], draws: int) -> Interval:
        """Return its interval; `refused` are the scores of refused target and other trials."""
        models, tests = np.broadcast_arrays(np.arange(self.scores.shape[1]), self.truth[:, None])
        filled = np.where(np.isnan(self.scores), np.where(self.is_target, *refused), self.scores)
        columns = (filled, self.is_target, models, tests)
        return speaker_bootstrap(metric, *(column.ravel() for column in columns), n=draws)

    def named_rightly(self) -> npt.NDArray[np.bool_]:
        """Return for each test whether its own speaker scores best."""
        never = np.where(np.isnan(self.scores), -np.inf, self.scores)
        return ranks(never, self.truth) == 1


def detection(
    model: str,
    protocol: str,
    answers: Answers,
    names: Sequence[str],
    *,
    draws: int,
    bounds: Mapping[str, Bound] | None = None,
    suffix: str = "",
) -> list[Measured]:
    """Return the figures of some names."""
    kept = bounds or {}
    return [
        Measured(
            model, protocol, name + suffix, *_valued(answers, name, draws), name in RATES,
            kept.get(name + suffix),
        )
        for name in names
    ]  # fmt: skip


def refused(model: str, protocol: str, answers: Answers) -> Measured:
    """Return how many tests were refused, which are errors in every other figure."""
    n_tests, n_speakers = answers.scores.shape
    remark = f"of {n_tests} tests, each against {n_speakers} speakers"
    return Measured(model, protocol, "refused", answers.n_refused, remark=remark)


def _valued(answers: Answers, name: str, draws: int) -> tuple[float, Interval]:
    if name == IDENTIFIED:
        right = answers.named_rightly()
        return float(right.mean()), speaker_bootstrap_mean(right, answers.truth, n=draws)
    if name in ERROR_METRICS:
        metric, at_refusal = ERROR_METRICS[name], (-np.inf, np.inf)
    else:
        metric, at_refusal = EVIDENCE_METRICS[name], (0.0, 0.0)
    return answers.value(metric), answers.interval(metric, at_refusal, draws)
