"""Distinct optima: what is merged, in which order they come, and how alike their labels are."""

import itertools

import numpy as np
import pytest
from strategies import FAMILIES, blobs, make_mixture

from gmmkit import Mixture, Noise, fit
from gmmkit.core.algebra.pairs import pair_log_affinities
from gmmkit.core.fits.optima import (
    Optimum,
    agreement,
    distinct_optima,
    likeness,
)
from gmmkit.errors import InputError, ParameterError


def line(*centers, weights=None, deviation=1.0):
    """A mixture of Gaussians of one deviation on a line."""
    k = len(centers)
    weights = np.full(k, 1 / k) if weights is None else weights
    variances = np.full((k, 1, 1), deviation**2)
    return Mixture(weights, np.array(centers, float)[:, None], variances)


def summary(optima):
    return [(optimum.log_likelihood, optimum.valid, optimum.starts) for optimum in optima]


def test_the_same_mixture_with_its_components_in_another_order_is_one_optimum():
    mixture = line(0.0, 5.0, 9.0, weights=[0.2, 0.3, 0.5])
    orders = itertools.permutations(range(3))
    found = [Optimum(-7.0, True, 1, mixture.reordered(order)) for order in orders]
    assert summary(distinct_optima(found)) == [(-7.0, True, 6)]


def test_other_mixtures_of_the_same_likelihood_stay_apart():
    found = [Optimum(-7.0, True, 1, line(0.0, 5.0)), Optimum(-7.0, True, 1, line(0.0, 9.0))]
    assert len(distinct_optima(found)) == 2


def test_the_same_mixture_beyond_the_tolerance_stays_apart():
    mixture = line(0.0, 5.0)
    found = [Optimum(value, True, 1, mixture) for value in (-7.0, -7.05, -7.2)]
    assert summary(distinct_optima(found, 0.1)) == [(-7.0, True, 2), (-7.2, True, 1)]


def test_a_merged_optimum_keeps_the_best_mixture():
    better, worse = line(0.0, 5.0), line(0.01, 5.0)
    found = [Optimum(-7.01, True, 2, worse), Optimum(-7.0, True, 3, better)]
    (optimum,) = distinct_optima(found)
    assert optimum.mixture is better
    assert optimum.starts == 5


def test_a_collapsed_optimum_comes_after_every_valid_one():
    found = [Optimum(-1.0, False, 1, line(0.0, 9.0)), Optimum(-7.0, True, 1, line(0.0, 5.0))]
    assert summary(distinct_optima(found)) == [(-7.0, True, 1), (-1.0, False, 1)]


def test_a_run_on_the_edge_of_collapse_joins_the_valid_one_that_it_equals():
    mixture = line(0.0, 5.0)
    found = [Optimum(-6.99, False, 1, mixture), Optimum(-7.0, True, 1, mixture)]
    assert summary(distinct_optima(found)) == [(-7.0, True, 2)]


def test_the_order_of_the_candidates_changes_nothing():
    mixtures = [line(0.0, 5.0), line(0.0, 5.01), line(0.0, 9.0), line(3.0, 4.0)]
    found = [Optimum(-7.0 - 0.06 * i, i < 3, i + 1, m) for i, m in enumerate(mixtures)]
    expected = summary(distinct_optima(found))
    for order in itertools.permutations(found):
        assert summary(distinct_optima(order)) == expected


def test_no_candidates_have_no_optima():
    assert distinct_optima([]) == ()


def test_runs_to_one_optimum_of_real_rows_are_merged_and_others_are_not():
    rows = blobs(200, 2, 3, seed=5)
    runs = [fit(rows, 3, seed=seed, start="random") for seed in range(6)]
    optima = distinct_optima(Optimum(run.log_likelihood, run.valid, 1, run.mixture) for run in runs)
    assert sum(optimum.starts for optimum in optima) == 6
    for first, second in itertools.combinations(optima, 2):
        close = abs(first.log_likelihood - second.log_likelihood) <= 0.1
        assert not close or likeness(first.mixture, second.mixture) < 0.99


@pytest.mark.parametrize("family", FAMILIES)
def test_a_mixture_is_like_itself_whatever_its_family(family):
    mixture = make_mixture(family, 4, 3, seed=2)
    assert likeness(mixture, mixture.reordered([2, 0, 3, 1])) == pytest.approx(1.0, abs=1e-12)


def test_likeness_pairs_components_as_well_as_can_be():
    first, second = make_mixture("full", 4, 2, seed=1), make_mixture("full", 4, 2, seed=2)
    shares = np.sqrt(np.outer(first.weights, second.weights))
    table = shares * np.exp(pair_log_affinities(first, second))
    best = max(
        sum(table[i, j] for i, j in enumerate(order)) for order in itertools.permutations(range(4))
    )
    assert likeness(first, second) == pytest.approx(best)


def test_noise_counts_as_one_more_component():
    variances = np.ones((1, 1, 1))
    few, many = (Mixture([1 - w], [[0.0]], variances, Noise(w, -3.0)) for w in (0.1, 0.4))
    assert likeness(few, few) == pytest.approx(1.0)
    assert likeness(few, many) == pytest.approx(np.sqrt(0.9 * 0.6) + np.sqrt(0.1 * 0.4))


def test_a_mixture_with_fewer_components_can_be_compared():
    assert likeness(line(0.0, 50.0), line(0.0)) == pytest.approx(np.sqrt(0.5))


def test_agreement_is_the_adjusted_rand_index_by_counting_pairs():
    rows = np.random.default_rng(0).normal(size=(40, 1)) * 4
    optima = [Optimum(0.0, True, 1, m) for m in (line(-4.0, 4.0), line(-6.0, 0.0, 6.0))]
    first, second = (optimum.mixture.labels(rows) for optimum in optima)
    pairs = list(itertools.combinations(range(40), 2))
    together = np.array([[f[i] == f[j] for i, j in pairs] for f in (first, second)], float)
    both, a, b = (together[0] * together[1]).sum(), together[0].sum(), together[1].sum()
    chance = a * b / len(pairs)
    expected = (both - chance) / ((a + b) / 2 - chance)
    table = agreement(optima, rows)
    assert table[0, 1] == pytest.approx(expected)
    assert table.tolist() == table.T.tolist()
    assert table.diagonal().tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: agreement([], [[0.0]]), InputError, "there are no optima to compare"),
        (
            lambda: agreement([Optimum(0.0, True, 1, line(0.0))], [[0.0, 1.0]]),
            InputError,
            "found 2 columns; needed 1",
        ),
        (lambda: distinct_optima([], -1.0), ParameterError, "tolerance is not usable: found -1.0"),
        (lambda: Optimum(0.0, True, 0, line(0.0)), ParameterError, "starts is not usable: found 0"),
    ],
)
def test_what_cannot_be_compared_is_refused(call, error, match):
    with pytest.raises(error, match=match):
        call()
