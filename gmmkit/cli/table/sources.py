"""From the words on the command line to a table to read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gmmkit.errors import TableError

if TYPE_CHECKING:
    from gmmkit.io.table import Table

_SAMPLE = "sample:"
MODEL_SUFFIX = ".gmm"


@dataclass(frozen=True, kw_only=True)
class TableWords:
    """A table that is asked for, and how its cells are written.

    Parameters
    ----------
    table : str
        A file or ``sample:NAME``.
    delimiter : str, optional
    decimal : str
    missing : bool
        Whether numbers may be missing.
    """

    table: str
    delimiter: str | None
    decimal: str
    missing: bool

    def found(self) -> "TableSource":
        """Return the table that is meant.

        Raises
        ------
        InputError
            If there is no such sample, or the file is a model. Whether it exists is found on
            reading.

        Examples
        --------
        >>> TableWords(table="t.csv", delimiter=None, decimal=".", missing=False).found().path.name
        't.csv'
        """
        path = Path(self.table)
        if self.table.startswith(_SAMPLE):
            from gmmkit.io.samples import sample_path

            path = sample_path(self.table, kind="table")
        if path.suffix == MODEL_SUFFIX:
            raise TableError(
                f"{self.table} is a model by its name",
                needed="a table",
                hint="name the table; where there is a model too, it comes first",
            )
        return TableSource(self, path)


@dataclass(frozen=True)
class TableSource:
    """A table to read.

    Parameters
    ----------
    words : TableWords
        What was asked for.
    path : Path
        The file behind it.
    """

    words: TableWords
    path: Path

    def names(self) -> tuple[str, ...]:
        """Return the names of the columns.

        Raises
        ------
        GmmkitError
            If it is no table.
        """
        from gmmkit.io.table import table_names

        return table_names(self.path, delimiter=self.words.delimiter)

    def read(self, numeric: Sequence[str], text: Sequence[str] = ()) -> "Table":
        """Read columns as numbers, and others letter by letter.

        Raises
        ------
        GmmkitError
            If that cannot be.
        """
        from gmmkit.io.table import read_table

        return read_table(
            self.path,
            numeric=numeric,
            text=text,
            missing="keep" if self.words.missing else "refuse",
            delimiter=self.words.delimiter,
            decimal=self.words.decimal,
        )
