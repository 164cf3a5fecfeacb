"""From the words on the command line to a table to read, or to pass over."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from gmmkit.cli.table.streaming import FileKind, refuse_whole_table_options
from gmmkit.errors import OutputWriteError, ParameterError, TableError

if TYPE_CHECKING:
    from gmmkit.core.sources.blocks import Source
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
    stream : bool
        Whether to pass over it block by block, however small it is.
    scratch : Path, optional
        The folder for the numbers of a text that is passed over.
    """

    table: str
    delimiter: str | None
    decimal: str
    missing: bool
    stream: bool = False
    scratch: Path | None = None

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
    """A table to read, or to pass over.

    Parameters
    ----------
    words : TableWords
        What was asked for.
    path : Path
        The file behind it.
    """

    words: TableWords
    path: Path

    @cached_property
    def kind(self) -> FileKind:
        """What kind of file it is."""
        return FileKind.of(self.path)

    @property
    def is_streamed(self) -> bool:
        """Whether it is passed over block by block."""
        return bool(self._reason)

    @property
    def _reason(self) -> str:
        return self.kind.reason(asked=self.words.stream)

    def refuse(self, options: Mapping[str, object]) -> None:
        """Refuse options that need all rows in memory, if the table is passed over.

        Raises
        ------
        InputError
            Naming those that were given.
        """
        refuse_whole_table_options(self.words.table, self._reason, options)

    def names(self) -> tuple[str, ...]:
        """Return the names of the columns; those of a matrix are their numbers.

        Raises
        ------
        GmmkitError
            If it is no table.
        """
        if self.kind.is_matrix:
            from gmmkit.io.rows.npy import npy_matrix

            return tuple(map(str, range(npy_matrix(self.path, str(self.path)).n_columns)))
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

    def opened(self, columns: Sequence[str], weights: str | None = None) -> "Source":
        """Open columns of numbers to be passed over.

        Raises
        ------
        GmmkitError
            If that cannot be.
        """
        from gmmkit.io.rows.opening import open_rows

        # The columns of a matrix have numbers in the library.
        named = int if self.kind.is_matrix else str
        with _in_words_of_the_command_line():
            return open_rows(
                self.path,
                columns=[named(name) for name in columns],  # type: ignore[arg-type]
                weights=None if weights is None else named(weights),
                scratch=self.words.scratch,
                delimiter=self.words.delimiter,
                decimal=self.words.decimal,
            )


@contextmanager
def _in_words_of_the_command_line() -> Iterator[None]:
    """Name options where the library names arguments."""
    try:
        yield
    except OutputWriteError as error:
        hint = "free some space, or name another folder with --scratch DIR"
        raise error.reworded(hint=hint) from error
    except ParameterError as error:
        word = error.problem.partition(" ")[0]
        of_text = word in ("delimiter", "decimal")
        raise error.reworded(problem=f"--{error.problem}" if of_text else None) from error
    except TableError as error:
        hint = "--columns or --drop to choose columns of numbers"
        raise error.reworded(hint=hint if "drop=" in error.hint else None) from error
