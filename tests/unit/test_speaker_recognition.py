"""From frames to ratios: fusion, normalization and calibration, each by its formula."""

import math

import numpy as np
import pytest
from strategies import log_sum_exp, voice
from voices import CALIBRATION, small_background

from gmmkit.io.audio import as_recording
from gmmkit.speaker.enrollment import enroll_one, hear
from gmmkit.speaker.recognition import (
    FEATURES,
    Scores,
    banks_of,
    calibrated_scores,
    features_of,
    fused_scores,
    identification_threshold,
    score,
)
from gmmkit.speaker.score_normalization import registry_t_norm
from gmmkit.speaker.scoring import ModelBank, judged, log_likelihood_ratios


def sound(seconds=1.5, *, seed=0):
    return as_recording((voice(seconds, seed=seed), 16_000))


@pytest.fixture(scope="module")
def background():
    return small_background(2)


@pytest.fixture(scope="module")
def enrolled(background):
    return [enroll_one(sound(seed=seed), background) for seed in range(4)]


@pytest.fixture(scope="module")
def heard(background):
    return hear(sound(seed=2), background)


def ratio(background, heard, offsets, index):
    """The ratio of one model in one subsystem."""
    ubm = background.subsystems[index].ubm
    bank = ModelBank.of(ubm, [offsets])
    return log_likelihood_ratios(judged(heard.frames[index], ubm), bank)[0]


def fusion_oracle(background, heard, offsets):
    """The mean over subsystems of log mean exp of four times the conditions' ratios, over four."""
    total = 0.0
    for index, of_conditions in enumerate(offsets):
        ratios = [ratio(background, heard, of_conditions[c], index) for c in of_conditions]
        total += (log_sum_exp([4 * each for each in ratios]) - math.log(len(ratios))) / 4
    return total / len(offsets)


def test_scores_are_fused_over_conditions_and_subsystems(background, enrolled, heard):
    found = score(heard, background, banks_of(background, enrolled)).scores
    expected = [fusion_oracle(background, heard, each.offsets(8.0)) for each in enrolled]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_cohort_is_scored_as_people_are(background, enrolled, heard):
    found = score(heard, background, banks_of(background, enrolled))
    cohort = []
    for person in range(6):
        offsets = [
            {c: of[person].astype(float) for c, of in subsystem.cohort.items()}
            for subsystem in background.subsystems
        ]
        cohort.append(fusion_oracle(background, heard, offsets))
    expected = registry_t_norm(found.scores, cohort)
    np.testing.assert_allclose(found.normalized, expected, rtol=1e-3, atol=1e-3)


def test_ratios_are_linear_in_score_normalized_score_and_log_seconds(background, enrolled, heard):
    found = score(heard, background, banks_of(background, enrolled))
    expected = -2.0 + found.scores + 2.0 * found.normalized + 0.1 * math.log(heard.seconds)
    np.testing.assert_allclose(found.llr, expected, rtol=1e-12)
    assert found.seconds == heard.seconds


def test_features_stand_in_the_order_of_their_names():
    rows = features_of(np.array([1.0, 2.0]), np.array([3.0, 4.0]), math.e)
    assert FEATURES == CALIBRATION.features == ("score", "normalized_score", "log_seconds")
    np.testing.assert_allclose(rows, [[1.0, 3.0, 1.0], [2.0, 4.0, 1.0]])


def test_without_a_calibration_there_is_no_ratio_and_ranks_are_by_normalized_scores(
    background, enrolled, heard
):
    found = score(heard, background.calibrated(None), banks_of(background, enrolled))
    assert found.llr is None
    assert found.ranked_by is found.normalized


def test_with_a_calibration_ranks_are_by_ratios(background, enrolled, heard):
    found = score(heard, background, banks_of(background, enrolled))
    assert found.ranked_by is found.llr


def test_those_who_are_not_counted_are_scored_and_do_not_count(background, enrolled, heard):
    banks = banks_of(background, enrolled)
    counted = np.array([True, False, True, False])
    found = score(heard, background, banks, counted=counted)
    everyone = score(heard, background, banks)
    np.testing.assert_array_equal(found.scores, everyone.scores)
    assert not np.allclose(found.normalized, everyone.normalized)


def test_any_number_of_threads_gives_the_same_bits(background, enrolled, heard):
    banks = banks_of(background, enrolled * 100)
    one, two = (score(heard, background, banks, n_threads=n) for n in (1, 2))
    np.testing.assert_array_equal(one.scores, two.scores)
    np.testing.assert_array_equal(one.llr, two.llr)


def test_a_single_condition_is_taken_as_it_is():
    background = small_background(1, conditions=("clean",))
    heard = hear(sound(), background)
    enrolled = enroll_one(sound(seed=1), background)
    found = score(heard, background, banks_of(background, [enrolled])).scores
    expected = ratio(background, heard, enrolled.offsets(8.0)[0]["clean"], 0)
    np.testing.assert_allclose(found, [expected], atol=1e-6)


def test_a_condition_that_fits_much_worse_costs_no_more_than_its_share():
    """log 2 / 4 at the most: whoever was enrolled in quiet is not punished for it."""
    background = small_background(1)
    heard = hear(sound(), background)
    ubm = background.subsystems[0].ubm
    near, far = np.full(ubm.means.shape, 0.1), np.full(ubm.means.shape, 3.0)
    ready = [judged(heard.frames[0], ubm)]
    banks = ({"clean": ModelBank.of(ubm, [near]), "noisy": ModelBank.of(ubm, [far])},)
    alone = log_likelihood_ratios(ready[0], banks[0]["clean"])
    lost = alone - fused_scores(ready, banks)
    np.testing.assert_allclose(lost, math.log(2) / 4, atol=1e-4)


def test_fused_scores_become_ratios_without_hearing_anything_again(background):
    enrolled, cohort = np.array([0.5, 0.1, -0.2]), np.array([-0.3, 0.0, 0.2])
    found = calibrated_scores(enrolled, cohort, 4.0, background)
    normalized = registry_t_norm(enrolled, cohort)
    assert isinstance(found, Scores)
    np.testing.assert_allclose(found.normalized, normalized)
    expected = CALIBRATION.apply(features_of(enrolled, normalized, 4.0))
    np.testing.assert_allclose(found.llr, expected)


@pytest.mark.parametrize(("n", "share"), [(1, 0.2), (10, 0.05), (500, 0.5)])
def test_at_the_threshold_strangers_get_names_in_the_share_of_tests_that_was_asked_for(n, share):
    """N people, each of whom reaches t with a probability of at most exp(-t)."""
    assert n * math.exp(-identification_threshold(n, share)) == pytest.approx(share)


def test_the_threshold_of_nobody_is_that_of_one():
    assert identification_threshold(0) == identification_threshold(1)
