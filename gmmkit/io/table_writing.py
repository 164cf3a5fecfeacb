"""Columns become CSV, TSV or Parquet; no cell of text is ever a formula to a spreadsheet."""

import csv
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from gmmkit.errors import ParameterError
from gmmkit.io.files import write_atomically
from gmmkit.io.table_cells import number_in
from gmmkit.io.table_parquet import require_polars

Columns = Mapping[str, npt.NDArray[Any]]

SUFFIXES = (".csv", ".tsv", ".parquet")
# What makes a spreadsheet take a cell for a formula (OWASP, "CSV injection").
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def check_table_suffix(path: str | os.PathLike[str]) -> None:
    """Refuse the name of a table that no table is written as, before any work.

    Raises
    ------
    ParameterError
        If it ends in neither of the known suffixes.
    MissingDependencyError
        If it is Parquet and polars is not installed.

    Examples
    --------
    >>> check_table_suffix("scores.csv")
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ParameterError(
            f"{path} has no ending that a table is written as",
            found=repr(suffix) if suffix else "none",
            needed=", ".join(SUFFIXES),
        )
    if suffix == ".parquet":
        require_polars(f"writing the Parquet file {path}")


def write_table(columns: Columns, path: str | os.PathLike[str], *, force: bool = False) -> None:
    """Write a table, whole or not at all, as what the ending of its name says.

    Parameters
    ----------
    columns : mapping of str to ndarray of shape (N,)
        Numbers, or str objects.
    path : str or path-like
        Ending in .csv, .tsv or .parquet.
    force : bool
        Replace an existing file.

    Raises
    ------
    ParameterError
        If the ending is another.
    OutputExistsError, OutputWriteError
        If the file exists and `force` is false, or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_table({"a": np.array([1.5])}, Path(folder) / "t.csv")
    ...     (Path(folder) / "t.csv").read_text()
    'a\\n1.5\\n'
    """
    check_table_suffix(path)
    write_atomically(path, table_bytes(columns, Path(path).suffix.lower()), force=force)


def table_bytes(columns: Columns, suffix: str) -> bytes:
    """Return a table as the content of a file of that ending.

    Parameters
    ----------
    columns : mapping of str to ndarray of shape (N,)
        Numbers, or str objects.
    suffix : str
        ".csv", ".tsv" or ".parquet".

    Returns
    -------
    bytes

    Raises
    ------
    MissingDependencyError
        If it is Parquet and polars is not installed.

    Examples
    --------
    >>> table_bytes({"a": np.array([1.5])}, ".csv")
    b'a\\n1.5\\n'
    """
    if suffix == ".parquet":
        return _parquet_bytes(columns)
    return csv_text(columns, delimiter="\t" if suffix == ".tsv" else ",").encode()


def csv_text(columns: Columns, *, delimiter: str = ",") -> str:
    """Return a table as text: a line of names, then a line for each row.

    Numbers have all their digits. Text, names too, that a spreadsheet would take for a formula
    gets an apostrophe before it, unless it is a number.

    Parameters
    ----------
    columns : mapping of str to ndarray of shape (N,)
    delimiter : str

    Returns
    -------
    str

    Examples
    --------
    >>> csv_text({"id": np.array(["=A1", "-3"], dtype=object), "b": np.array([0.1, -2.0])})
    "id,b\\n'=A1,0.1\\n-3,-2.0\\n"
    """
    names = [harmless(name) for name in columns]
    cells = [_cells(column) for column in columns.values()]
    stream = io.StringIO()
    writer = csv.writer(
        stream, delimiter=delimiter, lineterminator="\n", quoting=_quoting([names, *cells])
    )
    writer.writerow(names)
    writer.writerows(zip(*cells, strict=True))
    return stream.getvalue()


def harmless(cell: str) -> str:
    """Return text so that no spreadsheet takes it for a formula.

    Examples
    --------
    >>> harmless("=1+1"), harmless("-1.5"), harmless("plain")
    ("'=1+1", '-1.5', 'plain')
    """
    return f"'{cell}" if cell.startswith(_FORMULA_SIGNS) and number_in(cell) is None else cell


def _cells(column: npt.NDArray[Any]) -> list[Any]:
    cells: list[Any] = column.tolist()
    return [harmless(str(cell)) for cell in cells] if column.dtype == object else cells


def _quoting(columns: Sequence[Sequence[Any]]) -> Literal[0, 2]:
    # The csv module quotes no carriage return by itself, although its readers need that.
    texts = (cell for cells in columns for cell in cells if isinstance(cell, str))
    return csv.QUOTE_NONNUMERIC if any("\r" in text for text in texts) else csv.QUOTE_MINIMAL


def _parquet_bytes(columns: Columns) -> bytes:
    polars = require_polars("writing Parquet")
    data = {
        name: column.tolist() if column.dtype == object else np.array(column)
        for name, column in columns.items()
    }
    stream = io.BytesIO()
    polars.DataFrame(data).write_parquet(stream)
    return stream.getvalue()
