"""``gmmkit score --scheduler``: workers score rows, and this process writes what they say."""

import os
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from strategies import blobs
from things import write_model_of_things, write_things, written

from gmmkit import Mixture, save
from gmmkit.cli.table.scanning import ScoredBlock
from gmmkit.core.execution import SerialExecutor
from gmmkit.errors import FileAccessError
from gmmkit.io.table import read_table
from gmmkit.io.table_model import TableModel

distributed = pytest.importorskip("distributed")

# Of three columns, several blocks.
ROWS = 3 * blobs(70_000, 3)
SEVERAL = Mixture([0.5, 0.5], [[0.0, 0.0], [6.0, 0.0]], [np.eye(2), 2 * np.eye(2)])


@pytest.fixture(scope="module")
def address():
    """Of the scheduler of two workers."""
    quiet = {"dashboard_address": "127.0.0.1:0", "worker_dashboard_address": None}
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        silence_logs=60,
        scheduler_kwargs={"dashboard": False},
        **quiet,
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def model():
    """Of the first and the last column, and the rows beside it."""
    save(TableModel(SEVERAL, ("0", "2")).to_model(), "n.gmm")
    np.save("rows.npy", ROWS)
    return "n.gmm"


@pytest.fixture
def came(monkeypatch):
    """What came here from the workers, task by task."""
    noted, gather = [], distributed.Client.gather

    def noting(self, futures, **words):
        noted.extend(gather(self, futures, **words))
        return noted[-len(futures) :]

    monkeypatch.setattr(distributed.Client, "gather", noting)
    return noted


def test_a_cluster_writes_what_this_machine_would(run_cli, model, address, came):
    words = ("score", model, "rows.npy", "--keep", "1")
    ended = run_cli(*words, "--scheduler", address, "-o", "there.csv")
    assert (ended.code, ended.out, ended.err) == (0, "there.csv: 70,000 rows\n", "")
    assert run_cli(*words, "-o", "here.csv").code == 0
    there, here = read_table("there.csv"), read_table("here.csv")
    assert there.names == here.names
    assert np.array_equal(there.columns["1"], ROWS[:, 1])
    for name in here.names:
        np.testing.assert_allclose(there.columns[name], here.columns[name], rtol=1e-9)
    blocks = [block for task in came for block in task]
    assert len(blocks) > 2
    assert {type(block) for block in blocks} == {ScoredBlock}
    assert {len(block.kept) for block in blocks} == {1}


def test_parquet_is_scored_on_a_cluster_with_names(run_cli, model, address):
    polars = pytest.importorskip("polars")
    polars.DataFrame(ROWS, schema=["0", "1", "2"]).write_parquet("rows.parquet")
    words = ("score", model, "rows.parquet", "--stream", "--scheduler", address, "--no-tail")
    assert run_cli(*words, "-o", "there.parquet").code == 0
    scored = read_table("there.parquet").columns
    assert np.array_equal(scored["component"], SEVERAL.labels(ROWS[:, [0, 2]]))


@pytest.mark.parametrize("how", [("--stream",), ("--missing",), ()])
def test_a_text_is_scored_on_a_cluster_streamed_or_whole(run_cli, address, how):
    table, things = write_things(Path("t.csv")), write_model_of_things(Path("m.gmm"))
    if how == ("--missing",):
        table = written("length,width\n10,1\n0,\n,5\n")
    words = ("score", things, table, *how)
    there = run_cli(*words, "--scheduler", address)
    assert (there.code, there.err) == (0, "")
    assert there.out == run_cli(*words).out


def test_a_bad_row_on_a_cluster_leaves_no_file(run_cli, model, address):
    rows = ROWS.copy()
    rows[60_000, 2] = np.nan
    np.save("bad.npy", rows)
    ended = run_cli("score", model, "bad.npy", "--scheduler", address, "-o", "o.csv")
    assert ended.code == 3
    assert "row 60000" in ended.err
    assert sorted(os.listdir()) == ["bad.npy", "n.gmm", "rows.npy"]


def test_a_disk_that_is_full_ends_what_the_cluster_still_works_on(
    run_cli, model, address, monkeypatch
):
    cancelled, cancel = [], distributed.Client.cancel

    def noting(self, futures, **words):
        assert self.status == "running"
        cancelled.extend(futures)
        return cancel(self, futures, **words)

    def full(self, columns):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gmmkit.backends.cluster._RUN", 1)
    monkeypatch.setattr(distributed.Client, "cancel", noting)
    monkeypatch.setattr("gmmkit.io.table_growing._GrowingText.add", full)
    ended = run_cli("score", model, "rows.npy", "--scheduler", address, "-o", "o.csv")
    assert ended.code == 3
    assert "No space left" in ended.err
    assert cancelled
    assert not Path("o.csv").exists()


# What cannot be


def test_an_address_that_is_none_ends_with_two(run_cli, model):
    ended = run_cli("score", model, "rows.npy", "--scheduler", "nowhere")
    assert ended.code == 2
    assert "tcp://" in ended.err


def test_a_scheduler_that_does_not_answer_ends_with_three(run_cli, model):
    ended = run_cli("score", model, "rows.npy", "--scheduler", "tcp://127.0.0.1:1", "-o", "o.csv")
    assert ended.code == 3
    assert "no scheduler answers at tcp://127.0.0.1:1" in ended.err
    assert not Path("o.csv").exists()


def test_without_the_package_for_clusters_scoring_tells_its_name(run_cli, model, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    ended = run_cli("score", model, "rows.npy", "--scheduler", "a:1")
    assert ended.code == 3
    assert "gmmkit[cluster]" in ended.err


def test_workers_that_do_not_see_the_rows_to_score_are_told_where_they_are(
    run_cli, model, monkeypatch
):
    class Blind(SerialExecutor):
        def __init__(self, client):
            super().__init__()

        def map(self, function, items):
            raise FileAccessError("rows.npy does not exist on the worker at tcp://a:2")

    @contextmanager
    def connected(address):
        yield address

    monkeypatch.setattr("gmmkit.backends.connecting.connected", connected)
    monkeypatch.setattr("gmmkit.backends.cluster.ClusterExecutor", Blind)
    ended = run_cli("score", model, "rows.npy", "--scheduler", "a:1")
    assert ended.code == 3
    assert "on the worker at tcp://a:2" in ended.err
    assert f"every worker sees it as {Path('rows.npy').absolute()}" in ended.err


def test_a_model_or_a_table_that_is_missing_is_no_matter_of_workers(run_cli, model):
    for words in (("no.gmm", "rows.npy"), (model, "no.npy")):
        ended = run_cli("score", *words, "--scheduler", "a:1")
        assert ended.code == 3
        assert "does not exist" in ended.err
        assert "worker" not in ended.err
