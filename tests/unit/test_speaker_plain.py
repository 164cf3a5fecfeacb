"""One plain mixture a speaker: ranks people, knows no strangers."""

import numpy as np
import pytest
from strategies import voice
from voices import FRONTENDS, PEOPLE, recordings_of

from gmmkit import Covariance, Mixture
from gmmkit.errors import (
    FeatureContractError,
    InputError,
    LittleSpeechError,
    ParameterError,
)
from gmmkit.io.audio import as_recording
from gmmkit.speaker.calibration import Calibration
from gmmkit.speaker.plain import FRONTEND, PlainRecognizer
from gmmkit.speaker.recognition import FEATURES, N_SCORES
from gmmkit.speaker.registry import Registry


def sound(seconds=13.0, *, seed=0):
    return as_recording((voice(seconds, seed=seed), 16_000))


@pytest.fixture(scope="module")
def recognizer():
    return PlainRecognizer(FRONTENDS[0], 3)


@pytest.fixture(scope="module")
def records(recognizer):
    return [recognizer.enroll(name, [sound(seed=seed)]) for seed, name in enumerate("abc")]


def small_registry(folder, recognizer=None):
    """A new registry of plain mixtures that are quick to fit."""
    quick = PlainRecognizer(FRONTENDS[0], 2) if recognizer is None else recognizer
    return Registry(folder / "plain.db", quick, read_only=False)


def mixture_of(record):
    variances = Covariance("diag", record.arrays["variances"])
    return Mixture(record.arrays["weights"], record.arrays["means"], variances)


def test_two_voices_of_data_speech_are_told_apart(tmp_path):
    names = PEOPLE[:2]
    people = small_registry(tmp_path, PlainRecognizer(FRONTEND, 2))
    for name in names:
        people.enroll(name, recordings_of(name))
    assert Registry.open(people.path).names() == names
    found = [people.identify(test, top=1)[0].name for test in ("sample:someone", "sample:test-ben")]
    assert found == list(names)


def test_a_score_is_the_mean_log_density_of_a_frame(recognizer, records):
    heard = recognizer.hear(sound(3.5, seed=1))
    found = recognizer.scores(heard, [recognizer.models(records)]).scores
    expected = [mixture_of(record).log_density(heard.frames[0]).mean() for record in records]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_normalized_score_is_how_far_above_the_mean_of_the_others_it_is(recognizer, records):
    heard = recognizer.hear(sound(3.5, seed=1))
    found = recognizer.scores(heard, [recognizer.models(records)])
    for index, score in enumerate(found.scores):
        others = [each for other, each in enumerate(found.scores) if other != index]
        assert found.normalized[index] == pytest.approx(score - np.mean(others))


def test_one_person_is_above_nobody(recognizer, records):
    found = recognizer.scores(recognizer.hear(sound(3.5)), [recognizer.models(records[:1])])
    assert found.normalized[0] == pytest.approx(found.scores[0])


def test_a_mixture_fits_what_was_said_better_than_one_gaussian_does(recognizer, records):
    frames = recognizer.hear(sound(seed=0)).frames[0]
    gaussian = Mixture([1.0], [frames.mean(axis=0)], Covariance("diag", [frames.var(axis=0)]))
    assert mixture_of(records[0]).n_components == 3
    density = mixture_of(records[0]).log_density(frames).mean()
    assert density > gaussian.log_density(frames).mean() + 0.1


def test_no_variance_is_below_a_hundredth_of_the_whole(recognizer, records):
    frames = recognizer.hear(sound(seed=0)).frames[0]
    assert (records[0].arrays["variances"] >= 0.0099 * frames.var(axis=0)).all()


def test_the_same_recordings_always_give_the_same_model(recognizer, records):
    again = recognizer.enroll("a", [sound(seed=0)])
    for name, array in records[0].arrays.items():
        np.testing.assert_array_equal(again.arrays[name], array)


def test_without_a_calibration_nobody_is_accepted_or_rejected(tmp_path):
    registry = small_registry(tmp_path)
    registry.enroll("ana", sound())
    candidates = registry.identify(sound(4.0))
    assert [(each.name, each.llr, each.accepted) for each in candidates] == [("ana", None, None)]


def test_with_a_calibration_ratios_are_what_it_says(recognizer, records):
    calibration = Calibration(-1.0, (0.1, 2.0, 0.0), FEATURES, N_SCORES)
    calibrated = recognizer.calibrated(calibration)
    found = calibrated.scores(calibrated.hear(sound(3.5)), [calibrated.models(records)])
    expected = -1.0 + 0.1 * found.scores + 2.0 * found.normalized
    np.testing.assert_allclose(found.llr, expected, rtol=1e-12)


def test_a_registry_of_plain_mixtures_says_what_it_was_made_with(recognizer):
    again = PlainRecognizer.from_contract(recognizer.contract())
    assert again.contract() == recognizer.contract()
    assert again.frontend == FRONTENDS[0]
    assert recognizer.contract()["model"] == "gmm"


def test_a_contract_without_the_number_of_components_is_refused(recognizer):
    contract = recognizer.contract()
    del contract["n_components"]
    with pytest.raises(FeatureContractError, match="components"):
        PlainRecognizer.from_contract(contract)


def test_recordings_cannot_be_added_to_a_plain_mixture(recognizer, records):
    with pytest.raises(ParameterError, match="keeps no statistics") as caught:
        recognizer.joined(records[0], records[1])
    assert "gmm-ubm" in caught.value.hint


def test_a_refused_addition_leaves_the_registry_as_it_was(tmp_path):
    registry = small_registry(tmp_path)
    registry.enroll("ana", sound())
    before = registry.record("ana").arrays["means"]
    with pytest.raises(ParameterError):
        registry.enroll("ana", sound(seed=1), existing="append")
    np.testing.assert_array_equal(registry.record("ana").arrays["means"], before)


def test_everyone_is_scored_however_many(recognizer):
    assert recognizer.query(recognizer.hear(sound(3.5))) is None
    assert recognizer.payload() is None


def test_what_cannot_be_enrolled_is_refused_as_elsewhere(recognizer):
    with pytest.raises(InputError, match="nothing to enroll"):
        recognizer.enroll("a", [])
    with pytest.raises(LittleSpeechError):
        recognizer.enroll("a", [sound(0.5)])


@pytest.mark.parametrize("count", [0, -1, 2.5])
def test_a_number_of_components_that_is_no_positive_count_is_refused(count):
    with pytest.raises(ParameterError):
        PlainRecognizer(FRONTENDS[0], count)
