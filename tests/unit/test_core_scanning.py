"""Scanning rows: what a mixture says of each, block by block, whatever they come from."""

import weakref
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from strategies import blobs, log_joint_oracle, make_mixture

import gmmkit
from gmmkit.core.execution import SerialExecutor
from gmmkit.core.scanning import Scanned
from gmmkit.core.sources.blocks import Block, Source, block_bounds
from gmmkit.errors import InputError, ParameterError

ROWS = blobs(70_000, 3)
MIXTURE = make_mixture(k=4, d=3)


@dataclass(frozen=True)
class Watched(Source):
    """Rows whose pieces make their block when asked; counts the blocks and answers alive."""

    alive: weakref.WeakSet

    n_rows = 1_000_000
    n_features = 3
    dtype = np.dtype(np.float64)

    def pieces(self) -> Iterator["WatchedPiece"]:
        for start, stop in block_bounds(self.n_rows, self.n_features):
            yield WatchedPiece(self, stop - start)

    def take(self, indices):
        raise NotImplementedError


@dataclass(frozen=True)
class WatchedPiece:
    source: Watched
    n_rows: int

    def load(self):
        block = Block(np.zeros((self.n_rows, 3)), None)
        self.source.alive.add(block)
        return block


def joined(scanned, what):
    return np.concatenate([getattr(each, what) for each in scanned])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_threads", [1, 3])
def test_blocks_say_what_the_mixture_says_of_all_rows(dtype, n_threads):
    rows = ROWS.astype(dtype)
    scanned = list(gmmkit.scan(MIXTURE, rows, n_threads=n_threads))
    assert len(scanned) > 2
    assert np.array_equal(joined(scanned, "labels"), MIXTURE.labels(rows))
    expected = MIXTURE.log_density(rows)
    np.testing.assert_allclose(joined(scanned, "log_density"), expected, atol=1e-9, rtol=0)
    shares = joined(scanned, "responsibilities")
    np.testing.assert_allclose(shares, MIXTURE.responsibilities(rows), atol=1e-9)


def test_densities_are_those_of_the_formula():
    joint = log_joint_oracle(ROWS[:50], MIXTURE)
    (scanned,) = gmmkit.scan(MIXTURE, ROWS[:50])
    np.testing.assert_allclose(scanned.log_density, np.logaddexp.reduce(joint, axis=1))
    assert np.array_equal(scanned.labels, joint.argmax(axis=1))


def test_rows_that_are_more_probably_noise_have_no_component():
    mixture = make_mixture(k=2, d=3, noise=0.3)
    rows = np.array([[0.0, 0.0, 0.0], [500.0, 0.0, 0.0]])
    (scanned,) = gmmkit.scan(mixture, rows)
    assert scanned.labels.tolist() == mixture.labels(rows).tolist()
    assert scanned.labels[1] == -1
    np.testing.assert_allclose(scanned.log_density, mixture.log_density(rows))


def test_blocks_come_in_the_order_of_the_rows_and_say_where_they_are():
    first = 0
    for scanned in gmmkit.scan(MIXTURE, ROWS, n_threads=4):
        assert isinstance(scanned, Scanned)
        assert scanned.first_row == first
        first += len(scanned.labels)
    assert first == len(ROWS)


@pytest.mark.parametrize("n_threads", [1, 2, 4])
def test_blocks_are_forgotten_as_soon_as_they_are_scored(n_threads):
    source, most = Watched(weakref.WeakSet()), 0
    for _ in gmmkit.scan(MIXTURE, source, n_threads=n_threads):
        most = max(most, len(source.alive))
    assert most <= n_threads + 2


def test_what_is_scored_ahead_is_bounded_by_the_threads():
    made = []

    def chunks():
        for _ in range(20):
            made.append(1)
            yield np.zeros((50_000, 3))

    source = gmmkit.rows_from(chunks)
    made.clear()
    walk = gmmkit.scan(MIXTURE, source, n_threads=2)
    next(walk)
    assert sum(made) * 50_000 <= 32_768 * (2 + 3) + 2 * 50_000
    walk.close()


def test_responsibilities_are_computed_once_when_they_are_asked_for(monkeypatch):
    from gmmkit.core.engine.scoring import Scorer

    asked = []
    monkeypatch.setattr(Scorer, "responsibilities", lambda self, rows: asked.append(len(rows)))
    (scanned,) = gmmkit.scan(MIXTURE, ROWS[:50])
    assert asked == []
    _ = scanned.responsibilities, scanned.responsibilities
    assert asked == [50]


def test_the_score_is_the_sum_of_log_densities():
    score = gmmkit.score(MIXTURE, ROWS)
    density = MIXTURE.log_density(ROWS)
    assert score.log_likelihood == pytest.approx(density.sum(), rel=1e-12)
    assert score.mean == pytest.approx(density.mean(), rel=1e-12)
    assert score.n_rows == score.weight == len(ROWS)


def test_weights_that_come_with_the_rows_count_in_the_score():
    weights = np.arange(100) % 3
    source = gmmkit.rows_from([(ROWS[:60], weights[:60]), (ROWS[60:100], weights[60:])])
    score = gmmkit.score(MIXTURE, source)
    assert score.log_likelihood == pytest.approx(weights @ MIXTURE.log_density(ROWS[:100]))
    assert score.weight == weights.sum()
    assert score.n_rows == (weights > 0).sum()


def test_the_score_has_the_same_bits_on_any_number_of_threads():
    assert len({gmmkit.score(MIXTURE, ROWS, n_threads=n) for n in (1, 2, 5)}) == 1


def test_a_score_runs_where_it_is_told_to():
    class Noted(SerialExecutor):
        calls = 0

        def map(self, function, items):
            type(self).calls += 1
            return super().map(function, items)

    gmmkit.score(MIXTURE, ROWS[:50], executor=Noted())
    list(gmmkit.scan(MIXTURE, ROWS[:50], executor=Noted()))
    assert Noted.calls == 2


@pytest.mark.parametrize("go", [gmmkit.scan, gmmkit.score])
def test_rows_of_another_width_are_refused_at_once(go):
    for rows in (np.zeros((4, 2)), gmmkit.rows_from([np.zeros((4, 2))])):
        with pytest.raises(InputError, match="2 columns; needed 3"):
            go(MIXTURE, rows)


@pytest.mark.parametrize("go", [gmmkit.scan, gmmkit.score])
def test_what_is_no_mixture_is_refused_at_once(go):
    with pytest.raises(ParameterError, match=r"found int; needed a gmmkit\.Mixture"):
        go(3, ROWS)


def test_rows_that_are_no_numbers_are_refused_at_once():
    with pytest.raises(InputError, match="NaN"):
        gmmkit.scan(MIXTURE, [[np.nan, 0.0, 0.0]])
