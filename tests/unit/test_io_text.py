"""Text files: UTF-8, or refused with the byte and the line."""

import pytest

from gmmkit.errors import FileAccessError
from gmmkit.io.text import read_text


def test_text_is_read_as_it_is_without_a_byte_order_mark(tmp_path):
    path = tmp_path / "list.txt"
    path.write_bytes("\ufeffäné\r\n".encode())
    assert read_text(path) == "äné\r\n"


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        (b"one\ntwo\nth\xfcr\n", "byte 0xfc in line 3"),
        ("one\n".encode("utf-16"), "byte 0xff in line 1"),
        (b"one\ntwo\0\n", "a NUL character in line 2"),
    ],
)
def test_what_is_no_utf_8_is_refused_with_its_place(tmp_path, payload, found):
    path = tmp_path / "list.txt"
    path.write_bytes(payload)
    with pytest.raises(FileAccessError, match=rf"list\.txt is no text in UTF-8: found {found}"):
        read_text(path)


def test_a_file_beyond_the_limit_is_not_read(tmp_path):
    path = tmp_path / "list.txt"
    path.write_bytes(b"x" * 11)
    with pytest.raises(FileAccessError, match="found 11 bytes; needed at most 10"):
        read_text(path, limit=10)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(FileAccessError, match="a folder"):
        read_text(tmp_path)
