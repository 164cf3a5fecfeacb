"""Scoring many rows: by products where they are exact enough, about each mean elsewhere."""

import numpy as np
import pytest
from strategies import FAMILIES, make_mixture

from gmmkit.core.engine.scoring import Scorer
from gmmkit.core.mixture import Mixture
from gmmkit.core.noise import Noise


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_scorer_agrees_with_the_densities_about_each_mean(family, dtype):
    mixture = make_mixture(family, 4, 3)
    rows = mixture.sample(20_000, seed=1).astype(dtype)
    scorer = Scorer.of(mixture)
    assert scorer.expanded
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
    assert not scorer.expanded
    assert scorer.log_joint(rows).tolist() == mixture.log_joint(rows).T.tolist()


def test_noise_is_no_component_of_a_score():
    noisy = Mixture([0.4, 0.4], [[0.0], [4.0]], np.ones((2, 1, 1)), Noise(0.2, -3.0))
    rows = np.linspace(-2, 6, 9)[:, None]
    np.testing.assert_allclose(Scorer.of(noisy).log_joint(rows), noisy.log_joint(rows).T)
