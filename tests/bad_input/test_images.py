"""Images that must not be read: each is refused with its name, what was found and what is needed.

Nothing is written, and none takes a second.
"""

import io
import os
import struct
import time
import zlib

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from gmmkit.errors import (
    FileAccessError,
    GmmkitError,
    GmmkitWarning,
    ImageError,
    ImageFormatError,
    ImageSizeError,
    ParameterError,
)
from gmmkit.io.image import read_image

RGB = np.random.default_rng(2).integers(0, 256, (40, 30, 3), dtype=np.uint8)
SIGNATURE = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def refuse(tmp_path):
    """Read bytes as a file and return the error, after checking what all refusals share."""

    def read(payload, kind, name="photo.png", **options):
        path = tmp_path / name
        path.write_bytes(payload)
        start = time.process_time()
        with pytest.raises(kind) as caught:
            read_image(path, **options)
        error = caught.value
        assert time.process_time() - start < 1
        assert error.exit_code == 3
        assert str(path) in str(error)
        assert error.found
        assert error.needed
        assert os.listdir(tmp_path) == [name]
        return error

    return read


def chunk(kind, payload):
    checksum = struct.pack(">I", zlib.crc32(kind + payload))
    return struct.pack(">I", len(payload)) + kind + payload + checksum


def header(width, height, depth=8, color=2, interlace=0):
    fields = (width, height, depth, color, 0, 0, interlace)
    return chunk(b"IHDR", struct.pack(">IIBBBBB", *fields))


def make_png(width, height, pixels, *extra):
    return b"".join(
        [
            SIGNATURE,
            header(width, height),
            *extra,
            chunk(b"IDAT", zlib.compress(pixels)),
            chunk(b"IEND", b""),
        ]
    )


def encoded(format_name, array=RGB, **options):
    stream = io.BytesIO()
    if format_name == "TIFFFILE":
        tifffile.imwrite(stream, array, **options)
    else:
        Image.fromarray(array).save(stream, format_name, **options)
    return stream.getvalue()


def rows(count, width=30):
    return (b"\0" + bytes(3 * width)) * count


def test_zero_bytes(refuse):
    error = refuse(b"", ImageFormatError)
    assert error.found == "0 bytes"


def test_text_named_png_is_shown_in_the_error(refuse):
    error = refuse(b"<html>404 Not Found</html>", ImageFormatError)
    assert "text beginning '<html>404 Not" in error.found


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "WEBP", "BMP", "TIFF"])
def test_a_truncated_file(refuse, format_name, share):
    payload = encoded(format_name)
    refuse(payload[: int(len(payload) * share)], ImageError)


def test_a_png_cut_after_its_last_row_lacks_its_end(refuse):
    error = refuse(encoded("PNG")[:-12], ImageError)
    assert error.found == "the file ends inside a chunk"


@pytest.mark.parametrize("count", [0, 1, 20, 39])
def test_a_png_with_half_its_rows_is_refused_with_the_number_of_rows_found(refuse, count):
    error = refuse(make_png(30, 40, rows(count)), ImageError)
    assert error.found == f"{count} of 40 rows"


def test_a_png_with_a_wrong_checksum_names_the_chunk(refuse):
    payload = bytearray(encoded("PNG"))
    payload[payload.index(b"IDAT") + 20] ^= 1
    error = refuse(bytes(payload), ImageError)
    assert error.found == "a wrong checksum in chunk b'IDAT'"


def test_a_png_whose_stream_is_damaged_under_a_right_checksum(refuse):
    payload = SIGNATURE + header(30, 40) + chunk(b"IDAT", b"no zlib") + chunk(b"IEND", b"")
    refuse(payload, ImageError)


@pytest.mark.parametrize(
    ("width", "height"), [(13_000, 13_000), (14_000, 14_000), (65_535, 65_535), (2**31, 2**31)]
)
def test_a_tiny_png_with_a_huge_size_is_refused_by_the_cap(refuse, width, height):
    error = refuse(make_png(width, height, b""), ImageSizeError)
    assert f"{width}×{height}" in error.found
    assert error.needed == "at most 128 megapixels"


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "WEBP", "BMP", "TIFF"])
def test_one_pixel_more_than_the_cap(refuse, format_name):
    error = refuse(encoded(format_name), ImageSizeError, max_pixels=1199)
    assert "30×40" in error.found
    assert "max_pixels" in error.hint


