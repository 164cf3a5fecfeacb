"""Features of pixels against their formulas, by tiles, and on every kind of picture."""

import numpy as np
import pytest
from scipy import ndimage
from skimage.color import rgb2lab

from gmmkit.errors import ImageSizeError, InputError, ParameterError
from gmmkit.image import compute_features
from gmmkit.image.features import parse_features
from gmmkit.image.pixels import as_raster, distinct_colors


@pytest.fixture
def photo():
    random = np.random.default_rng(1)
    smooth = ndimage.gaussian_filter(random.random((37, 45, 3)), (3, 3, 0))
    spread = (smooth - smooth.min()) / np.ptp(smooth)
    return (spread * 235 + random.integers(0, 20, spread.shape)).astype(np.uint8)


def gaussian_weights(sigma):
    offsets = np.arange(-int(4 * sigma + 0.5), int(4 * sigma + 0.5) + 1)
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    return offsets, weights / weights.sum()


def mirrored(index, length):
    index %= 2 * length
    return index if index < length else 2 * length - 1 - index


def local_mean(plane, row, column, sigma):
    """The Gaussian mean around one pixel, by the definition."""
    offsets, weights = gaussian_weights(sigma)
    rows = [mirrored(row + i, plane.shape[0]) for i in offsets]
    columns = [mirrored(column + i, plane.shape[1]) for i in offsets]
    return weights @ plane[np.ix_(rows, columns)] @ weights


def test_the_default_has_exactly_five_columns(photo):
    assert compute_features(photo).shape == (37, 45, 5)


def test_features_are_float32(photo):
    assert compute_features(photo).dtype == np.float32


@pytest.mark.parametrize(("row", "column"), [(0, 0), (18, 20), (36, 44)])
def test_lab_is_the_gaussian_mean_of_lab(photo, row, column):
    lab = rgb2lab(photo / 255)
    expected = [local_mean(lab[..., i], row, column, 1.0) for i in range(3)]
    assert compute_features(photo, "lab")[row, column] == pytest.approx(expected, abs=2e-4)


@pytest.mark.parametrize(("row", "column"), [(0, 0), (18, 20), (36, 44)])
def test_texture_is_the_logarithm_of_the_local_deviation_of_lightness(photo, row, column):
    lightness = rgb2lab(photo / 255)[..., 0]
    expected = []
    for sigma in (2.0, 4.0):
        mean = local_mean(lightness, row, column, sigma)
        variance = local_mean(lightness**2, row, column, sigma) - mean**2
        expected.append(8 * np.log(1 + np.sqrt(variance)))
    assert compute_features(photo, "texture")[row, column] == pytest.approx(expected, abs=1e-3)


def test_a_flat_picture_has_no_texture():
    flat = np.full((20, 20, 3), (13, 200, 77), np.uint8)
    assert compute_features(flat, "texture").max() < 1e-3


def test_lightness_of_white_is_one_hundred():
    assert compute_features(np.full((3, 3), 255, np.uint8), "lab") == pytest.approx(100, abs=1e-3)


def test_hue_is_a_point_in_a_disk():
    red_green = np.zeros((1, 80, 3))
    red_green[:, :40, 0] = red_green[:, 40:, 1] = 1
    left, right = compute_features(red_green, "hsv")[0, [0, -1]]
    assert left == pytest.approx([1, 0, 1], abs=1e-5)
    assert right == pytest.approx([-0.5, np.sqrt(0.75), 1], abs=1e-5)


def test_gray_of_a_color_is_its_luminance():
    colors = np.tile(np.array([0.2, 0.4, 0.6]), (3, 3, 1))
    expected = 0.2125 * 0.2 + 0.7154 * 0.4 + 0.0721 * 0.6
    assert compute_features(colors, "gray")[1, 1] == pytest.approx([expected])


def test_position_is_in_percent_of_the_longer_side():
    position = compute_features(np.zeros((2, 4), np.uint8), "position")
    assert position[..., 0].tolist() == [[12.5, 37.5, 62.5, 87.5]] * 2
    assert position[:, 0, 1].tolist() == [12.5, 37.5]


def test_bands_are_taken_as_they_are():
    bands = np.random.default_rng(0).normal(0, 500, (4, 5, 7))
    assert np.array_equal(compute_features(bands, "bands"), bands.astype(np.float32))


def test_the_default_for_bands_is_bands_and_the_texture_of_their_mean():
    bands = np.random.default_rng(0).random((12, 11, 6))
    features = compute_features(bands)
    assert features.shape == (12, 11, 8)
    mean = 100 * bands.mean(axis=2)
    variance = local_mean(mean**2, 5, 5, 2.0) - local_mean(mean, 5, 5, 2.0) ** 2
    assert features[5, 5, 6] == pytest.approx(8 * np.log1p(np.sqrt(variance)), abs=1e-3)


