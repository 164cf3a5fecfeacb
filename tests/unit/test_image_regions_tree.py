"""A hierarchy of regions against merging them one step at a time."""

import numpy as np
import pytest
from partitions import joining_height, merged, part_numbers, random_hierarchy

from gmmkit.errors import InputError, ParameterError
from gmmkit.image.hierarchy import Hierarchy

HIERARCHIES = [(seed, masked) for seed in range(4) for masked in (False, True)]


@pytest.fixture(params=HIERARCHIES, ids=str)
def hierarchy(request):
    seed, masked = request.param
    return random_hierarchy(seed, masked=masked)


@pytest.fixture
def three():
    """Three columns; the right two become one at 0.2, all of them at 0.9."""
    finest = np.array([[0, 0, 1, 2], [0, 0, 1, 2]], np.int32)
    return Hierarchy(finest, np.array([[1, 2], [0, 3]]), np.array([0.2, 0.9]), 0.5)


def test_a_cut_to_a_number_of_regions_is_that_many_steps_of_merging(hierarchy):
    for n in range(hierarchy.n_coarsest, hierarchy.n_finest + 1):
        expected = merged(hierarchy, hierarchy.n_finest - n)
        np.testing.assert_array_equal(hierarchy.cut(n_regions=n), expected)


@pytest.mark.parametrize("threshold", [0, 0.05, 0.3, 0.301, 0.5, 1])
def test_a_cut_at_a_threshold_unites_what_is_merged_up_to_it(hierarchy, threshold):
    n_merges = sum(height <= threshold for height in hierarchy.heights.tolist())
    np.testing.assert_array_equal(hierarchy.cut(threshold), merged(hierarchy, n_merges))
    assert hierarchy.n_merges(threshold) == n_merges
    assert hierarchy.n_regions(threshold) == hierarchy.n_finest - n_merges


def test_a_cut_without_a_wish_is_one_at_the_own_threshold(hierarchy):
    np.testing.assert_array_equal(hierarchy.cut(), hierarchy.cut(threshold=0.5))
    assert hierarchy.n_regions() == hierarchy.n_regions(0.5)


def test_the_height_that_is_asked_for_is_merged_too(three):
    assert [three.n_regions(t) for t in (0.19, 0.2, 0.89, 0.9)] == [3, 2, 2, 1]


def test_the_strength_of_a_pixel_is_the_height_of_the_edges_at_its_lower_right_corner(hierarchy):
    height, width = hierarchy.shape
    strength = hierarchy.boundary_strength()
    for y in range(height):
        for x in range(width):
            square = [(y, x), (y, x + 1), (y + 1, x), (y + 1, x + 1)]
            edges = [(0, 1), (2, 3), (0, 2), (1, 3)]
            present = [
                (square[i], square[j])
                for i, j in edges
                if max(square[i][0], square[j][0]) < height
                and max(square[i][1], square[j][1]) < width
            ]
            expected = max([0.0, *(joining_height(hierarchy, *edge) for edge in present)])
            assert strength[y, x] == np.float32(expected)


@pytest.mark.parametrize("strip", [1, 20, 50])
def test_the_strength_is_the_same_however_many_rows_are_taken_at_a_time(
    hierarchy, strip, monkeypatch
):
    expected = hierarchy.boundary_strength()
    monkeypatch.setattr("gmmkit.image.hierarchy.tree._STRIP_PIXELS", strip)
    np.testing.assert_array_equal(hierarchy.boundary_strength(), expected)


@pytest.mark.parametrize("finest", [[[0, 2]], [[-1, -1]], [[0, -2]], np.zeros((0, 3))])
def test_numbers_that_are_no_finest_regions_are_refused(finest):
    with pytest.raises(InputError, match="no hierarchy"):
        Hierarchy(np.asarray(finest, np.int32), np.empty((0, 2), np.int64), np.empty(0), 0.5)


