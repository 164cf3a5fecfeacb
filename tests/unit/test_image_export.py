"""Labels, overlays and probabilities as files, read back with an independent reader."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from gmmkit.errors import InputError, ParameterError
from gmmkit.image import segment
from gmmkit.image.export import (
    as_label_map,
    colors_png,
    gray_png,
    label_png,
    mask_png,
    overlay,
    overlay_png,
    probabilities_npz,
    probability_png,
)
from gmmkit.image.export.display import display_colors
from gmmkit.image.export.overlay import contours, draw_legend, tinted
from gmmkit.image.export.palette import class_colors
from gmmkit.image.pixels import as_raster


@pytest.fixture(scope="module")
def halves():
    picture = np.full((40, 60, 3), 250, np.uint8)
    picture[:, 40:] = 30, 30, 90
    mask = np.ones((40, 60), bool)
    mask[:8] = False
    return segment(picture, k=2, features="rgb", mask=mask)


def opened(payload):
    return Image.open(BytesIO(payload))


def test_the_value_of_a_pixel_is_its_class():
    labels = np.arange(6, dtype=np.int32).reshape(2, 3)
    assert np.array_equal(np.asarray(opened(label_png(labels))), labels)


def test_a_viewer_shows_the_colors_of_the_classes():
    labels = np.array([[0, 1, 4]], np.int32)
    shown = np.asarray(opened(label_png(labels)).convert("RGB"))
    assert np.array_equal(shown[0], class_colors(5)[[0, 1, 4]])


def test_a_palette_of_one_s_own_is_used():
    shown = opened(label_png(np.array([[1]]), [[0, 0, 0], [9, 8, 7]])).convert("RGB")
    assert shown.getpixel((0, 0)) == (9, 8, 7)


def test_excluded_pixels_are_255_and_transparent():
    image = opened(label_png(np.array([[0, -1]], np.int32)))
    assert np.asarray(image).tolist() == [[0, 255]]
    assert np.asarray(image.convert("RGBA"))[0, :, 3].tolist() == [255, 0]


def test_nothing_is_transparent_when_nothing_is_excluded():
    assert "transparency" not in opened(label_png(np.zeros((2, 2), np.int32))).info


def test_255_classes_still_make_a_palette_picture():
    labels = np.arange(-1, 255, dtype=np.int32).reshape(16, 16)
    assert np.array_equal(np.asarray(opened(label_png(labels))), labels.astype(np.uint8))


def test_256_classes_make_a_sixteen_bit_picture():
    labels = np.arange(-1, 256, dtype=np.int32)[None]
    values = np.asarray(opened(label_png(labels)))
    assert values.dtype == np.uint16
    assert np.array_equal(values[0], [65535, *range(256)])


def test_more_labels_than_sixteen_bits_hold_are_refused():
    with pytest.raises(ParameterError, match="found label 65535; needed at most 65534"):
        label_png(np.array([[65535]], np.int32))


def test_the_same_labels_give_the_same_bytes():
    labels = np.random.default_rng(0).integers(-1, 5, (50, 50)).astype(np.int32)
    assert label_png(labels) == label_png(labels.copy())


def test_all_255_colors_differ():
    assert len(np.unique(class_colors(255), axis=0)) == 255


def test_the_first_colors_do_not_depend_on_how_many_there_are():
    assert np.array_equal(class_colors(255)[:7], class_colors(7))


def test_colors_repeat_beyond_255():
    assert np.array_equal(class_colors(300)[255:], class_colors(45))


def test_contours_lie_between_different_labels():
    labels = np.array([[0, 0, 1], [0, 2, 1]], np.int32)
    assert contours(labels).tolist() == [[False, True, False], [True, True, False]]
    assert contours(labels[:, :1] + [[0], [1]]).tolist() == [[True], [False]]


def test_the_tint_keeps_light_lighter_than_dark():
    photo = np.array([[[10] * 3, [240] * 3]], np.uint8)
    picture = tinted(photo, np.zeros((1, 2), np.int32), class_colors(1))
    assert (picture[0, 1] > picture[0, 0]).all()


def test_the_overlay_is_the_picture_with_a_legend_below(halves):
    image = opened(overlay_png(halves))
    assert image.width >= 60
    assert image.height > 40 + 13


def test_excluded_pixels_are_no_class_in_the_overlay(halves):
    shown = np.asarray(opened(overlay_png(halves)))[:7, :60]
    assert (shown[..., 0] == shown[..., 1]).all()


def test_a_large_overlay_is_shrunk_and_keeps_its_proportions(monkeypatch):
    picture = np.zeros((200, 300), np.uint8)
    picture[:, 100:] = 200
    result = segment(picture, k=2, features="gray")
    monkeypatch.setattr(overlay, "LARGEST_PIXELS", 40_000)
    assert opened(overlay_png(result)).width == int(300 * (40_000 / 60_000) ** 0.5)
    assert opened(overlay_png(result, full=True)).width == 300


def test_shrinking_starts_at_four_megapixels():
    assert overlay.LARGEST_PIXELS == 4_000_000


@pytest.mark.parametrize("shape", [(1, 1), (1, 100_000), (100_000, 1), (3, 2)])
def test_pictures_of_any_shape_have_an_overlay_with_room_for_the_legend(shape):
    picture = (np.arange(np.prod(shape)) % 2 * 255).astype(np.uint8).reshape(shape)
    result = segment(picture, k=min(2, picture.size), features="gray", smoothness=0)
    assert opened(overlay_png(result)).width >= 84


@pytest.mark.parametrize("k", [1, 5, 40, 300])
def test_a_legend_has_a_swatch_for_every_class_it_lists(k):
    colors = class_colors(k)
    legend = draw_legend(np.full(k, 1 / k), colors, 900, 600)
    found = {tuple(color) for color in legend.reshape(-1, 3).tolist()}
    assert {tuple(color) for color in colors[:32].tolist()} <= found


def test_probabilities_come_back_as_they_were(halves):
    archive = np.load(BytesIO(probabilities_npz(halves.probabilities)))
    assert np.array_equal(archive["probabilities"], halves.probabilities)


def test_the_same_probabilities_give_the_same_bytes(halves, monkeypatch):
    before = probabilities_npz(halves.probabilities)
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert probabilities_npz(halves.probabilities) == before


def test_sixteen_bits_are_displayed_as_eight():
    sixteen = np.array([[0, 257 * 100 - 1, 257 * 100 + 200, 65535]], np.uint16)
    assert display_colors(as_raster(sixteen))[0, :, 0].tolist() == [0, 100, 101, 255]


def test_bands_are_displayed_stretched():
    bands = np.zeros((1, 2, 5), np.float32)
    bands[0, 1] = 0.1, 7, 100, 3, 3
    assert display_colors(as_raster(bands)).tolist() == [[[0, 0, 0], [255, 255, 255]]]


# Pictures of any labels


REGIONS = np.array([[0, 0, 1], [2, -1, 1]], np.int32)


def test_a_gray_picture_has_the_labels_as_its_values():
    image = opened(gray_png(REGIONS))
    assert image.mode == "L"
    assert np.asarray(image).tolist() == [[0, 0, 1], [2, 255, 1]]


def test_a_gray_picture_of_many_labels_has_sixteen_bits():
    labels = np.arange(-1, 299, dtype=np.int32)[None]
    assert np.asarray(opened(gray_png(labels)))[0].tolist() == [65535, *range(299)]


def test_a_label_map_can_be_colored_by_the_means_of_its_pixels():
    picture = np.array([[10, 30, 90], [70, 0, 91]], np.uint8)
    shown = opened(label_png(REGIONS, as_label_map(REGIONS, picture, colors="mean").palette))
    assert np.asarray(shown.convert("L")).tolist()[0] == [20, 20, 91]


def test_a_thousand_regions_are_still_shown_in_color():
    labels = np.arange(1024, dtype=np.int32).reshape(32, 32)
    picture = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    assert np.array_equal(np.asarray(opened(colors_png(labels, picture))), picture)


def test_excluded_pixels_are_transparent_in_a_picture_of_colors():
    shown = np.asarray(opened(colors_png(REGIONS)))
    assert shown[..., 3].tolist() == [[255, 255, 255], [255, 0, 255]]


def test_colors_without_a_picture_are_those_of_the_palette():
    assert np.array_equal(np.asarray(opened(colors_png([[0, 1]])))[0], class_colors(2))


def test_a_mask_is_black_and_white():
    assert np.asarray(opened(mask_png(REGIONS == 1))).tolist() == [[0, 0, 255], [0, 0, 255]]


@pytest.mark.parametrize(("bits", "top"), [(8, 255), (16, 65535)])
def test_probabilities_fill_the_range_of_a_gray_picture(bits, top):
    plane = np.array([[0, 1 / 3, 1, 1 + 1e-6, -1e-7]], np.float32)
    values = np.asarray(opened(probability_png(plane, bits=bits)))
    assert values[0].tolist() == [0, top // 3, top, top, 0]


def test_probabilities_of_other_depths_are_refused():
    with pytest.raises(ParameterError, match="found 12; needed 8 or 16"):
        probability_png(np.zeros((1, 1), np.float32), bits=12)


def test_regions_are_drawn_between_their_mean_color_and_the_photo():
    picture = np.array([[[100] * 3, [200] * 3, [7] * 3]], np.uint8)
    drawn = np.asarray(opened(overlay_png([[0, 0, 1]], picture)))
    assert drawn[0, 0].tolist() == [138] * 3
    assert drawn.shape == (1, 3, 3)


def test_outlines_of_regions_are_dark_on_light_and_light_on_dark():
    picture = np.array([[[250] * 3, [240] * 3, [9] * 3, [20] * 3]], np.uint8)
    drawn = np.asarray(opened(overlay_png([[0, 1, 2, 3]], picture)))[0, :, 0]
    assert drawn[0] < 100
    assert drawn[2] == 255


def test_an_overlay_of_labels_alone_is_refused():
    with pytest.raises(ParameterError, match="the overlay cannot be made of labels alone"):
        overlay_png([[0, 1]])


def test_classes_of_an_array_get_a_legend():
    picture = np.zeros((40, 60), np.uint8)
    label_map = as_label_map(np.zeros((40, 60), int), picture, noun="class")
    assert opened(overlay_png(label_map)).height > 40 + 13


# What is a map of labels


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.uint64, ">i4"])
def test_labels_of_any_whole_type_are_taken(dtype):
    label_map = as_label_map(np.array([[0, 1, 1]], dtype))
    assert label_map.labels.dtype == np.int32
    assert label_map.areas.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("labels", "about"),
    [
        (np.zeros((2, 2)), "no whole numbers: found float64"),
        (np.zeros((2, 2, 3), int), r"no map: found shape \(2, 2, 3\)"),
        (np.zeros((0, 2), int), r"no map: found shape \(0, 2\)"),
        ([[0, 1], [2]], "no array"),
        ([[0, -2]], "found values from -2 to 0"),
        ([[2**24]], "relabel_sequential"),
        ([[2**40]], "relabel_sequential"),
        ([[-1, -1]], "no pixel has a label"),
        ([["a"]], "no whole numbers"),
    ],
)
def test_what_is_no_map_of_labels_is_refused(labels, about):
    with pytest.raises(InputError, match=about):
        as_label_map(labels)


def test_a_picture_of_another_size_is_refused_with_both_shapes():
    with pytest.raises(InputError, match=r"\(2, 3\), a picture of shape \(3, 2\)"):
        as_label_map(REGIONS, np.zeros((3, 2), np.uint8))


@pytest.mark.parametrize(
    "wrong",
    [
        {"names": ["sea"]},
        {"names": "abcdef"},
        {"colors": "bright"},
        {"colors": [[0, 0, 0]]},
        {"colors": np.full((3, 3), 256)},
        {"colors": np.zeros((3, 3))},
    ],
)
def test_names_and_colors_that_do_not_fit_the_labels_are_refused(wrong):
    with pytest.raises(ParameterError):
        as_label_map(REGIONS, **wrong)


def test_a_label_map_of_a_segmentation_agrees_with_it(halves):
    label_map = as_label_map(halves)
    assert (label_map.count, label_map.noun) == (2, "class")
    assert np.array_equal(label_map.shares, halves.shares)
    assert np.array_equal(label_map.mean_colors, halves.mean_colors)
    assert label_map.probabilities is halves.probabilities


def test_labels_alone_have_no_probabilities():
    with pytest.raises(ParameterError, match="have no probabilities"):
        _ = as_label_map(REGIONS).probabilities
