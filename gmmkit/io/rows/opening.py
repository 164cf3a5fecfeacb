"""The way in for rows that memory cannot hold: a file becomes a source of blocks."""

import os
from collections.abc import Sequence

from gmmkit.core.sources.blocks import Source
from gmmkit.errors import ParameterError, TableError
from gmmkit.io.reading import open_regular_file
from gmmkit.io.rows.choosing import Choice
from gmmkit.io.rows.matrix_source import Columns
from gmmkit.io.rows.npy import NPY_MAGIC, npy_matrix
from gmmkit.io.rows.parquet import parquet_chunks
from gmmkit.io.rows.text import text_source
from gmmkit.io.rows.weighing import matrix_rows, parquet_rows
from gmmkit.io.table_text import PARQUET_MAGIC

__all__ = ["open_rows"]

_OTHERS = (
    (
        b"PK\x03\x04",
        "an archive, such as .npz or a workbook",
        "save the array with numpy.save, or the sheet as CSV",
    ),
    (b"\x89HDF", "an HDF5 file", "load the array and save it with numpy.save"),
)


def open_rows(
    path: str | os.PathLike[str],
    *,
    columns: Sequence[str] | Sequence[int] | None = None,
    drop: Sequence[str] | Sequence[int] = (),
    weights: str | int | None = None,
    scratch: str | os.PathLike[str] | None = None,
    delimiter: str | None = None,
    decimal: str = ".",
) -> Source:
    """Open rows in a file, to be fitted and scored block by block: they need not fit in memory.

    The file is a ``.npy`` matrix, Parquet, or text (CSV or TSV, plain or gzipped); which of them,
    its content says. It has to stay as it is for as long as it is used. A fit has the same bits as
    that of the same rows in an array.

    Parameters
    ----------
    path : str or path-like
        A regular file. Of ``.npy`` only what is worked on is read, never mapped: a file that is
        cut short meanwhile is an error, not the end of the process. Parquet takes polars, and is
        read by chunks of up to 32 MB. Text is parsed once, here, into a scratch file of 8 bytes
        for each number.
    columns : sequence of str or int, optional
        What to fit, in this order: names, or numbers from 0 in ``.npy``. All by default.
    drop : sequence of str or int
        Columns to leave out.
    weights : str or int, optional
        The column of frequencies. A row of weight zero counts as absent; all are read once, here,
        to find those.
    scratch : str or path-like, optional
        The folder of the scratch file, by default that of `tempfile.gettempdir`. The file is
        removed when the source is closed or not used any more, or when the process ends; it stays
        if the process is killed.
    delimiter, decimal : str, optional
        How text is written, as in :func:`~gmmkit.read_table`.

    Returns
    -------
    Source
        Takes the place of an array of rows in `gmmkit.fit`, `gmmkit.scan` and `gmmkit.score`.
        float32 if all columns are, else float64. Rows are read by whoever works on them, in threads
        or on other machines; where some have weight zero, rows of ``.npy`` and Parquet in order.

    Raises
    ------
    FileAccessError
        If the file is missing, unreadable or no regular file, or later, if it was changed.
    TableError
        If it holds no rows of numbers, or lacks a column. Blocks are checked when they are read:
        a number that is NaN, infinite or beyond 1e150 is an error then, which names its row.
    OutputWriteError
        If the scratch file cannot be written.
    ParameterError
        If an argument is not usable.
    MissingDependencyError
        If it is Parquet and polars is not installed.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import gmmkit
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(f"{folder}/rows.npy", np.concatenate([np.eye(3), 9 + np.eye(3)]))
    ...     gmmkit.fit(gmmkit.open_rows(f"{folder}/rows.npy", columns=[0]), 2, seed=0).converged
    True
    """
    choice = Choice.of(columns, drop, weights)
    with open_regular_file(path) as stream:
        head = stream.read(8)
    written = {"delimiter": delimiter is not None, "decimal": decimal != "."}
    _refuse_others(head, path)
    if head.startswith((NPY_MAGIC, PARQUET_MAGIC)):
        _refuse_text_options([name for name, given in written.items() if given], path)
        return _binary_rows(path, choice, head)
    return text_source(path, choice, scratch=scratch, delimiter=delimiter, decimal=decimal)


def _refuse_others(head: bytes, path: str | os.PathLike[str]) -> None:
    for magic, kind, hint in _OTHERS:
        if head.startswith(magic):
            raise TableError(
                f"{path} is no file of rows",
                found=kind,
                needed=".npy, Parquet, CSV or TSV",
                hint=hint,
            )


def _binary_rows(path: str | os.PathLike[str], choice: Choice, head: bytes) -> Source:
    if head.startswith(PARQUET_MAGIC):
        return parquet_rows(parquet_chunks(path, choice))
    label = str(path)
    file = npy_matrix(path, label)
    there = tuple(range(file.n_columns))
    chosen = choice.among(there, label)
    weights = next((number for number in there if number == choice.weights), None)
    return matrix_rows(file, Columns(chosen, weights))


def _refuse_text_options(given: list[str], path: str | os.PathLike[str]) -> None:
    if given:
        raise ParameterError(
            f"{given[0]} is for text, and {path} is none",
            found=f"{given[0]} for a binary file",
            needed="a CSV or TSV file, or no such argument",
        )
