"""Columns that grow block by block: cells become numbers strictly, or stay the text they are."""

import math
import re
import warnings
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.errors import DataWarning, TableError

MISSING_WORDS = frozenset({"", "na", "n/a", "nan", "-nan", "null", "none"})
# From here on a float64 may stand for several whole numbers.
INEXACT_FROM = 2.0**53
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_INFINITY = re.compile(r"[+-]?inf(inity)?", re.ASCII | re.IGNORECASE)
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?", re.ASCII)
_DECIMAL_POINT = re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?", re.ASCII)


class Column(Protocol):
    """What a reader fills."""

    def add_cells(self, cells: Sequence[str], lines: Sequence[int]) -> None:
        """Take the next cells, with the lines that they are in."""
        ...

    def finish(self) -> npt.NDArray[Any]:
        """Return the whole column."""
        ...


class TextColumn:
    """Cells kept letter by letter.

    Examples
    --------
    >>> column = TextColumn()
    >>> column.add_cells(["007", "008"], [2, 3])
    >>> column.finish().tolist()
    ['007', '008']
    """

    def __init__(self) -> None:
        self._cells: list[str] = []

    def add_cells(self, cells: Sequence[str], lines: Sequence[int]) -> None:
        """Take the next cells."""
        self._cells.extend(cells)

    def finish(self) -> npt.NDArray[np.object_]:
        """Return the column as an array of str."""
        return text_array(self._cells)


class NumberColumn:
    """Cells read as numbers.

    Parameters
    ----------
    name : str
        As in the header.
    label : str
        The file's name, for errors.
    decimal : str
        ``"."`` or ``","``.
    keep_missing : bool
        Let NaN stand where a number is missing.
    required : bool
        Refuse text. Otherwise `is_text` says that there was some.

    Examples
    --------
    >>> column = NumberColumn("a", "t.csv", decimal=",")
    >>> column.add_cells(["1,5", "-2"], [2, 3])
    >>> column.finish()
    array([ 1.5, -2. ])
    """

    def __init__(
        self,
        name: str,
        label: str,
        *,
        decimal: str = ".",
        keep_missing: bool = False,
        required: bool = True,
    ) -> None:
        self.name = name
        self.is_text = False
        self._label = label
        self._decimal = decimal
        self._keep_missing = keep_missing
        self._required = required
        self._parts: list[Float64Array] = []
        self._doubt: TableError | None = None
        self._inexact: str | None = None
        self._has_number = False

    def add_values(self, values: Float64Array) -> None:
        """Take the next cells as finite numbers that somebody else has read."""
        self._parts.append(values)
        self._has_number = True

    def add_cells(self, cells: Sequence[str], lines: Sequence[int]) -> None:
        """Take the next cells.

        Raises
        ------
        TableError
            If one is text and numbers are required, naming its line.
        """
        if self.is_text:
            return
        values = [number_in(cell, self._decimal) for cell in cells]
        if None in values:
            self._meet_text(cells, lines, values.index(None))
            return
        array = np.array(values, dtype=np.float64)
        self._look_for_doubt(cells, lines, array)
        self._has_number = self._has_number or not bool(np.isnan(array).all())
        self._parts.append(array)

    def finish(self) -> Float64Array:
        """Return the whole column.

        Raises
        ------
        TableError
            If a number was missing or infinite, naming the first such line.

        Warns
        -----
        DataWarning
            If a whole number has more digits than float64 keeps.
        """
        values = self.drain()
        if self._inexact is not None:
            warn_of_lost_digits(self.name, self._label, self._inexact)
        return values

    def drain(self) -> Float64Array:
        """Return what was taken since this was called last, and forget it.

        Raises
        ------
        TableError
            As :meth:`finish`.
        """
        if self._doubt is not None:
            raise self._doubt
        values = np.concatenate([np.empty(0), *self._parts])
        self._parts.clear()
        return values

    @property
    def holds_no_number(self) -> bool:
        """Whether every cell so far was missing."""
        return not self._has_number

    def _meet_text(self, cells: Sequence[str], lines: Sequence[int], place: int) -> None:
        if self._required:
            raise text_cell(self.name, self._label, f"line {lines[place]}", cells[place])
        self.is_text = True
        self._parts.clear()

    def _look_for_doubt(
        self, cells: Sequence[str], lines: Sequence[int], array: Float64Array
    ) -> None:
        refused = np.isinf(array) if self._keep_missing else ~np.isfinite(array)
        if self._doubt is None and refused.any():
            place = int(np.flatnonzero(refused)[0])
            where = f"line {lines[place]}"
            self._doubt = unusable_cell(self.name, self._label, where, cells[place])
        if self._inexact is None and (np.abs(array) >= INEXACT_FROM).any():
            self._inexact = next(filter(_loses_digits, cells), None)


