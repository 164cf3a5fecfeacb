"""Numbers that the tests of another toolkit publish, for the same inputs.

bob.learn.em 3 (Idiap Research Institute): MAP adaptation of means and weights with a relevance of
4, and linear scores that come from a MATLAB program before it. Its adapted variances are not taken:
they contradict equation 13 of Reynolds, Quatieri and Dunn (2000).
"""

from dataclasses import replace

import numpy as np
import pytest

from gmmkit import Covariance, Mixture
from gmmkit.core.adapt import map_adapt, mean_statistics
from gmmkit.core.em import e_step
from gmmkit.core.statistics import SufficientStatistics
from gmmkit.core.units import Units
from gmmkit.speaker.scoring import linear_scores

PRIOR = Mixture([0.5, 0.5], [[2.0] * 3, [8.0] * 3], Covariance("diag", np.ones((2, 3))))
ROWS = np.array([[1, 2, 2], [2, 1, 2], [7, 8, 9], [7, 7, 8], [7, 9, 7]], float)

UBM = Mixture([0.5, 0.5], [[3.0, 70.0], [4.0, 72.0]], Covariance("diag", [[1.0, 10.0], [2.0, 5.0]]))
MODELS = np.array([[[1, 2], [3, 4]], [[5, 6], [7, 8]]], float)
# Of three tests: counts, sums of rows, and the way that a channel moves the means.
COUNTS = [[1, 2], [3, 4], [3, 4]]
SUMS = [[[1, 2], [3, 4]], [[5, 6], [7, 8]], [[5, 6], [7, 3]]]
CHANNELS = [[[9, 8], [7, 6]], [[5, 4], [3, 2]], [[1, 0], [1, 2]]]


@pytest.mark.parametrize("gather", [e_step, mean_statistics])
def test_adapted_means_and_weights_are_those_published(gather):
    both = ("means", "weights")
    adapted = map_adapt(PRIOR, gather(ROWS, PRIOR), parameters=both, relevance=4.0)
    expected = [[1.83333333, 1.83333333, 2.0], [7.57142857, 8.0, 8.0]]
    np.testing.assert_allclose(adapted.means, expected, atol=1e-8)
    np.testing.assert_allclose(adapted.weights, [0.46226415, 0.53773585], atol=1e-8)


def statistics_of(test):
    """Sums about the origin, as they are published."""
    return SufficientStatistics(
        log_likelihood=0.0,
        weight=np.array(COUNTS[test], float),
        first=np.array(SUMS[test], float),
        second=None,
        moments=None,
        units=Units.plain(2),
        origin=np.zeros(2),
    )


@pytest.mark.parametrize(
    ("model", "expected"), [(0, [2372.9, 5207.7, 5275.7]), (1, [2215.7, 4868.1, 4932.1])]
)
def test_linear_scores_are_those_published(model, expected):
    offsets = [MODELS[model] - UBM.means]
    for test, score in enumerate(expected):
        statistics = statistics_of(test).recentered(UBM.means)
        found = linear_scores(statistics, UBM, offsets)[0]
        assert found * statistics.total == pytest.approx(score, abs=1e-7)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (0, [790.9666666666667, 743.9571428571428, 753.6714285714285]),
        (1, [738.5666666666667, 695.4428571428572, 704.5857142857144]),
    ],
)
def test_linear_scores_a_frame_are_those_published(model, expected):
    offsets = [MODELS[model] - UBM.means]
    found = [
        linear_scores(statistics_of(test).recentered(UBM.means), UBM, offsets)[0]
        for test in range(3)
    ]
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize(
    ("model", "expected"), [(0, [2615.5, 5434.1, 5392.5]), (1, [2381.5, 4999.3, 5022.5])]
)
def test_linear_scores_about_means_that_a_channel_moved_are_those_published(model, expected):
    offsets = [MODELS[model] - UBM.means]
    for test, score in enumerate(expected):
        moved = statistics_of(test).recentered(UBM.means + CHANNELS[test])
        found = linear_scores(replace(moved, origin=UBM.means), UBM, offsets)[0]
        assert found * moved.total == pytest.approx(score, abs=1e-7)
