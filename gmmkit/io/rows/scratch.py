"""A file of numbers that stands in for a text: written once, removed when nobody needs it."""

import os
import tempfile
import weakref
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import numpy as np

from gmmkit.core.checks import Float64Array
from gmmkit.errors import OutputWriteError


class Scratch:
    """A file that is removed with this object, when asked to, or at the end of the process.

    A copy in another process removes nothing. A process that is killed leaves the file behind.

    Parameters
    ----------
    folder : str or path-like, optional
        Where it is made; the system's folder for temporary files by default.

    Raises
    ------
    OutputWriteError
        If it cannot be made there.

    Examples
    --------
    >>> scratch = Scratch()
    >>> scratch.path.exists(), scratch.remove(), scratch.path.exists()
    (True, None, False)
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        place = tempfile.gettempdir() if folder is None else os.fspath(folder)
        try:
            descriptor, name = tempfile.mkstemp(prefix="gmmkit-", suffix=".npy", dir=place)
        except OSError as error:
            raise _not_kept(Path(place), error) from error
        os.close(descriptor)
        self.path = Path(name).absolute()
        self.remove = weakref.finalize(self, _remove, self.path, os.getpid())

    def __reduce__(self) -> tuple[object, ...]:
        return _no_scratch, ()


def _no_scratch() -> None:
    return None


def _remove(path: Path, owner: int) -> None:
    if os.getpid() == owner:
        path.unlink(missing_ok=True)


def write_matrix(scratch: Scratch, blocks: Iterable[Float64Array], n_columns: int) -> int:
    """Write blocks of rows one after the other as a ``.npy`` file, and return how many rows.

    Parameters
    ----------
    scratch : Scratch
    blocks : iterable of ndarray of shape (n, n_columns)
    n_columns : int

    Raises
    ------
    OutputWriteError
        If the disk is full, say; what reading the blocks raises passes through.

    Examples
    --------
    >>> scratch = Scratch()
    >>> write_matrix(scratch, [np.ones((2, 3)), np.zeros((1, 3))], 3)
    3
    >>> np.load(scratch.path).shape
    (3, 3)
    """
    descriptor = os.open(scratch.path, os.O_WRONLY | getattr(os, "O_BINARY", 0))
    try:
        n_rows = 0
        _write(descriptor, _header(n_rows, n_columns), scratch.path)
        for block in blocks:
            n_rows += len(block)
            _write(descriptor, np.ascontiguousarray(block, "<f8").tobytes(), scratch.path)
        # NumPy leaves room in the header for the number of rows to grow.
        os.lseek(descriptor, 0, os.SEEK_SET)
        _write(descriptor, _header(n_rows, n_columns), scratch.path)
    finally:
        os.close(descriptor)
    return n_rows


def _header(n_rows: int, n_columns: int) -> bytes:
    stream = BytesIO()
    description = {"descr": "<f8", "fortran_order": False, "shape": (n_rows, n_columns)}
    np.lib.format.write_array_header_1_0(stream, description)
    return stream.getvalue()


def _write(descriptor: int, payload: bytes, path: Path) -> None:
    left = memoryview(payload)
    try:
        while left:
            left = left[os.write(descriptor, left) :]
    except OSError as error:
        raise _not_kept(path.parent, error) from error


def _not_kept(folder: Path, error: OSError) -> OutputWriteError:
    return OutputWriteError(
        f"rows of text cannot be kept as numbers in {folder}",
        found=error.strerror or type(error).__name__,
        needed="eight bytes for each number",
        hint="free some space, or name another folder (scratch=...)",
    )
