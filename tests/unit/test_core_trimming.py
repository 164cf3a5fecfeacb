"""Trimmed EM: which rows are kept, and what a fit to them withstands."""

import numpy as np
import pytest
from strategies import FAMILIES, blobs, make_mixture

from gmmkit import Mixture, Noise
from gmmkit.core.em import e_step, m_step
from gmmkit.core.engine.scoring import Scorer
from gmmkit.core.execution import SerialExecutor, ThreadExecutor
from gmmkit.core.gaps.partial import KnownSource
from gmmkit.core.maximization import Regularization
from gmmkit.core.sources.arrays import ArraySource
from gmmkit.core.trimming import TrimmedSource, kept_weights, trimmed
from gmmkit.errors import InputError, ParameterError


def keep(rows, mixture, share, weights=None, executor=None, *, hard=False):
    """The rows that a mixture finds likeliest."""
    counted = None if weights is None else np.asarray(weights, dtype=np.float64)
    source = ArraySource(np.asarray(rows, dtype=np.float64), counted)
    return trimmed(source, Scorer.of(mixture), share, executor or SerialExecutor(), hard=hard)


def iterate(rows, mixture, share, iterations, weights=None, *, hard=False):
    """The mixtures of trimmed EM and the sum of log densities over the rows that each keeps."""
    kind, d = mixture.covariance.family, mixture.n_features
    floor = Regularization(1e-9 * np.eye(d), np.zeros(d))
    for _ in range(iterations):
        kept = keep(rows, mixture, share, weights, hard=hard).kept
        statistics = e_step(rows, mixture, kept, assignment="hard" if hard else "soft")
        yield mixture, statistics.log_likelihood
        mixture = m_step(statistics, kind, regularization=floor, previous=mixture)


def test_the_likeliest_rows_are_kept():
    assert kept_weights([-3.0, -1.0, -2.0, -4.0], None, 0.5).tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("n", "share", "kept"),
    [(10, 0.1, 9), (10, 0.05, 10), (100, 0.1, 90), (7, 0.3, 5), (10, 0.3, 7)],
)
def test_as_many_are_kept_as_the_ceiling_says(n, share, kept):
    assert kept_weights(np.arange(float(n)), None, share).sum() == kept


def test_the_row_on_the_border_keeps_what_fills_the_sum():
    assert kept_weights([0.0, -1.0, -2.0], [2.0, 3.0, 5.0], 0.6).tolist() == [2.0, 2.0, 0.0]


def test_of_equal_rows_the_first_are_kept():
    assert kept_weights([-1.0, -1.0, -1.0, 0.0], None, 0.5).tolist() == [1, 0, 0, 1]


def test_nothing_is_trimmed_by_a_share_of_zero():
    weights = [0.25, 0.5, 0.0]
    assert kept_weights([-1.0, -2.0, -3.0], weights, 0.0).tolist() == weights


def test_impossible_rows_go_first():
    assert kept_weights([-np.inf, -1e300], None, 0.5).tolist() == [0, 1]


def test_weights_are_copies_of_rows():
    random = np.random.default_rng(1)
    for _ in range(50):
        density, weights = random.integers(-5, 0, 9).astype(float), random.integers(0, 4, 9)
        weights[0] = 1
        kept = kept_weights(density, weights, share := random.uniform(0, 0.9))
        copied = kept_weights(np.repeat(density, weights), None, share)
        places = np.repeat(np.arange(9), weights)
        np.testing.assert_allclose(kept, np.bincount(places, copied, 9))


@pytest.mark.parametrize("share", [-0.1, 1.0, np.nan, True, "0.1", None])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ParameterError, match="share"):
        kept_weights([0.0, 1.0], None, share)


@pytest.mark.parametrize("density", [[np.nan, 0.0], [], [[0.0, 1.0]]])
def test_densities_that_have_no_order_are_refused(density):
    with pytest.raises(InputError, match="ordered"):
        kept_weights(density, None, 0.1)


def test_a_trimmed_source_holds_the_kept_rows_and_their_weights():
    rows = np.arange(70_000.0)[:, None]
    kept = np.where(np.arange(70_000) % 3 == 0, 0.5, 0.0)
    source = TrimmedSource(ArraySource(rows), kept)
    blocks = list(source)
    assert source.n_rows == sum(len(block.rows) for block in blocks)
    np.testing.assert_array_equal(np.concatenate([b.rows for b in blocks]), rows[::3])
    assert all((block.weights == 0.5).all() for block in blocks)


def test_blocks_of_which_nothing_is_kept_are_passed_over():
    source = ArraySource(np.zeros((70_000, 1)))
    kept = np.zeros(70_000)
    kept[-1] = 1.0
    assert [len(block.rows) for block in TrimmedSource(source, kept)] == [1]


