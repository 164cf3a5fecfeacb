"""Python code in other processes, for what several of them do to one registry at a time."""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import gmmkit
from gmmkit.speaker.storage.store import Store

_TESTS = Path(__file__).parent


@contextmanager
def other_processes(preamble):
    """Give a function that runs code after a preamble; what still runs in the end is killed."""
    running = []

    def begin(code, *arguments):
        places = os.pathsep.join([str(_TESTS), str(Path(gmmkit.__file__).parent.parent)])
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", preamble + code, *map(str, arguments)],
            env=os.environ | {"PYTHONPATH": places, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    try:
        yield begin
    finally:
        for process in running:
            process.kill()
            process.communicate()


def ended(process):
    """The words that a process printed, after it ended as it should."""
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out.split()


def assert_whole(path, names):
    """The file is alone, sound, and knows these people and no others."""
    with Store.open(path) as store:
        assert store.names() == tuple(names)
        assert store.check() == ()
    assert os.listdir(path.parent) == [path.name]
