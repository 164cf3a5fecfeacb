"""Rectangles, marks and strokes that must be refused: each error says what to do instead."""

import numpy as np
import pytest
from PIL import Image

from gmmkit.errors import FileAccessError, ImageError, InputError, ParameterError
from gmmkit.image import cut_out, read_marks

PHOTO = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)


def refused(kind=InputError, image=PHOTO, **given):
    with pytest.raises(kind) as caught:
        cut_out(image, **given)
    error = caught.value
    assert error.exit_code == 3
    assert error.found
    assert error.needed
    return error


@pytest.mark.parametrize(
    "rectangle",
    [(2, 2, 0, 5), (2, 2, 5, 0), (2, 2, -3, 4), (1, 2, 3), (1.5, 2, 3, 4), (0, 0, True, 3), ()],
)
def test_what_is_no_rectangle(rectangle):
    error = refused(ParameterError, rectangle=rectangle)
    assert str(tuple(rectangle)) in error.found


@pytest.mark.parametrize("rectangle", [(16, 0, 3, 3), (0, 12, 3, 3), (-9, 0, 9, 3)])
def test_a_rectangle_outside_of_the_picture(rectangle):
    assert "16 x 12" in refused(rectangle=rectangle).needed


def test_a_number_is_no_rectangle():
    assert refused(ParameterError, rectangle=5).found == "5"


def test_neither_rectangle_nor_marks():
    assert "rectangle" in refused().needed


def test_marks_of_another_size_name_both():
    error = refused(marks=np.zeros((12, 17), int))
    assert "17" in error.found
    assert "16" in error.needed


@pytest.mark.parametrize("value", [0, 1])
def test_marks_of_one_kind(value):
    marks = np.full((12, 16), -1)
    marks[3, 3] = value
    error = refused(marks=marks)
    assert error.found == f"pixels of {('background', 'foreground')[value]} alone"


def test_marks_that_say_nothing():
    assert refused(marks=np.full((12, 16), -1)).found == "no mark"


def test_marks_that_leave_nothing_open():
    marks = np.zeros((12, 16), int)
    marks[3:6] = 1
    assert "surely" in refused(marks=marks).found


def test_a_plain_mask_of_zeros_and_255_is_told_what_the_values_are():
    marks = np.zeros((12, 16), np.uint8)
    marks[3:6] = 255
    error = refused(marks=marks)
    assert "0 to 255" in error.found
    assert "1 foreground" in error.needed


@pytest.mark.parametrize(
    "marks", [np.zeros((12, 16)), np.zeros((12, 16, 3), int), [[1], [0, 1]], "text"]
)
def test_marks_that_are_no_whole_numbers(marks):
    with pytest.raises(InputError):
        cut_out(PHOTO, marks=marks)


@pytest.mark.parametrize(
    "given",
    [
        {"n_components": 0},
        {"contrast": -1.0},
        {"location": float("nan")},
        {"iterations": 0},
        {"seed": -1},
        {"seed": "x"},
    ],
    ids=str,
)
def test_options_out_of_range(given):
    with pytest.raises(ParameterError):
        cut_out(PHOTO, rectangle=(2, 2, 9, 9), **given)


def test_marks_on_excluded_pixels_alone_are_none():
    mask = np.ones((12, 16), bool)
    mask[3, 3] = False
    marks = np.full((12, 16), -1)
    marks[3, 3], marks[0] = 1, 0
    assert refused(marks=marks, mask=mask).found == "pixels of background alone"


def test_a_picture_without_strokes(tmp_path):
    Image.fromarray(np.full((12, 16, 3), 128, np.uint8)).save(tmp_path / "gray.png")
    with pytest.raises(InputError, match="no strokes"):
        read_marks(tmp_path / "gray.png")


def test_strokes_of_another_size_name_the_file(tmp_path):
    Image.new("RGB", (9, 9), (0, 255, 0)).save(tmp_path / "small.png")
    with pytest.raises(InputError, match=r"small.*size of the picture"):
        cut_out(PHOTO, marks=tmp_path / "small.png")


def test_strokes_that_are_missing_damaged_or_invisible(tmp_path):
    with pytest.raises(FileAccessError):
        read_marks(tmp_path / "none.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(ImageError):
        read_marks(tmp_path / "text.png")
    Image.new("RGBA", (16, 12), (0, 255, 0, 0)).save(tmp_path / "clear.png")
    with pytest.raises(ImageError, match="transparent"):
        read_marks(tmp_path / "clear.png")
