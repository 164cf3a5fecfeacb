"""Fits with labels, fixed components, noise, trimming, priors and gaps, each against its equation.

At the end of a run the M-step must give back what it was given: the equations below are that
step, written out row by row.
"""

import numpy as np
import pytest
from gaps import partial_sums, with_gaps
from strategies import FAMILIES, blobs, log_joint_oracle, posterior_oracle, sums_oracle

from gmmkit import ConjugatePrior, Mixture, fit
from gmmkit.core.families import family

TO_THE_END = {"start": "kmeans", "seed": 0, "tol": 1e-13, "max_iter": 5000}


def textbook_step(sums):
    """Weights, means and full covariances from sums about zero."""
    total = sums.weight.sum() + sums.noise_weight
    means = sums.first / sums.weight[:, None]
    squares = sums.second / sums.weight[:, None, None]
    return sums.weight / total, means, squares - means[:, :, None] * means[:, None, :]


def assert_stationary(mixture, sums, *, atol=2e-5):
    """A mixture of full covariances is what the M-step makes of its own sums."""
    weights, means, covariances = textbook_step(sums)
    np.testing.assert_allclose(mixture.weights, weights, atol=atol)
    np.testing.assert_allclose(mixture.means, means, atol=atol)
    np.testing.assert_allclose(mixture.covariances, covariances, atol=20 * atol)


def test_a_plain_fit_ends_where_the_equations_hold():
    rows, weights = blobs(80, 2, 2, seed=1), np.random.default_rng(1).uniform(0.5, 2, 80)
    mixture = fit(rows, 2, sample_weight=weights, **TO_THE_END).mixture
    assert_stationary(mixture, sums_oracle(rows, mixture, weights))


@pytest.mark.parametrize("name", FAMILIES)
def test_labels_of_all_rows_give_the_moments_of_the_classes(name):
    rows = blobs(60, 2, 3, seed=2, separation=1)
    labels = np.random.default_rng(2).permutation(np.arange(60) % 3)
    mixture = fit(rows, 3, covariance=name, labels=labels, **TO_THE_END).mixture
    np.testing.assert_allclose(mixture.weights, [1 / 3] * 3)
    scatter = np.zeros((3, 2, 2))
    for k in range(3):
        np.testing.assert_allclose(mixture.means[k], rows[labels == k].mean(axis=0), rtol=1e-10)
        scatter[k] = 20 * np.cov(rows[labels == k].T, ddof=0)
    kind = family(name)
    layout = {"full": scatter, "tied": scatter.sum(axis=0)}
    layout = layout.get(name, np.diagonal(scatter, axis1=1, axis2=2))
    values = kind.estimate(layout, np.full(3, 20.0))
    np.testing.assert_allclose(mixture.covariance.values, values, rtol=1e-9)


def test_with_some_labels_the_likelihood_is_of_named_and_unnamed_rows():
    rows = blobs(90, 2, 2, seed=3, separation=1)
    labels = np.where(np.arange(90) < 20, np.arange(90) % 2, -1)
    result = fit(rows, 2, labels=labels, **TO_THE_END)
    joint = log_joint_oracle(rows, result.mixture)
    named = joint[np.arange(20), labels[:20]].sum()
    unnamed = np.logaddexp(joint[20:, 0], joint[20:, 1]).sum()
    assert result.log_likelihood == pytest.approx(named + unnamed, rel=1e-10)
    assert_stationary(result.mixture, partial_sums(rows, result.mixture, labels=labels))


def test_components_have_the_numbers_of_their_labels():
    rows = np.concatenate([blobs(30, 2, 1, separation=0) + 40 * i for i in range(3)])
    labels = np.full(90, -1)
    labels[[0, 30, 60]] = [2, 0, 1]
    means = fit(rows, 3, labels=labels, **TO_THE_END).mixture.means
    for component, start in ((2, 0), (0, 30), (1, 60)):
        np.testing.assert_allclose(means[component], rows[start : start + 30].mean(axis=0))


def test_fixed_components_stay_and_the_others_obey_the_equations():
    rows = blobs(100, 2, 3, seed=4, separation=3)
    fixed = Mixture([1.0], [rows.mean(axis=0)], [[[9.0, 2.0], [2.0, 4.0]]])
    mixture = fit(rows, 3, fixed=fixed, **TO_THE_END).mixture
    np.testing.assert_allclose(mixture.means[0], fixed.means[0], rtol=1e-12)
    np.testing.assert_allclose(mixture.covariances[0], fixed.covariances[0], rtol=1e-12)
    weights, means, covariances = textbook_step(sums_oracle(rows, mixture))
    np.testing.assert_allclose(mixture.weights, weights, atol=1e-5)
    np.testing.assert_allclose(mixture.means[1:], means[1:], atol=1e-4)
    np.testing.assert_allclose(mixture.covariances[1:], covariances[1:], atol=1e-3)


