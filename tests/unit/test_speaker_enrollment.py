"""Enrollments are sums of statistics, of clean speech and of the same speech in known noise."""

import numpy as np
import pytest
from strategies import voice
from voices import small_background

from gmmkit.core.adapt import mean_statistics
from gmmkit.errors import (
    FeatureContractError,
    InputError,
    LittleSpeechError,
    NoSpeechError,
)
from gmmkit.io.audio import as_recording
from gmmkit.speaker import enrollment as module
from gmmkit.speaker.degradation import speech_power
from gmmkit.speaker.enrollment import (
    enroll,
    enroll_one,
    enrollment_arrays,
    enrollment_from_arrays,
    fingerprint,
    hear,
)

RATE = 16_000


@pytest.fixture(scope="module")
def background():
    return small_background(2)


def sound(seconds=4.0, *, seed=0, rate=RATE):
    return as_recording((voice(seconds, seed=seed, rate=rate), rate))


def three_sounds():
    return [sound(4.0, seed=seed) for seed in (1, 2, 3)]


def assert_same_statistics(found, expected, *, rtol=1e-10):
    for mine, theirs in zip(found.statistics, expected.statistics, strict=True):
        assert mine.keys() == theirs.keys()
        for condition in mine:
            np.testing.assert_allclose(mine[condition].weight, theirs[condition].weight, rtol=rtol)
            scale = np.abs(theirs[condition].first).max()
            np.testing.assert_allclose(
                mine[condition].first, theirs[condition].first, atol=rtol * scale
            )


def test_clean_statistics_are_those_of_all_the_frames_of_each_front_end(background):
    sounds = three_sounds()
    enrolled = enroll(sounds, background)
    for index, subsystem in enumerate(background.subsystems):
        frames = np.concatenate([hear(each, background).frames[index] for each in sounds])
        expected = mean_statistics(frames, subsystem.ubm)
        found = enrolled.statistics[index]["clean"]
        np.testing.assert_allclose(found.weight, expected.weight, rtol=1e-10)
        np.testing.assert_allclose(found.first, expected.first, rtol=1e-8, atol=1e-8)


def test_the_noisy_model_hears_the_recording_at_15_and_at_8_decibels(background, monkeypatch):
    heard = []

    def listening(recording, background):
        heard.append(recording)
        return hear(recording, background)

    monkeypatch.setattr(module, "hear", listening)
    original = sound()
    enroll_one(original, background)
    assert len(heard) == 3
    assert heard[0] is original
    power = speech_power(original.samples, RATE)
    noises = [copy.samples.astype(float) - original.samples for copy in heard[1:]]
    ratios = [10 * np.log10(power / np.mean(noise**2)) for noise in noises]
    np.testing.assert_allclose(ratios, [15.0, 8.0], atol=0.01)


def test_noisy_statistics_are_those_of_both_copies(background):
    enrolled = enroll_one(sound(), background)
    for of_subsystem in enrolled.statistics:
        clean, noisy = of_subsystem["clean"], of_subsystem["noisy"]
        assert noisy.total >= 2 * clean.total - 1e-6
        assert not np.allclose(noisy.first / noisy.total, clean.first / clean.total, atol=1e-3)


def test_the_same_recording_always_gets_the_same_noise(background):
    first, second = (enroll_one(sound(seed=4), background) for _ in range(2))
    assert_same_statistics(first, second, rtol=0.0)


def test_a_background_model_of_clean_speech_alone_makes_no_noisy_model():
    background = small_background(1, conditions=("clean",))
    enrolled = enroll_one(sound(), background)
    assert list(enrolled.statistics[0]) == ["clean"]


def test_the_order_of_the_recordings_does_not_matter(background):
    sounds = three_sounds()
    assert_same_statistics(enroll(sounds, background), enroll(sounds[::-1], background))


