"""Names, paths and files that a registry must not take, and those that it must."""

import os
import pickle
import socket
import sqlite3
import time

import numpy as np
import pytest
from strategies import make_record

from gmmkit.errors import (
    AlreadyEnrolledError,
    FileAccessError,
    GmmkitError,
    InputError,
    ModelFileError,
    NotEnrolledError,
    OutputExistsError,
    OutputWriteError,
    ParameterError,
    RegistryError,
    RegistryWarning,
    StoredRecordError,
)
from gmmkit.speaker.storage.store import Store

CONTRACT = {"sample_rate": 16000}


@pytest.fixture
def path(tmp_path):
    target = tmp_path / "people.db"
    with Store.create(target, CONTRACT, background=b"background") as store:
        store.add_many([make_record("ana", 1.0, size=500), make_record("ben", 2.0, size=500)])
    return target


@pytest.fixture
def refuse(tmp_path):
    """Open a path both ways and return the error, after checking what all refusals share."""

    def read(path, kind, *, exit_code):
        before = sorted(os.listdir(tmp_path))
        errors = []
        for read_only in (True, False):
            start = time.process_time()
            with pytest.raises(kind) as caught:
                Store.open(path, read_only=read_only)
            assert time.process_time() - start < 1
            errors.append(caught.value)
        assert sorted(os.listdir(tmp_path)) == before
        assert {error.exit_code for error in errors} == {exit_code}
        assert all(error.found or error.hint for error in errors)
        assert all(error.needed for error in errors)
        assert all(str(path) in str(error) for error in errors)
        return errors[0]

    return read


# Row 97 and 100: names are data, never paths.


@pytest.mark.parametrize("name", ["../../x", "/abs", "a\\b", ".", "..", "CON", "people.db", "😀"])
def test_a_name_that_looks_like_a_path_is_kept_as_data(path, tmp_path, name):
    with Store.open(path, read_only=False) as store:
        store.add(make_record(name))
        assert name in store.names()
    assert os.listdir(tmp_path) == ["people.db"]


# Row 97 and 98: the rule of names.


@pytest.mark.parametrize("name", ["x" * 300, "", "a\0b", "a\nb", "a\u202eb", "\ud800", " ana"])
def test_a_text_that_is_no_name_is_refused_wherever_one_is_given(path, name):
    with Store.open(path, read_only=False) as store:
        for act in (
            lambda: store.add(make_record(name)),
            lambda: store.record(name),
            lambda: store.rename("ana", name),
            lambda: store.remove(name),
        ):
            with pytest.raises(ParameterError, match="this cannot name a speaker"):
                act()
        assert store.names() == ("ana", "ben")


# Row 99: NFC and NFD, and case twins.


@pytest.mark.parametrize(("first", "second"), [("Zo\u00eb", "Zoe\u0308"), ("Eva", "EVA")])
def test_two_spellings_of_one_name_are_one_speaker(path, first, second):
    with Store.open(path, read_only=False) as store:
        store.add(make_record(first, 5.0))
        with pytest.raises(AlreadyEnrolledError, match="is already enrolled") as caught:
            store.add(make_record(second, 6.0))
        assert caught.value.exit_code == 3
        assert store.record(second).arrays["weight"][0] == 5.0


# Rows 101 and 102: what stands in the place of the file.


def test_a_symbolic_link_is_refused_and_not_followed(path, tmp_path, refuse):
    link = tmp_path / "link.db"
    link.symlink_to(path)
    assert refuse(link, FileAccessError, exit_code=3).found == f"a link to {path}"


def test_a_dangling_link_does_not_become_a_registry(tmp_path):
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "nowhere.db")
    with pytest.raises(FileAccessError, match="symbolic link"):
        Store.open_or_create(link, CONTRACT)
    assert os.listdir(tmp_path) == ["link.db"]


def test_a_folder_is_refused(tmp_path, refuse):
    (tmp_path / "folder").mkdir()
    assert refuse(tmp_path / "folder", FileAccessError, exit_code=3).found == "a folder"


def test_a_pipe_is_refused_without_waiting(tmp_path, refuse):
    os.mkfifo(tmp_path / "pipe")
    assert refuse(tmp_path / "pipe", FileAccessError, exit_code=3).found == "a named pipe"


