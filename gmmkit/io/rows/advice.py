"""What is needed next of a file, told to the system: it reads on while others calculate.

Advice changes nothing in what is read; where nobody can take it, it is not given.
"""

import os
from contextlib import suppress
from typing import BinaryIO

# Linux reads, at one request, no more than it reads ahead on that device: 128 KiB by default.
_AT_ONCE = 1 << 17


def read_in_order(stream: BinaryIO) -> None:
    """Say that a file is read from front to back.

    Examples
    --------
    >>> with open(__file__, "rb") as stream:
    ...     read_in_order(stream)
    """
    _advise(stream, 0, 0, "POSIX_FADV_SEQUENTIAL")


def needed_next(stream: BinaryIO, start: int, length: int) -> None:
    """Say that some bytes of a file are needed soon; nobody waits for them here.

    Parameters
    ----------
    stream : BinaryIO
    start, length : int
        In bytes.

    Examples
    --------
    >>> with open(__file__, "rb") as stream:
    ...     needed_next(stream, 0, 100)
    """
    for place in range(start, start + length, _AT_ONCE):
        _advise(stream, place, min(_AT_ONCE, start + length - place), "POSIX_FADV_WILLNEED")


def _advise(stream: BinaryIO, start: int, length: int, advice: str) -> None:
    if hasattr(os, "posix_fadvise") and hasattr(os, advice):
        # Some file systems take none.
        with suppress(OSError):
            os.posix_fadvise(stream.fileno(), start, length, getattr(os, advice))