def test_gray_has_only_the_lightness_of_a_color_space(photo):
    gray = photo[..., 0]
    expected = compute_features(np.repeat(gray[..., None], 3, axis=2), "lab")[..., :1]
    assert np.allclose(compute_features(gray, "lab"), expected, atol=1e-4)


def test_excluded_pixels_may_hold_no_numbers():
    picture = np.full((6, 6), 0.5)
    picture[2, 2] = np.nan
    assert np.isfinite(compute_features(picture, mask=np.isfinite(picture))).all()


@pytest.mark.parametrize(
    "convert",
    [
        lambda photo: photo.astype(np.uint16) * 257,
        lambda photo: photo / 255,
        lambda photo: (photo / 255).astype(np.float32),
        lambda photo: (photo.astype(np.uint16) * 257).astype(">u2"),
        np.asfortranarray,
    ],
)
def test_features_do_not_depend_on_the_type_of_the_pixels(photo, convert):
    assert np.array_equal(compute_features(convert(photo)), compute_features(photo))


def test_one_bit_is_black_and_white():
    assert compute_features(np.array([[False, True]]), "bands").ravel().tolist() == [0, 1]


def test_the_input_is_not_changed(photo):
    photo.flags.writeable = False
    before = photo.copy()
    compute_features(photo, mask=photo[..., 0] > 30)
    assert np.array_equal(photo, before)


def test_the_floor_is_the_quantization_step_of_lightness_at_mid_gray():
    levels = rgb2lab(np.array([[[127, 127, 127], [127, 128, 127]]]) / 255.0)
    green_step = levels[0, 1, 0] - levels[0, 0, 0]
    floor = parse_features("lab", 3).floor(np.dtype(np.uint8), (10, 10))
    assert floor[0] == pytest.approx(green_step / np.sqrt(12), rel=0.05)


def test_the_floor_of_sixteen_bits_is_that_of_eight_divided_by_257():
    features = parse_features("lab", 3)
    eight, sixteen = (features.floor(np.dtype(kind), (9, 9)) for kind in (np.uint8, np.uint16))
    assert eight / sixteen == pytest.approx([257] * 3, rel=0.05)


def test_the_contract_says_what_the_columns_are():
    assert parse_features("lab+texture", 3).contract() == {
        "features": "lab+texture",
        "channels": "color",
        "n_channels": 3,
        "columns": ["L", "a", "b", "texture 2", "texture 4"],
        "features_version": 1,
    }


@pytest.mark.parametrize("text", ["", "colour", "lab+", "lab+lab", "LAB"])
def test_unknown_or_repeated_names_are_refused_with_the_list(text):
    with pytest.raises(ParameterError, match="lab, luv, rgb, gray"):
        parse_features(text, 3)


def test_color_features_of_bands_are_refused_with_advice():
    with pytest.raises(InputError, match='features="bands"'):
        parse_features("luv", 5)


def test_floats_that_are_no_colors_are_refused_with_their_range():
    with pytest.raises(InputError, match="values from 0 to 255"):
        compute_features(np.linspace(0, 255, 30).reshape(5, 6))


def test_floats_of_any_range_are_good_as_bands():
    assert compute_features(np.linspace(0, 255, 30).reshape(5, 6), "bands+texture").max() > 200


def test_not_a_number_is_refused_with_the_count():
    picture = np.zeros((4, 4))
    picture[1, 1:3] = np.nan, np.inf
    with pytest.raises(InputError, match="2 of 16 values NaN or infinite"):
        compute_features(picture)


@pytest.mark.parametrize("shape", [(3,), (2, 2, 2, 2), (1, 2, 3, 4, 5)])
def test_arrays_of_other_dimensions_are_refused(shape):
    with pytest.raises(InputError, match="axes"):
        compute_features(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("kind", [np.int32, np.complex64, object, "U3"])
def test_other_types_are_refused_with_those_that_work(kind):
    with pytest.raises(InputError, match="uint8, uint16, float32 or float64"):
        compute_features(np.zeros((3, 3), kind))


def test_a_picture_without_pixels_is_refused():
    with pytest.raises(ImageSizeError, match=r"shape \(0, 5\)"):
        compute_features(np.zeros((0, 5), np.uint8))


@pytest.mark.parametrize("mask", [np.ones((4, 5), bool), np.ones((5, 4), np.uint8)])
def test_a_mask_that_does_not_fit_is_refused_with_both_shapes(mask):
    with pytest.raises(InputError, match=r"needed bool, shape \(5, 4\)"):
        compute_features(np.zeros((5, 4), np.uint8), mask=mask)


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 9])
def test_distinct_colors_are_counted_up_to_the_limit(limit):
    picture = np.zeros((70, 90, 3), np.uint8)
    picture[69, 89], picture[3, 4] = (0, 0, 1), (0, 1, 0)
    assert distinct_colors(as_raster(picture), limit) == min(limit, 3)
