"""Scoring many rows: by products where they are exact enough, about each mean elsewhere."""

from dataclasses import replace

import numpy as np
import pytest
from strategies import FAMILIES, make_mixture

from gmmkit.core.engine.scoring import Scorer
from gmmkit.core.mixture import Mixture
from gmmkit.core.noise import Noise
from gmmkit.errors import InputError, ParameterError


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_scorer_agrees_with_the_densities_about_each_mean(family, dtype):
    mixture = make_mixture(family, 4, 3)
    rows = mixture.sample(20_000, seed=1).astype(dtype)
    scorer = Scorer.of(mixture)
    assert not len(scorer.centered)
    np.testing.assert_allclose(scorer.log_joint(rows), mixture.log_joint(rows).T, atol=1e-9)


@pytest.mark.parametrize("offset", [1e4, 1e8])
def test_an_offset_costs_a_scorer_no_digits(offset):
    mixture = make_mixture("full", 3, 2)
    far = Mixture(mixture.weights, mixture.means + offset, mixture.covariance)
    rows = far.sample(500, seed=2)
    np.testing.assert_allclose(Scorer.of(far).log_joint(rows), far.log_joint(rows).T, atol=1e-8)


def test_components_far_apart_in_their_own_units_are_scored_about_each_mean():
    mixture = Mixture([0.5, 0.5], [[0.0], [1e5]], np.ones((2, 1, 1)))
    scorer, rows = Scorer.of(mixture), np.array([[0.5], [1e5 + 0.5]])
    assert scorer.centered.tolist() == [0, 1]
    assert scorer.log_joint(rows).tolist() == mixture.log_joint(rows).T.tolist()


def test_noise_is_no_component_of_a_score():
    noisy = Mixture([0.4, 0.4], [[0.0], [4.0]], np.ones((2, 1, 1)), Noise(0.2, -3.0))
    rows = np.linspace(-2, 6, 9)[:, None]
    np.testing.assert_allclose(Scorer.of(noisy).log_joint(rows), noisy.log_joint(rows).T)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("noise", [None, Noise(0.1, -9.0)])
def test_readings_agree_with_posteriors_about_each_mean(family, compiled, noise):
    mixture = make_mixture(family, 4, 3)
    if noise is not None:
        mixture = Mixture(0.9 * mixture.weights, mixture.means, mixture.covariance, noise)
    rows = make_mixture(family, 4, 3).sample(3_000, seed=1)
    scorer = replace(Scorer.of(mixture), compiled=compiled)
    shares, density = mixture.posteriors(rows)
    np.testing.assert_allclose(scorer.log_density(rows), density, atol=1e-9)
    np.testing.assert_allclose(scorer.responsibilities(rows), shares, atol=1e-9)
    assert np.array_equal(scorer.labels(rows), mixture._labels_block(rows))


@pytest.mark.parametrize("compiled", [False, True])
def test_only_the_component_that_products_blur_is_taken_about_its_mean(compiled):
    thin = Mixture([0.5, 0.5], [[0.0, 0.0], [3.0, 3.0]], [np.eye(2), 1e-9 * np.eye(2)])
    rows = np.concatenate([thin.sample(400, seed=0), [[3.0, 3.001]]])
    scorer = replace(Scorer.of(thin), compiled=compiled)
    assert scorer.centered.tolist() == [1]
    np.testing.assert_allclose(scorer.log_density(rows), thin.posteriors(rows)[1], rtol=1e-11)
    assert np.array_equal(scorer.labels(rows), thin._labels_block(rows))


def test_many_rows_are_read_as_few_are():
    mixture = make_mixture("full", 8, 4)
    rows = mixture.sample(20_000, seed=3)
    few = [rows[start : start + 500] for start in range(0, len(rows), 500)]
    for read in (mixture.log_density, mixture.responsibilities, mixture.labels):
        of_few = np.concatenate([read(each) for each in few])
        np.testing.assert_allclose(read(rows), of_few, atol=1e-9)


def test_labels_of_single_precision_rows_differ_at_most_where_components_tie():
    mixture = make_mixture("full", 5, 3)
    rows = mixture.sample(20_000, seed=4).astype(np.float32)
    labels, joint = Scorer.of(mixture).labels(rows), mixture.log_joint(rows)
    lost = joint.max(axis=1) - np.take_along_axis(joint, labels[:, None], axis=1)[:, 0]
    assert lost.max() < 1e-3


def test_a_mixture_of_many_components_is_scored_by_blas():
    mixture = make_mixture("diag", 70, 5)
    rows = mixture.sample(2_000, seed=5)
    scorer = replace(Scorer.of(mixture), compiled=True)
    np.testing.assert_allclose(scorer.log_density(rows), mixture.posteriors(rows)[1], atol=1e-9)
    assert np.array_equal(scorer.labels(rows), mixture._labels_block(rows))


@pytest.mark.parametrize("read", ["log_density", "labels", "responsibilities"])
def test_the_first_row_that_is_not_finite_is_named_among_many(read):
    mixture = make_mixture("full", 3, 2)
    rows = mixture.sample(120_000, seed=6)
    rows[100_001, 1] = np.nan
    with pytest.raises(InputError, match="row 100001"):
        getattr(mixture, read)(rows)


@pytest.mark.parametrize("precision", ["float32", "", None])
def test_an_unknown_precision_of_a_density_is_refused(precision):
    with pytest.raises(ParameterError, match="'float64' or 'auto'"):
        make_mixture("full", 3, 2).log_density([[0.0, 0.0]], precision=precision)


@pytest.mark.parametrize("family", FAMILIES)
def test_densities_of_single_precision_rows_can_be_had_to_a_thousandth(family):
    mixture = make_mixture(family, 5, 4)
    rows = mixture.sample(20_000, seed=7).astype(np.float32)
    scorer = replace(Scorer.of(mixture), compiled=True)
    fast, exact = scorer.log_density(rows, precision="auto"), mixture.posteriors(rows)[1]
    assert 0 < abs(fast - exact).max() < 1e-3
    np.testing.assert_array_equal(fast.dtype, np.float64)


def test_densities_of_columns_nearly_alike_are_had_to_a_thousandth_too():
    blend = np.array([[1.0, 1.0], [1.0, 1.0 + 1e-3]])
    plain = make_mixture("full", 3, 2)
    mixture = Mixture(plain.weights, plain.means @ blend, blend.T @ plain.covariances @ blend)
    rows = mixture.sample(20_000, seed=8).astype(np.float32)
    scorer = replace(Scorer.of(mixture), compiled=True)
    fast = scorer.log_density(rows, precision="auto")
    assert abs(fast - mixture.posteriors(rows)[1]).max() < 1e-3


@pytest.mark.parametrize("k", [5, 70])
def test_labels_and_densities_of_one_look_are_those_of_two(k):
    mixture = make_mixture("diag", k, 3)
    rows = mixture.sample(3_000, seed=9)
    scorer = replace(Scorer.of(mixture), compiled=True)
    labels, density = scorer.labels_and_density(rows)
    assert labels.tolist() == scorer.labels(rows).tolist()
    assert density.tolist() == scorer.log_density(rows).tolist()
