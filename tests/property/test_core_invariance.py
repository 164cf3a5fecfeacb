"""What must not matter: the order of rows, how weights are split, blocks, threads, zero weights."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from parsimonious import FOURTEEN
from strategies import FAMILIES, blobs, datasets, families, make_mixture, stable

from gmmkit import fit
from gmmkit.core.em import e_step
from gmmkit.core.execution import ThreadExecutor
from gmmkit.core.sources.blocks import block_rows
from gmmkit.errors import GmmkitWarning

# Enough iterations to wander, few enough that rounding has not been blown up.
SHORT = {"tol": 0.0, "max_iter": 8, "seed": 0, "start": "kmeans"}


def short_fit(rows, k, **options):
    """A fit of a few iterations, without our warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GmmkitWarning)
        return fit(rows, k, **{**SHORT, **options})


def assert_same_fit(one, other, rows):
    """Two fits agree up to rounding."""
    n = max(one.weight, 1.0)
    assert one.log_likelihood == pytest.approx(other.log_likelihood, abs=1e-8 * n)
    assert (one.mixture.labels(rows) == other.mixture.labels(rows)).mean() > 0.9999
    spread = rows.std(axis=0) + 1e-300
    apart = abs(one.mixture.means - other.mixture.means) / spread
    assert apart.max() < 1e-6


@stable
@given(datasets(weighted=False), st.sampled_from(FOURTEEN), st.integers(0, 1000))
def test_integer_weights_are_the_same_as_repeated_rows(data, family, seed):
    counts = np.random.default_rng(seed).integers(1, 4, len(data.rows))
    repeated = np.repeat(data.rows, counts, axis=0)
    weighted = short_fit(
        data.rows, data.n_components, covariance=family, sample_weight=counts.astype(float)
    )
    assert_same_fit(weighted, short_fit(repeated, data.n_components, covariance=family), data.rows)


@stable
@given(datasets(weighted=True), st.sampled_from(FOURTEEN), st.integers(0, 1000))
def test_a_row_of_weight_zero_is_the_same_as_no_row(data, family, seed):
    keep = np.random.default_rng(seed).random(len(data.rows)) < 0.8
    zeroed = np.where(keep, data.weights, 0.0)
    ours = short_fit(data.rows, data.n_components, covariance=family, sample_weight=zeroed)
    theirs = short_fit(
        data.rows[keep], data.n_components, covariance=family, sample_weight=data.weights[keep]
    )
    assert ours.log_likelihood == theirs.log_likelihood
    assert ours.mixture.means.tobytes() == theirs.mixture.means.tobytes()


@stable
@given(datasets(), st.sampled_from(FOURTEEN), st.integers(0, 1000))
def test_the_order_of_the_rows_does_not_matter(data, family, seed):
    order = np.random.default_rng(seed).permutation(len(data.rows))
    weights = None if data.weights is None else data.weights[order]
    ours = short_fit(data.rows, data.n_components, covariance=family, sample_weight=data.weights)
    theirs = short_fit(
        data.rows[order], data.n_components, covariance=family, sample_weight=weights
    )
    assert_same_fit(ours, theirs, data.rows)


@stable
@given(datasets(weighted=True), st.sampled_from(FOURTEEN), st.floats(0.1, 0.9))
def test_splitting_every_weight_in_two_rows_does_not_matter(data, family, share):
    split = np.concatenate([share * data.weights, (1 - share) * data.weights])
    ours = short_fit(data.rows, data.n_components, covariance=family, sample_weight=data.weights)
    theirs = short_fit(
        np.concatenate([data.rows, data.rows]),
        data.n_components,
        covariance=family,
        sample_weight=split,
    )
    assert_same_fit(ours, theirs, data.rows)


def fits_in_two_units_of_weight(data, family, factor):
    """Short fits from one start: a contest of several may ask how many rows a component has."""
    options = {"covariance": family, "start": "random"}
    return (
        short_fit(data.rows, data.n_components, sample_weight=weights, **options)
        for weights in (data.weights, factor * data.weights)
    )


@stable
@given(datasets(weighted=True), families(), st.sampled_from([2.0**-10, 8.0, 2.0**40]))
def test_a_power_of_two_as_unit_of_the_weights_changes_no_bit(data, family, factor):
    ours, theirs = fits_in_two_units_of_weight(data, family, factor)
    assert ours.mixture.means.tobytes() == theirs.mixture.means.tobytes()
    assert theirs.log_likelihood == pytest.approx(factor * ours.log_likelihood, rel=1e-12)


@stable
@given(datasets(weighted=True), st.sampled_from(FOURTEEN), st.sampled_from([0.01, 7.0, 1e10]))
def test_the_unit_of_the_weights_does_not_matter(data, family, factor):
    ours, theirs = fits_in_two_units_of_weight(data, family, factor)
    assert_same_fit(ours, replace(theirs, log_likelihood=theirs.log_likelihood / factor), data.rows)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("family", FOURTEEN)
def test_the_number_of_threads_does_not_change_a_bit(family, weighted):
    rows = blobs(34_000, 3, 3, seed=1)
    weights = np.random.default_rng(1).uniform(0.5, 2, 34_000) if weighted else None
    fits = [
        fit(
            rows,
            3,
            covariance=family,
            sample_weight=weights,
            seed=0,
            tol=0,
            max_iter=3,
            n_threads=n,
        )
        for n in (1, 2, 3)
    ]
    for other in fits[1:]:
        assert other.log_likelihood == fits[0].log_likelihood
        assert other.mixture.weights.tobytes() == fits[0].mixture.weights.tobytes()
        assert other.mixture.means.tobytes() == fits[0].mixture.means.tobytes()
        values = other.mixture.covariance.values
        assert values.tobytes() == fits[0].mixture.covariance.values.tobytes()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("size", [1, 7, 100, 999, 5000])
def test_the_partition_into_blocks_does_not_matter(family, size):
    mixture = make_mixture(family, 3, 2)
    rows = mixture.sample(1000, seed=2)
    with ThreadExecutor(2) as executor:
        cuts = range(0, 1000, size)
        parts = list(executor.map(lambda a: e_step(rows[a : a + size], mixture), cuts))
    pieces, whole = sum(parts[1:], parts[0]), e_step(rows, mixture)
    assert pieces.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-12)
    np.testing.assert_allclose(pieces.first, whole.first, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(pieces.second, whole.second, rtol=1e-10, atol=1e-9)


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_rows_at_the_border_of_a_block_are_all_counted(extra):
    n = 4 * block_rows(10**9, 2) + extra
    rows = blobs(n, 2, 1, seed=3, separation=0)
    mixture = fit(rows, 1, max_iter=2, tol=0).mixture
    np.testing.assert_allclose(mixture.means[0], rows.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(mixture.covariances[0], np.cov(rows.T, ddof=0), rtol=1e-9)
