"""Statistics, tensors, filters and patterns against their definitions, a pixel at a time."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage
from skimage.color import rgb2lab
from skimage.feature import local_binary_pattern

import gmmkit
from gmmkit.image import compute_features
from gmmkit.image.features import parse_features
from gmmkit.image.features.kernels import bar_kernels, spot_kernel, wave_kernels

PLACES = [(0, 0), (21, 25), (39, 49)]
HALF = 60


@pytest.fixture(scope="module")
def gray():
    noise = np.random.default_rng(4).random((40, 50))
    return (255 * ndimage.gaussian_filter(noise, 0.7)).astype(np.uint8)


@pytest.fixture(scope="module")
def lightness(gray):
    return rgb2lab(np.repeat(gray[..., None], 3, axis=2) / 255)[..., 0]


def around(plane, row, column, reach=HALF):
    """The neighborhood of a pixel in the mirrored picture."""
    padded = np.pad(plane, reach, mode="symmetric")
    return padded[row : row + 2 * reach + 1, column : column + 2 * reach + 1]


def gaussian(sigma, reach=HALF):
    offsets = np.arange(-reach, reach + 1)
    line = np.exp(-0.5 * (offsets / sigma) ** 2) * (np.abs(offsets) <= int(4 * sigma + 0.5))
    weights = np.outer(line, line)
    return weights / weights.sum()


def log_contrast(value):
    return np.sign(value) * 8 * np.log1p(np.abs(value))


@pytest.mark.parametrize(("row", "column"), PLACES)
def test_statistics_are_the_weighted_moments_of_lightness(gray, lightness, row, column):
    near, weights = around(lightness, row, column), gaussian(3.0)
    mean = np.sum(weights * near)
    variance = np.sum(weights * (near - mean) ** 2)
    skewness = np.sum(weights * (near - mean) ** 3) / (variance + 1) ** 1.5
    square = around(lightness, row, column, 6)
    expected = [mean, np.sqrt(variance), skewness, np.ptp(square)]
    text = "statistics(3; measures=mean,deviation,skewness,range)"
    assert compute_features(gray, text)[row, column] == pytest.approx(expected, abs=1e-3)


def test_entropy_is_that_of_the_histogram_with_splines_as_bins(gray, lightness):
    offset = np.abs(around(lightness, 21, 25)[..., None] / (100 / 16) - np.arange(-1, 18))
    inner, outer = 2 / 3 - offset**2 + offset**3 / 2, (2 - offset) ** 3 / 6
    splines = np.where(offset < 1, inner, np.where(offset < 2, outer, 0))
    shares = np.sum(gaussian(3.0)[..., None] * splines, axis=(0, 1))
    shares = shares[shares > 0]
    found = compute_features(gray, "statistics(3; measures=entropy)")[21, 25, 0]
    assert found == pytest.approx(-np.sum(shares * np.log2(shares)), abs=1e-4)


@pytest.mark.parametrize("value", [0, 31, 128, 200, 255])
def test_the_entropy_of_a_flat_picture_does_not_depend_on_its_lightness(value):
    flat = np.full((9, 9), value, np.uint8)
    found = compute_features(flat, "statistics(2; measures=entropy)")
    assert found == pytest.approx(1.25, abs=2e-3)


def test_the_range_leaves_out_what_is_excluded():
    picture = np.tile(np.linspace(0.4, 0.5, 30), (20, 1))
    spotted, mask = picture.copy(), np.ones((20, 30), bool)
    spotted[10, 15], mask[10, 15] = 1, False
    text = "statistics(2; measures=range)"
    found = compute_features(spotted, text, mask=mask)[10, 16, 0]
    assert found == pytest.approx(compute_features(picture, text)[10, 16, 0], abs=1e-3)


def gradient(plane, sigma):
    orders = [(1, 0), (0, 1)]
    return [ndimage.gaussian_filter(plane, sigma, order, truncate=4) for order in orders]


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_edges_are_the_change_of_lightness_along_a_scale(gray, lightness, scale):
    expected = log_contrast(scale * np.hypot(*gradient(lightness, scale)))
    found = compute_features(gray, f"edges({scale})")[..., 0]
    assert found == pytest.approx(expected, abs=1e-3)


def test_hessian_of_a_quadratic_is_its_two_curvatures():
    y, x = np.mgrid[-40:41, -40:41] / 100
    surface = 0.3 + 0.5 * x**2 - 0.25 * y**2
    scale = 2.0
    found = compute_features(surface[..., None].repeat(2, 2), f"hessian({scale})")[40, 40]
    curvatures = scale**2 * 100 * np.array([1.0, -0.5]) / 100**2
    assert found == pytest.approx(log_contrast(curvatures), rel=2e-2)


@pytest.mark.parametrize(("row", "column"), PLACES)
def test_tensor_is_contrast_anisotropy_and_polarity(gray, lightness, row, column):
    y, x = (around(slope, row, column) for slope in gradient(lightness, 1.0))
    weights = gaussian(2.0)
    moments = np.einsum("ij,aij,bij->ab", weights, np.array([x, y]), np.array([x, y]))
    (low, high), vectors = np.linalg.eigh(moments)
    along = vectors[0, 1] * x + vectors[1, 1] * y
    up, down = (np.sum(weights * np.maximum(side, 0)) for side in (along, -along))
    contrast = log_contrast(2 * np.sqrt(low + high))
    polarity = abs(up - down) / (up + down)
    expected = contrast * np.array([1, 1 - low / high, polarity])
    found = compute_features(gray, "tensor(2)")[row, column]
    assert found[:2] == pytest.approx(expected[:2], rel=1e-3)
    assert found[2] == pytest.approx(expected[2], rel=1e-2)


def test_a_slope_is_polar_and_stripes_are_not():
    _, x = np.mgrid[:60, :120] / 120
    slope, stripes = x, 0.5 + 0.3 * np.sin(2 * np.pi * x * 20)
    for picture, polarity in ((slope, 1), (stripes, 0)):
        bands = np.repeat(picture[..., None], 2, axis=2)
        contrast, anisotropic, polar = compute_features(bands, "tensor(4)")[30, 60]
        assert anisotropic / contrast == pytest.approx(1, abs=1e-3)
        assert polar / contrast == pytest.approx(polarity, abs=0.02)


def wave(degrees, frequency=0.16, amplitude=20.0, shape=(90, 90)):
    """A sine of bands, so that 100 times their mean has the amplitude."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    angle = np.radians(degrees)
    phase = 2 * np.pi * frequency * (x * np.cos(angle) + y * np.sin(angle))
    return np.repeat((0.5 + amplitude / 100 * np.sin(phase))[..., None], 2, axis=2)


