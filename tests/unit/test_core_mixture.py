"""The mixture as a value: what it refuses, that nothing changes it, and what it says of itself."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest
from strategies import FAMILIES, log_joint_oracle, make_mixture, posterior_oracle

from gmmkit import Covariance, Mixture, Noise
from gmmkit.core.covariance import Covariance as CovarianceHome
from gmmkit.errors import GmmkitError, InputError, ParameterError

TWO = ([0.5, 0.5], [[0.0, 0.0], [3.0, 3.0]], [np.eye(2), np.eye(2)])


def refusal(make, kind=ParameterError):
    """The message with which something is refused."""
    with pytest.raises(kind) as caught:
        make()
    assert isinstance(caught.value, GmmkitError)
    assert isinstance(caught.value, ValueError)
    return str(caught.value)


def test_weights_that_do_not_sum_to_one_are_refused_with_their_sum():
    assert "found a sum of 0.9" in refusal(lambda: Mixture([0.5, 0.4], *TWO[1:]))


@pytest.mark.parametrize("weights", [[1.5, -0.5], [np.nan, 1.0], [np.inf, 0.0]])
def test_weights_that_are_no_shares_are_refused(weights):
    assert "weights" in refusal(lambda: Mixture(weights, *TWO[1:]))


def test_a_mixture_without_components_is_refused():
    refusal(lambda: Mixture([], np.empty((0, 2)), np.empty((0, 2, 2))))


def test_a_mixture_without_columns_is_refused():
    refusal(lambda: Mixture([1.0], np.empty((1, 0)), Covariance("spherical", [1.0])))


def test_weights_and_means_of_different_numbers_are_refused_with_both_shapes():
    message = refusal(lambda: Mixture([1.0], *TWO[1:]))
    assert "(1,)" in message
    assert "(2, 2)" in message


def test_means_that_are_not_two_dimensional_are_refused():
    assert "shapes (1,) and (2,)" in refusal(lambda: Mixture([1.0], [0.0, 1.0], [np.eye(2)]))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_means_that_are_not_finite_are_refused(bad):
    assert "means" in refusal(lambda: Mixture([1.0], [[0.0, bad]], [np.eye(2)]))


@pytest.mark.parametrize(
    ("family", "values"),
    [
        ("full", np.stack([np.eye(2)] * 3)),
        ("tied", np.eye(3)),
        ("diag", np.ones((3, 2))),
        ("spherical", np.ones(3)),
    ],
)
def test_covariances_of_another_size_are_refused_with_the_shape_needed(family, values):
    message = refusal(lambda: Mixture(TWO[0], TWO[1], Covariance(family, values)))
    assert str(values.shape) in message
    assert "needed" in message


@pytest.mark.parametrize(
    ("family", "values"),
    [
        ("full", np.eye(2)),
        ("full", np.ones((2, 2, 3))),
        ("tied", np.ones((2, 2, 2))),
        ("tied", np.ones((2, 3))),
        ("diag", np.ones(2)),
        ("spherical", np.ones((2, 1))),
        ("spherical", 1.0),
    ],
)
def test_covariance_values_of_the_wrong_shape_are_refused_with_it(family, values):
    assert str(np.shape(values)) in refusal(lambda: Covariance(family, values))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0, 0.0])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_variance_that_is_not_positive_and_finite_is_refused(family, bad):
    values = make_mixture(family, 2, 2).covariance.values.copy()
    values[np.ndindex(values.shape).__next__()] = bad
    refusal(lambda: Covariance(family, values))


def test_an_asymmetric_covariance_is_refused_with_the_difference():
    assert "found differences up to 0.5" in refusal(lambda: Covariance("tied", [[1, 0.5], [0, 1]]))


def test_an_indefinite_covariance_is_refused_with_its_smallest_eigenvalue():
    message = refusal(lambda: Covariance("full", [[[1.0, 2.0], [2.0, 1.0]]]))
    assert "found a smallest eigenvalue of -1" in message


def test_a_small_indefinite_covariance_among_large_ones_is_refused():
    refusal(lambda: Covariance("full", [1e12 * np.eye(2), [[1.0, 2.0], [2.0, 1.0]]]))


def test_a_small_asymmetric_covariance_among_large_ones_is_refused():
    refusal(lambda: Covariance("full", [1e12 * np.eye(2), [[1.0, 0.5], [0.0, 1.0]]]))


def test_an_unknown_family_is_refused_with_those_there_are():
    message = refusal(lambda: Covariance("VEV2", np.eye(2)))
    assert "'VEV2'" in message
    assert "spherical" in message


@pytest.mark.parametrize("bad", ["many", None, [["a"]], [[1.0, 2.0], [3.0]]])
def test_values_that_are_no_numbers_are_refused_as_ours(bad):
    refusal(lambda: Covariance("tied", bad))
    refusal(lambda: Mixture([1.0], bad, Covariance("spherical", [1.0])))
    refusal(lambda: Mixture(bad, [[1.0]], Covariance("spherical", [1.0])))


@pytest.mark.parametrize("values", [np.eye(2) * 1j, np.eye(2) + 0j])
def test_complex_values_are_refused_rather_than_cut_to_their_real_part(values):
    refusal(lambda: Covariance("tied", values))
    refusal(lambda: Mixture([0.5, 0.5], values, Covariance("spherical", [1.0, 1.0])))


@pytest.mark.parametrize("weight", [-0.1, 1.5, np.nan])
def test_a_noise_weight_outside_zero_to_one_is_refused(weight):
    assert "needed a weight in [0, 1]" in refusal(lambda: Noise(weight, 0.0))


@pytest.mark.parametrize("log_density", [np.nan, np.inf, -np.inf])
def test_a_noise_density_that_is_not_finite_is_refused(log_density):
    refusal(lambda: Noise(0.1, log_density))


def test_weights_and_noise_have_to_sum_to_one_together():
    assert "found a sum of 1.1" in refusal(lambda: Mixture(*TWO, noise=Noise(0.1, 0.0)))


@pytest.mark.parametrize("name", ["weights", "means", "covariance", "noise"])
def test_a_mixture_cannot_be_given_another_attribute(name):
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(Mixture(*TWO), name, None)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_array_of_a_mixture_can_be_written_to(family):
    mixture = make_mixture(family)
    for array in (mixture.weights, mixture.means, mixture.covariance.values, mixture.covariances):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


@pytest.mark.parametrize("family", FAMILIES)
def test_what_a_mixture_caches_cannot_be_written_to(family):
    mixture = make_mixture(family)
    for array in (mixture.factors, mixture.log_normalizers):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_changing_the_arrays_it_was_made_from_leaves_a_mixture_as_it_was():
    weights, means, covariances = (np.array(part) for part in TWO)
    mixture = Mixture(weights, means, covariances)
    weights[:], means[:], covariances[:] = 0, 9, 9
    assert mixture.weights.tolist() == [0.5, 0.5]
    assert mixture.means.tolist() == TWO[1]
    assert mixture.covariances.tolist() == [np.eye(2).tolist()] * 2


def test_asking_for_dense_covariances_leaves_the_stored_values_usable():
    mixture = make_mixture("full")
    mixture.covariances
    assert pickle.loads(pickle.dumps(mixture)).labels(mixture.means).shape == (3,)


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_copy_of_a_mixture_scores_alike_and_is_as_frozen(family, duplicate):
    mixture = make_mixture(family, noise=0.1)
    other = duplicate(mixture)
    rows = mixture.means + 1
    assert other.log_density(rows).tolist() == mixture.log_density(rows).tolist()
    assert other.covariance.family is mixture.covariance.family
    assert other.noise == mixture.noise
    for array in (other.weights, other.means, other.covariance.values):
        assert not array.flags.writeable


@pytest.mark.parametrize("family", FAMILIES)
def test_reordering_permutes_responsibilities_and_leaves_densities(family):
    mixture = make_mixture(family, 4, 3)
    rows = np.random.default_rng(0).normal(size=(30, 3))
    turned = mixture.reordered([2, 0, 3, 1])
    np.testing.assert_allclose(turned.log_density(rows), mixture.log_density(rows), rtol=1e-14)
    np.testing.assert_allclose(
        turned.responsibilities(rows), mixture.responsibilities(rows)[:, [2, 0, 3, 1]], rtol=1e-12
    )


@pytest.mark.parametrize("order", [[0], [0, 0], [0, 2], [0, 1, 2], [-1, 0], [[0, 1]], []])
def test_an_order_that_is_no_permutation_is_refused(order):
    assert "permutation" in refusal(lambda: Mixture(*TWO).reordered(order))


@pytest.mark.parametrize(
    ("family", "published"), [("tied", 24), ("diag", 26), ("spherical", 17), ("full", 44)]
)
def test_parameters_are_counted_as_mclust_publishes_them(family, published):
    """Four columns, three components: EEE, VVI, VII, VVV."""
    assert make_mixture(family, 3, 4).n_parameters == published


def test_noise_counts_as_one_more_parameter():
    assert make_mixture("full", noise=0.1).n_parameters == make_mixture("full").n_parameters + 1


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("noise", [None, 0.2])
def test_log_densities_and_responsibilities_follow_the_formula(family, noise):
    mixture = make_mixture(family, 3, 4, noise=noise)
    rows = np.random.default_rng(1).normal(scale=3, size=(40, 4))
    responsibilities, log_density = posterior_oracle(rows, mixture)
    np.testing.assert_allclose(mixture.log_joint(rows), log_joint_oracle(rows, mixture), rtol=1e-11)
    np.testing.assert_allclose(mixture.log_density(rows), log_density, rtol=1e-11)
    np.testing.assert_allclose(mixture.responsibilities(rows), responsibilities, atol=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
def test_log_densities_agree_with_scipy(family):
    from scipy.stats import multivariate_normal

    mixture = make_mixture(family, 3, 3)
    rows = np.random.default_rng(2).normal(scale=3, size=(40, 3))
    parts = zip(mixture.weights, mixture.means, mixture.covariances, strict=True)
    density = sum(w * multivariate_normal(mean, cov).pdf(rows) for w, mean, cov in parts)
    np.testing.assert_allclose(mixture.log_density(rows), np.log(density), rtol=1e-11)


def test_responsibilities_with_noise_sum_to_what_the_noise_leaves():
    mixture = Mixture([0.6], [[0.0]], np.ones((1, 1, 1)), Noise(0.4, -2.0))
    normal = 0.6 / np.sqrt(2 * np.pi)
    expected = normal / (normal + 0.4 * np.exp(-2))
    assert mixture.responsibilities([[0.0]])[0, 0] == pytest.approx(expected, rel=1e-14)


def test_noise_of_weight_zero_changes_nothing():
    silent = Mixture(*TWO, noise=Noise(0.0, 50.0))
    rows = np.array([[0.0, 1.0], [2.0, 2.0]])
    assert silent.log_density(rows).tolist() == Mixture(*TWO).log_density(rows).tolist()


def test_a_component_of_weight_zero_gets_no_row():
    mixture = Mixture([0.0, 1.0], *TWO[1:])
    rows = [[0.0, 0.0], [50.0, 50.0]]
    assert mixture.responsibilities(rows).tolist() == [[0.0, 1.0], [0.0, 1.0]]
    assert mixture.labels(rows).tolist() == [1, 1]


def test_a_row_far_from_everything_still_has_responsibilities_that_sum_to_one():
    rows = np.array([[1e9, -1e9]])
    assert Mixture(*TWO).responsibilities(rows).sum() == pytest.approx(1.0)
    assert np.isfinite(Mixture(*TWO).log_density(rows)).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_labels_are_the_largest_responsibilities_across_block_borders(family):
    mixture = make_mixture(family, 3, 2)
    rows = np.random.default_rng(3).normal(scale=3, size=(9001, 2))
    expected = mixture.responsibilities(rows).argmax(axis=1)
    assert (mixture.labels(rows) == expected).all()


def test_a_tie_between_components_goes_to_the_lower_number():
    assert Mixture([0.5, 0.5], [[-1.0], [1.0]], np.ones((2, 1, 1))).labels([[0.0]])[0] == 0


@pytest.mark.parametrize("method", ["log_density", "responsibilities", "labels", "log_joint"])
def test_rows_of_another_width_are_refused_with_both_widths(method):
    message = refusal(lambda: getattr(Mixture(*TWO), method)([[1.0, 2.0, 3.0]]), InputError)
    assert "found 3 columns" in message
    assert "needed 2" in message


@pytest.mark.parametrize("family", FAMILIES)
def test_samples_have_the_means_and_covariances_of_their_components(family):
    """Tolerances are five standard errors of each moment."""
    mixture = make_mixture(family, 2, 3, seed=4)
    rows, labels = mixture.sample_with_labels(40_000, seed=5)
    for k in range(2):
        mine, true = rows[labels == k], mixture.covariances[k]
        n, variances = len(mine), np.diagonal(true)
        assert abs(n / 40_000 - mixture.weights[k]) < 5 * np.sqrt(0.25 / 40_000)
        assert (abs(mine.mean(axis=0) - mixture.means[k]) < 5 * np.sqrt(variances / n)).all()
        error = np.sqrt((np.outer(variances, variances) + true**2) / n)
        assert (abs(np.cov(mine.T) - true) < 5 * error).all()


def test_the_same_seed_draws_the_same_rows_and_another_seed_others():
    mixture = Mixture(*TWO)
    assert mixture.sample(9, seed=1).tolist() == mixture.sample(9, seed=1).tolist()
    assert mixture.sample(9, seed=1).tolist() != mixture.sample(9, seed=2).tolist()


@pytest.mark.parametrize("n", [0, -1, 2.5, True, "3", None])
def test_a_number_of_samples_that_is_no_count_is_refused_with_it(n):
    assert repr(n) in refusal(lambda: Mixture(*TWO).sample(n))


def test_weights_within_the_tolerance_of_the_constructor_can_be_sampled():
    mixture = Mixture([0.5, 0.5 + 9e-7], *TWO[1:])
    assert mixture.sample(3, seed=0).shape == (3, 2)


def test_noise_cannot_be_sampled():
    assert "noise" in refusal(lambda: make_mixture(noise=0.1).sample(3))


def test_both_ways_to_a_covariance_lead_to_one_class():
    assert Covariance is CovarianceHome
