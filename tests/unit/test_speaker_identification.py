"""Ranks, confusions and strangers, beside their definitions in plain loops."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import stable

from gmmkit.errors import InputError, ParameterError
from gmmkit.speaker.evaluation.identification import (
    confusion_matrix,
    cumulative_match_curve,
    rank_k_rate,
)
from gmmkit.speaker.evaluation.open_set import (
    detection_and_identification_rate,
    open_set_rates,
    open_set_threshold,
)

SCORES = [[3.0, 1.0, 0.0], [2.0, 1.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.5, 9.0]]
TRUTH = [0, 1, 2, -1]
NEVER = [-math.inf] * 3


@st.composite
def identifications(draw):
    """A few tests of models and strangers, with ties."""
    n_tests, n_models = draw(st.integers(1, 9)), draw(st.integers(1, 5))
    random = np.random.default_rng(draw(st.integers(0, 2**16)))
    scores = random.integers(-3, 4, (n_tests, n_models)).astype(float)
    return scores, random.integers(-1, n_models, n_tests)


def test_the_rate_at_each_rank_is_counted_over_enrolled_tests():
    assert cumulative_match_curve(SCORES, TRUTH) == pytest.approx([1 / 3, 2 / 3, 1])
    assert rank_k_rate(SCORES, TRUTH) == pytest.approx(1 / 3)
    assert rank_k_rate(SCORES, TRUTH, 2) == pytest.approx(2 / 3)


def test_a_tie_counts_against_the_right_model():
    assert cumulative_match_curve([[1.0, 1.0]], [0]).tolist() == [0.0, 1.0]


def test_a_refused_test_is_wrong_at_every_rank():
    assert cumulative_match_curve([NEVER, SCORES[0]], [1, 0]).tolist() == [0.5, 0.5, 0.5]


@stable
@given(identifications())
def test_the_curve_is_that_of_plain_counting(case):
    scores, truth = case
    enrolled = [(row, own) for row, own in zip(scores, truth, strict=True) if own >= 0]
    assume(enrolled)
    ranks = [1 + sum(s >= row[j] for i, s in enumerate(row) if i != j) for row, j in enrolled]
    curve = cumulative_match_curve(scores, truth)
    for k, rate in enumerate(curve, start=1):
        assert rate == pytest.approx(sum(rank <= k for rank in ranks) / len(ranks))


def test_every_test_is_counted_in_one_cell():
    counts = confusion_matrix([*SCORES, NEVER], [*TRUTH, 1])
    assert counts.tolist() == [[1, 0, 0, 0], [1, 0, 0, 1], [1, 0, 0, 0], [0, 0, 1, 0]]


@pytest.mark.parametrize("own", [0, 1])
def test_of_two_equal_models_the_wrong_one_gets_the_test(own):
    assert confusion_matrix([[1.0, 1.0]], [own])[own, 1 - own] == 1


def test_below_the_threshold_no_name_is_given():
    assert confusion_matrix(SCORES, TRUTH, 2.5)[:, 3].tolist() == [0, 1, 1, 0]


@stable
@given(identifications(), st.integers(-4, 4))
def test_the_diagonal_holds_what_is_right_and_margins_hold_the_tests(case, threshold):
    scores, truth = case
    counts = confusion_matrix(scores, truth, threshold)
    n_models = scores.shape[1]
    rows = np.bincount(np.where(truth < 0, n_models, truth), minlength=n_models + 1)
    assert counts.sum(axis=1).tolist() == rows.tolist()
    named, strangers = open_set_rates(scores, truth, threshold)
    if (truth >= 0).any():
        assert np.trace(counts[:-1, :-1]) / (truth >= 0).sum() == pytest.approx(named)
    if (truth < 0).any():
        assert counts[-1, :-1].sum() / (truth < 0).sum() == pytest.approx(strangers)


@stable
@given(st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=12), st.floats(0, 0.99))
def test_a_threshold_names_no_more_strangers_than_asked_and_a_lower_one_would(best, share):
    threshold = open_set_threshold(best, share)
    assert sum(score >= threshold for score in best) / len(best) <= share
    below = np.nextafter(threshold, -math.inf)
    assert sum(score >= below for score in best) / len(best) > share


def test_shares_that_are_no_binary_fractions_are_kept_to_the_test():
    best = np.arange(100.0)
    assert (best >= open_set_threshold(best, 0.29)).sum() == 29


def test_refused_strangers_need_no_threshold():
    threshold = open_set_threshold([-math.inf, -math.inf], 0.0)
    assert math.isfinite(threshold)


def test_with_a_confidence_as_many_are_named_as_the_binomial_law_allows():
    """59 tests without error bound the rate at 5 %; of 93, one may be named; by direct sums."""
    for n, allowed in [(59, 0), (92, 0), (93, 1), (200, 4)]:
        best = np.arange(float(n))
        named = int((best >= open_set_threshold(best, 0.05, confidence=0.95)).sum())
        assert named == allowed
        assert binomial_tail(n, named, 0.05) <= 0.05 < binomial_tail(n, named + 1, 0.05)


def binomial_tail(n, most, rate):
    """The probability of at most so many."""
    terms = (math.comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in range(most + 1))
    return math.fsum(terms)


def test_too_few_strangers_promise_nothing():
    with pytest.raises(InputError, match=r"found 58, with which 0\.0503 is the least share"):
        open_set_threshold(np.arange(58.0), 0.05, confidence=0.95)


def test_detection_and_identification_is_by_its_definition():
    """The stranger's best is 9, so that at no false alarm nobody is named."""
    assert detection_and_identification_rate(SCORES, TRUTH, 0.0) == 0.0
    more = [*SCORES, [0.0, 2.5, 0.0]]
    assert detection_and_identification_rate(more, [*TRUTH, -1], 0.5) == pytest.approx(1 / 3)
    assert detection_and_identification_rate(more, [*TRUTH, -1], 0.5, rank=2) == pytest.approx(
        1 / 3
    )


