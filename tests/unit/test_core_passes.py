"""One expectation pass without compiled code, by every route, against sums made row by row."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import (
    FAMILIES,
    assert_sums_agree,
    make_mixture,
    mixtures,
    posterior_oracle,
    stable,
    sums_oracle,
)

from gmmkit import Covariance, Mixture, Noise
from gmmkit.core.em import e_step
from gmmkit.core.engine.natural import natural_parameters
from gmmkit.core.engine.passes import first_route, make_pass
from gmmkit.core.engine.routes import Route, cancellation_bound, choose_route, route_named
from gmmkit.core.families import family
from gmmkit.core.sources.arrays import ArraySource
from gmmkit.core.sources.blocks import Block
from gmmkit.core.units import Units, units_of
from gmmkit.errors import ParameterError

ROUTES = tuple(Route)
# Columns of axis-aligned families cannot be turned: a turned ellipsoid lies along no axis.
ROUTES_OF_FAMILIES = [
    (route, name)
    for route in ROUTES
    for name in FAMILIES
    if route is not Route.WHITENED or not family(name).axis_aligned
]
# The products' sums have some hundred terms in these tests: rounding, and little more.
TOLERANCE = {Route.FLOAT32: 3e-5, Route.WHITENED: 3e-5, Route.FLOAT64: 1e-12, Route.CENTERED: 1e-12}


def one_pass(mixture, route, rows, weights=None):
    """The statistics of rows under a mixture of working coordinates, without compiled code."""
    units = Units.plain(mixture.n_features)
    return make_pass(mixture, units, route, len(rows))(Block(rows, weights))


def rows_for(mixture, n, *, dtype=np.float64, seed=0):
    """Rows about a mixture, between and beyond its components."""
    random = np.random.default_rng(seed)
    return random.normal(scale=3, size=(n, mixture.n_features)).astype(dtype)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("noise", [None, 0.15])
@pytest.mark.parametrize(("route", "kind"), ROUTES_OF_FAMILIES)
def test_a_pass_makes_the_sums_that_the_equations_ask_for(route, kind, noise, weighted):
    mixture = make_mixture(kind, 3, 3, noise=noise)
    rows = rows_for(mixture, 157)
    weights = np.random.default_rng(1).uniform(0.1, 4, 157) if weighted else None
    statistics = one_pass(mixture, route, rows, weights)
    expected = sums_oracle(rows, mixture, weights, origin=statistics.origin)
    scale = TOLERANCE[route]
    assert_sums_agree(statistics, expected, rtol=scale, atol=1000 * scale)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 2, 1023, 1024, 1025])
def test_a_pass_handles_blocks_that_are_no_multiple_of_anything(n, dtype):
    mixture = make_mixture("full", 2, 2)
    rows = rows_for(mixture, n, dtype=dtype)
    statistics = one_pass(mixture, Route.FLOAT64, rows)
    assert_sums_agree(statistics, sums_oracle(rows, mixture), rtol=1e-11, atol=1e-9)


@pytest.mark.parametrize(("route", "kind"), ROUTES_OF_FAMILIES)
def test_a_pass_works_for_one_component_in_one_dimension(route, kind):
    mixture = make_mixture(kind, 1, 1)
    rows = np.array([[0.25], [2.0], [-1.5]])
    statistics = one_pass(mixture, route, rows)
    expected = sums_oracle(rows, mixture, origin=statistics.origin)
    assert_sums_agree(statistics, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("route", "kind"), ROUTES_OF_FAMILIES)
def test_working_units_change_the_sums_but_not_the_likelihood(route, kind):
    mixture = make_mixture(kind, 2, 3)
    factor = np.array([8.0, 8.0, 8.0])
    units = Units(np.array([1.0, -2.0, 0.5]), factor, np.zeros(3, dtype=bool))
    rows = rows_for(mixture, 40)
    working = units.standardize(mixture)
    statistics = make_pass(working, units, route, 40)(Block(rows, None))
    expected = sums_oracle(units.apply(rows), working, origin=statistics.origin)
    _, log_density = posterior_oracle(rows, mixture)
    assert statistics.log_likelihood == pytest.approx(log_density.sum(), rel=1e-5)
    np.testing.assert_allclose(statistics.weight, expected.weight, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(statistics.first, expected.first, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(("route", "kind"), ROUTES_OF_FAMILIES)
def test_a_component_of_weight_zero_gathers_nothing(route, kind):
    whole = make_mixture(kind, 2, 2)
    mixture = Mixture([0.0, 1.0], whole.means, whole.covariance)
    statistics = one_pass(mixture, route, rows_for(mixture, 50))
    assert statistics.weight[0] == 0.0
    assert statistics.first[0].tolist() == [0.0, 0.0]
    assert statistics.weight[1] == pytest.approx(50)


@pytest.mark.parametrize("route", ROUTES)
def test_noise_of_weight_zero_gathers_nothing(route):
    plain = make_mixture("full", 2, 2)
    mixture = Mixture(plain.weights, plain.means, plain.covariance, Noise(0.0, -1.0))
    statistics = one_pass(mixture, route, rows_for(mixture, 50))
    assert statistics.noise_weight == pytest.approx(0.0, abs=1e-12)
    assert statistics.total == pytest.approx(50)


@pytest.mark.parametrize("route", ROUTES)
def test_a_row_a_thousand_deviations_away_counts_once(route):
    mixture = make_mixture("full", 3, 2)
    statistics = one_pass(mixture, route, np.array([[1000.0, -1000.0]]))
    assert statistics.weight.sum() == pytest.approx(1.0)
    assert np.isfinite(statistics.log_likelihood)


def test_as_many_components_as_blas_takes_over_from_change_nothing():
    mixture = make_mixture("diag", 70, 3, spread=5)
    rows = rows_for(mixture, 60)
    statistics = one_pass(mixture, Route.FLOAT64, rows)
    assert_sums_agree(statistics, sums_oracle(rows, mixture), rtol=1e-10, atol=1e-10)


@stable
@given(mixtures(), st.integers(0, 1000))
def test_the_routes_agree_where_the_bound_allows_the_cheaper_one(mixture, seed):
    """One row at a time: its log density within 1e-3 nats in float32, within 1e-6 in float64."""
    route = choose_route(mixture)
    rows = mixture.sample(8, seed=seed)
    single = {Route.FLOAT32: 1e-3, Route.WHITENED: 1e-3}
    allowed = {**single, Route.FLOAT64: 1e-6, Route.CENTERED: 1e-9}[route]
    for row in rows[:, None]:
        exact = one_pass(mixture, Route.CENTERED, row).log_likelihood
        assert abs(one_pass(mixture, route, row).log_likelihood - exact) < allowed


@pytest.mark.parametrize("gap", [1e-2, 1e-4, 1e-6, 1e-8])
@pytest.mark.parametrize("spread", [0.0, 3.0])
def test_the_bound_sees_correlations_even_with_every_mean_at_the_origin(gap, spread):
    covariance = np.array([[1.0, 1 - gap], [1 - gap, 1.0]])
    means = spread * np.array([[0.0, 0.0], [1.0, -1.0]])
    mixture = Mixture([0.5, 0.5], means, [covariance, covariance])
    route = choose_route(mixture)
    single = {Route.FLOAT32: 1e-3, Route.WHITENED: 1e-3}
    allowed = {**single, Route.FLOAT64: 1e-6, Route.CENTERED: 1e-6}[route]
    for row in mixture.sample(40, seed=1)[:, None]:
        exact = one_pass(mixture, Route.CENTERED, row).log_likelihood
        assert abs(one_pass(mixture, route, row).log_likelihood - exact) < allowed


@stable
@given(mixtures())
def test_the_bound_is_the_largest_quadratic_form_of_the_formula(mixture):
    reach = np.abs(mixture.means) + 1
    forms = [
        z @ np.abs(np.linalg.inv(covariance)) @ z
        for z, covariance in zip(reach, mixture.covariances, strict=True)
    ]
    assert cancellation_bound(mixture) == pytest.approx(max(forms), rel=1e-6)


@pytest.mark.parametrize(
    ("mean", "route"), [(1.0, Route.FLOAT32), (1e4, Route.FLOAT64), (1e6, Route.CENTERED)]
)
def test_means_further_out_in_their_own_units_ask_for_a_safer_route(mean, route):
    assert choose_route(Mixture([1.0], [[mean]], np.ones((1, 1, 1)))) is route


def test_a_route_is_never_below_the_least_that_is_asked_for():
    easy = make_mixture("full", 2, 2)
    assert [choose_route(easy, least) for least in ROUTES] == list(ROUTES)


def test_only_a_large_fit_of_single_precision_rows_starts_in_single_precision():
    mixture = make_mixture("full", 5, 5)
    few, many = np.zeros((1000, 2), np.float32), np.zeros((10**6, 2), np.float32)
    assert first_route(mixture, ArraySource(few)) is Route.FLOAT64
    assert first_route(mixture, ArraySource(many)) is Route.FLOAT32
    assert first_route(mixture, ArraySource(many.astype(np.float64))) is Route.FLOAT64


@pytest.mark.parametrize("name", ["float16", "", None, 64])
def test_an_unknown_precision_is_refused_with_those_there_are(name):
    with pytest.raises(ParameterError, match="auto, float32, whitened, float64 or centered"):
        route_named(name)


@stable
@given(mixtures(), st.integers(0, 1000))
def test_natural_parameters_times_features_are_log_joint_densities(mixture, seed):
    rows = np.random.default_rng(seed).normal(size=(5, mixture.n_features))
    natural, d = natural_parameters(mixture), mixture.n_features
    upper = np.triu_indices(d)
    dense = not mixture.covariance.family.axis_aligned
    products = rows[:, upper[0]] * rows[:, upper[1]] if dense else rows**2
    phi = np.column_stack([np.ones(5), rows, products])
    scores = np.stack([phi @ row for row in natural.theta], axis=1)
    shared = scores[:, natural.n_classes :].sum(axis=1, keepdims=True)
    joint = scores[:, : natural.n_gaussians] + shared
    expected = mixture.log_joint(rows)
    np.testing.assert_allclose(joint, expected, rtol=1e-7, atol=1e-7)


def test_rows_of_weight_zero_are_dropped_before_any_arithmetic():
    mixture = make_mixture("full", 2, 2)
    rows = rows_for(mixture, 20)
    weights = np.where(np.arange(20) % 3 == 0, 0.0, 1.5)
    dropped, kept = e_step(rows, mixture, weights), rows[weights > 0]
    alone = e_step(kept, mixture, weights[weights > 0])
    assert dropped.log_likelihood == alone.log_likelihood
    assert dropped.first.tolist() == alone.first.tolist()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("offset", [0.0, 1e4, 1e8])
def test_an_e_step_keeps_its_digits_wherever_the_data_stand(family, offset):
    mixture = make_mixture(family, 3, 3, offset=offset)
    rows = mixture.sample(60, seed=3)
    statistics = e_step(rows, mixture)
    responsibilities, log_density = posterior_oracle(rows, mixture)
    assert statistics.log_likelihood == pytest.approx(log_density.sum(), abs=60e-6)
    np.testing.assert_allclose(statistics.weight, responsibilities.sum(axis=0), atol=1e-5)


def test_units_of_a_mixture_are_its_mean_and_spread():
    mixture = Mixture([0.25, 0.75], [[0.0], [4.0]], Covariance("diag", [[1.0], [9.0]]))
    units = units_of(mixture)
    deviation = np.sqrt(0.25 * (1 + 9) + 0.75 * (9 + 1))
    assert units.origin.tolist() == [3.0]
    assert units.scale.tolist() == [2.0 ** round(np.log2(deviation))]
