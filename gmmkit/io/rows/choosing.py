"""Which columns of a file are rows to fit, and which one says how often each row counts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from gmmkit.errors import ParameterError, TableError
from gmmkit.io.table_request import check_column

Name = TypeVar("Name", str, int)


@dataclass(frozen=True)
class Choice:
    """Columns as a caller names them: by their names in a table, by number in an array.

    Parameters
    ----------
    columns : tuple of str or int, optional
        Those to fit, in this order. By default all that are not named otherwise.
    drop : tuple of str or int
        Those to leave out.
    weights : str or int, optional
        The frequencies of the rows.

    Raises
    ------
    ParameterError
        If a column is named twice, or is no name.

    Examples
    --------
    >>> Choice(drop=("id",), weights="n").among(("id", "a", "b", "n"), "t.csv")
    ('a', 'b')
    >>> Choice(columns=(2, 0)).among((0, 1, 2), "rows.npy")
    (2, 0)
    """

    columns: tuple[object, ...] | None = None
    drop: tuple[object, ...] = ()
    weights: object = None

    def __post_init__(self) -> None:
        named = [*(self.columns or ()), *self.drop, *self._weighing]
        wrong = [name for name in named if not _can_name(name)]
        if wrong:
            raise ParameterError(
                "this names no column",
                found=f"{wrong[0]!r:.80}",
                needed="names as str for tables, numbers from 0 for arrays",
            )
        twice = [name for place, name in enumerate(named) if name in named[:place]]
        if twice:
            raise ParameterError(
                "a column is asked for twice",
                found=f"{twice[0]!r:.80}",
                needed="each once, in columns, drop or weights",
            )

    @property
    def _weighing(self) -> tuple[object, ...]:
        return () if self.weights is None else (self.weights,)

    @classmethod
    def of(cls, columns: object, drop: object, weights: object) -> "Choice":
        """Return the choice that arguments make.

        Raises
        ------
        ParameterError
            If they are no lists of columns.

        Examples
        --------
        >>> Choice.of(["a"], (), None).columns
        ('a',)
        """
        listed = None if columns is None else _listed(columns, "columns")
        return cls(listed, _listed(drop, "drop"), weights)

    def among(self, there: Sequence[Name], label: str) -> tuple[Name, ...]:
        """Return the columns to fit, of those that are there.

        Raises
        ------
        TableError
            If one is asked for that is not there, or none is left.
        """
        for name in (*(self.columns or ()), *self.drop, *self._weighing):
            _check_there(name, there, label)
        left_out = {*self.drop, *self._weighing}
        chosen = tuple(name for name in there if name not in left_out)
        if self.columns is not None:
            chosen = tuple(each for name in self.columns for each in there if each == name)
        if not chosen:
            raise TableError(
                f"no column of {label} is left to fit",
                found=f"{len(there)} columns, all of them left out or weights",
                needed="at least one column",
            )
        return chosen


def _listed(names: object, argument: str) -> tuple[object, ...]:
    if isinstance(names, str | bytes) or not isinstance(names, Iterable):
        raise ParameterError(
            f"{argument} is no list of columns",
            found=repr(names)[:80],
            needed="such as ['height', 'weight']",
        )
    # Whole numbers of NumPy are numbers of columns as well.
    return tuple(name.item() if isinstance(name, np.integer) else name for name in names)


def _can_name(name: object) -> bool:
    return isinstance(name, str | int) and not isinstance(name, bool)


def _check_there(name: object, there: Sequence[str] | Sequence[int], label: str) -> None:
    if name in there:
        return
    if isinstance(there[0], str) and isinstance(name, str):
        check_column(name, [str(each) for each in there], label)
    by_name = isinstance(there[0], str)
    raise TableError(
        f"{label} has no column {name!r:.80}",
        found=f"columns with names, such as {there[0]!r:.60}"
        if by_name
        else f"columns 0 to {len(there) - 1}, without names",
        needed="a name" if by_name else "a number among them",
    )
