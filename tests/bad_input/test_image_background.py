"""Frames, options and models that a background can not be made of: refused, and nothing learned."""

from dataclasses import fields

import numpy as np
import pytest

from gmmkit.core.mixture import Mixture
from gmmkit.errors import FeatureContractError, InputError, ModelFileError, ParameterError
from gmmkit.image import BackgroundModel, subtract_background
from gmmkit.image.background.settings import BackgroundSettings
from gmmkit.io.model_value import Model

FRAME = np.random.default_rng(0).integers(0, 256, (8, 9, 3), dtype=np.uint8)


@pytest.fixture
def model():
    taught = BackgroundModel()
    for _ in range(3):
        taught.apply(FRAME)
    return taught


BAD_FRAMES = {
    "another size": (np.zeros((9, 8, 3), np.uint8), "found 8 x 9.*needed 9 x 8"),
    "another number of channels": (np.zeros((8, 9), np.uint8), "1 channel of uint8.*3 channels"),
    "another type": (np.zeros((8, 9, 3), np.uint16), "uint16.*uint8"),
    "NaN": (np.full((8, 9, 3), np.nan, np.float32), "NaN"),
    "beyond the range": (np.full((8, 9, 3), 7.5, np.float32), "values from 7.5"),
    "no pixels": (np.zeros((0, 9, 3), np.uint8), "no pixels"),
    "five axes": (np.zeros((1, 1, 8, 9, 3), np.uint8), "5 axes"),
    "objects": (np.full((8, 9, 3), None), "object"),
    "complex": (np.zeros((8, 9, 3), complex), "complex"),
    "ragged": ([[1, 2], [3]], "no array"),
    "masked": (np.ma.masked_equal(FRAME, 0), "masked"),
}


@pytest.mark.parametrize(("frame", "message"), BAD_FRAMES.values(), ids=BAD_FRAMES)
def test_a_frame_that_is_refused_is_not_learned(model, frame, message):
    before = model.state
    with pytest.raises(InputError, match=message):
        model.apply(frame)
    after = model.state
    assert after.n_frames == before.n_frames == 3
    assert np.array_equal(after.means, before.means)


@pytest.mark.parametrize("rate", [-1, -0.1, 1.1, np.nan, np.inf, True, "0.1", [0.1]])
def test_a_learning_rate_outside_its_range_is_refused(model, rate):
    with pytest.raises(ParameterError, match="learning_rate"):
        model.apply(FRAME, rate)
    with pytest.raises(ParameterError, match="learning_rate"):
        subtract_background([FRAME], learning_rate=rate)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("history", 0),
        ("history", 2.5),
        ("variance_threshold", 0),
        ("variance_threshold", np.nan),
        ("background_ratio", 1.5),
        ("complexity_reduction", -0.1),
        ("max_components", 0),
        ("max_components", 17),
        ("max_components", True),
        ("tracking_rate", "fast"),
        ("smallest_deviation", 0),
        ("detect_shadows", 1),
        ("smoothing", -1),
        ("smoothing", 11),
        ("varThreshold", 16),
    ],
)
def test_a_setting_that_is_not_usable_is_named(name, value):
    with pytest.raises(ParameterError, match=name):
        BackgroundModel(**{name: value})
    with pytest.raises(ParameterError, match=name):
        subtract_background([FRAME], **{name: value})


def test_deviations_out_of_order_are_refused():
    with pytest.raises(ParameterError, match="deviations"):
        BackgroundSettings(initial_deviation=50)


def test_every_setting_is_checked():
    for field in fields(BackgroundSettings):
        with pytest.raises(ParameterError):
            BackgroundSettings(**{field.name: "much"})


@pytest.mark.parametrize("warm_up", [-1, 1.5, True])
def test_a_warm_up_that_is_no_count_is_refused(warm_up):
    with pytest.raises(ParameterError, match="warm_up"):
        subtract_background([FRAME], warm_up=warm_up)


@pytest.mark.parametrize(
    "frame",
    [
        np.asfortranarray(FRAME),
        np.frombuffer(FRAME.tobytes(), np.uint8).reshape(FRAME.shape),
        FRAME[:, ::-1][:, ::-1],
    ],
    ids=["Fortran order", "read-only", "a view"],
)
def test_arrays_of_any_layout_are_frames(model, frame):
    expected = model.copy().apply(FRAME)
    assert np.array_equal(model.apply(frame), expected)
    assert np.array_equal(frame, FRAME)


def test_big_endian_frames_are_read():
    frame = FRAME.astype(">u2")
    model = BackgroundModel()
    model.apply(frame)
    assert np.array_equal(model.background_image(), FRAME)


@pytest.mark.parametrize("color", [0, 255])
def test_frames_of_one_color_that_never_changes_have_no_foreground(color):
    masks = subtract_background([np.full((6, 5, 3), color, np.uint8)] * 20)
    assert not np.any(list(masks))


@pytest.mark.parametrize("shape", [(1, 1), (1, 1000), (1000, 1)])
def test_frames_as_thin_as_a_pixel_are_followed(shape):
    masks = subtract_background(
        [np.full(shape, 50, np.uint8)] * 5 + [np.full(shape, 220, np.uint8)]
    )
    assert np.shape(list(masks)) == (6, *shape)


# Models


def changed(model, **changes):
    """The model as it is kept, with some of its parts exchanged; None leaves one out."""
    kept = model.to_model()
    parts = {"contract": dict(kept.contract), "arrays": dict(kept.arrays)}
    for name, value in changes.items():
        part = parts["contract" if name in kept.contract else "arrays"]
        if value is None:
            del part[name]
        else:
            part[name] = value
    return Model(kept.kind, parts["contract"], {}, parts["arrays"])


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"schema": 2}, FeatureContractError),
        ({"width": 10}, ModelFileError),
        ({"height": "tall"}, ModelFileError),
        ({"history": -3}, ModelFileError),
        ({"max_components": 1_000_000}, ModelFileError),
        ({"pixels": "int8"}, ModelFileError),
        ({"means": None}, ModelFileError),
        ({"means": np.zeros((8, 9, 5, 3))}, ModelFileError),
        ({"weights": np.zeros((8, 9, 5), np.float32)}, ModelFileError),
        ({"weights": np.full((8, 9, 5), -1, np.float32)}, ModelFileError),
        ({"variances": np.zeros((8, 9, 5), np.float32)}, ModelFileError),
        ({"progress": np.zeros(2)}, ModelFileError),
        ({"progress": np.array([3.0, -1.0])}, ModelFileError),
    ],
    ids=str,
)
def test_a_model_whose_parts_do_not_fit_is_refused(model, changes, kind):
    with pytest.raises(kind) as caught:
        BackgroundModel.from_model(changed(model, **changes), "yard.gmm")
    assert caught.value.exit_code == 4
    assert "yard.gmm" in str(caught.value)


@pytest.mark.parametrize(
    "other", [Model("image-classes"), Mixture([1.0], [[0.0]], np.ones((1, 1, 1))), None]
)
def test_a_model_of_something_else_is_refused(other):
    with pytest.raises(FeatureContractError, match="no background of a video"):
        BackgroundModel.from_model(other)


def test_frames_of_another_video_are_refused_by_a_loaded_model(model):
    loaded = BackgroundModel.from_model(model.to_model())
    with pytest.raises(InputError, match="no frame of this video"):
        loaded.apply(np.zeros((8, 8, 3), np.uint8))
