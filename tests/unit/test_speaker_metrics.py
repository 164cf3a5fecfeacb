"""Error rates, costs and bits of trials small enough to count by hand."""

import math

import numpy as np
import pytest

from gmmkit.errors import InputError, ParameterError
from gmmkit.speaker.evaluation.operating_points import OperatingPoint, presets
from gmmkit.speaker.metrics import (
    Refusals,
    act_dcf,
    calibration_loss,
    cllr,
    det_curve,
    equal_error_rate,
    min_cllr,
    min_dcf,
)

# At 1.5 one of four targets is missed and one of four nontargets, at 1.5, is accepted.
TARGETS = [1.0, 2.0, 3.0, 4.0]
NONTARGETS = [-1.0, 0.0, 0.5, 1.5]

EVERY_METRIC = [
    det_curve,
    equal_error_rate,
    cllr,
    min_cllr,
    calibration_loss,
    lambda target, nontarget: min_dcf(target, nontarget, "sre10"),
    lambda target, nontarget: act_dcf(target, nontarget, "sre10"),
]


def test_a_curve_has_a_point_for_every_distinct_score_and_one_that_rejects_all():
    curve = det_curve([1.0, 3.0, 3.0], [0.0, 1.0])
    assert curve.thresholds.tolist() == [0.0, 1.0, 3.0, math.inf]
    assert curve.miss_rate.tolist() == [0.0, 0.0, 1 / 3, 1.0]
    assert curve.false_alarm_rate.tolist() == [1.0, 0.5, 0.0, 0.0]


def test_a_curve_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        det_curve([1.0], [0.0]).miss_rate[0] = 1.0


def test_the_equal_error_rate_is_where_the_steps_cross():
    assert equal_error_rate(TARGETS, NONTARGETS) == 0.25


def test_the_equal_error_rate_between_two_thresholds_is_interpolated():
    """Thresholds 1 and 2 have misses 0 and 1/2, false alarms 1/3 and 0: they meet at 1/5."""
    assert equal_error_rate([1.0, 2.0], [0.0, 0.5, 1.0]) == pytest.approx(0.2, abs=1e-15)


def test_the_convex_hull_reads_lower():
    """It goes straight from half the misses alone to half the false alarms alone."""
    targets, nontargets = [1.0, 3.0], [0.0, 2.0]
    assert equal_error_rate(targets, nontargets) == 0.5
    assert equal_error_rate(targets, nontargets, method="convex-hull") == 0.25


def test_scores_that_say_nothing_have_an_equal_error_rate_of_one_half():
    assert equal_error_rate([0.0, 0.0], [0.0]) == 0.5


def test_scores_that_tell_all_apart_have_no_error_at_all():
    assert equal_error_rate([2.0, 3.0], [0.0, 1.0]) == 0.0
    assert min_dcf([2.0, 3.0], [0.0, 1.0], "sre16") == 0.0
    assert min_cllr([2.0, 3.0], [0.0, 1.0]) == 0.0


def test_scores_the_wrong_way_round_have_nothing_but_errors():
    assert equal_error_rate([0.0], [1.0]) == 1.0
    assert min_dcf([0.0], [1.0], "sre16") == 1.0
    assert min_cllr([0.0], [1.0]) == 1.0


def test_the_least_cost_is_normalized_by_that_of_deciding_unheard():
    """One miss of four and no false alarm: 10 · 0.01 · 0.25 over min(10 · 0.01, 0.99)."""
    assert min_dcf(TARGETS, NONTARGETS, "sre08") == pytest.approx(0.25, abs=1e-15)


def test_where_false_alarms_are_cheap_they_normalize():
    """One false alarm of four and no miss: 0.1 · 0.25 over min(0.9, 0.1)."""
    point = OperatingPoint("mostly the same", prior=0.9)
    assert min_dcf(TARGETS, NONTARGETS, point) == pytest.approx(0.25, abs=1e-15)


def test_the_cost_of_two_points_is_their_mean_each_at_its_own_threshold():
    both = presets()["sre16"]
    parts = [min_dcf(TARGETS, NONTARGETS, point) for point in both]
    assert min_dcf(TARGETS, NONTARGETS, "sre16") == pytest.approx(sum(parts) / 2)
    assert min_dcf(TARGETS, NONTARGETS, both) == min_dcf(TARGETS, NONTARGETS, "sre16")


def test_the_actual_cost_is_taken_at_the_threshold_of_bayes():
    """At a prior of 0.01 that is log 99 = 4.595: one of two targets and one of four others pass."""
    cost = act_dcf([4.59, 4.60], [4.60, 0.0, 0.0, 0.0], "0.01")
    assert cost == pytest.approx((0.01 * 0.5 + 0.99 * 0.25) / 0.01)


def test_a_ratio_at_the_threshold_is_accepted():
    point = OperatingPoint("even", prior=0.5)
    assert act_dcf([0.0], [-1.0], point) == 0.0
    assert act_dcf([1.0], [0.0], point) == 1.0


def test_ratios_of_zero_lose_one_bit():
    assert cllr([0.0, 0.0, 0.0], [0.0]) == 1.0


def test_bits_lost_are_the_mean_of_both_kinds():
    expected = (math.log2(1 + math.exp(-2.0)) + math.log2(1 + math.exp(-1.0))) / 2
    assert cllr([2.0], [-1.0]) == pytest.approx(expected, rel=1e-15)


