"""Expectation and maximization as pure steps, and the loop that repeats them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from gmmkit.core.acceleration import Path, Stage, go_on, path_for
from gmmkit.core.checks import check_rows, check_weights
from gmmkit.core.covariance import Covariance
from gmmkit.core.engine.passes import USUAL_PASSES, first_route
from gmmkit.core.engine.routes import Route, choose_route
from gmmkit.core.engine.turn import Turn
from gmmkit.core.execution import Executor, SerialExecutor
from gmmkit.core.expectation import SOFT, Expectation
from gmmkit.core.families import Family
from gmmkit.core.maximization import Parameters, Regularization, maximize
from gmmkit.core.mixture import Mixture
from gmmkit.core.noise import Noise
from gmmkit.core.priors import log_prior
from gmmkit.core.sources.arrays import ArraySource
from gmmkit.core.sources.blocks import Source
from gmmkit.core.statistics import SufficientStatistics
from gmmkit.core.units import Units, units_of


@dataclass(frozen=True)
class Iteration:
    """What one iteration saw before it changed the parameters.

    Attributes
    ----------
    log_likelihood : float
        Nats per unit weight, in the data's units.
    route : str
        ``"float32"``, ``"whitened"``, ``"float64"`` or ``"centered"``.
    floored : int
        Eigenvalues or variances that the floor lifted in the M-step that followed.
    log_prior : float
        Nats per unit weight, up to a constant; zero without a prior.
    passes : int
        How often it went over all rows: twice after an extrapolated mixture that was no better.
    """

    log_likelihood: float
    route: str
    floored: int
    log_prior: float = 0.0
    passes: int = 1

    @property
    def objective(self) -> float:
        """What no iteration lowers: log likelihood and log prior."""
        return self.log_likelihood + self.log_prior


@dataclass(frozen=True, eq=False)
class EMState:
    """Where EM stands: the mixture in working coordinates, and what the next step needs to know.

    Its `path` is None for EM without acceleration, its `turn` until columns are made uncorrelated.
    """

    mixture: Mixture
    units: Units
    least_route: Route = Route.FLOAT32
    objective: float = -np.inf
    small_gains: int = 0
    expected_passes: int = USUAL_PASSES
    path: Path | None = None
    turn: Turn | None = None


@dataclass(frozen=True, eq=False)
class EMCourse:
    """How far a run has come: all that is needed to go on as if nothing had come between.

    Attributes
    ----------
    state : EMState
    trace : tuple of Iteration
        What its iterations saw so far.
    """

    state: EMState
    trace: tuple[Iteration, ...] = ()

    @property
    def converged(self) -> bool:
        """Whether two successive gains were small."""
        return self.state.small_gains >= 2


@dataclass(frozen=True, eq=False)
class EMResult:
    """A finished run.

    Attributes
    ----------
    mixture : Mixture
        In the data's units.
    working_mixture : Mixture
        The same in working coordinates, with the digits that the data's units may not hold.
    log_likelihood : float
        The sum over rows of weight times log density, in nats, from a float64 pass.
    converged : bool
    n_iter : int
    trace : tuple of Iteration
    statistics : SufficientStatistics
        Of all rows under the final mixture.
    log_prior : float
        Of the final mixture, in nats, up to a constant; zero without a prior.
    """

    mixture: Mixture
    working_mixture: Mixture
    log_likelihood: float
    converged: bool
    n_iter: int
    trace: tuple[Iteration, ...]
    statistics: SufficientStatistics
    log_prior: float = 0.0


def parameters_of(mixture: Mixture) -> Parameters:
    """Return a mixture's bare numbers.

    Examples
    --------
    >>> parameters_of(Mixture([1.0], [[2.0]], [[[1.0]]])).means
    array([[2.]])
    """
    return Parameters(mixture.weights, mixture.means, mixture.covariance.values)


def e_step(
    rows: npt.ArrayLike,
    mixture: Mixture,
    weights: npt.ArrayLike | None = None,
    *,
    units: Units | None = None,
    assignment: str = "soft",
) -> SufficientStatistics:
    """Return the sufficient statistics of a block of rows under a mixture, in float64.

    Parameters
    ----------
    rows : array_like of shape (N, D)
    mixture : Mixture
        In the data's units.
    weights : array_like of shape (N,), optional
        Frequencies; rows of weight zero count as absent.
    units : Units, optional
        Working coordinates; the default depends on the mixture alone, so that the statistics of
        different blocks under one mixture can be added.
    assignment : str
        ``"soft"``, or ``"hard"``: a row belongs to its likeliest component alone, and the log
        likelihood is the classification likelihood.

    Raises
    ------
    InputError
        If rows or weights are unusable.
    ParameterError
        If there is no such assignment.

    Examples
    --------
    >>> import numpy as np
    >>> mixture = Mixture([0.5, 0.5], [[0.0], [9.0]], np.ones((2, 1, 1)))
    >>> e_step([[0.0], [9.0], [9.0]], mixture).weight.round(6).tolist()
    [1.0, 2.0]
    """
    array = check_rows(rows, n_features=mixture.n_features)
    counted = check_weights(weights, len(array))
    if counted is not None:
        array, counted = array[counted > 0], counted[counted > 0]
    units = units or units_of(mixture)
    working = units.standardize(mixture)
    route = choose_route(working, Route.FLOAT64)
    rows_of = ArraySource(array, counted)
    return Expectation(assignment)(rows_of, working, units, route, SerialExecutor(), 1)


def m_step(
    statistics: SufficientStatistics,
    family: Family,
    *,
    regularization: Regularization | None = None,
    previous: Mixture | None = None,
) -> Mixture:
    """Return the mixture that maximizes the expected log likelihood, in the data's units.

    Parameters
    ----------
    statistics : SufficientStatistics
    family : Family
        What covariances may look like.
    regularization : Regularization, optional
        In the statistics' working units.
    previous : Mixture, optional
        In the data's units; where a component that lost all its rows stays.

    Raises
    ------
    DegenerateFitError
        If a component has no rows and there is no `previous`.
    ParameterError
        If a covariance is singular and there is no `regularization`.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.covariance import family
    >>> start = Mixture([1.0], [[0.0]], np.ones((1, 1, 1)))
    >>> m_step(e_step([[1.0], [3.0]], start), family("full")).means
    array([[2.]])
    """
    units = statistics.units
    working = None if previous is None else units.standardize(previous)
    mixture, _ = _maximize(statistics, family, regularization, working)
    return units.restore(mixture)


def _maximize(
    statistics: SufficientStatistics,
    family: Family,
    regularization: Regularization | None,
    previous: Mixture | None,
) -> tuple[Mixture, int]:
    """Return the maximizing mixture in working coordinates, and how often the floor acted."""
    before = None if previous is None else parameters_of(previous)
    found, floored = maximize(statistics, family, regularization, before)
    covariance = Covariance(family, found.values)
    return Mixture(found.weights, found.means, covariance, _noise(statistics, previous)), floored


def _noise(statistics: SufficientStatistics, previous: Mixture | None) -> Noise | None:
    if previous is None or previous.noise is None:
        return None
    return replace(previous.noise, weight=float(np.sum(statistics.noise_weight)) / statistics.total)


def em_step(
    state: EMState,
    source: Source,
    executor: Executor,
    regularization: Regularization,
    *,
    tol: float,
    expectation: Expectation = SOFT,
) -> tuple[EMState, Iteration]:
    """Do one expectation and one maximization over all rows.

    Where the state stands at an extrapolated mixture that turns out to be worse than the one
    before it, what EM alone leads to is taken instead, at the cost of another pass.

    Parameters
    ----------
    state : EMState
    source : Source
    executor : Executor
    regularization : Regularization
    tol : float
        A gain below this many nats per unit weight counts as small.
    expectation : Expectation
        Soft or hard, of all rows or of those not trimmed.

    Returns
    -------
    state : EMState
        With the new mixture; ``small_gains`` counts successive small gains.
    info : Iteration
        What the expectation saw.
    """
    route = choose_route(state.mixture, state.least_route, state.turn)
    turn = state.turn or (Turn.of(state.mixture) if route is Route.WHITENED else None)
    passes = state.expected_passes
    statistics = expectation(source, state.mixture, state.units, route, executor, passes, turn=turn)
    family = state.mixture.covariance.family
    mixture, floored = _maximize(statistics, family, regularization, state.mixture)
    if choose_route(mixture, route, turn) > route:
        # Sums by this route cannot hold the mixture that they lead to: do them over.
        higher = replace(state, least_route=choose_route(mixture, route, turn))
        return em_step(higher, source, executor, regularization, tol=tol, expectation=expectation)
    log_likelihood = statistics.log_likelihood / statistics.total
    penalty = _log_prior(state.mixture, regularization) / statistics.total
    info = Iteration(log_likelihood, route.name.lower(), floored, penalty)
    gain = info.objective - state.objective
    path = state.path
    if path is not None and path.way_back is not None and not gain >= 0:
        back = replace(state, mixture=path.way_back, path=path.turned_back())
        state, info = em_step(
            back, source, executor, regularization, tol=tol, expectation=expectation
        )
        return state, replace(info, passes=info.passes + 1)
    if path is not None:
        again = partial(_maximize, family=family, regularization=regularization, previous=mixture)
        stage = Stage(statistics, mixture, floored)
        path, mixture = go_on(path, stage, again, gain=gain, tol=tol)
    following = replace(
        state,
        mixture=mixture,
        least_route=route,
        objective=info.objective,
        small_gains=state.small_gains + 1 if gain < tol else 0,
        path=path,
        turn=turn,
    )
    return following, info


def _log_prior(working: Mixture, regularization: Regularization) -> float:
    prior = regularization.prior
    return 0.0 if prior is None else log_prior(working, prior)


def run_em(
    source: Source,
    mixture: Mixture,
    units: Units,
    executor: Executor,
    regularization: Regularization,
    *,
    tol: float = 1e-4,
    max_iter: int = 200,
    route: Route | None = None,
    expected_passes: int = USUAL_PASSES,
    expectation: Expectation = SOFT,
    acceleration: str = "none",
    so_far: EMCourse | None = None,
    on_iteration: Callable[[int, Iteration], None] | None = None,
    on_course: Callable[[EMCourse], None] | None = None,
) -> EMResult:
    """Repeat :func:`em_step` until two successive gains are small.

    Parameters
    ----------
    source : Source
    mixture : Mixture
        The start, in the working coordinates of `units`.
    units : Units
    executor : Executor
    regularization : Regularization
    tol : float
        Nats per unit weight.
    max_iter : int
        Zero evaluates the start and changes nothing.
    route : Route, optional
        Forces the arithmetic at least to this. By default many float32 rows start from float32.
    expected_passes : int
        How many iterations to expect: what decides whether compiled code is worth loading.
    expectation : Expectation
        Soft or hard, of all rows or of those not trimmed.
    acceleration : str
        ``"squarem"`` extrapolates where that raises the objective; ``"none"`` is EM alone, as is
        all hard assignment.
    so_far : EMCourse, optional
        Where to go on, instead of from the start.
    on_iteration : callable, optional
        Called with the number of the iteration, from 1, and what it saw.
    on_course : callable, optional
        Called with how far the run has come, after every iteration.
    """
    route = route or first_route(mixture, source)
    path = path_for(acceleration, hard=expectation.assignment == "hard")
    start = EMState(mixture, units, route, expected_passes=expected_passes, path=path)
    course = so_far or EMCourse(start)
    while len(course.trace) < max_iter and not course.converged:
        state, info = em_step(
            course.state, source, executor, regularization, tol=tol, expectation=expectation
        )
        course = EMCourse(state, (*course.trace, info))
        if on_iteration is not None:
            on_iteration(len(course.trace), info)
        if on_course is not None:
            on_course(course)
    state = course.state
    final = choose_route(state.mixture, max(Route.FLOAT64, state.least_route))
    statistics = expectation(source, state.mixture, units, final, executor, expected_passes)
    return EMResult(
        mixture=units.restore(state.mixture),
        working_mixture=state.mixture,
        log_likelihood=statistics.log_likelihood,
        converged=course.converged,
        n_iter=len(course.trace),
        trace=course.trace,
        statistics=statistics,
        log_prior=_log_prior(state.mixture, regularization),
    )
