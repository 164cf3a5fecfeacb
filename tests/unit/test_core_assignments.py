"""Assignments: labels, runners-up and doubts are those of Bayes' rule, noise included."""

import numpy as np
import pytest
from strategies import make_mixture, posterior_oracle

from gmmkit import Mixture, Noise
from gmmkit.core import assignments
from gmmkit.core.assignments import assign
from gmmkit.errors import InputError, ParameterError

PAIR = Mixture([0.5, 0.5], [[0.0], [4.0]], np.ones((2, 1, 1)))


@pytest.fixture
def rows():
    return np.random.default_rng(3).normal(size=(60, 2)) * 3


@pytest.mark.parametrize("noise", [None, 0.3])
def test_uncertainty_and_entropy_are_those_of_the_posterior(rows, noise):
    mixture = make_mixture("full", 3, 2, noise=noise)
    posteriors, _ = posterior_oracle(rows, mixture)
    every = np.column_stack([posteriors, 1 - posteriors.sum(axis=1)])
    found = assign(mixture, rows)
    np.testing.assert_allclose(found.uncertainty, 1 - every.max(axis=1), atol=1e-12)
    expected = [-sum(p * np.log(p) for p in row if p > 1e-15) for row in every]
    np.testing.assert_allclose(found.entropy, expected, atol=1e-12)


def test_labels_and_runners_up_are_the_two_most_probable(rows):
    mixture = make_mixture("diag", 4, 2, seed=8)
    posteriors, _ = posterior_oracle(rows, mixture)
    found = assign(mixture, rows)
    order = np.argsort(-posteriors, axis=1)
    assert found.labels.tolist() == order[:, 0].tolist()
    assert found.runners_up.tolist() == order[:, 1].tolist()


def test_noise_is_label_minus_one_where_it_is_most_probable():
    mixture = Mixture([0.9], [[0.0]], [[[1.0]]], Noise(0.1, -3.0))
    found = assign(mixture, [[0.0], [20.0]])
    assert found.labels.tolist() == [0, -1]
    assert found.runners_up.tolist() == [-1, 0]


def test_a_single_component_has_no_runner_up_and_no_doubt():
    found = assign(Mixture([1.0], [[0.0]], [[[1.0]]]), [[0.0], [90.0]])
    assert found.runners_up.tolist() == [-1, -1]
    assert found.uncertainty.tolist() == found.entropy.tolist() == [0.0, 0.0]


def test_a_tiny_doubt_keeps_its_digits():
    uncertainty = assign(PAIR, [[-10.0]]).uncertainty[0]
    assert uncertainty == pytest.approx(np.exp(10.0**2 / 2 - 14.0**2 / 2), rel=1e-9)


def test_the_border_is_ordered_by_doubt():
    found = assign(PAIR, [[0.0], [1.8], [2.0], [2.1], [4.0]])
    assert found.border(0.3).tolist() == [2, 3, 1]
    assert found.border(0.0).tolist()[:3] == [2, 3, 1]
    assert found.border(1.0).tolist() == []


def test_blocks_change_nothing(rows, monkeypatch):
    mixture = make_mixture("full", 3, 2)
    whole = assign(mixture, rows)
    monkeypatch.setattr(assignments, "_ROWS", 7)
    pieces = assign(mixture, rows)
    assert pieces.labels.tolist() == whole.labels.tolist()
    np.testing.assert_allclose(pieces.uncertainty, whole.uncertainty, rtol=1e-12)


def test_rows_of_another_width_are_refused():
    with pytest.raises(InputError, match="found 2 columns; needed 1"):
        assign(PAIR, [[0.0, 1.0]])


def test_a_border_beyond_certainty_is_refused():
    with pytest.raises(ParameterError, match=r"least is not usable: found 1\.5"):
        assign(PAIR, [[0.0]]).border(1.5)
