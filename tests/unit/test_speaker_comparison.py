"""Two recordings and no registry."""

import numpy as np
import pytest
from strategies import voice
from voices import CALIBRATION, small_background

from gmmkit.errors import AudioWarning, LittleSpeechError
from gmmkit.io.audio import as_recording
from gmmkit.speaker.comparison import compare
from gmmkit.speaker.enrollment import enroll_one, hear
from gmmkit.speaker.presets import load_background
from gmmkit.speaker.recognition import banks_of, score


@pytest.fixture(scope="module")
def background():
    return small_background(conditions=("clean",))


@pytest.fixture(scope="module")
def fast():
    return load_background("fast")


def sound(seconds=4.5, *, seed=0):
    return as_recording((voice(seconds, seed=seed), 16_000))


def test_two_recordings_of_one_voice_are_the_same(fast):
    assert compare("sample:emeka-1", "sample:test-emeka", background=fast).same


def test_two_recordings_of_two_voices_are_not_the_same(fast):
    assert not compare("sample:carla-1", "sample:test-dmitri", background=fast).same


def test_the_ratio_is_the_mean_of_both_ways_round(background):
    pair = sound(seed=0), sound(5.0, seed=1)
    ways = []
    for enrolled, test in (pair, pair[::-1]):
        banks = banks_of(background, [enroll_one(enrolled, background)])
        ways.append(score(hear(test, background), background, banks))
    found = compare(*pair, background=background)
    assert found.llr == pytest.approx((ways[0].llr[0] + ways[1].llr[0]) / 2)
    assert found.score == pytest.approx((ways[0].normalized[0] + ways[1].normalized[0]) / 2)


def test_the_order_of_the_recordings_does_not_matter(background):
    forth = compare(sound(seed=0), sound(seed=1), background=background)
    back = compare(sound(seed=1), sound(seed=0), background=background)
    assert forth.llr == back.llr
    assert forth.seconds == back.seconds[::-1]


def test_seconds_of_speech_are_those_of_the_first_and_of_the_second(background):
    first, second = sound(4.5), sound(6.0, seed=1)
    found = compare(first, second, background=background).seconds
    assert found == tuple(hear(each, background).seconds for each in (first, second))


def test_the_threshold_decides_and_is_told(background):
    ratio = compare(sound(), sound(seed=1), background=background).llr
    for threshold, same in ((ratio - 0.1, True), (ratio + 0.1, False)):
        found = compare(sound(), sound(seed=1), background=background, threshold=threshold)
        assert (found.same, found.threshold) == (same, threshold)
    by_default = compare(sound(), sound(seed=1), background=background)
    assert by_default.threshold == pytest.approx(np.log(19))


def test_without_a_calibration_there_is_a_score_and_no_decision(background):
    calibrated = compare(sound(), sound(seed=1), background=background)
    found = compare(sound(), sound(seed=1), background=background.calibrated(None))
    assert (found.llr, found.same) == (None, None)
    assert found.score == calibrated.score
    assert background.calibration is CALIBRATION


@pytest.mark.parametrize("order", [1, -1])
def test_under_a_second_of_speech_in_either_is_refused(background, order):
    pair = [sound(0.5), sound()][::order]
    with pytest.raises(LittleSpeechError, match="at least 1 s"):
        compare(*pair, background=background)


def test_little_speech_is_warned_of(background):
    with pytest.warns(AudioWarning, match="holds 2"):
        compare(sound(2.5), sound(seed=1), background=background)
