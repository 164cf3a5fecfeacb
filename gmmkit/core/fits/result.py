"""What a fit came to: the best of its runs, what they differed in, and what one should know."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from math import log

import numpy as np
import numpy.typing as npt

from gmmkit.core.em import EMResult, Iteration
from gmmkit.core.engine.scoring import Scorer
from gmmkit.core.execution import Executor
from gmmkit.core.fits.optima import Optimum, distinct_optima
from gmmkit.core.fits.preparation import Problem
from gmmkit.core.fits.runs import rank, sound
from gmmkit.core.fits.validity import too_few_rows, too_thin
from gmmkit.core.mixture import Mixture
from gmmkit.core.trimming import trimmed
from gmmkit.errors import FitWarning


@dataclass(frozen=True, eq=False)
class FitResult:
    """A fitted mixture and how it came about.

    Attributes
    ----------
    mixture : Mixture
    log_likelihood : float
        The sum over rows of weight times log density, in nats, from a float64 pass.
    converged : bool
        Whether two successive gains were below ``tol``.
    n_iter : int
        Iterations of the run that won.
    trace : tuple of Iteration
        One entry an iteration of the run that won.
    valid : bool
        Whether every component has rows enough and is not collapsed.
    notes : tuple of str
        What a person should know: floors that acted, components that collapsed, data without
        spread.
    start_log_likelihoods : tuple of float
        What each start reached, in nats; of a search, each of its finalists.
    weight : float
        The sum of the rows' weights, of those not trimmed: the n of BIC.
    optima : tuple of Optimum
        The distinct local optima that the starts led to, the best valid one first.
    searched : bool
        Whether those are the finalists of a search, and not where single starts ended.
    kept : ndarray of shape (N,) or None
        Of a trimmed fit: which rows the likelihood is of.

    Examples
    --------
    >>> from gmmkit.core.fits.fitting import fit
    >>> result = fit(np.arange(20.0)[:, None], 1)
    >>> bool(np.isclose(result.bic(), 2 * np.log(20) - 2 * result.log_likelihood))
    True
    """

    mixture: Mixture
    log_likelihood: float
    converged: bool
    n_iter: int
    trace: tuple[Iteration, ...]
    valid: bool
    notes: tuple[str, ...]
    start_log_likelihoods: tuple[float, ...]
    weight: float
    optima: tuple[Optimum, ...] = ()
    searched: bool = False
    kept: npt.NDArray[np.bool_] | None = None

    def bic(self) -> float:
        """Return the Bayesian information criterion (Schwarz 1978); lower is better."""
        return self.mixture.n_parameters * log(self.weight) - 2 * self.log_likelihood

    def aic(self) -> float:
        """Return Akaike's information criterion; lower is better."""
        return 2 * self.mixture.n_parameters - 2 * self.log_likelihood

    def _repr_html_(self) -> str:
        from gmmkit.core.notebook.cards import fit_card

        return fit_card(self)


@dataclass(frozen=True)
class Outcome:
    """What starts came to.

    Attributes
    ----------
    runs : tuple of EMResult
        Those that EM was run from to the end.
    others : tuple of EMResult
        Where other finalists of a search stand.
    searched : bool
        Whether the starts were searched for.
    """

    runs: tuple[EMResult, ...] = ()
    others: tuple[EMResult, ...] = ()
    searched: bool = False

    @property
    def everything(self) -> tuple[EMResult, ...]:
        """What was run, and where others stand."""
        return self.runs + self.others

    def joined_by(self, other: "Outcome") -> "Outcome":
        """Return both outcomes as one."""
        searched = self.searched or other.searched
        return Outcome(self.runs + other.runs, self.others + other.others, searched)


def result_of(problem: Problem, outcome: Outcome, executor: Executor) -> FitResult:
    """Return the best of some runs, and what the others came to.

    Warns
    -----
    FitWarning
        If a component lost all its rows.
    """
    best = max(outcome.runs, key=lambda result: rank(problem, result))
    empty = int((best.mixture.weights == 0).sum())
    if empty:
        warnings.warn(FitWarning(_empty_note(empty)), stacklevel=3)
    return FitResult(
        mixture=best.mixture,
        log_likelihood=best.log_likelihood,
        converged=best.converged,
        n_iter=best.n_iter,
        trace=best.trace,
        valid=sound(problem, best),
        notes=tuple(_notes(problem, best)),
        start_log_likelihoods=tuple(result.log_likelihood for result in outcome.everything),
        weight=best.statistics.total if problem.expectation.trim else problem.weight,
        optima=distinct_optima(_optimum(problem, result) for result in outcome.everything),
        searched=outcome.searched,
        kept=_kept_rows(problem, best, executor),
    )


def _optimum(problem: Problem, result: EMResult) -> Optimum:
    return Optimum(result.log_likelihood, sound(problem, result), 1, result.mixture)


def _kept_rows(
    problem: Problem, result: EMResult, executor: Executor
) -> npt.NDArray[np.bool_] | None:
    """Return which of the rows that the caller gave are not trimmed under the final mixture."""
    if not problem.expectation.trim:
        return None
    scorer = Scorer.of(problem.units.restore(result.working_mixture))
    hard = problem.expectation.assignment == "hard"
    kept = trimmed(problem.source, scorer, problem.expectation.trim, executor, hard=hard)
    rows = np.zeros(problem.n_given, dtype=bool)
    rows[problem.index] = kept.kept > 0
    return rows


def _empty_note(empty: int) -> str:
    hint = "ask for fewer, or for more starts (n_init)"
    return f"{_counted(empty, 'component')} lost all rows: {hint}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _notes(problem: Problem, result: EMResult) -> Iterator[str]:
    if problem.constant_directions and not problem.held_up:
        yield constant_note(problem)
    if result.trace and result.trace[-1].floored:
        held = _counted(result.trace[-1].floored, "variance")
        yield f"the floor holds up {held}: some rows are as good as equal there"
    empty = int((result.mixture.weights == 0).sum())
    if empty:
        yield _empty_note(empty)
    few = too_few_rows(result.statistics.weight, problem.family, problem.source.n_features)
    if few.any():
        yield f"fewer rows than a covariance needs: in {_counted(int(few.sum()), 'component')}"
    thin = too_thin(result.working_mixture)
    if thin.any() and not problem.floor_given:
        yield f"collapsed in some direction: {_counted(int(thin.sum()), 'component')}"


def constant_note(problem: Problem) -> str:
    """Return what to say of data without spread in some direction."""
    columns = np.flatnonzero(problem.units.constant).tolist()
    which = f"columns {columns} are constant" if columns else "columns are linearly dependent"
    return f"{which}: variances there stand at the floor (leave such columns out, or use 'diag')"
