"""The compiled passes against sums made row by row, and the bound on their exponential.

Every test that needs a compiler is in this file: each kind of argument costs seconds once.
"""

import numpy as np
import pytest
from strategies import FAMILIES, assert_sums_agree, make_mixture, sums_oracle

from gmmkit import Mixture, Noise, fit
from gmmkit.core.engine.compiled.wide import GROUPS, find_largest, share_rows
from gmmkit.core.engine.frame import TILE_BYTES
from gmmkit.core.engine.passes import make_pass
from gmmkit.core.engine.routes import Route
from gmmkit.core.engine.wide_pass import WidePass
from gmmkit.core.sources.blocks import Block
from gmmkit.core.units import Units

# The rows of a tile in float64; a tile of float32 holds twice as many.
TILE = TILE_BYTES // 8
# As many rows as this in the whole source, and no pass is made without the compiler.
MANY_ROWS = 10**9
# Compiled code knows no infinity: log 0 is a very negative number, and its exponential this small.
NOTHING = 1e-30
TOLERANCE = {Route.FLOAT32: 3e-5, Route.WHITENED: 3e-5, Route.FLOAT64: 1e-12, Route.CENTERED: 1e-12}

float32_rows_unweighted = (np.float32, Route.FLOAT32, False)
float32_rows_in_float64_weighted = (np.float32, Route.FLOAT64, True)
float64_rows_unweighted = (np.float64, Route.FLOAT64, False)
float64_rows_in_float32_weighted = (np.float64, Route.FLOAT32, True)
KINDS = pytest.mark.parametrize(
    ("dtype", "route", "weighted"),
    [
        float32_rows_unweighted,
        float32_rows_in_float64_weighted,
        float64_rows_unweighted,
        float64_rows_in_float32_weighted,
    ],
)


def one_pass(mixture, route, rows, weights=None, units=None):
    """The statistics of one block, by compiled code."""
    units = units or Units.plain(mixture.n_features)
    return make_pass(mixture, units, route, MANY_ROWS)(Block(rows, weights))


def rows_for(mixture, n, dtype, *, seed=0):
    """Rows about a mixture, between and beyond its components, with weights."""
    random = np.random.default_rng(seed)
    rows = random.normal(scale=3, size=(n, mixture.n_features)).astype(dtype)
    return rows, random.uniform(0.1, 4, n)


def assert_pass_agrees(mixture, n, dtype, route, weighted):
    """A compiled pass over n rows makes the sums that the equations ask for."""
    rows, weights = rows_for(mixture, n, dtype)
    weights = weights if weighted else None
    statistics = one_pass(mixture, route, rows, weights)
    # The oracle's sums are about zero; a pass about each mean has others.
    statistics = statistics.recentered(np.zeros(mixture.n_features))
    expected = sums_oracle(rows, mixture, weights)
    scale = TOLERANCE[route]
    assert_sums_agree(statistics, expected, rtol=scale, atol=1000 * scale)


@pytest.mark.parametrize("noise", [None, 0.15])
@pytest.mark.parametrize("family", FAMILIES)
@KINDS
def test_the_fused_pass_makes_the_sums_that_the_equations_ask_for(
    family, noise, dtype, route, weighted
):
    mixture = make_mixture(family, 3, 3, noise=noise)
    assert_pass_agrees(mixture, 2 * TILE + 45, dtype, route, weighted)


@pytest.mark.parametrize("noise", [None, 0.15])
@pytest.mark.parametrize("family", ["full", "tied"])
@pytest.mark.parametrize("k", [3, 64])
@pytest.mark.parametrize(("dtype", "weighted"), [(np.float32, True), (np.float64, False)])
def test_a_pass_over_turned_rows_makes_the_same_sums(family, noise, k, dtype, weighted):
    mixture = make_mixture(family, k, 3, noise=noise)
    assert_pass_agrees(mixture, 2 * TILE + 45, dtype, Route.WHITENED, weighted)


