"""What is read, and how it is converted: pixels against the arrays that were written."""

import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from gmmkit.errors import ImageSizeError, ImageWarning
from gmmkit.io.image import read_image
from gmmkit.io.pixels import upright

_RNG = np.random.default_rng(0)
RGB = _RNG.integers(0, 256, (6, 9, 3), dtype=np.uint8)
GRAY = _RNG.integers(0, 256, (6, 9), dtype=np.uint8)
GRAY_16 = _RNG.integers(0, 65536, (6, 9), dtype=np.uint16)
# An F: no rotation or reflection of it equals another.
LETTER = np.array([[9, 9, 9], [9, 0, 0], [9, 9, 0], [9, 0, 0]], np.uint8)


def png_chunk(kind, payload):
    checksum = struct.pack(">I", zlib.crc32(kind + payload))
    return struct.pack(">I", len(payload)) + kind + payload + checksum


def make_png(array, depth, color, *extra):
    """A PNG of any depth and color type, every row unfiltered."""
    width = array.shape[1]
    rows = array.astype(">u2") if depth == 16 else array
    stream = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, len(array), depth, color, 0, 0, 0)
    chunks = [(b"IHDR", header), *extra, (b"IDAT", zlib.compress(stream)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def saved(path, array, mode=None, **options):
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(path, **options)
    return path


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "webp"])
def test_lossless_color_comes_back_exactly(tmp_path, suffix):
    options = {"lossless": True} if suffix == "webp" else {}
    picture = read_image(saved(tmp_path / f"a.{suffix}", RGB, **options))
    np.testing.assert_array_equal(picture.pixels, RGB)
    assert picture.mask is None
    assert picture.colors


def test_a_jpeg_is_what_pillow_decodes(tmp_path):
    path = saved(tmp_path / "a.jpg", RGB)
    np.testing.assert_array_equal(read_image(path).pixels, np.asarray(Image.open(path)))


def test_a_jpeg_named_png_is_read_by_its_content(tmp_path):
    saved(tmp_path / "a.jpg", RGB).rename(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").pixels.shape == RGB.shape


def test_a_jpeg_with_a_preview_inside_is_its_main_picture(tmp_path):
    preview = Image.fromarray(RGB[:3, :3])
    Image.fromarray(RGB).save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[preview])
    assert read_image(tmp_path / "a.jpg").pixels.shape == RGB.shape


def test_the_picture_knows_its_name_and_path(tmp_path):
    picture = read_image(str(saved(tmp_path / "lake.side.png", RGB)))
    assert (picture.name, picture.path) == ("lake.side", tmp_path / "lake.side.png")
    assert picture.shape == (6, 9)


@pytest.mark.parametrize("array", [GRAY, GRAY_16], ids=["8 bits", "16 bits"])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_gray_keeps_all_its_bits(tmp_path, array, suffix):
    picture = read_image(saved(tmp_path / f"a.{suffix}", array))
    assert picture.pixels.dtype == array.dtype
    np.testing.assert_array_equal(picture.pixels, array)
    assert not picture.colors


def test_one_bit_becomes_black_and_white(tmp_path):
    path = saved(tmp_path / "a.png", GRAY, "1")
    assert set(np.unique(read_image(path).pixels)) == {0, 255}


@pytest.mark.parametrize("bits", [2, 4])
def test_few_bits_of_gray_are_spread_over_all_eight(tmp_path, bits):
    samples = np.arange(2**bits, dtype=np.uint8)[None]
    packed = np.packbits(np.unpackbits(samples.T, axis=1)[:, -bits:].ravel())[None]
    header = struct.pack(">IIBBBBB", 2**bits, 1, bits, 0, 0, 0, 0)
    whole = make_png(packed, bits, 0)
    whole = whole[:8] + png_chunk(b"IHDR", header) + whole[33:]
    (tmp_path / "a.png").write_bytes(whole)
    levels = np.linspace(0, 255, 2**bits).astype(np.uint8)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png").pixels[0], levels)


def test_a_palette_becomes_its_colors(tmp_path):
    path = saved(tmp_path / "a.png", RGB, "P")
    expected = np.asarray(Image.open(path).convert("RGB"))
    np.testing.assert_array_equal(read_image(path).pixels, expected)


