"""A matrix in a file as a source: a piece knows its rows, and whoever works on it reads them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import FloatArray
from gmmkit.core.sources.blocks import Block, Source, block_bounds, block_rows
from gmmkit.io.rows.advice import needed_next, read_in_order
from gmmkit.io.rows.checking import check_finite, check_frequencies
from gmmkit.io.rows.matrix_file import MatrixFile
from gmmkit.io.rows.scratch import Scratch

# Rows this many bytes apart are read with what lies between them: less than a disk's own reads.
_GAP_BYTES = 1 << 16


@dataclass(frozen=True)
class Columns:
    """Which columns of a matrix are read.

    Parameters
    ----------
    rows : tuple of int
        Those that are fitted, in this order.
    weights : int, optional
        The one of each row's weight.
    """

    rows: tuple[int, ...]
    weights: int | None = None

    @property
    def read(self) -> tuple[int, ...]:
        """All that are read, the weights last."""
        return self.rows if self.weights is None else (*self.rows, self.weights)


@dataclass(frozen=True)
class MatrixPiece:
    """Consecutive rows of a matrix in a file.

    Parameters
    ----------
    file : MatrixFile
    columns : Columns
    start, stop : int
    """

    file: MatrixFile
    columns: Columns
    start: int
    stop: int

    def load(self) -> Block:
        """Return the rows, read and checked, and let the system read on behind them.

        Raises
        ------
        FileAccessError
            If the file cannot be read, or is not what it was.
        TableError
            If rows or weights are unusable; both errors name the file and the rows.
        """
        with self.file.opened() as stream:
            read_in_order(stream)
            block = self.load_from(stream)
            # Not before: what is needed now would wait for what is needed later.
            self._ask_ahead(stream)
        return block

    def load_from(self, stream: BinaryIO) -> Block:
        """Return the rows from the file that somebody opened."""
        read = self.file.read(stream, self.start, self.stop, self._chosen)
        if self.columns.weights is None:
            return Block(self._checked(read), None)
        weights = read[:, -1].astype(np.float64)
        check_frequencies(weights, self.start, self.file.label)
        return Block(self._checked(np.ascontiguousarray(read[:, :-1])), weights)

    @property
    def _chosen(self) -> tuple[int, ...] | None:
        every = self.columns.read == tuple(range(self.file.n_columns))
        return None if every else self.columns.read

    def _ask_ahead(self, stream: BinaryIO) -> None:
        """Ask for the block after the next one, which was asked for with the one before this."""
        step = self.stop - self.start
        begin = self.stop + (step if self.start else 0)
        end = min(self.stop + 2 * step, self.file.n_rows)
        if begin < end:
            for place, length in self.file.places(begin, end, self._chosen):
                needed_next(stream, place, length)

    def _checked(self, rows: FloatArray) -> FloatArray:
        check_finite(rows, self.start, self.file.label, self.columns.rows)
        return rows


@dataclass(frozen=True, eq=False)
class MatrixSource(Source):
    """Rows of a matrix in a file; `close` removes what was made for it.

    Parameters
    ----------
    file : MatrixFile
    columns : Columns
        Of weights, if any, all are positive.
    total : float, optional
        The sum of the weights.
    scratch : Scratch, optional
        The file, if it was made for this source alone.
    """

    file: MatrixFile
    columns: Columns
    total: float | None = None
    scratch: Scratch | None = None

    @property
    def n_rows(self) -> int:
        """The number of rows N."""
        return self.file.n_rows

    @property
    def n_features(self) -> int:
        """The number of columns D."""
        return len(self.columns.rows)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the rows: float32 or float64."""
        return self.file.float_dtype

    @property
    def weight(self) -> float:
        """The sum of the rows' weights."""
        return float(self.n_rows) if self.total is None else self.total

    def pieces(self) -> Iterator[MatrixPiece]:
        """Yield what it takes to read each block, cut as those of an array are."""
        for start, stop in block_bounds(self.n_rows, self.n_features):
            yield MatrixPiece(self.file, self.columns, start, stop)

    def take(self, indices: npt.NDArray[np.intp]) -> Block:
        """Return the rows at the given places: those close to each other in one read."""
        order = np.argsort(indices, kind="stable")
        sought = np.asarray(indices, dtype=np.intp)[order]
        rows = np.empty((len(sought), self.n_features), self.dtype)
        weights = None if self.columns.weights is None else np.empty(len(sought))
        with self.file.opened() as stream:
            for first, last in pairwise(self._cuts(sought)):
                start, stop = int(sought[first]), int(sought[last - 1]) + 1
                block = MatrixPiece(self.file, self.columns, start, stop).load_from(stream)
                chosen = sought[first:last] - start
                rows[order[first:last]] = block.rows[chosen]
                if weights is not None and block.weights is not None:
                    weights[order[first:last]] = block.weights[chosen]
        return Block(rows, weights)

    def _cuts(self, sought: npt.NDArray[np.intp]) -> list[int]:
        """Return where, among sorted places, another read begins, and their number."""
        if not len(sought):
            return []
        gap = max(1, _GAP_BYTES // (self.file.n_columns * self.file.dtype.itemsize))
        blocks = sought // block_rows(self.n_rows, self.n_features)
        apart = (np.diff(sought) > gap) | (np.diff(blocks) > 0)
        return [0, *(np.flatnonzero(apart) + 1).tolist(), len(sought)]

    def close(self) -> None:
        """Remove the file if it was made for this source; it cannot be used any more then."""
        if self.scratch is not None:
            self.scratch.remove()

    def __enter__(self) -> "MatrixSource":
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{self.n_rows:,} rows of {self.n_features} columns in {self.file.label}>"
