"""Laws of the algebra of mixtures, over families, sizes, spreads and condition numbers."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from strategies import families, make_mixture, mixtures, stable

from gmmkit.core.algebra import (
    bhattacharyya_bounds,
    bhattacharyya_coefficient,
    cauchy_schwarz_divergence,
    conditional,
    confidence_ellipsoids,
    hellinger_distance,
    kullback_leibler,
    kullback_leibler_bounds,
    l2_distance,
    log_tail_probability,
    marginal,
    merged,
    mixture_covariance,
    mixture_mean,
    normalized_l2_distance,
    reduced,
    regress,
    transformed,
    wasserstein_distance,
)


@st.composite
def several(draw, count):
    """Mixtures of any families over the same one to three columns."""
    d = draw(st.integers(1, 3))
    return [
        make_mixture(
            draw(families()),
            draw(st.integers(1, 4)),
            d,
            seed=draw(st.integers(0, 2**20)),
            spread=1.5,
        )
        for _ in range(count)
    ]


@stable
@given(mixtures(), st.integers(0, 2**20))
def test_a_marginal_of_a_marginal_is_a_marginal(mixture, seed):
    order = np.random.default_rng(seed).permutation(mixture.n_features)
    first = marginal(mixture, order)
    np.testing.assert_array_equal(marginal(first, 0).means, marginal(mixture, order[0]).means)
    np.testing.assert_allclose(
        marginal(first, 0).covariances, marginal(mixture, order[0]).covariances, rtol=1e-12
    )


@stable
@given(mixtures().filter(lambda mixture: mixture.n_features > 1), st.integers(0, 2**20))
def test_conditional_times_marginal_is_the_joint(mixture, seed):
    random = np.random.default_rng(seed)
    d = mixture.n_features
    order = random.permutation(d)
    given_columns = order[: random.integers(1, d)]
    rest = np.setdiff1d(np.arange(d), given_columns)
    row = mixture.sample(1, seed=seed)[0]
    known = marginal(mixture, given_columns).log_density([row[given_columns]])
    unknown = conditional(mixture, given_columns, row[given_columns]).log_density([row[rest]])
    np.testing.assert_allclose(known + unknown, mixture.log_density([row]), rtol=1e-8, atol=1e-8)


@stable
@given(mixtures().filter(lambda mixture: mixture.n_features > 1))
def test_what_is_expected_over_all_rows_is_the_mean(mixture):
    """The law of total expectation and variance, by quadrature over a one-dimensional column."""
    column = marginal(mixture, 0)
    center, width = mixture_mean(column)[0], 12 * np.sqrt(mixture_covariance(column)[0, 0])
    grid = np.linspace(center - width, center + width, 20_001)[:, None]
    shares = np.exp(column.log_density(grid))
    shares /= shares.sum()
    prediction = regress(mixture, 0, grid)
    mean = shares @ prediction.mean
    deviations = prediction.mean - mean
    covariance = np.tensordot(shares, prediction.covariance, axes=1)
    covariance += (shares * deviations.T) @ deviations
    scale = np.sqrt(np.diagonal(mixture_covariance(mixture))[1:])
    np.testing.assert_allclose(mean / scale, mixture_mean(mixture)[1:] / scale, atol=1e-5)
    scaled = (covariance - mixture_covariance(mixture)[1:, 1:]) / np.outer(scale, scale)
    np.testing.assert_allclose(scaled, 0.0, atol=1e-5)


@stable
@given(mixtures(), st.integers(0, 2**20))
def test_moments_follow_a_linear_map(mixture, seed):
    random, d = np.random.default_rng(seed), mixture.n_features
    matrix, offset = random.normal(size=(d, d)) + 3 * np.eye(d), random.normal(size=d)
    image = transformed(mixture, matrix, offset)
    expected = matrix @ mixture_mean(mixture) + offset
    np.testing.assert_allclose(mixture_mean(image), expected, rtol=1e-9, atol=1e-9)
    covariance = matrix @ mixture_covariance(mixture) @ matrix.T
    np.testing.assert_allclose(
        mixture_covariance(image), covariance, rtol=1e-8, atol=1e-10 * np.abs(covariance).max()
    )


@stable
@given(several(2), st.integers(0, 2**20))
def test_divergences_do_not_depend_on_the_coordinates(pair, seed):
    first, second = pair
    random, d = np.random.default_rng(seed), first.n_features
    matrix, offset = random.normal(size=(d, d)) + 3 * np.eye(d), 10 * random.normal(size=d)
    images = [transformed(mixture, matrix, offset) for mixture in pair]
    bounds = kullback_leibler_bounds(first, second)
    np.testing.assert_allclose(kullback_leibler_bounds(*images), bounds, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(
        bhattacharyya_bounds(*images), bhattacharyya_bounds(first, second), rtol=1e-6, atol=1e-9
    )
    np.testing.assert_allclose(
        cauchy_schwarz_divergence(*images),
        cauchy_schwarz_divergence(first, second),
        rtol=1e-7,
        atol=1e-9,
    )


@stable
@given(several(2))
def test_bounds_enclose_what_is_sampled(pair):
    """Six standard errors, over 25 examples and four ends: a false alarm in 5e6."""
    first, second = pair
    sampled, bounds = kullback_leibler(first, second), kullback_leibler_bounds(first, second)
    margin = 6 * sampled.standard_error + 1e-9
    assert bounds.lower - margin <= sampled.value <= bounds.upper + margin
    shared, ends = bhattacharyya_coefficient(first, second), bhattacharyya_bounds(first, second)
    margin = 6 * shared.standard_error + 1e-9
    assert ends.lower - margin <= shared.value <= ends.upper + margin


@stable
@given(several(2))
def test_distances_are_symmetric(pair):
    first, second = pair
    for distance in (
        l2_distance,
        normalized_l2_distance,
        lambda p, q: wasserstein_distance(p, q).distance,
        lambda p, q: bhattacharyya_bounds(p, q).upper,
    ):
        np.testing.assert_allclose(
            distance(first, second), distance(second, first), rtol=1e-6, atol=1e-9
        )


@stable
@given(several(3))
def test_no_way_round_is_shorter(three):
    for distance in (
        l2_distance,
        normalized_l2_distance,
        lambda p, q: wasserstein_distance(p, q).distance,
    ):
        ab, bc, ac = (distance(three[i], three[j]) for i, j in ((0, 1), (1, 2), (0, 2)))
        assert ac <= (ab + bc) * (1 + 1e-6) + 1e-9


@stable
@given(mixtures())
def test_a_mixture_is_no_distance_from_itself_reordered(mixture):
    turned = mixture.reordered(range(mixture.n_components)[::-1])
    scale = np.sqrt(np.trace(mixture_covariance(mixture)))
    assert hellinger_distance(mixture, turned).value < 1e-6
    assert wasserstein_distance(mixture, turned).distance < 1e-4 * scale
    assert normalized_l2_distance(mixture, turned) < 1e-6


@stable
@given(mixtures(most_components=6), st.integers(1, 6))
def test_a_reduction_keeps_the_moments(mixture, n_components):
    reduction = reduced(mixture, n_components)
    small = reduction.mixture
    assert small.n_components == min(n_components, mixture.n_components)
    assert len(reduction.costs) == mixture.n_components - small.n_components
    covariance = mixture_covariance(mixture)
    scale = np.sqrt(np.diagonal(covariance))
    moved = (mixture_mean(small) - mixture_mean(mixture)) / scale
    np.testing.assert_allclose(moved, 0.0, atol=1e-9)
    changed = (mixture_covariance(small) - covariance) / np.outer(scale, scale)
    np.testing.assert_allclose(changed, 0.0, atol=1e-9)


@stable
@given(several(2), st.floats(0.05, 0.95))
def test_a_union_has_the_mean_of_both(pair, share):
    first, second = pair
    expected = share * mixture_mean(first) + (1 - share) * mixture_mean(second)
    np.testing.assert_allclose(mixture_mean(merged(first, second, share)), expected, atol=1e-9)


@stable
@given(mixtures())
def test_centers_are_inside_and_ends_of_axes_on_the_border(mixture):
    ellipsoids = confidence_ellipsoids(mixture, 0.9)
    inner, outer = (
        ellipsoids.centers[:, None]
        + factor * ellipsoids.half_axes[:, :, None] * ellipsoids.directions
        for factor in (0.999, 1.001)
    )
    for k in range(mixture.n_components):
        assert ellipsoids.contains(ellipsoids.centers)[k, k]
        assert ellipsoids.contains(inner[k])[:, k].all()
        assert not ellipsoids.contains(outer[k])[:, k].any()


@stable
@given(mixtures(most_components=3, most_features=3), st.integers(0, 2**20))
def test_a_lower_density_is_never_more_probable(mixture, seed):
    near = mixture.sample(30, seed=seed)
    far = mixture.means[:1] + 50 * (near - mixture.means[:1])
    rows = np.concatenate([near, far])
    tails = log_tail_probability(mixture, rows, n_rays=32)
    assert (tails <= 0).all()
    order = np.argsort(mixture.log_density(rows))
    assert (np.diff(tails[order]) >= -1e-12).all()
