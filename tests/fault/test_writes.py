"""A write that fails leaves the old file, no litter, and a typed error."""

import errno
import os
import resource
import subprocess
import sys

import pytest

from gmmkit.errors import OutputExistsError, OutputWriteError
from gmmkit.io.files import write_atomically

_KILLED = """
import os, sys
from gmmkit.io import files
def stop(*arguments, **options):
    os._exit(9)
setattr(os, sys.argv[1], stop)
files.write_atomically(sys.argv[2], b"n" * 100_000, force=True)
"""


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "model.gmm"
    path.write_bytes(b"old")
    return path


def _refuse(code):
    def fail(*arguments, **options):
        raise OSError(code, os.strerror(code))

    return fail


@pytest.mark.parametrize(
    ("call", "code"),
    [("fsync", errno.EIO), ("replace", errno.EACCES), ("fsync", errno.ENOSPC)],
)
def test_a_failing_call_is_an_error_and_the_old_file_stays(old, monkeypatch, call, code):
    monkeypatch.setattr(os, call, _refuse(code))
    with pytest.raises(OutputWriteError, match=rf"model\.gmm .*{os.strerror(code)}"):
        write_atomically(old, b"new", force=True)
    assert old.read_bytes() == b"old"
    assert os.listdir(old.parent) == ["model.gmm"]


def test_a_full_disk_is_an_error_and_the_old_file_stays(old):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(OutputWriteError, match=r"found .*; needed .*Try: free some space"):
            write_atomically(old, b"n" * 100_000, force=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert old.read_bytes() == b"old"
    assert os.listdir(old.parent) == ["model.gmm"]


def test_an_interrupt_leaves_no_temporary_file(old, monkeypatch):
    def interrupt(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(old, b"new", force=True)
    assert os.listdir(old.parent) == ["model.gmm"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_process_killed_before_the_name_is_taken_leaves_the_old_file(old, call):
    done = subprocess.run([sys.executable, "-c", _KILLED, call, str(old)], check=False)
    assert done.returncode == 9
    assert old.read_bytes() == b"old"


def test_a_file_that_appears_during_the_write_is_not_overwritten(tmp_path, monkeypatch):
    target = tmp_path / "a"
    real = os.fsync

    def meanwhile(descriptor):
        target.write_bytes(b"theirs")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", meanwhile)
    with pytest.raises(OutputExistsError):
        write_atomically(target, b"ours")
    assert target.read_bytes() == b"theirs"
    assert os.listdir(tmp_path) == ["a"]


def test_a_file_system_without_hard_links_is_written_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", _refuse(errno.EPERM))
    write_atomically(tmp_path / "a", b"ours")
    assert (tmp_path / "a").read_bytes() == b"ours"
    assert os.listdir(tmp_path) == ["a"]


def test_a_folder_that_cannot_be_flushed_on_its_file_system_is_no_error(tmp_path, monkeypatch):
    calls = []

    def only_files(descriptor):
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", only_files)
    write_atomically(tmp_path / "a", b"ours")
    assert len(calls) == 2
    assert (tmp_path / "a").read_bytes() == b"ours"