def test_rows_are_taken_from_among_the_kept():
    source = TrimmedSource(ArraySource(np.array([[1.0], [2.0], [3.0]])), np.array([1.0, 0.0, 0.5]))
    block = source.take([1])
    assert (block.rows.tolist(), block.weights.tolist()) == ([[3.0]], [0.5])


@pytest.mark.parametrize("name", FAMILIES)
def test_rows_are_kept_by_the_density_of_the_mixture(name):
    mixture, rows = make_mixture(name, 3, 2, seed=2), blobs(200, 2, 3, seed=2)
    expected = kept_weights(mixture.log_density(rows), None, 0.2)
    np.testing.assert_array_equal(keep(rows, mixture, 0.2).kept, expected)


def test_beside_noise_as_likely_rows_are_kept_and_of_equal_ones_the_nearest():
    mixture = Mixture([0.5], [[0.0]], [[[1.0]]], Noise(0.5, 0.0))
    rows = blobs(40, 1, 1, seed=3)
    kept, density = keep(rows, mixture, 0.25).kept, mixture.log_density(rows)
    assert kept @ density == pytest.approx(kept_weights(density, None, 0.25) @ density)
    assert np.abs(rows[kept > 0]).max() < np.abs(rows[kept == 0]).min()


def test_any_number_of_threads_keeps_the_same_rows():
    mixture, rows = make_mixture("full", 3, 2, seed=4), blobs(70_000, 2, 3, seed=4)
    with ThreadExecutor(3) as executor:
        threaded = keep(rows, mixture, 0.1, executor=executor)
    np.testing.assert_array_equal(threaded.kept, keep(rows, mixture, 0.1).kept)


@pytest.mark.parametrize("rows", [[[0.0, np.nan], [1.0, 2.0]], [[0.0, 0.0], [1.0, 1.0]]])
def test_densities_that_do_not_compare_are_refused(rows):
    source = KnownSource.of(rows, labels=[0, -1], n_components=1)
    scorer = Scorer.of(Mixture([1.0], [[0.0, 0.0]], [np.eye(2)]))
    with pytest.raises(ParameterError, match="trimmed"):
        trimmed(source, scorer, 0.1, SerialExecutor())


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", FAMILIES)
def test_the_trimmed_objective_never_falls(name, weighted):
    for seed in range(5):
        rows = blobs(120, 2, 3, seed=seed, separation=2.0)
        weights = np.random.default_rng(seed).uniform(0.2, 3, 120) if weighted else None
        start = make_mixture(name, 3, 2, seed=seed, spread=4.0)
        values = np.array([value for _, value in iterate(rows, start, 0.2, 25, weights)])
        assert np.diff(values).min() > -1e-8 * np.abs(values).max()


@pytest.mark.parametrize("name", FAMILIES)
def test_the_trimmed_objective_of_hard_assignment_never_falls(name):
    for seed in range(5):
        rows = blobs(120, 2, 3, seed=seed, separation=1.0)
        start = make_mixture(name, 3, 2, seed=seed, spread=4.0)
        values = [value for _, value in iterate(rows, start, 0.2, 15, hard=True)]
        assert np.diff(values).min() > -1e-8 * np.abs(values).max()


def test_by_hard_assignment_rows_are_kept_by_their_likeliest_component():
    """Between two components a row is likelier than farther out, though not under either."""
    mixture = Mixture([0.5, 0.5], [[-1.0], [1.0]], np.ones((2, 1, 1)))
    rows = [[0.0], [1.9]]
    by_default = trimmed(ArraySource(np.array(rows)), Scorer.of(mixture), 0.5, SerialExecutor())
    assert by_default.kept.tolist() == [1.0, 0.0]
    assert keep(rows, mixture, 0.5, hard=True).kept.tolist() == [0.0, 1.0]


def test_far_rows_have_no_say_in_a_trimmed_fit():
    """The mean of what is left, five standard errors wide: a false alarm in 1e6 seeds."""
    random = np.random.default_rng(5)
    rows = np.concatenate([random.normal(size=(900, 2)), 50 + random.normal(size=(100, 2))])
    start = Mixture([1.0], [rows.mean(axis=0)], [np.cov(rows.T)])
    *_, (mixture, _) = iterate(rows, start, 0.1, 30)
    assert (np.abs(mixture.means) < 5 / np.sqrt(900)).all()
    assert np.abs(m_step(e_step(rows, start), start.covariance.family).means).max() > 4


def test_a_weighted_fit_is_the_fit_of_copies():
    rows = blobs(60, 2, 2, seed=6)
    weights = np.random.default_rng(6).integers(1, 4, 60)
    start = make_mixture("full", 2, 2, seed=6)
    *_, (weighted, _) = iterate(rows, start, 0.25, 10, weights)
    *_, (copied, _) = iterate(np.repeat(rows, weights, axis=0), start, 0.25, 10)
    np.testing.assert_allclose(weighted.means, copied.means, rtol=1e-8)