def test_between_pixels_of_the_doubled_map_is_the_height_at_which_they_join(hierarchy):
    doubled = hierarchy.doubled_strength()
    for y in range(hierarchy.shape[0]):
        for x in range(hierarchy.shape[1] - 1):
            expected = joining_height(hierarchy, (y, x), (y, x + 1))
            assert doubled[2 * y + 1, 2 * x + 2] == np.float32(expected)
    for y in range(hierarchy.shape[0] - 1):
        for x in range(hierarchy.shape[1]):
            expected = joining_height(hierarchy, (y, x), (y + 1, x))
            assert doubled[2 * y + 2, 2 * x + 1] == np.float32(expected)


def test_a_corner_of_the_doubled_map_is_the_strongest_of_its_edges(hierarchy):
    doubled = np.pad(hierarchy.doubled_strength(), 1)
    corners = doubled[1:-1:2, 1:-1:2]
    edges = [doubled[:-2:2, 1:-1:2], doubled[2::2, 1:-1:2]]
    edges += [doubled[1:-1:2, :-2:2], doubled[1:-1:2, 2::2]]
    np.testing.assert_array_equal(corners, np.max(edges, axis=0))


def test_the_doubled_map_has_nothing_on_pixels_or_along_the_frame(hierarchy):
    doubled = hierarchy.doubled_strength()
    height, width = hierarchy.shape
    assert doubled.shape == (2 * height + 1, 2 * width + 1)
    assert not doubled[1::2, 1::2].any()
    assert not doubled[0, 1::2].any()
    assert not doubled[1::2, 0].any()


@pytest.mark.parametrize("threshold", [0.0, 0.25, 0.5, 0.9])
def test_what_is_stronger_than_a_threshold_divides_the_regions_of_that_cut(hierarchy, threshold):
    labels = hierarchy.cut(threshold)
    doubled = hierarchy.doubled_strength()
    across = (labels[:, :-1] != labels[:, 1:]) & (labels[:, :-1] >= 0) & (labels[:, 1:] >= 0)
    np.testing.assert_array_equal(doubled[1::2, 2:-1:2] > np.float32(threshold), across)


def test_every_region_of_every_cut_is_connected(hierarchy):
    for n in range(hierarchy.n_coarsest, hierarchy.n_finest + 1):
        labels = hierarchy.cut(n_regions=n)
        assert part_numbers(labels) == [1] * n


def test_excluded_pixels_may_keep_regions_apart_for_good():
    finest = np.array([[0, -1, 1]], np.int32)
    apart = Hierarchy(finest, np.empty((0, 2), np.int64), np.empty(0), 0.5)
    assert (apart.n_finest, apart.n_coarsest) == (2, 2)
    assert apart.cut(threshold=1).tolist() == [[0, -1, 1]]
    assert not apart.boundary_strength().any()


def test_cuts_are_new_arrays_of_int32(three):
    labels = three.cut()
    labels[:] = 9
    assert three.cut().max() == 1
    assert three.cut().dtype == np.int32


def test_a_hierarchy_cannot_be_changed(three):
    with pytest.raises(ValueError, match="read-only"):
        three.finest[0, 0] = 2


@pytest.mark.parametrize("threshold", [-0.01, 1.01, float("nan"), float("inf"), True, "0.5", None])
def test_a_threshold_that_is_none_is_refused(three, threshold):
    with pytest.raises(ParameterError, match="from 0"):
        three.n_merges(threshold)


@pytest.mark.parametrize("n_regions", [0, -1, 4, 2.5, True, "2"])
def test_a_number_of_regions_that_there_is_not_is_refused(three, n_regions):
    with pytest.raises(ParameterError, match="n_regions") as caught:
        three.cut(n_regions=n_regions)
    assert caught.value.needed


def test_a_number_of_regions_out_of_reach_is_refused_with_those_within(three):
    with pytest.raises(ParameterError, match=r"found n_regions=4; needed 1 to 3\. Try: .*fewer"):
        three.cut(n_regions=4)


def test_a_threshold_and_a_number_at_once_are_refused(three):
    with pytest.raises(ParameterError, match="one of them"):
        three.cut(0.5, n_regions=2)
