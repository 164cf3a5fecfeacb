"""TIFF pages: types, bands, planes, byte orders, compressions, alpha and palettes."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from gmmkit.errors import ImageError, ImageWarning
from gmmkit.io.image import read_image

_RNG = np.random.default_rng(1)
RGB = _RNG.integers(0, 256, (21, 34, 3), dtype=np.uint8)
RGB_16 = _RNG.integers(0, 65536, (21, 34, 3), dtype=np.uint16)


def written(path, array, **options):
    tifffile.imwrite(path, array, **options)
    return path


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_every_pixel_type_comes_back_exactly_in_native_order(tmp_path, dtype, byteorder):
    array = (RGB_16 / 3).astype(dtype)
    path = written(tmp_path / "a.tif", array, photometric="rgb", byteorder=byteorder)
    pixels = read_image(path).pixels
    assert pixels.dtype == dtype
    assert pixels.dtype.isnative
    np.testing.assert_array_equal(pixels, array)


def test_half_precision_becomes_float32(tmp_path):
    array = _RNG.random((5, 6)).astype(np.float16)
    pixels = read_image(written(tmp_path / "a.tif", array)).pixels
    assert pixels.dtype == np.float32
    np.testing.assert_array_equal(pixels, array)


@pytest.mark.parametrize(
    "options",
    [
        {"rowsperstrip": 4},
        {"tile": (16, 16)},
        {"compression": "zlib"},
        {"compression": "zlib", "predictor": True, "rowsperstrip": 4},
        {"compression": "zlib", "tile": (16, 32)},
        {"bigtiff": True},
    ],
    ids=str,
)
def test_every_layout_gives_the_same_pixels(tmp_path, options):
    path = written(tmp_path / "a.tif", RGB_16, photometric="rgb", **options)
    picture = read_image(path)
    np.testing.assert_array_equal(picture.pixels, RGB_16)
    assert picture.colors


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "tiff_adobe_deflate", None])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_what_other_programs_compress_is_read(tmp_path, compression, mode):
    image = Image.fromarray(RGB).convert(mode)
    image.save(tmp_path / "a.tif", compression=compression)
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif").pixels, np.asarray(image))


@pytest.mark.parametrize("n_bands", [2, 5, 7])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_any_number_of_bands_is_kept_in_the_last_axis(tmp_path, n_bands, planar):
    bands = _RNG.integers(0, 65536, (21, 34, n_bands), dtype=np.uint16)
    stored = bands if planar == "contig" else np.moveaxis(bands, -1, 0)
    options = {"photometric": "minisblack", "planarconfig": planar}
    picture = read_image(written(tmp_path / "a.tif", stored, **options))
    np.testing.assert_array_equal(picture.pixels, bands)
    assert not picture.colors


def test_color_in_separate_planes_is_put_together(tmp_path):
    stored = np.moveaxis(RGB, -1, 0)
    path = written(tmp_path / "a.tif", stored, photometric="rgb", planarconfig="separate")
    np.testing.assert_array_equal(read_image(path).pixels, RGB)


def test_a_fourth_band_that_is_no_alpha_is_a_band(tmp_path):
    bands = _RNG.integers(0, 256, (21, 34, 4), dtype=np.uint8)
    options = {"photometric": "rgb", "extrasamples": ["unspecified"]}
    picture = read_image(written(tmp_path / "a.tif", bands, **options))
    np.testing.assert_array_equal(picture.pixels, bands)
    assert picture.mask is None
    assert not picture.colors


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_alpha_becomes_the_mask(tmp_path, dtype):
    array = _RNG.integers(0, 2, (21, 34, 4)).astype(dtype)
    options = {"photometric": "rgb", "extrasamples": ["unassalpha"]}
    picture = read_image(written(tmp_path / "a.tif", array, **options))
    np.testing.assert_array_equal(picture.pixels, array[..., :3])
    np.testing.assert_array_equal(picture.mask, array[..., 3] == 1)


def test_premultiplied_color_is_divided_by_its_alpha(tmp_path):
    array = np.array([[[50, 100, 25, 128], [7, 7, 7, 255], [0, 0, 0, 0]]], np.uint8)
    options = {"photometric": "rgb", "extrasamples": ["assocalpha"]}
    picture = read_image(written(tmp_path / "a.tif", array, **options))
    # 50 · 255 / 128 = 99.6 and so on.
    assert picture.pixels.tolist() == [[[100, 199, 50], [7, 7, 7], [0, 0, 0]]]
    assert picture.mask.tolist() == [[True, True, False]]


def test_a_palette_becomes_its_colors(tmp_path):
    indices = _RNG.integers(0, 256, (21, 34), dtype=np.uint8)
    table = _RNG.integers(0, 256, (3, 256), dtype=np.uint16) * 257
    path = written(tmp_path / "a.tif", indices, photometric="palette", colormap=table)
    picture = read_image(path)
    np.testing.assert_array_equal(picture.pixels, (table // 257).T[indices])
    assert picture.colors


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_white_stored_as_zero_is_turned_round(tmp_path, dtype):
    array = np.array([[0, 1, np.iinfo(dtype).max]], dtype)
    path = written(tmp_path / "a.tif", array, photometric="miniswhite")
    assert read_image(path).pixels.tolist() == [[array[0, 2], array[0, 2] - 1, 0]]


def test_one_bit_becomes_black_and_white(tmp_path):
    bits = _RNG.integers(0, 2, (21, 34)).astype(bool)
    path = written(tmp_path / "a.tif", bits, photometric="minisblack")
    np.testing.assert_array_equal(read_image(path).pixels, bits * 255)


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr"])
def test_ink_and_luminance_become_red_green_and_blue(tmp_path, mode):
    image = Image.fromarray(RGB).convert(mode)
    image.save(tmp_path / "a.tif")
    picture = read_image(tmp_path / "a.tif")
    np.testing.assert_array_equal(picture.pixels, np.asarray(image.convert("RGB")))
    assert picture.colors


@pytest.mark.parametrize("page", [0, 1, 2])
def test_a_page_is_chosen_by_its_number_from_zero(tmp_path, page):
    pages = _RNG.integers(0, 256, (3, 21, 34), dtype=np.uint8)
    path = written(tmp_path / "a.tif", pages, photometric="minisblack")
    np.testing.assert_array_equal(read_image(path, page=page).pixels, pages[page])


def test_a_page_of_a_file_that_needs_pillow_is_chosen_too(tmp_path):
    frames = [Image.fromarray(array) for array in (RGB, 255 - RGB)]
    frames[0].save(
        tmp_path / "a.tif", compression="tiff_lzw", save_all=True, append_images=frames[1:]
    )
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif", page=1).pixels, 255 - RGB)


def test_several_pages_without_a_choice_warn_with_their_number(tmp_path):
    pages = _RNG.integers(0, 256, (3, 21, 34), dtype=np.uint8)
    path = written(tmp_path / "a.tif", pages, photometric="minisblack")
    with pytest.warns(ImageWarning, match=r"a\.tif: only the first of 3 pages was read") as said:
        np.testing.assert_array_equal(read_image(path).pixels, pages[0])
    assert said[0].filename == __file__


@pytest.mark.parametrize("suffix", ["tif", "png"])
def test_a_page_that_is_not_there_is_refused_with_the_count(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(RGB).save(path)
    with pytest.raises(ImageError, match=r"has no page 3: found (1 page|a PNG file).*; needed"):
        read_image(path, page=3)


def test_a_page_on_its_side_that_needs_pillow_is_turned_too(tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(RGB).save(tmp_path / "a.tif", compression="tiff_lzw", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif").pixels, np.rot90(RGB, -1))


def test_the_orientation_tag_is_applied_to_pages_and_their_mask(tmp_path):
    array = np.dstack([RGB, np.full((21, 34), 255, np.uint8)])
    array[0, 0, 3] = 0
    options = {"photometric": "rgb", "extrasamples": ["unassalpha"]}
    path = written(tmp_path / "a.tif", array, extratags=[(274, 3, 1, 6, True)], **options)
    picture = read_image(path)
    np.testing.assert_array_equal(picture.pixels, np.rot90(RGB, -1))
    assert np.argwhere(~picture.mask).tolist() == [[0, 20]]


@pytest.mark.parametrize(
    ("dtype", "advice"),
    [(np.int16, "uint16"), (np.uint32, "float32"), (np.complex64, "abs")],
)
def test_a_type_that_is_no_pixel_type_is_refused_with_advice(tmp_path, dtype, advice):
    path = written(tmp_path / "a.tif", np.ones((4, 5), dtype))
    with pytest.raises(ImageError, match=rf"a\.tif .*found {np.dtype(dtype).name}; .*{advice}"):
        read_image(path)


def test_integers_of_32_bits_are_refused_and_not_cut_when_they_are_compressed_too(tmp_path):
    image = Image.fromarray(np.array([[1, 70_000]], np.int32))
    image.save(tmp_path / "a.tif", compression="tiff_lzw")
    with pytest.raises(ImageError, match="no pixel type: found int32"):
        read_image(tmp_path / "a.tif")


def test_a_volume_is_refused(tmp_path):
    volume = np.zeros((16, 32, 48), np.uint8)
    path = written(tmp_path / "a.tif", volume, volumetric=True, tile=(16, 16, 16))
    with pytest.raises(ImageError, match="a volume of 16 slices"):
        read_image(path)


def test_a_color_model_without_conversion_is_refused_by_name(tmp_path):
    Image.fromarray(RGB).convert("LAB").save(tmp_path / "a.tif")
    with pytest.raises(ImageError, match=r"CIELAB.*needed gray, RGB.*Try: save it"):
        read_image(tmp_path / "a.tif")
