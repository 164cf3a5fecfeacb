"""Fewer components, fewer clusters: what merging keeps, costs and prefers."""

from itertools import combinations

import numpy as np
import pytest
from scipy import integrate
from strategies import make_mixture

from gmmkit import Mixture
from gmmkit.core.algebra import (
    combine_by_entropy,
    combined_responsibilities,
    merge_components,
    merged,
    mixture_covariance,
    mixture_mean,
    reduced,
)
from gmmkit.errors import InputError, ParameterError


def runnalls_cost(mixture, i, j):
    """Equation 21, by determinants."""
    both = merge_components(
        Mixture(
            mixture.weights[[i, j]] / mixture.weights[[i, j]].sum(),
            mixture.means[[i, j]],
            mixture.covariances[[i, j]],
        ),
        [0, 0],
    )
    (wi, wj), logs = mixture.weights[[i, j]], np.log(np.linalg.det(mixture.covariances))
    joint = np.log(np.linalg.det(both.covariances[0]))
    return ((wi + wj) * joint - wi * logs[i] - wj * logs[j]) / 2


@pytest.mark.parametrize("family", ["full", "tied", "diag", "spherical"])
def test_a_reduction_keeps_the_mean_and_the_covariance(family):
    mixture = make_mixture(family, 8, 3, seed=1)
    small = reduced(mixture, 3).mixture
    assert small.n_components == 3
    np.testing.assert_allclose(mixture_mean(small), mixture_mean(mixture), atol=1e-12)
    np.testing.assert_allclose(
        mixture_covariance(small), mixture_covariance(mixture), rtol=1e-10, atol=1e-12
    )


def test_every_merge_is_the_cheapest_by_runnalls_equation():
    mixture = make_mixture("full", 6, 2, seed=2)
    reduction = reduced(mixture, 2)
    groups = [{k} for k in range(6)]
    for cost in reduction.costs:
        now = merge_components(mixture, [min_place(groups, k) for k in range(6)])
        costs = {(i, j): runnalls_cost(now, i, j) for i, j in combinations(range(len(groups)), 2)}
        i, j = min(costs, key=costs.get)
        assert cost == pytest.approx(costs[i, j], rel=1e-9)
        groups[i] |= groups.pop(j)
    assert reduction.groups.tolist() == [min_place(groups, k) for k in range(6)]


def min_place(groups, k):
    """The place of the group that holds component k."""
    return next(place for place, group in enumerate(groups) if k in group)


def test_a_merge_costs_at_least_its_divergence():
    mixture = Mixture([0.5, 0.2, 0.3], [[-2.0], [0.0], [3.0]], [[[1.0]], [[0.5]], [[2.0]]])
    reduction = reduced(mixture, 2)

    def integrand(x):
        p, q = (mixture.log_density([[x]])[0], reduction.mixture.log_density([[x]])[0])
        return np.exp(p) * (p - q)

    divergence, _ = integrate.quad(integrand, -14, 18, limit=300)
    assert 0 < divergence <= reduction.costs[0]


def test_a_largest_cost_stops_before_the_first_dearer_merge():
    mixture = make_mixture("full", 8, 2, seed=3)
    costs = reduced(mixture, 1).costs
    limit = 0.5 * (costs[3] + costs[4])
    stopped = reduced(mixture, largest_cost=limit)
    taken = next(n for n, cost in enumerate([*costs, np.inf]) if cost > limit)
    assert len(stopped.costs) == taken
    assert stopped.mixture.n_components == 8 - taken


def test_equal_components_are_merged_for_nothing():
    mixture = make_mixture("full", 3, 2, seed=4)
    double = merged(mixture, mixture, 0.4)
    reduction = reduced(double, largest_cost=1e-9)
    assert reduction.groups.tolist() == [0, 1, 2, 0, 1, 2]
    np.testing.assert_allclose(reduction.mixture.means, mixture.means)
    np.testing.assert_allclose(reduction.mixture.covariances, mixture.covariances)
    np.testing.assert_allclose(reduction.mixture.weights, mixture.weights)


def test_asking_for_as_many_components_changes_nothing():
    mixture = make_mixture("diag", 3, 2, seed=5)
    assert reduced(mixture, 5).mixture is mixture
    assert reduced(mixture, 3).costs.shape == (0,)


def test_components_without_weight_are_merged_first_and_move_nothing():
    mixture = Mixture([0.5, 0.0, 0.5], [[0.0], [50.0], [9.0]], [[[1.0]], [[1.0]], [[2.0]]])
    small = reduced(mixture, 2).mixture
    np.testing.assert_allclose(small.means, [[0.0], [9.0]])
    np.testing.assert_allclose(small.covariances, [[[1.0]], [[2.0]]])


def test_an_offset_of_1e8_changes_no_merge():
    near = make_mixture("full", 8, 2, seed=6)
    far = Mixture(near.weights, near.means + 2.0**27, near.covariance)
    expected, found = reduced(near, 3), reduced(far, 3)
    assert found.groups.tolist() == expected.groups.tolist()
    np.testing.assert_allclose(found.mixture.covariances, expected.mixture.covariances, rtol=1e-6)


