"""The gate of SQLite files: what it opens, what it refuses, and what it leaves untouched."""

import os
import sqlite3
import stat
import subprocess
import sys

import pytest

from gmmkit.errors import (
    FileAccessError,
    OutputExistsError,
    OutputWriteError,
    ParameterError,
    RegistryBusyError,
    RegistryError,
)
from gmmkit.io import database
from gmmkit.io.database import Layout, open_database
from gmmkit.io.database_creation import create_database

LAYOUT = Layout("list", 0x6C697374, 3, ("CREATE TABLE items (text TEXT)",))


def put(connection, *texts):
    connection.executemany("INSERT INTO items VALUES (?)", [(text,) for text in texts])


def read(opened):
    with opened.reading() as connection:
        return [text.decode() for (text,) in connection.execute("SELECT text FROM items")]


@pytest.fixture
def path(tmp_path):
    target = tmp_path / "a ?#%41 b" / "list.db"
    target.parent.mkdir()
    create_database(target, LAYOUT, lambda new: put(new, "a", "b"))
    return target


@pytest.fixture
def read_only_place(path, monkeypatch):
    """A folder that this user may not write to, for a user who may write everywhere too."""
    real = os.access
    monkeypatch.setattr(os, "access", lambda name, mode: mode != os.W_OK and real(name, mode))
    return path


def test_a_new_file_is_whole_before_it_has_its_name(path):
    opened = open_database(path, LAYOUT, read_only=True)
    assert read(opened) == ["a", "b"]
    opened.close()
    assert os.listdir(path.parent) == ["list.db"]


def test_a_file_that_could_not_be_filled_is_not_there(tmp_path):
    def fail(connection):
        put(connection, "a")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        create_database(tmp_path / "list.db", LAYOUT, fail)
    assert os.listdir(tmp_path) == []


def test_a_new_file_has_the_permissions_that_the_umask_leaves(tmp_path):
    before = os.umask(0o027)
    try:
        create_database(tmp_path / "list.db", LAYOUT, lambda new: None)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "list.db").stat().st_mode) == 0o640


def test_a_file_is_not_made_where_there_is_no_folder(tmp_path):
    with pytest.raises(OutputWriteError, match="create the folder"):
        create_database(tmp_path / "no" / "list.db", LAYOUT, lambda new: None)


@pytest.mark.parametrize("ending", ["-wal", "-shm", "-journal"])
@pytest.mark.parametrize("force", [False, True])
def test_a_log_of_another_database_is_never_played_into_a_new_one(tmp_path, ending, force):
    (tmp_path / f"list.db{ending}").write_bytes(b"old")
    with pytest.raises(OutputExistsError, match=ending):
        create_database(tmp_path / "list.db", LAYOUT, lambda new: None, force=force)
    assert os.listdir(tmp_path) == [f"list.db{ending}"]


def test_a_mistyped_path_is_an_error_and_no_file(path):
    for read_only in (True, False):
        with pytest.raises(FileAccessError, match=r"does not exist.*list\.db"):
            open_database(path.with_name("lisst.db"), LAYOUT, read_only=read_only)
    assert os.listdir(path.parent) == ["list.db"]


def other_database(path, *statements):
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


@pytest.mark.parametrize("read_only", [True, False])
def test_a_database_of_another_program_is_refused_and_not_touched(tmp_path, read_only):
    path = tmp_path / "history.db"
    other_database(path, "CREATE TABLE visits (url TEXT)")
    before = path.read_bytes()
    with pytest.raises(RegistryError, match=r"is no list: found a database of another program"):
        open_database(path, LAYOUT, read_only=read_only)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["history.db"]


def test_an_empty_file_is_refused_and_stays_empty(tmp_path):
    path = tmp_path / "empty.db"
    path.touch()
    with pytest.raises(RegistryError, match="found an empty file"):
        open_database(path, LAYOUT, read_only=False)
    assert path.stat().st_size == 0


def test_a_newer_schema_is_refused_by_its_number(path):
    other_database(path, "PRAGMA user_version = 4")
    with pytest.raises(RegistryError, match="found schema 4; needed schema 3"):
        open_database(path, LAYOUT, read_only=True)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE more (text TEXT)",
        "DROP TABLE items",
        "CREATE TRIGGER t AFTER INSERT ON items BEGIN DELETE FROM items; END",
        "CREATE VIEW v AS SELECT 1",
    ],
)
def test_other_tables_triggers_or_views_are_refused(path, statement):
    other_database(path, statement)
    with pytest.raises(RegistryError, match="other tables than it was made with"):
        open_database(path, LAYOUT, read_only=True)


