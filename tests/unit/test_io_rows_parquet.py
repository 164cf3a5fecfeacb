"""Parquet in pieces that are read where they are needed: by chunks, once for all threads."""

import os
import threading
import time
import weakref

import numpy as np
import pytest
from strategies import blobs

import gmmkit
from gmmkit.core.sources.blocks import block_rows
from gmmkit.errors import FileAccessError
from gmmkit.io.rows.parquet import ParquetChunks
from gmmkit.io.rows.sharing import Shared

polars = pytest.importorskip("polars")

ROWS = blobs(300_000, 2)


@pytest.fixture
def path(tmp_path):
    """Rows of sixteen blocks."""
    polars.DataFrame(ROWS, schema=["a", "b"]).write_parquet(tmp_path / "rows.parquet")
    return tmp_path / "rows.parquet"


@pytest.fixture
def reads(monkeypatch):
    """Which rows are read from the file, in order."""
    noted, real = [], ParquetChunks._frame
    monkeypatch.setattr(
        ParquetChunks,
        "_frame",
        lambda self, start, stop: noted.append((start, stop)) or real(self, start, stop),
    )
    # Four of the blocks.
    monkeypatch.setattr("gmmkit.io.rows.parquet._CHUNK_BYTES", 1_500_000)
    return noted


# One of several threads that falls behind may have to read a chunk again that others left.
@pytest.mark.parametrize(("n_threads", "most"), [(1, 4), (3, 6)])
def test_a_pass_reads_each_chunk_once_and_not_each_block(path, reads, n_threads, most):
    mixture = gmmkit.Mixture([1.0], [[0.0, 0.0]], [np.eye(2)])
    score = gmmkit.score(mixture, gmmkit.open_rows(path), n_threads=n_threads)
    assert score.log_likelihood == gmmkit.score(mixture, ROWS).log_likelihood
    assert len(reads) <= most
    assert sorted(set(reads)) == list(gmmkit.open_rows(path).chunks.bounds())


@pytest.mark.parametrize("n_columns", [1, 3, 8, 11, 40, 500])
def test_whoever_takes_sixteen_blocks_in_turn_reads_no_chunk_by_half(tmp_path, n_columns):
    n_rows = 40_000_000 // n_columns
    names = tuple(str(number) for number in range(n_columns))
    chunks = ParquetChunks("", "", names, None, np.dtype(np.float64), n_rows, None)
    (_, step), *_ = chunks.bounds()
    n_blocks, rest = divmod(step, block_rows(n_rows, n_columns))
    assert rest == 0
    assert 16 % n_blocks == 0
    assert step * n_columns * 8 <= 2**25
    assert chunks.around(step + 1) == (step, 2 * step)


def test_a_chunk_that_is_held_does_not_hide_that_the_file_changed(path, reads):
    pieces = list(gmmkit.open_rows(path).pieces())
    pieces[0].load()
    os.utime(path, (0, 0))
    with pytest.raises(FileAccessError, match=r"rows\.parquet changed while it was used"):
        pieces[1].load()
    path.unlink()
    with pytest.raises(FileAccessError, match=r"rows\.parquet does not exist"):
        pieces[1].load()


# What threads share


class Value:
    """Something to hold on to."""


def in_a_thread(function, *words):
    thread = threading.Thread(target=function, args=words)
    thread.start()
    return thread


def test_what_two_threads_ask_for_at_once_is_made_once():
    made = []

    def make(key):
        made.append(key)
        time.sleep(0.05)
        return Value()

    shared, got = Shared(make), []
    # Both hold what they got until the other has it too.
    together = threading.Barrier(2, timeout=10)
    threads = [in_a_thread(lambda: (got.append(shared("key")), together.wait())) for _ in range(2)]
    for thread in threads:
        thread.join()
    assert made == ["key"]
    assert got[0] is got[1]


def test_one_that_is_at_another_value_is_not_waited_for():
    going_on = threading.Event()

    def make(key):
        if key == "slow":
            assert going_on.wait(10)
        return key

    shared = Shared(make)
    slow = in_a_thread(shared, "slow")
    assert shared("fast") == "fast"
    going_on.set()
    slow.join()


def test_a_value_goes_when_the_last_thread_has_moved_on():
    shared = Shared(lambda key: Value())
    first = weakref.ref(shared(1))
    in_a_thread(shared, 1).join()
    assert first() is not None
    shared(2)
    assert first() is None


def test_what_could_not_be_made_is_tried_again():
    attempts = []

    def make(key):
        attempts.append(key)
        if len(attempts) == 1:
            raise FileAccessError("not there yet")
        return key

    shared = Shared(make)
    with pytest.raises(FileAccessError):
        shared("key")
    assert shared("key") == "key"
