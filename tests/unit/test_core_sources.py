"""Rows that come in chunks."""

import numpy as np
import pytest

import gmmkit
from gmmkit.core.sources.arrays import ArraySource
from gmmkit.errors import InputError, ParameterError

ROWS = np.random.default_rng(0).normal(size=(700, 2)) + np.repeat([[0.0], [9.0]], 350, axis=0)


def test_blocks_are_those_of_the_array_however_rows_are_chunked():
    rows = np.arange(200_000.0).reshape(-1, 2)
    whole = [block.rows for block in ArraySource(rows)]
    assert len(whole) > 2
    for bounds in ([], [1], [30_000, 30_001], list(range(7, 100_000, 9_999))):
        stream = gmmkit.rows_from(np.split(rows, bounds))
        cut = [block.rows for block in stream]
        assert all(np.array_equal(*pair) for pair in zip(whole, cut, strict=True))


def test_rows_are_taken_in_the_order_that_is_asked_for():
    stream = gmmkit.rows_from(np.array_split(ROWS, 9))
    indices = np.random.default_rng(1).permutation(700)[:50]
    assert np.array_equal(stream.take(indices).rows, ROWS[indices])


def test_rows_of_weight_zero_are_absent_even_if_a_chunk_holds_no_others():
    weights = np.concatenate([np.zeros(100), np.full(600, 2.0)])
    pairs = list(zip(np.split(ROWS, 7), np.split(weights, 7), strict=True))
    stream = gmmkit.rows_from(pairs)
    assert (stream.n_rows, stream.weight) == (600, 1200.0)
    assert np.array_equal(stream.take(np.arange(600)).rows, ROWS[100:])


def test_one_float64_chunk_makes_all_rows_float64():
    single = ROWS.astype(np.float32)
    assert gmmkit.rows_from([single, single]).dtype == np.float32
    assert gmmkit.rows_from([single, ROWS]).dtype == np.float64


def test_a_generator_is_refused_because_it_ends():
    with pytest.raises(InputError, match="only once"):
        gmmkit.rows_from(chunk for chunk in [ROWS])


def test_chunks_of_different_widths_are_refused():
    with pytest.raises(InputError, match="no table of rows"):
        gmmkit.rows_from([ROWS, ROWS[:, :1]])


def test_rows_that_change_between_walks_are_an_error():
    walks = iter([ROWS, ROWS[:600], ROWS[:600]])
    stream = gmmkit.rows_from(lambda: [next(walks)])
    with pytest.raises(InputError, match="changed while they were walked over"):
        gmmkit.fit(stream, 2, seed=0)


@pytest.mark.parametrize(
    "asked", [{"trim": 0.1}, {"labels": np.zeros(700, int)}, {"missing": "marginalize"}]
)
def test_what_needs_all_rows_in_memory_is_refused_with_words(asked):
    with pytest.raises(ParameterError, match="in memory"):
        gmmkit.fit(gmmkit.rows_from([ROWS]), 2, **asked)


def test_a_start_from_labels_needs_an_array():
    with pytest.raises(ParameterError, match="need all rows in memory"):
        gmmkit.fit(gmmkit.rows_from([ROWS]), 2, start=np.repeat([0, 1], 350))


@pytest.mark.parametrize("asked", [{"noise": True}, {"prior": "default"}, {"assignment": "hard"}])
def test_other_demands_give_the_bits_of_the_array(asked):
    whole = gmmkit.fit(ROWS, 2, seed=0, **asked)
    chunked = gmmkit.fit(gmmkit.rows_from(np.array_split(ROWS, 5)), 2, seed=0, **asked)
    assert whole.log_likelihood == chunked.log_likelihood
    assert np.array_equal(whole.mixture.means, chunked.mixture.means)
