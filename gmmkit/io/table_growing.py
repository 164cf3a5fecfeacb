"""A table that is written as its rows come, and has its name only when it is whole."""

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.errors import GmmkitError, OutputWriteError
from gmmkit.io.files import refuse_existing, take_name
from gmmkit.io.reading import checked_path
from gmmkit.io.table_parquet import require_polars
from gmmkit.io.table_writing import check_table_suffix, csv_text, table_bytes

Columns = Mapping[str, npt.NDArray[Any]]
Add = Callable[[Columns], None]

# Parts of a Parquet file are held in memory one at a time.
_PART_ROWS = 1 << 20


@contextmanager
def growing_table(path: str | os.PathLike[str], *, force: bool = False) -> Iterator[Add]:
    """Write a table some rows at a time; nothing is held of those that were written.

    They go to a new file in the same folder, which takes the name when the block ends well. A
    Parquet file takes as much room again while it is written.

    Parameters
    ----------
    path : str or path-like
        Ending in .csv, .tsv or .parquet.
    force : bool
        Replace an existing file.

    Yields
    ------
    callable
        Takes the next rows as columns of numbers, or str objects: the same columns each time.

    Raises
    ------
    ParameterError
        If the ending is another.
    OutputExistsError, OutputWriteError
        If the file exists and `force` is false, or cannot be written.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with growing_table(Path(folder) / "t.csv") as add:
    ...         add({"a": np.array([1.5])})
    ...         add({"a": np.array([2.5])})
    ...     (Path(folder) / "t.csv").read_text()
    'a\\n1.5\\n2.5\\n'
    """
    check_table_suffix(path)
    target = checked_path(path)
    refuse_existing([target], force=force)
    temporary = target.with_name(f".gmmkit-{secrets.token_hex(8)}.tmp")
    is_parquet = target.suffix.lower() == ".parquet"
    with _failure_told(target):
        table = _GrowingParquet(temporary) if is_parquet else _GrowingText(temporary, target)
    try:
        yield partial(_added, table, target)
        with _failure_told(target):
            table.end()
            take_name(temporary, target, force=force)
    finally:
        table.close()
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def rows_as_text(delimiter: str = ",") -> Callable[[Columns], str]:
    """Return what turns the next rows of a table into text: the names of the columns come first.

    Examples
    --------
    >>> rows = rows_as_text()
    >>> rows({"a": np.array([1.5])}), rows({"a": np.array([2.5])})
    ('a\\n1.5\\n', '2.5\\n')
    """
    begun = False

    def text(columns: Columns) -> str:
        nonlocal begun
        whole = csv_text(columns, delimiter=delimiter)
        names = {name: column[:0] for name, column in columns.items()}
        start = len(csv_text(names, delimiter=delimiter)) if begun else 0
        begun = True
        return whole[start:]

    return text


class _GrowingText:
    """A CSV or TSV file."""

    def __init__(self, temporary: Path, target: Path) -> None:
        self._rows = rows_as_text("\t" if target.suffix.lower() == ".tsv" else ",")
        self._stream = temporary.open("xb")

    def add(self, columns: Columns) -> None:
        self._stream.write(self._rows(columns).encode())

    def end(self) -> None:
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def close(self) -> None:
        # What could not be written is still waiting, and fails again.
        with suppress(OSError):
            self._stream.close()


class _GrowingParquet:
    """Parquet files of some rows each, joined in the end."""

    def __init__(self, temporary: Path) -> None:
        self._temporary = temporary
        self._folder = tempfile.TemporaryDirectory(prefix=".gmmkit-", dir=temporary.parent)
        self._parts: list[Path] = []
        self._waiting: list[Columns] = []
        self._n_waiting = 0

    def add(self, columns: Columns) -> None:
        self._waiting.append(columns)
        self._n_waiting += len(next(iter(columns.values())))
        if self._n_waiting >= _PART_ROWS:
            self._write_part()

    def end(self) -> None:
        polars = require_polars("writing Parquet")
        self._write_part()
        try:
            polars.scan_parquet(self._parts, glob=False).sink_parquet(self._temporary)
        except polars.exceptions.PolarsError as error:
            raise OSError(str(error).partition("\n")[0]) from error
        with self._temporary.open("rb") as stream:
            os.fsync(stream.fileno())

    def close(self) -> None:
        self._folder.cleanup()

    def _write_part(self) -> None:
        if not self._waiting:
            return
        names = self._waiting[0]
        whole = {name: np.concatenate([part[name] for part in self._waiting]) for name in names}
        self._parts.append(Path(self._folder.name) / f"{len(self._parts):08d}.parquet")
        self._parts[-1].write_bytes(table_bytes(whole, ".parquet"))
        self._waiting, self._n_waiting = [], 0


def _added(table: _GrowingText | _GrowingParquet, target: Path, columns: Columns) -> None:
    with _failure_told(target):
        table.add(columns)


@contextmanager
def _failure_told(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, GmmkitError):
            raise
        raise OutputWriteError(
            f"{target} was not written",
            found=error.strerror or str(error),
            needed="a folder that can be written to, with room for the table",
            hint="free some space or choose another folder",
        ) from error
