"""The lines of a table that is a text file, plain or gzipped: UTF-8, bounded, and counted."""

import contextlib
import gzip
import io
import os
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from gmmkit.errors import FileAccessError, GmmkitError, TableError
from gmmkit.io.reading import open_regular_file
from gmmkit.io.text import text_excerpt

PARQUET_MAGIC = b"PAR1"
# Many times the row of a table of the most columns that are read.
LONGEST_RECORD = 16_000_000
_GZIP_MAGIC = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SAVE_AS_UTF_8 = "save it again as UTF-8"
_OTHERS = (
    (b"PK\x03\x04", "a zip archive or a workbook", "save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "a workbook", "save the sheet as CSV"),
    (b"ARROW1", "an Arrow file", "write the table as Parquet"),
    (b"\xff\xfe", "text in UTF-16", _SAVE_AS_UTF_8),
    (b"\xfe\xff", "text in UTF-16", _SAVE_AS_UTF_8),
)


class Lines(Iterator[str]):
    """Decoded lines with their ends, and how many there were.

    Parameters
    ----------
    stream : BinaryIO
    label : str
        The file's name, for errors.
    largest : int
        The most bytes accepted.

    Examples
    --------
    >>> lines = Lines(io.BytesIO(b"a,b\\n1,2\\n"), "t.csv", 100)
    >>> list(lines), lines.number
    (['a,b\\n', '1,2\\n'], 2)
    """

    def __init__(self, stream: BinaryIO, label: str, largest: int) -> None:
        self.label = label
        self.number = 0
        self._stream = stream
        self._left = largest
        self._largest = largest

    def __next__(self) -> str:
        """Return the next line.

        Raises
        ------
        TableError
            If it is no text in UTF-8, holds a NUL character, or is longer than any row.
        """
        raw = self._stream.readline(LONGEST_RECORD)
        if not raw:
            raise StopIteration
        if self.number == 0:
            raw = raw.removeprefix(_BYTE_ORDER_MARK)
        self.number += 1
        self._left -= len(raw)
        if self._left < 0 or len(raw) == LONGEST_RECORD:
            raise self._too_large()
        if b"\0" in raw:
            raise self._no_text("a NUL character", "write it again, as UTF-8")
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            raise self._no_text(f"byte 0x{raw[error.start]:02x}", _SAVE_AS_UTF_8) from error

    def _too_large(self) -> TableError:
        if self._left < 0:
            return TableError(
                f"{self.label} is too large",
                found=f"more than {self._largest:,} bytes",
                needed=f"at most {self._largest:,}",
                hint="write it as Parquet, or in parts",
            )
        return too_long(self.label, self.number)

    def _no_text(self, found: str, hint: str) -> TableError:
        return TableError(
            f"line {self.number} of {self.label} is no text in UTF-8", found=found, hint=hint
        )


def too_long(label: str, line: int) -> TableError:
    """Return the error of a row that does not end.

    Examples
    --------
    >>> print(too_long("t.csv", 7))
    the row in line 7 of t.csv does not end: found more than 16,000,000 bytes. Try: look for a \
quotation mark that is never closed, or for missing line ends.
    """
    return TableError(
        f"the row in line {line} of {label} does not end",
        found=f"more than {LONGEST_RECORD:,} bytes",
        hint="look for a quotation mark that is never closed, or for missing line ends",
    )


@contextlib.contextmanager
def open_lines(path: str | os.PathLike[str], largest: int) -> Iterator[Lines]:
    """Open a text file, plain or gzipped, line by line.

    Parameters
    ----------
    path : str or path-like
        A regular file.
    largest : int
        The most bytes accepted, after decompression.

    Yields
    ------
    Lines

    Raises
    ------
    FileAccessError
        If the file cannot be read.
    TableError
        If it is of another kind, empty, or a damaged archive.
    """
    label = str(path)
    with open_regular_file(path) as stream, _damage_told(label):
        text = _decompressed(stream)
        _check_kind(_peek(text), label)
        yield Lines(text, label, largest)


def is_parquet(path: str | os.PathLike[str]) -> bool:
    """Tell from its first bytes whether a file is Parquet.

    Examples
    --------
    >>> is_parquet(__file__)
    False
    """
    with open_regular_file(path) as stream:
        return _peek(stream).startswith(PARQUET_MAGIC)


def _peek(stream: BinaryIO) -> bytes:
    head = stream.read(64)
    stream.seek(0)
    return head


def _decompressed(stream: BinaryIO) -> BinaryIO:
    if not _peek(stream).startswith(_GZIP_MAGIC):
        return stream
    return io.BufferedReader(gzip.GzipFile(fileobj=stream), 1 << 20)


@contextlib.contextmanager
def _damage_told(label: str) -> Iterator[None]:
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise TableError(
            f"{label} is a damaged gzip archive", found=str(error), hint="copy it again"
        ) from error
    except OSError as error:
        if isinstance(error, GmmkitError):
            raise
        raise FileAccessError(f"{label} cannot be read", found=str(error)) from error


def _check_kind(head: bytes, label: str) -> None:
    if not head.removeprefix(_BYTE_ORDER_MARK):
        raise TableError(
            f"{label} is empty",
            found="0 bytes",
            needed="a line with the names of the columns, then a line for each row",
        )
    for magic, kind, hint in _OTHERS:
        if head.startswith(magic):
            raise TableError(f"{label} is no table that can be read", found=kind, hint=hint)
    if b"\0" not in head and text_excerpt(head) is None:
        raise TableError(
            f"{label} is no table that can be read",
            found="bytes that are no text",
            needed="CSV, TSV or Parquet",
        )
