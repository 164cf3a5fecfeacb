"""Pictures that stay in their file: never held whole, and segmented as if they were."""

import tracemalloc
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gmmkit.image import export, fit_shared, labeling, region_table, segment
from gmmkit.image.export.display import Display, display_colors
from gmmkit.image.export.overlay import draw_overlay
from gmmkit.image.models import _chosen_pixels
from gmmkit.image.pixels import (
    Raster,
    as_raster,
    check_color_range,
    distinct_colors,
    value_range,
)
from gmmkit.image.tiles import cut
from gmmkit.io.image import Picture
from gmmkit.io.windows import WindowedPixels

SHAPE = (700, 500)


@dataclass
class Watched:
    """The largest window that was ever asked for, in pixels."""

    largest: int = 0


class WatchedPixels(WindowedPixels):
    """Pixels of an array, of which every window is noted."""

    def __init__(self, array: np.ndarray[Any, Any], watched: Watched) -> None:
        super().__init__(array.shape, array.dtype)
        self._array, self._watched = array, watched

    def window(self, rows: slice, columns: slice) -> np.ndarray[Any, Any]:
        pixels = self._array[rows, columns]
        self._watched.largest = max(self._watched.largest, pixels.shape[0] * pixels.shape[1])
        return pixels.copy()


def made(channels: int, dtype: str) -> np.ndarray[Any, Any]:
    """Three stripes with a little noise."""
    random = np.random.default_rng(0)
    levels = np.repeat([40.0, 120.0, 220.0], [350, 230, 120])[:, None, None]
    values = levels + random.normal(0, 6, (*SHAPE, channels)) + 5 * np.arange(channels)
    return np.clip(values, 0, 255).astype(dtype) * np.dtype(dtype).type(200 if dtype == "u2" else 1)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    """Nothing is stored between the fit and the labels, as of pictures that are really large."""
    monkeypatch.setattr(labeling, "_LARGEST_STORE_BYTES", 0)
    monkeypatch.setattr(cut, "__defaults__", (128,))
    monkeypatch.setattr(Raster.strips, "__defaults__", (30_000,))
    monkeypatch.setattr("gmmkit.image.export.labeled._STRIP_ROWS", 60)
    return Watched()


def large(array: np.ndarray[Any, Any], watched: Watched) -> Picture:
    colors = array.shape[2] == 3
    return Picture(WatchedPixels(array, watched), None, "large", None, colors)  # type: ignore[arg-type]


@pytest.mark.parametrize(("channels", "dtype"), [(3, "u1"), (1, "u2"), (6, "u2")])
def test_a_picture_in_its_file_gets_the_labels_of_the_same_array(watched, channels, dtype):
    array = made(channels, dtype)
    found = segment(large(array, watched), 3, max_fit_pixels=20_000)
    expected = segment(array, 3, max_fit_pixels=20_000)
    np.testing.assert_array_equal(found.labels, expected.labels)
    np.testing.assert_array_equal(found.mean_colors, expected.mean_colors)
    assert watched.largest <= 500 * 66


def test_outputs_of_a_picture_in_its_file_are_those_of_the_array(watched, monkeypatch):
    monkeypatch.setattr("gmmkit.image.export.overlay.LARGEST_PIXELS", 40_000)
    array = made(3, "u1")
    found = segment(large(array, watched), 3, features="rgb", max_fit_pixels=20_000)
    expected = segment(array, 3, features="rgb", max_fit_pixels=20_000)
    for encode in (export.overlay_png, export.colors_png, export.label_tiff):
        assert encode(found) == encode(expected)
    means, others = region_table(found), region_table(expected)
    np.testing.assert_array_equal(means["mean_green"], others["mean_green"])
    assert watched.largest <= 500 * 66


def test_a_shared_model_takes_pictures_in_their_files(watched):
    array = made(3, "u1")
    found, expected = (
        fit_shared([picture] * 2, 3, max_fit_pixels=20_000).mixtures["classes"].means
        for picture in (large(array, watched), array)
    )
    np.testing.assert_array_equal(found, expected)


