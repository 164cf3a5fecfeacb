"""The compiled passes over planes of pixels, each against a few lines of NumPy or SciPy."""

import numpy as np
import pytest
from scipy import ndimage

from gmmkit.image.hierarchy.compiled import filters
from gmmkit.image.hierarchy.cues import gaussian_taps

# Steps down and right: none, along each axis, across both, and far beyond the picture.
STEPS = [(0, 0), (0, 2), (3, 0), (2, -1), (-1, 3), (0, 40), (-50, 0), (17, -23)]
SHAPES = [(9, 12), (1, 7), (6, 1)]


@pytest.fixture(params=SHAPES, ids=str)
def shape(request):
    return request.param


def planes_of(count, shape, seed=0):
    return np.random.default_rng(seed).uniform(size=(count, *shape)).astype(np.float32)


def shifted(planes, down, right):
    """What is at +(down, right) of every pixel; beyond the border, the last pixel before it."""
    height, width = planes.shape[-2:]
    rows = np.clip(np.arange(height) + down, 0, height - 1)
    columns = np.clip(np.arange(width) + right, 0, width - 1)
    return planes[..., rows[:, None], columns].astype(np.float64)


@pytest.mark.parametrize("sigma", [0.4, 1.0, 2.5, 8.0])
def test_blurring_is_a_gaussian_of_the_mirrored_picture(shape, sigma):
    (plane,) = planes_of(1, shape)
    taps = gaussian_taps(sigma)
    expected = ndimage.convolve1d(plane.astype(float), taps, axis=0, mode="reflect")
    expected = ndimage.convolve1d(expected, taps, axis=1, mode="reflect")
    np.testing.assert_allclose(filters.blur(plane, taps), expected, atol=2e-6)


@pytest.mark.parametrize("sigma", [0.01, 0.5, 1.0, 3.7])
def test_the_weights_of_a_gaussian_are_symmetric_sum_to_one_and_reach_three_deviations(sigma):
    taps = gaussian_taps(sigma)
    assert taps.dtype == np.float32
    np.testing.assert_array_equal(taps, taps[::-1])
    assert taps.sum() == pytest.approx(1, abs=1e-6)
    assert len(taps) // 2 == max(1, int(3 * sigma + 0.5))


@pytest.mark.parametrize(("down", "right"), STEPS)
def test_texture_is_compared_by_the_hellinger_distance_of_both_sides(shape, down, right):
    weights = planes_of(4, shape)
    roots = np.sqrt(weights / weights.sum(axis=0))
    overlap = (shifted(roots, down, right) * shifted(roots, -down, -right)).sum(axis=0)
    found = filters.hellinger(roots, down, right)
    np.testing.assert_allclose(found**2, np.maximum(1 - overlap, 0), atol=1e-6)


@pytest.mark.parametrize(("down", "right"), STEPS)
@pytest.mark.parametrize("count", [1, 2])
def test_values_are_compared_by_the_logarithm_of_their_distance(shape, down, right, count):
    planes = 30 * planes_of(count, shape)
    gap = shifted(planes, down, right) - shifted(planes, -down, -right)
    expected = np.log1p(np.sqrt((gap**2).sum(axis=0)))
    np.testing.assert_allclose(filters.difference(planes, down, right), expected, atol=1e-5)


def test_both_sides_of_a_pixel_may_be_exchanged():
    planes = planes_of(3, (9, 12))
    there, back = filters.difference(planes, 2, -1), filters.difference(planes, -2, 1)
    np.testing.assert_allclose(there, back, rtol=1e-6)


@pytest.mark.parametrize("reach", [1, 3, 30])
def test_the_mean_along_a_line_ends_with_the_last_pixels(shape, reach):
    (plane,) = planes_of(1, shape)
    steps = np.arange(-reach, reach + 1)
    down, right = steps.copy(), -(steps // 2)
    weights = np.random.default_rng(1).dirichlet(np.ones(len(steps))).astype(np.float32)
    expected = sum(
        weight * shifted(plane, *step)
        for weight, step in zip(weights, zip(down, right, strict=True), strict=True)
    )
    np.testing.assert_allclose(filters.mean_along(plane, down, right, weights), expected, atol=2e-6)


def test_the_strength_of_a_border_is_a_logistic_function_of_its_cues(shape):
    cues = 8 * planes_of(2 * 5, shape).reshape(5, 2, *shape) - 4
    weights = np.random.default_rng(2).normal(size=5).astype(np.float32)
    odds = np.tensordot(weights.astype(float), cues[:, 1], axes=1) - 0.7
    found = filters.logistic(cues[:, 1], weights, np.float32(-0.7))
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-odds)), atol=1e-6)