@pytest.mark.parametrize("degrees", [0, 45, 90, 135])
def test_a_gabor_filter_measures_the_amplitude_of_its_own_wave(degrees):
    found = compute_features(wave(degrees), "gabor(0.16)")[45, 45]
    assert found.argmax() == degrees // 45
    assert found.max() == pytest.approx(8 * np.log(1 + 20), abs=0.02)


def test_gabor_columns_say_frequency_and_direction():
    columns = parse_features("gabor(0.1,0.25; orientations=2)", 1).columns
    assert columns == ("gabor 0.1 at 0", "gabor 0.1 at 90", "gabor 0.25 at 0", "gabor 0.25 at 90")


@pytest.mark.parametrize("pool", ["mean", "max"])
def test_pooled_gabor_does_not_tell_a_pattern_from_the_same_one_turned(pool):
    found = [compute_features(wave(d), f"gabor(0.16; pool={pool})")[45, 45] for d in (0, 45, 90)]
    for one, two in pairwise(found):
        assert one == pytest.approx(two, abs=0.1)


def test_gabor_is_the_modulus_of_two_correlations_averaged(gray, lightness):
    even, odd = wave_kernels(0.25, 1)
    parts = [ndimage.correlate(lightness, kernel, mode="reflect") for kernel in (even, odd)]
    amplitude = ndimage.gaussian_filter(2 * np.hypot(*parts), 0.56219 / 0.25, truncate=4)
    found = compute_features(gray, "gabor(0.25; orientations=1)")[..., 0]
    assert found == pytest.approx(log_contrast(amplitude), abs=1e-3)


def test_lm_is_the_correlation_with_every_kernel(gray, lightness):
    kernels = [*bar_kernels(1.0, 2, 1), *bar_kernels(1.0, 2, 2), spot_kernel(1.0), spot_kernel(3.0)]
    planes = [ndimage.correlate(lightness, kernel, mode="reflect") for kernel in kernels]
    found = compute_features(gray, "lm(1; orientations=2)")
    for number, plane in enumerate(planes):
        assert found[..., number] == pytest.approx(log_contrast(plane), abs=1e-3)
    mean = ndimage.gaussian_filter(lightness, 1.0, truncate=4)
    assert found[..., -1] == pytest.approx(mean, abs=1e-3)


