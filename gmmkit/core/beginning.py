"""Where EM begins: a start chosen by short runs, parts that were given, or a whole mixture."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gmmkit.core.covariance import Covariance
from gmmkit.core.execution import ArraySource, SerialExecutor
from gmmkit.core.families import Family
from gmmkit.core.mixture import Mixture
from gmmkit.core.passes import USUAL_PASSES
from gmmkit.core.preparation import Problem
from gmmkit.core.runs import Run, rank, sound
from gmmkit.core.start import SAMPLE_ROWS, candidate_starts, check_method
from gmmkit.core.units import Units
from gmmkit.errors import ParameterError

_SHORT_RUN = 5
# On photographs, EM that went ahead on a sample converged on all rows after 4 to 40 iterations.
_PASSES_AFTER_SAMPLE = 16
# Sample rows that a component needs, beside its dimensions or its least count, not to collapse.
_ROWS_A_COMPONENT = 10


@dataclass(frozen=True)
class Start:
    """Where EM begins.

    Parameters
    ----------
    method : str
        ``"kmeans"``, ``"k-means++"``, ``"random"`` or ``"random_from_data"``.
    weights, means, covariances : array_like, optional
        What to use instead of what the method finds; covariances in the family's own shape.

    Examples
    --------
    >>> Start("random").method
    'random'
    """

    method: str = "kmeans"
    weights: npt.ArrayLike | None = None
    means: npt.ArrayLike | None = None
    covariances: npt.ArrayLike | None = None

    @property
    def replaces_parts(self) -> bool:
        """Whether anything is given instead of found."""
        return any(part is not None for part in (self.weights, self.means, self.covariances))

    def settled(self, family: Family) -> "Start | Mixture":
        """Return the mixture that is given by all its parts; itself where any is to be found."""
        if self.weights is None or self.means is None or self.covariances is None:
            return self
        check_method(self.method)
        return Mixture(self.weights, self.means, Covariance(family, self.covariances))


def begin(
    problem: Problem, start: Start | Mixture, k: int, random: np.random.Generator, run: Run
) -> Mixture:
    """Return the working mixture that EM over all rows begins from.

    Parameters
    ----------
    problem : Problem
    start : Start or Mixture
    k : int
        Components.
    random : Generator
    run : Run
        How EM on the start sample stops, where there are more rows than it holds.

    Raises
    ------
    ParameterError
        If a given part or mixture does not match the problem.
    """
    if isinstance(start, Mixture):
        _check_start(start, problem, k)
        return problem.units.standardize(start)
    candidates = candidate_starts(
        start.method, problem.sample, k, problem.family, problem.units, random
    )
    if start.replaces_parts:
        return _replaced(_promising(problem, candidates), start, problem)
    best = _promising(problem, candidates)
    return _advanced(problem, best, run) if _goes_ahead_on_sample(problem, start, k) else best


def _goes_ahead_on_sample(problem: Problem, start: Start | Mixture, k: int) -> bool:
    """Tell whether EM is first run on the sample: it must be one, and hold rows enough for that."""
    found = isinstance(start, Start) and not start.replaces_parts
    n_features = problem.source.n_features
    needed = k * _ROWS_A_COMPONENT * max(n_features, problem.family.minimum_count(n_features))
    return found and problem.source.n_rows > SAMPLE_ROWS and len(problem.sample) >= needed


def expected_passes(problem: Problem, start: Start | Mixture, k: int, run: Run) -> int:
    """Return how many passes over all rows to expect from what `begin` returns."""
    few_to_go = _goes_ahead_on_sample(problem, start, k) and run.tol > 0
    return _PASSES_AFTER_SAMPLE if few_to_go else USUAL_PASSES


def _check_start(start: Mixture, problem: Problem, k: int) -> None:
    wanted = (k, problem.source.n_features, problem.family.name)
    given = (*start.means.shape, start.covariance.family.name)
    if wanted != given:
        raise ParameterError(
            "the starting mixture does not match",
            found="{} components, {} columns, {} covariances".format(*given),
            needed="{} components, {} columns, {} covariances".format(*wanted),
        )


def _promising(problem: Problem, candidates: list[Mixture]) -> Mixture:
    """Return the candidate whose short run on the start sample gets furthest."""
    if len(candidates) == 1:
        return candidates[0]
    inner, short = _on_sample(problem), Run(tol=0.0, max_iter=_SHORT_RUN)
    ranks = [rank(inner, short(inner, mixture, SerialExecutor())) for mixture in candidates]
    return candidates[ranks.index(max(ranks))]


def _advanced(problem: Problem, mixture: Mixture, run: Run) -> Mixture:
    """Return where EM on the start sample leads, from where all rows have few steps to go.

    Where it leads to a collapse, the start stays as it was.
    """
    on_sample, inner = replace(run, on_iteration=None, route=None), _on_sample(problem)
    result = on_sample(inner, mixture, SerialExecutor())
    return result.working_mixture if sound(inner, result) else mixture


def _on_sample(problem: Problem) -> Problem:
    """Return the problem of fitting the start sample alone, in the same working coordinates."""
    sample = ArraySource(problem.sample.rows, problem.sample.weights)
    return replace(problem, source=sample, units=Units.plain(sample.n_features))


def _replaced(mixture: Mixture, start: Start, problem: Problem) -> Mixture:
    found = problem.units.restore(mixture)
    covariance = found.covariance
    if start.covariances is not None:
        covariance = Covariance(problem.family, start.covariances)
    chosen = Mixture(
        found.weights if start.weights is None else start.weights,
        found.means if start.means is None else start.means,
        covariance,
    )
    return problem.units.standardize(chosen)
