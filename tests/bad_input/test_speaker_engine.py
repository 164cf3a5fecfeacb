"""Background models and registries that are damaged, foreign, or of another kind."""

import os
import sqlite3
from dataclasses import replace

import numpy as np
import pytest
from strategies import make_mixture, make_record, voice
from voices import FRONTENDS, small_background

import gmmkit
from gmmkit.errors import (
    AudioError,
    FeatureContractError,
    FileAccessError,
    GmmkitError,
    LittleSpeechError,
    ModelFileError,
    NoSpeechError,
    ParameterError,
    RegistryError,
    RegistryWarning,
)
from gmmkit.io.model import load, save
from gmmkit.speaker.background_file import read_background, save_background
from gmmkit.speaker.plain import PlainRecognizer
from gmmkit.speaker.registry import Registry
from gmmkit.speaker.storage.store import Store

RATE = 16_000


def quick():
    return small_background(conditions=("clean",))


def sound(seconds=13.0, *, seed=0):
    return voice(seconds, seed=seed), RATE


# Background models.


@pytest.fixture
def model_file(tmp_path):
    save_background(small_background(), tmp_path / "own.gmm")
    return tmp_path / "own.gmm"


def rewrite(path, **changes):
    """Write the same model file with some of its parts replaced."""
    save(replace(load(path), **changes), path, force=True)


def refused(path, kind=ModelFileError):
    with pytest.raises(kind) as caught:
        read_background(path)
    assert caught.value.exit_code == 4
    assert caught.value.found
    assert caught.value.needed
    return caught.value


def test_a_model_of_something_else_is_refused_with_its_kind(tmp_path):
    gmmkit.save(make_mixture("diag", 2, 2), tmp_path / "bare.gmm")
    assert "holds no background model" in refused(tmp_path / "bare.gmm").problem


def test_a_model_of_another_kind_is_refused_with_its_kind(model_file):
    rewrite(model_file, kind="image-classes")
    error = refused(model_file)
    assert "image-classes" in error.found
    assert error.hint


def test_a_model_file_cut_short_is_refused(model_file):
    model_file.write_bytes(model_file.read_bytes()[:-1])
    with pytest.raises(ModelFileError):
        read_background(model_file)


def test_a_later_schema_is_refused_with_both_versions(model_file):
    rewrite(model_file, contract=dict(load(model_file).contract) | {"schema": 2})
    error = refused(model_file)
    assert (error.found, error.needed) == ("2", "1")


def test_another_version_of_the_front_end_is_refused_as_another_contract(model_file):
    contract = dict(load(model_file).contract)
    contract["0.frontend_version"] += 1
    rewrite(model_file, contract=contract)
    assert "version" in refused(model_file, FeatureContractError).problem


@pytest.mark.parametrize("array", ["babble", "0.cohort.clean", "0.cohort.noisy"])
def test_a_model_without_one_of_its_arrays_is_refused(model_file, array):
    arrays = {name: of for name, of in load(model_file).arrays.items() if name != array}
    rewrite(model_file, arrays=arrays)
    assert array in refused(model_file).found


def test_a_model_without_its_mixture_is_refused(model_file):
    rewrite(model_file, mixtures={})
    assert "0.ubm" in refused(model_file).found


@pytest.mark.parametrize("key", ["conditions", "n_subsystems", "relevance", "name", "0.n_cepstra"])
def test_a_model_without_part_of_its_contract_is_refused(model_file, key):
    rewrite(model_file, contract={k: v for k, v in load(model_file).contract.items() if k != key})
    refused(model_file)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("conditions", "clean"),
        ("conditions", []),
        ("conditions", ["clean", "loud"]),
        ("n_subsystems", 0),
        ("n_subsystems", 2),
        ("n_subsystems", "one"),
        ("relevance", "much"),
        ("relevance", 0.0),
        ("relevance", -8.0),
        ("0.n_cepstra", 5),
        ("0.n_cepstra", "four"),
        ("0.filters", "triangles"),
        ("calibration.weights", [1.0]),
        ("calibration.weights", [1.0, -2.0, 0.0]),
        ("calibration.offset", "low"),
        ("calibration.features", ["score", "pitch", "log_seconds"]),
    ],
)
def test_a_contract_that_says_something_else_is_refused(model_file, key, value):
    rewrite(model_file, contract=dict(load(model_file).contract) | {key: value})
    refused(model_file)


def test_a_mixture_of_another_width_than_its_front_end_is_refused(model_file):
    rewrite(model_file, mixtures={"0.ubm": make_mixture("diag", 4, 5)})
    refused(model_file)


def test_a_mixture_with_correlations_is_no_universal_background_model(model_file):
    rewrite(model_file, mixtures={"0.ubm": make_mixture("full", 4, 4)})
    refused(model_file)


def test_a_cohort_of_one_has_no_spread_and_is_refused(model_file):
    arrays = {
        name: of[:1] if name.startswith("0.cohort") else of
        for name, of in load(model_file).arrays.items()
    }
    rewrite(model_file, arrays=arrays)
    refused(model_file)


@pytest.mark.parametrize("babble", [np.zeros(0, np.int16), np.zeros(16_000, np.int16)])
def test_a_babble_in_which_nobody_talks_is_refused(model_file, babble):
    rewrite(model_file, arrays=dict(load(model_file).arrays) | {"babble": babble})
    refused(model_file)


# Registries.


