"""Five synthetic people in a registry: enrolled, told apart, and nobody else taken for them."""

import numpy as np
import pytest
from strategies import voice
from voices import (
    PEOPLE,
    SOMEONE,
    STRANGER,
    TESTS,
    long_sound,
    quick,
    recordings_of,
    sound,
)

from gmmkit.errors import (
    AudioWarning,
    LittleSpeechError,
    ParameterError,
    RegistryWarning,
)
from gmmkit.io.audio import read_recording
from gmmkit.speaker.calibration import Calibration
from gmmkit.speaker.recognition import FEATURES, N_SCORES, identification_threshold
from gmmkit.speaker.registry import Registry

# What data/speech is there to show.


@pytest.mark.parametrize(("recording", "name"), TESTS.items())
def test_the_voices_of_data_speech_are_told_apart(people, recording, name):
    candidates = people.identify(f"sample:{recording}")
    assert [each.name for each in candidates if each.accepted] == [name]
    assert candidates[0].name == name
    assert candidates[0].llr - candidates[1].llr > 5


@pytest.mark.parametrize(("recording", "name"), TESTS.items())
def test_a_claim_of_ones_own_voice_is_accepted(people, recording, name):
    assert people.verify(name, f"sample:{recording}").accepted


def test_a_stranger_gets_no_name(people):
    candidates = people.identify(STRANGER)
    assert len(candidates) == 5
    assert not any(candidate.accepted for candidate in candidates)
    assert candidates[0].llr < identification_threshold(5)


def test_a_stranger_is_rejected_whoever_is_claimed(people):
    assert not any(people.verify(name, STRANGER).accepted for name in PEOPLE)


# Answers.


def test_candidates_come_likeliest_first_and_at_most_the_first_is_accepted(people):
    for recording in ("someone", "test-ben", "stranger"):
        candidates = people.identify(f"sample:{recording}", top=None)
        ratios = [each.llr for each in candidates]
        assert ratios == sorted(ratios, reverse=True)
        assert not any(each.accepted for each in candidates[1:])
        assert len({each.name for each in candidates}) == 5


def test_a_second_who_fits_as_well_is_not_accepted_too(copy):
    """The same recordings under another name reach the threshold as well as the first."""
    with pytest.warns(RegistryWarning):
        copy.enroll("anna", recordings_of("ana"))
    first, second = copy.identify(SOMEONE)[:2]
    assert {first.name, second.name} == {"ana", "anna"}
    assert second.llr >= identification_threshold(6)
    assert (first.accepted, second.accepted) == (True, False)


@pytest.mark.parametrize("recording", ["test-ben", "stranger"])
def test_every_way_to_ask_gives_the_same_ratio_for_the_same_pair(people, recording):
    source = f"sample:{recording}"
    scores = people.scores(source)
    identified = {each.name: each.llr for each in people.identify(source)}
    verified = {name: people.verify(name, source).llr for name in PEOPLE}
    assert list(scores) == list(PEOPLE)
    assert scores == identified == verified


def test_top_says_how_many_candidates_there_are(people):
    everyone = people.identify(SOMEONE, top=None)
    assert people.identify(SOMEONE, top=2) == everyone[:2]
    assert people.identify(SOMEONE, top=50) == everyone


@pytest.mark.parametrize("top", [0, -1, 2.5, "two"])
def test_a_number_of_candidates_that_is_no_positive_count_is_refused(people, top):
    with pytest.raises(ParameterError):
        people.identify(SOMEONE, top=top)


def test_the_threshold_of_a_claim_can_be_moved(people):
    ratio = people.verify("ana", SOMEONE).llr
    below = people.verify("ana", SOMEONE, threshold=ratio - 0.01)
    above = people.verify("ana", SOMEONE, threshold=ratio + 0.01)
    assert (below.accepted, above.accepted) == (True, False)
    assert above.threshold == pytest.approx(ratio + 0.01)


@pytest.mark.parametrize("threshold", [float("nan"), "high"])
def test_a_threshold_that_is_no_number_is_refused(people, threshold):
    with pytest.raises(ParameterError):
        people.verify("ana", SOMEONE, threshold=threshold)


def test_a_claim_is_accepted_from_the_threshold_of_one_true_claim_in_twenty_on(people):
    assert people.verify("ana", SOMEONE).threshold == pytest.approx(np.log(19))


