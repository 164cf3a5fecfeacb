"""Rows that make likelihoods unbounded or covariances singular: fits do not raise, and say so."""

import warnings

import numpy as np
import pytest
from parsimonious import FOURTEEN
from strategies import FAMILIES, blobs

from gmmkit import Mixture, fit
from gmmkit.core.search.hunt import Search
from gmmkit.errors import DataWarning, FitWarning, GmmkitWarning, InputError


def fit_quietly(rows, k, **options):
    """Fit without our own warnings, and check what holds of every fit."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GmmkitWarning)
        result = fit(rows, k, **options)
    assert np.isfinite(result.log_likelihood)
    assert np.isfinite(result.mixture.means).all()
    assert np.isfinite(np.linalg.cholesky(result.mixture.covariances)).all()
    assert np.isfinite(result.mixture.log_density(rows)).all()
    return result


@pytest.mark.parametrize("name", FAMILIES)
def test_fewer_distinct_rows_than_components_warn_and_give_as_many_as_there_are(name):
    rows = np.repeat([[0.0, 1.0], [5.0, 2.0], [9.0, 9.0]], 10, axis=0)
    with pytest.warns(FitWarning, match="only 3 distinct rows for 5 components"):
        result = fit(rows, 5, covariance=name, seed=0, floor=0.1)
    assert result.mixture.n_components == 3
    if name != "tied":
        np.testing.assert_allclose(np.sort(result.mixture.means[:, 0]), [0, 5, 9], atol=1e-6)


@pytest.mark.parametrize("name", FAMILIES)
def test_identical_rows_are_one_component_with_a_warning(name):
    rows = np.full((30, 3), 7.5)
    with pytest.warns(GmmkitWarning):
        result = fit(rows, 2, covariance=name, seed=0)
    assert result.mixture.n_components == 1
    assert result.mixture.means.tolist() == [[7.5, 7.5, 7.5]]
    assert np.isfinite(result.log_likelihood)


def test_reducing_components_and_constant_data_are_two_warnings():
    with pytest.warns() as caught:
        fit(np.full((30, 3), 7.5), 2, seed=0)
    assert {warning.category for warning in caught} == {FitWarning, DataWarning}
    assert all(warning.filename == __file__ for warning in caught)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_constant_column_warns_and_is_named(name):
    rows = blobs(60, 3, 2, seed=1)
    rows[:, 1] = 4.0
    with pytest.warns(DataWarning, match=r"columns \[1\] are constant"):
        result = fit(rows, 2, covariance=name, seed=0)
    assert any("[1]" in note for note in result.notes)
    np.testing.assert_allclose(result.mixture.means[:, 1], 4.0, rtol=1e-12)


def test_a_constant_column_does_not_change_how_the_others_are_fitted():
    rows = blobs(90, 2, 2, seed=2)
    wider = np.column_stack([rows, np.full(90, 0.1)])
    alone = fit(rows, 2, seed=0, start="kmeans")
    beside = fit_quietly(wider, 2, seed=0, start="kmeans")
    np.testing.assert_allclose(beside.mixture.means[:, :2], alone.mixture.means, rtol=1e-6)
    assert (beside.mixture.labels(wider) == alone.mixture.labels(rows)).all()


def test_a_far_column_that_only_holds_rounding_does_not_change_how_the_others_are_fitted():
    rows = blobs(90, 2, 2, seed=3)
    rounding = 1e8 + 1.5e-8 * np.random.default_rng(3).integers(0, 2, 90)
    assert 0 < np.ptp(rounding) < 1e-7
    wider = np.column_stack([rows, rounding])
    alone = fit(rows, 2, seed=0, start="kmeans")
    beside = fit_quietly(wider, 2, seed=0, start="kmeans")
    assert (beside.mixture.labels(wider) == alone.mixture.labels(rows)).all()


@pytest.mark.parametrize("name", ["full", "tied"])
def test_collinear_columns_warn_that_they_depend_on_each_other(name):
    rows = blobs(60, 2, 2, seed=4)
    rows = np.column_stack([rows, rows @ [2.0, -1.0]])
    with pytest.warns(DataWarning, match="linearly dependent"):
        result = fit(rows, 2, covariance=name, seed=0)
    assert np.isfinite(result.log_likelihood)


@pytest.mark.parametrize("name", ["diag", "spherical"])
def test_families_without_correlations_take_collinear_columns_as_they_are(name):
    rows = blobs(60, 2, 2, seed=4)
    assert fit(np.column_stack([rows, rows @ [2.0, -1.0]]), 2, covariance=name, seed=0).valid


@pytest.mark.parametrize("name", FAMILIES)
def test_a_floor_makes_constant_columns_a_matter_of_course(name):
    rows = blobs(60, 3, 2, seed=5)
    rows[:, 1] = 4.0
    fit(rows, 2, covariance=name, seed=0, floor=0.01)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize(("n", "d", "k"), [(1, 1, 1), (1, 3, 1), (2, 1, 2), (5, 2, 5), (3, 6, 2)])
def test_as_few_rows_as_components_or_fewer_than_columns_still_fit(name, n, d, k):
    rows = np.random.default_rng(6).normal(size=(n, d))
    result = fit_quietly(rows, k, covariance=name, seed=0)
    assert result.mixture.weights.sum() == pytest.approx(1)


def test_fewer_rows_than_components_are_refused_with_both_numbers():
    with pytest.raises(InputError, match=r"3 rows of positive weight, 4 components"):
        fit(np.arange(3.0)[:, None], 4)


def test_rows_of_weight_zero_do_not_count_towards_the_components():
    with pytest.raises(InputError, match=r"2 rows of positive weight, 3 components"):
        fit(np.arange(9.0)[:, None], 3, sample_weight=[1, 1, 0, 0, 0, 0, 0, 0, 0])


@pytest.mark.parametrize("name", FAMILIES)
def test_many_copies_of_few_rows_never_give_nan(name):
    rows = np.repeat(blobs(6, 2, 2, seed=7), 20, axis=0)
    fit_quietly(rows, 5, covariance=name, seed=0, max_iter=500)


@pytest.mark.parametrize("eps", [1e-3, 1e-5, 1e-6, 1e-9, 1e-13])
@pytest.mark.parametrize("name", ["full", "tied"])
def test_a_component_collapsing_on_nearly_collinear_rows_never_raises(name, eps):
    for seed in range(4):
        random = np.random.default_rng(seed)
        x = random.normal(size=60)
        rows = np.stack([x, x + eps * random.normal(size=60), random.normal(size=60)], axis=1)
        rows[:20], rows[20:30] = rows[0], rows[20]
        for k in (2, 3, 6):
            fit_quietly(rows, k, covariance=name, seed=seed, start="kmeans")


@pytest.mark.parametrize("eps", [1e-5, 1e-9, 1e-13])
@pytest.mark.parametrize("name", ["full", "tied"])
def test_a_search_among_nearly_collinear_rows_never_raises(name, eps):
    random = np.random.default_rng(14)
    x = random.normal(size=60)
    rows = np.stack([x, x + eps * random.normal(size=60), random.normal(size=60)], axis=1)
    rows[:20], rows[20:30] = rows[0], rows[20]
    fit_quietly(rows, 6, covariance=name, seed=0, start=Search(rounds=6))


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("outlier", [1e6, 1e12, 1e100])
def test_one_row_very_far_from_the_others_never_raises(name, outlier):
    rows = np.concatenate([blobs(50, 2, 2, seed=8), [[outlier, -outlier]]])
    for start in ("kmeans", "hierarchical", "search"):
        fit_quietly(rows, 3, covariance=name, seed=0, start=start)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("scale", [1e-200, 1e-150, 1e-100, 1e100, 1e140])
def test_extreme_units_are_fitted_like_any_other_or_refused(name, scale):
    rows = blobs(60, 2, 2, seed=9)
    try:
        result = fit_quietly(rows * scale, 2, covariance=name, seed=0)
    except InputError:
        assert not 1e-120 < scale < 1e120, "such units are ordinary"
        return
    expected = fit(rows, 2, covariance=name, seed=0)
    shift = 60 * 2 * np.log(scale)
    assert result.log_likelihood + shift == pytest.approx(expected.log_likelihood, abs=60e-6)


@pytest.mark.parametrize("name", FAMILIES)
def test_columns_of_very_different_units_never_raise(name):
    rows = blobs(60, 3, 2, seed=10) * [1e-40, 1.0, 1e40]
    fit_quietly(rows, 2, covariance=name, seed=0)


@pytest.mark.parametrize("name", FAMILIES)
def test_weights_of_very_different_sizes_never_raise(name):
    rows = blobs(60, 2, 2, seed=11)
    weights = 10.0 ** np.random.default_rng(11).uniform(-12, 12, 60)
    fit_quietly(rows, 3, covariance=name, sample_weight=weights, seed=0)


def test_a_component_that_loses_its_rows_is_reported_and_keeps_its_place():
    rows = blobs(60, 2, 1, seed=12, separation=0)
    start = Mixture([0.5, 0.5], [[0.0, 0.0], [1e5, 1e5]], [np.eye(2)] * 2)
    with pytest.warns(FitWarning, match="lost all rows"):
        result = fit(rows, 2, start=start)
    assert result.mixture.n_components == 2
    assert result.mixture.weights[1] == 0.0
    assert not result.valid
    assert any("lost all rows" in note for note in result.notes)


@pytest.mark.parametrize("precision", ["float32", "float64", "centered"])
def test_correlated_rows_from_a_round_start_are_fitted_by_every_precision(precision):
    random = np.random.default_rng(13)
    x = 3 * random.normal(size=2000)
    rows = np.stack([x, x + 1e-3 * random.normal(size=2000)], axis=1)
    rows[1000:, 0] += 10
    start = Mixture([0.5, 0.5], [[4.0, 4.0], [6.0, 6.0]], [30 * np.eye(2)] * 2)
    exact = fit(rows, 2, start=start, precision="centered", tol=1e-6)
    result = fit(rows, 2, start=start, precision=precision, tol=1e-6)
    assert result.log_likelihood == pytest.approx(exact.log_likelihood, abs=2000e-4)


@pytest.mark.parametrize("name", ["full", "tied"])
def test_an_absolute_ridge_on_columns_of_very_different_units_never_raises(name):
    """In working units the ridge is huge in one column and nothing in another."""
    for seed in range(10, 20):
        rows = np.random.default_rng(seed).normal(size=(20, 4)) * [1e-8, 1.0, 1e8, 1.0]
        fit_quietly(rows, 6, covariance=name, reg_covar=1e-6, seed=seed, start="kmeans")


@pytest.mark.parametrize("name", FAMILIES)
def test_fewer_rows_than_columns_of_very_different_weights_never_raise(name):
    for seed in range(40):
        random = np.random.default_rng(seed)
        rows, weights = random.normal(size=(3, 6)), 10.0 ** random.uniform(-6, 6, 3)
        fit_quietly(rows, 3, covariance=name, sample_weight=weights, start="random", seed=seed)


@pytest.mark.parametrize("prior", [None, "default"])
@pytest.mark.parametrize("name", FOURTEEN)
@pytest.mark.parametrize("k", [1, 2])
def test_noise_that_explains_every_row_best_leaves_components_without_rows(name, prior, k):
    """Round components are bad at columns of unlike units: a constant density is better."""
    rows = np.random.default_rng(0).normal(size=(30, 3)) * [1e2, 1.0, 1e-2]
    options = {"covariance": name, "noise": 0.5, "prior": prior, "seed": 0}
    result = fit_quietly(rows, k, start="kmeans", **options)
    assert result.mixture.weights.sum() + result.mixture.noise.weight == pytest.approx(1.0)
    assert result.valid or result.mixture.weights.min() < 0.5


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", FOURTEEN)
def test_a_search_beside_noise_never_raises(name, seed):
    rows = np.random.default_rng(seed).normal(size=(30, 3))
    fit_quietly(rows, 2, covariance=name, noise=0.05, seed=0, start=Search(rounds=3, work=0.0))