@stable
@given(identifications(), st.floats(0, 0.99), st.integers(1, 2))
def test_the_rate_is_the_best_over_thresholds_that_few_strangers_pass(case, share, rank):
    scores, truth = case
    rank = min(rank, scores.shape[1])
    strangers = [row for row, own in zip(scores, truth, strict=True) if own < 0]
    enrolled = [(row, own) for row, own in zip(scores, truth, strict=True) if own >= 0]
    assume(strangers)
    assume(enrolled)
    rates = []
    for threshold in np.arange(-4, 5) + 0.5:
        if sum(max(row) >= threshold for row in strangers) / len(strangers) <= share:
            hits = [
                row[j] >= threshold and sum(s >= row[j] for s in row) <= rank for row, j in enrolled
            ]
            rates.append(sum(hits) / len(hits))
    ours = detection_and_identification_rate(scores, truth, share, rank=rank)
    assert ours == pytest.approx(max(rates))


def test_a_test_just_above_the_strangers_is_detected():
    above = np.nextafter(1.0, 2.0)
    assert detection_and_identification_rate([[above], [1.0]], [0, -1], 0.0) == 1.0


def test_a_refused_test_is_not_detected_and_a_refused_stranger_not_named():
    rate = detection_and_identification_rate([NEVER, SCORES[0], NEVER], [0, 0, -1], 0.0)
    assert rate == 0.5


def test_a_rate_of_nobody_is_no_number():
    named, strangers = open_set_rates(SCORES[:1], [0], 0.0)
    assert (named, math.isnan(strangers)) == (1.0, True)


@pytest.mark.parametrize(
    ("scores", "truth", "match"),
    [
        ([1.0, 2.0], [0, 1], "wrong shape"),
        ([[1.0, math.nan]], [0], "contain NaN"),
        ([[1.0, math.inf]], [0], "infinite"),
        (np.zeros((0, 2)), [], "nothing to identify"),
        ([[1.0, 2.0]], [2], r"found 2 in row 0; needed -1 for a stranger, or 0 to 1"),
        ([[1.0, 2.0]], [-2], "found -2 in row 0"),
        ([[1.0, 2.0]], [0, 1], r"found shape \(2,\)"),
        ([[1.0, 2.0]], [0.0], "whole numbers"),
        ([[1.0, 2.0]], [-1], "no test is of anyone enrolled"),
    ],
)
def test_matrices_that_do_not_fit_are_refused(scores, truth, match):
    with pytest.raises(InputError, match=match):
        cumulative_match_curve(scores, truth)


@pytest.mark.parametrize("rank", [0, 4, 1.5])
def test_a_rank_beyond_the_models_is_refused(rank):
    with pytest.raises(ParameterError, match="rank is not usable"):
        rank_k_rate(SCORES, TRUTH, rank)


@pytest.mark.parametrize("truth", [[0, 1, 2, 0], [-1] * 4])
def test_detection_needs_strangers_and_enrolled_people(truth):
    with pytest.raises(InputError, match="all of one kind"):
        detection_and_identification_rate(SCORES, truth)


@pytest.mark.parametrize("share", [-0.1, 1.0, math.nan])
def test_a_share_out_of_range_is_refused(share):
    with pytest.raises(ParameterError, match="share is not usable"):
        open_set_threshold([1.0], share)


@pytest.mark.parametrize("confidence", [0.0, 1.0])
def test_a_confidence_out_of_range_is_refused(confidence):
    with pytest.raises(ParameterError, match="confidence is not usable"):
        open_set_threshold([1.0], confidence=confidence)


@pytest.mark.parametrize("best", [[], [math.inf]])
def test_strangers_need_scores(best):
    with pytest.raises(InputError, match="strang"):
        open_set_threshold(best)
