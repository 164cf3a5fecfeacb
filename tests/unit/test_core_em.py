"""EM's two steps against closed forms, and its loop: when it stops and what it writes down."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from strategies import FAMILIES, blobs, make_mixture, posterior_oracle

from gmmkit import ConjugatePrior, Covariance, Mixture, Noise, fit
from gmmkit.core.em import EMState, Iteration, e_step, em_step, m_step, run_em
from gmmkit.core.engine.routes import Route
from gmmkit.core.execution import SerialExecutor
from gmmkit.core.families import family
from gmmkit.core.maximization import Regularization
from gmmkit.core.priors import log_prior
from gmmkit.core.sources.arrays import ArraySource
from gmmkit.core.units import Units, units_of
from gmmkit.errors import DegenerateFitError, ParameterError

NO_FLOOR = 1e-12


def regularization(d, *, floor=NO_FLOOR, ridge=0.0):
    """A floor and a ridge that are the same in every direction."""
    return Regularization(floor * np.eye(d), np.full(d, ridge))


def steps(rows, mixture, **options):
    """Run EM about the origin in the data's own units."""
    rows = np.asarray(rows, dtype=np.float64)
    d = rows.shape[1]
    options.setdefault("route", Route.FLOAT64)
    with SerialExecutor() as executor:
        return run_em(
            ArraySource(rows),
            mixture,
            Units.plain(d),
            executor,
            options.pop("regularization", regularization(d)),
            **options,
        )


def in_family(covariance, name):
    """The maximum-likelihood covariance of one component, restricted to a family."""
    d = len(covariance)
    if name == "diag":
        return np.diag(np.diagonal(covariance))
    return np.trace(covariance) / d * np.eye(d) if name == "spherical" else covariance


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", FAMILIES)
def test_one_component_is_the_weighted_mean_and_covariance(name, weighted):
    rows = blobs(50, 3, 2, seed=1)
    weights = np.random.default_rng(1).uniform(0.1, 5, 50) if weighted else np.ones(50)
    mixture = m_step(e_step(rows, make_mixture(name, 1, 3), weights), family(name))
    covariance = np.cov(rows.T, aweights=weights, ddof=0)
    np.testing.assert_allclose(mixture.weights, [1.0])
    np.testing.assert_allclose(mixture.means[0], np.average(rows, axis=0, weights=weights))
    np.testing.assert_allclose(mixture.covariances[0], in_family(covariance, name), atol=1e-12)


@pytest.mark.parametrize("name", FAMILIES)
def test_an_m_step_follows_the_textbook_for_several_components(name):
    start, rows = make_mixture(name, 3, 2), blobs(60, 2, 3, seed=2)
    responsibilities, _ = posterior_oracle(rows, start)
    counts = responsibilities.sum(axis=0)
    means = responsibilities.T @ rows / counts[:, None]
    scatter = np.zeros((3, 2, 2))
    for k in range(3):
        for r, row in zip(responsibilities[:, k], rows, strict=True):
            scatter[k] += r * np.outer(row - means[k], row - means[k])
    each = scatter / counts[:, None, None]
    pooled = np.stack([scatter.sum(axis=0) / 60] * 3)
    expected = pooled if name == "tied" else np.stack([in_family(c, name) for c in each])
    mixture = m_step(e_step(rows, start), family(name))
    np.testing.assert_allclose(mixture.weights, counts / 60, rtol=1e-12)
    np.testing.assert_allclose(mixture.means, means, rtol=1e-10)
    np.testing.assert_allclose(mixture.covariances, expected, rtol=1e-9, atol=1e-12)


