"""Conjugate priors: the published M-steps, the mode by brute force, and mclust's own number."""

from dataclasses import replace

import numpy as np
import pytest
from parsimonious import DIAGONAL, FOURTEEN, in_layout, random_member
from sklearn.datasets import load_iris
from strategies import blobs

from gmmkit import Covariance, Mixture
from gmmkit.core.em import e_step, units_of
from gmmkit.core.families import family
from gmmkit.core.priors import ConjugatePrior, default_prior, log_prior, penalized
from gmmkit.core.statistics import pack_symmetric, unpack_symmetric
from gmmkit.core.units import Units
from gmmkit.errors import ParameterError

K, D = 3, 2
PRIOR_ROWS, DEGREES = 1.5, 5.0
SQUARES = np.array([[3.0, 1.0], [1.0, 2.0]])


def mixture_of(name, seed=0, k=K, d=D):
    random = np.random.default_rng(seed)
    values = family(name).from_dense(random_member(name, k, d, random))
    weights = random.dirichlet(np.full(k, 5.0))
    return Mixture(weights, 2 * random.standard_normal((k, d)), Covariance(name, values))


def prior_for(name):
    scale = np.full(D, 2.0) if family(name).axis_aligned else SQUARES
    return ConjugatePrior([0.5, -0.5], PRIOR_ROWS, DEGREES, scale)


def statistics_of(name, seed=0):
    rows = blobs(60, D, K, seed=seed, separation=2.0)
    return e_step(rows, mixture_of(name, seed), units=Units.plain(D))


def maximized(statistics, name, prior, previous=None):
    """The mixture of one M-step with a prior."""
    kind = family(name)
    sums = penalized(statistics, kind, prior)
    values = kind.estimate(sums.scatter, sums.weight, previous)
    shares = statistics.weight / statistics.total
    return Mixture(shares, sums.means, Covariance(kind, values))


def combined_scatter(statistics, prior):
    """W'_k of the paper, without the prior's own squares, from the definition; (K, D, D)."""
    second = statistics.second
    full = np.array([[[s[0], s[1]], [s[1], s[2]]] for s in second])
    combined = []
    for n, first, squares in zip(statistics.weight, statistics.first, full, strict=True):
        mean = first / n
        apart = mean - prior.mean
        pull = PRIOR_ROWS * n / (PRIOR_ROWS + n)
        combined.append(squares - n * np.outer(mean, mean) + pull * np.outer(apart, apart))
    return np.array(combined)


def published(name, sums, counts, scale):
    """Table 1 of Fraley and Raftery (2007) for the six families that it gives in closed form."""
    n, variance = counts.sum(), 2.0
    squares = np.array([np.diag(s) for s in sums])
    if name == "VVV":
        return (scale + sums) / (counts + DEGREES + D + 2)[:, None, None]
    if name == "EEE":
        return (scale + sums.sum(axis=0)) / (n + K + DEGREES + D + 1)
    if name == "VVI":
        return (variance + squares) / (counts + DEGREES + 3)[:, None]
    if name == "EEI":
        return (variance + squares.sum(axis=0)) / (n + K + DEGREES + 2)
    if name == "VII":
        return (variance + squares.sum(axis=1)) / (DEGREES + D * counts + D + 2)
    return (variance + squares.sum()) / (DEGREES + (n + K) * D + 2)


@pytest.mark.parametrize("name", ["VVV", "EEE", "VVI", "EEI", "VII", "EII"])
def test_covariances_with_a_prior_are_those_of_the_paper(name):
    rows = blobs(60, D, K, seed=3, separation=2.0)
    mixture = mixture_of(name, 3)
    full = Mixture(mixture.weights, mixture.means, mixture.covariances)
    sums = combined_scatter(e_step(rows, full, units=Units.plain(D)), prior_for(name))
    statistics = e_step(rows, mixture, units=Units.plain(D))
    found = maximized(statistics, name, prior_for(name)).covariance.values
    expected = published(name, sums, statistics.weight, SQUARES)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("name", FOURTEEN)