def test_a_reduction_without_an_end_is_refused():
    with pytest.raises(ParameterError, match="n_components or largest_cost"):
        reduced(make_mixture("full", 2, 2))


@pytest.mark.parametrize("ends", [{"n_components": 0}, {"n_components": 1.5}, {"largest_cost": -1}])
def test_an_end_out_of_range_is_refused(ends):
    with pytest.raises(ParameterError, match=next(iter(ends))):
        reduced(make_mixture("full", 2, 2), **ends)


@pytest.mark.parametrize("groups", [[0, 2], [1, 1], [0], [0.0, 1.0], [-1, 0], [[0, 1]]])
def test_groups_with_gaps_are_refused(groups):
    with pytest.raises(ParameterError, match="none left out"):
        merge_components(make_mixture("full", 2, 2), groups)


def test_the_union_of_two_mixtures_is_their_weighted_density():
    first, second = make_mixture("diag", 2, 2, seed=7), make_mixture("full", 3, 2, seed=8)
    rows = np.random.default_rng(9).normal(size=(20, 2))
    both = merged(first, second, 0.3)
    expected = 0.3 * np.exp(first.log_density(rows)) + 0.7 * np.exp(second.log_density(rows))
    np.testing.assert_allclose(np.exp(both.log_density(rows)), expected, rtol=1e-10)


@pytest.mark.parametrize(
    ("families", "expected"),
    [
        (("diag", "spherical"), "diag"),
        (("spherical", "spherical"), "spherical"),
        (("tied", "tied"), "full"),
    ],
)
def test_a_union_is_in_the_narrowest_family_of_both(families, expected):
    first, second = (make_mixture(family, 2, 2, seed=i) for i, family in enumerate(families))
    assert merged(first, second).covariance.family.name == expected


def entropy(shares, weights=None):
    """-sum of w r log r, one number at a time."""
    weights = np.ones(len(shares)) if weights is None else weights
    return -sum(
        w * r * np.log(r) for row, w in zip(shares, weights, strict=True) for r in row if r > 0
    )


SHARES = np.random.default_rng(10).dirichlet([0.3, 0.5, 0.2, 0.4, 0.6], size=60)


def test_every_combination_lowers_the_entropy_as_far_as_any_pair_can():
    combination = combine_by_entropy(SHARES)
    for n_clusters in range(5, 1, -1):
        now = combined_responsibilities(SHARES, combination.into(n_clusters))
        assert combination.entropies[n_clusters - 1] == pytest.approx(entropy(now))
        best = min(
            entropy(np.column_stack([np.delete(now, [i, j], axis=1), now[:, i] + now[:, j]]))
            for i, j in combinations(range(n_clusters), 2)
        )
        assert combination.entropies[n_clusters - 2] == pytest.approx(best, abs=1e-9)


def test_clusterings_are_nested():
    combination = combine_by_entropy(SHARES)
    for n_clusters in range(2, 6):
        fine, coarse = combination.into(n_clusters), combination.into(n_clusters - 1)
        assert all(len(set(coarse[fine == g])) == 1 for g in range(n_clusters))
        assert fine.max() == n_clusters - 1


def test_a_weight_is_a_repetition():
    weights = np.random.default_rng(11).integers(0, 4, size=60)
    repeated = combine_by_entropy(np.repeat(SHARES, weights, axis=0))
    weighted = combine_by_entropy(SHARES, weights)
    np.testing.assert_allclose(weighted.entropies, repeated.entropies, rtol=1e-12, atol=1e-9)
    np.testing.assert_array_equal(weighted.merges, repeated.merges)
    assert weighted.weight == repeated.weight


def test_a_cluster_made_of_two_gaussians_is_put_together():
    mixture = Mixture(
        [0.3, 0.3, 0.2, 0.2],
        [[0.0, 0.0], [0.0, 0.8], [12.0, 0.0], [0.0, 12.0]],
        [np.diag([4.0, 0.2]), np.diag([0.2, 4.0]), np.eye(2), np.eye(2)],
    )
    combination = combine_by_entropy(mixture.responsibilities(mixture.sample(800, seed=12)))
    assert combination.suggested == 3
    assert combination.into(3).tolist() == [0, 0, 1, 2]


def test_clusters_that_are_apart_already_stay_as_they_are():
    mixture = Mixture([0.4, 0.3, 0.3], [[0.0], [30.0], [60.0]], [[[1.0]]] * 3)
    shares = mixture.responsibilities(mixture.sample(300, seed=13))
    assert combine_by_entropy(shares).suggested == 3


def test_one_component_is_one_cluster():
    combination = combine_by_entropy([[1.0], [1.0]])
    assert combination.suggested == 1
    assert combination.into(1).tolist() == [0]
    assert combination.entropies.tolist() == [0.0]


def test_more_clusters_than_components_are_refused():
    with pytest.raises(ParameterError, match="at most 5"):
        combine_by_entropy(SHARES).into(6)


@pytest.mark.parametrize("shares", [[[0.7, 0.7]], [[1.1, -0.1]], [[0.5, np.nan]], [], "ab"])
def test_what_is_no_probability_is_refused(shares):
    with pytest.raises(InputError):
        combine_by_entropy(shares)
