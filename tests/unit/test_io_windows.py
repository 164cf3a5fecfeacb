"""Pixels that stay in their file: the same as when read whole, each block decoded once."""

import itertools
import threading
from pathlib import Path

import numpy as np
import pytest
import tifffile

from gmmkit.errors import ImageError, ImageWarning
from gmmkit.io import tiff_windows
from gmmkit.io.image import open_image, read_image, read_pages
from gmmkit.io.windows import BlockPixels, Blocks, WindowedPixels

_RNG = np.random.default_rng(3)
PICTURE = _RNG.integers(0, 65536, (37, 53, 4), dtype=np.uint16)
LAYOUTS = {
    "one strip": {},
    "strips": {"rowsperstrip": 5},
    "deflated strips": {"rowsperstrip": 5, "compression": "zlib"},
    "differences": {"rowsperstrip": 5, "compression": "zlib", "predictor": True},
    "tiles": {"tile": (16, 32)},
    "deflated tiles": {"tile": (16, 32), "compression": "zlib"},
    "64-bit offsets": {"rowsperstrip": 5, "bigtiff": True},
}


@pytest.fixture(autouse=True)
def _everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiff_windows, "LARGEST_WHOLE_BYTES", 0)


def written(path: Path, pixels: np.ndarray, *, planar: str = "contig", **options: object) -> Path:
    """Write bands, none of them alpha unless the options say so."""
    options = {"extrasamples": [0] * (pixels.shape[2] - 1)} | options
    stored = pixels if planar == "contig" else np.moveaxis(pixels, 2, 0)
    tifffile.imwrite(path, stored, photometric="minisblack", planarconfig=planar, **options)
    return path


def blocks_of(picture: np.ndarray, kept_rows: int) -> tuple[BlockPixels, list]:
    """Pixels in blocks of 4 x 6, and the list of blocks that were read."""
    asked: list = []

    def read(place):
        asked.append(place)
        return picture[4 * place[1] : 4 * place[1] + 4, 6 * place[2] : 6 * place[2] + 6]

    pixels = BlockPixels(picture.shape, picture.dtype, Blocks(4, 6, 1), read, kept_rows)
    return pixels, asked


# The same pixels


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_window_holds_the_pixels_of_the_whole(tmp_path, layout, planar, byteorder):
    path = written(
        tmp_path / "a.tif", PICTURE, planar=planar, byteorder=byteorder, **LAYOUTS[layout]
    )
    pixels = open_image(path).pixels
    assert isinstance(pixels, WindowedPixels)
    assert pixels.dtype.isnative
    np.testing.assert_array_equal(pixels[5:31, 13:50], PICTURE[5:31, 13:50])
    np.testing.assert_array_equal(np.asarray(pixels), read_image(path).pixels)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_windows_keep_the_type_of_the_file(tmp_path, dtype):
    picture = (PICTURE / 300).astype(dtype)
    pixels = open_image(written(tmp_path / "a.tif", picture, rowsperstrip=5)).pixels
    assert pixels.dtype == dtype
    np.testing.assert_array_equal(pixels[:], picture)


def test_gray_has_one_channel(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", PICTURE[..., 0])
    picture = open_image(tmp_path / "a.tif")
    assert picture.shape == (37, 53)
    np.testing.assert_array_equal(picture.pixels[:, :], PICTURE[..., :1])


def test_alpha_becomes_the_mask_and_leaves_the_channels(tmp_path):
    rgba = PICTURE.copy()
    rgba[:9, :, 3] = 0
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, rgba, photometric="rgb", extrasamples=["unassalpha"], rowsperstrip=4)
    picture = open_image(path)
    assert picture.colors
    np.testing.assert_array_equal(picture.pixels[2:20, 3:7], rgba[2:20, 3:7, :3])
    np.testing.assert_array_equal(picture.mask, rgba[..., 3] > 0)


@pytest.mark.parametrize(
    "key",
    [
        np.s_[3:5],
        np.s_[3:5, 7:9],
        np.s_[3:5, 7:9, 1:3],
        np.s_[..., 2],
        np.s_[-4:, :3],
        np.s_[30:90, 50:],
        np.s_[5:5],
    ],
)
def test_slices_mean_what_they_mean_to_an_array(key):
    pixels, _ = blocks_of(PICTURE, 4)
    np.testing.assert_array_equal(pixels[key], PICTURE[key])


@pytest.mark.parametrize("key", [np.s_[::2], np.s_[3], np.s_[[1, 2]], np.s_[:, 4]], ids=str)
def test_what_is_no_rectangle_is_refused(key):
    pixels, _ = blocks_of(PICTURE, 4)
    with pytest.raises(TypeError, match="slices of rows and columns"):
        pixels[key]


# No more than needed


def test_a_walk_by_tiles_with_halos_reads_every_block_once():
    picture = _RNG.integers(0, 256, (96, 90, 2), dtype=np.uint8)
    pixels, asked = blocks_of(picture, kept_rows=12)
    for top, left in itertools.product(range(0, 96, 8), range(0, 90, 9)):
        pixels[max(0, top - 2) : top + 10, max(0, left - 2) : left + 11]
    assert len(asked) == len(set(asked)) == 24 * 15


def test_no_more_blocks_are_kept_than_the_latest_rows_need():
    picture = _RNG.integers(0, 256, (96, 90, 2), dtype=np.uint8)
    pixels, asked = blocks_of(picture, kept_rows=12)
    for top in (0, 80, 0):
        pixels[top : top + 16]
    assert len(asked) == 3 * 4 * 15