def test_a_link_is_not_followed(path):
    link = path.with_name("link.db")
    link.symlink_to(path)
    with pytest.raises(FileAccessError, match=r"link\.db is a symbolic link"):
        open_database(link, LAYOUT, read_only=True)


@pytest.mark.parametrize("ending", ["-wal", "-shm", "-journal"])
def test_a_link_in_the_place_of_a_log_is_not_followed(path, tmp_path, ending):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    path.with_name(path.name + ending).symlink_to(victim)
    with pytest.raises(FileAccessError, match=f"{ending} is a symbolic link"):
        open_database(path, LAYOUT, read_only=False)
    assert victim.read_text() == "precious"


def test_a_pipe_in_the_place_of_a_log_is_refused_at_once(path):
    os.mkfifo(path.with_name("list.db-wal"))
    with pytest.raises(FileAccessError, match="is no regular file"):
        open_database(path, LAYOUT, read_only=True)


def test_a_read_only_place_is_read_without_a_trace(read_only_place):
    opened = open_database(read_only_place, LAYOUT, read_only=True)
    assert read(opened) == ["a", "b"]
    assert os.listdir(read_only_place.parent) == ["list.db"]
    opened.close()


def test_a_read_only_place_is_not_written_to(read_only_place):
    with pytest.raises(OutputWriteError, match="is read-only"):
        open_database(read_only_place, LAYOUT, read_only=False)


def test_a_read_only_place_shows_what_others_have_written_since(path, monkeypatch):
    monkeypatch.setattr(database, "cannot_be_locked", lambda name: True)
    reader = open_database(path, LAYOUT, read_only=True)
    assert read(reader) == ["a", "b"]
    writer = open_database(path, LAYOUT, read_only=False)
    with writer.writing() as connection:
        put(connection, "c")
    writer.close()
    assert read(reader) == ["a", "b", "c"]
    reader.close()


def test_a_change_that_sqlite_cannot_see_is_an_error_and_not_a_mixture(path, monkeypatch):
    monkeypatch.setattr(database, "cannot_be_locked", lambda name: True)
    reader = open_database(path, LAYOUT, read_only=True)
    with pytest.raises(RegistryBusyError, match="a change while it was read"), reader.reading():
        os.utime(path, ns=(1, 1))
    reader.close()


def test_a_writer_waits_and_then_says_that_the_file_is_busy(path, monkeypatch):
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    first = open_database(path, LAYOUT, read_only=False)
    second = open_database(path, LAYOUT, read_only=False)
    with first.writing(), pytest.raises(RegistryBusyError) as caught, second.writing():
        pass
    assert caught.value.exit_code == 6
    first.close()
    second.close()


def test_a_failed_change_is_undone(path):
    opened = open_database(path, LAYOUT, read_only=False)

    def change():
        with opened.writing() as connection:
            put(connection, "c")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change()
    assert read(opened) == ["a", "b"]
    opened.close()


def test_a_value_beyond_the_cap_is_refused_before_it_is_loaded(path, monkeypatch):
    monkeypatch.setattr(database, "LARGEST_VALUE", 1000)
    other_database(path, "INSERT INTO items VALUES (zeroblob(5000))")
    opened = open_database(path, LAYOUT, read_only=True)
    with pytest.raises(RegistryError, match="too big"):
        read(opened)
    opened.close()


def test_a_file_opened_before_a_fork_is_refused_after_it_and_not_closed_there(path):
    opened = open_database(path, LAYOUT, read_only=False)
    opened._process += 1
    with pytest.raises(ParameterError, match="open it again after the fork"):
        read(opened)
    opened.close()
    opened._process -= 1
    assert read(opened) == ["a", "b"]
    opened.close()


_READS_AND_CLOSES = """
import contextlib, sqlite3, sys
with contextlib.closing(sqlite3.connect(sys.argv[1])) as connection:
    print(len(connection.execute("SELECT * FROM items").fetchall()))
"""


def test_two_files_open_in_one_process_keep_their_locks(path):
    """Opening and closing the file beside SQLite would release them, and others would tidy up."""
    first = open_database(path, LAYOUT, read_only=False)
    with first.writing() as connection:
        put(connection, "c")
    open_database(path, LAYOUT, read_only=True).close()
    run = subprocess.run(
        [sys.executable, "-c", _READS_AND_CLOSES, path], capture_output=True, text=True, check=True
    )
    assert run.stdout == "3\n"
    assert path.with_name("list.db-wal").exists()
    first.close()
