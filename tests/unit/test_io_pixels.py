"""Arrays as images: what is taken as it is, what is converted, what is refused."""

import numpy as np
import pytest

from gmmkit.errors import ImageError, ImageSizeError
from gmmkit.io.pixels import check_pixels

IMAGE = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_a_pixel_type_is_passed_on_without_a_copy(dtype):
    image = IMAGE.astype(dtype)
    assert np.shares_memory(check_pixels(image), image)


@pytest.mark.parametrize(
    "image",
    [np.asfortranarray(IMAGE), IMAGE[::-1], IMAGE.astype(">u2"), IMAGE.astype(">f8")],
    ids=["column order", "reversed", "big-endian uint16", "big-endian float64"],
)
def test_any_memory_order_gives_the_same_values_and_leaves_the_input_alone(image):
    image.flags.writeable = False
    before = image.tobytes()
    pixels = check_pixels(image)
    np.testing.assert_array_equal(pixels, image)
    assert pixels.flags.c_contiguous
    assert pixels.dtype.isnative
    assert image.tobytes() == before


def test_booleans_become_black_and_white():
    assert check_pixels(np.array([[True, False]])).tolist() == [[255, 0]]


def test_a_single_channel_loses_its_axis():
    assert check_pixels(IMAGE[:, :, :1]).shape == (4, 5)


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64, np.uint32, np.complex128, object])
def test_another_type_is_refused_with_its_name_and_advice(dtype):
    with pytest.raises(ImageError, match=rf"found {np.dtype(dtype).name}; needed bool.*Try: "):
        check_pixels(IMAGE.astype(dtype))


@pytest.mark.parametrize("shape", [(), (4,), (1, 4, 5, 3), (1, 1, 4, 5, 3)])
def test_another_number_of_axes_is_refused_with_the_shape(shape):
    with pytest.raises(ImageError, match=r"axes: found shape .*; needed \(H, W\)"):
        check_pixels(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("shape", [(0, 5), (5, 0, 3), (5, 5, 0)])
def test_an_array_without_pixels_is_refused(shape):
    with pytest.raises(ImageSizeError, match="has no pixels"):
        check_pixels(np.zeros(shape, np.uint8))


def test_values_that_are_no_numbers_are_counted():
    image = np.zeros((4, 5), np.float32)
    image[1, 2:4] = np.nan, np.inf
    with pytest.raises(ImageError, match="found 2 of 20 values NaN or infinite; needed finite"):
        check_pixels(image)


def test_a_masked_array_is_refused_with_the_way_to_pass_its_mask():
    image = np.ma.masked_equal(IMAGE, 7)
    with pytest.raises(ImageError, match=r"found 1 masked values.*mask=~numpy"):
        check_pixels(image)


def test_ragged_rows_are_refused():
    with pytest.raises(ImageError, match="no array"):
        check_pixels([[1, 2], [3]])