def test_two_groups_that_hardly_know_of_each_other_are_fitted_by_hand():
    """{-101, -99} and {97, 100, 103}: means -100 and 100, variances 1 and 6, shares 2/5 and 3/5."""
    start = Mixture([0.5, 0.5], [[-90.0], [90.0]], np.full((2, 1, 1), 4.0))
    mixture = m_step(e_step([[-101], [-99], [97], [100], [103]], start), family("full"))
    np.testing.assert_allclose(mixture.weights, [0.4, 0.6], rtol=1e-12)
    np.testing.assert_allclose(mixture.means, [[-100.0], [100.0]], rtol=1e-12)
    np.testing.assert_allclose(mixture.covariances.ravel(), [1.0, 6.0], rtol=1e-12)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_component_without_rows_keeps_its_place_and_loses_its_weight(name):
    near = make_mixture(name, 2, 2)
    means = np.array([near.means[0], [1e5, 1e5]])
    start = Mixture(near.weights, means, near.covariance)
    rows = blobs(40, 2, 1, seed=3)
    mixture = m_step(e_step(rows, start), family(name), previous=start)
    assert mixture.weights.tolist() == [1.0, 0.0]
    np.testing.assert_allclose(mixture.means[1], [1e5, 1e5], rtol=1e-12)
    if name != "tied":
        np.testing.assert_allclose(mixture.covariances[1], start.covariances[1], rtol=1e-12)


def test_a_component_with_the_mere_rounding_of_a_row_counts_as_one_without():
    """Nine deviations off: e^-40.5 of two rows is no mean and no variance to go by."""
    start = Mixture([0.5, 0.5], [[0.0], [9.0]], np.full((2, 1, 1), 1.0))
    statistics = e_step([[-0.5], [0.5]], start)
    assert 0 < statistics.weight[1] < 1e-14
    mixture = m_step(statistics, family("full"), previous=start)
    assert mixture.weights[1] == 0.0
    np.testing.assert_allclose(mixture.means[1], [9.0], rtol=1e-12)


def test_a_component_without_rows_is_refused_where_there_is_nothing_to_keep():
    start = Mixture([0.5, 0.5], [[0.0], [1e5]], np.ones((2, 1, 1)))
    with pytest.raises(DegenerateFitError, match="found 1 of 2"):
        m_step(e_step([[0.0], [1.0]], start), family("full"))


@pytest.mark.parametrize("name", FAMILIES)
def test_a_singular_covariance_is_refused_without_regularization(name):
    start = make_mixture(name, 1, 2)
    with pytest.raises(ParameterError, match="positive"):
        m_step(e_step([[1.0, 1.0], [1.0, 1.0]], start), family(name))


def test_noise_keeps_its_density_and_gets_its_share_of_the_rows():
    start = make_mixture("full", 2, 2, noise=0.3)
    rows = np.random.default_rng(4).normal(scale=6, size=(80, 2))
    responsibilities, _ = posterior_oracle(rows, start)
    mixture = m_step(e_step(rows, start), family("full"), previous=start)
    assert mixture.noise.log_density == pytest.approx(start.noise.log_density)
    assert mixture.noise.weight == pytest.approx(1 - responsibilities.sum() / 80)
    assert mixture.weights.sum() + mixture.noise.weight == pytest.approx(1.0)


def test_em_with_noise_never_loses_likelihood():
    outliers = np.random.default_rng(5).uniform(-30, 30, (50, 2))
    rows = np.concatenate([blobs(150, 2, 2, seed=5), outliers])
    wide = [20 * np.eye(2), 30 * np.eye(2)]
    start = Mixture([0.4, 0.4], [[-3.0, 0.0], [3.0, 1.0]], wide, Noise(0.2, -2 * np.log(60)))
    trace = steps(rows, start, tol=0, max_iter=60).trace
    gains = np.diff([info.log_likelihood for info in trace])
    assert (gains > -1e-10).all()
    assert len(gains) > 10


def test_noise_that_explains_every_row_leaves_a_mixture_all_the_same():
    start = Mixture([0.5], [[0.0]], np.ones((1, 1, 1)), Noise(0.5, 3.0))
    result = steps([[100.0], [110.0], [120.0]], start, max_iter=3, tol=0)
    assert np.isfinite(result.log_likelihood)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_floor_that_acts_is_counted_in_the_trace(name):
    start = make_mixture(name, 1, 2)
    rows = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    result = steps(rows, start, max_iter=1, regularization=regularization(2, floor=1.0))
    assert result.trace[0].floored >= 1
    assert np.linalg.eigvalsh(result.mixture.covariances[0]).min() == pytest.approx(1.0)


