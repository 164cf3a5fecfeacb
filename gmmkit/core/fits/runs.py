"""EM with its stopping rule, ready to go from any start, and what makes one run better."""

from collections.abc import Callable
from dataclasses import dataclass

from gmmkit.core.em import EMResult, Iteration, run_em
from gmmkit.core.engine.passes import USUAL_PASSES
from gmmkit.core.engine.routes import Route
from gmmkit.core.execution import Executor
from gmmkit.core.fits.journal import Journal
from gmmkit.core.fits.preparation import Problem
from gmmkit.core.fits.validity import too_few_rows, too_thin
from gmmkit.core.mixture import Mixture

OnIteration = Callable[[int, Iteration], None]


@dataclass(frozen=True)
class Run:
    """EM with its stopping rule.

    Parameters
    ----------
    tol : float
        Nats per unit weight; two successive gains below it end the run.
    max_iter : int
    route : Route, optional
        The least exact arithmetic allowed.
    on_iteration : callable, optional
    expected_passes : int
        How many iterations to expect: what decides whether compiled code is worth loading.
    acceleration : str
        ``"squarem"`` or ``"none"``.
    """

    tol: float
    max_iter: int
    route: Route | None = None
    on_iteration: OnIteration | None = None
    expected_passes: int = USUAL_PASSES
    acceleration: str = "none"

    def __call__(
        self,
        problem: Problem,
        mixture: Mixture,
        executor: Executor,
        journal: Journal | None = None,
    ) -> EMResult:
        """Run EM on a problem from a start, or from where a journal says that it stood."""
        passes = self.expected_passes
        return run_em(
            problem.source,
            mixture,
            problem.units,
            executor,
            problem.regularization,
            tol=self.tol,
            max_iter=self.max_iter,
            route=self.route,
            on_iteration=self.on_iteration,
            expected_passes=passes,
            expectation=problem.expectation,
            acceleration=self.acceleration,
            so_far=None if journal is None else journal.next_run(problem.units, passes),
            on_course=None if journal is None else journal.note,
        )


def sound(problem: Problem, result: EMResult) -> bool:
    """Tell whether every component has rows enough and is not suspiciously thin."""
    few = too_few_rows(result.statistics.weight, problem.family, problem.source.n_features)
    # Thinness is only suspect where nobody said how thin the data can honestly be.
    suspect = not problem.floor_given and too_thin(result.working_mixture).any()
    return not few.any() and not suspect


def rank(problem: Problem, result: EMResult) -> tuple[bool, float]:
    """Return what orders fits: a collapsed one never beats a sound one by its likelihood."""
    return sound(problem, result), result.log_likelihood + result.log_prior
