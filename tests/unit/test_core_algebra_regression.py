"""Conditionals, regression and quantiles, against Bayes' rule, loops and quadrature."""

import numpy as np
import pytest
from scipy import integrate, optimize, stats
from strategies import FAMILIES, make_mixture

from gmmkit import Mixture
from gmmkit.core.algebra import (
    conditional,
    cumulative_distribution,
    marginal,
    mixture_covariance,
    mixture_mean,
    quantile,
    regress,
)
from gmmkit.errors import InputError, ParameterError


@pytest.mark.parametrize("family", FAMILIES)
def test_conditional_times_marginal_is_the_joint_density(family):
    mixture = make_mixture(family, 3, 4, seed=1)
    for row in mixture.sample(5, seed=2):
        rest = conditional(mixture, [2, 0], row[[2, 0]]).log_density([row[[1, 3]]])
        known = marginal(mixture, [2, 0]).log_density([row[[2, 0]]])
        np.testing.assert_allclose(rest + known, mixture.log_density([row]), rtol=1e-10)


def test_a_conditional_of_one_gaussian_is_the_textbook_formula():
    mixture = make_mixture("full", 1, 4, seed=3)
    mean, covariance, given, rest = mixture.means[0], mixture.covariances[0], [0, 3], [1, 2]
    values = np.array([0.7, -1.2])
    gain = covariance[np.ix_(rest, given)] @ np.linalg.inv(covariance[np.ix_(given, given)])
    found = conditional(mixture, given, values)
    np.testing.assert_allclose(found.means[0], mean[rest] + gain @ (values - mean[given]))
    schur = covariance[np.ix_(rest, rest)] - gain @ covariance[np.ix_(given, rest)]
    np.testing.assert_allclose(found.covariances[0], schur)


@pytest.mark.parametrize(
    ("family", "expected"),
    [("full", "full"), ("tied", "tied"), ("diag", "diag"), ("spherical", "spherical")],
)
def test_a_conditional_stays_in_a_family_that_is_closed(family, expected):
    known = conditional(make_mixture(family, 3, 3, seed=4), [1], [0.3])
    assert known.covariance.family.name == expected


def test_a_value_far_from_every_component_still_gives_a_distribution():
    mixture = make_mixture("full", 3, 2, seed=5)
    far = conditional(mixture, [0], [1e6])
    assert far.weights.sum() == pytest.approx(1.0)
    assert np.isfinite(far.means).all()


def test_nearly_dependent_columns_leave_a_positive_definite_conditional():
    tight = np.array([[1.0, 1 - 1e-9], [1 - 1e-9, 1.0]])
    covariance = np.kron(tight, np.eye(2)) + 1e-12 * np.eye(4)
    mixture = Mixture([1.0], np.zeros((1, 4)), covariance[None])
    variance = conditional(mixture, [0, 1], [1.0, 2.0]).covariances[0]
    np.testing.assert_allclose(np.diagonal(variance), 2e-9, rtol=1e-2)


