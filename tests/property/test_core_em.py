"""EM never loses likelihood, whatever the rows, the weights, the family and the arithmetic."""

import warnings
from itertools import pairwise

import numpy as np
import pytest
from gaps import with_gaps
from hypothesis import given
from hypothesis import strategies as st
from parsimonious import FOURTEEN
from strategies import FAMILIES, blobs, datasets, families, stable

from gmmkit import Mixture, fit
from gmmkit.core.search.hunt import Search
from gmmkit.errors import GmmkitWarning


def allowed_loss(info, n_rows):
    """What a pass may lose to rounding, in nats per unit of weight.

    Single precision is used while it changes no row by more than a thousandth of a nat; such
    errors average out, to less than 1e-6 where a fit is so large that it starts there by itself.
    Where a floor holds a covariance up, that is conditioned like 1e10, and so are the roundings.
    """
    if info.route == "float32":
        return 1e-3 / np.sqrt(n_rows)
    return 1e-6 if info.floored else 1e-10


# Whose floors are constrained maxima, whatever collapses.
EXACT_FLOORS = {"full", "tied", "diag", "spherical", "EII", "EEI", "VVV", "EEE", "VVI", "VII"}


def worst_gain(rows, k, *, start="kmeans", covariance="full", collapsed=True, **options):
    """The smallest gain of a run, relative to what its arithmetic may lose.

    In families whose components share volume, shape or axes and vary in the rest a floor is no
    constrained maximum, and a scatter of too few rows has no shape. There only fits count that end
    with sound components, and steps in which no floor acted; so in all families unless `collapsed`.
    """
    exact = collapsed and str(getattr(covariance, "name", covariance)) in EXACT_FLOORS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GmmkitWarning)
        result = fit(rows, k, start=start, tol=0, max_iter=40, covariance=covariance, **options)
    if not exact and not result.valid:
        return 0.0
    trace = result.trace
    gains = np.diff([info.objective for info in trace])
    allowed = [
        max(allowed_loss(info, len(rows)) for info in neighbors) for neighbors in pairwise(trace)
    ]
    counted = [exact or not info.floored for info in trace[:-1]]
    return min((gains / np.array(allowed))[counted], default=0.0)


def fourteen():
    """The names of mclust's families."""
    return st.sampled_from(FOURTEEN)


@stable
@given(datasets(), fourteen(), st.integers(0, 1000))
def test_likelihood_never_falls(data, family, seed):
    gain = worst_gain(
        data.rows, data.n_components, covariance=family, sample_weight=data.weights, seed=seed
    )
    assert gain > -1


@stable
@given(datasets(), families(), st.integers(0, 1000))
def test_likelihood_never_falls_in_single_precision(data, family, seed):
    gain = worst_gain(
        data.rows,
        data.n_components,
        covariance=family,
        sample_weight=data.weights,
        seed=seed,
        precision="float32",
    )
    assert gain > -1


@stable
@given(datasets(), fourteen(), st.integers(0, 1000))
def test_likelihood_never_falls_about_the_means(data, family, seed):
    gain = worst_gain(
        data.rows, data.n_components, covariance=family, seed=seed, precision="centered"
    )
    assert gain > -1


@stable
@given(datasets(), fourteen(), st.integers(0, 1000))
def test_likelihood_never_falls_from_a_random_start(data, family, seed):
    gain = worst_gain(data.rows, data.n_components, covariance=family, seed=seed, start="random")
    assert gain > -1


@stable
@given(datasets(), fourteen())
def test_likelihood_never_falls_after_a_search(data, family):
    options = {"covariance": family, "sample_weight": data.weights, "seed": 0}
    assert worst_gain(data.rows, data.n_components, start=Search(rounds=2), **options) > -1


@stable
@given(datasets(), fourteen())
def test_with_a_prior_the_posterior_density_never_falls(data, family):
    options = {"covariance": family, "sample_weight": data.weights, "seed": 0}
    assert worst_gain(data.rows, data.n_components, prior="default", **options) > -1


