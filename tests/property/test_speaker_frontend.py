"""What must hold for features of any recording: gain, offset, shifts, channels, finiteness."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import voice

from gmmkit.errors import AudioWarning, NoSpeechError
from gmmkit.speaker import Frontend

few = settings(deadline=None, derandomize=True, max_examples=15)
seeds = st.integers(0, 2**20)
PLAIN = Frontend(activity="none", normalization="none")


@few
@given(seeds, st.sampled_from([0.1, 0.5, 3.0]))
@pytest.mark.parametrize("normalization", ["mean", "mean-variance", "warping"])
def test_the_gain_does_not_matter(normalization, seed, gain):
    frontend = Frontend(normalization=normalization, activity="none")
    samples = voice(seed=seed)
    expected = frontend(samples, 16000)
    found = frontend(gain * samples.astype(np.float64), 16000)
    assert np.abs(found - expected).mean() < 2e-3


@few
@given(seeds, st.sampled_from([0.1, 0.5, 3.0]))
def test_the_gain_hardly_matters_to_what_is_speech(seed, gain):
    samples = voice(seed=seed)
    expected = Frontend().analyze(samples, 16000).speech
    found = Frontend().analyze(gain * samples, 16000).speech
    assert (found == expected).mean() > 0.98


@few
@given(seeds, st.sampled_from([-0.5, 0.01, 0.5]))
def test_an_offset_does_not_matter(seed, offset):
    samples = voice(seed=seed)
    expected = Frontend()(samples, 16000)
    found = Frontend()(samples.astype(np.float64) + offset, 16000)
    assert np.abs(found - expected).mean() < 2e-3


@few
@given(seeds)
def test_the_same_recording_gives_the_same_bits(seed):
    samples = voice(seed=seed)
    np.testing.assert_array_equal(Frontend()(samples, 16000), Frontend()(samples, 16000))


@few
@given(seeds, st.integers(1, 20))
def test_a_recording_that_begins_some_hops_later_has_the_later_frames(seed, hops):
    frontend = Frontend(activity="none", normalization="none", remove_offset=False)
    samples = voice(seed=seed)
    whole, later = frontend(samples, 16000), frontend(samples[160 * hops :], 16000)
    # Slopes of slopes look four frames back; preemphasis one sample, in the first frame.
    np.testing.assert_allclose(later[5:], whole[hops + 5 :], atol=1e-4)


@few
@given(seeds, seeds)
def test_the_order_of_channels_does_not_matter(first, second):
    stereo = np.stack([voice(seed=first), voice(seed=second)], axis=1)
    np.testing.assert_array_equal(PLAIN(stereo, 16000), PLAIN(stereo[:, ::-1], 16000))


numbers = st.floats(-1e9, 1e9, width=32) | st.floats(-1, 1, width=32) | st.just(0.0)


@settings(few, max_examples=100)
@given(
    st.lists(numbers, min_size=1, max_size=50),
    st.sampled_from([400, 401, 1000, 9000]),
    st.sampled_from(["none", "mean-variance", "sliding", "warping"]),
    st.sampled_from(["log", "root", "power-normalized"]),
)
def test_any_finite_recording_gives_finite_features_or_holds_no_speech(
    pattern, length, normalization, compression
):
    frontend = Frontend(normalization=normalization, compression=compression)
    samples = np.resize(pattern, length)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AudioWarning)
        try:
            assert np.isfinite(frontend(samples, 16000)).all()
        except NoSpeechError:
            assert np.ptp(samples) < 1e-4


@few
@given(seeds)
def test_warping_keeps_the_order_of_every_column(seed):
    samples = voice(seed=seed)
    plain = Frontend(normalization="none")(samples, 16000)
    warped = Frontend(normalization="warping")(samples, 16000)
    order = np.argsort(plain, axis=0, kind="stable")
    assert (np.diff(np.take_along_axis(warped, order, axis=0), axis=0) >= 0).all()


@few
@given(seeds)
def test_mean_and_variance_of_every_column_are_zero_and_one(seed):
    frames = Frontend(normalization="mean-variance")(voice(seed=seed), 16000).astype(np.float64)
    np.testing.assert_allclose(frames.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(frames.std(axis=0), 1, atol=1e-4)


@few
@given(seeds, st.sampled_from([0, 1, 2]), st.integers(0, 40))
def test_there_are_as_many_columns_as_the_front_end_says(seed, deltas, n_cepstra):
    frontend = Frontend(deltas=deltas, n_cepstra=n_cepstra, normalization="mean")
    assert frontend(voice(0.3, seed=seed), 16000).shape[1] == frontend.n_features
    assert len(frontend.feature_names) == frontend.n_features
