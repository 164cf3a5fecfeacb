"""Rows of weight zero, which count as absent: a first walk tells whether there are any."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gmmkit.core.sources.blocks import Block, Source
from gmmkit.core.sources.streams import RowStream, Survey
from gmmkit.io.rows.checking import no_weight
from gmmkit.io.rows.matrix_file import MatrixFile
from gmmkit.io.rows.matrix_source import Columns, MatrixSource
from gmmkit.io.rows.parquet import ParquetChunks
from gmmkit.io.rows.parquet_source import ParquetSource


@dataclass(frozen=True)
class Positive:
    """Chunks of rows without those of weight zero.

    Parameters
    ----------
    chunks : callable
        Returns the chunks from the first on.
    """

    chunks: Callable[[], Iterator[Block]]

    def __call__(self) -> Iterator[Block]:
        """Yield the rows that count."""
        for chunk in self.chunks():
            if chunk.weights is None or chunk.weights.all():
                yield chunk
            elif chunk.weights.any():
                kept = chunk.weights > 0
                yield Block(chunk.rows[kept], chunk.weights[kept])


def matrix_rows(file: MatrixFile, columns: Columns) -> Source:
    """Return the rows of a matrix that count.

    Parameters
    ----------
    file : MatrixFile
    columns : Columns

    Raises
    ------
    FileAccessError, TableError
        If there are weights, and the walk over them fails or leaves no row.
    """
    whole = MatrixSource(file, columns)
    if columns.weights is None:
        return whole
    positive = Positive(whole.__iter__)
    n_rows, weight = _weigh(positive, file.label)
    if n_rows == file.n_rows:
        return MatrixSource(file, columns, weight)
    return _stream(positive, n_rows, weight, whole)


def parquet_rows(chunks: ParquetChunks) -> Source:
    """Return the rows of a Parquet file that count.

    Parameters
    ----------
    chunks : ParquetChunks

    Raises
    ------
    FileAccessError, TableError
        As :func:`matrix_rows`.
    """
    if chunks.weights is None:
        return ParquetSource(chunks)
    positive = Positive(chunks)
    n_rows, weight = _weigh(positive, chunks.label)
    whole = ParquetSource(chunks, weight)
    return whole if n_rows == chunks.n_rows else _stream(positive, n_rows, weight, whole)


def _stream(chunks: Positive, n_rows: int, weight: float, whole: Source) -> RowStream:
    single = whole.dtype.itemsize == 4
    return RowStream(chunks, Survey(n_rows, whole.n_features, single, weight))


def _weigh(chunks: Positive, label: str) -> tuple[int, float]:
    """Return how many rows count, and the sum of their weights."""
    n_rows, weight = 0, 0.0
    for chunk in chunks():
        n_rows += len(chunk.rows)
        weight += chunk.weight
    if not n_rows:
        raise no_weight(label)
    return n_rows, weight