def test_means_are_drawn_toward_the_prior_by_its_rows(name):
    statistics, prior = statistics_of(name), prior_for(name)
    n = statistics.weight[:, None]
    expected = (statistics.first + PRIOR_ROWS * prior.mean) / (n + PRIOR_ROWS)
    found = penalized(statistics, family(name), prior).means
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def objective(statistics, mixture, prior):
    """The expected log likelihood of some sums, up to a constant, and the log prior."""
    total = log_prior(mixture, prior)
    full = np.array([[[s[0], s[1]], [s[1], s[2]]] for s in statistics.second])
    parts = (statistics.weight, statistics.first, full, mixture.means, mixture.covariances)
    for n, first, squares, mean, covariance in zip(*parts, strict=True):
        cross = np.outer(first, mean)
        scatter = squares - cross - cross.T + n * np.outer(mean, mean)
        total -= 0.5 * n * np.linalg.slogdet(covariance)[1]
        total -= 0.5 * np.trace(np.linalg.solve(covariance, scatter))
    return total


def statistics_in(statistics, kind):
    """Statistics with full second moments in the layout of a family."""
    laid = in_layout(unpack_symmetric(statistics.second, D), kind)
    second = laid if kind.axis_aligned else pack_symmetric(laid)
    return replace(statistics, second=second, moments=kind.moments)


@pytest.mark.parametrize("name", FOURTEEN)
def test_no_other_mixture_of_the_family_has_a_higher_posterior(name):
    random, prior, kind = np.random.default_rng(1), prior_for(name), family(name)
    statistics = e_step(blobs(60, D, K, seed=1), mixture_of("VVV", 1), units=Units.plain(D))
    best = maximized(statistics_in(statistics, kind), name, prior)
    highest = objective(statistics, best, prior)
    for step in (1e-3, 1e-2, 0.1):
        for _ in range(20):
            means = best.means + step * random.standard_normal((K, D))
            noisy = best.covariances * np.exp(step * random.standard_normal((K, 1, 1)))
            turn = np.eye(D) + step * random.standard_normal((K, D, D))
            near = in_layout(turn @ noisy @ turn.swapaxes(1, 2), kind)
            other = Covariance(kind, kind.estimate(near, np.ones(K)))
            worse = objective(statistics, Mixture(best.weights, means, other), prior)
            assert worse <= highest + 1e-9


@pytest.mark.parametrize("name", FOURTEEN)
def test_expectation_maximization_with_a_prior_never_lowers_the_posterior(name):
    rows, mixture, prior = (
        blobs(80, D, K, seed=2, separation=2.0),
        mixture_of(name, 2),
        prior_for(name),
    )
    heights = []
    for _ in range(12):
        statistics = e_step(rows, mixture, units=Units.plain(D))
        heights.append(statistics.log_likelihood + log_prior(mixture, prior))
        mixture = maximized(statistics, name, prior, mixture.covariance.values)
    assert np.diff(heights).min() >= -1e-8
    assert heights[-1] > heights[0]


def test_the_regularized_fit_of_iris_has_the_criterion_that_mclust_prints():
    rows = load_iris().data
    shares = np.eye(2)[(load_iris().target > 0).astype(int)]
    kind = family("VEV")
    start = Mixture([1.0], [rows.mean(axis=0)], [np.cov(rows.T)])
    prior = default_prior(e_step(rows, start), kind, 2)
    mixture = _one_step(rows, shares, kind, prior, None)
    for _ in range(200):
        previous = mixture.covariance.values
        mixture = _one_step(rows, mixture.responsibilities(rows), kind, prior, previous)
    criterion = 2 * mixture.log_density(rows).sum() - mixture.n_parameters * np.log(len(rows))
    assert criterion == pytest.approx(-580.8136, abs=1e-4)


def _one_step(rows, shares, kind, prior, previous):
    """An M-step from responsibilities, by the formulas of the paper."""
    counts = shares.sum(axis=0)
    means = shares.T @ rows / counts[:, None]
    rows_pulled = counts * prior.mean_weight / (counts + prior.mean_weight)
    scatter = []
    for share, mean, pulled in zip(shares.T, means, rows_pulled, strict=True):
        apart = mean - prior.mean
        own = (share[:, None] * (rows - mean)).T @ (rows - mean)
        scatter.append(own + prior.scale + pulled * np.outer(apart, apart))
    _, weight = kind.prior_shares(2, 4, prior.degrees_of_freedom)
    values = kind.estimate(np.array(scatter), counts + weight, previous)
    toward = (prior.mean_weight / (counts + prior.mean_weight))[:, None]
    return Mixture(
        counts / len(rows), means + toward * (prior.mean - means), Covariance(kind, values)
    )