def test_cmyk_becomes_red_green_and_blue(tmp_path):
    ink = np.zeros((8, 8, 4), np.uint8)
    ink[..., 1:3] = 255
    Image.fromarray(ink, "CMYK").save(tmp_path / "a.jpg", quality=100)
    np.testing.assert_allclose(read_image(tmp_path / "a.jpg").pixels[4, 4], [255, 0, 0], atol=3)


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
def test_pixels_with_alpha_zero_are_masked_and_alpha_is_no_channel(tmp_path, suffix):
    alpha = np.full((6, 9, 1), 255, np.uint8)
    alpha[0, 0], alpha[1, 1] = 0, 1
    options = {"lossless": True, "exact": True} if suffix == "webp" else {}
    path = saved(tmp_path / f"a.{suffix}", np.concatenate([RGB, alpha], axis=2), **options)
    picture = read_image(path)
    np.testing.assert_array_equal(picture.pixels, RGB)
    np.testing.assert_array_equal(picture.mask, alpha[..., 0] > 0)


def test_gray_with_alpha_stays_gray(tmp_path):
    alpha = np.arange(54, dtype=np.uint8).reshape(6, 9)
    Image.fromarray(np.dstack([GRAY, alpha]), "LA").save(tmp_path / "a.png")
    picture = read_image(tmp_path / "a.png")
    np.testing.assert_array_equal(picture.pixels, GRAY)
    np.testing.assert_array_equal(picture.mask, alpha > 0)


def test_an_alpha_that_hides_nothing_gives_no_mask(tmp_path):
    path = saved(tmp_path / "a.png", np.dstack([RGB, np.full((6, 9), 7, np.uint8)]))
    assert read_image(path).mask is None


def test_a_transparent_palette_entry_is_masked(tmp_path):
    indices = Image.fromarray((np.arange(54).reshape(6, 9) % 4).astype(np.uint8), "P")
    indices.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    indices.save(tmp_path / "a.png", transparency=2)
    np.testing.assert_array_equal(
        read_image(tmp_path / "a.png").mask, np.arange(54).reshape(6, 9) % 4 != 2
    )


def test_a_color_marked_as_transparent_is_masked(tmp_path):
    array = RGB.copy()
    array[2, 3] = array[4, 5] = (1, 2, 3)
    saved(tmp_path / "a.png", array, transparency=(1, 2, 3))
    assert np.argwhere(~read_image(tmp_path / "a.png").mask).tolist() == [[2, 3], [4, 5]]


def test_a_16_bit_gray_marked_as_transparent_is_masked(tmp_path):
    key = struct.pack(">H", GRAY_16[2, 3])
    (tmp_path / "a.png").write_bytes(make_png(GRAY_16, 16, 0, (b"tRNS", key)))
    np.testing.assert_array_equal(read_image(tmp_path / "a.png").mask, GRAY_16[2, 3] != GRAY_16)


def test_a_4_bit_gray_marked_as_transparent_is_masked(tmp_path):
    # One byte holds the two samples 3 and 9.
    whole = make_png(np.array([[0x39]], np.uint8), 4, 0, (b"tRNS", struct.pack(">H", 9)))
    header = struct.pack(">IIBBBBB", 2, 1, 4, 0, 0, 0, 0)
    (tmp_path / "a.png").write_bytes(whole[:8] + png_chunk(b"IHDR", header) + whole[33:])
    assert read_image(tmp_path / "a.png").mask.tolist() == [[True, False]]


@pytest.mark.parametrize(
    ("orientation", "turned"),
    [
        (1, LETTER),
        (2, LETTER[:, ::-1]),
        (3, np.rot90(LETTER, 2)),
        (4, LETTER[::-1]),
        (5, LETTER.T),
        (6, np.rot90(LETTER, -1)),
        (7, np.rot90(LETTER, 2).T),
        (8, np.rot90(LETTER, 1)),
    ],
)
def test_every_orientation_is_turned_upright(orientation, turned):
    np.testing.assert_array_equal(upright(LETTER, orientation), turned)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif"])
def test_the_rotation_in_the_file_is_applied(tmp_path, suffix):
    exif = Image.Exif()
    exif[274] = 6
    tall = np.zeros((4, 16, 3), np.uint8)
    tall[:, :8] = 255
    path = saved(tmp_path / f"a.{suffix}", tall, exif=exif)
    pixels = read_image(path).pixels
    assert pixels.shape == (16, 4, 3)
    assert pixels[:6].min() > 200
    assert pixels[-6:].max() < 50


