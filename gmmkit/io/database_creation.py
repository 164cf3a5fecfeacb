"""New databases are built aside and take their name whole, so that none is ever half made."""

import contextlib
import mmap
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from gmmkit.errors import OutputExistsError, OutputWriteError
from gmmkit.io.database import Layout
from gmmkit.io.database_errors import translated
from gmmkit.io.database_place import companions
from gmmkit.io.files import refuse_existing, write_atomically
from gmmkit.io.reading import checked_path


def create_database(
    path: str | os.PathLike[str],
    layout: Layout,
    fill: Callable[[sqlite3.Connection], None],
    *,
    force: bool = False,
) -> None:
    """Write a new database file, whole or not at all.

    Parameters
    ----------
    path : str or path-like
        Its folder has to exist.
    layout : Layout
        Its tables.
    fill : callable
        Puts the first rows in; it is given a connection inside a transaction.
    force : bool
        Replace a file of that name, unless it is in use.

    Raises
    ------
    OutputExistsError
        If the name is taken, or a log of another database stands beside it.
    OutputWriteError
        If it could not be written.

    Examples
    --------
    >>> layout = Layout("list", 1, 1, ("CREATE TABLE items (text TEXT)",))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     create_database(f"{folder}/list.db", layout, lambda connection: None)
    ...     os.listdir(folder)
    ['list.db']
    """
    target = checked_path(path)
    refuse_existing([target], force=force)
    _refuse_companions(target)
    with _folder_beside(target) as folder, translated(target, writing=True):
        draft = folder / "draft"
        _build(draft, layout, fill)
        with _mapped(draft) as payload:
            write_atomically(target, payload, force=force)


def _build(draft: Path, layout: Layout, fill: Callable[[sqlite3.Connection], None]) -> None:
    connection = sqlite3.connect(draft, isolation_level=None)
    with contextlib.closing(connection):
        connection.text_factory = bytes
        # A draft that a crash leaves behind is thrown away, so it needs no journal of its own.
        for pragma in ("page_size = 8192", "journal_mode = OFF", "synchronous = OFF"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute(f"PRAGMA application_id = {layout.application_id}")
        connection.execute(f"PRAGMA user_version = {layout.schema}")
        connection.execute("BEGIN")
        for statement in layout.statements:
            connection.execute(statement)
        fill(connection)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")


def _refuse_companions(target: Path) -> None:
    """A log beside a new database would be played into it, and damage it."""
    for companion in companions(target):
        if os.path.lexists(companion):
            raise OutputExistsError(
                f"{target} cannot be made here",
                found=f"{companion}, which belongs to a database in use or was left behind",
                needed="a free name",
                hint="close what uses it, or choose another name",
            )


@contextlib.contextmanager
def _folder_beside(target: Path) -> Iterator[Path]:
    try:
        folder = tempfile.TemporaryDirectory(prefix=".gmmkit-", dir=target.absolute().parent)
    except OSError as error:
        missing = isinstance(error, (FileNotFoundError, NotADirectoryError))
        raise OutputWriteError(
            f"{target} was not written",
            found=error.strerror or type(error).__name__,
            needed="a folder that can be written to",
            hint=f"create the folder {target.parent} first" if missing else "choose another folder",
        ) from error
    with folder as name:
        yield Path(name)


@contextlib.contextmanager
def _mapped(draft: Path) -> Iterator[memoryview]:
    """Give the bytes of a file that may be larger than memory."""
    with (
        open(draft, "rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as pages,
        memoryview(pages) as view,
    ):
        yield view
