"""Where a database stands: the file, the log beside it, and who may write there."""

import contextlib
import os
import sqlite3
import stat
import time
from pathlib import Path

from gmmkit.errors import FileAccessError, OutputWriteError
from gmmkit.io.reading import open_regular_file

# Two processes that close at the same moment can each take the other for one that stays.
_PAUSES_BEFORE_TIDYING = (0.0, 0.005, 0.02)


def check_regular(path: Path) -> None:
    """Refuse what is no readable regular file, or has links or other things for companions.

    Raises
    ------
    FileAccessError
        Naming what stands there instead.

    Examples
    --------
    >>> check_regular(Path(__file__))
    """
    for name in (path, *companions(path)):
        mode = _mode(name)
        if stat.S_ISLNK(mode):
            raise FileAccessError(
                f"{name} is a symbolic link",
                found=f"a link to {os.path.realpath(name)}",
                needed="the file itself",
                hint="give the path that the link points to",
            )
        if name != path and mode and not stat.S_ISREG(mode):
            raise FileAccessError(f"{name} is no regular file", needed="a file or nothing")
    # Opening and closing a database beside SQLite would drop the locks of this process on it.
    if not stat.S_ISREG(_mode(path)) or not os.access(path, os.R_OK):
        with open_regular_file(path):
            pass


def check_writable_place(path: Path) -> None:
    """Refuse a database that this user cannot change.

    Raises
    ------
    OutputWriteError
        Naming the file or the folder that is read-only.
    """
    for name in (path, path.absolute().parent):
        if not os.access(name, os.W_OK):
            raise OutputWriteError(
                f"{path} cannot be changed",
                found=f"{name} is read-only",
                needed="a file and a folder that this user may write to",
                hint="work on a copy",
            )


def cannot_be_locked(path: Path) -> bool:
    """Tell whether the log that readers share can be neither found nor made."""
    writable = os.access(path, os.W_OK) and os.access(path.absolute().parent, os.W_OK)
    return not writable and not log_of(path).exists()


def signature(path: Path) -> tuple[int, ...]:
    """Return what changes when somebody writes to a database; nothing if it is gone."""
    try:
        status = path.stat()
    except OSError:
        return ()
    logged = int(log_of(path).exists())
    return status.st_ino, status.st_size, status.st_mtime_ns, logged


def companions(path: Path) -> list[Path]:
    """Return the names of the files that SQLite may keep beside a database."""
    return [path.with_name(path.name + ending) for ending in ("-wal", "-shm", "-journal")]


def log_of(path: Path) -> Path:
    """Return the name of the log that changes are written to first."""
    return path.with_name(path.name + "-wal")


def tidy(path: Path) -> None:
    """Let SQLite remove a log that nobody uses any more; a reader that closes last cannot."""
    for pause in _PAUSES_BEFORE_TIDYING:
        if not log_of(path).exists() or not os.access(path, os.W_OK):
            return
        time.sleep(pause)
        with contextlib.suppress(sqlite3.Error, UnicodeDecodeError):
            uri = f"{path.absolute().as_uri()}?mode=rw"
            connection = sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None)
            with contextlib.closing(connection):
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _mode(path: Path) -> int:
    """Return what kind of file this is, 0 for none that can be seen."""
    try:
        return path.lstat().st_mode
    except OSError:
        return 0
