"""``gmmkit fit|select`` of tables that are passed over block by block, and on a cluster."""

import gzip
import json
import os
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from strategies import blobs
from things import write_things, written

from gmmkit.cli import progress
from gmmkit.cli.table import streaming
from gmmkit.core.execution import SerialExecutor
from gmmkit.errors import FileAccessError
from gmmkit.io.table import read_table
from gmmkit.io.table_model import load_table_model
from gmmkit.io.table_writing import write_table

ROWS = blobs(300, 3)
QUICK = ("--start", "kmeans")


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def matrix():
    """The three columns as a matrix."""
    np.save("rows.npy", ROWS)
    return "rows.npy"


@pytest.fixture
def text():
    """The same columns as a text, between an id and a weight."""
    names = ("a", "b", "c")
    columns = {"id": np.array([f"{n:04d}" for n in range(len(ROWS))], dtype=object)}
    columns |= dict(zip(names, ROWS.T, strict=True))
    columns["n"] = np.arange(len(ROWS)) % 3 + 1
    write_table(columns, "rows.csv")
    return "rows.csv"


def same_model(one, other):
    """Two models have the same numbers, to the bit, and the same notes."""
    first, second = load_table_model(one), load_table_model(other)
    parts = [
        (m.mixture.weights.tobytes(), m.mixture.means.tobytes(), m.mixture.covariances.tobytes())
        for m in (first, second)
    ]
    return parts[0] == parts[1] and first.notes == second.notes


def test_a_matrix_is_fitted_as_the_table_of_its_columns(run_cli, matrix, text):
    assert run_cli("fit", matrix, "-k", 3, *QUICK, "-o", "m.gmm").code == 0
    assert run_cli("fit", text, "-k", 3, *QUICK, "--columns", "a,b,c", "-o", "t.gmm").code == 0
    assert same_model("m.gmm", "t.gmm")


def test_the_columns_of_a_matrix_are_named_by_their_numbers(run_cli, matrix):
    ended = run_cli("fit", matrix, "-k", 3, *QUICK, "--drop", "1", "-o", "m.gmm", "--json")
    assert load_table_model("m.gmm").columns == ("0", "2")
    assert set(json.loads(ended.out)["components"][0]["center"]) == {"0", "2"}


def test_the_floor_and_the_weights_of_a_matrix_go_by_number(run_cli, text):
    names = ["a", "b", "n"]
    np.save("w.npy", read_table(text).rows(names))
    of_text = ("--columns", "a,b", "--weights", "n", "--floor", "b=2")
    assert run_cli("fit", text, "-k", 2, *QUICK, *of_text, "-o", "t.gmm").code == 0
    assert (
        run_cli(
            "fit", "w.npy", "-k", 2, *QUICK, "--weights", 2, "--floor", "1=2", "-o", "m.gmm"
        ).code
        == 0
    )
    assert same_model("m.gmm", "t.gmm")


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
def test_a_table_that_is_streamed_is_fitted_to_the_same_bytes(run_cli, text, suffix):
    if suffix == ".parquet":
        pytest.importorskip("polars")
        write_table(read_table(text, text=["id"]).columns, "rows.parquet")
    elif suffix == ".csv.gz":
        Path("rows.csv.gz").write_bytes(gzip.compress(Path(text).read_bytes()))
    words = ("-k", 3, *QUICK, "--drop", "id", "--weights", "n")
    assert run_cli("fit", text, *words, "-o", "whole.gmm").code == 0
    assert run_cli("fit", f"rows{suffix}", *words, "--stream", "-o", "stream.gmm").code == 0
    assert Path("whole.gmm").read_bytes() == Path("stream.gmm").read_bytes()


def test_large_tables_are_streamed_unasked_and_archives_sooner(run_cli, text, monkeypatch):
    monkeypatch.setattr(streaming, "LARGE_BYTES", Path(text).stat().st_size + 1)
    assert streaming.FileKind.of(Path(text)).reason(asked=False) == ""
    Path("rows.csv.gz").write_bytes(gzip.compress(Path(text).read_bytes()))
    assert "bytes" in streaming.FileKind.of(Path("rows.csv.gz")).reason(asked=False)
    monkeypatch.setattr(streaming, "LARGE_BYTES", 1000)
    ended = run_cli("fit", text, "-k", 2, "--drop", "id", "--trim", "0.1")
    assert ended.code == 3
    assert f"as it has {Path(text).stat().st_size:,} bytes" in ended.err


def test_rows_of_weight_zero_are_not_counted(run_cli):
    name = written("a,n\n" + "".join(f"{number % 7},{number % 2}\n" for number in range(60)))
    ended = run_cli("fit", name, "-k", 1, "--weights", "n", "--stream")
    assert "odd.csv: 30 rows of positive weight, 1 column" in ended.out


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--labels", "id"], "--labels needs"),
        (["--missing"], "--missing needs"),
        (["--trim", "0.1"], "--trim needs"),
        (["--trim", "0.1", "--missing"], "--missing and --trim need"),
    ],
)
def test_what_needs_all_rows_is_refused_by_name(run_cli, text, words, named):
    ended = run_cli("fit", text, "-k", 2, "--columns", "a,b", "--stream", *words, "-o", "m.gmm")
    assert ended.code == 3
    assert named in ended.err
    assert "leave --stream out" in ended.err
    assert not Path("m.gmm").exists()


