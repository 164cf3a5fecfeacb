"""Rows of files on a cluster: workers read them, and send back nothing but what is asked for."""

import logging
import os
import sys
import threading
from concurrent.futures import CancelledError

import numpy as np
import pytest
from clusters import WORKERS, assert_same_fit, fitted
from distributed import Client, LocalCluster
from strategies import blobs, make_mixture

import gmmkit
from gmmkit.backends import cluster as passes
from gmmkit.backends.cluster import ClusterExecutor
from gmmkit.core.scanning import answers
from gmmkit.errors import ClusterError, FileAccessError, MissingDependencyError, TableError
from gmmkit.io.rows.matrix_file import MatrixFile
from gmmkit.io.rows.parquet import ParquetChunks

polars = pytest.importorskip("polars")

# Eight blocks; of Parquet in two chunks of four.
ROWS = blobs(140_000, 3)
MIXTURE = make_mixture(k=3, d=3)
KINDS = ("npy", "parquet")


@pytest.fixture(scope="module")
def client():
    """Workers that talk to this process as those on other machines do, though they are threads."""
    with (
        LocalCluster(
            n_workers=WORKERS,
            threads_per_worker=1,
            processes=False,
            protocol="tcp",
            silence_logs=logging.CRITICAL + 1,
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
            worker_dashboard_address=None,
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        client.wait_for_workers(WORKERS)
        yield client


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch):
    monkeypatch.setattr("gmmkit.io.rows.parquet._CHUNK_BYTES", 2_000_000)


@pytest.fixture
def write(tmp_path):
    """A function that writes rows as a file of some kind, and opens it."""

    def written(kind, rows=ROWS, **options):
        path = tmp_path / f"rows.{kind}"
        if kind == "npy":
            np.save(path, rows)
        else:
            names = list("abcdefgh"[: rows.shape[1]])
            polars.DataFrame(rows, schema=names).write_parquet(path)
        return gmmkit.open_rows(path, **options)

    return written


@pytest.fixture
def readers(monkeypatch):
    """The threads that read rows from files."""
    noted = []

    def noting(kind, name):
        real = getattr(kind, name)

        def read(self, *words):
            noted.append(threading.current_thread().name)
            return real(self, *words)

        monkeypatch.setattr(kind, name, read)

    noting(MatrixFile, "read")
    noting(ParquetChunks, "_frame")
    return noted


def sent(client):
    """How many bytes this process sent to the scheduler so far, and workers to anybody."""
    ours = client.scheduler_comm.byte_count
    each = client.run(
        lambda dask_worker: (
            sum(log["compressed"] for log in dask_worker.transfer_outgoing_log)
            + dask_worker.batched_stream.byte_count
        )
    )
    return np.array([ours, sum(each.values())])


@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_a_file_are_fitted_as_in_one_process_and_do_not_travel(
    client, write, monkeypatch, kind
):
    monkeypatch.setattr(client, "scatter", None)
    before = sent(client)
    there = fitted(write(kind), executor=client)
    n_bytes = sent(client) - before
    assert_same_fit(there, fitted(ROWS))
    # Sums, and Dask's own messages about seven passes of two tasks.
    assert n_bytes.max() < ROWS.nbytes / 20


def test_weights_of_parquet_count_on_a_cluster(client, write):
    weighed = np.column_stack([ROWS, np.arange(len(ROWS)) % 3 + 1])
    there = fitted(write("parquet", weighed, weights="d"), executor=client)
    assert_same_fit(there, fitted(ROWS, sample_weight=weighed[:, 3]))


def test_rows_of_weight_zero_are_left_out_on_a_cluster(client, write):
    weighed = np.column_stack([ROWS, np.arange(len(ROWS)) % 3])
    there = fitted(write("parquet", weighed, weights="d"), executor=client)
    assert_same_fit(there, fitted(ROWS, sample_weight=weighed[:, 3]))


@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_a_file_are_scored_by_the_workers_in_their_order(client, write, readers, kind):
    here = list(gmmkit.scan(MIXTURE, ROWS))
    there = list(gmmkit.scan(MIXTURE, write(kind), executor=client))
    assert "MainThread" not in readers
    assert [block.first_row for block in there] == [block.first_row for block in here]
    for one, other in zip(there, here, strict=True):
        assert np.array_equal(one.labels, other.labels)
        np.testing.assert_allclose(one.log_density, other.log_density, rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_a_score_comes_back_from_a_cluster_as_sums(client, write, kind):
    before = sent(client)
    there = gmmkit.score(MIXTURE, write(kind), executor=client)
    assert (sent(client) - before).max() < 50_000
    assert there.mean == pytest.approx(gmmkit.score(MIXTURE, ROWS).mean, rel=1e-12)


def test_a_chunk_of_parquet_is_read_by_one_worker(client, write, readers):
    gmmkit.score(MIXTURE, write("parquet"), executor=client)
    assert len(readers) == 2


def test_pieces_go_to_workers_in_runs_and_few_runs_ahead(client, write, monkeypatch):
    monkeypatch.setattr(passes, "_RUN", 1)
    monkeypatch.setattr(passes, "_AHEAD", 1)
    submitted, submit = [], client.submit
    monkeypatch.setattr(
        client, "submit", lambda *words, **more: submitted.append(1) or submit(*words, **more)
    )
    walk = answers(len_of, write("npy"), executor=client)
    next(walk)
    # The function, as many as there are threads, and the one that was waited for.
    assert len(submitted) == 1 + WORKERS + 1
    assert sum(length for _, length in walk) + 17_664 == len(ROWS)
    assert len(submitted) == 1 + 8


def len_of(block):
    return len(block.rows)


def test_a_walk_that_is_left_cancels_what_was_waited_for(client, write, monkeypatch):
    monkeypatch.setattr(passes, "_RUN", 1)
    cancelled, cancel = [], client.cancel
    monkeypatch.setattr(client, "cancel", lambda tasks: cancelled.extend(tasks) or cancel(tasks))
    walk = answers(len_of, write("npy"), executor=client)
    next(walk)
    walk.close()
    assert {task.status for task in cancelled} == {"cancelled"}
    assert len(cancelled) == 2 * WORKERS


# What goes wrong


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_workers_do_not_see_is_named_with_the_worker(client, write, tmp_path, kind):
    source = write(kind)
    path = tmp_path / f"rows.{kind}"
    path.unlink()
    there = rf"{path} does not exist on the worker at tcp://127\.0\.0\.1:\d+: .*every worker"
    with pytest.raises(FileAccessError, match=there):
        gmmkit.score(MIXTURE, source, executor=client)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_changes_in_a_fit_is_named_with_the_worker(client, write, tmp_path, kind):
    def changed(number, _):
        if number == 2:
            os.utime(tmp_path / f"rows.{kind}", (0, 0))

    there = rf"rows\.{kind} changed while it was used on the worker at tcp://"
    with pytest.raises(FileAccessError, match=there):
        fitted(write(kind), executor=client, on_iteration=changed)


def test_a_worker_without_polars_is_named(client, write, monkeypatch):
    source = write("parquet")
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(MissingDependencyError, match=r"polars on the worker at tcp://.*tables"):
        gmmkit.score(MIXTURE, source, executor=client)


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_row_is_named_on_a_cluster_as_it_is_here(client, write, kind):
    rows = ROWS.copy()
    rows[100_007, 1] = np.nan
    with pytest.raises(TableError, match="row 100007"):
        list(gmmkit.scan(MIXTURE, write(kind, rows), executor=client))


def test_a_cluster_without_workers_is_refused_for_scores_too(client, write, monkeypatch):
    monkeypatch.setattr(client, "nthreads", dict)
    with pytest.raises(ClusterError, match="no workers"):
        gmmkit.score(MIXTURE, write("npy"), executor=client)


def test_a_scheduler_that_is_lost_ends_scoring_in_words(client, write, monkeypatch):
    def lost(futures):
        raise CancelledError("scheduler-connection-lost")

    monkeypatch.setattr(client, "gather", lost)
    with pytest.raises(ClusterError, match=r"cannot be reached any more: found scheduler-conn"):
        gmmkit.score(MIXTURE, write("npy"), executor=client)


def test_what_is_no_piece_goes_to_workers_by_itself(client):
    doubled = ClusterExecutor(client).map(lambda number: 2 * number, range(40))
    assert list(doubled) == list(range(0, 80, 2))