def number_in(cell: str, decimal: str = ".") -> float | None:
    """Return the number in a cell: NaN where it is missing, None where there is text.

    Examples
    --------
    >>> number_in(" 1e3"), number_in("NA"), number_in("1_000"), number_in("1,5", ",")
    (1000.0, nan, None, 1.5)
    """
    word = cell.strip()
    if decimal == ",":
        word = "text" if "." in word else word.replace(",", ".")
    if _NUMBER.fullmatch(word):
        return float(word)
    if word.casefold() in MISSING_WORDS:
        return math.nan
    return float(word) if _INFINITY.fullmatch(word) else None


def text_array(cells: Sequence[str]) -> npt.NDArray[np.object_]:
    """Return cells as an array of str objects, of whatever lengths.

    Examples
    --------
    >>> text_array(["a", "long"]).shape
    (2,)
    """
    array = np.empty(len(cells), dtype=object)
    array[:] = cells
    return array


def text_cell(name: str, label: str, where: str, cell: str) -> TableError:
    """Return the error of a cell that should be a number and is text.

    Examples
    --------
    >>> print(text_cell("height", "t.csv", "line 3", "1,5"))
    t.csv has text where a number has to be: found '1,5' in line 3, column 'height'. Try: \
--decimal , (decimal=',') if commas are decimal marks.
    """
    word = cell.strip()
    hint = f"leave the column out (--drop {name}), or mend the cell"
    if _DECIMAL_COMMA.fullmatch(word):
        hint = "--decimal , (decimal=',') if commas are decimal marks"
    elif _DECIMAL_POINT.fullmatch(word):
        hint = "leave --decimal out: points are decimal marks here"
    return TableError(
        f"{label} has text where a number has to be",
        found=f"{cell!r:.60} in {where}, column {name!r:.60}",
        hint=hint,
    )


def unusable_cell(name: str, label: str, where: str, cell: str) -> TableError:
    """Return the error of a number that is missing, infinite, or beyond all limits.

    Examples
    --------
    >>> print(unusable_cell("height", "t.csv", "line 3", ""))
    t.csv has no number in a cell: found nothing in line 3, column 'height'. Try: --missing \
(missing='keep') if numbers may be missing, or leave the row out.
    """
    missing = cell.strip().casefold() in MISSING_WORDS
    hint = "--missing (missing='keep') if numbers may be missing, or leave the row out"
    return TableError(
        f"{label} has {'no' if missing else 'an infinite'} number in a cell",
        found=f"{repr(cell)[:60] if cell else 'nothing'} in {where}, column {name!r:.60}",
        hint=hint if missing else "leave the row out, or clear the cell and allow --missing",
    )


def warn_of_lost_digits(name: str, label: str, example: str) -> None:
    """Warn that a column has whole numbers that float64 cannot tell apart.

    Examples
    --------
    >>> with warnings.catch_warnings(record=True, action="always") as warned:
    ...     warn_of_lost_digits("id", "t.csv", "9007199254740993")
    >>> len(warned)
    1
    """
    warnings.warn(
        DataWarning(
            f"column {name!r:.60} of {label} has whole numbers beyond 2**53, such as "
            f"{example:.40}, which lose digits: keep such a column as text, or subtract an offset"
        ),
        stacklevel=2,
    )


def _loses_digits(cell: str) -> bool:
    word = cell.strip()
    if not _WHOLE.fullmatch(word):
        return False
    digits = word.lstrip("+-0")
    # Longer ones are infinite as float64, which is refused anyway.
    return INEXACT_FROM <= float(digits or "0") < math.inf and int(digits) != int(float(digits))
