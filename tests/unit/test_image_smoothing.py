"""The Potts prior against the same equations written as loops."""

import numpy as np
import pytest

from gmmkit.errors import ParameterError
from gmmkit.image import smooth
from gmmkit.image.smoothing import ITERATIONS
from gmmkit.image.tiles import cut


def random_posteriors(k, height, width, seed=0):
    values = np.random.default_rng(seed).random((k, height, width)) ** 3
    return (values / values.sum(axis=0)).astype(np.float32)


def smoothed_by_loops(prior, smoothness, iterations, mask=None):
    """Mean-field iteration for a Potts prior, pixel by pixel in float64."""
    k, height, width = prior.shape
    use = np.ones((height, width), bool) if mask is None else mask
    q = prior.astype(float)
    for _ in range(iterations):
        new = q.copy()
        for row in range(height):
            for column in range(width):
                if not use[row, column]:
                    continue
                votes = np.zeros(k)
                for i in (-1, 0, 1):
                    for j in (-1, 0, 1):
                        y, x = row + i, column + j
                        inside = 0 <= y < height and 0 <= x < width
                        if (i, j) != (0, 0) and inside and use[y, x]:
                            votes += q[:, y, x] / np.hypot(i, j)
                value = prior[:, row, column] * np.exp(smoothness * votes)
                new[:, row, column] = value / value.sum()
        q = new
    return q


@pytest.mark.parametrize("smoothness", [0.1, 1.0, 4.0])
@pytest.mark.parametrize("shape", [(3, 6, 7), (2, 1, 9), (5, 8, 1), (1, 3, 3), (4, 1, 1)])
def test_smoothing_is_the_mean_field_equation(smoothness, shape):
    prior = random_posteriors(*shape)
    expected = smoothed_by_loops(prior, smoothness, 3)
    assert np.allclose(smooth(prior, smoothness, iterations=3), expected, atol=1e-5)


def test_excluded_pixels_have_no_vote():
    prior = random_posteriors(3, 7, 8)
    mask = np.random.default_rng(1).random((7, 8)) > 0.3
    expected = smoothed_by_loops(prior, 1.5, 3, mask)
    assert np.allclose(smooth(prior, 1.5, mask=mask, iterations=3), expected, atol=1e-5)


def test_excluded_pixels_do_not_change():
    prior = random_posteriors(3, 7, 8)
    mask = np.random.default_rng(1).random((7, 8)) > 0.3
    assert np.array_equal(smooth(prior, 1.5, mask=mask)[:, ~mask], prior[:, ~mask])


def test_no_smoothness_returns_the_same_bits():
    prior = random_posteriors(3, 5, 6)
    assert np.array_equal(smooth(prior, 0.0), prior)


def test_the_posteriors_given_are_not_changed():
    prior = random_posteriors(3, 5, 6)
    before = prior.copy()
    smooth(prior, 2.0, mask=np.eye(5, 6, dtype=bool))
    assert np.array_equal(prior, before)


def test_a_lone_pixel_follows_its_neighbors():
    prior = np.empty((2, 9, 9), np.float32)
    prior[:] = np.array([0.9, 0.1], np.float32)[:, None, None]
    prior[:, 4, 4] = 0.05, 0.95
    assert (smooth(prior, 2.0).argmax(axis=0) == 0).all()


def test_a_sure_pixel_keeps_its_class():
    prior = np.zeros((2, 9, 9), np.float32)
    prior[0] = 1
    prior[:, 4, 4] = 0, 1
    assert smooth(prior, 10.0)[:, 4, 4].tolist() == [0, 1]


@pytest.mark.parametrize("smoothness", [1.0, 10.0])
def test_probabilities_stay_probabilities_at_any_strength(smoothness):
    prior = random_posteriors(4, 20, 20) ** np.float32(9)
    prior /= prior.sum(axis=0)
    result = smooth(prior, smoothness)
    assert np.allclose(result.sum(axis=0), 1, atol=1e-6)
    assert result.min() >= 0


def test_tiles_with_a_halo_give_the_same_bits_as_the_whole():
    prior = random_posteriors(3, 50, 61)
    whole = smooth(prior, 2.0)
    for tile in cut((50, 61), side=16):
        outer = tile.grown(ITERATIONS, (50, 61))
        part = smooth(np.ascontiguousarray(prior[:, *outer.window]), 2.0)
        assert np.array_equal(part[:, *tile.inside(outer)], whole[:, *tile.window])


@pytest.mark.parametrize("smoothness", [-0.1, 10.1, np.nan, np.inf, True])
def test_smoothness_out_of_range_is_refused(smoothness):
    with pytest.raises(ParameterError, match="needed a number from 0"):
        smooth(random_posteriors(2, 3, 3), smoothness)
