"""Rows that come in chunks, as often as asked for: recut, so that chunks leave no trace."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, FloatArray, check_rows, check_weights
from gmmkit.core.sources.blocks import Block, Source, block_rows
from gmmkit.errors import InputError

Chunk = npt.ArrayLike | tuple[npt.ArrayLike, npt.ArrayLike]
Chunks = Iterable[Chunk] | Callable[[], Iterable[Chunk]]


@dataclass(frozen=True)
class Survey:
    """What there is to know of rows before they are fitted, without those of weight zero.

    Parameters
    ----------
    n_rows, n_features : int
    single : bool
        Whether all chunks are float32.
    weight : float
        The sum of the rows' weights.
    """

    n_rows: int
    n_features: int
    single: bool
    weight: float

    @classmethod
    def of(cls, chunks: Iterable[Block]) -> "Survey":
        """Return what a walk over checked chunks finds.

        Raises
        ------
        InputError
            If there are no rows, or not always as many columns.

        Examples
        --------
        >>> Survey.of([Block(np.ones((2, 3)), None), Block(np.ones((1, 3)), np.array([4.0]))])
        Survey(n_rows=3, n_features=3, single=False, weight=6.0)
        """
        n_rows, widths, single, weight = 0, set[int](), True, 0.0
        for chunk in chunks:
            n_rows += len(chunk.rows)
            widths.add(int(chunk.rows.shape[1]))
            single = single and chunk.rows.dtype == np.float32
            weight += chunk.weight
        if not n_rows or len(widths) > 1:
            columns = " and ".join(map(str, sorted(widths))) or "0"
            raise InputError(
                "the chunks make no table of rows",
                found=f"{n_rows:,} rows of {columns} columns",
                needed="at least one row of positive weight, and as many columns in every chunk",
            )
        return cls(n_rows, widths.pop(), single, weight)


@dataclass(frozen=True, eq=False)
class RowStream(Source):
    """Rows that are made anew for every pass; what :func:`rows_from` returns.

    Parameters
    ----------
    chunks : callable
        Returns the chunks from the first on.
    survey : Survey
        What a first walk over them found.
    """

    chunks: Callable[[], Iterator[Block]]
    survey: Survey

    @property
    def n_rows(self) -> int:
        """The number of rows N."""
        return self.survey.n_rows

    @property
    def n_features(self) -> int:
        """The number of columns D."""
        return self.survey.n_features

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the rows: float32 if all chunks are, else float64."""
        return np.dtype(np.float32 if self.survey.single else np.float64)

    @property
    def weight(self) -> float:
        """The sum of the rows' weights."""
        return self.survey.weight

    def pieces(self) -> Iterator[Block]:
        """Yield blocks cut as those of an array are."""
        return _recut(self._counted(), block_rows(self.n_rows, self.n_features), self.dtype)

    def take(self, indices: npt.NDArray[np.intp]) -> Block:
        """Return the rows at the given places, from a walk over all."""
        order = np.argsort(indices, kind="stable")
        sought, found, first = indices[order], [], 0
        for chunk in self._counted():
            here = slice(*np.searchsorted(sought, [first, first + len(chunk.rows)]))
            found.append(chunk.at(sought[here] - first))
            first += len(chunk.rows)
        return _joined(found, self.dtype).at(np.argsort(order, kind="stable"))

    def _counted(self) -> Iterator[Block]:
        """Yield the chunks, and refuse a source that is not what it was."""
        n_rows = 0
        for chunk in self.chunks():
            n_rows += len(chunk.rows)
            yield chunk
        if n_rows != self.n_rows:
            raise InputError(
                "the rows changed while they were walked over",
                found=f"{n_rows:,} rows",
                needed=f"{self.n_rows:,}, as in the first walk",
                hint="let every walk give the same rows",
            )


def rows_from(chunks: Chunks) -> RowStream:
    """Return rows that come in chunks as something to fit and to score.

    Parameters
    ----------
    chunks : iterable or callable
        Arrays (n, D), or pairs of such an array and weights (n,): something that can be walked
        over again and again, such as a list or a data set of your own, or a function that returns
        a fresh iterator. Chunks may be of any size; results do not depend on how rows are cut.
        They are walked over once here, to count and to check them.

    Returns
    -------
    RowStream
        Takes the place of an array of rows in `gmmkit.fit`.

    Raises
    ------
    InputError
        If a chunk is unusable, or chunks can be walked over only once.

    Examples
    --------
    >>> import gmmkit
    >>> halves = [np.arange(9.0)[:, None], 100 + np.arange(9.0)[:, None]]
    >>> gmmkit.fit(gmmkit.rows_from(halves), 2, seed=0).converged
    True
    """
    again = _walk(chunks)
    return RowStream(again, Survey.of(again()))


def _walk(chunks: Chunks) -> Callable[[], Iterator[Block]]:
    """Return the function that begins a walk over checked chunks."""
    if not callable(chunks) and iter(chunks) is chunks:
        raise InputError(
            "the chunks can be walked over only once",
            found=type(chunks).__name__,
            needed="something to walk over again and again: every iteration of a fit does",
            hint="pass the function that makes the generator, without calling it",
        )

    def walk() -> Iterator[Block]:
        given = chunks() if callable(chunks) else chunks
        return (chunk for each in given if len((chunk := _checked(each)).rows))

    return walk


def _checked(chunk: Chunk) -> Block:
    """Return a chunk as a block without rows of weight zero."""
    rows, weights = chunk if isinstance(chunk, tuple) else (chunk, None)
    if np.ndim(rows) == 2 and not len(rows):
        return Block(np.empty(np.shape(rows)), None)
    array = check_rows(rows)
    if weights is not None and np.shape(weights) == (len(array),) and not np.any(weights):
        return Block(array[:0], None)
    counted = check_weights(weights, len(array))
    if counted is None or counted.all():
        return Block(array, counted)
    kept = counted > 0
    return Block(array[kept], counted[kept])


def _recut(chunks: Iterator[Block], step: int, dtype: np.dtype[Any]) -> Iterator[Block]:
    """Yield blocks of `step` rows, the last of what is left."""
    waiting: list[Block] = []
    n_waiting = 0
    for chunk in chunks:
        for start in range(0, len(chunk.rows), step):
            waiting.append(chunk.at(slice(start, start + step)))
            n_waiting += len(waiting[-1].rows)
            if n_waiting >= step:
                whole = _joined(waiting, dtype)
                yield whole.at(slice(step))
                waiting, n_waiting = [whole.at(slice(step, None))], n_waiting - step
    if n_waiting:
        yield _joined(waiting, dtype)


def _joined(blocks: list[Block], dtype: np.dtype[Any]) -> Block:
    """Return blocks one after the other; where one has weights, all have."""
    rows: FloatArray = np.concatenate([block.rows for block in blocks]).astype(dtype, copy=False)
    if all(block.weights is None for block in blocks):
        return Block(rows, None)
    return Block(rows, np.concatenate([_weights(block) for block in blocks]))


def _weights(block: Block) -> Float64Array:
    return np.ones(len(block.rows)) if block.weights is None else block.weights
