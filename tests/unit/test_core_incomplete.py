"""Densities, components and gaps of incomplete rows, against quadrature and blocks by SciPy."""

import numpy as np
import pytest
from gaps import gaussian, with_gaps
from scipy.integrate import dblquad, quad
from scipy.stats import multivariate_normal
from strategies import FAMILIES, blobs, make_mixture

from gmmkit import Covariance, Mixture, Noise
from gmmkit.core.gaps.incomplete import (
    filled,
    filled_for_start,
    impute,
    log_density,
    responsibilities,
)
from gmmkit.errors import InputError, ParameterError

GAP = np.nan
ROWS = with_gaps(blobs(40, 3, 2, seed=21, separation=1.0))


def joint_by_scipy(rows, mixture):
    """log(w_k N(x_o; ...)) of every row over its own columns, by SciPy."""
    joint = np.zeros((len(rows), mixture.n_components)) + np.log(mixture.weights)
    for n, row in enumerate(rows):
        seen = np.flatnonzero(~np.isnan(row))
        for k in range(mixture.n_components):
            if len(seen):
                covariance = mixture.covariances[k][np.ix_(seen, seen)]
                normal = multivariate_normal(mixture.means[k][seen], covariance)
                joint[n, k] += normal.logpdf(row[seen])
    return joint


@pytest.mark.parametrize("name", FAMILIES)
def test_log_densities_are_those_of_the_observed_block(name):
    mixture = make_mixture(name, 3, 3, seed=21)
    expected = np.logaddexp.reduce(joint_by_scipy(ROWS, mixture), axis=1)
    np.testing.assert_allclose(log_density(ROWS, mixture), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_gap_is_integrated_over(name):
    mixture = make_mixture(name, 2, 2, seed=22)
    found = quad(lambda y: np.exp(mixture.log_density([[0.7, y]])[0]), -30, 30, epsabs=1e-12)[0]
    assert np.exp(log_density([[0.7, GAP]], mixture)[0]) == pytest.approx(found, rel=1e-7)


def test_two_gaps_are_integrated_over():
    mixture = make_mixture("full", 2, 3, seed=23)
    found = dblquad(
        lambda z, y: np.exp(mixture.log_density([[y, 0.3, z]])[0]), -12, 12, -12, 12, epsabs=1e-5
    )[0]
    assert np.exp(log_density([[GAP, 0.3, GAP]], mixture)[0]) == pytest.approx(found, rel=1e-3)


def test_a_row_without_cells_has_log_density_zero():
    assert log_density([[GAP, GAP]], make_mixture("full", 2, 2)).tolist() == [0.0]


def test_a_label_adds_what_the_component_weighs():
    mixture = make_mixture("full", 2, 3, seed=24)
    expected = joint_by_scipy(ROWS, mixture)[:, 1]
    found = log_density(ROWS, mixture, labels=np.ones(40, int))
    np.testing.assert_allclose(found, expected, rtol=1e-10)


@pytest.mark.parametrize("name", FAMILIES)
def test_responsibilities_are_bayes_rule_on_the_observed_block(name):
    mixture = make_mixture(name, 3, 3, seed=25)
    joint = joint_by_scipy(ROWS, mixture)
    expected = np.exp(joint - np.logaddexp.reduce(joint, axis=1)[:, None])
    np.testing.assert_allclose(responsibilities(ROWS, mixture), expected, rtol=1e-8, atol=1e-12)


def test_a_labeled_row_belongs_to_its_component():
    mixture = make_mixture("full", 3, 2)
    found = responsibilities([[0.0, GAP], [0.0, 0.0]], mixture, labels=[2, 0])
    np.testing.assert_allclose(found, [[0, 0, 1], [1, 0, 0]])


@pytest.mark.parametrize("name", FAMILIES)
def test_complete_rows_have_the_densities_that_the_mixture_gives(name):
    mixture, rows = make_mixture(name, 2, 3), blobs(20, 3, 2)
    np.testing.assert_allclose(log_density(rows, mixture), mixture.log_density(rows), rtol=1e-12)


def test_complete_rows_may_be_noise():
    mixture = make_mixture("full", 2, 2, noise=0.2)
    rows = blobs(20, 2, 2)
    np.testing.assert_allclose(responsibilities(rows, mixture), mixture.responsibilities(rows))


def test_incomplete_rows_beside_noise_are_refused():
    mixture = Mixture([0.5], [[0.0, 0.0]], [np.eye(2)], Noise(0.5, -1.0))
    with pytest.raises(ParameterError, match="noise"):
        log_density([[0.0, 0.0], [0.0, GAP]], mixture)


def test_rows_of_another_width_are_refused():
    with pytest.raises(InputError, match="width"):
        log_density([[0.0, GAP]], make_mixture("full", 2, 3))


@pytest.mark.parametrize("name", FAMILIES)
def test_gaps_are_filled_with_the_mean_of_their_conditional_mixture(name):
    mixture = make_mixture(name, 3, 3, seed=26)
    shares = responsibilities(ROWS, mixture)
    guess = filled(ROWS, mixture)
    for n, row in enumerate(ROWS):
        found = [gaussian(row, mixture.means[k], mixture.covariances[k]) for k in range(3)]
        mean = sum(shares[n, k] * found[k][1] for k in range(3))
        square = sum(shares[n, k] * (found[k][1] ** 2 + np.diagonal(found[k][2])) for k in range(3))
        np.testing.assert_allclose(guess.rows[n], mean, atol=1e-9)
        np.testing.assert_allclose(guess.variances[n], square - mean**2, atol=1e-9)


def test_observed_cells_stay_as_they_were_and_are_certain():
    guess, seen = filled(ROWS, make_mixture("full", 2, 3)), ~np.isnan(ROWS)
    np.testing.assert_array_equal(guess.rows[seen], ROWS[seen])
    assert (guess.variances[seen] == 0).all()
    assert (guess.variances[~seen] > 0).all()


def test_a_row_without_cells_is_filled_with_the_mean_of_the_mixture():
    mixture = Mixture([0.25, 0.75], [[0.0], [4.0]], np.ones((2, 1, 1)))
    guess = filled([[GAP]], mixture)
    assert guess.rows.tolist() == [[3.0]]
    np.testing.assert_allclose(guess.variances, [[1 + 0.25 * 9 + 0.75 * 1]])


@pytest.mark.parametrize("name", FAMILIES)
def test_draws_have_the_conditional_mean_and_spread(name):
    """Two tests at five standard errors: a false alarm in 1e6 seeds."""
    mixture = make_mixture(name, 3, 3, seed=27, spread=1.0)
    row = np.array([[0.5, GAP, GAP]])
    guess, n = filled(row, mixture), 4000
    draws = impute(row, mixture, n, seed=27)[:, 0, 1:]
    error = np.sqrt(guess.variances[0, 1:] / n)
    assert (np.abs(draws.mean(axis=0) - guess.rows[0, 1:]) < 5 * error).all()
    fourth = ((draws - draws.mean(axis=0)) ** 4).mean(axis=0) - draws.var(axis=0) ** 2
    spread = np.abs(draws.var(axis=0) - guess.variances[0, 1:])
    assert (spread < 5 * np.sqrt(fourth / n)).all()


def test_draws_of_two_cells_are_correlated_as_the_covariance_says():
    """Fisher's z at five standard errors: a false alarm in 1e6 seeds."""
    covariance = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.8], [0.0, 0.8, 1.0]])
    draws = impute([[0.0, GAP, GAP]], Mixture([1.0], np.zeros((1, 3)), [covariance]), 5000, seed=1)
    found = np.corrcoef(draws[:, 0, 1:].T)[0, 1]
    assert abs(np.arctanh(found) - np.arctanh(0.8)) < 5 / np.sqrt(5000)


