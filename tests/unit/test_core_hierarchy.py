"""Starts that merge groups or stand around known centers, against merging by brute force."""

from itertools import combinations

import numpy as np
import pytest
from strategies import blobs

from gmmkit.core.starts.centers import labels_around
from gmmkit.core.starts.hierarchy import hierarchical_labels, merge_groups
from gmmkit.core.starts.row_sets import RowSet

FEW_ENOUGH = 4.75  # deviations: exceeded by chance once in half a million


def partition(labels):
    """The groups as a set of sets of row numbers."""
    labels = np.asarray(labels)
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in set(labels.tolist())}


def group_cost(rows, weights, members, pooled):
    """n log |(W + r S) / (n + r)| of one group, W summed row by row and r = D + 2."""
    x, w, r = rows[members], weights[members], rows.shape[1] + 2
    mean = np.average(x, axis=0, weights=w)
    scatter = sum(wi * np.outer(xi - mean, xi - mean) for xi, wi in zip(x, w, strict=True))
    return w.sum() * np.linalg.slogdet((scatter + r * pooled) / (w.sum() + r))[1]


def merged_by_brute_force(rows, weights, labels, k):
    """Merge the pair that raises the summed cost least, computing every cost anew each time."""
    groups = [sorted(group) for group in partition(labels)]
    d = rows.shape[1]
    pooled = np.zeros((d, d))
    for group in groups:
        mean = np.average(rows[group], axis=0, weights=weights[group])
        pooled += (weights[group, None] * (rows[group] - mean)).T @ (rows[group] - mean)
    pooled /= weights.sum()
    pooled += 1e-6 * np.trace(pooled) / d * np.eye(d)

    def loss(pair):
        one, other = (groups[i] for i in pair)
        parts = sum(group_cost(rows, weights, g, pooled) for g in (one, other))
        return group_cost(rows, weights, one + other, pooled) - parts

    while len(groups) > k:
        i, j = min(combinations(range(len(groups)), 2), key=loss)
        groups = [g for n, g in enumerate(groups) if n not in (i, j)] + [groups[i] + groups[j]]
    return {frozenset(group) for group in groups}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("d", [1, 2, 3])
def test_groups_merge_where_the_criterion_loses_least(seed, d):
    random = np.random.default_rng(seed)
    rows, weights = blobs(24, d, 3, seed=seed, separation=2), random.uniform(0.5, 3, 24)
    labels = random.permutation(np.arange(24) % 9)
    for k in (8, 5, 2, 1):
        merged = merge_groups(RowSet(rows, weights), labels, k)
        assert set(merged.tolist()) == set(range(k))
        assert partition(merged) == merged_by_brute_force(rows, weights, labels, k)


def test_as_many_groups_as_there_are_stay_as_they_are():
    labels = np.array([0, 1, 2, 1, 0])
    merged = merge_groups(RowSet(blobs(5), np.ones(5)), labels, 3)
    assert merged.tolist() == labels.tolist()
    assert merged is not labels


def wards_groups(points, k):
    """Merge the two groups that raise the sum of squares least, by brute force."""
    groups = [[i] for i in range(len(points))]

    def loss(pair):
        one, other = (points[groups[i]] for i in pair)
        gap = one.mean(axis=0) - other.mean(axis=0)
        return len(one) * len(other) / (len(one) + len(other)) * gap @ gap

    while len(groups) > k:
        i, j = min(combinations(range(len(groups)), 2), key=loss)
        groups = [g for n, g in enumerate(groups) if n not in (i, j)] + [groups[i] + groups[j]]
    return {frozenset(group) for group in groups}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("k", [1, 2, 4])
def test_spheres_merge_as_ward_has_it(seed, k):
    points = blobs(18, 2, 3, seed=seed, separation=1)
    by_spheres, by_covariances = hierarchical_labels(points, RowSet(points, np.ones(18)), k)
    assert partition(by_spheres) == wards_groups(points, k)
    assert set(by_covariances.tolist()) == set(range(k))


def agreement(labels, line):
    """The share of rows of two groups that are told apart."""
    same = float(np.mean(labels == line))
    return max(same, 1.0 - same)


@pytest.mark.parametrize("seed", range(3))
def test_covariances_tell_long_groups_apart_that_spheres_cut_across(seed):
    random = np.random.default_rng(seed)
    line = np.repeat([0, 1], 60)
    rows = np.column_stack([6 * random.normal(size=120), line + 0.1 * random.normal(size=120)])
    points = rows / [6.0, 1.0]
    by_spheres, by_covariances = hierarchical_labels(points, RowSet(rows, np.ones(120)), 2)
    assert agreement(by_covariances, line) > 0.95
    assert agreement(by_spheres, line) < 0.7


def test_of_very_many_rows_each_gets_the_label_of_the_nearest_that_merged():
    rows = np.concatenate([blobs(2500, 2, 1, separation=0) + 30 * i for i in range(2)])
    for labels in hierarchical_labels(rows, RowSet(rows, np.ones(5000)), 2):
        assert partition(labels) == {frozenset(range(2500)), frozenset(range(2500, 5000))}


def test_rows_go_to_the_nearest_of_centers_that_are_all_known():
    points, centers = blobs(40, 2, 3), np.array([[0.0, 0.0], [5.0, 5.0], [-5.0, 5.0]])
    labels = labels_around(points, np.ones(40), centers, 3, np.random.default_rng(0))
    distances = np.linalg.norm(points[:, None] - centers, axis=2)
    assert labels.tolist() == distances.argmin(axis=1).tolist()


def test_an_unknown_center_is_drawn_in_proportion_to_weight_and_squared_distance():
    """Rows at 1, 2 and 3 of weights 4, 1 and 1, seen from 0: 4, 4 and 9 parts of 17.

    Only a center at 1 takes the row at 1 away from the center at 0.
    """
    points, weights = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([5.0, 4.0, 1.0, 1.0])
    known, random, draws = np.array([[0.0], [np.nan]]), np.random.default_rng(0), 3000
    taken = sum(labels_around(points, weights, known, 2, random)[1] == 1 for _ in range(draws))
    assert abs(taken - draws * 4 / 17) < FEW_ENOUGH * np.sqrt(draws * 4 * 13) / 17


def test_a_center_is_found_even_where_all_rows_stand_on_known_ones():
    points, known = np.zeros((5, 1)), np.array([[0.0], [np.nan]])
    labels = labels_around(points, np.ones(5), known, 2, np.random.default_rng(0))
    assert labels.tolist() == [0] * 5


def test_with_no_center_known_every_group_far_from_the_others_gets_one():
    points = np.repeat(np.array([[0.0], [1e6], [2e6]]), 10, axis=0)
    labels = labels_around(
        points, np.ones(30), np.full((3, 1), np.nan), 3, np.random.default_rng(1)
    )
    assert partition(labels) == partition(np.repeat([0, 1, 2], 10))
