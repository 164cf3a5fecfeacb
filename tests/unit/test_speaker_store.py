"""What a registry's file keeps, in what order, and what each change does to it."""

import os
import sqlite3

import numpy as np
import pytest
from strategies import make_record

from gmmkit.errors import (
    AlreadyEnrolledError,
    FeatureContractError,
    NotEnrolledError,
    OutputExistsError,
    ParameterError,
)
from gmmkit.speaker.storage.record import Record
from gmmkit.speaker.storage.store import Store

CONTRACT = {"sample_rate": 16000, "background": "ab12", "cepstra": 30}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "people.db"


@pytest.fixture
def store(path):
    with Store.create(path, CONTRACT) as opened:
        yield opened


@pytest.fixture
def three(store):
    for number, name in enumerate(["carla", "Ana", "Élise"]):
        store.add(make_record(name, number + 1.0))
    return store


def values(store):
    return {record.name: float(record.arrays["weight"][0]) for record in store.records()}


def test_a_record_comes_back_as_it_was_given(store):
    given = make_record("Zoë", 2.5, fingerprints=["ab", "cd"])
    store.add(given)
    kept = store.record("Zoë")
    assert kept.encode() == given.encode()
    assert kept.arrays["first"].dtype == np.float32


def test_names_and_records_come_in_the_order_of_their_keys(three):
    assert three.names() == ("Ana", "carla", "Élise")
    assert [record.name for record in three.records()] == ["Ana", "carla", "Élise"]
    assert len(three) == 3


def test_records_asked_for_by_name_come_in_that_order(three):
    assert [r.name for r in three.records(["élise", "ANA", "élise"])] == ["Élise", "Ana", "Élise"]


def test_one_unknown_name_among_those_asked_for_is_refused(three):
    with pytest.raises(NotEnrolledError, match="'dora'"):
        list(three.records(["ana", "dora"]))


@pytest.mark.parametrize("name", ["ana", "ANA", "Ana"])
def test_a_speaker_is_found_in_whatever_case(three, name):
    assert name in three
    assert three.record(name).name == "Ana"


@pytest.mark.parametrize("name", ["dora", "", "a\n", None, 7])
def test_a_name_that_is_not_enrolled_or_is_none_is_not_in_the_registry(three, name):
    assert name not in three


def test_projections_are_one_row_a_speaker_in_the_order_of_the_names(three):
    names, matrix = three.projections()
    assert names == three.names()
    assert matrix.dtype == np.float16
    np.testing.assert_array_equal(matrix, np.repeat([[2.0], [1.0], [3.0]], 8, axis=1))


def test_projections_of_nobody_are_an_empty_matrix(store):
    names, matrix = store.projections()
    assert (names, matrix.shape) == ((), (0, 0))


def test_a_projection_of_another_type_or_length_is_refused(three):
    for projection in (np.zeros(8, np.float32), np.zeros(9, np.float16)):
        with pytest.raises(ParameterError, match="as the others have"):
            three.add(Record("dora", {}, projection))
    assert len(three) == 3


def test_an_emptied_registry_takes_projections_of_another_type(store):
    store.add(make_record("ana"))
    store.remove("ana")
    store.add(Record("ana", {}, np.zeros(3, np.int8)))
    assert store.projections()[1].dtype == np.int8


def test_a_taken_name_is_refused_and_the_first_record_stays(three):
    with pytest.raises(AlreadyEnrolledError, match=r"'ana' is already enrolled.*'Ana'"):
        three.add(make_record("ana", 9.0))
    assert values(three)["Ana"] == 2.0


def test_of_many_speakers_all_or_none_are_added(three):
    with pytest.raises(AlreadyEnrolledError):
        three.add_many([make_record("dora"), make_record("ben"), make_record("ana")])
    assert len(three) == 3


def test_replacing_takes_the_new_record_under_the_new_spelling(three):
    three.replace(make_record("ANA", 9.0))
    assert values(three) == {"ANA": 9.0, "carla": 1.0, "Élise": 3.0}


def test_an_update_sees_the_old_record_and_keeps_the_new_one(three):
    changed = three.update("ana", lambda old: make_record(old.name, old.arrays["weight"][0] + 5))
    assert changed.arrays["weight"][0] == 7.0
    assert values(three)["Ana"] == 7.0


def test_an_update_that_fails_changes_nothing(three):
    before = three.generation
    with pytest.raises(ZeroDivisionError):
        three.update("ana", lambda old: 1 / 0)
    assert (values(three)["Ana"], three.generation) == (2.0, before)


def test_an_update_cannot_change_the_name(three):
    with pytest.raises(ParameterError, match="must keep the name: found 'dora'; needed 'ana'"):
        three.update("ana", lambda old: make_record("dora"))


def test_renaming_keeps_everything_but_the_name(three):
    three.rename("ana", "Anna")
    assert values(three) == {"Anna": 2.0, "carla": 1.0, "Élise": 3.0}


def test_a_speaker_can_be_renamed_to_another_spelling_of_the_same_name(three):
    three.rename("ana", "ANA")
    assert three.names() == ("ANA", "carla", "Élise")


