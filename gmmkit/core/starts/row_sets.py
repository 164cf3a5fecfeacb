"""Rows as a weighted set: the start sample, in which neither order nor copies leave a trace."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.core.sources.blocks import Source

SAMPLE_ROWS = 10_000


@dataclass(frozen=True, eq=False)
class RowSet:
    """Distinct rows in sorted order, each with the summed weight of its copies."""

    rows: Float64Array
    weights: Float64Array

    def __len__(self) -> int:
        return len(self.rows)


def distinct_rows(rows: npt.NDArray[np.floating], weights: Float64Array | None) -> RowSet:
    """Return the weighted set of rows: order and splitting of weights leave no trace.

    Examples
    --------
    >>> import numpy as np
    >>> distinct_rows(np.array([[2.0], [1.0], [2.0]]), None).weights
    array([1., 2.])
    """
    order = np.lexsort(rows.T[::-1])
    ordered = rows[order].astype(np.float64)
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    counted = np.ones(len(rows)) if weights is None else weights[order]
    return RowSet(ordered[first], np.add.reduceat(counted, np.flatnonzero(first)))


def row_sample(source: Source, random: np.random.Generator, n_distinct: int) -> RowSet:
    """Return the set of all rows up to 10,000, or of a random sample of that many.

    Where the sample holds fewer than `n_distinct` different rows, all rows are searched for more.

    Parameters
    ----------
    source : Source
    random : Generator
    n_distinct : int
        How many different rows the caller needs.
    """
    if source.n_rows <= SAMPLE_ROWS:
        block = source.take(np.arange(source.n_rows))
        return distinct_rows(block.rows, block.weights)
    indices = np.sort(random.choice(source.n_rows, SAMPLE_ROWS, replace=False))
    block = source.take(indices)
    sample = distinct_rows(block.rows, block.weights)
    return sample if len(sample) >= n_distinct else _search_distinct(source, n_distinct)


def _search_distinct(source: Source, n_distinct: int) -> RowSet:
    found = RowSet(np.empty((0, source.n_features)), np.empty(0))
    for block in source:
        if len(found) >= n_distinct:
            break
        rows = np.concatenate([found.rows, block.rows])
        counted = np.ones(len(block.rows)) if block.weights is None else block.weights
        found = distinct_rows(rows, np.concatenate([found.weights, counted]))
    return found
