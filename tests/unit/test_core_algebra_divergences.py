"""Divergences and distances between mixtures, against quadrature and closed forms written out."""

from itertools import permutations

import numpy as np
import pytest
from scipy import integrate, linalg, stats
from strategies import FAMILIES, make_mixture

from gmmkit import Mixture
from gmmkit.core.algebra import (
    bhattacharyya_bounds,
    bhattacharyya_coefficient,
    bhattacharyya_distance,
    cauchy_schwarz_divergence,
    component_overlap,
    hellinger_distance,
    kullback_leibler,
    kullback_leibler_bounds,
    kullback_leibler_matched,
    kullback_leibler_variational,
    l2_distance,
    log_product_integral,
    misclassification,
    normalized_l2_distance,
    quantile,
    wasserstein_distance,
)
from gmmkit.errors import ParameterError

FIRST = Mixture([0.3, 0.7], [[-1.0], [2.0]], [[[0.5]], [[2.0]]])
SECOND = Mixture([0.6, 0.1, 0.3], [[0.0], [1.0], [4.0]], [[[1.0]], [[0.3]], [[3.0]]])
SINGLE = make_mixture("full", 1, 3, seed=1), make_mixture("full", 1, 3, seed=2)


def integral(function):
    """∫ function(p(x), q(x)) dx of the two mixtures in one dimension."""

    def value(x):
        densities = [float(np.exp(m.log_density([[x]])[0])) for m in (FIRST, SECOND)]
        return function(*densities)

    return integrate.quad(value, -14, 18, points=[-1, 0, 1, 2, 4], limit=400)[0]


KL = integral(lambda p, q: p * np.log(p / q))
SHARED = integral(lambda p, q: np.sqrt(p * q))


def trace_root(first, second):
    """tr (A^½ B A^½)^½ by matrix square roots."""
    root = linalg.sqrtm(first)
    return np.trace(linalg.sqrtm(root @ second @ root)).real


def test_the_divergence_of_gaussians_is_the_closed_form():
    (p, q), d = SINGLE, 3
    precision = np.linalg.inv(q.covariances[0])
    shift = q.means[0] - p.means[0]
    ratio = np.linalg.det(q.covariances[0]) / np.linalg.det(p.covariances[0])
    expected = np.trace(precision @ p.covariances[0]) + shift @ precision @ shift - d
    found = kullback_leibler(p, q)
    assert found.value == pytest.approx((expected + np.log(ratio)) / 2, rel=1e-12)
    assert found.standard_error == 0.0


def test_a_sampled_divergence_is_the_integral_within_its_error():
    """Five standard errors: a false alarm in 2e6."""
    found = kullback_leibler(FIRST, SECOND, n_samples=50_000, seed=3)
    assert abs(found.value - KL) < 5 * found.standard_error
    assert 0 < found.standard_error < 0.01


def test_the_bounds_enclose_the_divergence():
    lower, upper = kullback_leibler_bounds(FIRST, SECOND)
    assert lower <= KL <= upper


def test_the_lower_bound_tells_mixtures_apart_that_are():
    moved = Mixture(FIRST.weights, FIRST.means + 9.0, FIRST.covariance)
    expected = kullback_leibler(FIRST, moved)
    assert 0.2 * expected.value < kullback_leibler_bounds(FIRST, moved).lower < expected.value


def test_the_upper_bound_is_never_above_the_one_by_convexity():
    pairs = [kullback_leibler(a, b).value for a in split(FIRST) for b in split(SECOND)]
    convex = np.outer(FIRST.weights, SECOND.weights).ravel() @ pairs
    assert kullback_leibler_bounds(FIRST, SECOND).upper <= convex


def split(mixture):
    """Each component of a mixture alone."""
    parts = zip(mixture.means, mixture.covariances, strict=True)
    return [Mixture([1.0], mean[None], covariance[None]) for mean, covariance in parts]


def test_the_variational_approximation_is_its_equation():
    expected = 0.0
    for weight, part in zip(FIRST.weights, split(FIRST), strict=True):
        own = sum(
            w * np.exp(-kullback_leibler(part, other).value)
            for w, other in zip(FIRST.weights, split(FIRST), strict=True)
        )
        their = sum(
            w * np.exp(-kullback_leibler(part, other).value)
            for w, other in zip(SECOND.weights, split(SECOND), strict=True)
        )
        expected += weight * np.log(own / their)
    assert kullback_leibler_variational(FIRST, SECOND) == pytest.approx(expected, rel=1e-12)


