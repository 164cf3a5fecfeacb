"""Thresholds of scores, against counting."""

import numpy as np
import pytest

from gmmkit.errors import InputError
from gmmkit.estimators.thresholds import conformal_threshold, share_threshold

SCORES = np.random.default_rng(0).normal(size=200)
ONES = np.ones(200)


@pytest.mark.parametrize("share", [0.005, 0.07, 0.1, 0.29, 0.5])
def test_the_share_of_rows_below_is_met_exactly(share):
    threshold = share_threshold(SCORES, ONES, share)
    assert (threshold > SCORES).sum() == round(share * 200)


def test_ties_at_the_threshold_are_not_below_it():
    assert share_threshold(np.array([1.0, 1.0, 1.0, 2.0]), np.ones(4), 0.5) == 1.0


@pytest.mark.parametrize("share", [0.02, 0.1, 0.33])
@pytest.mark.parametrize("threshold", [share_threshold, conformal_threshold])
def test_weights_are_frequencies(threshold, share):
    counts = np.random.default_rng(1).integers(0, 4, 200)
    repeated = np.repeat(SCORES, counts)
    expected = threshold(repeated, np.ones(len(repeated)), share)
    present = counts > 0
    assert threshold(SCORES[present], counts[present].astype(float), share) == expected


@pytest.mark.parametrize("rate", [0.005, 0.01, 0.07, 0.29])
def test_a_row_is_below_where_its_conformal_p_value_is_at_most_the_rate(rate):
    threshold = conformal_threshold(SCORES, ONES, rate)
    for score in np.concatenate([SCORES, SCORES - 1e-9, SCORES + 1e-9]):
        p_value = (1 + (score >= SCORES).sum()) / 201
        assert (score < threshold) == (p_value <= rate)


def test_an_exchangeable_row_falls_below_at_most_at_the_rate():
    # Each of the 20 rows in turn is judged by the other 19: exactly 2 of 20 ranks are alarms.
    scores = SCORES[:20]
    alarms = [
        scores[n] < conformal_threshold(np.delete(scores, n), np.ones(19), 0.1) for n in range(20)
    ]
    assert sum(alarms) == 2


def test_too_few_rows_for_a_rate_are_refused_with_the_number_needed():
    with pytest.raises(InputError, match="at least 99"):
        conformal_threshold(SCORES[:98], np.ones(98), 0.01)
    assert conformal_threshold(SCORES[:99], np.ones(99), 0.01) == SCORES[:99].min()