def test_smoothed_banks_are_the_mean_strength_of_the_responses(gray, lightness):
    response = ndimage.correlate(lightness, bar_kernels(1.0, 1, 1)[0], mode="reflect")
    strength = ndimage.gaussian_filter(np.abs(response), 2.0, truncate=4)
    found = compute_features(gray, "lm(1; orientations=1; smoothing=2)")[..., 0]
    assert found == pytest.approx(log_contrast(strength), abs=1e-3)


def test_mr8_is_the_strongest_of_the_lm_responses_over_orientation(gray):
    every = np.abs(compute_features(gray, "lm(2)"))
    found = compute_features(gray, "mr8(2)")
    assert found[..., 0] == pytest.approx(every[..., :6].max(axis=2), abs=1e-3)
    assert found[..., 1] == pytest.approx(every[..., 6:12].max(axis=2), abs=1e-3)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("degrees", [0, 30, 90])
def test_edges_and_bars_are_derivatives_of_a_long_gaussian(order, degrees):
    """By finite differences of the Gaussian, whatever the scale of either."""
    kernel = bar_kernels(2.0, 6, order)[degrees // 30]
    y, x = np.mgrid[-18:19, -18:19].astype(float)
    angle, step = np.radians(degrees), 1e-3

    def density(shift):
        u = x * np.cos(angle) + y * np.sin(angle) + shift
        v = y * np.cos(angle) - x * np.sin(angle)
        return np.exp(-0.5 * ((u / 2) ** 2 + (v / 6) ** 2))

    slope = density(-step) - density(step)
    bend = 2 * density(0) - density(step) - density(-step)
    expected = slope if order == 1 else bend
    assert np.corrcoef(kernel.ravel(), expected.ravel())[0, 1] > 0.999


@pytest.mark.parametrize(
    "kernels",
    [bar_kernels(1.4, 6, 1), bar_kernels(1.4, 6, 2), (spot_kernel(2.0),), wave_kernels(0.1, 4)],
)
def test_every_filter_sums_to_zero_and_to_no_more_than_one_in_absolute_values(kernels):
    for kernel in kernels:
        assert kernel.sum() == pytest.approx(0, abs=1e-12)
        assert np.abs(kernel).sum() <= 1 + 1e-12


def test_with_no_tolerance_patterns_are_those_of_ojala():
    """Sharp degrees are bits: scikit-image's codes, counted over the neighborhood."""
    values = np.random.default_rng(7).permutation(30 * 34).reshape(30, 34)
    codes = local_binary_pattern(values, 8, 1, "uniform")
    bands = np.repeat(values[..., None] / values.size, 2, axis=2)
    found = compute_features(bands, "lbp(1; histogram=3; tolerance=0.01)")[14:16, 14:20]
    for number in range(9):
        share = ndimage.gaussian_filter((codes == number).astype(float), 3, truncate=4)
        assert found[..., number] == pytest.approx(np.sqrt(share)[14:16, 14:20], abs=0.02)


def test_patterns_of_several_runs_are_the_rest_of_one(gray):
    shares = compute_features(gray, "lbp") ** 2
    assert (shares.sum(axis=2) < 1).all()
    assert (shares.sum(axis=2) > 0.1).all()


def test_patterns_of_a_flat_picture_are_the_binomial_ones():
    shares = compute_features(np.full((5, 6), 99, np.uint8), "lbp")[2, 2] ** 2
    expected = np.array([1, 8, 8, 8, 8, 8, 8, 8, 1]) / 256
    assert shares == pytest.approx(expected, abs=1e-5)


def test_turned_stripes_become_classes_with_gabor():
    """Left and right differ in direction alone: nothing of color or contrast tells them apart."""
    picture = np.concatenate([wave(0)[:, :80], wave(90)[:, :80]], axis=1)
    noise = np.random.default_rng(0).normal(0, 0.05, picture.shape[:2])
    noisy = np.clip(picture[..., 0] + noise, 0, 1)
    labels = gmmkit.image.segment(noisy, k=2, features="gabor(0.16; orientations=2)").labels
    left, right = labels[:, :70], labels[:, 90:]
    assert (left == left[0, 0]).all()
    assert (right == 1 - left[0, 0]).all()
