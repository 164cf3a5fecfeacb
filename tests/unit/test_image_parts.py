"""Connected parts of labels against scipy.ndimage, and what becomes of the small ones."""

import numpy as np
import pytest
from partitions import card, part_numbers, same_partition
from scipy import ndimage

from gmmkit.errors import InputError, ParameterError
from gmmkit.image import connected_regions
from gmmkit.image.hierarchy.finding import regions
from gmmkit.image.parts import extents, grow_over, label_parts


def random_labels(seed, shape=(14, 17), *, classes=3, low=0):
    return np.random.default_rng(seed).integers(low, classes, shape)


def labeled_parts(labels):
    """Parts of equal labels by ndimage, one label at a time; 0 where labels are negative."""
    parts = np.zeros(labels.shape, int)
    for label in np.unique(labels[labels >= 0]):
        found, count = ndimage.label(labels == label)
        parts[found > 0] = found[found > 0] + parts.max()
        assert count
    return parts


@pytest.mark.parametrize("low", [0, -1])
@pytest.mark.parametrize("seed", range(3))
def test_all_parts_are_those_of_ndimage(seed, low):
    labels = random_labels(seed, low=low)
    assert same_partition(connected_regions(labels, smallest=0), labeled_parts(labels) - 1)


def snake(height, width):
    """A path one pixel wide that turns back at every second row, and what lies between."""
    picture = np.zeros((height, width), int)
    picture[1::4, :-1] = picture[3::4, 1:] = 1
    return picture


@pytest.mark.parametrize("labels", [snake(23, 9), snake(23, 9).T, snake(23, 9)[:, ::-1]])
def test_long_ways_around_are_followed(labels):
    assert same_partition(connected_regions(labels, smallest=0), labeled_parts(labels) - 1)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (2, 2)])
def test_pictures_of_any_shape_have_parts(shape):
    labels = random_labels(6, shape)
    assert same_partition(connected_regions(labels, smallest=0), labeled_parts(labels) - 1)


def test_parts_have_their_numbers_in_raster_order():
    labels = random_labels(7, (30, 40), low=-1)
    parts = label_parts(labels)
    assert parts.dtype == np.int32
    found, first = np.unique(parts, return_index=True)
    np.testing.assert_array_equal(found, np.arange(-1, len(found) - 1))
    assert (np.diff(first[1:]) > 0).all()


def test_labels_beyond_32_bits_are_told_apart():
    labels = np.array([[5, 5 + 2**32, 5, -(2**40)]])
    assert connected_regions(labels, smallest=0).tolist() == [[0, 1, 2, -1]]
    unsigned = np.array([[2**63, 2**64 - 1, 0]], np.uint64)
    assert connected_regions(unsigned, smallest=0).tolist() == [[0, 1, 2]]


@pytest.mark.parametrize("strip", [1, 7, 1000])
def test_extents_are_areas_and_first_places_however_many_pixels_are_taken_at_a_time(
    strip, monkeypatch
):
    monkeypatch.setattr("gmmkit.image.parts._STRIP_PIXELS", strip)
    labels = random_labels(8, classes=4, low=-1).astype(np.int32)
    areas, first = extents(labels, 6)
    np.testing.assert_array_equal(areas, [(labels == label).sum() for label in range(6)])
    places = [np.flatnonzero(labels == label) for label in range(4)]
    assert first.tolist() == [*(place[0] for place in places), labels.size, labels.size]


def test_islands_are_named_and_keep_their_parts():
    parts = np.array([[0, 0, 1, -1, 2, 3]], np.int32)
    islands = grow_over(parts, np.array([False, True, True, True, False]))
    assert islands.tolist() == [2, 3]
    assert parts.tolist() == [[0, 0, 0, -1, 2, 3]]


@pytest.mark.parametrize("smallest", [0, 0.01, 0.1, 0.5])
@pytest.mark.parametrize("seed", range(3))
def test_parts_are_connected_contiguous_and_the_largest_first(seed, smallest):
    found = connected_regions(random_labels(seed, low=-1), smallest=smallest)
    areas = np.bincount(found[found >= 0])
    assert (areas > 0).all()
    assert (np.diff(areas) <= 0).all()
    assert part_numbers(found) == [1] * len(areas)