def test_the_loop_stops_after_two_successive_small_gains():
    rows, start = blobs(200, 2, 2, seed=6, separation=1.0), make_mixture("full", 2, 2, seed=3)
    result = steps(rows, start, tol=1e-4, max_iter=1000)
    small = np.diff([info.log_likelihood for info in result.trace]) < 1e-4
    assert result.converged
    assert small[-2:].tolist() == [True, True]
    assert not (small[:-2] & small[1:-1]).any()


def test_one_small_gain_between_large_ones_does_not_stop_the_loop():
    """Small gains are counted in a row: a large one starts the count again."""
    rows, mixture = blobs(60, 1, 2, seed=7), make_mixture("full", 2, 1)
    source, executor = ArraySource(rows), SerialExecutor()
    state = EMState(mixture, Units.plain(1), Route.FLOAT64, objective=-np.inf, small_gains=1)
    state, _ = em_step(state, source, executor, regularization(1), tol=1e-4)
    assert state.small_gains == 0
    state, _ = em_step(state, source, executor, regularization(1), tol=1e9)
    assert state.small_gains == 1


def test_the_tolerance_is_per_unit_of_weight():
    rows, start = blobs(100, 2, 2, seed=8), make_mixture("full", 2, 2, seed=4)
    source = ArraySource(rows), ArraySource(rows, np.full(100, 1000.0))
    lengths = [
        run_em(s, start, Units.plain(2), SerialExecutor(), regularization(2), tol=1e-4).n_iter
        for s in source
    ]
    assert lengths[0] == lengths[1]


def test_no_iterations_leave_the_start_and_evaluate_it():
    rows, start = blobs(50, 2, 2, seed=9), make_mixture("full", 2, 2)
    result = steps(rows, start, max_iter=0)
    _, log_density = posterior_oracle(rows, start)
    assert result.log_likelihood == pytest.approx(log_density.sum(), rel=1e-12)
    assert result.mixture.means.tolist() == start.means.tolist()
    assert (result.n_iter, result.trace, result.converged) == (0, (), False)


def test_the_final_likelihood_is_that_of_the_final_mixture():
    rows, start = blobs(80, 2, 2, seed=10), make_mixture("full", 2, 2)
    result = steps(rows, start, max_iter=3, tol=0)
    _, log_density = posterior_oracle(rows, result.mixture)
    assert result.log_likelihood == pytest.approx(log_density.sum(), rel=1e-11)


def test_the_first_entry_of_the_trace_is_the_likelihood_of_the_start():
    rows, start = blobs(80, 2, 2, seed=11), make_mixture("full", 2, 2)
    trace = steps(rows, start, max_iter=2, tol=0).trace
    _, log_density = posterior_oracle(rows, start)
    assert trace[0].log_likelihood == pytest.approx(log_density.mean(), rel=1e-12)
    assert trace[0].route == "float64"


def test_a_caller_is_told_of_every_iteration():
    told = []
    rows = blobs(80, 2, 2, seed=12)
    result = fit(rows, 2, seed=0, on_iteration=lambda number, info: told.append((number, info)))
    assert [number for number, _ in told] == list(range(1, result.n_iter + 1))
    assert tuple(info for _, info in told) == result.trace


def test_what_a_caller_raises_comes_through():
    def stop(number, info):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(blobs(80), 2, seed=0, on_iteration=stop)


def test_a_route_only_ever_goes_up_within_a_fit():
    """Two tight groups a long way apart: the bound passes float32's limit as they are found."""
    random = np.random.default_rng(13)
    rows = np.repeat([[0.0], [10.0]], 150, axis=0) + 1e-3 * random.normal(size=(300, 1))
    start = Mixture([0.5, 0.5], [[4.0], [6.0]], np.full((2, 1, 1), 30.0))
    result = fit(rows, 2, start=start, precision="float32", tol=0, max_iter=200)
    routes = [Route[info.route.upper()] for info in result.trace]
    assert routes[0] is Route.FLOAT32
    assert routes[-1] > Route.FLOAT32
    assert routes == sorted(routes)


@pytest.mark.parametrize("precision", ["float32", "float64", "centered"])
def test_a_forced_precision_is_the_least_that_the_trace_records(precision):
    options = {"start": "kmeans", "seed": 0, "max_iter": 3}
    result = fit(blobs(100), 2, precision=precision, **options)
    assert {info.route for info in result.trace} == {precision}


