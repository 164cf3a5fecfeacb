"""The table of regions against scikit-image's, and against what can be counted by hand."""

import numpy as np
import pytest
from skimage.measure import regionprops_table

from gmmkit.image import region_table, segment
from gmmkit.image.export.labeled import LabelMap

SAME = {
    "area": "area",
    "centroid_x": "centroid-1",
    "centroid_y": "centroid-0",
    "major_axis": "axis_major_length",
    "minor_axis": "axis_minor_length",
    "eccentricity": "eccentricity",
    "perimeter": "perimeter",
}
PROPERTIES = ["label", "area", "bbox", "centroid", "axis_major_length", "axis_minor_length"]
PROPERTIES += ["eccentricity", "orientation", "perimeter"]


def mosaic(height, width, n, seed=0):
    """The cells of random points, some pixels excluded."""
    random = np.random.default_rng(seed)
    points = random.uniform(size=(n, 2)) * [height, width]
    y, x = np.mgrid[:height, :width]
    distances = (y[..., None] - points[:, 0]) ** 2 + (x[..., None] - points[:, 1]) ** 2
    labels = distances.argmin(axis=2).astype(np.int32)
    labels[random.random(labels.shape) < 0.05] = -1
    return labels


@pytest.fixture(
    scope="module",
    params=[
        mosaic(70, 50, 12),
        mosaic(600, 9, 20),
        np.random.default_rng(0).integers(-1, 4, (300, 11)).astype(np.int32),
        np.arange(3)[None],
        np.zeros((1, 1), int),
    ],
    ids=["mosaic", "several strips", "noise", "single pixels", "one pixel"],
)
def labels(request):
    return request.param


@pytest.fixture(scope="module")
def expected(labels):
    return regionprops_table(labels + 1, properties=PROPERTIES)


@pytest.mark.parametrize("name", SAME)
def test_a_column_agrees_with_scikit_image(labels, expected, name):
    np.testing.assert_allclose(region_table(labels)[name], expected[SAME[name]], atol=2e-6)


def test_bounding_boxes_agree_with_scikit_image(labels, expected):
    table = region_table(labels)
    assert np.array_equal(table["left"], expected["bbox-1"])
    assert np.array_equal(table["top"], expected["bbox-0"])
    assert np.array_equal(table["left"] + table["width"], expected["bbox-3"])
    assert np.array_equal(table["top"] + table["height"], expected["bbox-2"])


def test_orientations_agree_with_scikit_image_where_a_shape_has_one():
    labels = mosaic(70, 50, 12)
    table = region_table(labels)
    expected = regionprops_table(labels + 1, properties=PROPERTIES)["orientation"]
    # A line has no beginning: angles count modulo π.
    np.testing.assert_allclose(np.exp(2j * table["orientation"]), np.exp(2j * expected), atol=1e-6)


def test_only_labels_with_a_pixel_have_a_row():
    table = region_table([[5, 5, -1, 2]])
    assert table["label"].tolist() == [2, 5]
    assert table["name"].tolist() == ["region 2", "region 5"]
    assert table["share"].tolist() == [1 / 3, 2 / 3]


def test_neighbors_share_an_edge_and_are_no_excluded_pixels():
    labels = np.array([[0, 0, 1, 1], [2, -1, 1, 3]], np.int32)
    assert region_table(labels)["neighbors"].tolist() == [2, 2, 1, 1]


def test_neighbors_are_found_across_strips():
    labels = np.repeat(np.array([[0], [1]], np.int32), 256, axis=0)
    assert region_table(labels)["neighbors"].tolist() == [1, 1]


def test_regions_inside_do_not_touch_the_border():
    labels = np.zeros((4, 4), np.int32)
    labels[1:3, 1:3] = 1
    assert region_table(labels)["touches_border"].tolist() == [True, False]


def test_excluded_pixels_at_the_border_touch_it_for_nobody():
    labels = np.full((3, 3), -1, np.int32)
    labels[1, 1] = 0
    assert region_table(labels)["touches_border"].tolist() == [False]


def test_means_are_in_the_units_of_the_picture():
    picture = np.array([[1000, 3000, 60000]], np.uint16)
    assert region_table([[0, 0, 1]], picture)["mean_gray"].tolist() == [2000, 60000]


@pytest.mark.parametrize(
    ("channels", "names"),
    [
        (3, ["mean_red", "mean_green", "mean_blue"]),
        (2, ["mean_band_0", "mean_band_1"]),
        (5, [f"mean_band_{number}" for number in range(5)]),
    ],
)
def test_means_are_named_after_the_bands(channels, names):
    picture = np.arange(4 * channels, dtype=np.float32).reshape(2, 2, channels) / 100
    table = region_table([[0, 0], [1, 1]], picture)
    assert [name for name in table if name.startswith("mean_")] == names
    np.testing.assert_allclose(table[names[0]], picture[..., 0].mean(axis=1), rtol=1e-6)


def test_a_segmentation_brings_its_picture():
    picture = np.zeros((6, 10), np.uint8)
    picture[:, 7:] = 200
    table = region_table(segment(picture, k=2, features="gray"))
    assert table["mean_gray"].tolist() == [0, 200]
    assert table["name"].tolist() == ["class 0", "class 1"]


def test_every_step_sees_strips_alone(monkeypatch):
    labels = mosaic(60, 20, 5)
    whole = region_table(labels)
    strips = [slice(start, start + 7) for start in range(0, 56, 7)] + [slice(56, 60)]
    monkeypatch.setattr(LabelMap, "strips", lambda _: strips)
    for name, column in region_table(labels).items():
        if column.dtype == object:
            assert column.tolist() == whole[name].tolist()
        else:
            np.testing.assert_allclose(column, whole[name], rtol=1e-12)
