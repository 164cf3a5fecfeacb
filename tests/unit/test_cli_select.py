"""``gmmkit select`` and ``gmmkit fit -k auto``: how many groups, of which shape."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from things import write_things, written

from gmmkit.cli.table.choosing import Choice
from gmmkit.cli.table.counts import component_counts
from gmmkit.core.fits.fitting import fit
from gmmkit.core.fits.selection import Candidate, Selection
from gmmkit.io.table import read_table
from gmmkit.io.table_model import load_table_model

QUICK = ("--columns", "length,width", "--start", "kmeans")


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def table():
    return write_things(Path("t.csv"))


def bic_of(table, k, covariance):
    rows = read_table(table).rows(["length", "width"])
    return fit(rows, k, covariance=covariance, seed=0, start="kmeans").bic()


def made_choice(values, groups=((0,),), criterion="bic", valid=True):
    """A choice among candidates of these values, the first of them the best."""
    table = tuple(
        Candidate("full", number, -1.0, 5, value, value, value, value, valid or number == 1)
        for number, value in enumerate(values, start=1)
    )
    result = fit([[0.0], [1.0], [2.0], [9.0]], sum(map(len, groups)), covariance="E")
    return Choice(Selection(result, table, criterion, table[0]), result, groups)


@pytest.mark.parametrize(
    ("word", "counts"),
    [
        ("3", (3,)),
        ("2:4", (2, 3, 4)),
        ("8,2,4", (2, 4, 8)),
        ("1:3,3,5", (1, 2, 3, 5)),
        ("AUTO", tuple(range(1, 10))),
    ],
)
def test_numbers_of_components_can_be_said_in_many_ways(word, counts):
    assert component_counts(None, None, word) == counts


def test_the_fit_of_the_lowest_criterion_is_the_first_and_marked(run_cli, table):
    ended = run_cli("select", table, *QUICK, "-k", "1:3", "--covariance", "diag,spherical")
    assert ended.code == 0
    rows = {(k, c): bic_of(table, k, c) for c in ("diag", "spherical") for k in (1, 2, 3)}
    best = min(rows, key=rows.get)
    assert f"best of 6 fits: {best[0]} {best[1]} components by BIC" in ended.out
    marked = next(line for line in ended.out.splitlines() if line.startswith("  *"))
    assert marked.split()[1:4] == [best[1], str(best[0]), f"{rows[best]:,.1f}"]


def test_the_object_holds_every_fit_the_best_one_first(run_cli, table):
    ended = run_cli("select", table, *QUICK, "-k", "1:3", "--covariance", "diag", "--json")
    whole = json.loads(ended.out)
    assert (whole["schema"], whole["criterion"]) == ("gmmkit.select/1", "bic")
    valid = [each["bic"] for each in whole["candidates"] if each["valid"]]
    assert len(whole["candidates"]) == 3
    assert valid == sorted(valid)
    assert whole["chosen"] == whole["candidates"][0]
    assert whole["candidates"][0]["held_out"] is None


def test_the_best_model_is_kept_as_fit_keeps_its_own(run_cli, table):
    run_cli("select", table, *QUICK, "-k", "1:3", "--covariance", "spherical", "-o", "best.gmm")
    run_cli("fit", table, *QUICK, "-k", 2, "--covariance", "spherical", "-o", "two.gmm")
    best, two = load_table_model("best.gmm"), load_table_model("two.gmm")
    assert best.columns == two.columns
    assert np.array_equal(best.mixture.means, two.mixture.means)
    assert best.notes["chosen by"] == "BIC among 3 fits"


def test_fit_chooses_among_numbers_as_select_does(run_cli, table):
    ended = run_cli("fit", table, *QUICK, "-k", "1:3", "--covariance", "spherical", "--json")
    whole = json.loads(ended.out)
    assert len(whole["components"]) == 2
    assert whole["selection"]["chosen"]["n_components"] == 2
    run_cli("select", table, *QUICK, "-k", "1:3", "--covariance", "spherical", "-o", "s.gmm")
    run_cli("fit", table, *QUICK, "-k", "1:3", "--covariance", "spherical", "-o", "f.gmm")
    assert Path("s.gmm").read_bytes() == Path("f.gmm").read_bytes()


def test_fit_says_what_it_chose_before_it_describes_it(run_cli, table):
    ended = run_cli("fit", table, *QUICK, "-k", "1,2", "--covariance", "spherical")
    lines = ended.out.splitlines()
    assert lines[1].startswith("best of 2 fits: 2 spherical components by BIC")
    assert any(line.startswith("2 spherical Gaussians") for line in lines)


def test_a_fit_that_collapsed_is_flagged_and_never_the_best(run_cli):
    # Three exact copies of a row draw a component onto a point, which no criterion would forgive.
    values = [*np.linspace(0, 1, 20), *[5.0] * 3]
    name = written("a\n" + "".join(f"{value}\n" for value in values))
    ended = run_cli("select", name, "-k", "1:2", "--covariance", "V", "--start", "kmeans")
    assert "1 fit collapsed and cannot be chosen" in ended.out
    assert ended.out.splitlines()[-1].endswith("collapsed")
    assert "best of 2 fits: 1 V component by BIC" in ended.out


def test_where_every_fit_is_degenerate_strict_ends_with_five(run_cli):
    name = written("a,b\n1,7\n2,7\n3,7\n4,7\n")
    words = ("select", name, "-k", "3", "--covariance", "full", "-o", "m.gmm")
    assert run_cli(*words, "--strict").code == 5
    assert not Path("m.gmm").exists()
    ended = run_cli(*words)
    assert ended.code == 0
    assert "every fit has a collapsed component" in ended.err


def test_held_out_rows_are_scored_by_fits_that_have_not_seen_them(run_cli, table):
    words = ("--covariance", "spherical", "--criterion", "held-out", "--folds", 3, "--json")
    whole = json.loads(run_cli("select", table, *QUICK, "-k", "1:2", *words).out)
    assert whole["chosen"]["n_components"] == 2
    seen = whole["chosen"]["log_likelihood"] / whole["rows"]
    assert whole["chosen"]["held_out"] < seen


def test_as_many_fits_are_listed_as_are_asked_for(run_cli, table):
    ended = run_cli("select", table, *QUICK, "-k", "1:3", "--covariance", "diag", "--top", 2)
    assert ended.out.splitlines()[-1] == "  and 1 more (--top 3)"


def test_all_stands_for_every_family_and_names_for_themselves(run_cli, table):
    ended = run_cli("select", table, *QUICK, "-k", "1", "--covariance", "all", "--json")
    assert len(json.loads(ended.out)["candidates"]) == 14
    ended = run_cli("select", table, *QUICK, "-k", "1", "--covariance", "eii,Full", "--json")
    assert {each["covariance"] for each in json.loads(ended.out)["candidates"]} == {"EII", "full"}


def test_components_that_share_their_rows_are_said_to_make_one_group(run_cli):
    # A ring is one group that no bell describes, far from a bell that is another.
    random = np.random.default_rng(0)
    turns = random.uniform(0, 2 * np.pi, 300)
    ring = np.c_[np.cos(turns), np.sin(turns)] + 0.1 * random.normal(size=(300, 2))
    rows = np.vstack([ring, 0.1 * random.normal(size=(100, 2)) + 9])
    name = written("a,b\n" + "".join(f"{x},{y}\n" for x, y in rows.tolist()))
    words = ("-k", "6", "--covariance", "full", "--start", "kmeans", "--json")
    groups = json.loads(run_cli("select", name, *words, "-o", "m.gmm").out)["groups"]
    assert len(groups) < 6
    mixture = load_table_model("m.gmm").mixture
    apart = [k for k in range(6) if mixture.means[k, 0] > 5]
    assert apart in groups


def test_the_groups_are_told_only_where_there_are_fewer_than_components():
    told = "\n".join(made_choice([1.0, 2.0], groups=((0, 2), (1,))).sentences())
    assert "the components make 2 groups: 0+2, 1" in told
    apart = "\n".join(made_choice([1.0, 2.0], groups=((0,), (1,), (2,))).sentences())
    assert "by entropy" not in apart


def test_a_choice_says_how_far_ahead_the_best_fit_is():
    assert "2.5 ahead of 2 full" in next(made_choice([10.0, 12.5]).sentences())
    held_out = next(made_choice([-1.0, -1.25], criterion="held_out").sentences())
    assert "0.250 ahead of 2 full" in held_out
    assert "higher is better" in held_out


def test_nothing_is_ahead_of_a_fit_that_collapsed():
    told = list(made_choice([10.0, 2.0], valid=False).sentences())
    assert "ahead" not in told[0]
    assert "1 fit collapsed" in told[1]


def test_without_matplotlib_nothing_is_fitted_before_the_picture_is_refused(run_cli, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    ended = run_cli("select", "no-such.csv", "--plot", "c.png")
    assert ended.code == 3
    assert 'pip install "gmmkit[plot]"' in ended.err


@pytest.mark.parametrize(("name", "magic"), [("c.svg", b"<?xml"), ("c.png", b"\x89PNG")])
def test_the_curves_are_drawn_into_a_file(run_cli, table, name, magic):
    pytest.importorskip("matplotlib")
    ended = run_cli("select", table, *QUICK, "-k", "1:3", "--covariance", "diag", "--plot", name)
    assert ended.out.endswith(f"wrote {name}\n")
    assert Path(name).read_bytes().startswith(magic)


def test_the_same_seed_gives_the_same_bytes_in_two_processes(run_cli, table):
    words = ("select", table, *QUICK, "-k", "1:2", "--covariance", "diag")
    run_cli(*words, "-o", "one.gmm")
    run_cli(*words, "-o", "two.gmm", "--jobs", 2)
    assert Path("one.gmm").read_bytes() == Path("two.gmm").read_bytes()


def test_what_candidates_warn_of_is_said_to_be_of_candidates(run_cli):
    name = written("a\n" + "1\n2\n" * 9)
    ended = run_cli("select", name, "-k", "1:3", "--covariance", "E", "--start", "kmeans")
    assert "among the candidates: only 2 distinct rows for 3 components" in ended.err


def test_what_is_said_of_a_column_is_said_by_its_name(run_cli):
    name = written("a,b\n" + "".join(f"{number},7\n" for number in range(20)))
    ended = run_cli("select", name, "-k", "1:2", "--covariance", "diag", "--start", "kmeans")
    assert "warning: column 'b' is constant" in ended.err


@pytest.mark.parametrize(
    ("words", "about"),
    [
        (["-k", "0:3"], "components"),
        (["--covariance", "full,round"], "'round'"),
        (["--criterion", "waic"], "criterion"),
        (["--folds", "3"], "--criterion held-out"),
        (["--plot", "curves.pdf"], ".svg"),
        (["-o", "best.csv"], ".gmm"),
        (["--columns", "a", "--weights", "a"], "--weights"),
        (["--top", "0"], "top"),
    ],
)
def test_wrong_words_end_with_two_in_one_line(run_cli, words, about):
    ended = run_cli("select", "t.csv", *words)
    assert (ended.code, ended.out) == (2, "")
    assert about in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize("option", ["-o", "--plot"])
def test_an_existing_output_is_found_before_the_table_is_read(run_cli, option):
    name = {"-o": "m.gmm", "--plot": "c.svg"}[option]
    Path(name).write_text("precious")
    ended = run_cli("select", "no-such.csv", option, name)
    assert ended.code == 3
    assert name in ended.err
    assert Path(name).read_text() == "precious"


def test_without_an_output_nothing_is_written(run_cli, table):
    assert run_cli("select", table, *QUICK, "-k", "1:2", "--covariance", "diag").code == 0
    assert os.listdir() == ["t.csv"]
