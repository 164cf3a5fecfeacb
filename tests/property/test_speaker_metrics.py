"""Metrics beside their definitions, threshold by threshold, and what must not matter to them."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import stable

from gmmkit.speaker.evaluation.detection import check_kind
from gmmkit.speaker.evaluation.evidence import pool_adjacent_violators
from gmmkit.speaker.evaluation.operating_points import OperatingPoint
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

# Few distinct values, so that ties within and between the kinds are the rule.
scores = st.lists(st.integers(-6, 6).map(lambda value: value / 2), min_size=1, max_size=12)
points = st.builds(
    OperatingPoint,
    st.just("drawn"),
    prior=st.floats(0.001, 0.999),
    cost_miss=st.floats(0.1, 10),
    cost_false_alarm=st.floats(0.1, 10),
)


def rates_at(threshold, target, nontarget):
    """Miss and false alarm rate, by counting."""
    missed = sum(score < threshold for score in target) / len(target)
    accepted = sum(score >= threshold for score in nontarget) / len(nontarget)
    return missed, accepted


def all_rates(target, nontarget):
    """The rates at every score and beyond the last, thresholds ascending."""
    thresholds = [*sorted({*target, *nontarget}), math.inf]
    return [rates_at(threshold, target, nontarget) for threshold in thresholds]


def crossing(one, other):
    """Where the straight line between two points has both rates equal, None if nowhere."""
    before, after = one[0] - one[1], other[0] - other[1]
    if not before <= 0 <= after or before == after:
        return None
    share = -before / (after - before)
    return one[0] + share * (other[0] - one[0])


@stable
@given(scores, scores)
def test_a_curve_has_the_rates_that_counting_gives(target, nontarget):
    curve = det_curve(target, nontarget)
    counted = all_rates(target, nontarget)
    np.testing.assert_allclose(curve.miss_rate, [miss for miss, _ in counted], atol=1e-15)
    np.testing.assert_allclose(curve.false_alarm_rate, [alarm for _, alarm in counted], atol=1e-15)


@stable
@given(scores, scores)
def test_the_equal_error_rate_lies_between_the_two_points_about_equality(target, nontarget):
    rates = all_rates(target, nontarget)
    found = [crossing(*pair) for pair in itertools.pairwise(rates)]
    expected = next(rate for rate in found if rate is not None)
    assert equal_error_rate(target, nontarget) == pytest.approx(expected, abs=1e-12)


@stable
@given(scores, scores)
def test_the_convex_hull_is_the_lowest_line_between_any_two_points(target, nontarget):
    rates = all_rates(target, nontarget)
    found = [crossing(one, other) for one in rates for other in rates]
    expected = min(rate for rate in found if rate is not None)
    ours = equal_error_rate(target, nontarget, method="convex-hull")
    assert ours == pytest.approx(expected, abs=1e-12)


@stable
@given(scores, scores, points)
def test_the_least_cost_is_the_least_over_all_thresholds(target, nontarget, point):
    miss_cost, alarm_cost = (
        point.cost_miss * point.prior,
        point.cost_false_alarm * (1 - point.prior),
    )
    costs = [miss_cost * miss + alarm_cost * alarm for miss, alarm in all_rates(target, nontarget)]
    expected = min(costs) / min(miss_cost, alarm_cost)
    assert min_dcf(target, nontarget, point) == pytest.approx(expected, rel=1e-12)


@stable
@given(scores, scores, points)
def test_no_threshold_costs_less_than_the_best_one_and_the_best_no_more_than_none(
    target, nontarget, point
):
    least = min_dcf(target, nontarget, point)
    assert least <= 1 + 1e-12
    assert least <= act_dcf(target, nontarget, point) + 1e-12


@stable
@given(scores, scores)
def test_pooling_gives_the_rising_fit_of_the_min_max_formula(target, nontarget):
    """At i: the largest over a <= i of the least over b >= i of the mean from a to b."""
    blocks = pool_adjacent_violators(*kinds(target, nontarget))
    distinct = sorted({*target, *nontarget})
    hits = np.array([target.count(score) for score in distinct], dtype=float)
    total = hits + [nontarget.count(score) for score in distinct]
    for i, score in enumerate(distinct):
        expected = max(
            min(hits[a : b + 1].sum() / total[a : b + 1].sum() for b in range(i, len(distinct)))
            for a in range(i + 1)
        )
        block = np.searchsorted(blocks.lowest, score, side="right") - 1
        mass = blocks.target_mass[block] + blocks.nontarget_mass[block]
        assert blocks.target_mass[block] / mass == pytest.approx(expected, abs=1e-12)


@stable
@given(scores, scores)
def test_pooled_blocks_rise_and_keep_every_trial(target, nontarget):
    blocks = pool_adjacent_violators(*kinds(target, nontarget))
    share = blocks.target_mass / (blocks.target_mass + blocks.nontarget_mass)
    assert (np.diff(share) > 0).all()
    assert (blocks.lowest <= blocks.highest).all()
    assert blocks.target_mass.sum() == len(target)
    assert blocks.nontarget_mass.sum() == len(nontarget)


@stable
@given(scores, scores, st.floats(0.01, 5), st.floats(-3, 3))
def test_no_rising_map_of_the_scores_loses_fewer_bits_than_the_least(
    target, nontarget, slope, offset
):
    least = min_cllr(target, nontarget)
    for scale in (slope, slope / 10):
        llr = [[scale * score + offset for score in kind] for kind in (target, nontarget)]
        assert least <= cllr(*llr) + 1e-12
        assert calibration_loss(*llr) >= -1e-12


@stable
@given(scores, scores)
def test_the_least_loss_is_that_of_the_pooled_ratios(target, nontarget):
    """With every trial given its block's ratio, the definition of Cllr gives minCllr."""
    blocks = pool_adjacent_violators(*kinds(target, nontarget))
    llr = blocks.llr(len(target), len(nontarget))
    pooled = [
        llr[np.searchsorted(blocks.lowest, kind, side="right") - 1] for kind in (target, nontarget)
    ]
    assert min_cllr(target, nontarget) == pytest.approx(cllr(*pooled), abs=1e-12)


