"""Rows of a text file: parsed once, into a scratch file of numbers that is passed over instead."""

import os
import sys
from collections.abc import Iterator

import numpy as np

from gmmkit.core.checks import Float64Array
from gmmkit.io.rows.checking import check_finite, check_frequencies, no_weight
from gmmkit.io.rows.choosing import Choice
from gmmkit.io.rows.matrix_source import Columns, MatrixSource
from gmmkit.io.rows.npy import npy_matrix
from gmmkit.io.rows.scratch import Scratch, write_matrix
from gmmkit.io.table_csv import csv_blocks, csv_names
from gmmkit.io.table_request import Wanted


def text_source(
    path: str | os.PathLike[str],
    choice: Choice,
    *,
    scratch: str | os.PathLike[str] | None = None,
    delimiter: str | None = None,
    decimal: str = ".",
) -> MatrixSource:
    """Return the rows of a CSV or TSV file, plain or gzipped, as numbers in a scratch file.

    Parameters
    ----------
    path : str or path-like
    choice : Choice
    scratch : str or path-like, optional
        The folder of the scratch file.
    delimiter, decimal : str
        As in :func:`~gmmkit.read_table`.

    Raises
    ------
    FileAccessError, ParameterError
    OutputWriteError
        If the scratch file cannot be written.
    TableError
        If the text is no table of numbers; the line is named.
    """
    label = str(path)
    wanted = Wanted(delimiter=delimiter, decimal=decimal, largest=sys.maxsize)
    columns = choice.among(csv_names(path, wanted), label)
    weights = () if choice.weights is None else (str(choice.weights),)
    names = (*columns, *weights)
    kept = Scratch(scratch)
    try:
        blocks = _Kept(csv_blocks(path, names, wanted), bool(weights), label)
        n_rows = write_matrix(kept, blocks, len(names))
        if not n_rows:
            raise no_weight(label)
        file = npy_matrix(kept.path, f"{label} (kept as numbers in {kept.path})")
    except BaseException:
        kept.remove()
        raise
    chosen = Columns(tuple(range(len(columns))), len(columns) if weights else None)
    return MatrixSource(file, chosen, blocks.total if weights else None, kept)


class _Kept:
    """Blocks of rows, checked, without those of weight zero; `total` is what the weights sum to."""

    def __init__(self, blocks: Iterator[Float64Array], weighted: bool, label: str) -> None:
        self.total = 0.0
        self._blocks, self._weighted, self._label = blocks, weighted, label

    def __iter__(self) -> Iterator[Float64Array]:
        first_row = 0
        for block in self._blocks:
            rows = block[:, :-1] if self._weighted else block
            check_finite(np.ascontiguousarray(rows), first_row, self._label)
            yield self._of_weight(block, first_row) if self._weighted else block
            first_row += len(block)

    def _of_weight(self, block: Float64Array, first_row: int) -> Float64Array:
        weights = block[:, -1]
        check_frequencies(weights, first_row, self._label)
        self.total += float(weights.sum())
        return block[weights > 0]
