"""Where EM begins: searched for, chosen by short runs, built around what is known, or given."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gmmkit.core.covariance import Covariance
from gmmkit.core.engine.passes import USUAL_PASSES
from gmmkit.core.execution import Executor, SerialExecutor
from gmmkit.core.expectation import SOFT
from gmmkit.core.families import Family
from gmmkit.core.fits.preparation import Problem
from gmmkit.core.fits.runs import Run, rank, sound
from gmmkit.core.fits.uniform import with_noise
from gmmkit.core.mixture import Mixture
from gmmkit.core.search.hunt import (
    FEWEST_ROUNDS,
    USUAL_SEARCH,
    Finalist,
    Search,
    hunt,
    round_work,
)
from gmmkit.core.sources.arrays import ArraySource
from gmmkit.core.starts.centers import labels_around
from gmmkit.core.starts.row_sets import SAMPLE_ROWS
from gmmkit.core.starts.start import candidate_starts, mixture_from_labels, start_names
from gmmkit.core.units import Units
from gmmkit.errors import ParameterError

_SHORT_RUN = 5
# On photographs, EM that went ahead on a sample converged on all rows after 4 to 40 iterations.
_PASSES_AFTER_SAMPLE = 16
# From so many rows on, EM goes ahead on a second, larger sample: it saves most of the passes over
# all rows (of 926,000 pixels 10 were left of 59).
_LADDER_FROM, _LADDER_ROWS = 500_000, 100_000
# Sample rows that a component needs, beside its dimensions or its least count, not to collapse.
_ROWS_A_COMPONENT = 10
# The default is a search where so many times the usual work is enough for one.
_PATIENT = 3
# Contaminated rows make clusters of their own: so many random starts are tried beside others.
_RANDOM_STARTS = 10
_SEARCHES = ("auto", "search")


@dataclass(frozen=True)
class Start:
    """Where EM begins.

    Parameters
    ----------
    method : str
        ``"auto"``: a search where the data is small enough for one, else k-means. ``"search"``,
        ``"kmeans"``, ``"k-means++"``, ``"hierarchical"``, ``"random"`` or ``"random_from_data"``.
    weights, means, covariances : array_like, optional
        What to use instead of what the method finds; covariances in the family's own shape.
    labels : array_like of shape (N,), optional
        A component for every row, instead of a method.
    search : Search, optional
        What a search may cost.

    Examples
    --------
    >>> Start("random").method
    'random'
    """

    method: str = "auto"
    weights: npt.ArrayLike | None = None
    means: npt.ArrayLike | None = None
    covariances: npt.ArrayLike | None = None
    labels: npt.ArrayLike | None = None
    search: Search = USUAL_SEARCH

    @classmethod
    def of(cls, given: "str | Start | Search | Mixture | npt.ArrayLike") -> "Start | Mixture":
        """Return a start, whatever short form it was given in.

        Parameters
        ----------
        given : str, Start, Search, Mixture or array_like
            A method; a start; a search; a mixture; labels of the rows, whole numbers of shape
            (N,); or means of shape (K, D).

        Raises
        ------
        ParameterError
            If it is none of these.

        Examples
        --------
        >>> Start.of([[0.0], [5.0]]).means
        array([[0.],
               [5.]])
        """
        if isinstance(given, Start | Mixture):
            return given
        if isinstance(given, Search):
            return cls("search", search=given)
        if isinstance(given, str):
            return cls(given)
        array = np.asarray(given)
        if array.ndim == 1 and array.dtype.kind in "iu":
            return cls(labels=array)
        if array.ndim == 2 and array.dtype.kind in "iuf":
            return cls("kmeans", means=array.astype(np.float64))
        raise ParameterError(
            "the start is not usable",
            found=f"{array.dtype} of shape {array.shape}",
            needed="a method, labels (N,) that are whole numbers, means (K, D), or a mixture",
        )

    def __post_init__(self) -> None:
        if self.method not in (*_SEARCHES, *start_names()):
            raise ParameterError(
                "there is no such start",
                found=repr(self.method),
                needed="one of " + ", ".join((*_SEARCHES, *start_names())),
            )

    @property
    def replaces_parts(self) -> bool:
        """Whether anything is given instead of found."""
        return any(part is not None for part in (self.weights, self.means, self.covariances))

    def settled(self, family: Family) -> "Start | Mixture":
        """Return the mixture that is given by all its parts; itself where any is to be found."""
        if self.weights is None or self.means is None or self.covariances is None:
            return self
        return Mixture(self.weights, self.means, Covariance(family, self.covariances))


def begin(
    problem: Problem,
    start: Start | Mixture,
    k: int,
    random: np.random.Generator,
    run: Run,
    executor: Executor,
) -> list[Mixture]:
    """Return working mixtures that EM over all rows begins from, the most promising first.

    Parameters
    ----------
    problem : Problem
    start : Start or Mixture
    k : int
        Components.
    random : Generator
    run : Run
        How EM on samples stops, where there are more rows than the start sample holds.
    executor : Executor
        Where passes over larger samples run.

    Returns
    -------
    list of Mixture
        More than one only from a search; those after the first are for where that one collapses.

    Raises
    ------
    ParameterError
        If a given part or mixture does not match the problem.
    """
    if isinstance(start, Mixture):
        _check_start(start, problem, k)
        return [with_noise(problem.units.standardize(start), problem.noise)]
    if searches(problem, start, k):
        return [_mixture_of(finalist, problem) for finalist in _searched(problem, start, k, random)]
    found = _found(problem, start, k, random, run, executor)
    found = _replaced(found, start, problem) if start.replaces_parts else found
    return [with_noise(found, problem.noise)]


def searches(problem: Problem, start: Start | Mixture, k: int) -> bool:
    """Tell whether EM begins with a search."""
    if isinstance(start, Mixture) or start.labels is not None or start.replaces_parts:
        return False
    plain = problem.expectation == SOFT and not problem.anchored
    if start.method == "search":
        _check_searchable(plain)
        return True
    cost = FEWEST_ROUNDS * round_work(problem.sample, k, problem.family)
    small = problem.source.n_rows <= SAMPLE_ROWS and cost <= _PATIENT * start.search.work
    least = k * problem.family.minimum_count(problem.source.n_features)
    return start.method == "auto" and plain and small and k > 1 and least <= problem.weight


def _check_searchable(plain: bool) -> None:
    if not plain:
        raise ParameterError(
            "a search does not go with trimming, hard assignment, labels or fixed components",
            found="one of them beside start='search'",
            needed="another start",
            hint="start='auto' takes the best of several short runs there",
        )


def _searched(
    problem: Problem, start: Start, k: int, random: np.random.Generator
) -> list[Finalist]:
    return hunt(
        problem.sample,
        problem.family,
        problem.regularization,
        k,
        plan=start.search,
        noise=problem.noise,
        thin_allowed=problem.floor_given,
        random=random,
    )


def _mixture_of(finalist: Finalist, problem: Problem) -> Mixture:
    weights, means, values = finalist.parameters
    noise = problem.noise
    if noise is not None:
        noise = replace(noise, weight=max(0.0, 1.0 - float(weights.sum())))
    else:
        weights = weights / weights.sum()
    return Mixture(weights, means, Covariance(problem.family, values), noise)


def _found(
    problem: Problem,
    start: Start,
    k: int,
    random: np.random.Generator,
    run: Run,
    executor: Executor,
) -> Mixture:
    """Return the mixture that a method finds, or that is built around what is known."""
    if start.labels is not None:
        return _from_given_labels(problem, start.labels, k)
    if problem.anchored:
        return _around_anchors(problem, k, random)
    best = _promising(problem, _candidates(problem, start, k, random))
    if not _goes_ahead_on_sample(problem, start, k):
        return best
    ahead = _advanced(_on_sample(problem), best, run, SerialExecutor())
    if problem.source.n_rows < _LADDER_FROM:
        return ahead
    return _advanced(_on_larger_sample(problem, random), ahead, run, executor.nearby())


def _candidates(
    problem: Problem, start: Start, k: int, random: np.random.Generator
) -> list[Mixture]:
    method = "kmeans" if start.method in _SEARCHES else start.method
    methods = [method]
    if problem.expectation.trim:
        methods += ["random_from_data"] * _RANDOM_STARTS
    of_problem = problem.sample, k, problem.family, problem.units, random
    return [mixture for name in methods for mixture in candidate_starts(name, *of_problem)]


def _from_given_labels(problem: Problem, labels: npt.ArrayLike, k: int) -> Mixture:
    given = np.asarray(labels)
    usable = given.shape == (problem.n_given,) and given.min() >= 0 and given.max() < k
    if not usable:
        raise ParameterError(
            "labels to start from do not match the rows",
            found=f"shape {given.shape}, values {given.min()} to {given.max()}",
            needed=f"shape ({problem.n_given},), values 0 to {k - 1}",
        )
    rows = problem.complete_rows()
    return mixture_from_labels(rows, given[problem.index], k, problem.family, problem.units)


def _around_anchors(problem: Problem, k: int, random: np.random.Generator) -> Mixture:
    """Return a start whose labeled components are where their rows are, and fixed ones as given."""
    rows, named = problem.labeled_rows()
    known = np.full((k, rows.rows.shape[1]), np.nan)
    for component in np.unique(named[named >= 0]):
        own = named == component
        known[component] = np.average(rows.rows[own], axis=0, weights=rows.weights[own])
    fixed = problem.fixed
    if fixed is not None:
        known[: fixed.n_components] = fixed.means
    nearest = labels_around(rows.rows, rows.weights, known, k, random)
    labels = np.where(named >= 0, named, nearest)
    found = mixture_from_labels(rows, labels, k, problem.family, problem.units)
    return found if fixed is None else _with_fixed(found, fixed)


def _with_fixed(found: Mixture, fixed: Mixture) -> Mixture:
    """Return a mixture whose first components have the means and covariances of others."""
    means, values, n_fixed = found.means.copy(), found.covariance.values.copy(), len(fixed.means)
    means[:n_fixed], values[:n_fixed] = fixed.means, fixed.covariance.values
    return Mixture(found.weights, means, Covariance(found.covariance.family, values))


def _goes_ahead_on_sample(problem: Problem, start: Start | Mixture, k: int) -> bool:
    """Tell whether EM is first run on the sample: it must be one, and hold rows enough for that."""
    found = isinstance(start, Start) and not start.replaces_parts and start.labels is None
    plain = problem.expectation == SOFT and not problem.anchored
    n_features = problem.source.n_features
    needed = k * _ROWS_A_COMPONENT * max(n_features, problem.family.minimum_count(n_features))
    large = problem.source.n_rows > SAMPLE_ROWS and len(problem.sample) >= needed
    return found and plain and large


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
    inner, short = _contest(problem), Run(tol=0.0, max_iter=_SHORT_RUN)
    ranks = [
        rank(inner, short(inner, with_noise(mixture, inner.noise), SerialExecutor()))
        for mixture in candidates
    ]
    return candidates[ranks.index(max(ranks))]


def _advanced(inner: Problem, mixture: Mixture, run: Run, executor: Executor) -> Mixture:
    """Return where EM on a sample leads, from where all rows have few steps to go.

    Where it leads to a collapse, the start stays as it was.
    """
    on_sample = replace(run, on_iteration=None, route=None)
    result = on_sample(inner, with_noise(mixture, inner.noise), executor)
    return result.working_mixture if sound(inner, result) else mixture


def _contest(problem: Problem) -> Problem:
    """Return the problem that candidates compete in: on the sample, or where rows are trimmed, all.

    The sample of a trimmed problem holds no contamination that a start could fall for.
    """
    if not problem.expectation.trim:
        return _on_sample(problem)
    step = -(-problem.source.n_rows // SAMPLE_ROWS)
    every = problem.source.take(np.arange(0, problem.source.n_rows, step))
    return replace(problem, source=ArraySource(every.rows, every.weights))


def _on_sample(problem: Problem) -> Problem:
    """Return the problem of fitting the start sample alone, in the same working coordinates."""
    sample = ArraySource(problem.sample.rows, problem.sample.weights)
    return replace(problem, source=sample, units=Units.plain(sample.n_features))


def _on_larger_sample(problem: Problem, random: np.random.Generator) -> Problem:
    """Return the problem of fitting a larger sample, in the same working coordinates."""
    indices = np.sort(random.choice(problem.source.n_rows, _LADDER_ROWS, replace=False))
    block = problem.source.take(indices)
    return replace(problem, source=ArraySource(block.rows, block.weights))


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
