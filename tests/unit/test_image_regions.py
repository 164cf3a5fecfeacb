"""Regions of whole pictures: small, gray, of bands, large, and brought back to full size."""

import numpy as np
import pytest
from partitions import card, part_numbers, plain_model
from PIL import Image
from scipy import ndimage

from gmmkit.image import regions
from gmmkit.image.hierarchy.compiled.enlargement import closest_regions
from gmmkit.image.hierarchy.partition import finest_regions
from gmmkit.image.hierarchy.upsampling import enlarged
from gmmkit.image.hierarchy.working import WorkingPicture, shrunk
from gmmkit.image.pixels import Raster, as_raster, working_values


def errors_at(labels, truth):
    """How far from the border of the truth (a mask) labels 0 and 1 are wrong, in pixels."""
    inside, outside = (ndimage.distance_transform_edt(side) for side in (truth, ~truth))
    wrong = (labels == 1) != truth
    return np.maximum(inside, outside)[wrong]


def disk(height, width, radius):
    y, x = np.indices((height, width))
    return (y - height / 2 + 0.5) ** 2 + (x - width / 2 + 0.5) ** 2 < radius**2


@pytest.mark.parametrize("model", [None, plain_model()], ids=["shipped", "plain"])
def test_a_card_is_told_from_its_ground(model):
    picture, on_card = card()
    labels = regions(picture, model=model).cut(n_regions=2)
    assert errors_at(labels, on_card).max(initial=0) <= 1


def test_a_gray_picture_has_regions():
    picture, on_card = card()
    labels = regions(picture[:, :, 0], model=plain_model()).cut(n_regions=2)
    assert errors_at(labels, on_card).max(initial=0) <= 1


@pytest.mark.parametrize("n_bands", [2, 5, 7])
def test_bands_have_regions(n_bands):
    _, on_card = card(40, 60)
    random = np.random.default_rng(n_bands)
    bands = random.normal(size=(40, 60, n_bands)) + 9 * on_card[:, :, None]
    labels = regions(bands.astype(np.float32), model=plain_model()).cut(n_regions=2)
    assert errors_at(labels, on_card).max(initial=0) <= 2


def test_the_fourth_channel_of_an_array_excludes_pixels_where_it_is_zero():
    picture, _ = card()
    alpha = np.full(picture.shape[:2], 255, np.uint8)
    alpha[:, :5] = 0
    labels = regions(np.dstack([picture, alpha]), model=plain_model()).cut()
    np.testing.assert_array_equal(labels < 0, alpha == 0)


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (1, 100), (100, 1), (3, 3), (1, 3000)])
def test_pictures_of_any_shape_have_regions(shape):
    picture = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    hierarchy = regions(picture, model=plain_model())
    assert hierarchy.shape == shape
    for threshold in (0, 0.5, 1):
        labels = hierarchy.cut(threshold)
        assert part_numbers(labels) == [1] * hierarchy.n_regions(threshold)
    assert hierarchy.n_coarsest == 1


def test_a_constant_picture_is_one_region():
    hierarchy = regions(np.full((20, 30, 3), 7, np.uint8))
    assert hierarchy.n_regions() == 1
    assert not hierarchy.cut().any()


def test_two_flat_colors_are_two_regions():
    picture = np.zeros((20, 30, 3), np.uint8)
    picture[:, 12:] = 255
    labels = regions(picture).cut(n_regions=2)
    assert errors_at(labels, picture[:, :, 0] == 0).max(initial=0) <= 1


def test_the_threshold_of_the_model_is_that_of_the_hierarchy():
    assert regions(card()[0], model=plain_model()).threshold == 0.5


def test_a_file_has_the_regions_of_its_pixels(tmp_path):
    picture, _ = card()
    Image.fromarray(picture).save(tmp_path / "card.png")
    expected = regions(picture, model=plain_model()).finest
    found = regions(tmp_path / "card.png", model=plain_model()).finest
    np.testing.assert_array_equal(found, expected)


def test_another_seed_starts_another_mixture():
    picture = np.random.default_rng(2).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    one, other = (regions(picture, model=plain_model(), seed=seed).finest for seed in (0, 1))
    assert (one != other).any()


@pytest.fixture(scope="module")
def large():
    """A disk of 1500 x 2000 noisy pixels, where it is, and its regions."""
    truth = disk(1500, 2000, 450)
    noise = np.random.default_rng(3).integers(-6, 7, truth.shape, dtype=np.int16)
    gray = np.clip(np.where(truth, 190, 70) + noise, 0, 255).astype(np.uint8)
    return truth, regions(gray, model=plain_model())


def test_a_large_picture_is_cut_within_two_pixels_of_the_truth(large):
    truth, hierarchy = large
    labels = hierarchy.cut(n_regions=2)
    y, x = np.nonzero((labels == 1) != truth)
    assert np.abs(np.hypot(y - 749.5, x - 999.5) - 450).max(initial=0) <= 2


def test_regions_of_a_large_picture_are_connected(large):
    _, hierarchy = large
    boxes = ndimage.find_objects(hierarchy.finest + 1)
    parts = [ndimage.label(hierarchy.finest[box] == region)[1] for region, box in enumerate(boxes)]
    assert parts == [1] * hierarchy.n_finest


def test_regions_of_a_large_picture_do_not_reach_across_a_line_of_excluded_pixels():
    picture = np.full((700, 700), 120, np.uint8)
    mask = np.ones(picture.shape, dtype=bool)
    mask[450] = False
    hierarchy = regions(picture, mask=mask, model=plain_model())
    labels = hierarchy.cut(threshold=1)
    assert part_numbers(labels) == [1] * hierarchy.n_coarsest
    np.testing.assert_array_equal(labels < 0, ~mask)


