"""How a lesson speaks of rows and columns: numbers with units, rows by a name that people use."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import check_rows
from gmmkit.errors import ParameterError

# What a column's name may end in, and how it is written behind a number.
_UNITS = {unit: unit for unit in ("mg", "g", "kg", "mm", "cm", "m", "km", "ms", "s", "min", "h")}
_UNITS |= {"deg": "°", "percent": "%", "eur": "EUR", "usd": "USD"}
_MOST_DECIMALS = 12


@dataclass(frozen=True)
class Quantity:
    """What a column measures.

    Attributes
    ----------
    name : str
    unit : str
        Empty if the column's name does not tell.
    decimals : int
        Digits behind the point that are worth showing.

    Examples
    --------
    >>> weight = Quantity("weight", "g", 0)
    >>> weight.label, weight.written(181.7)
    ('weight (g)', '182 g')
    """

    name: str
    unit: str
    decimals: int

    @property
    def label(self) -> str:
        """The name of an axis."""
        return f"{self.name} ({self.unit})" if self.unit else self.name

    def written(self, value: float) -> str:
        """Return a number of this quantity with its unit."""
        number = f"{value:.{self.decimals}f}"
        space = "" if self.unit in ("", "°") else " "
        return f"{number}{space}{self.unit}"


@dataclass(frozen=True)
class Wording:
    """The words for one table.

    Attributes
    ----------
    quantities : tuple of Quantity
        One a column.
    thing : str
        What a row is, in the singular; the plural takes an s.

    Examples
    --------
    >>> wording = Wording.of(["weight_g", "sepal length (cm)"], [[180, 4.1], [160, 4.5]])
    >>> [quantity.label for quantity in wording.quantities]
    ['weight (g)', 'sepal length (cm)']
    >>> wording.place([171, 4.25])
    '171 g, 4.25 cm'
    >>> wording.count(1), wording.count(2)
    ('1 row', '2 rows')
    """

    quantities: tuple[Quantity, ...]
    thing: str = "row"

    @classmethod
    def of(cls, names: Sequence[str], rows: npt.ArrayLike, *, thing: str = "row") -> "Wording":
        """Return the words for columns of these names, as many digits as their spread deserves.

        Parameters
        ----------
        names : sequence of str
            One a column. A unit may stand at the end: ``weight_g``, ``sepal length (cm)``.
        rows : array_like of shape (N, D)
        thing : str
            What a row is.

        Raises
        ------
        ParameterError
            If there are not as many names as columns.
        """
        array = check_rows(rows)
        if len(names) != array.shape[1]:
            raise ParameterError(
                "names do not match the columns",
                found=f"{len(names)} names for {array.shape[1]} columns",
                needed="one a column",
            )
        spreads = array.std(axis=0)
        pairs = zip(names, spreads, strict=True)
        return cls(tuple(Quantity(*_named(n), _decimals(s)) for n, s in pairs), thing)

    def place(self, values: npt.ArrayLike) -> str:
        """Return where a row or a center is."""
        pairs = zip(self.quantities, np.asarray(values, dtype=np.float64), strict=True)
        return ", ".join(quantity.written(float(value)) for quantity, value in pairs)

    def count(self, number: int) -> str:
        """Return how many rows, in words."""
        return f"{number} {self.thing}" if number == 1 else f"{number} {self.thing}s"

    def row(self, index: int, values: npt.ArrayLike) -> str:
        """Return which row, counted from 1, and where it is."""
        return f"{self.thing} {index + 1} ({self.place(values)})"


def letter(component: int) -> str:
    """Return what a component is called: A for the first.

    Examples
    --------
    >>> letter(0), letter(27)
    ('A', 'B1')
    """
    again, place = divmod(component, 26)
    return chr(ord("A") + place) + (str(again) if again else "")


def percent(share: float) -> str:
    """Return a share in whole percent; only what is all or nothing is called so.

    Examples
    --------
    >>> percent(0.517), percent(0.9999), percent(1.0), percent(0.001)
    ('52 %', '>99 %', '100 %', '<1 %')
    """
    if 0 < share < 0.005:
        return "<1 %"
    if 0.995 <= share < 1:
        return ">99 %"
    return f"{share:.0%}".replace("%", " %")


def _named(column: str) -> tuple[str, str]:
    """Split the name of a column into what it measures and the unit."""
    bracketed = re.fullmatch(r"(.+?)\s*[\(\[](.+)[\)\]]", column)
    if bracketed:
        return bracketed[1].replace("_", " "), bracketed[2]
    name, _, end = column.rpartition("_")
    if name and end.lower() in _UNITS:
        return name.replace("_", " "), _UNITS[end.lower()]
    return column.replace("_", " "), ""


def _decimals(spread: float) -> int:
    """Two digits of the spread: what is finer says nothing about a bell."""
    if spread <= 0:
        return 0
    return min(max(1 - floor(log10(spread)), 0), _MOST_DECIMALS)