def test_identification_needs_more_of_the_best_the_more_people_there_are():
    for n in (1, 5, 1000):
        assert identification_threshold(n) == pytest.approx(np.log(n / 0.2))


def test_seconds_of_speech_are_told_with_every_answer(people):
    seconds = people.verify("ana", SOMEONE).seconds
    assert 3.0 < seconds < read_recording(SOMEONE).seconds
    assert {each.seconds for each in people.identify(SOMEONE)} == {seconds}


def test_a_name_is_claimed_in_any_letters(people):
    assert people.verify("ANA", SOMEONE) == people.verify("ana", SOMEONE)


def test_the_registry_is_read_anew_by_whoever_opens_it(people):
    again = Registry.open(people.path, read_only=True)
    assert again.names() == PEOPLE
    assert again.scores(SOMEONE) == people.scores(SOMEONE)


# Recordings.


def test_under_a_second_of_speech_is_no_test(people):
    short = voice(0.6), 16_000
    for ask in (people.identify, people.scores, lambda sound: people.verify("ana", sound)):
        with pytest.raises(LittleSpeechError, match="at least 1 s"):
            ask(short)


def test_under_three_seconds_of_speech_are_warned_of(people):
    someone = read_recording(SOMEONE)
    part = someone.samples[: 2 * someone.sample_rate], someone.sample_rate
    for ask in (people.identify, people.scores, lambda sound: people.verify("ana", sound)):
        with pytest.warns(AudioWarning, match=r"1\.\d s of speech; from 3 s on"):
            ask(part)


def as_int16(samples, rate):
    return np.round(samples * 32767).astype(np.int16), rate


def as_stereo_44100(samples, rate):
    import soxr

    faster = soxr.resample(samples, rate, 44_100)
    return np.stack([faster, faster], axis=1), 44_100


def as_telephone(samples, rate):
    import soxr

    return soxr.resample(samples, rate, 8_000), 8_000


@pytest.mark.parametrize("change", [as_int16, as_stereo_44100])
def test_other_rates_channels_and_types_of_samples_get_nearly_the_same_ratio(people, change):
    someone = read_recording(SOMEONE)
    changed = change(someone.samples, someone.sample_rate)
    found, expected = people.scores(changed), people.scores(SOMEONE)
    assert found["ana"] == pytest.approx(expected["ana"], rel=0.05)
    assert people.identify(changed)[0].name == "ana"


def test_a_telephone_recording_is_taken_and_its_voice_still_found(people):
    someone = read_recording(SOMEONE)
    changed = as_telephone(someone.samples, someone.sample_rate)
    with pytest.warns(AudioWarning, match="8000|8,000|8 kHz|bandwidth|band"):
        assert people.identify(changed)[0].name == "ana"


# Calibration.


def test_without_a_calibration_there_is_no_ratio_and_no_decision(tmp_path):
    background = quick(calibration=None)
    registry = Registry.open(tmp_path / "bare.db", background=background)
    registry.enroll("ana", long_sound(1))
    registry.enroll("ben", long_sound(2))
    candidates = registry.identify(sound())
    verification = registry.verify("ana", sound())
    assert {(each.llr, each.accepted) for each in [*candidates, verification]} == {(None, None)}
    assert registry.scores(sound()) == {"ana": None, "ben": None}
    assert candidates[0].score >= candidates[1].score


def test_a_calibration_of_ones_own_is_kept_in_the_registry(tmp_path):
    registry = Registry.open(tmp_path / "own.db", background=quick(calibration=None))
    registry.enroll("ana", long_sound(1))
    own = Calibration(-3.0, (0.5, 1.5, 0.25), FEATURES, N_SCORES)
    registry.calibrate(own)
    _, scores = registry.scored(sound())
    features = [scores.scores[0], scores.normalized[0], np.log(scores.seconds)]
    expected = -3.0 + np.dot([0.5, 1.5, 0.25], features)
    assert registry.scores(sound())["ana"] == pytest.approx(expected, abs=1e-12)
    assert Registry.open(registry.path).scores(sound())["ana"] == pytest.approx(expected, abs=1e-12)


def test_a_calibration_of_other_features_is_refused_before_it_is_kept(small):
    small.enroll("ana", long_sound(1))
    before = small.scores(sound())
    with pytest.raises(ParameterError):
        small.calibrate(Calibration(-1.0, (2.0,)))
    assert Registry.open(small.path).scores(sound()) == before