def test_where_all_components_are_fixed_only_the_weights_are_fitted():
    rows = blobs(100, 2, 2, seed=5, separation=2)
    fixed = Mixture([0.5, 0.5], [[0.0, 0.0], [3.0, 1.0]], [4 * np.eye(2), 9 * np.eye(2)])
    mixture = fit(rows, 2, fixed=fixed, **TO_THE_END).mixture
    grid = np.linspace(1e-3, 1 - 1e-3, 999)
    density = np.exp(log_joint_oracle(rows, fixed)) * 2
    likelihood = [np.log(density @ [w, 1 - w]).sum() for w in grid]
    assert mixture.weights[0] == pytest.approx(grid[int(np.argmax(likelihood))], abs=2e-3)


def test_beside_noise_the_fit_obeys_the_equations():
    random = np.random.default_rng(6)
    rows = np.concatenate([blobs(90, 2, 2, seed=6), random.uniform(-25, 25, (20, 2))])
    result = fit(rows, 2, noise=True, **TO_THE_END)
    sums = sums_oracle(rows, result.mixture)
    assert result.log_likelihood == pytest.approx(sums.log_likelihood, rel=1e-11)
    assert result.mixture.noise.weight == pytest.approx(sums.noise_weight / 110, abs=1e-5)
    assert_stationary(result.mixture, sums)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_trimmed_fit_is_stationary_on_the_rows_that_it_finds_likeliest(weighted):
    rows = np.concatenate([blobs(90, 2, 2, seed=7), 200 + 5 * blobs(10, 2, 3, seed=8)])
    weights = np.where(np.arange(100) < 90, 2.0, 1.0) if weighted else np.ones(100)
    result = fit(rows, 2, trim=0.15, sample_weight=weights, **TO_THE_END)
    _, density = posterior_oracle(rows, result.mixture)
    target, kept = np.ceil(0.85 * weights.sum()), np.zeros(100)
    for row in np.argsort(-density, kind="stable"):
        kept[row] = min(weights[row], target - kept.sum())
    assert (result.kept == (kept > 0)).all()
    assert not result.kept[90:].any()
    assert result.weight == pytest.approx(target)
    assert result.log_likelihood == pytest.approx(kept @ density, rel=1e-10)
    assert_stationary(result.mixture, sums_oracle(rows, result.mixture, kept), atol=1e-4)


def test_with_a_prior_the_fit_is_the_mode_that_the_paper_gives():
    """Fraley and Raftery (2007), table 1, for full covariances."""
    rows = blobs(60, 2, 2, seed=1)
    scale = np.array([[3.0, 0.5], [0.5, 2.0]])
    prior = ConjugatePrior([1.0, -1.0], 2.5, 5.0, scale)
    mixture = fit(rows, 2, prior=prior, **TO_THE_END).mixture
    sums = sums_oracle(rows, mixture)
    weights, means, covariances = textbook_step(sums)
    np.testing.assert_allclose(mixture.weights, weights, atol=1e-6)
    for k, n in enumerate(sums.weight):
        mean = (n * means[k] + 2.5 * prior.mean) / (n + 2.5)
        apart = means[k] - prior.mean
        scatter = n * covariances[k] + scale + n * 2.5 / (n + 2.5) * np.outer(apart, apart)
        np.testing.assert_allclose(mixture.means[k], mean, atol=1e-5)
        np.testing.assert_allclose(mixture.covariances[k], scatter / (n + 5 + 2 + 2), atol=1e-4)


@pytest.mark.parametrize("labeled", [False, True])
def test_with_gaps_the_fit_obeys_the_equations_of_observed_cells(labeled):
    rows = with_gaps(blobs(80, 2, 2, seed=10), 0.2)
    rows = rows[~np.isnan(rows).all(axis=1)]
    labels = np.where(np.arange(len(rows)) < 8, np.arange(len(rows)) % 2, -1)
    labels = labels if labeled else None
    result = fit(rows, 2, missing="marginalize", labels=labels, **TO_THE_END)
    sums = partial_sums(rows, result.mixture, labels=labels)
    assert result.log_likelihood == pytest.approx(sums.log_likelihood, rel=1e-10)
    assert_stationary(result.mixture, sums, atol=1e-4)


def test_by_hard_assignment_every_component_has_the_moments_of_its_own_rows():
    rows = blobs(80, 2, 3, seed=11, separation=2)
    result = fit(rows, 3, assignment="hard", **TO_THE_END)
    joint = log_joint_oracle(rows, result.mixture)
    labels = joint.argmax(axis=1)
    assert result.log_likelihood == pytest.approx(joint.max(axis=1).sum(), rel=1e-11)
    for k in range(3):
        own = rows[labels == k]
        assert result.mixture.weights[k] == pytest.approx(len(own) / 80)
        np.testing.assert_allclose(result.mixture.means[k], own.mean(axis=0), rtol=1e-9)
        covariance = np.cov(own.T, ddof=0)
        np.testing.assert_allclose(result.mixture.covariances[k], covariance, rtol=1e-8)