def test_noise_is_found_in_a_stream_too(run_cli):
    np.save("n.npy", np.concatenate([ROWS, 50 * blobs(9, 3)]))
    assert run_cli("fit", "n.npy", "-k", 3, *QUICK, "--noise", "-o", "m.gmm").code == 0
    assert load_table_model("m.gmm").mixture.noise.weight > 0


def test_of_several_numbers_of_components_the_same_is_chosen(run_cli, matrix, text):
    whole = json.loads(
        run_cli("fit", text, "-k", "1:4", *QUICK, "--columns", "a,b,c", "--json").out
    )
    ended = run_cli("fit", matrix, "-k", "1:4", *QUICK, "--json", "-o", "m.gmm")
    stream = json.loads(ended.out)
    assert stream["selection"]["chosen"]["bic"] == whole["selection"]["chosen"]["bic"]
    assert [each["bic"] for each in stream["selection"]["candidates"]] == [
        each["bic"] for each in whole["selection"]["candidates"]
    ]
    assert stream["selection"]["candidates"][0]["icl"] is None
    assert load_table_model("m.gmm").notes["chosen by"] == "BIC among 4 fits"


def test_families_are_compared_by_likelihood_in_a_stream(run_cli, matrix):
    ended = run_cli(
        "select", matrix, "-k", "2:3", "--start", "kmeans", "--criterion", "aic", "--json"
    )
    candidates = json.loads(ended.out)["candidates"]
    assert len(candidates) == 8
    assert {each["covariance"] for each in candidates} == {"full", "tied", "diag", "spherical"}


@pytest.mark.parametrize("criterion", ["icl", "held-out"])
def test_a_criterion_that_looks_at_rows_again_is_refused(run_cli, matrix, criterion):
    ended = run_cli("select", matrix, "--criterion", criterion)
    assert ended.code == 3
    assert f"--criterion {criterion} needs all rows" in ended.err


def test_more_components_than_rows_in_every_fit_are_refused(run_cli, matrix):
    np.save("few.npy", ROWS[:4])
    assert "5 components or more" in run_cli("fit", "few.npy", "-k", "5:6").err


def test_acceleration_is_asked_for_by_name(run_cli, matrix):
    plain = json.loads(run_cli("fit", matrix, "-k", 3, "--start", "random", "--json").out)
    words = ("--start", "random", "--acceleration", "squarem", "--json")
    fast = json.loads(run_cli("fit", matrix, "-k", 3, *words).out)
    assert fast["fit"]["log_likelihood"] > plain["fit"]["log_likelihood"] - 1.0


@pytest.mark.parametrize(
    ("array", "about"),
    [
        (ROWS[:, 0], "rows need two dimensions"),
        (np.array([[1, "a"]], dtype=object), "Python objects"),
        (np.array([["1", "a"]]), "no real numbers"),
        (np.empty((0, 3)), "nothing to work on"),
        (np.array([[1.0], [np.nan], [2.0]]), "row 1"),
    ],
)
def test_an_unusable_matrix_ends_with_three_in_one_line(run_cli, array, about):
    np.save("odd.npy", array)
    ended = run_cli("fit", "odd.npy", "-k", 1, "-o", "m.gmm")
    assert (ended.code, ended.out) == (3, "")
    assert about in ended.err
    assert len(ended.err.splitlines()) == 1
    assert not Path("m.gmm").exists()


@pytest.mark.parametrize(
    ("words", "about"),
    [
        (["--columns", "0,3"], "no column '3'"),
        (["--columns", "a"], "no column 'a'"),
        (["--columns", "01"], "no column '01'"),
        (["--weights", "-1"], "no column '-1'"),
        (["--delimiter", ";"], "--delimiter is for text"),
        (["--weights", "0"], "no frequency"),
    ],
)
def test_wrong_words_about_a_matrix_end_with_three(run_cli, matrix, words, about):
    ended = run_cli("fit", matrix, "-k", 2, *words)
    assert ended.code == 3
    assert about in ended.err


@pytest.mark.parametrize(
    ("words", "about"),
    [
        (["-k", 2, "--every", 3], "--every goes with --checkpoint"),
        (["-k", "1:2", "--checkpoint", "c"], "one number of components"),
        (["-k", 2, "--checkpoint", "c", "--search-seconds", 1], "--search-seconds"),
        (["-k", 2, "--checkpoint", "."], "directory"),
        (["-k", 2, "--acceleration", "fast"], "--acceleration"),
        (["-k", 2, "--scheduler", "nowhere"], "tcp://"),
        (["-k", 2, "--scheduler", "a:1", "--threads", 1], "--threads"),
    ],
)
def test_words_that_exclude_each_other_end_with_two(run_cli, words, about):
    ended = run_cli("fit", "rows.npy", *words)
    assert ended.code == 2
    assert about in ended.err


