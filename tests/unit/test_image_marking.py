"""Cutting an object out by a rectangle or strokes: what comes out, and what must not matter."""

import numpy as np
import pytest

import gmmkit
from gmmkit.errors import FeatureContractError, FitWarning
from gmmkit.image import cut_out
from gmmkit.image.marking.levels import level_factors

BOX = (6, 5, 22, 19)


def scene(*, height=30, width=40, noise=4.0, seed=0):
    """A reddish ellipse before green, with noise; and where it is."""
    rows, columns = np.mgrid[:height, :width]
    inside = ((rows - 14) / 7) ** 2 + ((columns - 17) / 9) ** 2 < 1
    colors = np.where(inside[..., None], (180, 70, 60), (70, 130, 60))
    random = np.random.default_rng(seed)
    pixels = np.clip(colors + random.normal(scale=noise, size=colors.shape), 0, 255)
    return pixels.astype(np.uint8), inside


def strokes(inside):
    """One stroke on the object and one beside it."""
    marks = np.full(inside.shape, -1)
    marks[14, 14:20], marks[1, 5:30] = 1, 0
    return marks


def agreement(found, truth):
    return np.count_nonzero(found & truth) / np.count_nonzero(found | truth)


def test_a_rectangle_finds_what_it_is_drawn_around():
    photo, inside = scene()
    cutout = cut_out(photo, rectangle=BOX)
    assert agreement(cutout.foreground, inside) > 0.97


def test_strokes_find_the_object_they_are_on():
    photo, inside = scene()
    cutout = cut_out(photo, marks=strokes(inside))
    assert agreement(cutout.foreground, inside) > 0.97


def test_a_stroke_takes_a_part_of_the_rectangle_out():
    photo, inside = scene()
    marks = np.full(inside.shape, -1)
    marks[10:18, 9:13] = 0
    cutout = cut_out(photo, rectangle=BOX, marks=marks)
    assert not cutout.foreground[10:18, 9:13].any()
    assert cutout.foreground[14, 20]


def test_a_stroke_outside_of_the_rectangle_is_heard():
    photo, inside = scene()
    marks = np.full(inside.shape, -1)
    marks[2, 2] = 1
    assert cut_out(photo, rectangle=BOX, marks=marks).foreground[2, 2]


def test_sure_pixels_keep_what_was_said_however_they_look():
    photo, inside = scene()
    marks = strokes(inside)
    marks[12, 12], marks[25, 35] = 0, 1
    cutout = cut_out(photo, marks=marks)
    assert np.array_equal(cutout.foreground[marks >= 0], marks[marks >= 0] == 1)
    assert np.array_equal(cutout.alpha[marks >= 0], marks[marks >= 0])


def test_masks_of_opencv_are_understood():
    photo, inside = scene()
    marks = np.where(inside, 3, 2)
    marks[0] = 0
    assert agreement(cut_out(photo, marks=marks).foreground, inside) > 0.97


def test_an_object_of_a_large_picture_is_followed_to_every_pixel():
    photo, inside = scene()
    large, truth = (
        np.kron(plane, np.ones((16, 16), plane.dtype)) for plane in (photo[..., 0], inside)
    )
    assert len(level_factors(22 * 19 * 256)) > 1
    cutout = cut_out(large, rectangle=tuple(16 * n for n in BOX), soft=False)
    assert agreement(cutout.foreground, truth) > 0.99


def test_excluded_pixels_are_no_object_and_have_no_say():
    photo, inside = scene()
    mask = np.ones(inside.shape, bool)
    mask[14] = False
    changed = np.where(mask[..., None], photo, 255).astype(np.uint8)
    one, other = (cut_out(each, rectangle=BOX, mask=mask) for each in (photo, changed))
    assert not one.foreground[14].any()
    assert not one.alpha[14].any()
    assert np.array_equal(one.alpha, other.alpha)


@pytest.mark.parametrize(
    "convert",
    [
        lambda photo: photo[..., 0],
        lambda photo: photo.astype(np.uint16) * 257,
        lambda photo: photo.astype(np.float32) / 255,
        lambda photo: np.dstack([photo, photo[..., ::-1]]),
        lambda photo: np.dstack([photo, np.full(photo.shape[:2], 255, np.uint8)]),
    ],
    ids=["gray", "16 bit", "floating point", "six bands", "alpha"],
)
def test_every_kind_of_picture_can_be_cut(convert):
    photo, inside = scene()
    assert agreement(cut_out(convert(photo), rectangle=BOX).foreground, inside) > 0.95


def test_alpha_is_soft_along_the_outline_alone():
    photo, _ = scene()
    cutout = cut_out(photo, rectangle=BOX)
    assert cutout.alpha.dtype == np.float32
    assert 0 <= cutout.alpha.min() <= cutout.alpha.max() <= 1
    assert cutout.alpha[14, 17] == 1
    assert cutout.alpha[1, 1] == 0
    hard = cut_out(photo, rectangle=BOX, soft=False)
    assert np.array_equal(hard.alpha, hard.foreground)


