"""The gate for tables: CSV, TSV and Parquet files become columns of numbers, or of text."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.io.table_cells import number_in, text_cell
from gmmkit.io.table_csv import csv_names, read_csv
from gmmkit.io.table_parquet import parquet_names, read_parquet
from gmmkit.io.table_request import LARGEST_TABLE, Wanted, check_column
from gmmkit.io.table_text import is_parquet

__all__ = ["LARGEST_TABLE", "Table", "read_table", "table_names"]


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of equal length.

    Parameters
    ----------
    label : str
        What to call the table in messages.
    names : tuple of str
        Every column of the file, read or not, in its order.
    columns : mapping of str to ndarray of shape (N,)
        float64, NaN where a number is missing and that was allowed; or text, as objects. Read-only.

    Examples
    --------
    >>> table = Table("t", ("a", "b"), {"a": np.array([1.0, 2.0]), "b": np.array([5.0, 6.0])})
    >>> table.n_rows, table.rows(["b", "a"]).tolist()
    (2, [[5.0, 1.0], [6.0, 2.0]])
    """

    label: str
    names: tuple[str, ...]
    columns: Mapping[str, npt.NDArray[Any]]

    def __post_init__(self) -> None:
        for column in self.columns.values():
            column.flags.writeable = False
        object.__setattr__(self, "columns", MappingProxyType(dict(self.columns)))

    @property
    def n_rows(self) -> int:
        """The number of rows N."""
        return len(next(iter(self.columns.values()), ()))

    def rows(self, names: Sequence[str] | None = None) -> Float64Array:
        """Return columns side by side.

        Parameters
        ----------
        names : sequence of str, optional
            Columns of numbers, in the order wanted; all that were read by default.

        Returns
        -------
        ndarray of shape (N, D)

        Raises
        ------
        TableError
            If a column was not read, or is text, naming the first such row (from 1).

        Examples
        --------
        >>> Table("t", ("a",), {"a": np.array(["x"], dtype=object)}).rows()
        Traceback (most recent call last):
        ...
        gmmkit.errors.TableError: t has text where a number has to be: found 'x' in row 1, \
column 'a'. Try: leave the column out (--drop a), or mend the cell.
        """
        chosen = tuple(self.columns) if names is None else tuple(names)
        return np.column_stack([self._numbers(name) for name in chosen])

    def _numbers(self, name: str) -> Float64Array:
        check_column(name, tuple(self.columns), self.label)
        column = self.columns[name]
        if column.dtype == np.float64:
            return column
        cells = column.tolist()
        place = next((i for i, cell in enumerate(cells) if number_in(str(cell)) is None), 0)
        raise text_cell(name, self.label, f"row {place + 1}", str(cells[place]))


def read_table(
    path: str | os.PathLike[str],
    *,
    numeric: Iterable[str] | None = None,
    text: Iterable[str] = (),
    missing: str = "refuse",
    delimiter: str | None = None,
    decimal: str = ".",
    largest: int = LARGEST_TABLE,
) -> Table:
    """Read a table; what cannot be read faithfully is refused with its line.

    CSV and TSV are text in UTF-8, plain or gzipped, whose first line names the columns. Parquet
    takes polars. Which of them it is, the content says.

    Parameters
    ----------
    path : str or path-like
        A regular file.
    numeric : iterable of str, optional
        Columns of which every cell has to be a number; only these and those of `text` are kept.
        By default every column is kept, as numbers if all its cells are, else as text.
    text : iterable of str
        Columns to keep letter by letter, such as identifiers.
    missing : str
        ``"refuse"``, or ``"keep"`` for NaN where a cell is empty or says NA, NaN, null or none.
        Infinite numbers are always refused.
    delimiter : str, optional
        What parts cells; by default a comma or a tab, whichever the first line has.
    decimal : str
        ``"."`` or ``","``.
    largest : int
        The largest content accepted, in bytes, after decompression.

    Returns
    -------
    Table

    Raises
    ------
    FileAccessError
        If the file is missing, unreadable or no regular file.
    TableError
        If it is no such table, has no rows, or lacks what was asked for.
    ParameterError
        If an argument is not usable.
    MissingDependencyError
        If it is Parquet and polars is not installed.

    Warns
    -----
    DataWarning
        If whole numbers beyond 2**53 lose digits, or the first line looks like a row.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "fruits.csv").write_text("kind,weight\\nlemon,112.5\\napple,150\\n")
    ...     table = read_table(Path(folder) / "fruits.csv")
    >>> table.columns["kind"].tolist(), table.rows(["weight"]).ravel().tolist()
    (['lemon', 'apple'], [112.5, 150.0])
    """
    wanted = Wanted(
        numeric=None if numeric is None else tuple(numeric),
        text=tuple(text),
        missing=missing,
        delimiter=delimiter,
        decimal=decimal,
        largest=largest,
    )
    read = read_parquet if is_parquet(path) else read_csv
    names, columns = read(path, wanted)
    return Table(str(path), names, columns)


def table_names(
    path: str | os.PathLike[str], *, delimiter: str | None = None, largest: int = LARGEST_TABLE
) -> tuple[str, ...]:
    """Return the names of a table's columns without reading its rows.

    Parameters
    ----------
    path, delimiter, largest
        As in :func:`read_table`.

    Returns
    -------
    tuple of str

    Raises
    ------
    FileAccessError, TableError, ParameterError, MissingDependencyError
        As :func:`read_table`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "fruits.csv").write_text("kind,weight\\nlemon,112.5\\n")
    ...     table_names(Path(folder) / "fruits.csv")
    ('kind', 'weight')
    """
    wanted = Wanted(delimiter=delimiter, largest=largest)
    names = parquet_names if is_parquet(path) else csv_names
    return names(path, wanted)
