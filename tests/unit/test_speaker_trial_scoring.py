"""Scores of lists of trials: the numbers of the registry, and of pairs by themselves."""

import itertools
import warnings

import numpy as np
import pytest

from gmmkit.errors import FitWarning, InputError, NoSpeechError, NotEnrolledError, ParameterError
from gmmkit.speaker.calibration import Calibration
from gmmkit.speaker.evaluation.evidence import cllr
from gmmkit.speaker.evaluation.trial_calibration import calibrated_on
from gmmkit.speaker.evaluation.trial_normalization import Normalization, unnormalized
from gmmkit.speaker.evaluation.trial_scoring import (
    EnrolledPeople,
    EnrolledRecordings,
    TrialScores,
    score_trials,
)
from gmmkit.speaker.evaluation.trial_speakers import speakers_of
from gmmkit.speaker.evaluation.trials import ScoreList, TrialList
from gmmkit.speaker.presets import load_background
from gmmkit.speaker.registry import Registry
from gmmkit.speaker.storage.store import Store

NAMES = ("ana-1", "ben-1", "carla-1")
COHORT = ("dmitri-1", "emeka-1", "emeka-2")
find = "sample:{}".format


@pytest.fixture(scope="module")
def fast():
    return load_background("fast")


@pytest.fixture(scope="module")
def recordings(fast):
    return EnrolledRecordings.of(NAMES, find, fast)


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    registry = Registry.open(tmp_path_factory.mktemp("registry") / "people.db", background="fast")
    for name in ("ana", "ben", "carla"):
        registry.enroll(name, [find(f"{name}-{i}") for i in (1, 2, 3)])
    return registry


# Against a registry


@pytest.mark.parametrize("n_threads", [1, 2])
def test_scores_against_people_are_those_of_the_registry(registry, n_threads):
    tests = ("someone", "test-ben", "stranger")
    pairs = list(itertools.product(registry.names(), tests))
    with Store.open(registry.path) as store:
        models = EnrolledPeople(store, registry.recognizer, registry.names())
    scored = score_trials(pairs, models, find, n_threads=n_threads)
    expected = {test: registry.scores(find(test)) for test in tests}
    assert scored.is_llr
    assert scored.scores.scores.tolist() == [expected[test][name] for name, test in pairs]


def test_who_is_not_tried_takes_part_in_the_normalization(registry):
    with Store.open(registry.path) as store:
        models = EnrolledPeople(store, registry.recognizer, ["ana"])
    scored = score_trials([("ana", "someone")], models, find)
    assert scored.scores.scores[0] == registry.scores(find("someone"))["ana"]


def test_a_model_that_nobody_enrolled_is_named(registry):
    with Store.open(registry.path) as store:
        models = EnrolledPeople(store, registry.recognizer, ["zoe"])
    with pytest.raises(NotEnrolledError, match="'zoe'"):
        score_trials([("zoe", "someone")], models, find)


# Recording against recording


def test_a_score_of_two_recordings_is_that_of_a_registry_of_one(recordings, fast, tmp_path):
    alone = Registry.open(tmp_path / "one.db", background=fast)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of little speech
        alone.enroll("ana", [find("ana-1")])
    scored = score_trials([("ana-1", "someone")], recordings, find)
    assert scored.scores.scores[0] == pytest.approx(alone.scores(find("someone"))["ana"], abs=1e-9)


def test_a_score_does_not_depend_on_the_other_trials(recordings):
    pairs = list(itertools.product(NAMES, ("someone", "test-ben")))
    together = score_trials(pairs, recordings, find).scores.scores
    apart = [score_trials([pair], recordings, find).scores.scores[0] for pair in pairs]
    np.testing.assert_allclose(together, apart, atol=1e-5)


def test_scores_are_in_the_order_of_the_trials(recordings):
    pairs = list(itertools.product(NAMES, ("someone", "test-ben")))
    forth = score_trials(pairs, recordings, find).scores.scores
    back = score_trials(pairs[::-1], recordings, find).scores.scores
    np.testing.assert_allclose(back, forth[::-1], atol=1e-5)


@pytest.mark.parametrize("pair", [("ana-1", "hum"), ("hum", "someone")])
def test_a_recording_without_speech_is_refused_on_either_side(fast, pair):
    def find_or_hum(name):
        return find(name) if name != "hum" else (np.zeros(16000), 16000)

    models = EnrolledRecordings.of([pair[0], "ben-1"], find_or_hum, fast)
    pairs = [pair, ("ben-1", "someone")]
    scored = score_trials(pairs, models, find_or_hum)
    assert np.isnan(scored.scores.scores).tolist() == [True, False]
    assert isinstance(scored.refused["hum"], NoSpeechError)


# Normalization


def raw(fast, models, tests):
    enrolled = EnrolledRecordings.of(models, find, fast)
    pairs = list(itertools.product(models, tests))
    scored = score_trials(pairs, enrolled, find, normalize=unnormalized)
    return scored.scores.scores.reshape(len(models), len(tests))


@pytest.fixture(scope="module")
def normalized(recordings, fast):
    """The score of one trial, by its normalization."""
    found = {}
    for norm in ("z", "t", "s", "as"):
        normalize = Normalization(norm, recordings, fast, [find(name) for name in COHORT])
        scored = score_trials([("ana-1", "someone")], recordings, find, normalize=normalize)
        assert not scored.is_llr
        found[norm] = scored.scores.scores[0]
    return found


def test_normalization_by_test_is_by_what_models_of_the_cohort_score(normalized, fast):
    own, others = raw(fast, ["ana-1"], ["someone"])[0, 0], raw(fast, COHORT, ["someone"])[:, 0]
    expected = (own - others.mean()) / others.std()
    assert normalized["t"] == pytest.approx(expected, rel=1e-4)


