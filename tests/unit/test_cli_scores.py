"""``gmmkit score|sample`` from the words on the command line to tables."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from things import CENTERS, write_model_of_things, write_things, written

from gmmkit import Mixture, Noise, save
from gmmkit.cli.table.scoring import RESULTS, score_rows
from gmmkit.io.model_value import Model
from gmmkit.io.table import read_table
from gmmkit.io.table_model import load_table_model
from gmmkit.io.table_writing import write_table


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def table():
    return write_things(Path("t.csv"))


@pytest.fixture
def model():
    return write_model_of_things(Path("m.gmm"))


# Scoring


def test_each_row_gets_its_group_its_probability_and_its_density(run_cli, table, model):
    ended = run_cli("score", model, table, "--keep", "id,kind,width", "-o", "out.csv")
    assert (ended.code, ended.out) == (0, "out.csv: 90 rows\n")
    rows = read_table(table, text=["id"])
    mixture = load_table_model(model).mixture
    scored = read_table("out.csv", text=["id"])
    assert scored.names == ("id", "kind", "width", *RESULTS)
    assert scored.columns["id"].tolist() == rows.columns["id"].tolist()
    assert scored.columns["component"].tolist() == [0] * 60 + [1] * 30
    values = rows.rows(["length", "width"])
    assert np.array_equal(scored.columns["log_density"], mixture.log_density(values))
    assert np.array_equal(
        scored.columns["probability"], mixture.responsibilities(values).max(axis=1)
    )


def test_columns_are_found_by_name_in_whatever_order(run_cli, table, model):
    turned = read_table(table)
    write_table({n: turned.columns[n] for n in ("width", "kind", "length")}, "turned.csv")
    straight = run_cli("score", model, table)
    assert straight.out == run_cli("score", model, "turned.csv").out
    assert straight.out.startswith(",".join(RESULTS) + "\n0,")


def test_a_table_without_a_column_of_the_model_is_refused(run_cli, model):
    ended = run_cli("score", model, written("length,breadth\n1,2\n"))
    assert ended.code == 3
    assert "no column 'width'" in ended.err


def test_a_row_of_noise_has_component_minus_one():
    mixture = Mixture([0.9], [[0.0]], [[[1.0]]], Noise(0.1, -5.0))
    scored = score_rows(mixture, np.array([[0.0], [50.0]]))
    assert scored["component"].tolist() == [0, -1]
    assert scored["probability"][1] == pytest.approx(1.0)
    assert "tail_probability" not in scored


def test_the_tail_probability_of_one_round_gaussian_is_that_of_its_radius():
    # Of two dimensions the squared distance is exponential: P(R > r) = exp(-r^2 / 2).
    mixture = Mixture([1.0], [[0.0, 0.0]], [np.eye(2)])
    scored = score_rows(mixture, np.array([[0.0, 0.0], [3.0, 4.0]]))
    assert scored["tail_probability"] == pytest.approx([1.0, np.exp(-12.5)], rel=1e-9)


def test_many_rows_are_scored_as_few_are(monkeypatch, model):
    mixture = load_table_model(model).mixture
    rows = np.random.default_rng(0).normal(size=(50, 2), scale=9)
    whole = score_rows(mixture, rows)
    sevens = pairwise([*range(0, 50, 7), 50])
    monkeypatch.setattr("gmmkit.core.sources.arrays.block_bounds", lambda *shape: sevens)
    pieces = score_rows(mixture, rows)
    assert all(np.allclose(whole[name], pieces[name], rtol=1e-12) for name in whole)


def test_kept_text_is_harmless_to_spreadsheets(run_cli, model):
    run_cli("score", model, written("id,length,width\n=1+1,1,2\n"), "--keep", "id", "-o", "o.csv")
    assert Path("o.csv").read_text().splitlines()[1].startswith("'=1+1,")


def test_a_kept_column_cannot_have_the_name_of_a_result(run_cli, table, model):
    ended = run_cli("score", model, table, "--keep", "probability")
    assert ended.code == 3
    assert "rename the column" in ended.err


def test_the_object_of_scores_holds_them_unless_a_file_does(run_cli, table, model):
    inside = json.loads(run_cli("score", model, table, "--json").out)
    assert inside["schema"] == "gmmkit.score/1"
    assert len(inside["columns"]["component"]) == inside["rows"] == 90
    beside = json.loads(run_cli("score", model, table, "--json", "-o", "o.csv").out)
    assert beside["output"] == "o.csv"
    assert "columns" not in beside


def test_a_model_of_something_else_ends_with_four(run_cli, table):
    save(Model("image-classes", {"features": "lab"}), "other.gmm")
    ended = run_cli("score", "other.gmm", table)
    assert ended.code == 4
    assert "'image-classes'" in ended.err


def test_an_existing_table_of_scores_is_found_before_any_work(run_cli):
    Path("o.csv").write_text("precious")
    ended = run_cli("score", "no-such.gmm", "no-such.csv", "-o", "o.csv")
    assert "o.csv" in ended.err
    assert Path("o.csv").read_text() == "precious"


def test_an_output_of_an_unknown_kind_is_refused_before_any_work(run_cli):
    ended = run_cli("score", "no-such.gmm", "no-such.csv", "-o", "o.xlsx")
    assert ended.code == 3
    assert ".parquet" in ended.err


def test_rows_with_gaps_are_scored_by_what_was_observed(run_cli, model):
    name = written("length,width\n10,1\n0,\n,5\n")
    assert run_cli("score", model, name).code == 3
    ended = run_cli("score", model, name, "--missing", "-o", "o.csv")
    assert ended.code == 0
    scored = read_table("o.csv")
    assert scored.columns["component"].tolist() == [0, 1, 1]
    alone = Mixture([0.6, 0.4], [[10.0], [0.0]], [[[0.25]]] * 2).log_density([[0.0]])
    assert scored.columns["log_density"][1] == pytest.approx(alone[0])


def test_tail_probabilities_can_be_left_out(run_cli, table, model):
    whole, without = run_cli("score", model, table), run_cli("score", model, table, "--no-tail")
    assert without.code == 0
    assert without.out.splitlines() == [line.rpartition(",")[0] for line in whole.out.splitlines()]


def test_a_table_and_a_model_in_the_wrong_order_are_told_apart(run_cli, table, model):
    for words in (("score", table, model), ("score", table, table)):
        ended = run_cli(*words)
        assert ended.code in (3, 4)
        assert "comes first" in ended.err


# Sampling


def test_drawn_rows_are_those_of_the_mixture(run_cli, model):
    assert run_cli("sample", model, "-n", 50, "--seed", 3, "--labels", "-o", "d.csv").code == 0
    drawn = read_table("d.csv")
    rows, labels = load_table_model(model).mixture.sample_with_labels(50, 3)
    assert drawn.names == ("length", "width", "component")
    assert np.array_equal(drawn.rows(["length", "width"]), rows)
    assert drawn.columns["component"].tolist() == labels.tolist()


def test_drawn_rows_go_to_standard_output_without_a_file(run_cli, model):
    lines = run_cli("sample", model, "-n", 3).out.splitlines()
    assert lines[0] == "length,width"
    assert len(lines) == 4


def test_a_bare_mixture_can_be_drawn_from(run_cli):
    save(Mixture([1.0], [[0.0, 9.0]], [np.eye(2)]), "bare.gmm")
    assert run_cli("sample", "bare.gmm", "-n", 1).out.startswith("x0,x1\n")


def test_what_is_drawn_can_be_fitted_again(run_cli, model):
    run_cli("sample", model, "-n", 500, "-o", "d.csv")
    assert run_cli("fit", "d.csv", "-k", 2, "-o", "again.gmm").code == 0
    again = load_table_model("again.gmm").mixture
    assert again.means == pytest.approx(np.array(list(CENTERS.values())), abs=0.3)


def test_drawn_rows_can_be_parquet(run_cli, model):
    pytest.importorskip("polars")
    assert run_cli("sample", model, "-n", 5, "-o", "d.parquet").code == 0
    assert read_table("d.parquet").n_rows == 5
