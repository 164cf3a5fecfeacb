"""Normalization against its definition, one value at a time."""

import numpy as np
import pytest
from scipy.stats import norm, rankdata

from gmmkit.speaker.features.normalization import standardize, subtract_mean, warp


@pytest.fixture
def values():
    random = np.random.default_rng(0)
    rows = random.normal(size=(4, 40)) * [[1], [10], [0.1], [3]] + [[0], [100], [-5], [1]]
    rows[3] = np.round(rows[3])
    return rows.astype(np.float32)


def windows(n, length):
    """The window of each frame, shifted inward at both ends."""
    starts = [min(max(i - length // 2, 0), n - length) for i in range(n)]
    return [slice(start, start + length) for start in starts]


def test_warping_gives_the_normal_quantile_of_the_mean_rank(values):
    for row, warped in zip(values, warp(values), strict=True):
        expected = norm.ppf((rankdata(row) - 0.5) / len(row))
        np.testing.assert_allclose(warped, expected, rtol=1e-6, atol=1e-7)


def test_warping_in_a_window_ranks_among_the_frames_around(values):
    warped = warp(values, 11)
    for i, part in enumerate(windows(40, 11)):
        place = i - part.start
        expected = norm.ppf((rankdata(values[:, part], axis=1)[:, place] - 0.5) / 11)
        np.testing.assert_allclose(warped[:, i], expected, rtol=1e-6, atol=1e-7)


def test_a_constant_column_is_warped_to_zero():
    assert warp(np.full((1, 7), 3.0, np.float32)).tolist() == [[0.0] * 7]


def test_mean_and_variance_are_zero_and_one(values):
    standard = standardize(values).astype(np.float64)
    np.testing.assert_allclose(standard.mean(axis=1), 0, atol=1e-6)
    np.testing.assert_allclose(standard.std(axis=1), 1, rtol=1e-6)


def test_the_mean_alone_leaves_the_scale(values):
    centered = subtract_mean(values)
    np.testing.assert_allclose(centered.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(centered.std(axis=1), values.std(axis=1), rtol=1e-5)


@pytest.mark.parametrize("length", [5, 11, 39])
def test_a_sliding_window_takes_its_own_mean_and_variance(values, length):
    standard, centered = standardize(values, length), subtract_mean(values, length)
    for i, part in enumerate(windows(40, length)):
        around = values[:, part].astype(np.float64)
        mean, deviation = around.mean(axis=1), around.std(axis=1)
        np.testing.assert_allclose(centered[:, i], values[:, i] - mean, atol=1e-5)
        # The last row is constant in some windows.
        expected = (values[:3, i] - mean[:3]) / deviation[:3]
        np.testing.assert_allclose(standard[:3, i], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("normalize", [standardize, subtract_mean, warp])
@pytest.mark.parametrize("length", [40, 1001])
def test_a_window_longer_than_the_recording_is_the_recording(values, normalize, length):
    np.testing.assert_array_equal(normalize(values, length), normalize(values))


def test_a_constant_column_is_standardized_to_zero():
    values = np.full((1, 50), 0.1, np.float32)
    assert not standardize(values).any()
    assert not standardize(values, 11).any()


@pytest.mark.parametrize("normalize", [standardize, subtract_mean, warp])
def test_one_frame_becomes_zero(normalize):
    assert normalize(np.array([[5.0], [-3.0]], np.float32)).tolist() == [[0.0], [0.0]]
