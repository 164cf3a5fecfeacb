"""What the colors of strokes mean."""

import numpy as np
import pytest
from PIL import Image

from gmmkit.image import read_marks
from gmmkit.image.marking import marks_of_picture

GREEN, RED, WHITE, BLACK = (0, 255, 0), (255, 0, 0), (255, 255, 255), (0, 0, 0)


def drawn(*colors):
    return np.array([colors], np.uint8)


def test_green_is_the_object_and_red_is_not():
    assert marks_of_picture(drawn(GREEN, RED, (90, 90, 90))).tolist() == [[1, 0, -1]]


def test_without_green_and_red_white_is_the_object_and_black_is_not():
    assert marks_of_picture(drawn(WHITE, BLACK, (128, 128, 128))).tolist() == [[1, 0, -1]]


@pytest.mark.parametrize("canvas", [WHITE, BLACK])
def test_the_canvas_under_colored_strokes_says_nothing(canvas):
    assert marks_of_picture(drawn(GREEN, RED, canvas)).tolist() == [[1, 0, -1]]


def test_transparent_pixels_say_nothing():
    picture = np.dstack([drawn(GREEN, RED, RED), [[255, 255, 0]]]).astype(np.uint8)
    assert marks_of_picture(picture).tolist() == [[1, 0, -1]]


def test_blended_rims_of_strokes_still_count():
    assert marks_of_picture(drawn((60, 190, 70), (200, 40, 30))).tolist() == [[1, 0]]


def test_a_gray_picture_of_small_numbers_has_opencv_meanings():
    picture = np.array([[0, 1, 2, 3]], np.uint8)
    assert marks_of_picture(picture).tolist() == [[0, 1, 2, 3]]


def test_sixteen_bit_trimaps_are_read_as_eight_bit_ones():
    picture = np.array([[0, 65535, 32768]], np.uint16)
    assert marks_of_picture(picture).tolist() == [[0, 1, -1]]


def test_a_palette_picture_is_read_by_its_colors(tmp_path):
    picture = Image.fromarray(np.array([[0, 1, 2]], np.uint8))
    picture.putpalette([*GREEN, *RED, 9, 9, 9])
    picture.save(tmp_path / "strokes.png")
    assert read_marks(tmp_path / "strokes.png").tolist() == [[1, 0, -1]]