def test_a_file_with_more_bytes_than_its_pixels_could_need(refuse):
    error = refuse(encoded("PNG") + bytes(70_000_000), ImageSizeError, max_pixels=1200)
    assert "bytes" in error.found


@pytest.mark.parametrize(
    ("kind", "prefix"),
    [
        (b"zTXt", b"Comment\0\0"),
        (b"iCCP", b"profile\0\0"),
        (b"iTXt", b"Comment\0\1\0en\0Comment\0"),
    ],
)
def test_metadata_that_would_fill_the_memory(refuse, kind, prefix):
    bomb = chunk(kind, prefix + zlib.compress(bytes(20_000_000)))
    error = refuse(make_png(30, 40, rows(40), bomb), ImageError)
    assert kind.decode() in error.found


def test_pixels_that_inflate_beyond_the_size_are_not_inflated(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(make_png(30, 40, rows(40) + bytes(100_000_000)))
    start = time.process_time()
    assert read_image(path).pixels.shape == (40, 30, 3)
    assert time.process_time() - start < 1


@pytest.mark.parametrize(("width", "height"), [(0, 0), (0, 40), (30, 0)])
def test_an_image_without_pixels(refuse, width, height):
    error = refuse(make_png(width, height, b""), ImageSizeError)
    assert error.found == f"{width}×{height}"


def test_an_entirely_transparent_image(refuse):
    refuse(encoded("PNG", np.dstack([RGB, np.zeros((40, 30), np.uint8)])), ImageError)


def test_an_entirely_transparent_tiff(refuse):
    array = np.dstack([RGB, np.zeros((40, 30), np.uint8)])
    options = {"photometric": "rgb", "extrasamples": ["unassalpha"]}
    refuse(encoded("TIFFFILE", array, **options), ImageError)


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        (b"GIF89a" + bytes(20), "a GIF"),
        (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "EPS or PostScript"),
        (b"\xc5\xd0\xd3\xc6" + bytes(20), "EPS"),
        (b"SIMPLE  =                    T", "a FITS file"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"\0\0\0\x18ftypheic" + bytes(8), "HEIC, AVIF or video (b'heic')"),
        (b"\x93NUMPY\x01\0", "a NumPy array"),
        (b"PK\x03\x04" + bytes(8), "a ZIP archive"),
        (b"RIFF\0\0\0\0WAVEfmt ", "unknown bytes 52 49 46 46 00 00 00 00"),
    ],
)
def test_another_format_is_named_with_advice(refuse, payload, found):
    error = refuse(payload, ImageFormatError)
    assert error.found == found
    assert error.hint


def test_an_animated_gif_is_refused(refuse):
    frames = [Image.fromarray(array) for array in (RGB, 255 - RGB)]
    stream = io.BytesIO()
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:])
    assert refuse(stream.getvalue(), ImageFormatError).found == "a GIF"


def test_a_float_tiff_with_nan_is_refused_with_the_count(refuse):
    array = np.zeros((5, 6), np.float32)
    array[2, 3:5] = np.nan
    error = refuse(encoded("TIFFFILE", array), ImageError)
    assert error.found == "2 of 30 values NaN or infinite"


def test_a_tiff_whose_strip_inflates_beyond_its_pixels(refuse):
    payload = bytearray(encoded("TIFFFILE", RGB, photometric="rgb", compression="zlib"))
    with tifffile.TiffFile(io.BytesIO(payload)) as tiff:
        tags = tiff.pages[0].tags
        places = [(tags[code].valueoffset, value) for code, value in ((273, len(payload)),)]
        bomb = zlib.compress(bytes(60_000_000))
        places.append((tags[279].valueoffset, len(bomb)))
    for offset, value in places:
        payload[offset : offset + 4] = struct.pack("<I", value)
    error = refuse(bytes(payload) + bomb, ImageError)
    assert error.found == "a strip that inflates beyond its pixels"


def test_a_tiff_whose_strips_lie_outside_the_file(refuse):
    payload = bytearray(encoded("TIFFFILE", RGB, photometric="rgb", compression="zlib"))
    with tifffile.TiffFile(io.BytesIO(payload)) as tiff:
        offset = tiff.pages[0].tags[273].valueoffset
    payload[offset : offset + 4] = struct.pack("<I", 1 << 30)
    assert refuse(bytes(payload), ImageError).found == "0 of 1 strips or tiles"


