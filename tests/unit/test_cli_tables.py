"""``gmmkit fit`` from the words on the command line to models."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from things import CENTERS, write_model_of_things, write_things, written

from gmmkit.cli.table.fit_options import FAMILIES
from gmmkit.cli.table.options import split_names
from gmmkit.core.families import family_names, parsimonious_names
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


def two_groups(run_cli, *words):
    """What fit ends with on the two columns that matter."""
    return run_cli("fit", "t.csv", "-k", 2, "--columns", "length,width", *words)


def test_the_groups_of_a_table_are_found_and_described(run_cli, table):
    ended = two_groups(run_cli, "-o", "m.gmm")
    assert ended.code == 0
    assert "t.csv: 90 rows, 2 columns" in ended.out
    assert "66.7 %" in ended.out
    assert ended.out.endswith("wrote m.gmm\n")
    model = load_table_model("m.gmm")
    assert model.columns == ("length", "width")
    assert model.mixture.means == pytest.approx(np.array(list(CENTERS.values())), abs=0.3)


def test_the_largest_group_comes_first(run_cli, table):
    two_groups(run_cli, "-o", "m.gmm")
    assert load_table_model("m.gmm").mixture.weights == pytest.approx([2 / 3, 1 / 3], abs=0.01)


def test_without_an_output_nothing_is_written(run_cli, table):
    assert two_groups(run_cli).code == 0
    assert os.listdir() == ["t.csv"]


def test_dropping_the_others_is_the_same_as_naming_columns(run_cli, table):
    two_groups(run_cli, "-o", "named.gmm")
    run_cli("fit", table, "-k", 2, "--drop", "id,kind", "--drop", "count", "-o", "left.gmm")
    assert Path("named.gmm").read_bytes() == Path("left.gmm").read_bytes()


def test_the_columns_of_a_model_stand_in_the_order_named(run_cli, table):
    run_cli("fit", table, "-k", 2, "--columns", "width,length", "-o", "m.gmm")
    assert load_table_model("m.gmm").columns == ("width", "length")


def test_weights_count_rows_and_are_not_compared(run_cli, table):
    names = ("--drop", "id,kind", "--weights", "count")
    run_cli("fit", table, "-k", 1, *names, "-o", "m.gmm")
    model, read = load_table_model("m.gmm"), read_table(table)
    assert model.columns == ("length", "width")
    mean = np.average(read.rows(model.columns), axis=0, weights=read.columns["count"])
    assert model.mixture.means[0] == pytest.approx(mean, abs=1e-9)


@pytest.fixture
def contaminated(table):
    """The same table with six rows far from all others."""
    with table.open("a") as stream:
        for number in range(6):
            stream.write(f"x{number},{40 * (-1) ** number},{-30 + 10 * number},odd,1\n")
    return table


def test_rows_that_belong_nowhere_are_noise_when_it_is_looked_for(run_cli, contaminated):
    assert two_groups(run_cli, "--noise", "-o", "m.gmm").code == 0
    run_cli("score", "m.gmm", contaminated, "-o", "o.csv")
    assert read_table("o.csv").columns["component"].tolist() == [0] * 60 + [1] * 30 + [-1] * 6


def test_a_trimmed_fit_is_of_the_others(run_cli, contaminated):
    assert two_groups(run_cli, "--trim", "0.0625", "-o", "m.gmm").code == 0
    means = load_table_model("m.gmm").mixture.means
    assert means == pytest.approx(np.array(list(CENTERS.values())), abs=0.3)


def test_rows_with_gaps_are_fitted_where_they_are_allowed(run_cli):
    # Of one Gaussian the observed column's mean is the plain one.
    name = written("a,b\n1,2\n3,\n4,4\n5,7\n9,8\n2,2\n")
    assert run_cli("fit", name, "-k", 1).code == 3
    assert run_cli("fit", name, "-k", 1, "--missing", "-o", "m.gmm").code == 0
    assert load_table_model("m.gmm").mixture.means[0, 0] == pytest.approx(4.0, abs=1e-3)


def test_the_same_seed_gives_the_same_bytes_on_one_and_two_threads(run_cli, table):
    for threads in (1, 2):
        two_groups(run_cli, "--seed", 3, "--threads", threads, "-o", f"{threads}.gmm")
    assert Path("1.gmm").read_bytes() == Path("2.gmm").read_bytes()


def test_the_object_of_a_fit_says_everything(run_cli, table):
    ended = two_groups(run_cli, "--json", "--seed", 7, "-o", "m.gmm")
    whole = json.loads(ended.out)
    assert (whole["schema"], whole["seed"], whole["output"]) == ("gmmkit.fit/1", 7, "m.gmm")
    assert (whole["rows"], whole["columns"]) == (90, ["length", "width"])
    assert whole["components"][1]["center"]["width"] == pytest.approx(5, abs=0.3)
    reached = load_table_model("m.gmm").mixture.log_density(
        read_table(table).rows(["length", "width"])
    )
    assert whole["fit"]["log_likelihood"] == pytest.approx(reached.sum(), abs=1e-6)
    assert whole["fit"]["parameters"] == 11


def test_a_sample_table_can_be_fitted_by_its_name(run_cli):
    ended = run_cli("fit", "sample:fruit-basket", "-k", 3, "--drop", "fruit", "--json")
    assert ended.code == 0
    assert json.loads(ended.out)["table"] == "sample:fruit-basket"


def test_a_table_with_semicolons_and_decimal_commas_is_read_as_told(run_cli, table):
    text = table.read_text().replace(",", ";").replace(".", ",")
    two_groups(run_cli, "-o", "plain.gmm")
    words = ("--delimiter", ";", "--decimal", ",", "--columns", "length,width")
    assert run_cli("fit", written(text), "-k", 2, *words, "-o", "odd.gmm").code == 0
    assert Path("plain.gmm").read_bytes() == Path("odd.gmm").read_bytes()


def test_names_with_commas_stand_in_quotes():
    assert split_names(['"price, EUR",size', "age"]) == ("price, EUR", "size", "age")


def test_a_column_of_text_is_refused_with_its_place_and_what_to_do(run_cli, table):
    ended = run_cli("fit", table, "-k", 2)
    assert ended.code == 3
    assert "'long' in line 2, column 'kind'" in ended.err
    assert "--drop kind" in ended.err


@pytest.mark.parametrize(
    ("words", "about"),
    [
        (["-k", "2", "--columns", "length,depth"], "no column 'depth'"),
        (["-k", "2", "--drop", "depth"], "no column 'depth'"),
        (["-k", "2", "--drop", "id,length,width,kind,count"], "none left"),
        (["-k", "2", "--columns", "length,length"], "each once"),
        (["-k", "91", "--columns", "length"], "fewer rows than components"),
        (["-k", "2", "--columns", "length", "--weights", "kind"], "text"),
        (["-k", "2", "--columns", "length", "--delimiter", ";;"], "delimiter"),
        (["-k", "2", "--columns", "length", "--floor", "width=1"], "no column 'width'"),
        (["-k", "1", "--columns", "length", "--labels", "kind"], "-k 2"),
        (["-k", "2", "--columns", "length", "--labels", "sort"], "no column 'sort'"),
    ],
)
def test_what_cannot_be_fitted_ends_with_three_and_writes_nothing(run_cli, table, words, about):
    ended = run_cli("fit", table, *words, "-o", "m.gmm")
    assert ended.code == 3
    assert about in ended.err
    assert not Path("m.gmm").exists()


@pytest.mark.parametrize(
    ("words", "about"),
    [
        ([], "-k is missing"),
        (["-k", "0"], "components"),
        (["-k", "2.5"], "components"),
        (["-k", "2", "--covariance", "round"], "covariance"),
        (["-k", "2", "--columns", "a", "--drop", "b"], "--columns and --drop"),
        (["-k", "2", "--columns", "a", "--weights", "a"], "--weights"),
        (["-k", "2", "--seed", "-1"], "seed"),
        (["-k", "two"], "1:9"),
        (["-k", "3:1"], "does not go up"),
        (["-k", "1:101"], "more than 100"),
        (["-k", "2", "--trim", "1"], "trim"),
        (["-k", "2", "--trim", "0.1", "--noise"], "--trim and --noise"),
        (["-k", "2", "--start", "kmeans", "--search-seconds", "1"], "--search-seconds"),
        (["-k", "2", "--floor", "a=b"], "--floor"),
        (["-k", "1:3", "--labels", "a"], "one number"),
        (["-k", "2", "-o", "scores.csv"], ".gmm"),
        (["-k", "2", "--decimal", "'"], "decimal"),
    ],
)
def test_wrong_words_end_with_two_in_one_line(run_cli, words, about):
    ended = run_cli("fit", "t.csv", *words)
    assert (ended.code, ended.out) == (2, "")
    assert about in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize("weight", ["-1", "1e400"])
def test_a_weight_that_is_none_is_refused(run_cli, weight):
    text = f"a,w\n1,1\n2,{weight}\n3,1\n"
    assert run_cli("fit", written(text), "-k", 1, "--weights", "w").code == 3


def test_a_missing_weight_is_refused_even_where_numbers_may_be_missing(run_cli):
    ended = run_cli("fit", written("a,w\n1,1\n2,\n"), "-k", 1, "--weights", "w", "--missing")
    assert ended.code == 3
    assert "missing numbers in column 'w'" in ended.err


def test_a_constant_column_is_told_and_done(run_cli):
    text = "a,b\n" + "".join(f"{number},7\n" for number in range(20))
    ended = run_cli("fit", written(text), "-k", 1)
    assert ended.code == 0
    assert "gmmkit: warning: " in ended.err
    assert "constant" in ended.err


def test_rows_that_are_all_alike_end_with_five_when_strict(run_cli):
    text = "a,b\n" + "1,7\n" * 20
    assert run_cli("fit", written(text), "-k", 3, "-o", "m.gmm").code == 0
    ended = run_cli("fit", written(text), "-k", 3, "--strict", "-o", "n.gmm")
    assert ended.code == 5
    assert not Path("n.gmm").exists()


def test_an_existing_model_is_found_before_the_table_is_read(run_cli):
    Path("m.gmm").write_text("precious")
    ended = run_cli("fit", "no-such.csv", "-k", 2, "-o", "m.gmm")
    assert ended.code == 3
    assert "m.gmm" in ended.err
    assert "--force" in ended.err
    assert Path("m.gmm").read_text() == "precious"


def test_a_table_that_is_named_like_a_model_is_never_replaced(run_cli, model):
    ended = run_cli("fit", model, "-k", 2, "-o", model, "--force")
    assert ended.code == 3
    assert "is a model by its name" in ended.err
    assert load_table_model(model).columns == ("length", "width")


def test_names_that_a_terminal_would_obey_are_spelled_out(run_cli):
    text = "a\u202eb\n" + "".join(f"{number}\n" for number in range(20))
    ended = run_cli("fit", written(text), "-k", 1)
    assert "\u202e" not in ended.out
    assert "a\\u202eb" in ended.out


# What may be known or wanted beside the rows


def test_known_groups_keep_their_names_and_come_first(run_cli, table):
    known = read_table(table, text=["id"]).columns
    kinds = np.where(np.arange(90) % 3, "", known["kind"].astype(str)).astype(object)
    write_table({name: known[name] for name in ("length", "width")} | {"kind": kinds}, "k.csv")
    ended = run_cli("fit", "k.csv", "-k", 2, "--labels", "kind", "-o", "k.gmm")
    assert "30 of 90 rows are labeled: 0 long, 1 wide" in ended.out
    model = load_table_model("k.gmm")
    assert model.notes["labels"] == "0 long, 1 wide"
    assert model.mixture.means == pytest.approx(np.array(list(CENTERS.values())), abs=0.3)


def test_known_groups_stand_in_the_order_of_their_names_even_if_they_are_small(run_cli):
    rows = [f"{5 * (i % 3) + i / 100},{'zoo' if i % 3 else 'ant'}" for i in range(60)]
    run_cli("fit", written("\n".join(["a,b", *rows])), "-k", 2, "--labels", "b", "-o", "m.gmm")
    assert load_table_model("m.gmm").mixture.weights == pytest.approx([1 / 3, 2 / 3], abs=0.01)


def test_a_floor_holds_up_the_spread_of_the_column_that_it_names(run_cli, table):
    words = ("--columns", "length,width", "--covariance", "diag", "--floor", "width=9")
    run_cli("fit", table, "-k", 1, *words, "-o", "m.gmm")
    rows = read_table(table).rows(["length", "width"])
    variances = np.diagonal(load_table_model("m.gmm").mixture.covariances[0])
    assert variances[0] == pytest.approx(rows[:, 0].var(), rel=1e-6)
    assert variances[1] == pytest.approx(81.0, rel=1e-6)


def test_a_prior_draws_small_groups_toward_the_spread_of_the_table(run_cli):
    text = "a\n0\n0.001\n5\n6\n7\n5.5\n6.5\n"
    spreads = []
    for words in ((), ("--prior",)):
        ended = run_cli("fit", written(text), "-k", 2, "--start", "kmeans", "--json", *words)
        found = json.loads(ended.out)["components"]
        spreads.append(min(component["spread"]["a"] for component in found))
    assert spreads[0] < 0.01 < spreads[1]


def test_so_many_starts_are_run_as_are_asked_for(run_cli, table):
    ended = two_groups(run_cli, "--start", "random", "--starts", 4)
    assert "4 starts" in ended.out


def test_advice_names_options_and_not_arguments(run_cli, table):
    once = two_groups(run_cli, "--start", "random", "--iterations", 1)
    assert "--starts 10" in once.out
    assert "raise --iterations" in once.out
    assert "n_init" not in once.out
    assert "max_iter" not in once.out


def test_a_search_takes_no_longer_than_it_may(run_cli, table):
    assert two_groups(run_cli, "--search-seconds", 0.05).code == 0


def test_the_families_on_the_command_line_are_those_of_the_core():
    assert set(FAMILIES) == {*family_names(), *parsimonious_names(), "E", "V"}