@pytest.mark.parametrize("name", FOURTEEN)
def test_a_prior_acts_the_same_in_working_units(name):
    rows, mixture, prior = 40 + 8 * blobs(60, D, K, seed=4), mixture_of(name, 4), prior_for(name)
    moved = Mixture(mixture.weights, 8 * mixture.means + 40, _stretched(mixture.covariance, 8.0))
    units = units_of(moved)
    plain = maximized(e_step(rows, moved, units=Units.plain(D)), name, prior)
    inside = maximized(e_step(rows, moved, units=units), name, prior.standardized(units))
    restored = units.restore(inside)
    np.testing.assert_allclose(restored.means, plain.means, rtol=1e-8)
    np.testing.assert_allclose(restored.covariances, plain.covariances, rtol=1e-4, atol=1e-4)


def _stretched(covariance, factor):
    return Covariance(covariance.family, covariance.values * factor**2)


@pytest.mark.parametrize("name", FOURTEEN)
def test_many_mixtures_at_once_are_done_as_each_alone(name):
    kind, prior = family(name), prior_for(name)
    both = [statistics_of(name, seed) for seed in (5, 6)]
    stacked = replace(
        both[0],
        **{
            part: np.stack([getattr(one, part) for one in both])
            for part in ("weight", "first", "second")
        },
    )
    together = penalized(stacked, kind, prior)
    for index, one in enumerate(both):
        for found, expected in zip(together, penalized(one, kind, prior), strict=True):
            np.testing.assert_allclose(found[index], expected, rtol=1e-12)


@pytest.mark.parametrize("name", FOURTEEN)
def test_the_default_prior_is_the_moments_of_the_data_shared_by_volume(name):
    rows = 1e3 + blobs(50, 3, 2, seed=7) * [1.0, 2.0, 0.5]
    one = Covariance(name, family(name).from_dense(np.eye(3)[None]))
    whole = e_step(rows, Mixture([1.0], [rows.mean(axis=0)], one))
    prior = default_prior(whole, family(name), 4)
    covariance = np.cov(rows.T) / 4 ** (2 / 3)
    expected = np.full(3, np.trace(covariance) / 3) if name in DIAGONAL else covariance
    np.testing.assert_allclose(prior.mean, rows.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(prior.scale, expected, rtol=1e-9)
    assert (prior.mean_weight, prior.degrees_of_freedom) == (0.01, 5.0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([0.0, 0.0], 0.01, 4.0, [1.0]), "do not match"),
        (([[0.0]], 0.01, 4.0, [1.0]), "do not match"),
        (([0.0, 0.0], 0.01, 1.0, [1.0, 1.0]), "degrees of freedom"),
        (([0.0, 0.0], -1.0, 4.0, [1.0, 1.0]), "mean_weight"),
        (([0.0, 0.0], 0.01, 4.0, [1.0, -1.0]), "sum of squares"),
        (([0.0, 0.0], 0.01, 4.0, [[1.0, 2.0], [2.0, 1.0]]), "sum of squares"),
        (([0.0, 0.0], 0.01, 4.0, [[1.0, 0.5], [0.0, 1.0]]), "sum of squares"),
        (([0.0, np.nan], 0.01, 4.0, [1.0, 1.0]), "NaN"),
    ],
)
def test_a_prior_out_of_range_is_refused(arguments, words):
    with pytest.raises(ParameterError, match=words):
        ConjugatePrior(*arguments)


@pytest.mark.parametrize(("name", "width"), [("VVV", 2), ("VVI", 3)])
def test_a_prior_for_other_covariances_is_refused_with_the_shape_that_is_needed(name, width):
    prior = ConjugatePrior([0.0, 0.0], 0.01, 4.0, [1.0, 1.0])
    with pytest.raises(ParameterError, match="does not suit") as caught:
        prior.check_suits(family(name), width)
    assert str(width) in caught.value.needed
    prior.check_suits(family("VVI"), 2)
