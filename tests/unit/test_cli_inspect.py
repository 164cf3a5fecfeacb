"""``gmmkit inspect`` shows every kind of model."""

import json
from pathlib import Path

import numpy as np
import pytest
from things import write_model_of_things, write_things, written

import gmmkit
from gmmkit import Mixture, load, save
from gmmkit.io.model_value import Model


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def table():
    return write_things(Path("t.csv"))


@pytest.fixture
def model():
    return write_model_of_things(Path("m.gmm"))


def test_a_model_of_a_table_shows_its_columns_and_components(run_cli, model):
    ended = run_cli("inspect", model)
    assert ended.code == 0
    assert ended.out.startswith("m.gmm: table-mixture\n")
    assert "columns: length, width" in ended.out
    assert "2 components (full) in 2 columns, 11 parameters" in ended.out
    assert "60.0 %" in ended.out


def test_the_object_of_a_model_holds_its_contract_and_components(run_cli, model):
    whole = json.loads(run_cli("inspect", model, "--json").out)
    assert (whole["schema"], whole["kind"]) == ("gmmkit.inspect/1", "table-mixture")
    assert whole["contract"]["columns"] == ["length", "width"]
    assert whole["components"][0]["center"] == {"length": 10.0, "width": 1.0}


def test_a_model_of_something_else_is_shown_too(run_cli):
    mixture = Mixture([1.0], [[0.0]], [[[1.0]]])
    save(Model("voices", {"rate": 8000}, {"ubm": mixture}, {"cohort": np.zeros((3, 2))}), "v.gmm")
    ended = run_cli("inspect", "v.gmm")
    assert ended.out.splitlines() == [
        "v.gmm: voices",
        "  rate: 8000",
        "  mixture ubm: 1 component (full) in 1 column, 2 parameters",
        "  array cohort: 3 x 2, float64",
    ]


def test_a_bare_mixture_is_described(run_cli):
    save(Mixture([1.0], [[5.0]], [[[4.0]]]), "bare.gmm")
    assert isinstance(load("bare.gmm"), Mixture)
    assert "5.0 ± 2.0" in run_cli("inspect", "bare.gmm").out


def test_what_is_no_model_ends_with_four(run_cli, table):
    assert run_cli("inspect", table).code == 4


def test_classes_of_a_picture_are_described_by_their_features(run_cli, photo):
    run_cli("segment", photo, "-k", 3, "--features", "rgb", "--save-model", "c.gmm")
    ended = run_cli("inspect", "c.gmm")
    assert ended.out.startswith("c.gmm: image-classes\n")
    assert "what sets it apart" in ended.out
    assert json.loads(run_cli("inspect", "c.gmm", "--json").out)["components"][0]["center"].keys()


def test_the_front_ends_of_a_background_model_stand_side_by_side(run_cli):
    path = Path(gmmkit.__file__).parent / "speaker" / "backgrounds" / "default.gmm"
    lines = run_cli("inspect", path).out.splitlines()
    assert lines[0].endswith("speaker-background")
    assert "  filters: mel; linear; mel" in lines
    assert "  sample_rate: 16000" in lines


def test_a_registry_of_voices_is_sent_to_its_own_command(run_cli):
    ended = run_cli("inspect", written("no model", "people.db"))
    assert ended.code == 4
    assert "gmmkit speaker show people.db" in ended.err