def test_normalization_by_model_is_by_what_the_model_scores_on_the_cohort(normalized, fast):
    own, others = raw(fast, ["ana-1"], ["someone"])[0, 0], raw(fast, ["ana-1"], COHORT)[0]
    expected = (own - others.mean()) / others.std()
    assert normalized["z"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("norm", ["s", "as"])
def test_with_so_small_a_cohort_both_symmetric_ones_are_the_mean_of_both(normalized, norm):
    mean = (normalized["z"] + normalized["t"]) / 2
    assert normalized[norm] == pytest.approx(mean, rel=1e-6)


def test_a_cohort_of_one_is_refused(recordings, fast):
    with pytest.raises(InputError, match="at least 2"):
        Normalization("t", recordings, fast, [find("dmitri-1")])


def test_an_unknown_normalization_is_refused(recordings, fast):
    with pytest.raises(ParameterError, match="'zt'"):
        Normalization("zt", recordings, fast, [find(name) for name in COHORT])


# Who is who


def test_recordings_that_target_trials_join_are_one_speaker():
    pairs = [("a1", "a2"), ("a2", "a3"), ("a1", "b1"), ("b1", "b2"), ("c1", "a3")]
    model, test = speakers_of(TrialList(pairs, [True, True, False, True, False]))
    assert model[0] == test[0] == model[1] == test[1]
    assert model[3] == test[3] != model[0]
    assert model[4] not in (model[0], model[3])


def test_trials_that_contradict_each_other_about_speakers_tell_none():
    pairs = [("a1", "a2"), ("a2", "a3"), ("a1", "a3")]
    assert speakers_of(TrialList(pairs, [True, True, False])) is None


# Calibration


def gaussian_trials(n_people, seed=0, *, spread=3.0):
    """Trials whose log-likelihood ratios are known: scores of unit variance, means 0 and spread."""
    random = np.random.default_rng(seed)
    people = range(n_people)
    pairs = [(f"p{m}", f"t{t}") for m in people for t in people]
    is_target = np.array([m == t for m in people for t in people])
    scores = random.normal(size=len(pairs)) + spread * is_target
    features = np.stack([scores, 0 * scores, 0 * scores], axis=1)
    trials = TrialList(pairs, is_target)
    return trials, TrialScores(ScoreList(pairs, scores), False, features, {}, {})


def test_a_calibration_finds_the_ratios_of_gaussian_scores():
    trials, scored = gaussian_trials(150)
    found = calibrated_on(trials, scored)
    ratios = found.calibration.apply(scored.features)
    truth = 3.0 * scored.scores.scores - 4.5
    assert np.abs(ratios - truth).max() < 0.15 * np.abs(truth).max()
    assert found.n_folds == 5
    assert found.before is None
    assert 0 <= found.after - found.least < 0.05


def test_figures_are_of_people_whom_the_calibration_was_not_fitted_to():
    trials, scored = gaussian_trials(12, seed=3, spread=1.5)
    found = calibrated_on(trials, scored)
    fitted = found.calibration.apply(scored.features)
    on_the_same = cllr(fitted[trials.is_target], fitted[~trials.is_target])
    assert found.after > on_the_same


def test_trials_that_are_told_apart_do_not_make_ratios_boundless():
    trials, scored = gaussian_trials(12, spread=5.0)
    with pytest.warns(FitWarning, match="told apart"):
        found = calibrated_on(trials, scored)
    ratios = found.calibration.apply(scored.features)
    truth = 5.0 * scored.scores.scores - 12.5
    assert np.abs(ratios).max() < 2 * np.abs(truth).max()
    assert found.after < 0.2


def test_with_too_few_people_figures_are_of_the_same_trials_and_say_so():
    trials, scored = gaussian_trials(3, seed=3, spread=1.0)
    found = calibrated_on(trials, scored)
    fitted = found.calibration.apply(scored.features)
    assert found.n_folds == 1
    assert found.after == pytest.approx(cllr(fitted[trials.is_target], fitted[~trials.is_target]))


def test_refused_trials_are_counted_and_cost_a_bit_each():
    trials, scored = gaussian_trials(20)
    values = scored.scores.scores.copy()
    refused = np.flatnonzero(trials.is_target)[:10]
    values[refused] = np.nan
    features = scored.features.copy()
    features[refused] = np.nan
    with_refusals = TrialScores(ScoreList(trials.pairs, values), False, features, {}, {})
    found = calibrated_on(trials, with_refusals)
    assert (found.refusals.targets, found.refusals.nontargets) == (10, 0)
    # Half of the target trials cost a bit, and target trials are half of the figure.
    assert found.after > 0.25


def test_the_ratios_that_were_there_are_measured_too():
    trials, scored = gaussian_trials(20)
    llr = Calibration(-4.5, (3.0,)).apply(scored.scores.scores)
    given = TrialScores(ScoreList(trials.pairs, llr), True, scored.features, {}, {})
    expected = cllr(llr[trials.is_target], llr[~trials.is_target])
    assert calibrated_on(trials, given).before == pytest.approx(expected)


def test_trials_of_one_kind_cannot_calibrate():
    trials, scored = gaussian_trials(3)
    strangers = TrialList(trials.pairs, np.zeros(9, bool))
    with pytest.raises(InputError, match="all of one kind"):
        calibrated_on(strangers, scored)


def test_separable_trials_are_warned_of_once():
    trials, scored = gaussian_trials(12, spread=30.0)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        calibrated_on(trials, scored)
    assert [warning.category for warning in told] == [FitWarning]
