"""Log densities against arithmetic of 60 digits, on rows and parameters taken as they are.

What is asked: a relative error of 1e-10 (1e-8 absolute where that is less than 1e-10 of the
value), for condition numbers up to 1e6, wherever the data stand.
"""

import mpmath
import numpy as np
import pytest
from strategies import FAMILIES, make_mixture

from gmmkit import Covariance, Mixture, Noise

mpmath.mp.dps = 60


def exact_log_density(row, mixture):
    """log p(x) from the definition, every float taken for the number that it is."""
    terms = [
        mpmath.mpf(float(weight)) * mpmath.exp(exact_log_normal(row, mean, covariance))
        for weight, mean, covariance in zip(
            mixture.weights, mixture.means, mixture.covariances, strict=True
        )
    ]
    if mixture.noise is not None:
        noise = mixture.noise
        terms.append(mpmath.mpf(noise.weight) * mpmath.exp(mpmath.mpf(noise.log_density)))
    return mpmath.log(mpmath.fsum(terms))


def exact_log_normal(row, mean, covariance):
    """The logarithm of one normal density."""
    matrix = mpmath.matrix(covariance.tolist())
    deviation = mpmath.matrix(row.tolist()) - mpmath.matrix(mean.tolist())
    distance = (deviation.T * mpmath.lu_solve(matrix, deviation))[0]
    log_volume = mpmath.log(mpmath.det(2 * mpmath.pi * matrix))
    return -(log_volume + distance) / 2


def exact_log_densities(rows, mixture):
    """The definition for every row, rounded to float64 at the very end."""
    wide = np.asarray(rows, dtype=np.float64)
    return np.array([float(exact_log_density(row, mixture)) for row in wide])


def rows_near(mixture, n=12, *, seed=0):
    """Rows drawn from a mixture, and as many ten times as far from its middle."""
    near = mixture.sample(n, seed=seed)
    middle = mixture.means.mean(axis=0)
    return np.concatenate([near, middle + 10 * (near - middle)])


@pytest.mark.parametrize("offset", [0.0, 1e4, 1e8])
@pytest.mark.parametrize("condition", [1.0, 1e3, 1e6])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_log_density_is_exact_to_ten_digits(family, condition, offset):
    mixture = make_mixture(family, 3, 4, seed=1, condition=condition, offset=offset)
    rows = rows_near(mixture)
    expected = exact_log_densities(rows, mixture)
    np.testing.assert_allclose(mixture.log_density(rows), expected, rtol=1e-10, atol=1e-8)


@pytest.mark.parametrize("offset", [0.0, 1e3])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_log_density_of_float32_rows_is_exact_to_ten_digits(family, offset):
    mixture = make_mixture(family, 3, 4, seed=2, condition=1e6, offset=offset)
    rows = rows_near(mixture).astype(np.float32)
    expected = exact_log_densities(rows, mixture)
    np.testing.assert_allclose(mixture.log_density(rows), expected, rtol=1e-10, atol=1e-8)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_log_density_near_zero_is_exact_to_eight_places(family):
    mixture = make_mixture(family, 1, 3, seed=3)
    shift = exact_log_density(mixture.means[0], mixture)
    scale = float(mpmath.exp(shift / 3))
    covariance = mixture.covariance
    values = covariance.family.rescaled(covariance.values, np.full(3, scale))
    flat = Mixture([1.0], mixture.means, Covariance(family, values))
    rows = mixture.means + np.array([[0.0], [1e-6], [1e-3]])
    expected = exact_log_densities(rows, flat)
    assert abs(expected[0]) < 1e-12
    np.testing.assert_allclose(flat.log_density(rows), expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize("gap", [1e-2, 1e-4, 1e-6, 1e-8])
def test_a_nearly_perfect_correlation_costs_no_more_digits_than_its_condition_number(gap):
    covariance = np.array([[1.0, 1 - gap], [1 - gap, 1.0]])
    mixture = Mixture([0.5, 0.5], [[0.0, 0.0], [3.0, 3.0]], [covariance, covariance])
    rows = mixture.sample(20, seed=4)
    expected = exact_log_densities(rows, mixture)
    rtol = 4 * np.finfo(np.float64).eps * 2 / gap
    np.testing.assert_allclose(mixture.log_density(rows), expected, rtol=rtol, atol=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_log_density_with_noise_is_exact_to_ten_digits(family):
    mixture = make_mixture(family, 2, 3, seed=5, noise=0.1)
    rows = np.random.default_rng(5).normal(scale=6, size=(20, 3))
    expected = exact_log_densities(rows, mixture)
    np.testing.assert_allclose(mixture.log_density(rows), expected, rtol=1e-10, atol=1e-12)


def test_far_from_everything_the_noise_density_is_all_that_is_left():
    mixture = Mixture([0.75], [[0.0]], np.ones((1, 1, 1)), Noise(0.25, -3.0))
    expected = float(mpmath.log(mpmath.mpf(0.25)) - 3)
    assert mixture.log_density([[1e6]])[0] == pytest.approx(expected, rel=1e-14)


def test_a_row_a_million_deviations_away_keeps_ten_digits():
    mixture = make_mixture("full", 3, 4, seed=6, condition=1e3)
    rows = mixture.means + 1e6
    expected = exact_log_densities(rows, mixture)
    np.testing.assert_allclose(mixture.log_density(rows), expected, rtol=1e-10)