def test_a_rename_to_a_taken_name_is_refused(three):
    with pytest.raises(AlreadyEnrolledError, match="'CARLA' is already enrolled"):
        three.rename("ana", "CARLA")


@pytest.mark.parametrize(
    "act",
    [
        lambda store: store.record("dora"),
        lambda store: store.replace(make_record("dora")),
        lambda store: store.update("dora", lambda old: old),
        lambda store: store.rename("dora", "x"),
        lambda store: store.remove("dora"),
    ],
    ids=["record", "replace", "update", "rename", "remove"],
)
def test_whoever_is_not_enrolled_is_refused_everywhere(three, act):
    with pytest.raises(NotEnrolledError, match=r"'dora' is not enrolled.*3 other speakers"):
        act(three)


def test_a_mistyped_name_is_answered_with_near_ones(three):
    with pytest.raises(NotEnrolledError) as caught:
        three.record("Karla")
    assert caught.value.hint == "'carla'"


def test_an_empty_registry_says_so(store):
    with pytest.raises(NotEnrolledError, match=r"an empty registry.*enroll somebody first"):
        store.record("ana")


def test_every_change_raises_the_generation_and_no_reading_does(three):
    seen = [three.generation]
    for change in (
        lambda: three.add(make_record("dora")),
        lambda: three.replace(make_record("dora", 2.0)),
        lambda: three.update("dora", lambda old: old),
        lambda: three.rename("dora", "doris"),
        lambda: three.remove("doris"),
    ):
        change()
        seen.append(three.generation)
    assert seen == list(range(seen[0], seen[0] + 6))
    assert (three.names(), three.generation) == (three.names(), seen[-1])


def test_fingerprints_tell_who_was_enrolled_with_a_recording(store):
    store.add(make_record("ben", fingerprints=["aa", "bb"]))
    store.add(make_record("ana", fingerprints=["bb", "cc"]))
    assert store.fingerprints() == {"aa": "ben", "bb": "ana", "cc": "ana"}
    assert store.fingerprints({"aa", "ff"}) == {"aa": "ben"}


def test_fingerprints_go_with_the_record(store):
    store.add(make_record("ben", fingerprints=["aa"]))
    store.replace(make_record("ben", fingerprints=["bb"]))
    assert store.fingerprints() == {"bb": "ben"}
    store.remove("ben")
    assert store.fingerprints() == {}


def test_the_contract_and_the_background_come_back(path):
    with Store.create(path, CONTRACT | {"rates": [1, 2]}, background=b"\0model") as store:
        assert store.contract == CONTRACT | {"rates": [1, 2]}
        assert store.background == b"\0model"


def test_a_registry_without_a_background_says_so(store):
    assert store.background is None


def test_another_contract_is_refused_with_both_sides(store):
    store.check_contract(CONTRACT)
    with pytest.raises(FeatureContractError) as caught:
        store.check_contract(CONTRACT | {"cepstra": 20})
    assert caught.value.found == "records made with cepstra=30"
    assert caught.value.needed == "records made with cepstra=20"
    assert "enroll everyone into a new registry" in caught.value.hint


def test_open_or_create_makes_a_registry_once_and_opens_it_afterwards(path):
    with Store.open_or_create(path, CONTRACT) as store:
        store.add(make_record("ana"))
    with Store.open_or_create(path, CONTRACT) as store:
        assert store.names() == ("ana",)
    with pytest.raises(FeatureContractError):
        Store.open_or_create(path, {"sample_rate": 8000})


def test_an_existing_registry_is_never_created_anew(three, path):
    with pytest.raises(OutputExistsError):
        Store.create(path, CONTRACT)
    assert len(three) == 3


def test_one_file_is_left_after_the_last_close(path, tmp_path):
    with Store.create(path, CONTRACT) as store, Store.open(path) as reader:
        store.add(make_record("ana"))
        assert reader.names() == ("ana",)
        assert len(os.listdir(tmp_path)) > 1
    assert os.listdir(tmp_path) == ["people.db"]
    with Store.open(path) as reader:
        reader.names()
    assert os.listdir(tmp_path) == ["people.db"]


def test_a_reader_that_closes_last_leaves_one_file_too(path, tmp_path):
    store = Store.create(path, CONTRACT)
    reader = Store.open(path)
    store.add(make_record("ana"))
    assert reader.names() == ("ana",)
    store.close()
    reader.close()
    assert os.listdir(tmp_path) == ["people.db"]
    with Store.open(path) as again:
        assert again.names() == ("ana",)


@pytest.mark.parametrize("change", ["remove", "replace", "rename"])
def test_what_was_erased_is_nowhere_in_the_folder(path, tmp_path, change):
    marks = [b"Benedictus", np.full(4, 12.345678).tobytes(), b"fade0fade0"]
    with Store.create(path, CONTRACT) as store:
        store.add(make_record("Benedictus", 12.345678, fingerprints=["fade0fade0"]))
        store.add(make_record("ana"))
        if change == "remove":
            store.remove("benedictus")
        elif change == "replace":
            store.replace(make_record("BENEDICTUS", 1.0))
        else:
            store.rename("Benedictus", "ben")
            marks = marks[:1]
        kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert [mark for mark in marks if mark in kept] == []


