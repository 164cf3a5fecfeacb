"""Reading only regular files, writing whole ones, overwriting nothing unasked."""

import errno
import os
import socket
import stat

import pytest

from gmmkit.errors import FileAccessError, OutputExistsError, OutputWriteError, ParameterError
from gmmkit.io.files import refuse_existing, refuse_overwriting_inputs, write_atomically
from gmmkit.io.reading import read_regular_file


def test_a_regular_file_comes_back_byte_for_byte(tmp_path):
    (tmp_path / "a").write_bytes(b"\0one\xff")
    assert read_regular_file(tmp_path / "a", limit=10) == b"\0one\xff"


def test_a_link_to_a_regular_file_is_followed(tmp_path):
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert read_regular_file(tmp_path / "b", limit=3) == b"one"


def test_a_file_one_byte_over_the_limit_is_refused_with_both_sizes(tmp_path):
    (tmp_path / "a").write_bytes(b"four")
    with pytest.raises(FileAccessError, match=r"found 4 bytes; needed at most 3"):
        read_regular_file(tmp_path / "a", limit=3)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(FileAccessError, match="found a folder; needed a file"):
        read_regular_file(tmp_path, limit=3)


def test_a_named_pipe_is_refused_without_waiting_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileAccessError, match="found a named pipe"):
        read_regular_file(tmp_path / "pipe", limit=3)


def test_a_device_that_never_ends_is_refused():
    with pytest.raises(FileAccessError, match="found a character device"):
        read_regular_file("/dev/zero", limit=3)


def test_a_socket_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        with pytest.raises(FileAccessError, match="found a socket"):
            read_regular_file("s", limit=3)


def test_a_missing_file_names_the_near_one(tmp_path):
    (tmp_path / "photo.png").write_bytes(b"")
    with pytest.raises(FileAccessError, match=r"Try: photo\.png"):
        read_regular_file(tmp_path / "phto.png", limit=3)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileAccessError, match=r"no folder .*absent"):
        read_regular_file(tmp_path / "absent" / "photo.png", limit=3)


def test_a_file_without_read_permission_is_refused(tmp_path, monkeypatch):
    # Root may read everything, so the system's answer is put in its mouth.
    def refuse(*arguments):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    (tmp_path / "a").touch()
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(FileAccessError, match="Permission denied; needed a file"):
        read_regular_file(tmp_path / "a", limit=3)


@pytest.mark.parametrize("name", ["", "a\0b", "\ud800", 7, None, b"bytes"])
def test_what_cannot_name_a_file_is_a_parameter_error(name):
    with pytest.raises(ParameterError, match=r"found .*; needed"):
        read_regular_file(name, limit=3)


def test_a_name_too_long_for_the_file_system_is_refused(tmp_path):
    with pytest.raises(FileAccessError, match="too long"):
        read_regular_file(tmp_path / ("a" * 300), limit=3)


def test_a_file_is_written_whole_with_the_mode_of_the_umask(tmp_path):
    old = os.umask(0o027)
    try:
        write_atomically(tmp_path / "a", b"whole")
    finally:
        os.umask(old)
    assert (tmp_path / "a").read_bytes() == b"whole"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_no_temporary_file_stays_behind(tmp_path):
    write_atomically(tmp_path / "a", b"one")
    write_atomically(tmp_path / "a", b"two", force=True)
    assert os.listdir(tmp_path) == ["a"]


def test_a_replaced_file_keeps_its_permissions(tmp_path):
    (tmp_path / "a").write_bytes(b"secret")
    (tmp_path / "a").chmod(0o600)
    write_atomically(tmp_path / "a", b"new", force=True)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


def test_an_existing_file_is_kept_unless_forced(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(OutputExistsError, match=r"found .*a; needed a name that is free"):
        write_atomically(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"


def test_forcing_replaces_a_link_and_not_what_it_points_to(tmp_path):
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    write_atomically(tmp_path / "link", b"new", force=True)
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert not (tmp_path / "link").is_symlink()


def test_a_link_that_leads_nowhere_counts_as_existing(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutputExistsError):
        write_atomically(tmp_path / "link", b"new")
    assert not (tmp_path / "nowhere").exists()


def test_a_device_is_never_replaced_even_if_forced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputExistsError):
        write_atomically(tmp_path / "pipe", b"new", force=True)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_missing_output_folder_says_to_create_it(tmp_path):
    with pytest.raises(OutputWriteError, match=r"create the folder .*absent first"):
        write_atomically(tmp_path / "absent" / "a", b"new")


def test_every_existing_output_is_named_before_any_work(tmp_path):
    for name in "ab":
        (tmp_path / name).touch()
    with pytest.raises(OutputExistsError, match=r"/a, .*/b;"):
        refuse_existing([tmp_path / "a", tmp_path / "c", tmp_path / "b"])


def test_existing_outputs_are_accepted_if_forced(tmp_path):
    (tmp_path / "a").touch()
    assert refuse_existing([tmp_path / "a"], force=True) is None


@pytest.mark.parametrize("alias", ["photo.png", "sub/../photo.png", "soft.png", "hard.png"])
def test_an_output_that_is_an_input_is_refused_by_any_name(tmp_path, alias):
    (tmp_path / "sub").mkdir()
    (tmp_path / "photo.png").write_bytes(b"photo")
    (tmp_path / "soft.png").symlink_to("photo.png")
    (tmp_path / "hard.png").hardlink_to(tmp_path / "photo.png")
    with pytest.raises(OutputExistsError, match="is one of the inputs"):
        refuse_overwriting_inputs([tmp_path / alias], [tmp_path / "photo.png"])