def test_a_text_leaves_nothing_in_the_scratch_folder(run_cli, text):
    os.mkdir("scratch")
    words = ("-k", 2, *QUICK, "--columns", "a,b", "--stream", "--scratch", "scratch")
    assert run_cli("fit", text, *words).code == 0
    assert os.listdir("scratch") == []


def test_a_scratch_folder_that_is_not_there_is_named(run_cli, text):
    words = ("-k", 2, *QUICK, "--columns", "a,b", "--stream", "--scratch", "no-such")
    ended = run_cli("fit", text, *words)
    assert ended.code == 3
    assert "no-such" in ended.err
    assert "--scratch DIR" in ended.err


def test_a_folder_that_cannot_be_written_to_is_found_before_the_fit(run_cli, matrix, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *arguments: False)
    for words in (["-o", "m.gmm"], ["--checkpoint", "m.progress"]):
        ended = run_cli("fit", "no-such.npy", "-k", 2, *words)
        assert ended.code == 3
        assert "no permission" in ended.err


def test_a_terminal_is_told_the_iteration_and_how_far_it_is(run_cli, monkeypatch):
    np.save("rows.npy", np.tile(ROWS, (240, 1)))
    shown = []

    def passes():
        yield progress.Passes(lambda *what: shown.append(what), print)

    monkeypatch.setattr("gmmkit.cli.table.fitting.passes", contextmanager(passes))
    assert run_cli("fit", "rows.npy", "-k", 3).code == 0
    texts, shares = zip(*shown, strict=True)
    assert texts[0] == "looking for a start"
    assert texts[-1].startswith("iteration ")
    assert "mean log likelihood -" in texts[-1]
    assert {0.0, 1 / 3, 2 / 3} <= {share for share in shares if share is not None}


def test_the_bar_of_a_terminal_can_be_interrupted_by_a_note(monkeypatch, capsys):
    monkeypatch.setattr(progress, "on_terminal", lambda: True)
    with progress.passes() as shown:
        shown.show("iteration 3", None)
        shown.note("going on")
        shown.show("iteration 4", 0.5)
    assert "gmmkit: note: going on" in capsys.readouterr().err


# On a cluster


@pytest.fixture
def stand_in(monkeypatch):
    """Executors that take the place of a cluster's, with the addresses they were asked for."""
    asked = []

    @contextmanager
    def connected(address):
        asked.append(address)
        yield address

    monkeypatch.setattr("gmmkit.backends.connecting.connected", connected)
    return asked


def test_a_fit_runs_where_the_scheduler_is(run_cli, matrix, stand_in, monkeypatch):
    ran = []

    class There(SerialExecutor):
        def __init__(self, client):
            super().__init__(hold_blas=True)

        def total(self, function, source):
            ran.append(source.n_rows)
            return super().total(function, source)

    monkeypatch.setattr("gmmkit.backends.cluster.ClusterExecutor", There)
    assert (
        run_cli("fit", matrix, "-k", 3, *QUICK, "--scheduler", "tcp://a:1", "-o", "there.gmm").code
        == 0
    )
    assert run_cli("fit", matrix, "-k", 3, *QUICK, "-o", "here.gmm").code == 0
    assert stand_in == ["tcp://a:1"]
    assert set(ran) == {len(ROWS)}
    assert same_model("there.gmm", "here.gmm")


def test_workers_that_do_not_see_the_table_are_told_where_it_is(
    run_cli, matrix, stand_in, monkeypatch
):
    class Blind(SerialExecutor):
        def __init__(self, client):
            super().__init__()

        def map(self, function, items):
            raise FileAccessError("rows.npy does not exist")

    monkeypatch.setattr("gmmkit.backends.cluster.ClusterExecutor", Blind)
    ended = run_cli("fit", matrix, "-k", 3, *QUICK, "--scheduler", "a:1")
    assert ended.code == 3
    assert f"every worker sees it as {Path(matrix).absolute()}" in ended.err


def test_without_the_package_for_clusters_its_name_is_told(run_cli, matrix, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    ended = run_cli("fit", matrix, "-k", 3, *QUICK, "--scheduler", "a:1")
    assert ended.code == 3
    assert "gmmkit[cluster]" in ended.err


def test_two_workers_come_to_the_same_model(run_cli, matrix):
    distributed = pytest.importorskip("distributed")
    quiet = {"dashboard_address": None, "worker_dashboard_address": None}
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, protocol="tcp", **quiet
    ) as cluster:
        address = cluster.scheduler_address
        ended = run_cli("fit", matrix, "-k", 3, *QUICK, "--scheduler", address, "-o", "there.gmm")
    assert (ended.code, ended.err) == (0, "")
    assert run_cli("fit", matrix, "-k", 3, *QUICK, "-o", "here.gmm").code == 0
    there, here = (load_table_model(name).mixture for name in ("there.gmm", "here.gmm"))
    assert np.allclose(there.means, here.means, rtol=1e-10)


def test_small_tables_are_read_whole(run_cli):
    write_things(Path("t.csv"))
    ended = run_cli("fit", "t.csv", "-k", 2, "--columns", "length,width")
    assert "assigned with an uncertainty" in ended.out
