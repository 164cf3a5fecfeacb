"""Expectation and maximization as pure steps, and the loop that repeats them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, check_rows, check_weights
from gmmkit.core.covariance import Covariance
from gmmkit.core.execution import Block, Executor, Source, total
from gmmkit.core.families import Family
from gmmkit.core.mixture import Mixture, Noise
from gmmkit.core.passes import USUAL_PASSES, first_route, make_pass
from gmmkit.core.routes import Route, choose_route
from gmmkit.core.statistics import SufficientStatistics
from gmmkit.core.units import Units
from gmmkit.errors import DegenerateFitError

# A component below this share of the total weight holds rounding errors, not rows.
_VANISHED = 10 * np.finfo(np.float64).eps


@dataclass(frozen=True, eq=False)
class Regularization:
    """What keeps covariances away from singular, in working units.

    Parameters
    ----------
    floor : ndarray of shape (D, D)
        A covariance below which none may fall: eigenvalues relative to it are clipped at one.
    ridge : ndarray of shape (D,)
        Added to every variance first, zero for none.
    """

    floor: Float64Array
    ridge: Float64Array

    def apply(self, family: Family, values: Float64Array) -> tuple[Float64Array, int]:
        """Return regularized covariance values and how many eigenvalues the floor lifted."""
        ridged = family.ridged(values, self.ridge) if self.ridge.any() else values
        return family.floored(ridged, self.floor)


@dataclass(frozen=True)
class Iteration:
    """What one iteration saw before it changed the parameters.

    Attributes
    ----------
    log_likelihood : float
        Nats per unit weight, in the data's units.
    route : str
        ``"float32"``, ``"float64"`` or ``"centered"``.
    floored : int
        Eigenvalues or variances that the floor lifted in the M-step that followed.
    """

    log_likelihood: float
    route: str
    floored: int


@dataclass(frozen=True, eq=False)
class EMState:
    """Where EM stands: the mixture in working coordinates, and what the next step needs to know."""

    mixture: Mixture
    units: Units
    least_route: Route = Route.FLOAT32
    log_likelihood: float = -np.inf
    small_gains: int = 0
    expected_passes: int = USUAL_PASSES


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
    """

    mixture: Mixture
    working_mixture: Mixture
    log_likelihood: float
    converged: bool
    n_iter: int
    trace: tuple[Iteration, ...]
    statistics: SufficientStatistics


def units_of(mixture: Mixture) -> Units:
    """Return working units suited to the data that a mixture describes.

    Examples
    --------
    >>> import numpy as np
    >>> units_of(Mixture([1.0], [[7.0]], np.full((1, 1, 1), 4.0))).origin
    array([7.])
    """
    shares = mixture.weights / mixture.weights.sum()
    mean = shares @ mixture.means
    variances = np.diagonal(mixture.covariances, axis1=1, axis2=2)
    variance = shares @ (variances + (mixture.means - mean) ** 2)
    return Units.of(mean, variance, mixture.covariance.family.symmetry)


def e_step(
    rows: npt.ArrayLike,
    mixture: Mixture,
    weights: npt.ArrayLike | None = None,
    *,
    units: Units | None = None,
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

    Raises
    ------
    InputError
        If rows or weights are unusable.

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
    return make_pass(working, units, route, len(array), 1)(Block(array, counted))


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
    alive = statistics.weight > _VANISHED * statistics.total
    if not alive.all() and previous is None:
        raise DegenerateFitError(
            "a component has no rows",
            found=f"{int((~alive).sum())} of {len(alive)}",
            hint="ask for fewer components",
        )
    counted = replace(statistics, weight=np.where(alive, statistics.weight, 1.0))
    values = family.estimate(counted.scatter(), counted.weight)
    means, floored = counted.means, 0
    if previous is not None and not alive.all():
        means = np.where(alive[:, None], means, previous.means)
        values = family.kept(values, previous.covariance.values, alive)
    if regularization is not None:
        values, floored = regularization.apply(family, values)
    weights = np.where(alive, statistics.weight, 0.0) / statistics.total
    noise = _noise(statistics, previous)
    return Mixture(weights, means, Covariance(family, values), noise), floored


def _noise(statistics: SufficientStatistics, previous: Mixture | None) -> Noise | None:
    if previous is None or previous.noise is None:
        return None
    return replace(previous.noise, weight=statistics.noise_weight / statistics.total)


def _expect(
    state: EMState, route: Route, source: Source, executor: Executor
) -> SufficientStatistics:
    passes = state.expected_passes
    return total(
        executor, make_pass(state.mixture, state.units, route, source.n_rows, passes), source
    )


def em_step(
    state: EMState,
    source: Source,
    executor: Executor,
    regularization: Regularization,
    *,
    tol: float,
) -> tuple[EMState, Iteration]:
    """Do one expectation and one maximization over all rows.

    Parameters
    ----------
    state : EMState
    source : Source
    executor : Executor
    regularization : Regularization
    tol : float
        A gain below this many nats per unit weight counts as small.

    Returns
    -------
    state : EMState
        With the new mixture; ``small_gains`` counts successive small gains.
    info : Iteration
        What the expectation saw.
    """
    route = choose_route(state.mixture, state.least_route)
    statistics = _expect(state, route, source, executor)
    family = state.mixture.covariance.family
    mixture, floored = _maximize(statistics, family, regularization, state.mixture)
    if choose_route(mixture, route) > route:
        # Sums by this route cannot hold the mixture that they lead to: do them over.
        higher = replace(state, least_route=Route(route + 1))
        return em_step(higher, source, executor, regularization, tol=tol)
    log_likelihood = statistics.log_likelihood / statistics.total
    small = log_likelihood - state.log_likelihood < tol
    following = replace(
        state,
        mixture=mixture,
        least_route=route,
        log_likelihood=log_likelihood,
        small_gains=state.small_gains + 1 if small else 0,
    )
    return following, Iteration(log_likelihood, route.name.lower(), floored)


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
    on_iteration: Callable[[int, Iteration], None] | None = None,
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
    on_iteration : callable, optional
        Called with the number of the iteration, from 1, and what it saw.
    """
    route = route or first_route(mixture, source)
    state = EMState(mixture, units, route, expected_passes=expected_passes)
    trace: list[Iteration] = []
    while len(trace) < max_iter and state.small_gains < 2:
        state, info = em_step(state, source, executor, regularization, tol=tol)
        trace.append(info)
        if on_iteration is not None:
            on_iteration(len(trace), info)
    final = choose_route(state.mixture, max(Route.FLOAT64, state.least_route))
    statistics = _expect(state, final, source, executor)
    return EMResult(
        mixture=units.restore(state.mixture),
        working_mixture=state.mixture,
        log_likelihood=statistics.log_likelihood,
        converged=state.small_gains >= 2,
        n_iter=len(trace),
        trace=tuple(trace),
        statistics=statistics,
    )