def test_draws_keep_what_was_observed():
    tables = impute(ROWS, make_mixture("full", 2, 3), 3, seed=0)
    for table in tables:
        np.testing.assert_array_equal(np.where(np.isnan(ROWS), GAP, table), ROWS)


def test_the_same_seed_draws_the_same_tables():
    mixture = make_mixture("full", 2, 3)
    np.testing.assert_array_equal(
        impute(ROWS, mixture, 2, seed=5), impute(ROWS, mixture, 2, seed=5)
    )
    assert (impute(ROWS, mixture, seed=5) != impute(ROWS, mixture, seed=6)).any()


def test_no_tables_are_refused():
    with pytest.raises(ParameterError, match="n is not usable"):
        impute(ROWS, make_mixture("full", 2, 3), 0)


def test_starts_are_filled_along_the_correlation_of_the_columns():
    random = np.random.default_rng(28)
    x = random.normal(size=300)
    rows = np.column_stack([x, 3 * x + 0.1 * random.normal(size=300)]) * [1.0, 1e-5] + [0.0, 7.0]
    gappy = rows.copy()
    gappy[::3, 1] = GAP
    error = (filled_for_start(gappy) - rows)[::3, 1]
    assert np.abs(error).max() < 0.2 * rows[:, 1].std()


def test_starts_in_a_column_with_few_values_stay_among_them():
    random = np.random.default_rng(29)
    rows = random.normal(size=(400, 2))
    rows[0, 1] = 30.0
    rows[np.arange(400) % 10 > 0, 1] = GAP
    found = filled_for_start(rows)[1::10, 1]
    assert abs(found.mean() - rows[::10, 1].mean()) < 2.0


def test_starts_from_complete_rows_are_those_rows():
    rows = blobs(10, 2, 1)
    np.testing.assert_array_equal(filled_for_start(rows), rows)


def test_starts_do_not_need_a_value_in_every_column():
    rows = np.column_stack([blobs(20, 2, 1), np.full(20, GAP)])
    rows[0, 0] = GAP
    found = filled_for_start(rows)
    assert np.isfinite(found).all()
    assert (found[:, 2] == 0).all()


def test_starts_survive_constant_columns_and_single_values():
    rows = np.array([[5.0, GAP, 1.0], [5.0, 2.0, GAP], [GAP, GAP, 3.0]])
    found = filled_for_start(rows)
    np.testing.assert_allclose(found[:, 0], 5.0)
    np.testing.assert_allclose(found[:, 1], 2.0)


def test_weights_of_a_start_are_copies_of_rows():
    rows, weights = ROWS[~np.isnan(ROWS).all(axis=1)], np.arange(40) % 3
    weights = weights[: len(rows)]
    copied = filled_for_start(np.repeat(rows, weights, axis=0))
    weighted = np.repeat(filled_for_start(rows, weights), weights, axis=0)
    np.testing.assert_allclose(weighted, copied, rtol=1e-9)


def test_axis_aligned_families_never_look_at_other_columns():
    mixture = Mixture([1.0], [[0.0, 5.0]], Covariance("diag", [[1.0, 4.0]]))
    guess = filled([[100.0, GAP]], mixture)
    assert guess.rows.tolist() == [[100.0, 5.0]]
    assert guess.variances.tolist() == [[0.0, 4.0]]
