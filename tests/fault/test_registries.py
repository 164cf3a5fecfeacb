"""Kills, several processes, full disks: what was enrolled stays enrolled, and nothing is half."""

import os
import resource
import signal
import time

import pytest
from processes import assert_whole, ended, other_processes
from strategies import make_record

from gmmkit.errors import OutputWriteError, RegistryBusyError, RegistryWarning
from gmmkit.io import database
from gmmkit.speaker.storage.store import Store

CONTRACT = {"sample_rate": 16000}
_START = """
import sys
from strategies import make_record
from gmmkit.speaker.storage.store import Store
path, CONTRACT = sys.argv[1], {"sample_rate": 16000}
"""


@pytest.fixture
def path(tmp_path):
    target = tmp_path / "people.db"
    with Store.create(target, CONTRACT) as store:
        store.add_many([make_record("ana", 1.0, size=3000), make_record("ben", 2.0, size=3000)])
    return target


@pytest.fixture
def start():
    """Run Python code in another process, which is ended with the test."""
    with other_processes(_START) as begin:
        yield begin


_ENROLLS = """
with Store.open(path, read_only=False) as store:
    print("ready", flush=True)
    with store._database.writing() as connection:
        store.update("ana", lambda old: make_record("ana", 9.0, size=3000))
        connection.execute("PRAGMA cache_spill = 1")
        for number in range(int(sys.argv[2])):
            store.add(make_record(f"new {number}", size=3000))
        print("changed", flush=True)
        __import__("time").sleep(60)
"""


@pytest.mark.parametrize("new", [1, 100])
def test_a_kill_in_the_middle_of_an_enrollment_loses_nothing_that_was_there(path, start, new):
    process = start(_ENROLLS, path, new)
    assert process.stdout.readline() == "ready\n"
    assert process.stdout.readline() == "changed\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (path.parent / "people.db-wal").exists()
    assert_whole(path, ["ana", "ben"])
    with Store.open(path) as store:
        assert store.record("ana").arrays["weight"][0] == 1.0


_ADDS_FOREVER = """
with Store.open(path, read_only=False) as store:
    for number in range(10_000):
        store.add(make_record(f"new {number:04d}"))
        print(number, flush=True)
"""


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.03, 0.1])
def test_whoever_was_reported_enrolled_before_a_kill_is_there_after_it(path, start, seconds):
    process = start(_ADDS_FOREVER, path)
    process.stdout.readline()
    time.sleep(seconds)
    process.kill()
    reported = 1 + len(process.stdout.read().split())
    with Store.open(path) as store:
        found = len(store) - 2
        assert found in (reported, reported + 1)
        assert store.check() == ()
    assert os.listdir(path.parent) == [path.name]


def test_a_kill_while_a_registry_is_made_leaves_none(tmp_path, start):
    code = """
from gmmkit.speaker.storage import store as module
import os
module._begin = lambda *arguments: os._exit(9)
Store.create(path, CONTRACT)
"""
    process = start(code, tmp_path / "people.db")
    process.wait(timeout=60)
    assert process.returncode == 9
    assert not (tmp_path / "people.db").exists()
    Store.create(tmp_path / "people.db", CONTRACT).close()


_ADDS = """
for number in range(20):
    with Store.open_or_create(path, CONTRACT) as store:
        store.add(make_record(f"{sys.argv[2]} {number:02d}"))
"""


def test_processes_that_enroll_at_once_are_all_there_afterwards(tmp_path, start):
    path = tmp_path / "people.db"
    for process in [start(_ADDS, path, name) for name in ("a", "b", "c")]:
        ended(process)
    assert_whole(path, [f"{name} {number:02d}" for name in "abc" for number in range(20)])


_APPENDS = """
for number in range(20):
    with Store.open(path, read_only=False) as store:
        store.update("ana", lambda old: make_record("ana", old.arrays["weight"][0] + 1))
"""


def test_no_append_of_two_processes_is_lost(path, start):
    for process in [start(_APPENDS, path), start(_APPENDS, path)]:
        ended(process)
    with Store.open(path) as store:
        assert store.record("ana").arrays["weight"][0] == 41.0


_READS = """
import numpy as np
seen = 0
print("ready", flush=True)
while True:
    with Store.open(path) as store, store.snapshot():
        names, matrix = store.projections()
        records = list(store.records())
        assert [record.name for record in records] == list(names) == list(store.names())
        for record, row in zip(records, matrix):
            values = {*record.arrays["weight"], *record.arrays["first"].ravel(), *row}
            assert len(values) == 1, values
        seen += 1
        if "last" in names:
            break
print(seen)
"""