def test_the_matched_approximation_pairs_each_component_with_its_best():
    expected = 0.0
    for weight, part in zip(FIRST.weights, split(FIRST), strict=True):
        costs = [
            kullback_leibler(part, other).value - np.log(w)
            for w, other in zip(SECOND.weights, split(SECOND), strict=True)
        ]
        expected += weight * (min(costs) + np.log(weight))
    assert kullback_leibler_matched(FIRST, SECOND) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "divergence",
    [
        kullback_leibler_variational,
        kullback_leibler_matched,
        lambda p, q: kullback_leibler_bounds(p, q).upper,
    ],
)
def test_approximations_are_exact_where_there_is_one_gaussian_each(divergence):
    expected = kullback_leibler(*SINGLE).value
    assert divergence(*SINGLE) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_divides_a_mixture_from_itself(family):
    mixture = make_mixture(family, 3, 2, seed=4)
    assert kullback_leibler(mixture, mixture).value == 0.0
    assert kullback_leibler_variational(mixture, mixture) == 0.0
    assert kullback_leibler_bounds(mixture, mixture).upper < 1e-9
    assert hellinger_distance(mixture, mixture).value == 0.0
    assert bhattacharyya_coefficient(mixture, mixture).value == 1.0
    assert l2_distance(mixture, mixture) == 0.0
    assert cauchy_schwarz_divergence(mixture, mixture) < 1e-14
    assert wasserstein_distance(mixture, mixture).distance < 1e-6


def test_the_affinity_of_gaussians_is_the_closed_form():
    p, q = SINGLE
    middle = (p.covariances[0] + q.covariances[0]) / 2
    shift = q.means[0] - p.means[0]
    determinants = np.linalg.det(p.covariances[0]) * np.linalg.det(q.covariances[0])
    distance = shift @ np.linalg.solve(middle, shift) / 8
    distance += np.log(np.linalg.det(middle) / np.sqrt(determinants)) / 2
    assert bhattacharyya_distance(p, q).value == pytest.approx(distance, rel=1e-12)
    assert bhattacharyya_coefficient(p, q).value == pytest.approx(np.exp(-distance), rel=1e-12)


def test_the_distance_of_gaussians_stands_where_their_affinity_vanishes():
    near, far = Mixture([1.0], [[0.0]], [[[1.0]]]), Mixture([1.0], [[1e4]], [[[1.0]]])
    assert bhattacharyya_distance(near, far).value == pytest.approx(1e8 / 8)
    assert hellinger_distance(near, far).value == 1.0


def test_a_sampled_affinity_is_the_integral_within_its_error():
    """Five standard errors: a false alarm in 2e6."""
    found = bhattacharyya_coefficient(FIRST, SECOND, n_samples=50_000, seed=5)
    assert abs(found.value - SHARED) < 5 * found.standard_error
    assert 0 < found.standard_error < 0.002


def test_the_three_affinities_are_functions_of_one_sample():
    coefficient = bhattacharyya_coefficient(FIRST, SECOND, seed=6).value
    assert bhattacharyya_distance(FIRST, SECOND, seed=6).value == pytest.approx(
        -np.log(coefficient)
    )
    assert hellinger_distance(FIRST, SECOND, seed=6).value == pytest.approx(
        np.sqrt(1 - coefficient)
    )


def test_mixtures_that_never_meet_are_infinitely_far_by_a_sampled_logarithm():
    far = Mixture(SECOND.weights, SECOND.means + 1e6, SECOND.covariance)
    assert bhattacharyya_distance(FIRST, far).value == np.inf
    assert bhattacharyya_coefficient(FIRST, far).value == 0.0


def test_the_bounds_enclose_the_affinity():
    lower, upper = bhattacharyya_bounds(FIRST, SECOND)
    assert 0.5 < lower <= SHARED <= upper <= 1.0


def test_the_integral_of_a_product_is_in_closed_form():
    expected = integral(lambda p, q: p * q)
    assert log_product_integral(FIRST, SECOND) == pytest.approx(np.log(expected), rel=1e-9)


def test_the_l2_distance_is_the_root_of_the_integral():
    expected = np.sqrt(integral(lambda p, q: (p - q) ** 2))
    assert l2_distance(FIRST, SECOND) == pytest.approx(expected, rel=1e-8)


def test_the_normalized_distances_are_ratios_of_integrals():
    own, other = integral(lambda p, q: p**2), integral(lambda p, q: q**2)
    cosine = integral(lambda p, q: p * q) / np.sqrt(own * other)
    assert cauchy_schwarz_divergence(FIRST, SECOND) == pytest.approx(-np.log(cosine), rel=1e-8)
    assert normalized_l2_distance(FIRST, SECOND) == pytest.approx(np.sqrt(2 - 2 * cosine), rel=1e-8)


def test_densities_of_many_columns_neither_overflow_nor_vanish():
    tiny = make_mixture("diag", 3, 60, seed=7)
    tiny = Mixture(tiny.weights, 1e-8 * tiny.means, 1e-16 * tiny.covariances)
    moved = Mixture(tiny.weights, tiny.means + 1e-9, tiny.covariance)
    assert 0 < cauchy_schwarz_divergence(tiny, moved) < 1


