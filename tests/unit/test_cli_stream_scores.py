"""``gmmkit score`` of tables that are passed over block by block."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from strategies import blobs
from things import write_model_of_things, write_things, written

from gmmkit import Mixture, Noise, save
from gmmkit.cli.table.scanning import scored_blocks
from gmmkit.cli.table.scoring import RESULTS, score_rows
from gmmkit.core.sources.arrays import ArraySource
from gmmkit.io.table import read_table
from gmmkit.io.table_model import TableModel, load_table_model

# Of two columns, more than a block.
N_ROWS = 33_000
SEVERAL = Mixture([0.5, 0.5], [[0.0, 0.0], [6.0, 0.0]], [np.eye(2), 2 * np.eye(2)])
NOISY = Mixture([0.9], [[0.0, 0.0]], [np.eye(2)], Noise(0.1, -6.0))


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def table():
    return write_things(Path("t.csv"))


@pytest.fixture
def model():
    return write_model_of_things(Path("m.gmm"))


@pytest.fixture
def matrix():
    """Rows of several blocks, and a model of them."""
    save(TableModel(SEVERAL, ("0", "1")).to_model(), "n.gmm")
    np.save("rows.npy", 3 * blobs(N_ROWS, 2))
    return "rows.npy"


@pytest.mark.parametrize(("mixture", "at_once"), [(SEVERAL, 64), (NOISY, 64), (NOISY, 1)])
def test_blocks_are_scored_as_all_rows_are(mixture, at_once, monkeypatch):
    monkeypatch.setattr("gmmkit.cli.table.scanning._JOINT_NUMBERS", at_once)
    rows = 9 * np.random.default_rng(0).normal(size=(300, 2))
    whole = score_rows(mixture, rows)
    (block,) = scored_blocks(mixture, ArraySource(rows), tail=True)
    assert list(block.results) == list(whole)
    assert np.array_equal(block.results["component"], whole["component"])
    for name in set(whole) - {"component"}:
        assert block.results[name] == pytest.approx(whole[name], rel=1e-9, abs=1e-300)


def test_rows_in_single_precision_are_scored_in_double():
    rows = np.array([[1000.5, 3.0]], np.float32)
    (block,) = scored_blocks(SEVERAL, ArraySource(rows), tail=False)
    exact = SEVERAL.log_density(rows.astype(np.float64))
    assert block.results["log_density"] == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("kind", [".csv", ".parquet"])
def test_all_rows_are_written_in_their_order(run_cli, matrix, kind, monkeypatch):
    if kind == ".parquet":
        pytest.importorskip("polars")
        monkeypatch.setattr("gmmkit.io.table_growing._PART_ROWS", 20_000)
    tail = ["--no-tail"] if kind == ".csv" else []
    ended = run_cli("score", "n.gmm", matrix, *tail, "-o", f"o{kind}")
    assert (ended.code, ended.out) == (0, f"o{kind}: {N_ROWS:,} rows\n")
    scored, rows = read_table(f"o{kind}"), np.load(matrix)
    assert scored.names == (RESULTS[:-1] if tail else RESULTS)
    assert scored.columns["log_density"] == pytest.approx(SEVERAL.log_density(rows), rel=1e-9)
    assert np.array_equal(scored.columns["component"], SEVERAL.labels(rows))
    assert sorted(os.listdir()) == ["n.gmm", f"o{kind}", "rows.npy"]


def test_scores_go_to_standard_output_as_they_would_to_a_file(run_cli, matrix):
    run_cli("score", "n.gmm", matrix, "--no-tail", "-o", "o.csv")
    assert run_cli("score", "n.gmm", matrix, "--no-tail").out == Path("o.csv").read_text()


def test_a_streamed_text_has_the_columns_of_a_whole_one(run_cli, table, model):
    for words, name in (((), "whole.csv"), (("--stream",), "stream.csv")):
        run_cli("score", model, table, "--keep", "count,width", "--no-tail", *words, "-o", name)
    whole, stream = read_table("whole.csv"), read_table("stream.csv")
    assert whole.names == stream.names
    for name in whole.names:
        assert stream.columns[name] == pytest.approx(whole.columns[name], rel=1e-9)


def test_the_object_of_a_stream_holds_the_mean_and_needs_a_file(run_cli, matrix):
    whole = json.loads(run_cli("score", "n.gmm", matrix, "--no-tail", "--json", "-o", "o.csv").out)
    mean = SEVERAL.log_density(np.load(matrix)).mean()
    assert whole["mean_log_density"] == pytest.approx(mean, rel=1e-12)
    assert (whole["rows"], whole["output"]) == (N_ROWS, "o.csv")
    ended = run_cli("score", "n.gmm", matrix, "--json")
    assert ended.code == 3
    assert "-o FILE" in ended.err


def test_kept_numbers_look_as_they_did(run_cli, model):
    text = "id,length,width,dose\n-17,1,2,0.1\n9007199254740991,3,4,-2.5e-7\n"
    words = ("--keep", "dose,id", "--no-tail", "--stream", "-o", "o.csv")
    assert run_cli("score", model, written(text), *words).code == 0
    lines = Path("o.csv").read_text().splitlines()
    assert lines[0].startswith("dose,id,component")
    assert lines[1].startswith("0.1,-17,")
    assert lines[2].startswith("-2.5e-07,9007199254740991,")


def test_columns_of_a_matrix_are_kept_by_number(run_cli):
    rows = np.column_stack([np.arange(5), np.ones((5, 2))])
    np.save("rows.npy", rows)
    save(TableModel(SEVERAL, ("2", "1")).to_model(), "n.gmm")
    assert (
        run_cli("score", "n.gmm", "rows.npy", "--keep", "0", "--no-tail", "-o", "o.csv").code == 0
    )
    assert read_table("o.csv").columns["0"].tolist() == [0, 1, 2, 3, 4]


def test_kept_text_of_a_stream_is_refused_by_its_name(run_cli, table, model):
    ended = run_cli("score", model, table, "--keep", "kind", "--stream", "-o", "o.csv")
    assert ended.code == 3
    assert "leave --keep kind out" in ended.err
    assert not Path("o.csv").exists()


def test_missing_numbers_need_a_table_that_is_read_whole(run_cli, table, model):
    ended = run_cli("score", model, table, "--missing", "--stream", "-o", "o.csv")
    assert ended.code == 3
    assert "--missing needs all rows" in ended.err


def test_a_model_of_names_does_not_fit_a_matrix(run_cli, matrix, model):
    ended = run_cli("score", model, matrix)
    assert ended.code == 3
    assert "'length', 'width'" in ended.err
    assert "numbers of its columns" in ended.err


@pytest.mark.parametrize("kind", [".csv", ".parquet"])
def test_a_bad_row_far_down_leaves_no_file(run_cli, matrix, kind):
    rows = np.load(matrix)
    rows[N_ROWS - 1, 1] = np.nan
    np.save("bad.npy", rows)
    Path(f"o{kind}").write_text("precious")
    ended = run_cli("score", "n.gmm", "bad.npy", "--no-tail", "-o", f"o{kind}", "--force")
    assert ended.code == 3
    assert f"row {N_ROWS - 1}" in ended.err
    assert Path(f"o{kind}").read_text() == "precious"
    assert sorted(os.listdir()) == ["bad.npy", "n.gmm", f"o{kind}", "rows.npy"]


def test_a_table_of_scores_is_replaced_only_when_forced(run_cli, matrix):
    Path("o.csv").write_text("precious")
    words = ("score", "n.gmm", matrix, "--no-tail", "-o", "o.csv")
    assert run_cli(*words).code == 3
    assert Path("o.csv").read_text() == "precious"
    assert run_cli(*words, "--force").code == 0
    assert read_table("o.csv").n_rows == N_ROWS


def test_names_of_columns_come_from_the_model(run_cli, table, model):
    turned = read_table(table)
    np.save("t.npy", turned.rows(["width", "length"]))
    mixture = load_table_model(model).mixture
    save(TableModel(mixture, ("1", "0")).to_model(), "turned.gmm")
    run_cli("score", "turned.gmm", "t.npy", "--no-tail", "-o", "o.csv")
    assert read_table("o.csv").columns["component"].tolist() == [0] * 60 + [1] * 30
