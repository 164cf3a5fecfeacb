"""A worker that is killed in an iteration: its rows are counted by others, and not twice."""

import os
import signal
import threading

import numpy as np
import pytest
from clusters import WORKERS, Waiting, assert_same_fit, chunked, first_of, fitted, local_client
from strategies import blobs

import gmmkit
from gmmkit.core import expectation
from gmmkit.core.scanning import answers

# Blocks enough for each worker to hold some.
ROWS = blobs(80_000, 2)


@pytest.fixture(scope="module")
def client():
    with local_client(processes=True) as client:
        yield client


@pytest.fixture(scope="module")
def alone():
    return fitted(ROWS)


@pytest.fixture
def stopped(tmp_path, monkeypatch):
    """Let every worker wait in the middle of an iteration, until a file is there."""
    make = expectation.make_partial_pass
    monkeypatch.setattr(
        expectation,
        "make_partial_pass",
        lambda *words, **more: Waiting(make(*words, **more), tmp_path),
    )
    return Waiting(len, tmp_path)


@pytest.mark.parametrize("rows", [chunked(ROWS, (10_000, 2)), ROWS], ids=["of dask", "sent there"])
def test_a_worker_killed_in_an_iteration_leaves_the_result(client, alone, stopped, rows):
    client.wait_for_workers(WORKERS)
    results = []
    fit = threading.Thread(target=lambda: results.append(fitted(rows, executor=client)))
    fit.start()
    victim, *_ = stopped.wait_for(WORKERS)
    os.kill(victim, signal.SIGKILL)
    (stopped.folder / "go").touch()
    fit.join()
    assert_same_fit(results[0], alone)


def test_a_worker_killed_while_it_scores_leaves_the_answers_and_their_order(
    client, stopped, tmp_path, monkeypatch
):
    np.save(tmp_path / "rows.npy", ROWS)
    monkeypatch.setattr("gmmkit.backends.cluster._RUN", 1)
    client.wait_for_workers(WORKERS)
    found, scored = [], Waiting(first_of, stopped.folder)
    source = gmmkit.open_rows(tmp_path / "rows.npy")
    walk = threading.Thread(target=lambda: found.extend(answers(scored, source, executor=client)))
    walk.start()
    victim, *_ = stopped.wait_for(WORKERS)
    os.kill(victim, signal.SIGKILL)
    (stopped.folder / "go").touch()
    walk.join()
    assert len(found) > WORKERS
    assert [first for _, first in found] == [ROWS[piece.start, 0] for piece, _ in found]
    assert [piece.start for piece, _ in found] == [piece.start for piece in source.pieces()]