def test_the_wasserstein_distance_of_gaussians_is_the_bures_formula():
    p, q = SINGLE
    squared = ((p.means - q.means) ** 2).sum() + np.trace(p.covariances[0] + q.covariances[0])
    squared -= 2 * trace_root(p.covariances[0], q.covariances[0])
    assert wasserstein_distance(p, q).distance == pytest.approx(np.sqrt(squared), rel=1e-9)


def test_nearly_equal_covariances_keep_their_small_distance():
    p = Mixture([1.0], np.zeros((1, 2)), np.eye(2)[None])
    q = Mixture([1.0], np.zeros((1, 2)), (1 + 1e-9) ** 2 * np.eye(2)[None])
    assert wasserstein_distance(p, q).distance == pytest.approx(np.sqrt(2) * 1e-9, rel=1e-5)


def test_the_distance_of_mixtures_is_at_least_that_of_the_densities():
    shares = (np.arange(4000) + 0.5) / 4000
    transported = quantile(FIRST, shares) - quantile(SECOND, shares)
    exact = np.sqrt((transported**2).mean())
    assert wasserstein_distance(FIRST, SECOND).distance >= exact


def test_the_plan_carries_each_mixtures_weights():
    plan = wasserstein_distance(FIRST, SECOND).plan
    np.testing.assert_allclose(plan.sum(axis=1), FIRST.weights, atol=1e-9)
    np.testing.assert_allclose(plan.sum(axis=0), SECOND.weights, atol=1e-9)


def test_with_equal_weights_the_plan_is_the_best_permutation():
    random = np.random.default_rng(8)
    means = random.normal(size=(2, 4, 2))
    first, second = (Mixture([0.25] * 4, m, [np.eye(2)] * 4) for m in means)
    costs = ((means[0][:, None] - means[1]) ** 2).sum(axis=2)
    best = min(sum(costs[i, p[i]] for i in range(4)) for p in permutations(range(4)))
    assert wasserstein_distance(first, second).distance == pytest.approx(np.sqrt(best / 4))


def test_a_shift_moves_a_mixture_by_its_length_in_any_units():
    mixture = make_mixture("full", 3, 2, seed=9)
    for unit in (1e-8, 1.0, 1e8):
        scaled = Mixture(mixture.weights, unit * mixture.means, unit**2 * mixture.covariances)
        moved = Mixture(
            scaled.weights, scaled.means + unit * np.array([3.0, 4.0]), scaled.covariance
        )
        distance = wasserstein_distance(scaled, moved).distance
        assert distance == pytest.approx(5 * unit, rel=1e-6)


def test_components_without_weight_change_no_divergence():
    padded = Mixture([0.3, 0.0, 0.7], [[-1.0], [99.0], [2.0]], [[[0.5]], [[1.0]], [[2.0]]])
    assert kullback_leibler_variational(padded, SECOND) == pytest.approx(
        kullback_leibler_variational(FIRST, SECOND)
    )
    assert kullback_leibler_bounds(SECOND, padded) == pytest.approx(
        kullback_leibler_bounds(SECOND, FIRST)
    )
    assert l2_distance(padded, SECOND) == pytest.approx(l2_distance(FIRST, SECOND))


def test_the_overlap_of_two_components_is_their_affinity():
    mixture = make_mixture("full", 3, 2, seed=10)
    parts = split(mixture)
    expected = [[bhattacharyya_coefficient(a, b).value for b in parts] for a in parts]
    np.testing.assert_allclose(component_overlap(mixture), expected, rtol=1e-10)


def test_the_misclassification_of_two_equal_widths_is_a_normal_tail():
    """50000 draws: five standard errors, a false alarm in 2e6."""
    mixture = Mixture([0.5, 0.5], [[0.0], [2.0]], [[[1.0]], [[1.0]]])
    expected = stats.norm.sf(1.0)
    table = misclassification(mixture, n_samples=50_000, seed=11)
    assert abs(table[0, 1] - expected) < 5 * np.sqrt(expected * (1 - expected) / 50_000)
    np.testing.assert_allclose(table.sum(axis=1), 1.0)


@pytest.mark.parametrize(
    "compare",
    [kullback_leibler, kullback_leibler_bounds, hellinger_distance, l2_distance],
)
def test_mixtures_of_different_columns_are_refused(compare):
    with pytest.raises(ParameterError, match="1 and 3 columns"):
        compare(FIRST, SINGLE[0])


def test_noise_has_no_divergence():
    with pytest.raises(ParameterError, match="Gaussians alone"):
        wasserstein_distance(FIRST, make_mixture("full", 2, 1, noise=0.2))


@pytest.mark.parametrize("n_samples", [0, 1, 2.5])
def test_too_few_samples_for_an_error_are_refused(n_samples):
    with pytest.raises(ParameterError, match="n_samples"):
        kullback_leibler(FIRST, SECOND, n_samples=n_samples)
