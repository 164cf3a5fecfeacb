"""Matrices in NumPy's own files: the header is read by NumPy, and never an object unpickled."""

import os
import tokenize
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from gmmkit.errors import TableError
from gmmkit.io.reading import open_regular_file
from gmmkit.io.rows.matrix_file import MatrixFile
from gmmkit.io.rows.stamp import Stamp

NPY_MAGIC = b"\x93NUMPY"
_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
# What NumPy raises on headers that were tampered with.
_DAMAGE = (ValueError, SyntaxError, TypeError, EOFError, RecursionError, tokenize.TokenError)


def npy_matrix(path: str | os.PathLike[str], label: str) -> MatrixFile:
    """Return the matrix in a ``.npy`` file, of which nothing but the header is read.

    Parameters
    ----------
    path : str or path-like
        A regular file.
    label : str
        What to call it in errors.

    Raises
    ------
    FileAccessError
        If the file cannot be read.
    TableError
        If it holds anything but a matrix of real numbers, or less than its header says.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(Path(folder) / "rows.npy", np.zeros((5, 2)))
    ...     npy_matrix(Path(folder) / "rows.npy", "rows.npy").n_rows
    5
    """
    with open_regular_file(path) as stream:
        shape, by_columns, dtype = _header(stream, label)
        offset, stamp = stream.tell(), Stamp.of(stream)
    _check_dtype(dtype, label)
    _check_shape(shape, label)
    n_bytes = offset + shape[0] * shape[1] * dtype.itemsize
    if stamp.size < n_bytes:
        there = (stamp.size - offset) // (shape[1] * dtype.itemsize)
        held = f"{there:,} of {shape[0]:,} rows" if not by_columns else f"{stamp.size:,} bytes"
        raise TableError(
            f"{label} ends before its rows do",
            found=held,
            needed=f"{n_bytes:,} bytes, as its header says",
            hint="copy or write it again",
        )
    absolute = str(Path(path).absolute())
    return MatrixFile(absolute, label, offset, dtype, shape[0], shape[1], by_columns, stamp)


def _header(stream: BinaryIO, label: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    try:
        version = np.lib.format.read_magic(stream)
        if version in _READERS:
            return _READERS[version](stream)
        found = f"version {version[0]}.{version[1]}"
    except _DAMAGE as error:
        found = f"a header that NumPy cannot read ({str(error).partition(chr(10))[0]:.120})"
    raise TableError(
        f"{label} is no NumPy file of numbers",
        found=found,
        needed="one that numpy.save wrote",
        hint="write it again with numpy.save",
    )


def _check_dtype(dtype: np.dtype[Any], label: str) -> None:
    if dtype.kind in "fiub" and dtype.subdtype is None:
        return
    found = "Python objects, which are never loaded" if dtype.hasobject else f"dtype {dtype}"
    raise TableError(
        f"{label} holds no real numbers",
        found=f"{found:.120}",
        needed="float32, float64 or integers",
        hint="save the columns of numbers as one plain array",
    )


def _check_shape(shape: tuple[int, ...], label: str) -> None:
    if len(shape) != 2:
        raise TableError(
            f"rows need two dimensions, and {label} has {len(shape)}",
            found=f"shape {shape}",
            needed="(rows, columns)",
            hint="save x[:, None] for one column or x[None, :] for one row",
        )
    if min(shape) < 1:
        raise TableError(
            f"there is nothing to work on in {label}",
            found=f"shape {shape}",
            needed="at least one row and one column",
        )