def working_copy(raster, factor):
    """A working picture of that factor; its planes matter to nobody here."""
    small = shrunk(raster, factor)
    return WorkingPicture(np.zeros((5, *small.shape), np.float32), small.mask, 1.0, factor)


@pytest.mark.parametrize("factor", [2, 3, 6])
def test_a_disk_comes_back_to_full_size_along_its_own_border(factor):
    truth = disk(37 * factor, 50 * factor, 13.3 * factor)
    raster = as_raster(np.where(truth, 200, 80).astype(np.uint8))
    picture = working_copy(raster, factor)
    share = shrunk(Raster(truth[:, :, None].astype(np.float32)), factor).pixels[:, :, 0]
    labels = enlarged((share > 0.5).astype(np.int32), picture, raster, 1)
    assert errors_at(labels, truth).max(initial=0) <= 1


def test_bands_of_rows_are_brought_back_as_the_whole_is():
    random = np.random.default_rng(4)
    labels = random.integers(0, 4, (7, 9)).astype(np.int32)
    means = random.uniform(size=(7, 9, 1)).astype(np.float32)
    values = random.uniform(size=(21, 27, 1)).astype(np.float32)
    whole, parts = np.empty((21, 27), np.int32), np.empty((21, 27), np.int32)
    closest_regions(labels, means, values, 0, 3, whole)
    for rows in (slice(0, 5), slice(5, 13), slice(13, 21)):
        closest_regions(labels, means, values[rows], rows.start, 3, parts[rows])
    np.testing.assert_array_equal(parts, whole)


def test_every_pixel_goes_to_the_closest_of_nine_in_place_and_color():
    random = np.random.default_rng(5)
    labels = np.arange(30, dtype=np.int32).reshape(5, 6)
    means = random.uniform(size=(5, 6, 2)).astype(np.float32)
    values = random.uniform(size=(20, 24, 2)).astype(np.float32)
    found = np.empty((20, 24), np.int32)
    closest_regions(labels, means, values, 0, 4, found)
    j, i = np.indices((5, 6)) + 0.5
    for y, x in np.ndindex(20, 24):
        near = (abs(j - 0.5 - y // 4) <= 1) & (abs(i - 0.5 - x // 4) <= 1)
        place = (j - (y + 0.5) / 4) ** 2 + (i - (x + 0.5) / 4) ** 2
        distance = np.where(near, place + ((means - values[y, x]) ** 2).sum(axis=2), np.inf)
        is_middle = y % 4 == x % 4 == 2
        expected = labels[y // 4, x // 4] if is_middle else labels.ravel()[distance.argmin()]
        assert found[y, x] == expected


def scattered(seed, masked):
    """Random regions of a copy, and a full picture of noise with some excluded pixels."""
    random = np.random.default_rng(seed)
    values = random.uniform(size=(26, 35, 1)).astype(np.float32)
    mask = random.uniform(size=(26, 35)) < 0.5 if masked else None
    raster = Raster(values, mask)
    picture = working_copy(raster, 4)
    strength = random.uniform(size=picture.shape).astype(np.float32)
    return strength, picture, raster


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_no_region_is_lost_on_the_way_back(seed, masked):
    strength, picture, raster = scattered(seed, masked)
    labels = finest_regions(strength, picture.mask)
    found = enlarged(labels, picture, raster, 1)
    np.testing.assert_array_equal(found < 0, False if raster.mask is None else ~raster.mask)
    assert set(np.unique(labels).tolist()) - {-1} <= set(np.unique(found).tolist())


@pytest.mark.parametrize("seed", range(4))
def test_no_region_falls_apart_on_the_way_back(seed):
    strength, picture, raster = scattered(seed, masked=False)
    found = enlarged(finest_regions(strength, None), picture, raster, 1)
    assert part_numbers(found) == [1] * (int(found.max()) + 1)


def test_a_region_in_a_cut_off_square_is_not_lost():
    # Rows 6 and beyond are squares of a single row, without a middle pixel of their own.
    values = np.zeros((7, 9, 1), np.float32)
    values[:, 6:] = 1.0
    values[6, 3:6, 0] = 0, 1, 1
    raster = as_raster(values)
    labels = np.array([[0, 0, 1], [0, 0, 1], [0, 2, 1]], np.int32)
    assert set(np.unique(enlarged(labels, working_copy(raster, 3), raster, 1))) == {0, 1, 2}


def test_a_region_whose_few_pixels_look_like_its_neighbors_is_not_lost():
    # Of the middle square two corners count, one like the square above, one like that below.
    values = np.repeat([0.0, 0.5, 1.0], 3)[:, None, None] * np.ones((9, 3, 1))
    values[3, 0], values[5, 0] = 0, 1
    mask = np.ones((9, 3), dtype=bool)
    mask[3:6] = False
    mask[[3, 5], 0] = True
    raster = as_raster(values.astype(np.float32), mask)
    labels = np.array([[0], [1], [2]], np.int32)
    found = enlarged(labels, working_copy(raster, 3), raster, 1)
    assert set(np.unique(found)) == {-1, 0, 1, 2}


def test_pixels_are_compared_in_the_type_that_features_have():
    raster = as_raster(np.full((4, 4), 51, np.uint8))
    np.testing.assert_allclose(shrunk(raster, 2).pixels, working_values(raster.pixels)[:2, :2])
