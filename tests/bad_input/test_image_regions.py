"""Pictures, masks and seeds that regions cannot be found with, and odd ones that they can.

Files are refused by name with what was found and what is needed, within a second, and nothing is
written; what the reader of images lets through is all that regions ever see.
"""

import io
import os
import struct
import time
import zlib
from functools import cache

import numpy as np
import pytest
import tifffile
from partitions import card, part_numbers, plain_model
from PIL import Image

from gmmkit.errors import (
    FileAccessError,
    GmmkitError,
    ImageError,
    ImageFormatError,
    ImageSizeError,
    ImageWarning,
    InputError,
    ParameterError,
)
from gmmkit.image import regions

RGB = card()[0]
MODEL = plain_model()
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind, payload):
    checksum = struct.pack(">I", zlib.crc32(kind + payload))
    return struct.pack(">I", len(payload)) + kind + payload + checksum


def png(width, height, rows, *extra):
    """A color PNG that says it is so large, and holds so many black rows."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = zlib.compress((b"\0" + bytes(3 * width)) * rows)
    return b"".join([SIGNATURE, header, *extra, chunk(b"IDAT", pixels), chunk(b"IEND", b"")])


def encoded(format_name, picture=RGB, **options):
    stream = io.BytesIO()
    if format_name == "TIFFFILE":
        tifffile.imwrite(stream, picture, **options)
    else:
        image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
        image.save(stream, format_name, **options)
    return stream.getvalue()


def wrong_checksum():
    payload = bytearray(encoded("PNG"))
    payload[payload.index(b"IDAT") + 20] ^= 1
    return bytes(payload)


def all_transparent():
    return encoded("PNG", np.dstack([RGB, np.zeros(RGB.shape[:2], np.uint8)]))


def with_a_hole():
    picture = RGB.astype(np.float32) / 255
    picture[3, 4] = np.nan
    return encoded("TIFFFILE", picture, photometric="rgb")


BOMB = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(20_000_000)))
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
REFUSED = {
    "zero bytes": (lambda: b"", ImageFormatError),
    "text named png": (lambda: b"<html>404 Not Found</html>", ImageFormatError),
    "a truncated png": (lambda: encoded("PNG")[:300], ImageError),
    "half the rows of a png": (lambda: png(30, 40, 20), ImageError),
    "a wrong checksum": (wrong_checksum, ImageError),
    "169 megapixels in 92 bytes": (lambda: png(13_000, 13_000, 0), ImageSizeError),
    "196 megapixels": (lambda: png(14_000, 14_000, 0), ImageSizeError),
    "65,535 squared": (lambda: png(65_535, 65_535, 0), ImageSizeError),
    "a bomb of metadata": (lambda: png(30, 40, 40, BOMB), ImageError),
    "no pixels": (lambda: png(0, 0, 0), ImageSizeError),
    "every pixel transparent": (all_transparent, ImageError),
    "a gif": (lambda: encoded("GIF"), ImageFormatError),
    "svg": (lambda: SVG, ImageFormatError),
    "eps": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", ImageFormatError),
    "fits": (lambda: b"SIMPLE  =                    T".ljust(2880), ImageFormatError),
    "a float tiff with nan": (with_a_hole, ImageError),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_without_a_usable_picture_is_refused_by_name(name, tmp_path):
    made, kind = REFUSED[name]
    path = tmp_path / "photo.png"
    path.write_bytes(made())
    start = time.process_time()
    with pytest.raises(kind) as caught:
        regions(path, model=MODEL)
    error = caught.value
    assert time.process_time() - start < 1
    assert error.exit_code == 3
    assert str(path) in str(error)
    assert error.found
    assert error.needed
    assert os.listdir(tmp_path) == ["photo.png"]


@pytest.mark.parametrize("name", ["missing.png", "folder"])
def test_what_is_no_file_is_refused_by_name(name, tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileAccessError, match=name):
        regions(tmp_path / name, model=MODEL)


def labels_of(payload, tmp_path, name="photo.png"):
    (tmp_path / name).write_bytes(payload)
    return regions(tmp_path / name, model=MODEL).cut(n_regions=2)


@cache
def labels_of_card(gray=False):
    return regions(RGB[:, :, 0] if gray else RGB, model=MODEL).cut(n_regions=2)


GRAY_16 = RGB[:, :, 0].astype(np.uint16) * np.uint16(257)


@pytest.mark.parametrize(
    ("payload", "gray"),
    [
        (lambda: encoded("JPEG", quality=95), False),
        (lambda: encoded("PNG", GRAY_16), True),
        (lambda: encoded("TIFF", Image.fromarray(RGB).convert("CMYK")), False),
        (lambda: encoded("PNG", Image.fromarray(RGB).quantize(200)), False),
    ],
    ids=["jpeg named png", "16-bit gray", "cmyk", "palette"],
)
def test_a_picture_of_another_kind_is_read_by_its_content(payload, gray, tmp_path):
    assert np.mean(labels_of(payload(), tmp_path) != labels_of_card(gray)) < 0.03


def test_one_bit_is_black_and_white(tmp_path):
    picture = np.zeros((20, 30), dtype=bool)
    picture[:, 12:] = True
    labels = labels_of(encoded("PNG", picture), tmp_path)
    assert np.mean((labels == 0) == picture) > 0.96


def test_transparent_pixels_have_no_region(tmp_path):
    alpha = np.full(RGB.shape[:2], 255, np.uint8)
    alpha[:4] = 0
    labels = labels_of(encoded("PNG", np.dstack([RGB, alpha])), tmp_path)
    np.testing.assert_array_equal(labels < 0, alpha == 0)


def test_labels_are_as_a_viewer_shows_the_picture(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    labels = labels_of(encoded("PNG", exif=exif), tmp_path)
    assert labels.shape == (RGB.shape[1], RGB.shape[0])
    assert np.mean(labels != np.rot90(labels_of_card(), -1)) < 0.05


@pytest.mark.parametrize(
    "payload",
    [
        lambda: encoded("TIFF", save_all=True, append_images=[Image.fromarray(RGB)]),
        lambda: encoded(
            "PNG", save_all=True, append_images=[Image.fromarray(RGB[::-1])], duration=9
        ),
    ],
    ids=["pages", "frames"],
)
def test_more_than_one_picture_is_the_first_with_a_warning(payload, tmp_path):
    with pytest.warns(ImageWarning):
        labels = labels_of(payload(), tmp_path)
    np.testing.assert_array_equal(labels, labels_of_card())


def test_a_line_of_a_hundred_thousand_pixels_has_regions():
    line = np.random.default_rng(0).integers(0, 256, (1, 100_000), dtype=np.uint8)
    hierarchy = regions(line, model=MODEL)
    assert hierarchy.shape == line.shape
    assert part_numbers(hierarchy.cut(n_regions=3)) == [1, 1, 1]


def test_one_pixel_has_no_two_regions():
    with pytest.raises(ParameterError, match=r"n_regions=2; needed 1 to 1"):
        regions(RGB[:1, :1], model=MODEL).cut(n_regions=2)


def test_a_constant_picture_has_no_more_regions_than_it_has():
    hierarchy = regions(np.full((12, 16, 3), 50, np.uint8), model=MODEL)
    with pytest.raises(ParameterError, match="ask for fewer regions"):
        hierarchy.cut(n_regions=hierarchy.n_finest + 1)


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((2, 2, 2, 2, 2)),
        np.zeros(5, np.uint8),
        RGB.astype(object),
        RGB.astype(complex),
        RGB.astype(np.int64),
        np.zeros((0, 4, 3), np.uint8),
        np.full((4, 5), np.nan),
        np.full((4, 5, 6), np.inf),
        "",
        None,
    ],
    ids=["5-D", "1-D", "objects", "complex", "int64", "no rows", "nan", "inf", "no name", "None"],
)
def test_an_array_that_is_no_picture_is_refused(picture):
    with pytest.raises(InputError) as caught:
        regions(picture, model=MODEL)
    assert caught.value.needed


def test_floats_that_are_no_colors_are_refused_with_their_range():
    with pytest.raises(InputError, match="values from"):
        regions(RGB.astype(float), model=MODEL)


def test_bands_of_any_range_are_taken():
    bands = np.dstack([RGB, RGB]).astype(float)
    small, large = (regions(bands * unit, model=MODEL).cut() for unit in (1e-3, 1e6))
    assert small.shape == large.shape == RGB.shape[:2]


@pytest.mark.parametrize(
    "mask",
    [np.ones((3, 4), bool), np.ones(RGB.shape[:2]), np.ones(RGB.shape, bool)],
    ids=["other size", "numbers", "per channel"],
)
def test_a_mask_that_does_not_fit_is_refused_with_both_shapes(mask):
    with pytest.raises(InputError) as caught:
        regions(RGB, mask=mask, model=MODEL)
    assert str(mask.shape) in caught.value.found
    assert str(RGB.shape[:2]) in caught.value.needed


def test_a_mask_that_leaves_nothing_is_refused():
    with pytest.raises(InputError, match="no pixel"):
        regions(RGB, mask=np.zeros(RGB.shape[:2], bool), model=MODEL)


def test_values_under_a_mask_may_be_no_numbers():
    picture, mask = RGB / 255, np.ones(RGB.shape[:2], bool)
    picture[:3, :5], mask[:3, :5] = np.nan, False
    labels = regions(picture, mask=mask, model=MODEL).cut()
    np.testing.assert_array_equal(labels < 0, ~mask)


@pytest.mark.parametrize("option", ["seed", "n_threads"])
@pytest.mark.parametrize("value", [-1, 2.5, "x"])
def test_a_seed_or_a_number_of_threads_that_is_none_is_refused(option, value):
    with pytest.raises(GmmkitError) as caught:
        regions(RGB, model=MODEL, **{option: value})
    assert repr(value) in caught.value.found
