"""Rows of a Parquet file, through polars: read in order, some megabytes at a time."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import FloatArray
from gmmkit.core.sources.blocks import Block, block_rows
from gmmkit.errors import TableError
from gmmkit.io.reading import open_regular_file
from gmmkit.io.rows.checking import check_finite, check_frequencies, row_range
from gmmkit.io.rows.choosing import Choice
from gmmkit.io.rows.stamp import Stamp
from gmmkit.io.table_cells import INEXACT_FROM, warn_of_lost_digits
from gmmkit.io.table_parquet import damage_told, require_polars
from gmmkit.io.table_request import check_names

if TYPE_CHECKING:
    import polars

# Polars reads every group of rows that a chunk touches, whole: large enough that most are touched
# by one chunk, small enough to hold a few times over.
_CHUNK_BYTES = 2**25
# A chunk is 1, 2, 4, 8 or 16 blocks: whoever takes sixteen of them in turn reads no chunk by half.
_CHUNK_BLOCKS = 16


@dataclass(frozen=True)
class ParquetChunks:
    """Chunks of rows, read anew whenever they are walked over.

    Parameters
    ----------
    path : str
        Absolute.
    label : str
        What to call it in errors.
    columns : tuple of str
    weights : str or None
        The column of frequencies.
    dtype : dtype
        float32 if all columns are, else float64.
    n_rows : int
        With those of weight zero.
    stamp : Stamp
    """

    path: str
    label: str
    columns: tuple[str, ...]
    weights: str | None
    dtype: np.dtype[Any]
    n_rows: int
    stamp: Stamp

    def __call__(self) -> Iterator[Block]:
        """Yield all rows, as they are and checked."""
        return (self.read(start, stop) for start, stop in self.bounds())

    def bounds(self) -> Iterator[tuple[int, int]]:
        """Yield where each chunk starts and stops."""
        starts = range(0, self.n_rows, self._step)
        return ((start, min(start + self._step, self.n_rows)) for start in starts)

    def around(self, row: int) -> tuple[int, int]:
        """Return where the chunk of a row starts and stops."""
        start = row - row % self._step
        return start, min(start + self._step, self.n_rows)

    @property
    def _step(self) -> int:
        own = block_rows(self.n_rows, len(self.columns))
        n_bytes = own * len(self.columns) * self.dtype.itemsize
        n_blocks = min(_CHUNK_BLOCKS, max(1, _CHUNK_BYTES // n_bytes))
        return own << (n_blocks.bit_length() - 1)

    def read(self, start: int, stop: int) -> Block:
        """Return some rows, checked.

        Raises
        ------
        FileAccessError
            If the file is not what it was.
        TableError
            If it is damaged or a number is unusable; both name the file and the rows.
        """
        what = row_range(start, stop)
        # Polars maps the end of the file into memory: it should be there still.
        self.check_unchanged(what)
        with damage_told(self.label, what):
            frame = self._frame(start, stop)
            weights = None if self.weights is None else self._weights(frame, start)
            rows = self._rows(frame.select(self.columns))
        self.check_unchanged(what)
        check_finite(rows, start, self.label, self.columns)
        return Block(rows, weights)

    def _frame(self, start: int, stop: int) -> "polars.DataFrame":
        wanted = [*self.columns, *([] if self.weights is None else [self.weights])]
        frame = scanned(self.path).select(wanted).slice(start, stop - start).collect()
        if len(frame) != stop - start:
            raise TableError(
                f"{self.label} ends before {row_range(start, stop)} do",
                found=f"{len(frame):,} of them",
                needed=f"{stop - start:,}",
                hint="copy or write it again",
            )
        return frame

    def _rows(self, frame: "polars.DataFrame") -> FloatArray:
        polars = require_polars(self.label)
        kind = polars.Float32 if self.dtype == np.float32 else polars.Float64
        numbers = frame.cast(kind).to_numpy(order="c")
        for name, column in zip(self.columns, numbers.T, strict=True):
            if frame[name].dtype.is_integer() and (np.abs(column) > INEXACT_FROM).any():
                warn_of_lost_digits(name, self.label, f"{np.abs(column).max():.0f}")
        return np.ascontiguousarray(numbers, self.dtype)

    def _weights(self, frame: "polars.DataFrame", start: int) -> npt.NDArray[np.float64]:
        polars = require_polars(self.label)
        weights = np.array(frame[self.weights or ""].cast(polars.Float64).to_numpy())
        check_frequencies(weights, start, self.label)
        return weights

    def check_unchanged(self, what: str) -> None:
        """Refuse a file that is gone, or not what it was.

        Parameters
        ----------
        what : str
            What is read of it, for the error.

        Raises
        ------
        FileAccessError
        """
        with open_regular_file(self.path) as stream:
            self.stamp.check(stream, self.label, what)


def parquet_chunks(path: str | os.PathLike[str], choice: Choice) -> ParquetChunks:
    """Return the rows of a Parquet file, of which nothing but the schema is read.

    Parameters
    ----------
    path : str or path-like
    choice : Choice

    Raises
    ------
    FileAccessError
        If the file cannot be read.
    MissingDependencyError
        If polars is not installed.
    TableError
        If it is damaged, has no rows, or a column that is chosen is missing or holds no numbers.
    """
    label, absolute = str(path), str(Path(path).absolute())
    polars = require_polars(f"reading the Parquet file {label}")
    with open_regular_file(path) as stream:
        stamp = Stamp.of(stream)
    with damage_told(label):
        schema = scanned(absolute).collect_schema()
        n_rows = int(scanned(absolute).select(polars.len()).collect().item())
    names = tuple(schema.names())
    check_names(names, label)
    columns = choice.among(names, label)
    if n_rows == 0:
        raise TableError(f"{label} has no rows", found="columns alone", needed="rows")
    weights = None if choice.weights is None else str(choice.weights)
    for name in (*columns, *([] if weights is None else [weights])):
        _check_numeric(name, schema[name], label)
    single = all(schema[name] == polars.Float32 for name in columns)
    dtype = np.dtype(np.float32 if single else np.float64)
    return ParquetChunks(absolute, label, columns, weights, dtype, n_rows, stamp)


def scanned(path: str) -> "polars.LazyFrame":
    """Return a file as polars sees it: the one file of this name, whatever the name says."""
    library = require_polars(path)
    frame: polars.LazyFrame = library.scan_parquet(path, glob=False, hive_partitioning=False)
    return frame


def _check_numeric(name: str, dtype: "polars.DataType", label: str) -> None:
    if not dtype.is_numeric() and str(dtype) != "Boolean":
        raise TableError(
            f"column {name!r:.60} of {label} holds no numbers",
            found=f"values of type {dtype}",
            needed="numbers",
            hint=f"leave it out (drop=[{name!r:.60}]), or choose columns",
        )
