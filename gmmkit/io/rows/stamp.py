"""What tells that a file is still the one that was opened."""

import os
from dataclasses import dataclass
from typing import BinaryIO

from gmmkit.errors import FileAccessError


@dataclass(frozen=True)
class Stamp:
    """The size of a file, and when it was last written to.

    Where it stands is no part of it: machines of a cluster may have copies, with their times kept.

    Parameters
    ----------
    size : int
        In bytes.
    written : int
        In nanoseconds since 1970.
    """

    size: int
    written: int

    @classmethod
    def of(cls, stream: BinaryIO) -> "Stamp":
        """Return the stamp of an open file.

        Examples
        --------
        >>> with open(__file__, "rb") as stream:
        ...     Stamp.of(stream) == Stamp.of(stream)
        True
        """
        status = os.fstat(stream.fileno())
        return cls(status.st_size, status.st_mtime_ns)

    def check(self, stream: BinaryIO, label: str, what: str) -> None:
        """Refuse a file that was written to, cut or replaced since.

        Parameters
        ----------
        stream : BinaryIO
            The file, opened anew.
        label : str
            Its name, for the error.
        what : str
            What was read of it, for the error.

        Raises
        ------
        FileAccessError

        Examples
        --------
        >>> with open(__file__, "rb") as stream:
        ...     Stamp(10**9, 0).check(stream, "rows.npy", "rows 0 to 9")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        gmmkit.errors.FileAccessError: rows.npy changed while it was used: found another size ...
        """
        now = Stamp.of(stream)
        if now == self:
            return
        sizes = f"another size ({now.size:,} bytes) when reading {what}"
        raise FileAccessError(
            f"{label} changed while it was used",
            found=f"a later version when reading {what}" if now.size == self.size else sizes,
            needed=f"the {self.size:,} bytes that were there when it was opened",
            hint="let nothing write to it meanwhile, and begin again",
        )
