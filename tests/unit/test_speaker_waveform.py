"""Samples of any type, rate and number of channels become one channel at one rate."""

import numpy as np
import pytest
from strategies import voice

from gmmkit.errors import AudioError, InputError
from gmmkit.speaker import Frontend
from gmmkit.speaker.features.waveform import as_waveform


@pytest.mark.parametrize(
    ("dtype", "full_scale"), [("<i2", 2**15), (">i2", 2**15), ("<i4", 2**31), (">i4", 2**31)]
)
def test_integers_are_scaled_by_their_full_scale(dtype, full_scale):
    samples = np.array([0, full_scale // 2, -full_scale], dtype=dtype)
    heard = as_waveform(samples, 16000, target_rate=16000)
    assert heard.samples.tolist() == [0.0, 0.5, -1.0]
    assert heard.samples.dtype == np.float32


@pytest.mark.parametrize("dtype", ["f2", "<f4", ">f4", "<f8", ">f8"])
def test_floating_point_is_taken_as_it_is(dtype):
    heard = as_waveform(np.array([0.25, -1.5], dtype=dtype), 16000, target_rate=16000)
    assert heard.samples.tolist() == [0.25, -1.5]
    assert heard.notes == ()


def test_two_channels_are_averaged_with_a_note():
    stereo = np.array([[1.0, 0.0], [0.5, 0.5], [0.5, 0.0]])
    heard = as_waveform(stereo, 16000, target_rate=16000)
    assert heard.samples.tolist() == [0.5, 0.5, 0.25]
    assert heard.notes == ("2 channels mixed",)


def test_channels_that_cancel_each_other_are_refused():
    with pytest.raises(AudioError, match="cancel"):
        as_waveform(np.stack([voice(), -voice()], axis=1), 16000, target_rate=16000)


def test_one_channel_may_have_a_second_dimension():
    assert as_waveform(np.ones((5, 1)), 16000, target_rate=16000).samples.shape == (5,)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 192000])
def test_a_tone_survives_resampling(rate):
    time = np.arange(rate) / rate
    heard = as_waveform(np.sin(2 * np.pi * 1000 * time), rate, target_rate=16000)
    expected = np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000)
    np.testing.assert_allclose(heard.samples[2000:14000], expected[2000:14000], atol=1e-3)
    assert heard.notes == (f"resampled from {rate} to 16000 Hz",)


def test_what_the_new_rate_cannot_hold_is_filtered_out():
    time = np.arange(48000) / 48000
    heard = as_waveform(np.sin(2 * np.pi * 12000 * time), 48000, target_rate=16000)
    assert np.abs(heard.samples[2000:14000]).max() < 1e-4


def test_notes_reach_the_analysis():
    stereo = np.stack([voice(rate=44100)] * 2, axis=1)
    notes = Frontend().analyze(stereo, 44100).notes
    assert notes == ("2 channels mixed", "resampled from 44100 to 16000 Hz")


def test_samples_are_not_written_to():
    samples = voice()
    kept = samples.copy()
    samples.flags.writeable = False
    Frontend()(samples, 16000)
    np.testing.assert_array_equal(samples, kept)


@pytest.mark.parametrize(
    "samples",
    [
        [],
        0.5,
        np.zeros((0, 2)),
        np.zeros((100, 3)),
        np.zeros((2, 1000)),
        np.zeros((2, 2, 100)),
        np.zeros(100, np.uint16),
        np.zeros(100, np.int64),
        np.zeros(100, complex),
        np.zeros(100, bool),
        np.array([None, 1.0]),
        ["a", "b"],
        [[1.0], [1.0, 2.0]],
        np.full(100, 1e10),
    ],
)
def test_what_is_no_recording_is_refused(samples):
    with pytest.raises(AudioError) as refused:
        as_waveform(samples, 16000, target_rate=16000)
    assert refused.value.found
    assert refused.value.needed


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_sample_that_is_no_number_is_refused_with_its_place(value):
    samples = voice()
    samples[123] = value
    with pytest.raises(AudioError, match="sample 123 "):
        Frontend()(samples, 16000)


@pytest.mark.parametrize("rate", [0, -1, 999, 2**31, 8000.5, np.nan, "16000", None, True])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(InputError, match="sample rate"):
        as_waveform(voice(), rate, target_rate=16000)