def test_the_mask_is_turned_with_the_pixels(tmp_path):
    exif = Image.Exif()
    exif[274] = 8
    array = np.dstack([RGB, np.full((6, 9), 255, np.uint8)])
    array[0, 8, 3] = 0
    picture = read_image(saved(tmp_path / "a.png", array, exif=exif))
    assert picture.shape == (9, 6)
    assert np.argwhere(~picture.mask).tolist() == [[0, 0]]


@pytest.mark.parametrize("color", [2, 4, 6], ids=["RGB", "gray and alpha", "RGBA"])
def test_16_bit_color_in_a_png_is_cut_to_8_bits_with_a_warning(tmp_path, color):
    channels = {2: 3, 4: 2, 6: 4}[color]
    array = _RNG.integers(256, 65536, (4, 5, channels), dtype=np.uint16)
    (tmp_path / "a.png").write_bytes(make_png(array, 16, color))
    with pytest.warns(ImageWarning, match=r"a\.png: 16-bit color was cut to 8 bits") as said:
        picture = read_image(tmp_path / "a.png")
    assert said[0].filename == __file__
    kept = array[..., 0] if channels == 2 else array[..., :3]
    np.testing.assert_array_equal(picture.pixels, kept >> 8)


@pytest.mark.parametrize("suffix", ["png", "webp"])
def test_an_animation_is_its_first_frame_with_a_warning(tmp_path, suffix):
    frames = [Image.fromarray(array) for array in (RGB, 255 - RGB)]
    options = {"lossless": True} if suffix == "webp" else {}
    frames[0].save(tmp_path / f"a.{suffix}", save_all=True, append_images=frames[1:], **options)
    with pytest.warns(ImageWarning, match="only the first of 2 frames") as said:
        picture = read_image(tmp_path / f"a.{suffix}")
    assert said[0].filename == __file__
    np.testing.assert_array_equal(picture.pixels, RGB)


@pytest.mark.parametrize("shape", [(1, 1), (1, 100_000), (100_000, 1)])
def test_a_single_row_column_or_pixel_is_an_image(tmp_path, shape):
    path = saved(tmp_path / "a.png", np.full(shape, 7, np.uint8))
    assert read_image(path).pixels.shape == shape


def test_an_interlaced_png_is_checked_pass_by_pass(tmp_path):
    # Adam7 on 3 x 2 pixels: passes of 1, 0, 0, 1 (row 0), 0, 1 and 3 samples.
    passes = [[10], [30], [20], [40, 50, 60]]
    stream = b"".join(b"\0" + bytes(samples) for samples in passes)
    header = struct.pack(">IIBBBBB", 3, 2, 8, 0, 0, 0, 1)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(stream)), (b"IEND", b"")]
    (tmp_path / "a.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)
    )
    assert read_image(tmp_path / "a.png").pixels.tolist() == [[10, 20, 30], [40, 50, 60]]


def test_reading_needs_tifffile_only_for_tiff(tmp_path):
    import subprocess
    import sys

    path = saved(tmp_path / "a.png", RGB)
    code = f"import sys, gmmkit.io.image as i; i.read_image({str(path)!r})"
    check = "print([m for m in ('tifffile', 'skimage', 'scipy') if m in sys.modules])"
    command = [sys.executable, "-c", f"{code}; {check}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_max_pixels_accepts_what_pillow_alone_would_warn_about(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert read_image(saved(tmp_path / "a.png", RGB), max_pixels=54).shape == (6, 9)


def test_a_webp_beyond_the_cap_of_its_decoder_is_refused_as_too_large(tmp_path):
    header = b"RIFFx\0\0\0WEBPVP8 l\0\0\0P\2\0\x9d\1*" + struct.pack("<HH", 12544, 14336)
    (tmp_path / "a.webp").write_bytes(header)
    with pytest.raises(ImageSizeError, match=r"a\.webp is too large"):
        read_image(tmp_path / "a.webp")


def test_a_tiff_written_by_tifffile_is_read_the_same_as_a_png(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", RGB, photometric="rgb")
    picture = read_image(tmp_path / "a.tif")
    np.testing.assert_array_equal(picture.pixels, RGB)
