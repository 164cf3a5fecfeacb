"""What must hold for any picture: symmetries of features and smoothing, and tilings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gmmkit.image import compute_features, smooth
from gmmkit.image.features import FEATURES
from gmmkit.image.tiles import cut

sides = st.integers(1, 12)
turns = st.integers(0, 3)


@st.composite
def posteriors(draw):
    shape = draw(st.integers(1, 4)), draw(sides), draw(sides)
    values = draw(arrays.arrays(np.float32, shape, elements=st.floats(0, 1, width=32)))
    values = values + np.float32(1e-3)
    return values / values.sum(axis=0)


@st.composite
def pictures(draw):
    shape = draw(sides), draw(sides), 3
    return draw(arrays.arrays(np.uint8, shape))


strengths = st.floats(0, 10)


@given(posteriors(), strengths)
def test_smoothed_posteriors_are_probabilities(prior, smoothness):
    result = smooth(prior, smoothness)
    assert np.allclose(result.sum(axis=0), 1, atol=1e-5)
    assert result.min() >= 0


@given(posteriors(), st.floats(0.1, 3), st.randoms(use_true_random=False))
def test_renaming_the_classes_renames_the_result(prior, smoothness, random):
    order = list(range(len(prior)))
    random.shuffle(order)
    renamed = smooth(np.ascontiguousarray(prior[order]), smoothness)
    assert np.allclose(renamed, smooth(prior, smoothness)[order], atol=1e-3)


@given(posteriors(), st.floats(0.1, 1), turns)
def test_turning_the_posteriors_turns_the_result(prior, smoothness, turn):
    turned = smooth(np.ascontiguousarray(np.rot90(prior, turn, (1, 2))), smoothness)
    assert np.allclose(turned, np.rot90(smooth(prior, smoothness), turn, (1, 2)), atol=1e-3)


@pytest.mark.parametrize("name", sorted(set(FEATURES) - {"position", "gabor", "lm"}))
@settings(max_examples=20)
@given(pictures(), turns)
def test_turning_a_picture_turns_its_features(name, picture, turn):
    turned = compute_features(np.rot90(picture, turn), name)
    assert np.allclose(turned, np.rot90(compute_features(picture, name), turn), atol=1e-3)


@given(pictures(), st.integers(0, 2**32 - 1))
def test_features_are_finite_under_any_mask(picture, seed):
    mask = np.random.default_rng(seed).random(picture.shape[:2]) > 0.5
    mask[0, 0] = True
    assert np.isfinite(compute_features(picture, "lab+texture+hsv", mask=mask)).all()


@given(st.integers(1, 90), st.integers(1, 90), st.integers(4, 40))
def test_tiles_cover_every_pixel_once(height, width, side):
    counts = np.zeros((height, width), int)
    for tile in cut((height, width), side):
        counts[tile.window] += 1
        assert max(tile.shape) <= side
    assert (counts == 1).all()