def test_threads_that_want_one_block_read_it_once():
    pixels, asked = blocks_of(PICTURE, kept_rows=37)
    barrier = threading.Barrier(4)

    def look() -> None:
        barrier.wait()
        pixels[:, :]

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == len(set(asked))


def test_strips_cover_the_picture_from_top_to_bottom(monkeypatch):
    monkeypatch.setattr("gmmkit.io.windows._STRIP_BYTES", 5000)
    pixels, _ = blocks_of(PICTURE, 4)
    strips = list(pixels.strips())
    assert len(strips) > 2
    np.testing.assert_array_equal(np.concatenate([strip for _, strip in strips]), PICTURE)


# What is left in the file, and what is not


def test_small_pages_are_arrays(tmp_path, monkeypatch):
    path = written(tmp_path / "a.tif", PICTURE)
    monkeypatch.setattr(tiff_windows, "LARGEST_WHOLE_BYTES", PICTURE.nbytes)
    assert isinstance(open_image(path).pixels, np.ndarray)


@pytest.mark.parametrize(
    "options",
    [
        {"extratags": [(274, "H", 1, 6, True)]},
        {"photometric": "miniswhite"},
    ],
    ids=["turned", "white is zero"],
)
def test_pages_that_are_not_as_they_are_stored_are_read_whole(tmp_path, options):
    tifffile.imwrite(tmp_path / "a.tif", PICTURE[..., 0], **options)
    whole = read_image(tmp_path / "a.tif")
    np.testing.assert_array_equal(open_image(tmp_path / "a.tif").pixels, whole.pixels)


def test_other_formats_are_read_whole():
    assert isinstance(open_image("sample:coffee").pixels, np.ndarray)


def test_several_pages_without_a_choice_warn_in_the_caller_s_file(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", PICTURE[:3, ..., 0], photometric="minisblack")
    tifffile.imwrite(tmp_path / "a.tif", PICTURE[:3, ..., 1], append=True)
    with pytest.warns(ImageWarning, match="only the first of 2 pages") as said:
        open_image(tmp_path / "a.tif")
    assert said[0].filename == __file__


# Bad files


def test_a_file_that_changes_meanwhile_is_refused(tmp_path):
    path = written(tmp_path / "a.tif", PICTURE, rowsperstrip=5)
    pixels = open_image(path).pixels
    written(path, PICTURE[:20], rowsperstrip=5)
    with pytest.raises(ImageError, match=r"a\.tif changed while it was read"):
        pixels[:3]


def test_numbers_that_are_none_are_counted_and_refused(tmp_path):
    values = PICTURE.astype(np.float32)
    values[3, 4, 0], values[30, 1, 2] = np.nan, np.inf
    path = written(tmp_path / "a.tif", values, rowsperstrip=5)
    with pytest.raises(ImageError, match="found 2 of 7,844 values NaN or infinite"):
        open_image(path)


def test_a_picture_that_is_all_transparent_is_refused(tmp_path):
    rgba = PICTURE.copy()
    rgba[..., 3] = 0
    tifffile.imwrite(
        tmp_path / "a.tif", rgba, photometric="rgb", extrasamples=["unassalpha"], rowsperstrip=4
    )
    with pytest.raises(ImageError, match="entirely transparent"):
        open_image(tmp_path / "a.tif")


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_file_that_is_cut_off_is_refused_when_it_is_opened(tmp_path, compression):
    path = written(tmp_path / "a.tif", PICTURE, rowsperstrip=5, compression=compression)
    with tifffile.TiffFile(path) as tiff:
        end = tiff.pages[0].dataoffsets[-1] + 1
    path.write_bytes(path.read_bytes()[:end])
    with pytest.raises(ImageError):
        open_image(path)


def test_a_strip_that_inflates_to_too_little_is_refused(tmp_path):
    def deflated():
        import zlib

        for start in range(0, 37, 5):
            rows = 2 if start == 10 else min(5, 37 - start)
            yield zlib.compress(PICTURE[start : start + rows].tobytes())

    options = {"shape": PICTURE.shape, "dtype": PICTURE.dtype, "compression": "zlib"}
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path, deflated(), photometric="rgb", rowsperstrip=5, extrasamples=[0], **options
    )
    pixels = open_image(path).pixels
    with pytest.raises(ImageError, match=r"a\.tif is damaged"):
        pixels[8:14]


# Pages


def test_pages_are_read_when_they_are_taken(tmp_path):
    stack = np.moveaxis(PICTURE, 2, 0)
    tifffile.imwrite(tmp_path / "a.tif", stack, photometric="minisblack")
    pages = read_pages(tmp_path / "a.tif")
    assert len(pages) == 4
    for page, expected in zip(pages, stack, strict=True):
        np.testing.assert_array_equal(page.pixels[:, :].reshape(37, 53), expected)


def test_a_bad_page_raises_and_the_others_can_be_taken(tmp_path):
    path = tmp_path / "a.tif"
    for number in range(3):
        page = PICTURE[..., 0].astype(np.float32)
        page[5, 5] = np.nan if number == 1 else 0
        tifffile.imwrite(path, page, append=number > 0)
    pages = read_pages(path)
    with pytest.raises(ImageError, match="NaN"):
        pages[1]
    assert [page.shape for page in pages[::2]] == [(37, 53)] * 2
