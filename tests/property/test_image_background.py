"""What must hold of the background of any video."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gmmkit.image import BackgroundModel, subtract_background


@st.composite
def videos(draw):
    shape = draw(st.integers(1, 6)), draw(st.integers(1, 9)), draw(st.integers(1, 9)), 3
    return draw(arrays.arrays(np.uint8, shape))


rates = st.none() | st.floats(1e-6, 1)
options = st.fixed_dictionaries(
    {
        "history": st.integers(1, 50),
        "max_components": st.integers(1, 5),
        "complexity_reduction": st.floats(0, 1),
        "background_ratio": st.floats(0, 1),
        "tracking_rate": st.floats(0, 1),
        "smoothing": st.integers(0, 3),
    }
)


@settings(max_examples=60)
@given(videos(), rates, options)
def test_every_pixel_keeps_a_proper_mixture(video, rate, chosen):
    model = BackgroundModel(**chosen)
    for frame in video:
        mask = model.apply(frame, rate)
        assert set(np.unique(mask)) <= {0, 127, 255}
    state = model.state
    assert np.allclose(state.weights.sum(axis=2), 1, atol=1e-4)
    assert (np.diff(state.weights, axis=2) <= 1e-6).all()
    assert np.isfinite(state.means).all()
    assert (state.variances[state.weights > 0] > 0).all()


@settings(max_examples=40)
@given(
    videos(),
    st.sampled_from([(slice(None, None, -1), slice(None)), (slice(None), slice(None, None, -1))]),
)
def test_turning_the_video_turns_the_masks(video, turn):
    masks = list(subtract_background(video, adapt_lighting=False))
    turned = subtract_background((frame[turn] for frame in video), adapt_lighting=False)
    assert all(np.array_equal(mask[turn], other) for mask, other in zip(masks, turned, strict=True))


@settings(max_examples=40)
@given(videos(), st.integers(0, 5))
def test_a_model_that_was_kept_and_loaded_goes_on_the_same(video, place):
    model = BackgroundModel()
    for frame in video[: place + 1]:
        model.apply(frame)
    loaded = BackgroundModel.from_model(model.to_model())
    for frame in video[place + 1 :]:
        assert np.array_equal(model.apply(frame), loaded.apply(frame))
