"""Intervals over speakers drawn anew: right as often as they say, and what they refuse."""

import functools
import math

import numpy as np
import pytest

from gmmkit.errors import InputError, ParameterError
from gmmkit.speaker.evaluation.bootstrap import Interval, speaker_bootstrap, speaker_bootstrap_mean
from gmmkit.speaker.metrics import cllr, equal_error_rate, min_cllr, min_dcf


def trials(n_speakers, random, *, n_tests=4):
    """All-against-all trials in which speakers differ in every respect."""
    as_model, as_test, as_self = random.normal(0, 0.5, (3, n_speakers))
    model, test = np.meshgrid(np.arange(n_speakers), np.repeat(np.arange(n_speakers), n_tests))
    model, test = model.ravel(), test.ravel()
    is_target = model == test
    scores = as_model[model] + as_test[test] + random.normal(0, 1, model.size)
    return scores + is_target * (3.4 + 1.4 * as_self[model]), is_target, model, test


def test_intervals_hold_the_rate_of_all_speakers_about_as_often_as_they_say():
    """60 sets of 30 speakers; of 95 % intervals, fewer than 52 hold with probability 0.002."""
    random = np.random.default_rng(1)
    scores, is_target, *_ = trials(800, random, n_tests=2)
    truth = equal_error_rate(scores[is_target], scores[~is_target])
    intervals = [speaker_bootstrap(equal_error_rate, *trials(30, random), n=100) for _ in range(60)]
    assert sum(interval.low <= truth <= interval.high for interval in intervals) >= 52
    # Not by being wide: that of 120 target trials drawn one by one is about as wide as a third.
    width = np.mean([interval.high - interval.low for interval in intervals])
    binomial = 2 * 1.96 * math.sqrt(truth * (1 - truth) / 120)
    assert binomial / 2 < width < 1.5 * binomial


def test_a_replicate_weighs_trials_by_how_often_their_speakers_were_drawn():
    """Two speakers: unless both are drawn once, one kind has no trials left and it is done over."""
    seen = []

    def metric(target, nontarget, *, target_weight, nontarget_weight):
        arrays = target, nontarget, target_weight, nontarget_weight
        seen.append([array.tolist() for array in arrays])
        return 0.0

    model, test = np.array([0, 1, 0, 1]), np.array([0, 1, 1, 0])
    speaker_bootstrap(metric, [5.0, 6.0, 1.0, 2.0], model == test, model, test, n=7)
    assert seen == [[[5.0, 6.0], [1.0, 2.0], [1.0, 1.0], [1.0, 1.0]]] * 7


def test_a_nontarget_trial_weighs_the_product_and_a_target_trial_the_count():
    model, test = (side.ravel() for side in np.meshgrid(np.arange(3), np.arange(3)))
    is_target = model == test

    def metric(target, nontarget, *, target_weight, nontarget_weight):
        times = dict(zip(target.astype(int), target_weight, strict=True))
        for code, weight in zip(nontarget.astype(int), nontarget_weight, strict=True):
            one, other = divmod(code - 10, 3)
            assert weight == times[one] * times[other]
        assert sum(times.values()) == 3
        return 0.0

    scores = np.where(is_target, model, 10 + 3 * model + test)
    speaker_bootstrap(metric, scores, is_target, model, test, n=50)


def test_the_same_seed_gives_the_same_interval():
    data = trials(10, np.random.default_rng(0))
    one, again, other = (speaker_bootstrap(min_cllr, *data, n=30, seed=seed) for seed in (4, 4, 5))
    assert one == again
    assert one != other


def test_neither_the_order_of_trials_nor_what_speakers_are_called_matters():
    scores, is_target, model, test = trials(8, np.random.default_rng(0))
    order = np.random.default_rng(1).permutation(len(scores))
    names = np.array([f"speaker {code}" for code in range(8)])
    plain = speaker_bootstrap(equal_error_rate, scores, is_target, model, test, n=40)
    anew = scores[order], is_target[order], names[model[order]], names[test[order]]
    shuffled = speaker_bootstrap(equal_error_rate, *anew, n=40)
    assert plain == shuffled


def test_a_figure_with_an_operating_point_is_given_as_a_partial_function():
    metric = functools.partial(min_dcf, operating_point="sre16")
    data = trials(10, np.random.default_rng(0))
    scores, is_target, *_ = data
    interval = speaker_bootstrap(metric, *data, n=30)
    assert interval.low < metric(scores[is_target], scores[~is_target]) < interval.high


def test_an_infinite_figure_gives_an_infinite_end_and_no_nan():
    scores, is_target, model, test = trials(10, np.random.default_rng(0))
    scores[np.flatnonzero(is_target)[0]] = -math.inf
    interval = speaker_bootstrap(cllr, scores, is_target, model, test, n=30)
    assert math.isfinite(interval.low)
    assert interval.high == math.inf


def test_a_higher_level_gives_a_wider_interval():
    data = trials(10, np.random.default_rng(0))
    narrow, wide = (
        speaker_bootstrap(equal_error_rate, *data, n=200, level=level) for level in (0.5, 0.99)
    )
    assert wide.low < narrow.low < narrow.high < wide.high


def test_a_rate_varies_with_speakers_not_with_tests():
    """Of ten speakers five are always right: the standard deviation is that of ten, 0.158."""
    right, speaker = np.repeat([1, 0], 500), np.repeat(np.arange(10), 100)
    interval = speaker_bootstrap_mean(right, speaker, n=2000)
    assert interval.low == pytest.approx(0.2, abs=0.11)
    assert interval.high == pytest.approx(0.8, abs=0.11)


def test_an_interval_reads_as_a_sentence():
    assert str(Interval(0.02134, 0.0481, 0.95)) == "0.0213 to 0.0481 (95 %)"


def test_recordings_given_for_speakers_are_noticed():
    scores, is_target, model, _ = trials(5, np.random.default_rng(0))
    with pytest.raises(InputError, match=r"contradict each other.*pass who speaks, not which rec"):
        speaker_bootstrap(equal_error_rate, scores, is_target, model, np.arange(len(scores)))


@pytest.mark.parametrize("flags", [np.ones(4, bool), np.zeros(4, bool)])
def test_trials_of_one_kind_alone_are_refused(flags):
    with pytest.raises(InputError, match="all of one kind"):
        speaker_bootstrap(equal_error_rate, np.zeros(4), flags, [0, 1, 0, 1], [0, 1, 0, 1])


def test_one_speaker_is_too_few():
    with pytest.raises(InputError, match="too few speakers to draw from: found 1"):
        speaker_bootstrap_mean([1.0, 0.0], ["ana", "ana"])


def test_lengths_have_to_agree():
    with pytest.raises(InputError, match="model_speaker does not match the scores"):
        speaker_bootstrap(equal_error_rate, [1.0, 0.0], [True, False], [0], [0, 1])


def test_flags_have_to_be_true_or_false():
    with pytest.raises(InputError, match="is_target is not true or false: found dtype int64"):
        speaker_bootstrap(equal_error_rate, [1.0, 0.0], [1, 0], [0, 0], [0, 1])


@pytest.mark.parametrize(("option", "value"), [("n", 0), ("seed", -1), ("level", 1.0)])
def test_arguments_out_of_range_are_refused(option, value):
    with pytest.raises(ParameterError, match=f"{option} is not usable"):
        speaker_bootstrap_mean([1.0, 0.0], [0, 1], **{option: value})