def test_turned_rows_keep_the_digits_that_columns_nearly_alike_lose_in_single_precision():
    """Two columns a thousandth apart, and components that differ in just that."""
    covariance = np.array([[1.0, 1.0], [1.0, 1.0 + 1e-6]])
    mixture = Mixture([0.5, 0.5], [[0.0, 0.0], [0.0, 3e-3]], [covariance, covariance])
    rows = mixture.sample(20_000, seed=0).astype(np.float32)
    passes = {route: one_pass(mixture, route, rows) for route in Route}
    exact = passes[Route.CENTERED]
    error = {
        route: abs(found.log_likelihood - exact.log_likelihood) / len(rows)
        for route, found in passes.items()
    }
    assert error[Route.WHITENED] < 1e-4 < error[Route.FLOAT32]
    turned, centered = passes[Route.WHITENED].scatter(), exact.scatter()
    whitening = np.linalg.inv(np.linalg.cholesky(covariance))
    np.testing.assert_allclose(
        whitening @ turned @ whitening.T, whitening @ centered @ whitening.T, rtol=1e-3, atol=1
    )


def test_a_fit_of_columns_nearly_alike_stays_in_single_precision_and_ends_as_in_double():
    truth = make_mixture("full", 3, 4, spread=3)
    blend = np.eye(4) + 40.0
    rows = (truth.sample(150_000, seed=1) @ blend).astype(np.float32)
    found = {p: fit(rows, 3, seed=0, tol=0, max_iter=8, precision=p) for p in ("auto", "float64")}
    assert "whitened" in {info.route for info in found["auto"].trace}
    assert "float64" not in {info.route for info in found["auto"].trace}
    ends = [each.log_likelihood / len(rows) for each in found.values()]
    assert ends[0] == pytest.approx(ends[1], abs=1e-5)


@pytest.mark.parametrize("noise", [None, 0.15])
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("dtype", "weighted"), [(np.float32, True), (np.float64, False)])
def test_the_compiled_pass_about_each_mean_makes_the_same_sums(family, noise, dtype, weighted):
    mixture = make_mixture(family, 3, 3, noise=noise)
    assert_pass_agrees(mixture, 2 * TILE + 45, dtype, Route.CENTERED, weighted)


def test_the_compiled_pass_about_each_mean_keeps_the_digits_of_far_and_tight_components():
    """Where sums about the origin would have lost the covariances altogether."""
    far = Mixture([0.5, 0.5], [[1e7, 0.0], [-1e7, 0.0]], [np.eye(2), 0.25 * np.eye(2)])
    rows = far.sample(1000, seed=3)
    statistics = one_pass(far, Route.CENTERED, rows)
    labels = (rows[:, 0] < 0).astype(int)
    for k, scatter in enumerate(statistics.scatter()):
        own = rows[labels == k]
        np.testing.assert_allclose(scatter, len(own) * np.cov(own.T, ddof=0), rtol=1e-7)


@pytest.mark.parametrize("n", [1, TILE - 1, TILE, TILE + 1, 17 * TILE + 3])
@KINDS
def test_the_fused_pass_handles_any_number_of_rows(n, dtype, route, weighted):
    assert_pass_agrees(make_mixture("full", 2, 2), n, dtype, route, weighted)


@pytest.mark.parametrize("d", [1, 2, 4, 5])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_fused_pass_handles_any_number_of_columns(family, d):
    """Features are read four at a time: with these numbers, none to three are left over."""
    assert_pass_agrees(make_mixture(family, 2, d), 150, np.float64, Route.FLOAT64, False)


@pytest.fixture(params=[0, GROUPS], ids=["all components", "telling components"])
def few(request, monkeypatch):
    """Sums by one product with all components, or by adding one after the other those that tell."""
    monkeypatch.setattr(WidePass, "few", request.param)
    return request.param


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("family", sorted({*FAMILIES} - {"tied"}))
@KINDS
def test_the_pass_for_many_components_makes_the_same_sums(family, dtype, route, weighted):
    mixture = make_mixture(family, 64, 2, spread=4)
    assert_pass_agrees(mixture, 60, dtype, route, weighted)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("n", [1, 1023, 1025, 4097])
