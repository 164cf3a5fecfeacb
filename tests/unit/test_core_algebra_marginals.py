"""Columns, images and moments of mixtures, against quadrature and sums written out."""

import numpy as np
import pytest
from scipy import integrate
from strategies import FAMILIES, make_mixture

from gmmkit import Covariance, Mixture
from gmmkit.core.algebra import marginal, mixture_covariance, mixture_mean, transformed
from gmmkit.errors import GmmkitError, ParameterError


def test_a_marginal_density_is_the_integral_over_the_other_column():
    mixture = make_mixture("full", 3, 2, seed=1)
    kept = marginal(mixture, [1])
    for value in (-2.0, 0.0, 1.5):
        whole, _ = integrate.quad(
            lambda x, y=value: float(np.exp(mixture.log_density([[x, y]])[0])), -30, 30, limit=200
        )
        assert np.exp(kept.log_density([[value]]))[0] == pytest.approx(whole, rel=1e-7)


@pytest.mark.parametrize(
    ("family", "expected"),
    [("full", "full"), ("tied", "tied"), ("diag", "diag"), ("spherical", "spherical")],
)
def test_a_marginal_stays_in_a_family_that_is_closed(family, expected):
    kept = marginal(make_mixture(family, 3, 4, seed=2), [3, 0])
    assert kept.covariance.family.name == expected


@pytest.mark.parametrize("family", FAMILIES)
def test_a_marginal_takes_columns_in_the_order_asked_for(family):
    mixture = make_mixture(family, 3, 4, seed=3)
    kept = marginal(mixture, [3, 0])
    np.testing.assert_array_equal(kept.means, mixture.means[:, [3, 0]])
    np.testing.assert_allclose(kept.covariances, mixture.covariances[:, [3, 0]][:, :, [3, 0]])


def test_a_mask_and_a_single_number_name_columns_too():
    mixture = make_mixture("full", 2, 3, seed=4)
    np.testing.assert_array_equal(marginal(mixture, 2).means, mixture.means[:, [2]])
    masked = marginal(mixture, np.array([True, False, True]))
    np.testing.assert_array_equal(masked.means, mixture.means[:, [0, 2]])


@pytest.mark.parametrize(
    "columns", [[], [[0], [1, 2]], [3], [-1], [0, 0], [0.5], "ab", [[0, 1]], [True, False]]
)
def test_columns_that_there_are_not_are_refused_with_the_range(columns):
    with pytest.raises(ParameterError, match="different numbers from 0 to 2"):
        marginal(make_mixture("full", 2, 3), columns)


def test_noise_has_no_marginal():
    with pytest.raises(ParameterError, match="found noise of weight"):
        marginal(make_mixture("full", 2, 3, noise=0.1), [0])


def test_what_is_no_mixture_is_refused_by_its_type():
    with pytest.raises(ParameterError, match="found ndarray"):
        marginal(np.zeros(3), [0])


def test_the_mean_and_covariance_are_those_of_the_sum_over_components():
    mixture = make_mixture("full", 4, 3, seed=5)
    mean = sum(w * m for w, m in zip(mixture.weights, mixture.means, strict=True))
    second = sum(
        w * (c + np.outer(m, m))
        for w, m, c in zip(mixture.weights, mixture.means, mixture.covariances, strict=True)
    )
    np.testing.assert_allclose(mixture_mean(mixture), mean, rtol=1e-12)
    np.testing.assert_allclose(mixture_covariance(mixture), second - np.outer(mean, mean))


def test_an_offset_of_1e8_costs_the_covariance_nothing():
    near = make_mixture("full", 4, 3, seed=6)
    far = Mixture(near.weights, near.means + 2.0**27, near.covariance)
    moved = mixture_mean(far) - 2.0**27
    np.testing.assert_allclose(moved, mixture_mean(near), atol=1e-7)
    np.testing.assert_allclose(mixture_covariance(far), mixture_covariance(near), rtol=1e-6)


def test_a_square_map_changes_the_density_by_its_determinant():
    mixture = make_mixture("diag", 3, 2, seed=7)
    matrix, offset = np.array([[2.0, 1.0], [0.5, -3.0]]), np.array([4.0, -1.0])
    image = transformed(mixture, matrix, offset)
    rows = mixture.sample(50, seed=0)
    expected = mixture.log_density(rows) - np.log(abs(np.linalg.det(matrix)))
    np.testing.assert_allclose(image.log_density(rows @ matrix.T + offset), expected, rtol=1e-10)


def test_a_map_to_fewer_columns_composes_with_the_marginal():
    mixture = make_mixture("full", 3, 3, seed=8)
    matrix = np.array([[1.0, 2.0, 0.5], [0.0, 1.0, -1.0], [3.0, 0.0, 1.0]])
    direct = transformed(mixture, matrix[:2])
    through = marginal(transformed(mixture, matrix), [0, 1])
    np.testing.assert_allclose(direct.means, through.means, rtol=1e-12)
    np.testing.assert_allclose(direct.covariances, through.covariances, rtol=1e-12)


def test_a_shared_covariance_stays_shared_under_a_map():
    image = transformed(make_mixture("tied", 3, 2, seed=9), [[1.0, 1.0]])
    assert image.covariance.family.name == "tied"


def test_added_noise_widens_every_component_by_its_covariance():
    mixture = make_mixture("full", 2, 2, seed=10)
    noise = np.array([[0.5, 0.1], [0.1, 0.2]])
    widened = transformed(mixture, np.eye(2), noise_covariance=noise)
    np.testing.assert_allclose(widened.covariances, mixture.covariances + noise)


def test_a_map_that_flattens_is_refused_unless_noise_fills_it():
    mixture, flat = make_mixture("full", 2, 2, seed=11), [[1.0, 1.0], [2.0, 2.0]]
    with pytest.raises(ParameterError, match="a matrix of rank 1 for 2 columns"):
        transformed(mixture, flat)
    assert transformed(mixture, flat, noise_covariance=np.eye(2)).n_features == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1.0]],), "needed (E, 2)"),
        ((np.eye(2), [1.0]), "needed (2,)"),
        ((np.empty((0, 2)),), "needed (E, 2)"),
        (([[1.0, np.nan]],), "NaN"),
    ],
)
def test_a_map_of_the_wrong_shape_is_refused(arguments, message):
    with pytest.raises(ParameterError) as caught:
        transformed(make_mixture("full", 2, 2), *arguments)
    assert message in str(caught.value)


def test_a_noise_covariance_that_is_not_symmetric_is_refused():
    with pytest.raises(ParameterError, match="symmetric"):
        transformed(
            make_mixture("full", 2, 2), np.eye(2), noise_covariance=[[1.0, 0.0], [0.5, 1.0]]
        )


def test_a_noise_covariance_that_makes_no_density_is_refused():
    mixture = Mixture([1.0], [[0.0]], Covariance("full", [[[1.0]]]))
    with pytest.raises(GmmkitError, match="positive definite"):
        transformed(mixture, [[1.0]], noise_covariance=[[-2.0]])
