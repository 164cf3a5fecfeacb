"""What is needed next of a file, told to the system: it reads on while others calculate.

Advice changes nothing in what is read; where nobody can take it, it is not given.
"""

import os
from collections.abc import Iterable
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
    _advise(stream, [(0, 0)], "POSIX_FADV_SEQUENTIAL")


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
    places = range(start, start + length, _AT_ONCE)
    pieces = ((place, min(_AT_ONCE, start + length - place)) for place in places)
    _advise(stream, pieces, "POSIX_FADV_WILLNEED")


def _advise(stream: BinaryIO, pieces: Iterable[tuple[int, int]], advice: str) -> None:
    if not (hasattr(os, "posix_fadvise") and hasattr(os, advice)):
        return
    descriptor, number = stream.fileno(), getattr(os, advice)
    # Some file systems take none.
    with suppress(OSError):
        for start, length in pieces:
            os.posix_fadvise(descriptor, start, length, number)
