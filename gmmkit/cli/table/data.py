"""The rows of a table that a mixture is fitted to, and what is said of each beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gmmkit.cli.table.sources import TableSource, TableWords
from gmmkit.core.sources.blocks import Source
from gmmkit.errors import InputError, TableError

if TYPE_CHECKING:
    from gmmkit.core.checks import Float64Array
    from gmmkit.io.table import Table

UNKNOWN = -1
_MOST_LABELS = 100


@dataclass(frozen=True, kw_only=True)
class DataWords(TableWords):
    """Which columns of a table are meant, and what for."""

    columns: tuple[str, ...]
    drop: tuple[str, ...]
    weights: str | None
    labels: str | None = None

    @property
    def set_apart(self) -> tuple[str, ...]:
        """The columns that say something of a row and are not compared."""
        return tuple(name for name in (self.weights, self.labels) if name)


@dataclass(frozen=True, eq=False)
class Labels:
    """Groups that are known by name.

    Parameters
    ----------
    names : tuple of str
        In alphabetical order, of components 0, 1, ...
    numbers : ndarray of shape (N,)
        The component of each row, -1 where it is not known.

    Examples
    --------
    >>> Labels.of(["pear", "", "apple"]).names
    ('apple', 'pear')
    """

    names: tuple[str, ...]
    numbers: npt.NDArray[np.intp]

    @classmethod
    def of(cls, cells: Sequence[str]) -> "Labels":
        """Return what cells say; empty ones, and those that say NA or the like, say nothing."""
        from gmmkit.io.table_cells import MISSING_WORDS

        bare = [cell.strip() for cell in cells]
        names = sorted({cell for cell in bare if cell.lower() not in MISSING_WORDS})
        places = {name: number for number, name in enumerate(names)}
        return cls(tuple(names), np.array([places.get(cell, UNKNOWN) for cell in bare], np.intp))

    def __str__(self) -> str:
        return ", ".join(f"{number} {name}" for number, name in enumerate(self.names))

    @property
    def n_known(self) -> int:
        """How many rows are labeled."""
        return int((self.numbers != UNKNOWN).sum())


@dataclass(frozen=True, eq=False)
class Data:
    """The rows of a table, what their columns are called, and what is said of each row.

    Parameters
    ----------
    columns : tuple of str of length D
    rows : ndarray of shape (N, D), or Source
        NaN where a number is missing; a source, if they are passed over block by block.
    weights : ndarray of shape (N,) or None
        How often each row counts.
    labels : Labels or None
        The groups of those rows of which they are known.
    """

    columns: tuple[str, ...]
    rows: "Float64Array | Source"
    weights: "Float64Array | None" = None
    labels: Labels | None = None

    @property
    def matrix(self) -> "Float64Array | None":
        """The rows, if they are in memory."""
        return None if isinstance(self.rows, Source) else self.rows

    @property
    def n_rows(self) -> int:
        """The number of rows N; of those that are passed over, how many count."""
        return self.rows.n_rows if isinstance(self.rows, Source) else len(self.rows)

    @property
    def has_gaps(self) -> bool:
        """Whether numbers are missing."""
        return self.matrix is not None and bool(np.isnan(self.matrix).any())

    def close(self) -> None:
        """Remove what was written for rows that are passed over."""
        close_rows(self.rows)


def close_rows(rows: object) -> None:
    """Remove what was written for rows that are passed over, if anything was.

    Examples
    --------
    >>> close_rows(np.ones((2, 1)))
    """
    close = getattr(rows, "close", None)
    if close is not None:
        close()


def read_data(source: TableSource, words: DataWords) -> Data:
    """Read the rows to fit, and what is said of each.

    Raises
    ------
    GmmkitError
        If the table cannot be read, or a column is none of its own or cannot be used.
    """
    columns = choose_columns(source, words)
    if source.is_streamed:
        return Data(columns, source.opened(columns, words.weights))
    weights = [words.weights] if words.weights else []
    labels = [words.labels] if words.labels else []
    table = source.read((*columns, *weights), labels)
    return Data(
        columns,
        table.rows(columns),
        _weights(table, words.weights) if words.weights else None,
        _labels(table, words.labels) if words.labels else None,
    )


def choose_columns(source: TableSource, words: DataWords) -> tuple[str, ...]:
    """Return the columns to compare rows by: those named, or all but those left out.

    Raises
    ------
    TableError
        If a name is none of the table's, or stands twice, or nothing is left.
    """
    from gmmkit.io.table_request import check_column, listed

    names = source.names()
    for name in (*words.columns, *words.drop, *words.set_apart):
        check_column(name, names, words.table)
    left_out = {*words.drop, *words.set_apart}
    chosen = words.columns or tuple(name for name in names if name not in left_out)
    if not chosen or len(set(chosen)) < len(chosen):
        raise TableError(
            "the columns to compare rows by are not usable",
            found=listed(chosen) or f"none left of {listed(names)}",
            needed="one or more columns, each once",
        )
    return chosen


def _weights(table: "Table", name: str) -> "Float64Array":
    weights: Float64Array = table.columns[name]
    if np.isnan(weights).any():
        raise InputError(
            f"the weights of {table.label} are not usable",
            found=f"missing numbers in column {name!r}",
            needed="a number in each row",
        )
    return weights


def _labels(table: "Table", name: str) -> Labels:
    labels = Labels.of(table.columns[name].tolist())
    if not 0 < len(labels.names) <= _MOST_LABELS:
        raise InputError(
            f"the labels of {table.label} are not usable",
            found=f"{len(labels.names):,} different ones in column {name!r}",
            needed=f"1 to {_MOST_LABELS} names of groups; empty cells where they are not known",
        )
    return labels
