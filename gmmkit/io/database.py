"""The gate of SQLite files: one regular file that is what it should be, whole after every crash.

In write-ahead mode readers never wait for a writer, and what a killed process left behind is
recovered by whoever opens the file next.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gmmkit.errors import ParameterError, RegistryError
from gmmkit.io.database_errors import busy_error, translated
from gmmkit.io.database_place import (
    cannot_be_locked,
    check_regular,
    check_writable_place,
    signature,
    tidy,
)
from gmmkit.io.reading import checked_path

BUSY_SECONDS = 10.0
FLUSH_SECONDS = 2.0
LARGEST_VALUE = 80 << 20


@dataclass(frozen=True)
class Layout:
    """What a database file has to be.

    Parameters
    ----------
    kind : str
        What people call it.
    application_id : int
        What SQLite's header says it is.
    schema : int
        The version of its tables.
    statements : tuple of str
        What makes its tables, word for word.

    Examples
    --------
    >>> Layout("list", 0x6C697374, 1, ("CREATE TABLE items (text TEXT)",)).kind
    'list'
    """

    kind: str
    application_id: int
    schema: int
    statements: tuple[str, ...]


class Database:
    """An open database file; made by :func:`open_database` and closed by its owner.

    Parameters
    ----------
    path : Path
        An existing file.
    layout : Layout
        What it has to be.
    writable : bool
        Whether it was opened for writing.
    """

    def __init__(self, path: Path, layout: Layout, *, writable: bool) -> None:
        self.path = path
        self.writable = writable
        self._layout = layout
        self._process = os.getpid()
        self._writing = False
        self._connection: sqlite3.Connection | None = None
        self._open()

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Read one state of the file, whatever others write meanwhile; may be nested.

        Raises
        ------
        RegistryError
            If the file is damaged.
        RegistryBusyError
            If it stayed locked.
        """
        connection = self._usable()
        with translated(self.path):
            if connection.in_transaction:
                yield connection
                return
            connection = self._current()
            with _transaction(connection, "BEGIN"):
                yield connection
        self._refuse_unseen_change()

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Change the file, entirely or not at all; may be nested.

        Raises
        ------
        RegistryBusyError
            If another process was writing all the time.
        OutputWriteError
            If the file cannot be written to, for example on a full disk.
        """
        connection = self._usable()
        self._check_writable(connection)
        with translated(self.path, writing=True):
            if self._writing:
                yield connection
                return
            with _transaction(connection, "BEGIN IMMEDIATE"):
                self._writing = True
                try:
                    yield connection
                finally:
                    self._writing = False

    def flush(self) -> bool:
        """Move everything into the one file and empty the log; False if a reader is in the way."""
        connection = self._usable()
        with translated(self.path, writing=True):
            connection.execute(f"PRAGMA busy_timeout = {int(1000 * FLUSH_SECONDS)}")
            row = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            connection.execute(f"PRAGMA busy_timeout = {int(1000 * BUSY_SECONDS)}")
        return int(row[0]) == 0

    def close(self) -> None:
        """Close the file; the last one to do so leaves one file behind."""
        connection = self._connection
        # A child of a fork must leave alone what belongs to its parent.
        if connection is None or os.getpid() != self._process:
            return
        with translated(self.path):
            connection.close()
        self._connection = None
        if not self._still:
            tidy(self.path)

    def _open(self) -> None:
        check_regular(self.path)
        if self.writable:
            check_writable_place(self.path)
        self._still = not self.writable and cannot_be_locked(self.path)
        self._signature = signature(self.path)
        try:
            self._connection = _connect(self.path, writable=self.writable, still=self._still)
            with self.reading() as connection:
                _check_layout(connection, self._layout, self.path)
            if self.writable:
                with translated(self.path, writing=True):
                    self._connection.execute("PRAGMA journal_mode = WAL")
        except UnicodeDecodeError as error:
            # SQLite quotes a damaged schema in its message, which Python then cannot decode.
            self.close()
            raise _layout_error(self._layout, self.path) from error
        except BaseException:
            self.close()
            raise

    def _usable(self) -> sqlite3.Connection:
        if self._connection is None:
            raise ParameterError(f"{self.path} is closed", hint="open it again")
        if os.getpid() != self._process:
            raise ParameterError(
                f"{self.path} was opened by another process",
                found=f"process {os.getpid()}",
                needed=f"process {self._process}, which opened it",
                hint="open it again after the fork",
            )
        return self._connection

    def _current(self) -> sqlite3.Connection:
        """Open the file again if it changed where SQLite could not see it."""
        if self._still and signature(self.path) != self._signature:
            self.close()
            self._open()
        return self._usable()

    def _refuse_unseen_change(self) -> None:
        if self._still and signature(self.path) != self._signature:
            raise busy_error(self.path, "a change while it was read")

    def _check_writable(self, connection: sqlite3.Connection) -> None:
        if not self.writable:
            raise ParameterError(
                f"{self.path} was opened for reading", hint="open it with read_only=False"
            )
        if connection.in_transaction and not self._writing:
            raise ParameterError(
                f"{self.path} cannot be changed inside a snapshot", hint="write after it has ended"
            )


def open_database(path: str | os.PathLike[str], layout: Layout, *, read_only: bool) -> Database:
    """Open a database file that exists; a mistyped path never makes one.

    Parameters
    ----------
    path : str or path-like
        A regular file, not a symbolic link.
    layout : Layout
        What it has to be.
    read_only : bool
        Open it for reading alone.

    Returns
    -------
    Database

    Raises
    ------
    FileAccessError
        If it is missing, unreadable, a link, or no regular file.
    RegistryError
        If it is no such database, of another schema, or damaged.
    OutputWriteError
        If it is to be written to and cannot be.

    Examples
    --------
    >>> open_database("no-such.db", Layout("list", 1, 1, ()), read_only=True)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    gmmkit.errors.FileAccessError: no-such.db does not exist: ...
    """
    return Database(checked_path(path), layout, writable=not read_only)


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A failed write may have ended the transaction already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _connect(path: Path, *, writable: bool, still: bool = False) -> sqlite3.Connection:
    mode = "rw" if writable else "ro"
    uri = f"{path.absolute().as_uri()}?mode={mode}" + ("&immutable=1" if still else "")
    with translated(path, writing=writable):
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
        # Damaged text must not stop the reading of other rows: whoever reads decodes.
        connection.text_factory = bytes
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_VALUE)
        try:
            for pragma in _WRITER if writable else _READER:
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
    return connection


_READER = ("trusted_schema = OFF", "cell_size_check = ON")
_WRITER = (
    "trusted_schema = OFF",
    "cell_size_check = ON",
    "secure_delete = ON",
    "synchronous = FULL",
)


def _check_layout(connection: sqlite3.Connection, layout: Layout, path: Path) -> None:
    identity = connection.execute("PRAGMA application_id").fetchone()[0]
    schema = connection.execute("PRAGMA user_version").fetchone()[0]
    if identity != layout.application_id:
        empty = path.stat().st_size == 0
        found = "an empty file" if empty else "a database of another program"
        raise RegistryError(f"{path} is no {layout.kind}", found=found, needed=layout.kind)
    if schema != layout.schema:
        raise RegistryError(
            f"{path} has a schema that this gmmkit does not read",
            found=f"schema {schema}",
            needed=f"schema {layout.schema}",
            hint="upgrade gmmkit",
        )
    made = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    if {row[0] for row in made} != {text.encode() for text in layout.statements}:
        raise _layout_error(layout, path)


def _layout_error(layout: Layout, path: Path) -> RegistryError:
    return RegistryError(
        f"{path} is damaged",
        found="other tables than it was made with",
        needed=f"the tables of a {layout.kind}",
    )
