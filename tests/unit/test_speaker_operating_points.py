"""Operating points: where their thresholds lie, and the words that name them."""

import math

import numpy as np
import pytest

from gmmkit.errors import ParameterError
from gmmkit.speaker.evaluation.operating_points import OperatingPoint, points_from_words, presets


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sre08", [(0.01, 10.0, 1.0)]),
        ("sre10", [(0.001, 1.0, 1.0)]),
        ("sre16", [(0.01, 1.0, 1.0), (0.005, 1.0, 1.0)]),
        ("sre18", [(0.01, 1.0, 1.0), (0.005, 1.0, 1.0)]),
        ("sre19", [(0.01, 1.0, 1.0), (0.005, 1.0, 1.0)]),
        ("vast", [(0.05, 1.0, 1.0)]),
        ("voxsrc", [(0.05, 1.0, 1.0)]),
    ],
)
def test_a_preset_is_that_of_its_evaluation_plan(name, expected):
    points = points_from_words(name)
    assert [(p.prior, p.cost_miss, p.cost_false_alarm) for p in points] == expected
    assert {point.name for point in points} == {name}


def test_the_presets_listed_are_those_that_words_name():
    assert all(points_from_words(name) == points for name, points in presets().items())


@pytest.mark.parametrize(
    ("words", "threshold"),
    [
        ("0.5", 0.0),
        ("0.01", math.log(99)),
        ("0.01:10:1", math.log(9.9)),
        ("0.5:1:20", math.log(20)),
    ],
)
def test_the_threshold_is_where_both_decisions_cost_the_same(words, threshold):
    (point,) = points_from_words(words)
    assert point.threshold == pytest.approx(threshold, abs=1e-14)
    odds = math.exp(threshold) * point.prior / (1 - point.prior)
    assert odds * point.cost_miss == pytest.approx(point.cost_false_alarm)


def test_the_effective_prior_has_the_same_threshold_at_equal_costs():
    point = OperatingPoint("door", prior=0.3, cost_miss=2, cost_false_alarm=50)
    assert OperatingPoint("same", point.effective_prior).threshold == pytest.approx(point.threshold)


def test_deciding_always_the_same_costs_one_at_best():
    for points in presets().values():
        for point in points:
            assert min(point.cost(0.0, 1.0), point.cost(1.0, 0.0)) == pytest.approx(1.0)


def test_costs_of_many_rates_come_at_once():
    rates = np.array([0.0, 0.5, 1.0])
    costs = OperatingPoint("even", prior=0.5).cost(rates, rates[::-1])
    assert costs.tolist() == [1.0, 1.0, 1.0]


def test_a_point_says_what_it_is_made_of():
    assert str(presets()["sre08"][0]) == "sre08 (P=0.01, Cmiss=10, Cfa=1)"


@pytest.mark.parametrize("prior", [0, 1, -0.1, 1.5, math.nan, "0.5", True, None])
def test_a_prior_has_to_be_a_probability(prior):
    with pytest.raises(ParameterError, match="prior is not usable"):
        OperatingPoint("x", prior)


@pytest.mark.parametrize("cost", [0, -1, math.inf, math.nan, "1", True])
def test_a_cost_has_to_be_positive(cost):
    with pytest.raises(ParameterError, match="cost_miss is not usable"):
        OperatingPoint("x", 0.5, cost_miss=cost)
    with pytest.raises(ParameterError, match="cost_false_alarm is not usable"):
        OperatingPoint("x", 0.5, cost_false_alarm=cost)


@pytest.mark.parametrize("words", ["", "sre2016", "0.01:1", "0.01:1:1:1", "a:b:c", "SRE08"])
def test_words_that_name_nothing_are_refused_with_those_that_do(words):
    with pytest.raises(ParameterError, match=r"one of sre08, sre10, sre16, .* Try: sre16"):
        points_from_words(words)


def test_words_for_an_impossible_prior_are_refused_as_such():
    with pytest.raises(ParameterError, match=r"prior is not usable: found 1\.5"):
        points_from_words("1.5")