def test_an_offset_of_1e8_leaves_the_regression_as_it_was():
    near = make_mixture("full", 3, 3, seed=6)
    far = Mixture(near.weights, near.means + 2.0**27, near.covariance)
    rows = near.sample(20, seed=7)[:, [0, 1]]
    expected, found = regress(near, [0, 1], rows), regress(far, [0, 1], rows + 2.0**27)
    np.testing.assert_allclose(found.mean - 2.0**27, expected.mean, atol=1e-6)
    np.testing.assert_allclose(found.variance, expected.variance, rtol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_regression_is_the_conditional_of_every_row(family):
    mixture = make_mixture(family, 3, 4, seed=8)
    rows = mixture.sample(6, seed=9)[:, [3, 1]]
    prediction = regress(mixture, [3, 1], rows)
    for n, row in enumerate(rows):
        alone = conditional(mixture, [3, 1], row)
        np.testing.assert_allclose(prediction.mean[n], mixture_mean(alone), rtol=1e-9)
        np.testing.assert_allclose(prediction.covariance[n], mixture_covariance(alone), rtol=1e-9)
        np.testing.assert_allclose(prediction.mixture(n).weights, alone.weights, rtol=1e-9)


def test_the_variances_are_the_diagonals_of_the_covariances():
    mixture = make_mixture("full", 3, 4, seed=10)
    prediction = regress(mixture, [0], mixture.sample(9, seed=1)[:, :1])
    diagonals = np.diagonal(prediction.covariance, axis1=1, axis2=2)
    np.testing.assert_allclose(prediction.variance, diagonals, rtol=1e-12)


def test_the_density_of_targets_is_joint_minus_marginal():
    mixture = make_mixture("full", 3, 4, seed=11)
    rows = mixture.sample(40, seed=12)
    found = regress(mixture, [0, 2], rows[:, [0, 2]]).log_density(rows[:, [1, 3]])
    joint, known = mixture.log_density(rows), marginal(mixture, [0, 2]).log_density(rows[:, [0, 2]])
    np.testing.assert_allclose(found, joint - known, atol=1e-9)


def test_the_cumulative_probability_is_the_integral_of_the_conditional_density():
    mixture = make_mixture("full", 3, 2, seed=13)
    prediction = regress(mixture, [0], [[0.4]])

    def density(value):
        return float(np.exp(prediction.log_density([[value]])[0]))

    expected, _ = integrate.quad(density, -40, 0.9, limit=200)
    assert prediction.cumulative([[0.9]])[0, 0] == pytest.approx(expected, abs=1e-8)


def test_quantiles_turn_cumulative_probabilities_back():
    mixture = make_mixture("full", 4, 3, seed=14)
    prediction = regress(mixture, [0], mixture.sample(30, seed=15)[:, :1])
    for probability in (1e-9, 0.1, 0.5, 0.9, 1 - 1e-9):
        values = prediction.quantile(probability)
        np.testing.assert_allclose(prediction.cumulative(values), probability, rtol=1e-9)


def test_intervals_cover_as_often_as_they_say():
    """5000 rows at 90 %: five standard deviations, a false alarm in 2e6."""
    mixture = make_mixture("full", 3, 3, seed=16)
    rows = mixture.sample(5000, seed=17)
    lower, upper = regress(mixture, [1], rows[:, [1]]).interval(0.9)
    covered = ((rows[:, [0, 2]] >= lower) & (rows[:, [0, 2]] <= upper)).mean(axis=0)
    assert (np.abs(covered - 0.9) < 5 * np.sqrt(0.09 / 5000)).all()


def test_draws_have_the_conditional_mean_and_variance():
    """20000 draws: five standard errors, a false alarm in 1e6 over all the comparisons."""
    mixture = make_mixture("full", 3, 3, seed=18)
    prediction = regress(mixture, [0], [[-1.0], [2.0]])
    draws = prediction.sample(20_000, seed=19)
    error = np.sqrt(prediction.variance / 20_000)
    assert (np.abs(draws.mean(axis=1) - prediction.mean) < 5 * error).all()
    np.testing.assert_allclose(draws.var(axis=1), prediction.variance, rtol=0.08)


def test_the_same_seed_draws_the_same_targets():
    prediction = regress(make_mixture("full", 2, 2), [0], [[0.0]])
    np.testing.assert_array_equal(prediction.sample(5, seed=3), prediction.sample(5, seed=3))


def test_a_component_without_weight_is_never_drawn():
    mixture = Mixture([1.0, 0.0], [[0.0, 0.0], [0.0, 100.0]], [np.eye(2)] * 2)
    prediction = regress(mixture, [0], [[0.0]])
    assert prediction.sample(1000, seed=0).max() < 50
    assert prediction.quantile(0.999)[0, 0] < 50


def test_giving_every_column_leaves_nothing_to_predict():
    with pytest.raises(ParameterError, match="2 of 2 columns"):
        regress(make_mixture("full", 2, 2), [0, 1], [[0.0, 0.0]])


def test_rows_of_another_width_than_the_given_columns_are_refused():
    with pytest.raises(InputError, match="found 2 columns; needed 1"):
        regress(make_mixture("full", 2, 2), [0], [[0.0, 0.0]])


def test_fewer_targets_than_rows_are_refused():
    prediction = regress(make_mixture("full", 2, 2), [0], [[0.0], [1.0]])
    with pytest.raises(InputError, match="found 1 rows of targets; needed 2"):
        prediction.log_density([[0.0]])


@pytest.mark.parametrize("level", [0.0, 1.0, 90, np.nan, "0.9", [0.5, 0.6]])
def test_a_level_that_is_no_share_is_refused(level):
    with pytest.raises(ParameterError, match="level"):
        regress(make_mixture("full", 2, 2), [0], [[0.0]]).interval(level)


def test_a_quantile_in_one_dimension_is_the_root_of_the_cumulative_sum():
    mixture = Mixture([0.3, 0.5, 0.2], [[-5.0], [0.0], [20.0]], [[[1.0]], [[0.01]], [[9.0]]])
    deviations = np.sqrt(mixture.covariances[:, 0, 0])

    def cumulative(value):
        return mixture.weights @ stats.norm.cdf(value, mixture.means[:, 0], deviations)

    for probability in (0.001, 0.2999, 0.3, 0.5, 0.8, 0.8001, 0.999):
        expected = optimize.brentq(
            lambda x, p=probability: cumulative(x) - p, -60, 80, xtol=1e-13, maxiter=500
        )
        found = quantile(mixture, probability)[0]
        assert cumulative(found) == pytest.approx(probability, rel=1e-12)
        assert abs(found - expected) < 1e-8 or abs(cumulative(expected) - probability) < 1e-15


def test_a_quantile_far_in_the_lower_tail_keeps_its_digits():
    mixture = Mixture([0.5, 0.5], [[0.0], [3.0]], [[[1.0]], [[1.0]]])
    found = quantile(mixture, 1e-200)[0]
    assert stats.norm.logsf(-found) + np.log(0.5) == pytest.approx(np.log(1e-200), rel=1e-12)


def test_the_cumulative_distribution_is_the_weighted_sum_of_normal_ones():
    mixture = make_mixture("spherical", 3, 1, seed=20)
    values = np.linspace(-6, 6, 7)
    deviations = np.sqrt(mixture.covariances[:, 0, 0])
    expected = [
        mixture.weights @ stats.norm.cdf(v, mixture.means[:, 0], deviations) for v in values
    ]
    np.testing.assert_allclose(cumulative_distribution(mixture, values), expected, rtol=1e-12)


def test_a_quantile_of_two_columns_is_refused_with_the_way_out():
    with pytest.raises(ParameterError, match="Try: marginal"):
        quantile(make_mixture("full", 2, 2), 0.5)


@pytest.mark.parametrize("values", [[[1.0], [1.0, 2.0]], ["a"], [np.nan], [1.0, 2.0], [[[1.0]]]])
def test_values_that_are_no_numbers_or_too_many_are_refused(values):
    with pytest.raises(InputError):
        conditional(make_mixture("full", 2, 2), [0], values)