def test_a_reader_never_sees_half_a_record(path, start):
    readers = [start(_READS, path), start(_READS, path)]
    for reader in readers:
        assert reader.stdout.readline() == "ready\n"
    for number in range(30):
        with Store.open(path, read_only=False) as store:
            store.replace(make_record("ana", float(number), size=3000))
            store.add(make_record(f"new {number:02d}", float(number), size=3000))
            store.remove("ben") if number == 10 else None
    with Store.open(path, read_only=False) as store:
        store.add(make_record("last", 1.0))
    assert all(int(ended(reader)[0]) > 0 for reader in readers)
    assert os.listdir(path.parent) == [path.name]


_HOLDS = """
with Store.open(path, read_only=sys.argv[2] == "reads") as store:
    with store.snapshot() if sys.argv[2] == "reads" else store._database.writing():
        print("ready", flush=True)
        __import__("time").sleep(60)
"""


def test_a_reader_that_takes_its_time_does_not_keep_anyone_from_enrolling(path, start):
    assert start(_HOLDS, path, "reads").stdout.readline() == "ready\n"
    with Store.open(path, read_only=False) as store:
        store.add(make_record("carla"))
        assert store.names() == ("ana", "ben", "carla")


def test_a_reader_that_takes_its_time_is_named_when_it_keeps_removed_data_alive(
    path, start, monkeypatch
):
    monkeypatch.setattr(database, "FLUSH_SECONDS", 0.1)
    assert start(_HOLDS, path, "reads").stdout.readline() == "ready\n"
    with Store.open(path, read_only=False) as store:
        with pytest.warns(RegistryWarning, match="people.db-wal keeps what was removed"):
            store.remove("ana")
        assert store.names() == ("ben",)


def test_a_writer_that_takes_its_time_makes_others_say_busy(path, start, monkeypatch):
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    assert start(_HOLDS, path, "writes").stdout.readline() == "ready\n"
    with Store.open(path, read_only=False) as store:
        assert store.names() == ("ana", "ben")
        with pytest.raises(RegistryBusyError) as caught:
            store.add(make_record("carla"))
        assert caught.value.exit_code == 6
    with Store.open(path) as store:
        assert store.names() == ("ana", "ben")


def test_a_full_disk_is_an_error_and_nothing_is_lost(path, tmp_path):
    big = make_record("carla", size=200_000)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Store.open(path, read_only=False) as store:
        resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, limits[1]))
        try:
            with pytest.raises(OutputWriteError, match=r"was not changed: found .*free some space"):
                store.add(big)
            with pytest.raises(OutputWriteError, match="was not changed"):
                store.replace(make_record("ana", 9.0, size=200_000))
            assert store.names() == ("ana", "ben")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        store.add(big)
    assert_whole(path, ["ana", "ben", "carla"])
    assert os.listdir(tmp_path) == ["people.db"]


def test_a_full_disk_while_a_registry_is_made_leaves_none(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(OutputWriteError):
            Store.create(tmp_path / "people.db", CONTRACT, background=bytes(200_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert os.listdir(tmp_path) == []


def test_a_full_disk_during_an_export_leaves_the_old_file(path, tmp_path):
    target = tmp_path / "copy.db"
    target.write_text("old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Store.open(path) as store:
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, limits[1]))
        try:
            with pytest.raises(OutputWriteError):
                store.export(target, force=True)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert target.read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["copy.db", "people.db"]


def test_an_interrupt_in_the_middle_of_a_change_undoes_it(path):
    def interrupt(old):
        raise KeyboardInterrupt

    with Store.open(path, read_only=False) as store:
        with pytest.raises(KeyboardInterrupt):
            store.update("ana", interrupt)
        store.add(make_record("carla"))
    assert_whole(path, ["ana", "ben", "carla"])


def test_a_child_of_a_fork_leaves_the_file_of_its_parent_alone(path):
    with Store.open(path, read_only=False) as store:
        child = os.fork()
        if child == 0:
            store.close()
            os._exit(0)
        os.waitpid(child, 0)
        store.add(make_record("carla"))
        assert (path.parent / "people.db-wal").exists()
    assert_whole(path, ["ana", "ben", "carla"])