@pytest.mark.parametrize("smallest", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("seed", range(3))
def test_no_part_is_smaller_than_asked_for(seed, smallest):
    labels = ndimage.median_filter(random_labels(seed, (30, 40), classes=5), 5)
    areas = np.bincount(connected_regions(labels, smallest=smallest).ravel())
    assert areas.min() >= smallest * labels.size


def test_the_largest_part_remains_where_all_are_small():
    found = connected_regions(np.arange(12).reshape(3, 4), smallest=1)
    assert not found.any()


def test_parts_grow_over_small_ones_at_the_same_pace():
    labels = [[0, 0, 0, 0, 2, 3, 2, 3, 1, 1, 1, 1]]
    assert connected_regions(labels, smallest=0.2).tolist() == [[0] * 6 + [1] * 6]


def test_large_parts_keep_their_pixels():
    labels = random_labels(1, (30, 40))
    labels[:15, :20], labels[15:, 20:] = 0, 1
    found = connected_regions(labels, smallest=0.2)
    assert len(np.unique(found[:15, :20])) == 1
    assert len(np.unique(found[15:, 20:])) == 1
    assert found[0, 0] != found[-1, -1]


def test_excluded_pixels_stay_excluded_and_are_not_grown_over():
    labels = random_labels(2, low=-1)
    np.testing.assert_array_equal(connected_regions(labels) < 0, labels < 0)


def test_a_small_part_that_excluded_pixels_surround_stays():
    labels = [[0, 0, 0, 0, 0, 0, -1, 1]]
    assert connected_regions(labels, smallest=0.5).tolist() == [[0, 0, 0, 0, 0, 0, -1, 1]]


def test_parts_of_one_label_that_touch_at_a_corner_are_two():
    assert connected_regions([[0, 1], [1, 0]], smallest=0).tolist() == [[0, 1], [2, 3]]


def test_parts_of_the_same_size_are_numbered_by_place():
    assert connected_regions([[5, 5, 2, 2, 9, 9]], smallest=0).tolist() == [[0, 0, 1, 1, 2, 2]]


def test_ties_go_by_the_place_that_parts_have_after_growing():
    labels = [[9, -1, 1, 1], [2, 2, -1, 1]]
    found = connected_regions(labels, smallest=0.3)
    assert found.tolist() == [[0, -1, 1, 1], [0, 0, -1, 1]]


def test_a_picture_without_a_pixel_that_counts_has_no_part():
    assert connected_regions(np.full((2, 3), -1)).tolist() == [[-1] * 3] * 2


@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint16", ">i2", "int32", "int64"])
def test_labels_of_any_whole_type_are_taken_and_left_as_they_are(dtype):
    labels = np.asfortranarray(random_labels(3, classes=2).astype(dtype))
    labels.flags.writeable = False
    expected = connected_regions(labels.astype(np.int64))
    found = connected_regions(labels)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.int32


def test_regions_of_a_cut_are_their_own_connected_parts():
    picture, _ = card()
    labels = regions(picture).cut(n_regions=4)
    np.testing.assert_array_equal(connected_regions(labels, smallest=0), labels)


@pytest.mark.parametrize(
    "labels",
    [np.zeros((2, 2)), np.zeros(4, int), np.zeros((0, 3), int), [["a"]], np.zeros((1,) * 3)],
)
def test_what_is_no_map_of_labels_is_refused(labels):
    with pytest.raises(InputError, match="whole numbers of shape") as caught:
        connected_regions(labels)
    assert caught.value.found


@pytest.mark.parametrize("smallest", [-0.1, 1.1, float("nan"), True, "0.1", None])
def test_a_share_that_is_none_is_refused(smallest):
    with pytest.raises(ParameterError, match="from 0 to 1"):
        connected_regions([[0]], smallest=smallest)
