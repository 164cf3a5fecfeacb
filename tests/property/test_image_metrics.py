"""What measures of segmentations have to be, whatever the maps: identities, bounds, invariance."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from strategies import stable

from gmmkit.image.metrics import (
    boundary_displacement_error,
    boundary_f,
    count_boundaries,
    count_displacement,
    count_regions,
    covering,
    global_consistency_error,
    probabilistic_rand_index,
    sweep_of,
    variation_of_information,
)

SHAPE = (6, 8)
maps = arrays.arrays(np.int16, SHAPE, elements=st.integers(0, 4))
strengths = arrays.arrays(np.float64, SHAPE, elements=st.sampled_from([0.0, 0.2, 0.4, 0.6, 0.8]))
SYMMETRIC = (
    probabilistic_rand_index,
    variation_of_information,
    global_consistency_error,
    boundary_displacement_error,
)


@stable
@given(maps)
def test_a_map_agrees_with_itself_wholly(labels):
    assert covering(labels, labels) == probabilistic_rand_index(labels, labels) == 1
    assert boundary_f(labels, labels).f1 == 1
    apart = (variation_of_information, global_consistency_error, boundary_displacement_error)
    assert [measure(labels, labels) for measure in apart] == [0, 0, 0]


@stable
@given(maps, maps)
def test_measures_without_a_direction_are_symmetric(one, other):
    for measure in SYMMETRIC:
        assert measure(one, other) == pytest.approx(measure(other, one))


@stable
@given(maps, maps)
def test_precision_one_way_is_recall_the_other_way(one, other):
    there, back = boundary_f(one, other), boundary_f(other, one)
    assert (there.precision, there.recall) == (back.recall, back.precision)


@stable
@given(maps, maps, maps)
def test_the_variation_of_information_keeps_the_triangle_inequality(one, other, third):
    way_round = variation_of_information(one, third) + variation_of_information(third, other)
    assert variation_of_information(one, other) <= way_round + 1e-12


@stable
@given(maps, maps)
def test_measures_stay_in_their_range(one, other):
    assert 0 < covering(one, other) <= 1
    assert 0 <= probabilistic_rand_index(one, other) <= 1
    assert 0 <= variation_of_information(one, other) <= 2 * np.log2(5)
    assert 0 <= global_consistency_error(one, other) < 1
    assert 0 <= boundary_displacement_error(one, other) <= np.hypot(*SHAPE)


@stable
@given(maps, maps, st.permutations(range(5)))
def test_labels_may_be_renamed(one, other, names):
    renamed = np.array(names)[one]
    for measure in (covering, *SYMMETRIC):
        assert measure(renamed, other) == pytest.approx(measure(one, other))


@stable
@given(maps, maps)
def test_mirrored_pictures_have_the_same_regions(one, other):
    for measure in (covering, probabilistic_rand_index, variation_of_information):
        assert measure(one[::-1], other[::-1]) == pytest.approx(measure(one, other))


@stable
@given(strengths)
def test_regions_only_merge_while_the_threshold_rises(given_strengths):
    fine, coarse = sweep_of(given_strengths, [0.1, 0.5]).maps()
    for region in range(fine.max() + 1):
        assert len(np.unique(coarse[fine == region])) == 1


@stable
@given(strengths, maps)
def test_cutting_strengths_is_scoring_the_maps_that_come_of_it(given_strengths, truth):
    sweep = sweep_of(given_strengths, 4)
    at_once, one_by_one = count_regions(sweep, truth), count_regions(list(sweep.maps()), truth)
    assert at_once.covering == pytest.approx(one_by_one.covering)
    expected = one_by_one.variation_of_information
    assert at_once.variation_of_information == pytest.approx(expected)


@pytest.mark.parametrize("count", [count_regions, count_boundaries, count_displacement])
@stable
@given(maps, maps, maps)
def test_counts_add_up_number_by_number_at_one_threshold_as_at_all(count, one, other, truth):
    first, second = count([one, other], truth), count([other, one], truth)
    for index in (0, 1):
        whole = (first + second).at(index)
        assert type(whole) is type(first)
        for name in (field.name for field in dataclasses.fields(whole)):
            one_part, other_part = (getattr(part.at(index), name) for part in (first, second))
            assert getattr(whole, name) == one_part + other_part
            if np.ndim(one_part):
                assert one_part == getattr(first, name)[index]