def test_a_snapshot_is_one_moment_whatever_is_written_meanwhile(three, path):
    with Store.open(path) as reader:
        with reader.snapshot():
            three.add(make_record("dora"))
            assert (len(reader), reader.names()) == (3, ("Ana", "carla", "Élise"))
            assert len(list(reader.records())) == 3
        assert len(reader) == 4


def test_a_reader_sees_every_change_after_it_is_made(three, path):
    with Store.open(path) as reader:
        before = reader.generation
        three.add(make_record("dora"))
        assert reader.generation == before + 1
        assert "dora" in reader


def test_a_change_inside_a_snapshot_is_refused(three):
    with three.snapshot(), pytest.raises(ParameterError, match="inside a snapshot"):
        three.remove("ana")
    assert len(three) == 3


def test_records_may_be_changed_while_all_are_walked_through(three):
    for record in three.records():
        three.replace(make_record(record.name, 0.0))
    assert set(values(three).values()) == {0.0}


def test_a_store_opened_for_reading_cannot_be_changed(three, path):
    with Store.open(path) as reader, pytest.raises(ParameterError, match="opened for reading"):
        reader.add(make_record("dora"))


def test_a_closed_store_says_so(store):
    store.close()
    with pytest.raises(ParameterError, match="is closed"):
        store.names()


def test_an_export_holds_the_speakers_asked_for_and_opens_as_a_registry(three, tmp_path):
    target = tmp_path / "some.db"
    assert three.export(target, ["ana", "carla"]) == 2
    with Store.open(target) as copy:
        assert values(copy) == {"Ana": 2.0, "carla": 1.0}
        copy.check_contract(CONTRACT)


def test_an_export_carries_the_background(path, tmp_path):
    with Store.create(path, CONTRACT, background=b"model") as store:
        store.export(tmp_path / "copy.db")
    with Store.open(tmp_path / "copy.db") as copy:
        assert (copy.background, len(copy)) == (b"model", 0)


def test_an_export_does_not_overwrite_unless_forced(three, tmp_path):
    target = tmp_path / "some.db"
    target.write_text("precious")
    with pytest.raises(OutputExistsError):
        three.export(target)
    assert target.read_text() == "precious"
    assert three.export(target, force=True) == 3


def test_an_export_of_an_unknown_name_writes_nothing(three, tmp_path):
    with pytest.raises(NotEnrolledError):
        three.export(tmp_path / "some.db", ["dora"])
    assert not [name for name in os.listdir(tmp_path) if not name.startswith("people.db")]


@pytest.fixture
def other(tmp_path):
    path = tmp_path / "other.db"
    with Store.create(path, CONTRACT) as store:
        store.add_many([make_record("ANA", 7.0), make_record("ben", 8.0)])
    return path


def test_an_import_refuses_taken_names_and_takes_nothing(three, other):
    with pytest.raises(
        AlreadyEnrolledError, match=r"already enrolled in .*people\.db: found 'ANA'"
    ):
        three.import_from(other)
    assert len(three) == 3


def test_an_import_skips_taken_names_when_told_to(three, other):
    done = three.import_from(other, on_existing="skip")
    assert (done.added, done.replaced, done.skipped) == (("ben",), (), ("ANA",))
    assert values(three) == {"Ana": 2.0, "ben": 8.0, "carla": 1.0, "Élise": 3.0}


def test_an_import_replaces_taken_names_when_told_to(three, other):
    done = three.import_from(other, on_existing="replace")
    assert (done.added, done.replaced, done.skipped) == (("ben",), ("ANA",), ())
    assert values(three) == {"ANA": 7.0, "ben": 8.0, "carla": 1.0, "Élise": 3.0}


def test_an_import_from_another_contract_is_refused(three, tmp_path):
    Store.create(tmp_path / "other.db", {"sample_rate": 8000}).close()
    with pytest.raises(FeatureContractError, match=r"other\.db"):
        three.import_from(tmp_path / "other.db")


def test_an_import_needs_a_known_policy(three, other):
    with pytest.raises(ParameterError, match="'error', 'skip' or 'replace'"):
        three.import_from(other, on_existing="merge")


def test_a_sound_registry_has_nothing_wrong_with_it(three):
    assert three.check() == ()


def test_the_file_is_an_sqlite_database_that_says_what_it_is(three, path):
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA application_id").fetchone()[0].to_bytes(4) == b"gmms"
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    connection.close()


def test_many_speakers_are_added_at_once_and_found_again(store):
    store.add_many(make_record(f"speaker {n:04d}", n % 100) for n in range(1000))
    names, matrix = store.projections()
    assert names == tuple(f"speaker {n:04d}" for n in range(1000))
    np.testing.assert_array_equal(matrix[:, 0], np.arange(1000) % 100)
