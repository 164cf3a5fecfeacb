"""What is asked of a table: which columns, as numbers or as text, and how its cells are written."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gmmkit.errors import ParameterError, TableError

LARGEST_TABLE = 2_000_000_000
MOST_COLUMNS = 10_000
_NO_DELIMITERS = frozenset("\"'\r\n\0+-.0123456789")
_NAMES_SHOWN = 8


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to read of a table, and how.

    Parameters
    ----------
    numeric : tuple of str, optional
        Columns of which every cell has to be a number. None takes every column that is not in
        `text`: as numbers if they all are, else as text.
    text : tuple of str
        Columns to keep letter by letter.
    missing : str
        ``"refuse"``, or ``"keep"`` for NaN in the place of a missing number.
    delimiter : str, optional
        What parts the cells of a text file; None finds out whether it is a comma or a tab.
    decimal : str
        The decimal mark, ``"."`` or ``","``.
    largest : int
        The largest content accepted, in bytes, after decompression.

    Raises
    ------
    ParameterError
        If a word is unknown, or the delimiter cannot be one.

    Examples
    --------
    >>> Wanted(numeric=("weight",), decimal=",", delimiter=";").missing
    'refuse'
    """

    numeric: tuple[str, ...] | None = None
    text: tuple[str, ...] = ()
    missing: str = "refuse"
    delimiter: str | None = None
    decimal: str = "."
    largest: int = LARGEST_TABLE

    def __post_init__(self) -> None:
        _check_word(self.missing, "missing", ("refuse", "keep"))
        _check_word(self.decimal, "decimal", (".", ","))
        if self.delimiter is not None:
            _check_delimiter(self.delimiter, self.decimal)

    def check(self, names: Sequence[str], label: str) -> None:
        """Refuse what a table with these columns does not have.

        Raises
        ------
        TableError
            Naming the first column that is asked for and missing.

        Examples
        --------
        >>> Wanted(numeric=("weight",)).check(["Weight", "height"], "t.csv")
        Traceback (most recent call last):
        ...
        gmmkit.errors.TableError: t.csv has no column 'weight': found 'Weight', 'height'. Try: \
'Weight'.
        """
        for name in (*(self.numeric or ()), *self.text):
            check_column(name, names, label)

    def is_number(self, name: str) -> bool:
        """Tell whether a column is read as numbers, as far as is known beforehand."""
        return name not in self.text if self.numeric is None else name in self.numeric


def check_column(name: str, names: Sequence[str], label: str) -> None:
    """Refuse the name of a column that a table does not have.

    Raises
    ------
    TableError
        Naming the columns that are there.

    Examples
    --------
    >>> check_column("a", ["a", "b"], "t.csv")
    """
    if name in names:
        return
    folded = {each.casefold(): each for each in names}
    near = difflib.get_close_matches(name.casefold(), folded, n=1)
    raise TableError(
        f"{label} has no column {name!r}",
        found=listed(names),
        hint=repr(folded[near[0]]) if near else "name one of the columns that are there",
    )


def listed(names: Iterable[str]) -> str:
    """Write names one after the other, the first few of very many.

    Examples
    --------
    >>> listed(["a", "b"])
    "'a', 'b'"
    """
    known = list(names)
    more = f" and {len(known) - _NAMES_SHOWN:,} more" if len(known) > _NAMES_SHOWN else ""
    return ", ".join(f"{name!r:.60}" for name in known[:_NAMES_SHOWN]) + more


def check_names(names: Sequence[str], label: str) -> None:
    """Refuse columns that cannot be told apart by their names.

    Raises
    ------
    TableError
        If there are none or too many, or one is empty or there twice.

    Examples
    --------
    >>> check_names(["a", "b"], "t.csv")
    """
    if not 0 < len(names) <= MOST_COLUMNS:
        raise TableError(
            f"{label} has too {'many' if names else 'few'} columns",
            found=f"{len(names):,}",
            needed=f"1 to {MOST_COLUMNS:,}",
        )
    if "" in names:
        raise TableError(
            f"column {names.index('') + 1} of {label} has no name",
            needed="a name for each column in the first line",
            hint="name it; if it numbers the rows, write the table without it",
        )
    if len(set(names)) < len(names):
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        places = [str(place) for place, name in enumerate(names, start=1) if name == twice]
        raise TableError(
            f"{label} has columns of the same name",
            found=f"{twice!r:.60} in columns {', '.join(places[:_NAMES_SHOWN])}",
            needed="each name once",
        )


def _check_word(value: str, name: str, words: tuple[str, str]) -> None:
    if value not in words:
        raise ParameterError(
            f"{name} is not usable", found=repr(value), needed=f"{words[0]!r} or {words[1]!r}"
        )


def _check_delimiter(delimiter: str, decimal: str) -> None:
    usable = len(delimiter) == 1 and delimiter not in _NO_DELIMITERS and delimiter.isascii()
    if not usable or delimiter == decimal:
        raise ParameterError(
            "the delimiter is not usable",
            found=repr(delimiter),
            needed="one character that stands in no number, such as ';' or a tab",
        )
