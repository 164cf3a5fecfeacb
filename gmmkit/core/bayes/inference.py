"""Variational inference: passes under the surrogate mixture, and updates from their statistics.

The covariance family says what form the expected precisions may take; among posteriors of that
form each update is the best one. For ``full`` these are Bishop's (2006) equations 10.58 to 10.63,
for the other three of scikit-learn's words they are its updates. The lower bound is the whole of
equation 10.70, constants included, and never falls unless a floor acts.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from gmmkit.core.bayes.posterior import BayesPosterior
from gmmkit.core.bayes.priors import BayesPrior
from gmmkit.core.bayes.wishart import divergences
from gmmkit.core.checks import Float64Array
from gmmkit.core.covariance import Covariance
from gmmkit.core.engine.passes import first_route
from gmmkit.core.engine.routes import Route, choose_route
from gmmkit.core.execution import Executor
from gmmkit.core.families import Family, Moments
from gmmkit.core.fits.preparation import Problem
from gmmkit.core.maximization import Regularization
from gmmkit.core.mixture import Mixture
from gmmkit.core.statistics import SufficientStatistics


@dataclass(frozen=True)
class BayesIteration:
    """What one update led to.

    Attributes
    ----------
    lower_bound : float
        Of the log evidence after the update, in nats.
    gain : float
        What the update added to it.
    route : str
        ``"float32"``, ``"whitened"``, ``"float64"`` or ``"centered"``.
    floored : int
        Eigenvalues or variances that the floor lifted.

    Examples
    --------
    >>> from gmmkit.core.bayes import fit_bayes
    >>> result = fit_bayes(np.arange(20.0)[:, None], 2, seed=0)
    >>> min(info.gain for info in result.trace) > -1e-9
    True
    """

    lower_bound: float
    gain: float
    route: str
    floored: int


@dataclass(frozen=True, eq=False)
class Inference:
    """One problem under one prior, everything in the problem's working coordinates."""

    problem: Problem
    prior: BayesPrior
    executor: Executor

    def expect(self, mixture: Mixture, route: Route) -> SufficientStatistics:
        """Return the statistics of all rows under a working mixture."""
        problem = self.problem
        return problem.expectation(problem.source, mixture, problem.units, route, self.executor)

    def lower_bound(self, posterior: BayesPosterior, statistics: SufficientStatistics) -> float:
        """Return the bound on the log evidence, equation 10.70: a sum over rows less divergences.

        `statistics` are of all rows under the posterior's surrogate.
        """
        of_components = divergences(
            self.prior.components,
            posterior.means,
            posterior.mean_precision,
            posterior.degrees_of_freedom,
            posterior.covariance,
        )
        of_weights = posterior.concentration.divergence(self.prior.concentration)
        of_rows = statistics.log_likelihood + statistics.total * posterior.log_mass
        return of_rows - of_weights - float(of_components.sum())

    def update(
        self, statistics: SufficientStatistics, previous: Float64Array | None = None
    ) -> "Update":
        """Return the best posterior of the family's form, given the rows' responsibilities."""
        problem = self.problem
        regularization = problem.regularization
        return updated(self.prior, statistics, problem.family, regularization, previous)


@dataclass(frozen=True, eq=False)
class Update:
    """A posterior, and how many eigenvalues or variances a floor lifted in it."""

    posterior: BayesPosterior
    floored: int


def updated(
    prior: BayesPrior,
    statistics: SufficientStatistics,
    family: Family,
    regularization: Regularization,
    previous: Float64Array | None = None,
) -> Update:
    """Return the posterior that maximizes the lower bound for given responsibilities.

    Parameters
    ----------
    prior : BayesPrior
        In the statistics' working coordinates.
    statistics : SufficientStatistics
    family : Family
        The form of the expected precisions. The Wishart distribution whose expected precision has
        that form and that is nearest to the unrestricted one has its degrees of freedom, and
        the covariances that maximum likelihood would fit to its sums of squares.
    regularization : Regularization
    previous : ndarray, optional
        Where estimates begin that some families find by iterations: the last update's values.
    """
    counts, before = statistics.weight, prior.components
    # A component without rows has sums of zero, and any mean.
    counted = replace(statistics, weight=np.maximum(counts, np.finfo(np.float64).tiny))
    precision = before.mean_precision + counts
    offsets = counted.means - before.mean
    means = before.mean + (counts / precision)[:, None] * offsets
    freedom = before.degrees_of_freedom + counts
    pulled = counts * before.mean_precision / precision
    added = _added_squares(prior, counts, pulled, offsets, regularization.ridge, family.moments)
    values = family.estimate(counted.scatter() + added, freedom, previous)
    floor_alone = replace(regularization, ridge=np.zeros_like(regularization.ridge))
    values, floored = floor_alone.apply(family, values)
    if not family.per_component:
        # One distribution of one precision for all: its degrees are the mean of theirs.
        freedom = np.full_like(freedom, freedom.mean())
    concentration = prior.concentration.updated(counts)
    covariance = Covariance(family, values)
    return Update(BayesPosterior(concentration, means, precision, freedom, covariance), floored)


