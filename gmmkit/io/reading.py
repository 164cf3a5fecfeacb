"""The gate for reading: regular files only, never more bytes than asked for."""

import contextlib
import difflib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from gmmkit.errors import FileAccessError, ParameterError

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a character device"),
    (stat.S_ISBLK, "a block device"),
)
_NAMES_COMPARED = 10_000


def checked_path(path: str | os.PathLike[str]) -> Path:
    """Return `path` as a Path; anything that cannot name a file is refused.

    Parameters
    ----------
    path : str or path-like
        The name of a file, existing or not.

    Returns
    -------
    Path

    Raises
    ------
    ParameterError
        If it is no string or path, is empty, or holds a NUL character.

    Examples
    --------
    >>> checked_path("photo.png").name
    'photo.png'
    """
    text = os.fspath(path) if isinstance(path, (str, os.PathLike)) else None
    if not isinstance(text, str):
        raise ParameterError(
            "this is no file name", found=type(path).__name__, needed="a str or a pathlib.Path"
        )
    if not text or "\0" in text or not _encodable(text):
        raise ParameterError(
            "this cannot name a file",
            found=repr(text),
            needed="a name without NUL or half characters",
        )
    return Path(text)


@contextlib.contextmanager
def open_regular_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a regular file for reading; folders, pipes, sockets and devices are refused at once.

    Parameters
    ----------
    path : str or path-like
        A symbolic link is followed.

    Yields
    ------
    BinaryIO
        The file, at its beginning. It is closed when the context ends.

    Raises
    ------
    FileAccessError
        If the file is missing, unreadable or no regular file.

    Examples
    --------
    >>> with open_regular_file(__file__) as stream:
    ...     len(stream.read(3))
    3
    """
    name = checked_path(path)
    _check_regular(name, _mode(name))
    try:
        stream = open(name, "rb", opener=_without_waiting)  # noqa: SIM115
    except OSError as error:
        raise _access_error(name, error) from error
    with stream:
        _check_regular(name, os.fstat(stream.fileno()).st_mode)
        yield stream


def read_regular_file(path: str | os.PathLike[str], limit: int) -> bytes:
    """Return the bytes of a regular file of at most `limit` bytes.

    Parameters
    ----------
    path : str or path-like
        A symbolic link is followed.
    limit : int
        The largest size accepted, in bytes; a larger file is not read at all.

    Returns
    -------
    bytes

    Raises
    ------
    FileAccessError
        If the file is missing, unreadable, no regular file, or too large.

    Examples
    --------
    >>> len(read_regular_file(__file__, 1_000_000)) > 0
    True
    """
    with open_regular_file(path) as stream:
        size = file_size(stream)
        if size > limit:
            raise FileAccessError(
                f"{path} is too large", found=f"{size:,} bytes", needed=f"at most {limit:,}"
            )
        return read_bytes(stream, size, path)


def file_size(stream: BinaryIO) -> int:
    """Return the size in bytes of an open regular file.

    Examples
    --------
    >>> with open_regular_file(__file__) as stream:
    ...     file_size(stream) > 0
    True
    """
    return os.fstat(stream.fileno()).st_size


def read_bytes(stream: BinaryIO, count: int, path: str | os.PathLike[str]) -> bytes:
    """Return the next `count` bytes; a file that shrinks meanwhile, or cannot be read, is refused.

    Parameters
    ----------
    stream : BinaryIO
        From :func:`open_regular_file`.
    count : int
        How many bytes.
    path : str or path-like
        The name to give in the error.

    Returns
    -------
    bytes

    Raises
    ------
    FileAccessError
        If fewer bytes come, or reading fails.

    Examples
    --------
    >>> with open_regular_file(__file__) as stream:
    ...     read_bytes(stream, 3, __file__).decode()
    '\"\"\"'
    """
    try:
        payload = stream.read(count)
    except OSError as error:
        raise _access_error(Path(path), error) from error
    if len(payload) != count:
        raise FileAccessError(
            f"{path} changed while it was read",
            found=f"{len(payload):,} bytes",
            needed=f"{count:,}",
        )
    return payload


def _encodable(text: str) -> bool:
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return False
    return True


def _without_waiting(path: str, flags: int) -> int:
    # A pipe that takes the file's place after the check would block without this flag.
    return os.open(path, flags | int(getattr(os, "O_NONBLOCK", 0)))


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError as error:
        raise _access_error(path, error) from error


def _check_regular(path: Path, mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    kind = next((text for test, text in _KINDS if test(mode)), "something else")
    raise FileAccessError(f"{path} is no regular file", found=kind, needed="a file")


def _access_error(path: Path, error: OSError) -> FileAccessError:
    if isinstance(error, FileNotFoundError):
        return _missing_error(path)
    return FileAccessError(
        f"{path} cannot be read", found=_reason(error), needed="a file that this user may read"
    )


def _missing_error(path: Path) -> FileAccessError:
    near = _near_names(path)
    if not path.parent.is_dir():
        return FileAccessError(
            f"{path} does not exist",
            found=f"no folder {path.parent}",
            needed="a file in a folder",
            hint="check the path",
        )
    hint = " or ".join(near) if near else "check the name and the folder"
    return FileAccessError(f"{path} does not exist", needed="a file of that name", hint=hint)


def _near_names(path: Path) -> list[str]:
    try:
        with os.scandir(path.parent) as entries:
            names = [entry.name for entry, _ in zip(entries, range(_NAMES_COMPARED), strict=False)]
    except OSError:
        return []
    return difflib.get_close_matches(path.name, names, n=3)


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
