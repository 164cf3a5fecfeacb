"""Which frames are speech: by the rule, whatever the offset, and where there is no silence."""

import numpy as np
import pytest
from strategies import voice

from gmmkit.speaker import Frontend
from gmmkit.speaker.features.activity import frame_levels, louder_gaussian, within_range


def test_levels_are_those_of_the_variance_of_each_frame():
    samples = voice(0.2) + 0.25
    frames = [samples[i : i + 400].astype(np.float64) for i in range(0, len(samples) - 399, 160)]
    expected = [10 * np.log10(frame.var() + 1e-10) for frame in frames]
    np.testing.assert_allclose(frame_levels(samples, 400, 160), expected, atol=1e-6)


def test_levels_of_a_long_recording_do_not_depend_on_where_it_is_cut():
    samples = voice(60.0)
    whole, later = frame_levels(samples, 400, 160), frame_levels(samples[160_000:], 400, 160)
    np.testing.assert_allclose(whole[1000:], later, atol=1e-9)


def test_speech_is_within_the_range_below_the_99th_percentile():
    levels = np.concatenate([np.full(50, -60.1), np.full(50, -59.9), np.full(100, -30.0)])
    assert within_range(levels, 30.0).sum() == 150


def test_the_rule_is_the_power_of_the_frames_where_there_is_no_offset():
    samples = voice(3.0)
    frames = np.lib.stride_tricks.sliding_window_view(samples, 400)[::160].astype(np.float64)
    level = 10 * np.log10((frames**2).mean(axis=1) + 1e-10)
    expected = level > np.percentile(level, 99) - 30
    assert (Frontend().analyze(samples, 16000).speech == expected).mean() > 0.99


def test_a_word_in_a_long_digital_silence_is_found():
    samples = np.zeros(60 * 16000, np.float32)
    samples[480_000:484_800] = voice(0.3)
    speech = np.flatnonzero(Frontend().analyze(samples, 16000).speech)
    assert 2990 <= speech.min() <= speech.max() <= 3030


def test_digital_silence_is_never_speech():
    levels = np.concatenate([np.full(500, -100.0), np.full(4, -90.0)])
    assert within_range(levels, 30.0).sum() == 4


@pytest.mark.parametrize("activity", ["energy", "two-gaussian"])
@pytest.mark.parametrize("offset", [0.5, -0.5])
def test_an_offset_does_not_change_which_frames_are_speech(activity, offset):
    samples = np.concatenate([voice(1.0), 1e-4 * voice(1.0, seed=1)])
    frontend = Frontend(activity=activity)
    expected = frontend.analyze(samples, 16000).speech
    found = frontend.analyze(samples.astype(np.float64) + offset, 16000).speech
    assert 0 < expected.sum() < len(expected)
    np.testing.assert_array_equal(found, expected)


def levels_of(*parts, seed=0):
    """Levels of (mean, deviation, count) one after the other."""
    random = np.random.default_rng(seed)
    return np.concatenate([random.normal(*part) for part in parts])


def test_two_gaussians_find_silence_that_is_louder_than_the_range():
    levels = levels_of((-35.0, 1.0, 100), (-15.0, 2.0, 100))
    assert within_range(levels, 30.0).sum() == 200
    assert louder_gaussian(levels, 30.0).sum() == pytest.approx(100, abs=6)


def test_two_gaussians_keep_all_where_there_is_no_silence():
    levels = levels_of((-25.0, 3.0, 300))
    np.testing.assert_array_equal(louder_gaussian(levels, 40.0), True)


def test_two_gaussians_find_nothing_in_digital_silence():
    assert not louder_gaussian(np.full(300, -100.0), 30.0).any()


def test_two_gaussians_tell_a_constant_tone_from_a_constant_hum():
    levels = np.concatenate([np.full(100, -70.0), np.full(100, -20.0)])
    np.testing.assert_array_equal(np.flatnonzero(louder_gaussian(levels, 30.0)), range(100, 200))


def test_two_gaussians_drop_a_click_and_bridge_a_gap():
    levels = np.concatenate([levels_of((-70.0, 1.0, 200)), levels_of((-20.0, 1.0, 200))])
    levels[100:103] = -20.0
    levels[300:303] = -70.0
    np.testing.assert_array_equal(np.flatnonzero(louder_gaussian(levels, 30.0)), range(200, 400))


def test_two_gaussians_give_the_same_frames_every_time():
    levels = levels_of((-60.0, 5.0, 500), (-30.0, 6.0, 500))
    np.testing.assert_array_equal(louder_gaussian(levels, 30.0), louder_gaussian(levels, 30.0))