@pytest.mark.parametrize("k", [65, 100])
def test_the_pass_for_many_components_handles_any_number_of_rows_and_components(n, k):
    mixture = make_mixture("diag", k, 2, spread=40, noise=0.1)
    assert_pass_agrees(mixture, n, np.float64, Route.FLOAT64, True)


@pytest.mark.parametrize("noise", [None, 0.2])
@KINDS
def test_the_pass_for_many_components_handles_what_they_share(noise, dtype, route, weighted):
    mixture = make_mixture("tied", 66, 2, spread=4, noise=noise)
    assert_pass_agrees(mixture, 60, dtype, route, weighted)


@pytest.mark.parametrize(("spread", "expected"), [(1000, True), (0.1, False)])
def test_components_far_apart_are_told_to_be_few(spread, expected):
    """Where all overlap, one product with all of them is faster than adding one by one."""
    mixture = make_mixture("diag", 64, 2, spread=spread)
    rows = mixture.sample(100, seed=0)
    joint = np.ascontiguousarray(mixture.log_joint(rows))
    owner = make_pass(mixture, Units.plain(2), Route.FLOAT64, MANY_ROWS)
    groups, top = np.empty((100, GROUPS)), np.empty(100)
    found = find_largest(joint, owner.natural.telling, groups, top)
    np.testing.assert_array_equal(top, joint.max(axis=1))
    np.testing.assert_array_equal(groups, joint.reshape(100, 2, GROUPS).max(axis=1))
    assert (found <= owner.few * 100) == expected


@pytest.mark.parametrize("route", list(Route))
def test_a_compiled_pass_gives_a_component_of_weight_zero_as_good_as_nothing(route):
    whole = make_mixture("full", 2, 2)
    mixture = Mixture([0.0, 1.0], whole.means, whole.covariance)
    rows, weights = rows_for(mixture, 200, np.float64)
    statistics = one_pass(mixture, route, rows, weights)
    assert 0 <= statistics.weight[0] < NOTHING
    assert statistics.weight[1] == pytest.approx(weights.sum(), rel=1e-6)


@pytest.mark.parametrize("route", list(Route))
def test_a_compiled_pass_gives_noise_of_weight_zero_as_good_as_nothing(route):
    plain = make_mixture("full", 2, 2)
    mixture = Mixture(plain.weights, plain.means, plain.covariance, Noise(0.0, -1.0))
    rows, weights = rows_for(mixture, 200, np.float64)
    assert 0 <= one_pass(mixture, route, rows, weights).noise_weight < NOTHING


@KINDS
def test_rows_far_out_count_once_in_a_compiled_pass(dtype, route, weighted):
    mixture = make_mixture("full", 3, 2)
    rows = np.full((5, 2), 1000.0, dtype)
    weights = np.ones(5) if weighted else None
    statistics = one_pass(mixture, route, rows, weights)
    assert statistics.weight.sum() == pytest.approx(5, rel=1e-6)
    assert np.isfinite(statistics.log_likelihood)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_compiled_pass_works_about_an_origin_in_units(family):
    mixture = make_mixture(family, 2, 3, offset=1e6)
    units = Units(np.full(3, 1e6), np.full(3, 4.0), np.zeros(3, dtype=bool))
    rows = mixture.sample(150, seed=1)
    working = units.standardize(mixture)
    statistics = one_pass(working, Route.FLOAT64, rows, units=units)
    expected = sums_oracle(units.apply(rows), working)
    assert statistics.weight == pytest.approx(expected.weight, rel=1e-11)
    assert statistics.first == pytest.approx(expected.first, rel=1e-9, abs=1e-9)
    log_volume = 150 * 3 * np.log(4)
    assert statistics.log_likelihood == pytest.approx(expected.log_likelihood - log_volume)


