"""Which tables are passed over block by block instead of being read, and what that rules out."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gmmkit.errors import InputError

# A table takes a few times its file in memory.
LARGE_BYTES = 1_000_000_000
# What text shrinks to in an archive, roughly.
_SHRUNK = 10
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class FileKind:
    """What the first bytes and the size of a table's file say.

    Parameters
    ----------
    is_matrix : bool
        Whether it is a ``.npy`` matrix.
    size : int
        In bytes.
    limit : int
        From which size on the table is not read whole.
    """

    is_matrix: bool
    size: int
    limit: int

    @classmethod
    def of(cls, path: Path) -> "FileKind":
        """Look into a file.

        Raises
        ------
        FileAccessError
            If it cannot be read.

        Examples
        --------
        >>> FileKind.of(Path(__file__)).reason(asked=False)
        ''
        """
        from gmmkit.io.reading import open_regular_file
        from gmmkit.io.rows.npy import NPY_MAGIC

        with open_regular_file(path) as stream:
            head, size = stream.read(8), os.fstat(stream.fileno()).st_size
        limit = LARGE_BYTES // _SHRUNK if head.startswith(_GZIP_MAGIC) else LARGE_BYTES
        return cls(head.startswith(NPY_MAGIC), size, limit)

    def reason(self, *, asked: bool) -> str:
        """Return why the table is passed over block by block, empty if it is read whole.

        Examples
        --------
        >>> FileKind(True, 200, 1000).reason(asked=False)
        'as any .npy is'
        """
        if self.is_matrix:
            return "as any .npy is"
        if self.size > self.limit:
            return f"as it has {self.size:,} bytes"
        return "because of --stream" if asked else ""


def refuse_whole_table_options(label: str, reason: str, options: Mapping[str, object]) -> None:
    """Refuse options that need all rows in memory, of a table that is passed over.

    Parameters
    ----------
    label : str
        The table.
    reason : str
        From `FileKind.reason`.
    options : mapping of str to object
        Options that do, and whether they were given.

    Raises
    ------
    InputError
        Naming those that were.

    Examples
    --------
    >>> refuse_whole_table_options("t.npy", "as any .npy is", {"--trim": 0.0})
    """
    given = [name for name, value in options.items() if value]
    if not given or not reason:
        return
    them = " and ".join(given)
    raise InputError(
        f"{them} {'needs' if len(given) == 1 else 'need'} all rows in memory",
        found=f"{label}, which is passed over block by block, {reason}",
        needed="a CSV, TSV or Parquet file that is read whole",
        hint=f"leave {'--stream' if '--stream' in reason else them} out, or take a sample of the "
        "rows",
    )