@stable
@given(scores, scores, st.integers(0, 4), st.integers(0, 4))
def test_no_shift_of_the_pooled_ratios_is_better_where_trials_are_refused(
    target, nontarget, n_targets, n_nontargets
):
    refusals = Refusals(n_targets, n_nontargets)
    blocks = pool_adjacent_violators(*kinds(target, nontarget))
    llr = blocks.llr(len(target), len(nontarget))
    pooled = [
        llr[np.searchsorted(blocks.lowest, kind, side="right") - 1] for kind in (target, nontarget)
    ]
    shifts = np.linspace(-2, 2, 81)
    losses = [cllr(*(kind + shift for kind in pooled), refusals=refusals) for shift in shifts]
    least = min_cllr(target, nontarget, refusals=refusals)
    assert min(losses) - 1e-3 <= least <= min(losses) + 1e-12


@stable
@given(scores, scores)
def test_only_the_order_of_scores_matters_to_what_needs_no_calibration(target, nontarget):
    mapped = [np.exp(np.array(kind)) ** 3 - 7 for kind in (target, nontarget)]
    for metric in (equal_error_rate, min_cllr, least_cost):
        assert metric(*mapped) == pytest.approx(metric(target, nontarget), abs=1e-12)


@stable
@given(scores, scores)
def test_negated_scores_with_the_kinds_swapped_have_the_same_errors(target, nontarget):
    swapped = [-score for score in nontarget], [-score for score in target]
    for metric in (equal_error_rate, hull_rate, cllr, min_cllr):
        assert metric(*swapped) == pytest.approx(metric(target, nontarget), abs=1e-12)


@stable
@given(scores, scores, st.integers(0, 2**16))
def test_the_order_of_the_trials_does_not_matter(target, nontarget, seed):
    random = np.random.default_rng(seed)
    shuffled = random.permutation(target), random.permutation(nontarget)
    for metric in (equal_error_rate, hull_rate, min_cllr, least_cost):
        assert metric(*shuffled) == metric(target, nontarget)


@stable
@given(scores, scores, st.integers(0, 2**16))
def test_whole_weights_are_the_same_as_repeated_trials(target, nontarget, seed):
    random = np.random.default_rng(seed)
    counts = [random.integers(0, 4, len(kind)) for kind in (target, nontarget)]
    assume(all(count.any() for count in counts))
    repeated = [np.repeat(kind, n) for kind, n in zip((target, nontarget), counts, strict=True)]
    weights = {"target_weight": counts[0], "nontarget_weight": counts[1]}
    for metric in (equal_error_rate, hull_rate, cllr, min_cllr, least_cost, cost_at_zero):
        weighted = metric(target, nontarget, **weights)
        assert weighted == pytest.approx(metric(*repeated), abs=1e-12)


def kinds(target, nontarget):
    """The trials of both kinds, checked."""
    return check_kind(target, None, 0, "target"), check_kind(nontarget, None, 0, "nontarget")


def least_cost(target, nontarget, **weights):
    return min_dcf(target, nontarget, "sre16", **weights)


def cost_at_zero(target, nontarget, **weights):
    return act_dcf(target, nontarget, "0.5", **weights)


def hull_rate(target, nontarget, **weights):
    return equal_error_rate(target, nontarget, method="convex-hull", **weights)
