"""How many classes a picture has: tried, compared with its regions, and told."""

import numpy as np
import pytest

from gmmkit.errors import ParameterError
from gmmkit.image import ClassCurve, class_curve, segment


def stripes(n: int, width: int = 20) -> np.ndarray:
    """Return a picture of n stripes of colors far apart, with a little noise."""
    colors = np.array([(220, 40, 30), (40, 200, 60), (30, 60, 220), (240, 240, 240)], np.int64)[:n]
    picture = np.repeat(np.repeat(colors, width, axis=0)[None], 50, axis=0)
    noise = np.random.default_rng(0).integers(-3, 4, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_a_picture_of_n_flat_stripes_has_n_classes(n):
    assert segment(stripes(n), "auto", features="rgb").k == n


def test_the_curve_has_a_value_for_every_number_that_was_tried():
    curve = class_curve(stripes(3), (2, 3, 5), features="rgb")

    assert curve.counts == (2, 3, 5)
    assert all(0 <= value <= 1 for value in curve.agreement)
    assert curve.best == 3


def test_of_numbers_that_agree_equally_the_smallest_is_best():
    assert ClassCurve((2, 3, 4), (0.5, 0.7, 0.7)).best == 3


def test_the_segmentation_says_what_was_chosen_and_keeps_the_curve():
    segmentation = segment(stripes(3), "auto", features="rgb")

    assert segmentation.curve is not None
    assert "3 classes of 2 to 9" in segmentation.notes[-1]


def test_a_given_number_leaves_no_curve():
    assert segment(stripes(2), 2, features="rgb").curve is None


def test_the_choice_is_that_of_segmenting_with_the_number():
    automatic, fixed = segment(stripes(3), "auto"), segment(stripes(3), 3)

    np.testing.assert_array_equal(automatic.labels, fixed.labels)


def test_no_number_to_try_is_refused():
    with pytest.raises(ParameterError, match="no number to try"):
        class_curve(stripes(2), ())


def test_another_word_than_auto_is_refused():
    with pytest.raises(ParameterError, match="k is not usable"):
        segment(stripes(2), "many")


def test_a_picture_of_two_colors_is_tried_with_two_classes_alone():
    flat = np.zeros((20, 30, 3), np.uint8)
    flat[:, 15:] = 200

    assert class_curve(flat, features="rgb").counts == (2,)


def test_a_picture_of_one_color_has_one_class():
    assert segment(np.full((20, 30, 3), 90, np.uint8), "auto").k == 1
