"""What SQLite says went wrong with a file, as gmmkit's errors."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from gmmkit.errors import (
    FileAccessError,
    GmmkitError,
    OutputWriteError,
    ParameterError,
    RegistryBusyError,
    RegistryError,
)

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
_STORAGE = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_NOLFS,
    }
)


@contextlib.contextmanager
def translated(path: Path, *, writing: bool = False) -> Iterator[None]:
    """Raise what SQLite reports about a file as an error of gmmkit.

    Parameters
    ----------
    path : Path
        The file, for the error.
    writing : bool
        Whether it is being changed.

    Raises
    ------
    RegistryBusyError, OutputWriteError, FileAccessError, RegistryError, ParameterError

    Examples
    --------
    >>> with translated(Path("people.db")):
    ...     raise sqlite3.ProgrammingError("Cannot operate on a closed database.")
    Traceback (most recent call last):
    ...
    gmmkit.errors.ParameterError: people.db cannot be used here: found Cannot operate on a closed \
database; needed the thread that opened it, before it is closed.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise _translation(path, error, writing=writing) from error


def busy_error(path: Path, found: str) -> RegistryBusyError:
    """Return the error for a file that others are changing.

    Examples
    --------
    >>> busy_error(Path("people.db"), "another writer").exit_code
    6
    """
    return RegistryBusyError(
        f"{path} is busy",
        found=found,
        needed="a moment in which nobody else changes it",
        hint="try again when the other process has ended",
    )


def _translation(path: Path, error: sqlite3.Error, *, writing: bool) -> GmmkitError:
    reason = str(error).rstrip(".")
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return ParameterError(
            f"{path} cannot be used here",
            found=reason,
            needed="the thread that opened it, before it is closed",
        )
    primary = code & 0xFF
    if primary in _BUSY:
        return busy_error(path, reason)
    if primary in _STORAGE:
        return _storage_error(path, reason, writing=writing)
    if primary == sqlite3.SQLITE_NOTADB:
        return RegistryError(
            f"{path} is no database", found="bytes of another format", needed="an SQLite database"
        )
    return RegistryError(
        f"{path} is damaged",
        found=reason,
        needed="a whole database",
        hint="restore a copy, or export the speakers that can still be read",
    )


def _storage_error(path: Path, reason: str, *, writing: bool) -> GmmkitError:
    if writing:
        return OutputWriteError(
            f"{path} was not changed",
            found=reason,
            needed="a disk with room and a folder that can be written to",
            hint="free some space; everything that was in the file is still there",
        )
    return FileAccessError(
        f"{path} cannot be read",
        found=reason,
        needed="a file that this user may read, and the files beside it",
        hint="copy the file with its companions to a folder that can be written to",
    )