@pytest.mark.parametrize("name", FAMILIES)
def test_all_precisions_find_the_same_mixture(name):
    rows = blobs(150, 2, 3, seed=14)
    fits = [
        fit(rows, 3, covariance=name, seed=0, start="kmeans", precision=p, tol=0, max_iter=25)
        for p in ("float32", "float64", "centered")
    ]
    assert fits[0].log_likelihood == pytest.approx(fits[2].log_likelihood, abs=150e-4)
    assert fits[1].log_likelihood == pytest.approx(fits[2].log_likelihood, abs=150e-9)
    np.testing.assert_allclose(fits[1].mixture.means, fits[2].mixture.means, rtol=1e-7, atol=1e-7)


def test_running_on_from_where_a_run_ended_changes_nothing_else():
    rows, start = blobs(100, 2, 2, seed=15), make_mixture("full", 2, 2, seed=5)
    whole = steps(rows, start, max_iter=6, tol=0)
    half = steps(rows, start, max_iter=3, tol=0)
    rest = steps(rows, half.working_mixture, max_iter=3, tol=0)
    assert rest.mixture.means.tolist() == whole.mixture.means.tolist()


def test_the_units_of_a_fitted_mixture_are_close_to_those_of_its_data():
    rows = 1e3 + 16 * np.random.default_rng(16).standard_normal((400, 1))
    units = units_of(fit(rows, 1).mixture)
    assert units.origin[0] == pytest.approx(rows.mean(), abs=16 / 1024)
    assert units.scale.tolist() == [16.0]


def test_a_ridge_is_added_after_the_estimate():
    rows = blobs(50, 2, 1, seed=17)
    covariance = Covariance("full", [np.eye(2)])
    start = Mixture([1.0], [[0.0, 0.0]], covariance)
    result = steps(rows, start, max_iter=1, regularization=regularization(2, ridge=0.5))
    expected = np.cov(rows.T, ddof=0) + 0.5 * np.eye(2)
    np.testing.assert_allclose(result.mixture.covariances[0], expected, rtol=1e-10)


def test_by_default_a_run_stops_at_a_ten_thousandth_nat_or_after_two_hundred_iterations():
    rows, start = blobs(200, 2, 2, seed=18, separation=1), make_mixture("full", 2, 2, seed=3)
    assert steps(rows, start).n_iter == steps(rows, start, tol=1e-4, max_iter=1000).n_iter
    assert steps(rows, start, tol=0.0).n_iter == 200


def test_a_row_of_weight_zero_is_dropped_before_any_arithmetic():
    """Squared in its component's units such a row is infinite, and infinity times zero is NaN."""
    tight = Mixture([1.0], [[0.0]], [[[1e-60]]])
    statistics = e_step([[1e-31], [1e149]], tight, [1.0, 0.0], units=Units.plain(1))
    assert statistics.total == 1.0
    assert np.isfinite(statistics.log_likelihood)


def test_what_a_run_saw_and_came_to_cannot_be_changed():
    result = steps(blobs(30), make_mixture("full", 1, 2), max_iter=1)
    with pytest.raises(FrozenInstanceError):
        result.trace[0].log_likelihood = 0.0
    with pytest.raises(FrozenInstanceError):
        result.converged = True
    with pytest.raises(FrozenInstanceError):
        EMState(result.mixture, Units.plain(2)).small_gains = 1


def test_the_objective_is_likelihood_and_prior_together():
    assert Iteration(-3.0, "float64", 0, -0.5).objective == -3.5
    assert Iteration(-3.0, "float64", 0).objective == -3.0


def test_a_prior_counts_for_the_rows_together_and_not_for_each():
    rows, start = blobs(40, 2, 1, seed=19), make_mixture("full", 1, 2)
    prior = ConjugatePrior([0.0, 0.0], 0.5, 4.0, np.eye(2))
    penalized = Regularization(None, np.zeros(2), prior)
    result = steps(rows, start, max_iter=2, tol=0, regularization=penalized)
    assert result.trace[0].log_prior == pytest.approx(log_prior(start, prior) / 40)
    assert result.log_prior == pytest.approx(log_prior(result.mixture, prior))
    assert result.trace[1].log_likelihood < steps(rows, start, max_iter=2).trace[1].log_likelihood