@stable
@given(datasets(), fourteen(), st.sampled_from([0.01, 0.1, 0.3]))
def test_the_likelihood_of_the_rows_not_trimmed_never_falls(data, family, trim):
    options = {"covariance": family, "sample_weight": data.weights, "seed": 0}
    assert worst_gain(data.rows, data.n_components, trim=trim, **options) > -1


@stable
@given(datasets(), fourteen())
def test_by_hard_assignment_the_classification_likelihood_never_falls(data, family):
    options = {"covariance": family, "sample_weight": data.weights, "seed": 0}
    assert worst_gain(data.rows, data.n_components, assignment="hard", **options) > -1


@stable
@given(datasets(), fourteen(), st.sampled_from([0.05, 0.3]))
def test_the_likelihood_of_observed_cells_never_falls(data, family, share):
    options = {"covariance": family, "sample_weight": data.weights, "seed": 0}
    rows = with_gaps(data.rows, share, seed=1)
    assert worst_gain(rows, data.n_components, missing="marginalize", **options) > -1


@stable
@given(datasets(), fourteen(), st.sampled_from([0.02, 0.5]))
def test_beside_noise_the_likelihood_never_falls(data, family, share):
    options = {"covariance": family, "sample_weight": data.weights, "seed": 0}
    # A component that loses its last rows to the noise is nothing but rounding.
    assert worst_gain(data.rows, data.n_components, noise=share, collapsed=False, **options) > -1


@stable
@given(datasets(), fourteen(), st.integers(0, 1000))
def test_with_labels_the_likelihood_never_falls(data, family, seed):
    random = np.random.default_rng(seed)
    labels = random.integers(-1, data.n_components, len(data.rows))
    options = {"covariance": family, "sample_weight": data.weights, "seed": 0}
    assert worst_gain(data.rows, data.n_components, labels=labels, **options) > -1


@pytest.mark.parametrize("family", FAMILIES)
def test_likelihood_never_falls_once_a_floor_has_been_met(family):
    """The floor clips to the constrained maximum, so only the way to the first one may cost."""
    rows = blobs(150, 3, 3, seed=1) * [1.0, 1.0, 0.01]
    options = {"start": "kmeans", "tol": 0, "max_iter": 40}
    trace = fit(rows, 3, covariance=family, seed=0, floor=0.3, **options).trace
    gains = np.diff([info.log_likelihood for info in trace[1:]])
    assert any(info.floored for info in trace) or family == "spherical"
    assert gains.min() > -1e-10


@pytest.mark.parametrize("spread", [1e-1, 1e-2, 1e-3, 1e-4])
def test_likelihood_never_falls_where_single_precision_gives_up(spread):
    """Two groups get tighter and tighter in a fit that starts in float32."""
    random = np.random.default_rng(2)
    rows = np.repeat([[0.0], [10.0]], 300, axis=0) + spread * random.normal(size=(600, 1))
    start = Mixture([0.5, 0.5], [[1.0], [9.0]], np.full((2, 1, 1), 10.0))
    assert worst_gain(rows, 2, start=start, precision="float32") > -1


@pytest.mark.parametrize("gap", [1e-1, 1e-2, 1e-3, 1e-4])
def test_likelihood_never_falls_on_rows_that_turn_out_correlated(gap):
    random = np.random.default_rng(3)
    x = random.normal(size=600)
    rows = np.stack([x, x + gap * random.normal(size=600)], axis=1)
    rows[300:, 1] += 3
    start = Mixture([0.5, 0.5], [[0.0, 0.0], [0.0, 3.0]], [np.eye(2)] * 2)
    assert worst_gain(rows, 2, start=start, precision="float32") > -1


@stable
@given(datasets(), families())
def test_a_fit_is_always_a_mixture_with_a_finite_likelihood(data, family):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GmmkitWarning)
        result = fit(
            data.rows, data.n_components, covariance=family, sample_weight=data.weights, seed=0
        )
    assert np.isfinite(result.log_likelihood)
    assert result.mixture.weights.sum() == pytest.approx(1.0)
    assert np.isfinite(result.mixture.log_density(data.rows)).all()