def test_a_gray_picture_in_its_file_is_read_as_color_by_a_color_model(watched):
    model = segment(made(3, "u1"), 3, features="lab", max_fit_pixels=20_000).model
    found = segment(large(made(1, "u1"), watched), model=model)
    assert found.labels.shape == SHAPE


# Memory


def test_pixels_are_chosen_with_a_few_bytes_each():
    mask = np.arange(2_000_000).reshape(2000, 1000) > 9
    raster = Raster(np.zeros((2000, 1000, 1), np.uint8), mask)
    tracemalloc.start()
    chosen = _chosen_pixels(raster, 500, 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert chosen.sum() == chosen[mask].sum() == 500
    assert peak < 3 * raster.n_valid


def test_numbering_by_area_needs_no_second_map_of_labels():
    from gmmkit.core.covariance import Covariance
    from gmmkit.core.mixture import Mixture
    from gmmkit.image.classes import _by_area

    labels = np.repeat(np.int32([0, 1, 1]), 500_000).reshape(1500, 1000)
    mixture = Mixture([0.5, 0.5], [[0.0], [1.0]], Covariance("spherical", [1.0, 1.0]))
    tracemalloc.start()
    numbered, ordered = _by_area(labels, mixture)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (numbered[0, 0], numbered[-1, -1], ordered.means[0, 0]) == (1, 0, 1.0)
    assert peak < labels.nbytes


# Parts of a picture


def test_the_range_is_that_of_the_pixels_that_count(monkeypatch):
    monkeypatch.setattr(Raster.strips, "__defaults__", (4,))
    pixels = np.arange(24, dtype=np.uint8).reshape(4, 3, 2)
    mask = np.ones((4, 3), bool)
    mask[0], mask[3, 2] = False, False
    low, high = value_range(Raster(pixels, mask))
    assert (low.tolist(), high.tolist()) == ([6, 7], [20, 21])


@pytest.mark.parametrize("limit", [1, 3, 9])
def test_colors_are_counted_across_strips(monkeypatch, limit):
    monkeypatch.setattr("gmmkit.image.pixels._PEELED_PIXELS", 4)
    pixels = np.array([[1, 1], [1, 2], [2, 2], [7, 1], [5, 5]], np.uint8)
    assert distinct_colors(as_raster(pixels), limit) == min(limit, 4)


def test_a_color_out_of_range_in_any_strip_is_found(monkeypatch):
    from gmmkit.errors import InputError

    monkeypatch.setattr(Raster.strips, "__defaults__", (2,))
    pixels = np.zeros((5, 2, 3), np.float32)
    pixels[4, 1, 2] = 1.5
    with pytest.raises(InputError, match=r"values from 0 to 1\.5"):
        check_color_range(as_raster(pixels), "lab")


@pytest.mark.parametrize(
    "pixels",
    [
        np.arange(48, dtype=np.uint8).reshape(4, 3, 4),
        np.arange(36, dtype=np.uint16).reshape(4, 3, 3) * 700,
        np.arange(36, dtype=np.float32).reshape(4, 3, 3) - 5,
        np.arange(24, dtype=np.uint16).reshape(4, 3, 2),
    ],
    ids=["bands", "16 bits", "beyond 0 to 1", "two bands"],
)
def test_rows_are_displayed_as_in_the_whole(pixels):
    raster = as_raster(pixels, as_bands=True)
    whole = display_colors(raster)
    assert (whole.min(), whole.max()) == (0, 255) or pixels.dtype == np.uint16
    np.testing.assert_array_equal(Display(raster).colors(slice(1, 3)), whole[1:3])


def test_an_overlay_of_a_large_picture_is_shrunk_as_ever(monkeypatch):
    monkeypatch.setattr("gmmkit.image.export.overlay.LARGEST_PIXELS", 40_000)
    array = made(3, "u1")
    found = segment(array, 3, features="rgb", max_fit_pixels=20_000)
    shrunk = draw_overlay(found)
    assert shrunk.shape[1] == int(500 * (40_000 / 350_000) ** 0.5)
    picture = np.asarray(Image.open(BytesIO(export.overlay_png(found))))
    np.testing.assert_array_equal(picture, shrunk)