def test_a_socket_is_refused(tmp_path, refuse, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s")
        assert refuse(tmp_path / "s", FileAccessError, exit_code=3).found == "a socket"


def test_an_endless_device_is_refused_at_once(refuse):
    assert refuse("/dev/zero", FileAccessError, exit_code=3).found == "a character device"


def test_a_missing_file_is_refused_with_near_names(path, tmp_path, refuse):
    error = refuse(tmp_path / "peopel.db", FileAccessError, exit_code=3)
    assert error.hint == "people.db"


# Row 103: places without permission.


def test_a_file_that_may_not_be_read_is_refused(path, monkeypatch):
    real = os.access
    monkeypatch.setattr(os, "access", lambda name, mode: mode != os.R_OK and real(name, mode))

    def forbidden(name, *arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", forbidden)
    with pytest.raises(FileAccessError, match="cannot be read: found Permission denied"):
        Store.open(path)


def test_a_place_that_may_not_be_written_to_is_read_and_not_changed(path, monkeypatch):
    real = os.access
    monkeypatch.setattr(os, "access", lambda name, mode: mode != os.W_OK and real(name, mode))
    with Store.open(path) as store:
        assert store.names() == ("ana", "ben")
    with pytest.raises(OutputWriteError, match="is read-only") as caught:
        Store.open(path, read_only=False)
    assert caught.value.exit_code == 3


# Row 104: output equals input.


@pytest.mark.parametrize("force", [False, True])
def test_an_export_onto_itself_is_refused(path, tmp_path, force):
    (tmp_path / "same.db").hardlink_to(path)
    with Store.open(path) as store:
        for target in (path, tmp_path / "same.db"):
            with pytest.raises(OutputExistsError, match="the output is one of the inputs"):
                store.export(target, force=force)
        assert store.check() == ()


# Row 105: nobody of that name.


def test_an_unknown_name_is_refused_with_near_ones_and_how_many_there_are(path):
    with Store.open(path) as store, pytest.raises(NotEnrolledError) as caught:
        store.record("anna")
    assert caught.value.exit_code == 3
    assert isinstance(caught.value, InputError)
    assert (caught.value.found, caught.value.hint) == ("2 other speakers", "'ana'")


def test_an_empty_registry_knows_nobody(tmp_path):
    with Store.create(tmp_path / "new.db", CONTRACT) as store:
        with pytest.raises(NotEnrolledError, match="an empty registry"):
            store.record("ana")
        assert list(store.records()) == []


# Row 106: the same recording under two names.


def test_the_holder_of_a_recording_can_be_named(path):
    with Store.open(path, read_only=False) as store:
        store.add(make_record("carla", fingerprints=["ab12"]))
        assert store.fingerprints(["ab12", "cd34"]) == {"ab12": "carla"}


# Files that are no registry.


@pytest.mark.parametrize(
    "content",
    [
        b"x",
        b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(2000),
        pickle.dumps({"ana": [1.0]}),
        b"SQLite format 3\0" + bytes(84),
        b"SQLite format 3\0" + b"\xff" * 5000,
        np.random.default_rng(0).bytes(9000),
    ],
    ids=["a byte", "a recording", "a pickle", "a magic number", "garbage", "noise"],
)
def test_a_file_that_is_no_registry_is_refused_and_left_alone(tmp_path, refuse, content):
    path = tmp_path / "people.db"
    path.write_bytes(content)
    refuse(path, RegistryError, exit_code=4)
    assert path.read_bytes() == content


def test_an_empty_file_is_refused(tmp_path, refuse):
    (tmp_path / "people.db").touch()
    error = refuse(tmp_path / "people.db", RegistryError, exit_code=4)
    assert error.found == "an empty file"


def test_a_truncated_file_is_refused(path, refuse):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    refuse(path, RegistryError, exit_code=4)


# Records that are damaged, by chance or on purpose.


def change(path, statement, *values):
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(statement, values)
    connection.close()


DAMAGES = {
    "a flipped bit of the statistics": (
        "UPDATE records SET payload = CAST(substr(payload, 1, 900) || x'FF' ||"
        " substr(payload, 902) AS BLOB) WHERE id = 1"
    ),
    "statistics of another": (
        "UPDATE records SET (payload, seal) = (SELECT payload, seal FROM records WHERE id = 2)"
        " WHERE id = 1"
    ),
    "no statistics": "DELETE FROM records WHERE id = 1",
    "statistics of another type": "UPDATE records SET payload = 7 WHERE id = 1",
    "no bytes": "UPDATE records SET payload = x'' WHERE id = 1",
    "another projection": "UPDATE speakers SET projection = zeroblob(16) WHERE id = 1",
    "a number for a projection": "UPDATE speakers SET projection = 3.5 WHERE id = 1",
}


@pytest.mark.parametrize("statement", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_record_is_refused_by_name_and_the_others_still_work(path, statement):
    change(path, statement)
    with Store.open(path) as store:
        with pytest.raises(StoredRecordError, match="the record of 'ana' in ") as caught:
            store.record("ana")
        assert caught.value.exit_code == 4
        assert isinstance(caught.value, ModelFileError)
        assert store.record("ben").name == "ben"
        assert [damage.name for damage in store.check()] == ["ana"]


@pytest.mark.parametrize("statement", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_record_can_be_left_out_with_a_warning(path, statement):
    change(path, statement)
    with Store.open(path) as store:
        with pytest.raises(StoredRecordError):
            list(store.records())
        with pytest.warns(RegistryWarning, match="left out: the record of 'ana'"):
            assert [record.name for record in store.records(skip_damaged=True)] == ["ben"]


def test_a_damaged_projection_can_be_left_out_with_a_warning(path):
    change(path, DAMAGES["another projection"])
    with Store.open(path) as store:
        with pytest.raises(StoredRecordError, match="'ana'"):
            store.projections()
        with pytest.warns(RegistryWarning, match="left out: the record of 'ana'"):
            names, matrix = store.projections(skip_damaged=True)
    assert (names, matrix.shape) == (("ben",), (1, 8))


@pytest.mark.parametrize("statement", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_record_can_be_removed_and_enrolled_again(path, statement):
    change(path, statement)
    with Store.open(path, read_only=False) as store:
        store.remove("ana")
        store.add(make_record("ana", 3.0))
        assert store.check() == ()


def test_speakers_that_are_sound_can_be_exported_from_a_damaged_registry(path, tmp_path):
    change(path, DAMAGES["no statistics"])
    with Store.open(path) as store, pytest.warns(RegistryWarning):
        assert store.export(tmp_path / "rest.db", skip_damaged=True) == 1


@pytest.mark.parametrize("name", [b"an\xff", "an\u202ea", "\x1b[2J", "eva", 7, "x" * 300])
def test_a_name_that_is_no_name_any_more_is_never_shown_as_one(path, name):
    change(path, "UPDATE speakers SET name = CAST(? AS TEXT) WHERE id = 1", name)
    with Store.open(path) as store:
        with pytest.warns(RegistryWarning, match="left out") as caught:
            assert store.names() == ("ben",)
        assert str(caught[0].message).isprintable()
        for act in (lambda: store.record("ana"), lambda: list(store.records())):
            with pytest.raises(StoredRecordError):
                act()
        assert len(store.check()) == 1


def test_a_damaged_registry_is_imported_from_entirely_or_not_at_all(path, tmp_path):
    change(path, DAMAGES["no statistics"])
    with Store.create(tmp_path / "new.db", CONTRACT) as store:
        with pytest.raises(StoredRecordError, match="'ana'"):
            store.import_from(path)
        assert len(store) == 0


@pytest.mark.parametrize("setting", ["contract", "background", "projection"])
def test_a_damaged_setting_is_refused_by_name(path, setting):
    change(path, "UPDATE settings SET value = x'00' WHERE name = ?", setting)
    with Store.open(path) as store:
        with pytest.raises(RegistryError, match=f"another checksum of its {setting}"):
            {
                "contract": lambda: store.contract,
                "background": lambda: store.background,
                "projection": store.projections,
            }[setting]()
        assert store.record("ana").name == "ana"


def answers(path, names):
    """The records of some names as bytes, or the typed error that stands in their place."""
    try:
        with Store.open(path) as store:
            return {name: store.record(name).encode() for name in names}
    except GmmkitError as error:
        return error


@pytest.mark.parametrize("seed", range(4))
def test_no_damaged_byte_can_change_what_a_record_says(path, seed):
    whole, random = path.read_bytes(), np.random.default_rng(seed)
    right = answers(path, ["ana", "ben"])
    refused = 0
    for place in random.integers(len(whole), size=100):
        damaged = bytearray(whole)
        damaged[place] ^= int(random.integers(1, 256))
        path.write_bytes(damaged)
        found = answers(path, right)
        assert isinstance(found, GmmkitError) or found == right
        refused += isinstance(found, GmmkitError)
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
    assert refused > 20


@pytest.mark.parametrize("seed", range(4))
def test_a_file_with_a_damaged_page_is_read_rightly_or_refused(path, seed):
    whole, random = path.read_bytes(), np.random.default_rng(seed)
    right = answers(path, ["ana", "ben"])
    for place in range(0, len(whole), 512):
        damaged = bytearray(whole)
        damaged[place : place + 512] = random.bytes(512)
        path.write_bytes(damaged)
        found = answers(path, right)
        assert isinstance(found, GmmkitError) or found == right
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