def test_enrollments_of_parts_add_up_to_that_of_the_whole(background):
    sounds = three_sounds()
    parts = enroll_one(sounds[0], background) + enroll_one(sounds[1], background)
    whole = enroll(sounds, background)
    both = parts + enroll_one(sounds[2], background)
    assert_same_statistics(both, whole)
    assert both.seconds == pytest.approx(whole.seconds)
    assert both.fingerprints == whole.fingerprints == tuple(map(fingerprint, sounds))


def test_offsets_are_sums_over_counts_and_relevance(background):
    enrolled = enroll_one(sound(), background)
    for offsets, of_subsystem in zip(enrolled.offsets(5.0), enrolled.statistics, strict=True):
        for condition, statistics in of_subsystem.items():
            expected = statistics.first / (statistics.weight[:, None] + 5.0)
            np.testing.assert_allclose(offsets[condition], expected, rtol=1e-12)


def test_seconds_are_of_speech_as_the_first_front_end_finds_it(background):
    quiet = np.full(2 * RATE, 1e-6, np.float32)
    padded = as_recording((np.concatenate([quiet, voice(3.0), quiet]), RATE))
    alone = as_recording((voice(3.0), RATE))
    assert padded.seconds == pytest.approx(7.0)
    assert hear(padded, background).seconds == pytest.approx(hear(alone, background).seconds, 0.03)


def test_statistics_come_back_from_single_precision_as_they_were(background):
    enrolled = enroll_one(sound(), background)
    arrays = enrollment_arrays(enrolled)
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.float32)}
    back = enrollment_from_arrays(
        arrays, background, seconds=enrolled.seconds, fingerprints=enrolled.fingerprints
    )
    assert_same_statistics(back, enrolled, rtol=1e-6)
    assert (back.seconds, back.fingerprints) == (enrolled.seconds, enrolled.fingerprints)


@pytest.mark.parametrize("other", [{"k": 5}, {"n_frontends": 2}])
def test_statistics_of_another_background_model_are_refused(other):
    arrays = enrollment_arrays(enroll_one(sound(), small_background()))
    wanted = small_background(**other)
    with pytest.raises(FeatureContractError, match="not of this background model"):
        enrollment_from_arrays(arrays, wanted, seconds=1.0, fingerprints=())


def test_counts_that_do_not_fit_the_sums_are_refused():
    background = small_background(1)
    arrays = enrollment_arrays(enroll_one(sound(), background))
    arrays["0.clean.weight"] = arrays["0.clean.weight"][:-1]
    with pytest.raises(FeatureContractError, match="not of this background model"):
        enrollment_from_arrays(arrays, background, seconds=1.0, fingerprints=())


def test_fingerprints_are_of_the_sound_and_its_rate_and_not_of_the_name():
    samples = voice(0.2)
    one = as_recording((samples, RATE))
    assert fingerprint(one) == fingerprint(as_recording((samples.copy(), RATE)))
    assert fingerprint(one) != fingerprint(as_recording((samples, 8_000)))
    samples[100] += 1e-6
    assert fingerprint(one) != fingerprint(as_recording((samples, RATE)))


def test_under_a_second_of_speech_is_refused_with_the_seconds_found(background):
    quiet = np.full(3 * RATE, 1e-6, np.float32)
    short = as_recording((np.concatenate([voice(0.6), quiet]), RATE))
    for ask in (lambda: hear(short, background), lambda: enroll([short], background)):
        with pytest.raises(LittleSpeechError, match=r"0\.\d\d s of speech in 3\.60 s") as caught:
            ask()
        assert caught.value.needed == "at least 1 s"
        assert caught.value.hint


def test_one_recording_without_enough_speech_refuses_them_all(background):
    with pytest.raises(LittleSpeechError):
        enroll([sound(), sound(0.5), sound()], background)


def test_silence_is_refused_as_no_speech(background):
    with pytest.raises(NoSpeechError):
        enroll([(np.zeros(RATE * 3, np.float32), RATE)], background)


def test_no_recordings_are_refused(background):
    with pytest.raises(InputError, match="nothing to enroll"):
        enroll([], background)