def test_certain_and_right_loses_nothing_but_certain_and_wrong_loses_everything():
    assert cllr([math.inf, math.inf], [-math.inf]) == 0.0
    assert cllr([math.inf, -math.inf], [-math.inf]) == math.inf


def test_a_huge_ratio_does_not_overflow():
    assert cllr([-5000.0], [0.0]) == pytest.approx((5000 / math.log(2) + 1) / 2)


def test_the_least_loss_of_one_swapped_pair_is_known():
    """0 | 1 2 | 3 with the middle pooled: half of each kind sits in a block of ratio 1."""
    assert min_cllr([1.0, 3.0], [0.0, 2.0]) == pytest.approx(0.5, abs=1e-15)


def test_what_calibration_loses_is_the_difference():
    target, nontarget = [3.0, 1.0, -1.0], [-2.0, 0.5]
    expected = cllr(target, nontarget) - min_cllr(target, nontarget)
    assert calibration_loss(target, nontarget) == expected


def test_a_refused_target_trial_is_a_miss_at_every_threshold():
    curve = det_curve([1.0], [0.0], refusals=Refusals(targets=1))
    assert curve.miss_rate[1:].tolist() == [0.5, 0.5, 1.0]


def test_a_refused_nontarget_trial_is_a_false_alarm_at_every_threshold():
    curve = det_curve([1.0], [0.0], refusals=Refusals(nontargets=1))
    assert curve.false_alarm_rate[:-1].tolist() == [1.0, 0.5, 0.5]


def test_refusing_cannot_bring_errors_below_the_share_refused():
    refusals = Refusals(targets=1, nontargets=1)
    assert equal_error_rate([9.0] * 9, [-9.0] * 9, refusals=refusals) == pytest.approx(0.1)


def test_refused_trials_count_in_both_costs():
    point = OperatingPoint("even", prior=0.5)
    refusals = Refusals(targets=1)
    assert min_dcf([9.0] * 3, [-9.0], point, refusals=refusals) == 0.25
    assert act_dcf([9.0] * 3, [-9.0], point, refusals=refusals) == 0.25


def test_a_nontarget_trial_of_minus_infinity_is_rejected_rightly():
    assert equal_error_rate([1.0, 2.0], [0.0, -math.inf]) == 0.0


def test_a_refused_trial_costs_one_bit():
    refusals = Refusals(targets=1, nontargets=3)
    assert cllr([math.inf], [-math.inf], refusals=refusals) == pytest.approx((1 / 2 + 3 / 4) / 2)
    assert min_cllr([1.0], [0.0], refusals=refusals) == pytest.approx((1 / 2 + 3 / 4) / 2)


def test_a_system_that_refuses_all_is_as_good_as_none():
    refusals = Refusals(targets=2, nontargets=2)
    assert equal_error_rate([], [], refusals=refusals) == 1.0
    assert cllr([], [], refusals=refusals) == 1.0
    assert min_dcf([], [], "sre08", refusals=refusals) == 1.0


@pytest.mark.parametrize("metric", EVERY_METRIC)
def test_a_kind_without_trials_is_named(metric):
    with pytest.raises(InputError, match="there are no target trials"):
        metric([], [1.0])
    with pytest.raises(InputError, match="there are no nontarget trials"):
        metric([1.0], [])


@pytest.mark.parametrize("metric", EVERY_METRIC)
def test_a_score_that_is_no_number_is_refused_with_its_place(metric):
    with pytest.raises(InputError, match=r"target scores contain NaN: found 1 of 3, .* at \[1\]"):
        metric([1.0, math.nan, 2.0], [0.0])


@pytest.mark.parametrize("scores", [[[1.0]], 1.0])
def test_scores_of_another_dimension_are_refused(scores):
    with pytest.raises(InputError, match="wrong shape"):
        equal_error_rate(scores, [0.0])


@pytest.mark.parametrize("scores", [["a"], [1j], [None], [[1.0], [1.0, 2.0]]])
def test_scores_that_are_not_real_numbers_are_refused(scores):
    with pytest.raises(InputError, match="target scores"):
        equal_error_rate(scores, [0.0])


def test_an_unknown_method_is_refused_with_those_that_there_are():
    with pytest.raises(ParameterError, match="'interpolated' or 'convex-hull'"):
        equal_error_rate([1.0], [0.0], method="middle")


def test_an_unknown_operating_point_is_refused_with_those_that_there_are():
    with pytest.raises(ParameterError, match=r"found 'sre11'; needed one of sre08, .*voxsrc"):
        min_dcf([1.0], [0.0], "sre11")


@pytest.mark.parametrize("points", [(), [], None, 0.01])
def test_an_operating_point_of_another_kind_is_refused(points):
    with pytest.raises(ParameterError, match="no such operating point"):
        act_dcf([1.0], [0.0], points)


@pytest.mark.parametrize("count", [-1, 1.5, True])
def test_refusals_are_counted_in_whole_numbers(count):
    with pytest.raises(ParameterError, match="targets is not usable"):
        Refusals(targets=count)


@pytest.mark.parametrize("weight", [[1.0], [1.0, -1.0], [0.0, 0.0]])
def test_weights_that_do_not_fit_are_refused(weight):
    with pytest.raises(InputError):
        equal_error_rate([1.0, 2.0], [0.0], target_weight=weight)


def test_scores_are_left_as_they_were():
    target, nontarget = np.array([3.0, 1.0]), np.array([2.0, 0.0])
    for metric in EVERY_METRIC:
        metric(target, nontarget)
    assert target.tolist() == [3.0, 1.0]
    assert nontarget.tolist() == [2.0, 0.0]
