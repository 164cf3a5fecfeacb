"""Whatever picture and marks: a cutout, or an error in words."""

import warnings

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gmmkit.errors import FitWarning, InputError
from gmmkit.image import cut_out


@st.composite
def pictures(draw):
    shape = draw(st.integers(1, 7)), draw(st.integers(1, 7)), draw(st.sampled_from([1, 2, 3, 4]))
    few = draw(st.booleans())
    values = st.sampled_from([0, 200]) if few else st.integers(0, 255)
    return draw(arrays.arrays(np.uint8, shape, elements=values))


@settings(max_examples=40)
@given(pictures(), st.data())
def test_any_marks_give_a_cutout_or_an_error_in_words(picture, data):
    marks = data.draw(arrays.arrays(np.int64, picture.shape[:2], elements=st.integers(-1, 3)))
    rectangle = data.draw(st.none() | st.tuples(*[st.integers(-2, 8)] * 4))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)
        try:
            cutout = cut_out(picture, rectangle=rectangle, marks=marks)
        except InputError:
            return
    assert cutout.foreground.shape == picture.shape[:2]
    assert np.isfinite(cutout.alpha).all()
    assert 0 <= cutout.alpha.min() <= cutout.alpha.max() <= 1
    assert cutout.foreground.any() or cutout.notes


@settings(max_examples=8)
@given(arrays.arrays(np.uint8, (8, 9, 3)), st.integers(0, 2**16))
def test_pictures_and_arrays_in_any_layout_stay_as_they_are(picture, seed):
    marks = np.random.default_rng(seed).integers(-1, 4, (8, 9))
    marks[0, :4] = 0, 1, 2, 3
    copies = picture.copy(), marks.copy()
    turned = np.asfortranarray(picture)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)
        one, other = cut_out(picture, marks=marks), cut_out(turned, marks=marks)
    assert np.array_equal(one.foreground, other.foreground)
    assert np.array_equal(picture, copies[0])
    assert np.array_equal(marks, copies[1])
