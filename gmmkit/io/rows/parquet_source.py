"""A Parquet file as a source: whoever works on a piece reads the chunk that it is in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.sources.blocks import Block, Source, block_bounds
from gmmkit.core.sources.streams import RowStream, Survey
from gmmkit.io.rows.checking import row_range
from gmmkit.io.rows.parquet import ParquetChunks
from gmmkit.io.rows.sharing import Shared


@dataclass(frozen=True)
class ParquetPiece:
    """Consecutive rows of a Parquet file, all in one of its chunks.

    Parameters
    ----------
    chunks : ParquetChunks
    start, stop : int
    """

    chunks: ParquetChunks
    start: int
    stop: int

    def load(self) -> Block:
        """Return the rows; of a chunk that a thread of this process still holds nothing is read.

        Raises
        ------
        FileAccessError
            If the file cannot be read, or is not what it was.
        MissingDependencyError
            If polars is not installed where this runs.
        TableError
            If it is damaged or a number is unusable; all name the file and the rows.
        """
        # What was read before might not be there any more.
        self.chunks.check_unchanged(row_range(self.start, self.stop))
        first, last = self.chunks.around(self.start)
        chunk = _chunk_of((self.chunks, first, last))
        return chunk.at(slice(self.start - first, self.stop - first))


def _read(key: tuple[ParquetChunks, int, int]) -> Block:
    chunks, start, stop = key
    return chunks.read(start, stop)


_chunk_of = Shared(_read)


@dataclass(frozen=True, eq=False)
class ParquetSource(Source):
    """Rows of a Parquet file.

    Parameters
    ----------
    chunks : ParquetChunks
        Of weights, if any, all are positive.
    total : float, optional
        The sum of the weights.
    """

    chunks: ParquetChunks
    total: float | None = None

    @property
    def n_rows(self) -> int:
        """The number of rows N."""
        return self.chunks.n_rows

    @property
    def n_features(self) -> int:
        """The number of columns D."""
        return len(self.chunks.columns)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the rows: float32 if all columns are, else float64."""
        return self.chunks.dtype

    @property
    def weight(self) -> float:
        """The sum of the rows' weights."""
        return float(self.n_rows) if self.total is None else self.total

    def pieces(self) -> Iterator[ParquetPiece]:
        """Yield what it takes to read each block, cut as those of an array are."""
        for start, stop in block_bounds(self.n_rows, self.n_features):
            yield ParquetPiece(self.chunks, start, stop)

    def take(self, indices: npt.NDArray[np.intp]) -> Block:
        """Return the rows at the given places, from a walk over all."""
        survey = Survey(self.n_rows, self.n_features, self.dtype.itemsize == 4, self.weight)
        return RowStream(self.chunks, survey).take(indices)

    def __repr__(self) -> str:
        return f"<{self.n_rows:,} rows of {self.n_features} columns in {self.chunks.label}>"