@pytest.mark.parametrize("before", [0, 150])
@pytest.mark.parametrize("page", [None, 3, 10_000])
def test_a_tiff_whose_pages_form_a_ring(refuse, before, page):
    payload = bytearray(encoded("TIFFFILE", RGB, photometric="rgb"))
    with tifffile.TiffFile(io.BytesIO(payload)) as tiff:
        first = tiff.pages[0]
        link = first.offset + 2 + 12 * len(first.tags)
    # Pages without tags, each six bytes and linked to the next, the last to the one before it.
    offsets = [len(payload) + 6 * index for index in range(before)] + [first.offset]
    payload[link : link + 4] = struct.pack("<I", offsets[0])
    payload += b"".join(struct.pack("<HI", 0, offset) for offset in offsets[1:])
    assert "a chain of pages that goes on" in refuse(bytes(payload), ImageError, page=page).found


def test_more_bands_than_the_memory_is_meant_for(refuse):
    array = np.zeros((4, 4, 600), np.uint8)
    payload = encoded("TIFFFILE", array, photometric="minisblack", planarconfig="contig")
    assert "600 bands" in refuse(payload, ImageSizeError, max_pixels=16).found


def test_a_16_bit_color_marked_as_transparent(refuse):
    stream = zlib.compress((b"\0" + bytes(6)) * 1)
    parts = [header(1, 1, depth=16), chunk(b"tRNS", bytes(6)), chunk(b"IDAT", stream)]
    refuse(SIGNATURE + b"".join(parts) + chunk(b"IEND", b""), ImageError)


@pytest.mark.parametrize(
    ("depth", "color", "interlace"), [(3, 0, 0), (8, 1, 0), (4, 2, 0), (16, 3, 0), (8, 2, 2)]
)
def test_a_png_header_of_a_kind_that_does_not_exist(refuse, depth, color, interlace):
    parts = [header(30, 40, depth, color, interlace), chunk(b"IDAT", b""), chunk(b"IEND", b"")]
    refuse(SIGNATURE + b"".join(parts), ImageError)


def test_a_folder_named_like_an_image(tmp_path):
    (tmp_path / "photo.png").mkdir()
    with pytest.raises(FileAccessError, match=r"photo\.png .*found a folder"):
        read_image(tmp_path / "photo.png")


@pytest.mark.parametrize("option", ["page", "max_pixels"])
@pytest.mark.parametrize("value", [-1, 2.5, True, "3"])
def test_an_option_that_is_no_whole_number(tmp_path, option, value):
    with pytest.raises(ParameterError, match=rf"{option} is not usable: found {value!r}; needed"):
        read_image(tmp_path / "photo.png", **{option: value})


SEEDS = {
    "png": encoded("PNG", RGB[:6, :5]),
    "palette": make_png(5, 6, rows(6, 5), chunk(b"tRNS", bytes(6))),
    "jpeg": encoded("JPEG", RGB[:6, :5]),
    "webp": encoded("WEBP", RGB[:6, :5]),
    "bmp": encoded("BMP", RGB[:6, :5]),
    "tiff": encoded("TIFFFILE", RGB[:6, :5], photometric="rgb"),
    "deflate": encoded("TIFFFILE", RGB[:6, :5], photometric="rgb", compression="zlib"),
    "lzw": encoded("TIFF", RGB[:6, :5], compression="tiff_lzw"),
}


@st.composite
def mutations(draw):
    """A small valid image with a few bytes changed, cut off or added."""
    payload = bytearray(draw(st.sampled_from(sorted(SEEDS)).map(SEEDS.__getitem__)))
    for _ in range(draw(st.integers(1, 4))):
        payload[draw(st.integers(0, len(payload) - 1))] = draw(st.integers(0, 255))
    end = draw(st.integers(0, len(payload)) | st.just(len(payload)))
    return bytes(payload[:end]) + draw(st.binary(max_size=8))


@settings(
    max_examples=300, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(payload=mutations())
def test_any_damage_gives_pixels_or_a_typed_refusal(tmp_path, payload):
    (tmp_path / "photo").write_bytes(payload)
    try:
        picture = read_image(tmp_path / "photo", max_pixels=1_000_000)
    except (GmmkitError, GmmkitWarning):
        return
    assert picture.pixels.dtype in (np.uint8, np.uint16, np.float32, np.float64)