def test_a_pixel_that_is_half_object_gets_half_alpha():
    photo, inside = scene(noise=0.0)
    blended = photo.copy()
    rim = inside & ~np.roll(inside, 1, axis=1)
    blended[rim] = (photo[14, 17].astype(int) + photo[0, 0]) // 2
    alpha = cut_out(blended, rectangle=BOX).alpha[rim]
    assert np.allclose(alpha, 0.5, atol=0.15)


def test_the_cutout_is_the_picture_with_alpha_beside_it():
    photo, _ = scene()
    cutout = cut_out(photo, rectangle=BOX)
    assert np.array_equal(cutout.colors[..., :3], photo)
    assert np.array_equal(cutout.colors[..., 3], np.rint(cutout.alpha * 255))


def test_the_box_is_the_smallest_rectangle_around_the_object():
    photo, inside = scene(noise=0.0)
    x, y, width, height = cut_out(photo, rectangle=BOX).box
    assert (x, y, width, height) == (9, 8, 17, 13)
    assert cut_out(photo, rectangle=BOX).share == pytest.approx(inside.mean())


# What must not matter, and what must not change


def test_the_same_seed_gives_the_same_bytes_on_one_and_two_threads():
    photo, _ = scene()
    one, two = (cut_out(photo, rectangle=BOX, seed=3, n_threads=n) for n in (1, 2))
    assert one.alpha.tobytes() == two.alpha.tobytes()
    assert one.foreground_mixture.means.tobytes() == two.foreground_mixture.means.tobytes()


def test_a_given_model_learns_nothing():
    photo, _ = scene()
    first = cut_out(photo, rectangle=BOX)
    again = cut_out(255 - photo, rectangle=BOX, model=first.model)
    assert again.foreground_mixture is first.foreground_mixture
    assert again.background_mixture is first.background_mixture


def test_a_model_that_was_saved_finds_the_object_of_another_photo(tmp_path):
    photo, inside = scene()
    gmmkit.save(cut_out(photo, rectangle=BOX).model, tmp_path / "ellipse.gmm")
    other, inside = scene(seed=1)
    found = cut_out(other[:, ::-1], model=tmp_path / "ellipse.gmm").foreground
    assert agreement(found, inside[:, ::-1]) > 0.97


def test_a_model_of_gray_refuses_color():
    photo, _ = scene()
    model = cut_out(photo[..., 0], rectangle=BOX).model
    with pytest.raises(FeatureContractError):
        cut_out(photo, rectangle=BOX, model=model)


def test_a_model_of_color_refuses_bands():
    photo, _ = scene()
    model = cut_out(photo, rectangle=BOX, features="lab").model
    bands = np.concatenate([photo, photo], axis=2)
    with pytest.raises(FeatureContractError, match="made for other pictures"):
        cut_out(bands, rectangle=BOX, model=model)


def test_a_model_of_classes_is_refused():
    photo, _ = scene()
    model = gmmkit.image.segment(photo, 2).model
    with pytest.raises(FeatureContractError, match="object and its background"):
        cut_out(photo, rectangle=BOX, model=model)


# Where OpenCV's grabCut stops with an assertion


def test_one_probable_pixel_of_the_object_is_enough():
    photo, inside = scene()
    marks = np.zeros(inside.shape, int)
    marks[8:21, 8:27] = 2
    marks[14, 17] = 3
    assert cut_out(photo, marks=marks).foreground[14, 17]


def test_no_sure_background_is_needed():
    photo, inside = scene()
    marks = np.full(inside.shape, 2)
    marks[10:18, 12:22] = 3
    assert agreement(cut_out(photo, marks=marks).foreground, inside) > 0.97


def test_a_rectangle_of_the_whole_picture_takes_its_rim_for_background():
    photo, inside = scene()
    cutout = cut_out(photo, rectangle=(0, 0, 40, 30))
    assert agreement(cutout.foreground, inside) > 0.9
    assert "rim" in cutout.notes[0]


def test_two_colors_without_any_spread_are_no_trouble():
    photo, inside = scene(noise=0.0)
    assert np.array_equal(cut_out(photo, rectangle=BOX).foreground, inside)


def test_one_color_gives_the_middle_of_the_rectangle_and_says_so():
    photo = np.full((20, 20, 3), 77, np.uint8)
    with pytest.warns(FitWarning, match="no object was found"):
        cutout = cut_out(photo, rectangle=(3, 3, 14, 14), location=0.0)
    assert cutout.foreground.any()
    assert "middle of the rectangle" in cutout.notes[0]


@pytest.mark.parametrize("rectangle", [(5, 5, 1, 1), (0, 0, 1, 1), (39, 29, 1, 1)])
def test_a_rectangle_of_one_pixel_is_an_object_of_that_pixel(rectangle):
    photo, _ = scene(noise=0.0)
    with pytest.warns(FitWarning, match="no object"):
        cutout = cut_out(photo, rectangle=rectangle, location=0.0)
    assert cutout.box == rectangle


def test_a_rectangle_that_reaches_out_of_the_picture_is_cut_off():
    photo, _ = scene()
    cutout = cut_out(photo, rectangle=(-5, 5, 33, 19))
    assert cutout.marks.rectangle == (0, 5, 28, 19)
