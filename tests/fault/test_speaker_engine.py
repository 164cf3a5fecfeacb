"""People enrolled by several processes, killed in the middle, read meanwhile: whole or not."""

import pytest
from processes import assert_whole, ended, other_processes
from strategies import voice
from voices import small_background

from gmmkit.errors import NotEnrolledError
from gmmkit.speaker.registry import Registry

_START = """
import os, sys, time
from strategies import voice
from voices import small_background
from gmmkit.speaker.registry import Registry

def quick():
    return small_background(conditions=("clean",))

def sound(seed, seconds=12.0):
    return voice(seconds, seed=seed), 16_000

people = Registry.open(sys.argv[1], background=quick())
print("ready", flush=True)
"""


def sound(seed, seconds=12.0):
    return voice(seconds, seed=seed), 16_000


@pytest.fixture
def new(tmp_path):
    return tmp_path / "people.db"


@pytest.fixture
def path(new):
    registry = Registry.open(new, background=small_background(conditions=("clean",)))
    registry.enroll("ana", sound(1))
    registry.enroll("ben", sound(2))
    return new


@pytest.fixture
def start():
    """Run Python code in another process, which is ended with the test."""
    with other_processes(_START) as begin:
        yield begin


_ENROLLS = """
for number in range(2):
    seed = int(sys.argv[3]) + 2 * number
    people.enroll(f"{sys.argv[2]} {number}", sound(seed))
    people.enroll("both", sound(seed + 1), existing="append")
"""


def test_what_two_processes_enroll_and_append_at_once_is_all_there(new, start):
    for process in [start(_ENROLLS, new, name, seed) for name, seed in (("a", 10), ("b", 20))]:
        ended(process)
    assert_whole(new, ["a 0", "a 1", "b 0", "b 1", "both"])
    record = Registry.open(new).record("both")
    assert record.facts["n_recordings"] == 4
    assert len(set(record.fingerprints)) == 4


_STOPS_BEFORE_THE_END = """
from gmmkit.speaker.storage import rows

def stop(*arguments):
    print("changed", flush=True)
    time.sleep(60)

rows.count_change = stop
people.enroll(sys.argv[2], sound(30), existing=sys.argv[3])
"""


@pytest.mark.parametrize(
    ("name", "existing"), [("carla", "error"), ("ana", "append"), ("ana", "replace")]
)
def test_a_kill_in_the_middle_of_an_enrollment_loses_nothing_that_was_there(
    path, start, name, existing
):
    before = Registry.open(path).scores(sound(1, 4.0))
    process = start(_STOPS_BEFORE_THE_END, path, name, existing)
    assert process.stdout.readline() == "ready\n"
    assert process.stdout.readline() == "changed\n"
    process.kill()
    process.wait()
    assert Registry.open(path).scores(sound(1, 4.0)) == before
    assert_whole(path, ["ana", "ben"])


def test_a_kill_in_the_middle_of_the_first_enrollment_leaves_an_empty_registry(new, start):
    process = start(_STOPS_BEFORE_THE_END, new, "ana", "error")
    assert [process.stdout.readline() for _ in range(2)] == ["ready\n", "changed\n"]
    process.kill()
    process.wait()
    registry = Registry.open(new)
    assert registry.names() == ()
    with pytest.raises(NotEnrolledError):
        registry.identify(sound(1, 4.0))
    registry.enroll("ana", sound(1))
    assert_whole(new, ["ana"])


_ENROLLS_FOREVER = """
for number in range(10_000):
    people.enroll(f"new {number:04d}", sound(100 + number, 13.0))
    print(number, flush=True)
"""


def test_whoever_was_reported_enrolled_before_a_kill_is_there_after_it(path, start):
    process = start(_ENROLLS_FOREVER, path)
    assert [process.stdout.readline() for _ in range(3)] == ["ready\n", "0\n", "1\n"]
    process.kill()
    reported = 2 + len(process.stdout.read().split())
    names = Registry.open(path).names()
    assert len(names) - 2 in (reported, reported + 1)
    assert_whole(path, names)


_READS = """
seen = 0
while True:
    candidates = people.identify(sound(1, 4.0), top=None)
    names = {each.name for each in candidates}
    assert "ana" in names and len(names) == len(candidates)
    assert set(people.scores(sound(1, 4.0))) >= {"ana"}
    assert people.verify("ana", sound(1, 4.0)).llr is not None
    seen += 1
    if "last" in names:
        break
print(seen)
"""


def test_a_reader_gets_whole_answers_while_others_enroll_replace_and_remove(path, start):
    reader = start(_READS, path)
    assert reader.stdout.readline() == "ready\n"
    writer = Registry.open(path)
    for number in range(3):
        writer.enroll("ben", sound(40 + number), existing="replace")
        writer.enroll(f"new {number}", sound(50 + number))
        writer.enroll("ana", sound(60 + number), existing="append")
        writer.remove(f"new {number}")
    writer.enroll("last", sound(70))
    assert int(ended(reader)[0]) > 0
    assert_whole(path, ["ana", "ben", "last"])
