"""Text files as strings: UTF-8 and nothing else, of a size that fits into memory."""

import os

from gmmkit.errors import FileAccessError
from gmmkit.io.reading import read_regular_file

LARGEST_TEXT = 256_000_000


def text_excerpt(head: bytes) -> str | None:
    """Return how a file begins if it begins as a text does, for saying what it is instead.

    Examples
    --------
    >>> text_excerpt(b"Dear all"), text_excerpt(bytes([82, 0]))
    ('Dear all', None)
    """
    if any(byte < 9 or 13 < byte < 32 for byte in head):
        return None
    return head[:24].decode("utf-8", "replace")


def read_text(path: str | os.PathLike[str], *, limit: int = LARGEST_TEXT) -> str:
    """Return the content of a text file in UTF-8, without a byte order mark.

    Parameters
    ----------
    path : str or path-like
        A regular file.
    limit : int
        The largest size accepted, in bytes.

    Returns
    -------
    str
        Line ends as they are.

    Raises
    ------
    FileAccessError
        If the file cannot be read, is too large, or is no text in UTF-8.

    Examples
    --------
    >>> read_text(__file__).splitlines()[-1]
    '    )'
    """
    payload = read_regular_file(path, limit)
    try:
        text = payload.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = payload.count(b"\n", 0, error.start) + 1
        raise _not_text(path, f"byte 0x{payload[error.start]:02x} in line {line}") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise _not_text(path, f"a NUL character in line {line}")
    return text


def _not_text(path: str | os.PathLike[str], found: str) -> FileAccessError:
    return FileAccessError(
        f"{path} is no text in UTF-8",
        found=found,
        needed="text in UTF-8",
        hint="save it again as UTF-8",
    )
