"""Sufficient statistics add up in any order and grouping, and move to another origin exactly."""

import copy
import pickle
from dataclasses import FrozenInstanceError, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import FAMILIES, assert_sums_agree, dense_second, make_mixture, stable, sums_oracle

from gmmkit import SufficientStatistics
from gmmkit.core.em import e_step
from gmmkit.core.statistics import pack_symmetric, unpack_symmetric, upper_triangle
from gmmkit.core.units import Units, units_of
from gmmkit.errors import InputError


def statistics_of(family="full", n=40, *, seed=0, noise=None):
    """Statistics of some rows under a mixture, with the rows."""
    mixture = make_mixture(family, 3, 2, noise=noise)
    rows = np.random.default_rng(seed).normal(scale=3, size=(n, 2))
    return e_step(rows, mixture, units=Units.plain(2)), mixture, rows


def assert_equal(one, other, *, rtol=1e-12):
    """Two statistics hold the same numbers."""
    for name in ("log_likelihood", "weight", "first", "second", "noise_weight"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=rtol, atol=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_addition_commutes_bit_for_bit(family):
    one, other = statistics_of(family)[0], statistics_of(family, seed=1)[0]
    assert_equal(one + other, other + one, rtol=0)


@pytest.mark.parametrize("family", FAMILIES)
def test_addition_associates_up_to_rounding(family):
    a, b, c = (statistics_of(family, seed=seed)[0] for seed in range(3))
    assert_equal((a + b) + c, a + (b + c))


@stable
@given(st.sampled_from(FAMILIES), st.lists(st.integers(1, 99), max_size=5), st.booleans())
def test_shards_add_to_the_whole_wherever_they_are_cut(family, cuts, noisy):
    mixture = make_mixture(family, 3, 2, noise=0.1 if noisy else None)
    rows = np.random.default_rng(2).normal(scale=3, size=(100, 2))
    edges = [0, *sorted(set(cuts)), 100]
    shards = [e_step(rows[a:b], mixture) for a, b in pairwise(edges)]
    assert_equal(sum(shards[1:], shards[0]), e_step(rows, mixture))


@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_can_be_added_and_changes_nothing(family):
    statistics, *_ = statistics_of(family, noise=0.1)
    empty = statistics.zero()
    assert empty.total == 0
    assert empty.log_likelihood == 0
    assert_equal(statistics + empty, statistics, rtol=0)


@pytest.mark.parametrize("factor", [0.5, 3.0])
def test_scaling_is_the_same_as_weighting_every_row(factor):
    statistics, mixture, rows = statistics_of(noise=0.1)
    weighted = e_step(rows, mixture, np.full(len(rows), factor), units=Units.plain(2))
    assert_equal(statistics.scaled(factor), weighted)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("origin", [[3.0, -1.0], [[1.0, 2.0], [0.0, 0.0], [-4.0, 0.5]]])
def test_recentered_statistics_are_the_sums_about_the_new_origin(family, origin):
    statistics, mixture, rows = statistics_of(family)
    moved = statistics.recentered(np.array(origin))
    expected = sums_oracle(rows, mixture, origin=np.array(origin))
    assert_sums_agree(moved, expected, rtol=1e-11, atol=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_recentering_there_and_back_returns_the_same_sums(family):
    statistics, *_ = statistics_of(family)
    there = statistics.recentered(np.array([5.0, -7.0]))
    assert_equal(there.recentered(statistics.origin), statistics, rtol=1e-10)


@pytest.mark.parametrize("family", FAMILIES)
def test_means_and_scatter_do_not_depend_on_the_origin(family):
    statistics, *_ = statistics_of(family)
    moved = statistics.recentered(np.array([2.0, 2.0]))
    np.testing.assert_allclose(moved.means, statistics.means, rtol=1e-12)
    np.testing.assert_allclose(moved.scatter(), statistics.scatter(), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("family", FAMILIES)
def test_scatter_is_the_sum_of_squares_about_the_weighted_means(family):
    statistics, mixture, rows = statistics_of(family)
    about = sums_oracle(rows, mixture, origin=statistics.means).second
    scatter = statistics.scatter()
    if family == "tied":
        about = about.sum(axis=0)
    elif family in ("diag", "spherical"):
        about = np.diagonal(about, axis1=1, axis2=2)
    np.testing.assert_allclose(scatter, about, rtol=1e-10, atol=1e-10)


def test_the_total_is_the_weight_of_all_rows_with_the_noise():
    assert statistics_of(n=40, noise=0.3)[0].total == pytest.approx(40)


def test_statistics_about_another_origin_are_refused():
    statistics, *_ = statistics_of()
    with pytest.raises(InputError, match=r"different origins or units.*recentered"):
        statistics + statistics.recentered(np.ones(2))


def test_statistics_in_other_units_are_refused():
    statistics, mixture, rows = statistics_of()
    other = e_step(rows, mixture, units=Units(np.zeros(2), np.full(2, 2.0), np.zeros(2, bool)))
    with pytest.raises(InputError, match="different origins or units"):
        statistics + other


@pytest.mark.parametrize("family", ["tied", "diag"])
def test_statistics_with_other_moments_are_refused(family):
    with pytest.raises(InputError, match="different models"):
        statistics_of("full")[0] + statistics_of(family)[0]


def test_statistics_of_another_number_of_components_are_refused():
    one, _, rows = statistics_of()
    other = e_step(rows, make_mixture("full", 2, 2), units=Units.plain(2))
    with pytest.raises(InputError, match="different models"):
        one + other


def test_statistics_without_second_moments_are_refused_by_ones_with_them():
    statistics, *_ = statistics_of()
    with pytest.raises(InputError):
        statistics + replace(statistics, second=None, moments=None)
    with pytest.raises(InputError):
        statistics + replace(statistics, second=None)


def test_statistics_without_second_moments_still_add_their_means():
    statistics, *_ = statistics_of()
    means_only = replace(statistics, second=None, moments=None)
    doubled = means_only + means_only
    np.testing.assert_allclose(doubled.means, statistics.means)
    assert doubled.second is None


def test_statistics_without_second_moments_have_no_scatter():
    with pytest.raises(InputError, match="no second moments"):
        replace(statistics_of()[0], second=None, moments=None).scatter()


@pytest.mark.parametrize("other", [0, None, "statistics"])
def test_something_else_cannot_be_added(other):
    with pytest.raises(TypeError):
        statistics_of()[0] + other


def test_statistics_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        statistics_of()[0].log_likelihood = 0.0


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_copy_made_elsewhere_can_be_added(family, duplicate):
    statistics, *_ = statistics_of(family, noise=0.1)
    assert_equal(statistics + duplicate(statistics), statistics.scaled(2.0))


@pytest.mark.parametrize("d", [1, 2, 5])
def test_symmetric_matrices_survive_packing(d):
    matrices = np.random.default_rng(0).normal(size=(3, d, d))
    matrices = matrices + matrices.transpose(0, 2, 1)
    packed = pack_symmetric(matrices)
    assert packed.shape == (3, d * (d + 1) // 2)
    assert unpack_symmetric(packed, d).tolist() == matrices.tolist()


def test_packed_triangles_run_row_by_row():
    matrix = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 5.0], [3.0, 5.0, 6.0]])
    assert pack_symmetric(matrix).tolist() == [1, 2, 3, 4, 5, 6]


def test_the_units_of_an_e_step_depend_on_the_mixture_alone():
    _, mixture, rows = statistics_of()
    far = e_step(rows + 100, mixture)
    assert far.units.same_as(units_of(mixture))
    assert isinstance(far + e_step(rows, mixture), SufficientStatistics)


def test_second_moments_of_pooled_statistics_are_one_triangle():
    assert statistics_of("tied")[0].second.shape == (3,)
    assert dense_second(statistics_of("tied")[0]).shape == (2, 2)


def test_the_total_of_many_mixtures_is_over_the_noise_of_all():
    statistics, *_ = statistics_of(n=40, noise=0.3)
    many = replace(
        statistics,
        weight=np.stack([statistics.weight] * 2),
        noise_weight=np.array([statistics.noise_weight] * 2),
    )
    assert many.total == pytest.approx(80)


def test_the_indices_of_a_triangle_are_shared_and_cannot_be_changed():
    row, column = upper_triangle(3)
    assert upper_triangle(3)[0] is row
    for index in (row, column):
        with pytest.raises(ValueError, match="read-only"):
            index[0] = 1


def test_statistics_are_compared_by_identity_and_can_be_kept_in_sets():
    one, other = statistics_of()[0], statistics_of()[0]
    assert one == one
    assert one != other
    assert len({one, other}) == 2
