"""A matrix of numbers in a file, of which any rows can be read: by positioned reads, never mapped.

A mapped file that somebody else cuts short ends the whole process; a read of it is an error.
"""

import contextlib
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import FloatArray
from gmmkit.errors import DataWarning, FileAccessError, GmmkitError, TableError
from gmmkit.io.reading import open_regular_file
from gmmkit.io.rows.checking import row_range
from gmmkit.io.rows.stamp import Stamp
from gmmkit.io.table_cells import INEXACT_FROM

AnyArray = npt.NDArray[Any]


@dataclass(frozen=True)
class MatrixFile:
    """Where the numbers of a matrix stand in a file.

    Parameters
    ----------
    path : str
        Absolute, so that any process finds it.
    label : str
        What to call it in errors.
    offset : int
        Where its first number stands, in bytes.
    dtype : dtype
        Of the numbers, in the file's byte order.
    n_rows, n_columns : int
    by_columns : bool
        Whether a column stands together (Fortran order), and not a row.
    stamp : Stamp
        Of the file when it was opened.
    """

    path: str
    label: str
    offset: int
    dtype: np.dtype[Any]
    n_rows: int
    n_columns: int
    by_columns: bool
    stamp: Stamp

    @property
    def float_dtype(self) -> np.dtype[Any]:
        """The type of the rows that are read: float32 stays so, all else becomes float64."""
        single = self.dtype.kind == "f" and self.dtype.itemsize == 4
        return np.dtype(np.float32 if single else np.float64)

    @contextlib.contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open the file for :meth:`read`.

        Yields
        ------
        BinaryIO

        Raises
        ------
        FileAccessError
            If it is gone or cannot be read.
        """
        with open_regular_file(self.path) as stream:
            yield stream

    def read(
        self, stream: BinaryIO, start: int, stop: int, columns: Sequence[int] | None = None
    ) -> FloatArray:
        """Return rows, in this machine's byte order and C order.

        Parameters
        ----------
        stream : BinaryIO
            From :meth:`opened`.
        start, stop : int
            Which rows.
        columns : sequence of int, optional
            Which columns, in this order; all of them by default.

        Raises
        ------
        FileAccessError
            If reading fails, or the file is not what it was.
        TableError
            If it ends before these rows do.
        """
        what = row_range(start, stop)
        try:
            read = self._read_columns if self.by_columns else self._read_rows
            rows, whole = read(stream, start, stop, columns)
        except OSError as error:
            if isinstance(error, GmmkitError):
                raise
            raise self._unreadable(what, error) from error
        self.stamp.check(stream, self.label, what)
        if not whole:
            raise self._too_short(what)
        return self._as_floats(rows)

    def places(
        self, start: int, stop: int, columns: Sequence[int] | None = None
    ) -> Iterator[tuple[int, int]]:
        """Yield where rows stand in the file: first bytes, and how many.

        Parameters
        ----------
        start, stop, columns
            As in :meth:`read`. Where rows stand together they are read whole.
        """
        size = self.dtype.itemsize
        if not self.by_columns:
            row = self.n_columns * size
            yield self.offset + start * row, (stop - start) * row
            return
        for column in range(self.n_columns) if columns is None else columns:
            yield self.offset + (column * self.n_rows + start) * size, (stop - start) * size

    def _read_rows(
        self, stream: BinaryIO, start: int, stop: int, columns: Sequence[int] | None
    ) -> tuple[AnyArray, bool]:
        rows = np.empty((stop - start, self.n_columns), self.dtype)
        whole = self._fill(stream, start * self.n_columns, rows)
        return rows if columns is None else np.take(rows, columns, axis=1), whole

    def _read_columns(
        self, stream: BinaryIO, start: int, stop: int, columns: Sequence[int] | None
    ) -> tuple[AnyArray, bool]:
        chosen = range(self.n_columns) if columns is None else columns
        turned = np.empty((len(chosen), stop - start), self.dtype)
        whole = [
            self._fill(stream, column * self.n_rows + start, target)
            for column, target in zip(chosen, turned, strict=True)
        ]
        return turned.T, all(whole)

    def _fill(self, stream: BinaryIO, place: int, target: AnyArray) -> bool:
        """Read numbers from a place on, and tell whether there were as many."""
        payload = target.reshape(-1).view(np.uint8)
        stream.seek(self.offset + place * self.dtype.itemsize)
        return _read_into(stream, payload) == len(payload)

    def _as_floats(self, rows: AnyArray) -> FloatArray:
        if rows.dtype.kind in "iu" and rows.dtype.itemsize == 8:
            self._warn_of_lost_digits(rows)
        return np.ascontiguousarray(rows, dtype=self.float_dtype)

    def _warn_of_lost_digits(self, rows: AnyArray) -> None:
        if max(-int(rows.min()), int(rows.max())) > INEXACT_FROM:
            warnings.warn(
                DataWarning(
                    f"integers beyond 2**53 in {self.label} lose digits as float64: "
                    "subtract an offset first"
                ),
                stacklevel=4,
            )

    def _unreadable(self, what: str, error: OSError) -> FileAccessError:
        return FileAccessError(
            f"{what} of {self.label} cannot be read",
            found=error.strerror or type(error).__name__,
            hint="check the disk, or copy the file to another one",
        )

    def _too_short(self, what: str) -> TableError:
        n_bytes = self.offset + self.n_rows * self.n_columns * self.dtype.itemsize
        return TableError(
            f"{self.label} ends before {what} do",
            found=f"{self.stamp.size:,} bytes",
            needed=f"{n_bytes:,}, as its header says",
            hint="copy or write it again",
        )


def _read_into(stream: BinaryIO, target: npt.NDArray[np.uint8]) -> int:
    done = 0
    while done < len(target):
        count: int = stream.readinto(target[done:].data)  # type: ignore[attr-defined]
        if not count:
            break
        done += count
    return done