def test_many_tiles_in_float32_lose_no_digits_to_a_long_sum():
    """Partial sums move to float64 every few tiles: 300 tiles stay within float32's rounding."""
    mixture = make_mixture("diag", 2, 2)
    rows, _ = rows_for(mixture, 300 * TILE, np.float32)
    short = one_pass(mixture, Route.FLOAT32, rows)
    exact = one_pass(mixture, Route.FLOAT64, rows.astype(np.float64))
    np.testing.assert_allclose(short.weight, exact.weight, rtol=2e-6)
    np.testing.assert_allclose(short.second, exact.second, rtol=5e-6)
    assert short.log_likelihood == pytest.approx(exact.log_likelihood, rel=1e-6)


@pytest.mark.parametrize(
    ("dtype", "least", "bound", "growth"),
    [(np.float32, -59.9, 3e-7, 0.0), (np.float64, -599.9, 4e-16, 1e-16)],
)
def test_the_inlined_exponential_stays_within_its_stated_error(dtype, least, bound, growth):
    x = np.linspace(least, 0, 20_001).astype(dtype)
    found = x[:, None].copy()
    share_rows(found, np.zeros_like(x), None, np.ones_like(found))
    error = abs(found[:, 0].astype(np.longdouble) / np.exp(x.astype(np.longdouble)) - 1)
    assert (error < bound + growth * abs(x) + np.finfo(dtype).eps).all()


@pytest.mark.parametrize(("dtype", "beyond"), [(np.float32, -200.0), (np.float64, -1e30)])
def test_the_exponential_of_something_hopeless_is_zero_and_not_subnormal(dtype, beyond):
    scores = np.array([[0.0, beyond]], dtype)
    share_rows(scores, np.zeros(1, dtype), None, np.ones((1, 1), dtype))
    assert scores.tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shares_and_scaled_features_make_the_sums_and_the_weighted_log_likelihood(dtype):
    random = np.random.default_rng(0)
    joint, features = random.normal(scale=5, size=(40, 6)), random.normal(size=(40, 3))
    weights = random.uniform(0, 3, 40)
    scores, scaled = joint.astype(dtype), features.astype(dtype)
    log_density = np.log(np.exp(joint).sum(axis=1))
    tolerance = 1e-6 if dtype is np.float32 else 1e-13
    found = share_rows(scores, scores.max(axis=1), weights, scaled)
    assert found == pytest.approx(weights @ log_density, rel=tolerance)
    expected = (weights[:, None] * np.exp(joint - log_density[:, None])).T @ features
    np.testing.assert_allclose(scores.T @ scaled, expected, rtol=10 * tolerance, atol=tolerance)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_large_fit_in_single_precision_never_loses_likelihood(family):
    """By a millionth of a nat per row at most; the rows overlap, so that EM has a way to go."""
    rows = make_mixture("full", 3, 4, spread=1).sample(150_000, seed=1).astype(np.float32)
    trace = fit(rows, 4, covariance=family, seed=0, tol=0, max_iter=12).trace
    assert {info.route for info in trace} == {"float32"}
    assert np.diff([info.log_likelihood for info in trace]).min() > -1e-6


def test_a_large_fit_has_the_same_bits_for_any_number_of_threads():
    rows = make_mixture("full", 6, 6).sample(130_000, seed=0).astype(np.float32)
    fits = [fit(rows, 6, seed=0, max_iter=4, tol=0, n_threads=n) for n in (1, 2, 3)]
    assert fits[0].trace[0].route == "float32"
    for other in fits[1:]:
        assert other.log_likelihood == fits[0].log_likelihood
        assert other.mixture.means.tobytes() == fits[0].mixture.means.tobytes()
        values = other.mixture.covariance.values
        assert values.tobytes() == fits[0].mixture.covariance.values.tobytes()