def _added_squares(
    prior: BayesPrior,
    counts: Float64Array,
    pulled: Float64Array,
    offsets: Float64Array,
    ridge: Float64Array,
    moments: Moments,
) -> Float64Array:
    """Return what joins the rows' own sums of squares: equation 10.62, and the ridge a row."""
    scale, ridges = prior.components.scale, counts[:, None] * ridge
    if moments is Moments.DIAGONAL:
        return scale + ridges + pulled[:, None] * offsets**2
    weighted = (pulled[:, None] * offsets)[:, :, None] * offsets[:, None, :]
    added: Float64Array = scale + ridges[:, :, None] * np.eye(len(scale)) + weighted
    return added.sum(axis=0) if moments is Moments.POOLED else added


@dataclass(frozen=True, eq=False)
class BayesState:
    """Where inference stands: a working posterior, and all rows under it."""

    posterior: BayesPosterior
    statistics: SufficientStatistics
    route: Route
    lower_bound: float
    small_gains: int = 0


def begin_from_mixture(inference: Inference, mixture: Mixture, route: Route | None) -> BayesState:
    """Return the state after one update from the responsibilities under a working mixture."""
    chosen = choose_route(mixture, route or first_route(mixture, inference.problem.source))
    statistics = inference.expect(mixture, chosen)
    posterior = inference.update(statistics, mixture.covariance.values).posterior
    if choose_route(posterior.surrogate, chosen) > chosen:
        # Sums by this route cannot hold the posterior that they lead to: do them over.
        return begin_from_mixture(inference, mixture, Route(chosen + 1))
    return begin_from_posterior(inference, posterior, chosen)


def begin_from_posterior(
    inference: Inference, posterior: BayesPosterior, route: Route | None, small_gains: int = 0
) -> BayesState:
    """Return the state at a working posterior, by arithmetic at least as exact as `route`."""
    surrogate = posterior.surrogate
    chosen = choose_route(surrogate, route or first_route(surrogate, inference.problem.source))
    statistics = inference.expect(surrogate, chosen)
    bound = inference.lower_bound(posterior, statistics)
    return BayesState(posterior, statistics, chosen, bound, small_gains)


def bayes_step(
    inference: Inference, state: BayesState, *, tol: float
) -> tuple[BayesState, BayesIteration]:
    """Update the posterior once, and see all rows under it.

    Parameters
    ----------
    inference : Inference
    state : BayesState
    tol : float
        A gain of the lower bound below this many nats per unit weight counts as small.
    """
    update = inference.update(state.statistics, state.posterior.covariance.values)
    if choose_route(update.posterior.surrogate, state.route) > state.route:
        higher = begin_from_posterior(
            inference, state.posterior, Route(state.route + 1), state.small_gains
        )
        return bayes_step(inference, higher, tol=tol)
    following = begin_from_posterior(inference, update.posterior, state.route)
    gain = following.lower_bound - state.lower_bound
    small = gain < tol * inference.problem.weight
    following = replace(following, small_gains=state.small_gains + 1 if small else 0)
    info = BayesIteration(following.lower_bound, gain, following.route.name.lower(), update.floored)
    return following, info


def run_bayes(
    inference: Inference,
    state: BayesState,
    *,
    tol: float,
    max_iter: int,
    on_iteration: Callable[[int, BayesIteration], None] | None = None,
) -> tuple[BayesState, tuple[BayesIteration, ...]]:
    """Repeat :func:`bayes_step` until two successive gains are small; end in double precision.

    Parameters
    ----------
    inference : Inference
    state : BayesState
        Where to begin.
    tol : float
        Nats per unit weight.
    max_iter : int
    on_iteration : callable, optional
        Called with the number of the iteration, from 1, and what it led to.
    """
    trace: list[BayesIteration] = []
    while len(trace) < max_iter and state.small_gains < 2:
        state, info = bayes_step(inference, state, tol=tol)
        trace.append(info)
        if on_iteration is not None:
            on_iteration(len(trace), info)
    if state.route < Route.FLOAT64:
        final = begin_from_posterior(inference, state.posterior, Route.FLOAT64, state.small_gains)
        return final, tuple(trace)
    return state, tuple(trace)