@pytest.fixture
def path(tmp_path):
    registry = Registry.open(tmp_path / "people.db", background=quick())
    registry.enroll("ana", sound(seed=1))
    registry.enroll("ben", sound(seed=2))
    return registry.path


@pytest.mark.parametrize("content", [b"", b"RIFF....WAVE", b"SQLite format 3\0" + bytes(100)])
def test_a_file_that_is_no_registry_is_refused_and_left_as_it_was(tmp_path, content):
    target = tmp_path / "people.db"
    target.write_bytes(content)
    for read_only in (True, False):
        with pytest.raises((RegistryError, FileAccessError)):
            Registry.open(target, read_only=read_only, background=quick())
    assert target.read_bytes() == content


def test_a_folder_or_a_link_is_no_registry(path, tmp_path):
    (tmp_path / "link.db").symlink_to(path)
    for wrong in (tmp_path, tmp_path / "link.db"):
        with pytest.raises(FileAccessError):
            Registry.open(wrong)


def test_a_registry_made_with_a_model_that_is_not_inside_is_refused(tmp_path):
    contract = {"model": "gmm-ubm", "background": "own", "identity": "0"}
    Store.create(tmp_path / "people.db", contract).close()
    with pytest.raises(RegistryError, match="does not say what it was made with"):
        Registry.open(tmp_path / "people.db")


def test_a_registry_whose_background_model_is_damaged_is_refused(tmp_path):
    contract = {"model": "gmm-ubm", "background": "own", "identity": "0"}
    Store.create(tmp_path / "people.db", contract, background=b"not a model").close()
    with pytest.raises(ModelFileError):
        Registry.open(tmp_path / "people.db")


@pytest.mark.parametrize(
    "payload", [b"", b"{", b"[]", b"{}", b'{"calibration.offset": 1}', b"\xff"]
)
def test_a_damaged_calibration_in_a_registry_is_refused(path, payload):
    with Store.open(path, read_only=False) as store:
        store.set_calibration(payload)
    with pytest.raises(ModelFileError, match="calibration"):
        Registry.open(path)


def test_a_registry_of_an_unknown_kind_of_model_is_refused(tmp_path):
    Store.create(tmp_path / "people.db", {"model": "x-vector"}).close()
    with pytest.raises(GmmkitError) as caught:
        Registry.open(tmp_path / "people.db")
    assert caught.value.exit_code == 4


def damage(path):
    """Let ana's statistics be those of ben."""
    connection = sqlite3.connect(path)
    connection.execute(
        "UPDATE records SET payload = (SELECT payload FROM records WHERE id = 2) WHERE id = 1"
    )
    connection.commit()
    connection.close()


def test_one_damaged_record_leaves_the_others_recognizable(path):
    damage(path)
    registry = Registry.open(path)
    with pytest.warns(RegistryWarning, match="ana"):
        assert [each.name for each in registry.identify(sound(4.0))] == ["ben"]
    with pytest.raises(RegistryError):
        registry.verify("ana", sound(4.0))


def test_a_record_with_statistics_of_something_else_is_refused(path):
    with Store.open(path, read_only=False) as store:
        row = store.record("ana").projection
        store.add(replace(make_record("carla"), projection=row))
    with pytest.raises(FeatureContractError, match="not of this background model"):
        Registry.open(path).identify(sound(4.0))


# Recordings and arguments, at every door.


def doors(path):
    registry = Registry.open(path)
    return {
        "identify": registry.identify,
        "scores": registry.scores,
        "verify": lambda recording: registry.verify("ana", recording),
        "enroll": lambda recording: registry.enroll("new", recording),
        "append": lambda recording: registry.enroll("ana", recording, existing="append"),
        "replace": lambda recording: registry.enroll("ana", recording, existing="replace"),
    }


BAD = {
    "silence": ((np.zeros(5 * RATE, np.float32), RATE), NoSpeechError),
    "50 ms": ((voice(0.05), RATE), AudioError),
    "half a second": ((voice(0.5), RATE), LittleSpeechError),
    "not finite": ((np.full(5 * RATE, np.nan, np.float32), RATE), AudioError),
    "eight channels": ((np.zeros((5 * RATE, 8), np.float32), RATE), AudioError),
    "rate of zero": ((voice(4.0), 0), GmmkitError),
    "no recording": (None, ParameterError),
    "missing file": ("nowhere.wav", FileAccessError),
    "folder": ("/", FileAccessError),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_recording_that_cannot_be_used_is_refused_at_every_door_and_changes_nothing(path, kind):
    recording, error = BAD[kind]
    before = path.read_bytes()
    for door in doors(path).values():
        with pytest.raises(error) as caught:
            door(recording)
        assert caught.value.exit_code == 3
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 300, "a\u202eb", None, 7])
def test_a_text_that_is_no_name_is_refused_before_anything_is_heard(path, name):
    registry = Registry.open(path)
    for ask in (
        lambda: registry.enroll(name, "nowhere.wav"),
        lambda: registry.verify(name, "nowhere.wav"),
        lambda: registry.rename("ana", name),
        lambda: registry.remove(name),
    ):
        with pytest.raises(ParameterError):
            ask()


def test_a_plain_registry_refuses_to_be_read_as_another_front_end(tmp_path):
    recognizer = PlainRecognizer(FRONTENDS[0], 2)
    contract = recognizer.contract() | {"frontend.frontend_version": 99}
    Store.create(tmp_path / "people.db", contract).close()
    with pytest.raises(FeatureContractError, match="version"):
        Registry.open(tmp_path / "people.db")
