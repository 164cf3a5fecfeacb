"""What the columns are called and measured in, and numbers written to the digits that they have."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

from gmmkit.errors import ParameterError

# Outside of these a number is written with an exponent.
_SMALLEST_PLAIN, _LARGEST_PLAIN = 1e-5, 1e9


@dataclass(frozen=True)
class Columns:
    """The columns of the data.

    Attributes
    ----------
    names : tuple of str
    units : tuple of str
        Empty where a column has none.

    Examples
    --------
    >>> Columns(("height", "count"), ("cm", "")).titles
    ('height (cm)', 'count')
    """

    names: tuple[str, ...]
    units: tuple[str, ...]

    @property
    def titles(self) -> tuple[str, ...]:
        """Names with their units."""
        both = zip(self.names, self.units, strict=True)
        return tuple(f"{name} ({unit})" if unit else name for name, unit in both)


def check_columns(
    names: Sequence[str] | None, units: Sequence[str] | None, n_features: int
) -> Columns:
    """Return the columns' names, x0, x1, ... where none are given, and their units.

    Raises
    ------
    ParameterError
        If there are not as many as columns, or two columns have one name.

    Examples
    --------
    >>> check_columns(None, ["cm", "kg"], 2).titles
    ('x0 (cm)', 'x1 (kg)')
    """
    called = [f"x{index}" for index in range(n_features)] if names is None else list(names)
    measured = [""] * n_features if units is None else list(units)
    for what, given in (("names", called), ("units", measured)):
        if isinstance(names if what == "names" else units, str) or len(given) != n_features:
            raise ParameterError(
                f"{what} do not match the columns",
                found=f"{len(given)} {what}",
                needed=f"{n_features}, one a column",
            )
    twice = sorted({name for name in called if called.count(name) > 1})
    if twice:
        raise ParameterError("two columns have one name", found=repr(twice[0]))
    return Columns(tuple(map(str, called)), tuple(map(str, measured)))


def with_spread(center: float, spread: float) -> str:
    """Return a center and its spread to the digits that the spread leaves meaning to.

    Examples
    --------
    >>> with_spread(5.00612, 0.34895), with_spread(48_231.7, 3_120.9)
    ('5.01 ± 0.35', '48,232 ± 3,121')
    """
    decimals = max(0, 1 - floor(log10(spread)))
    small = 0 < max(abs(center), spread) < _SMALLEST_PLAIN
    if small or max(abs(center), spread) > _LARGEST_PLAIN or decimals > 12:
        return f"{center:.3e} ± {spread:.1e}"
    return f"{center:,.{decimals}f} ± {spread:,.{decimals}f}"


def percent(share: float) -> str:
    """Return a share as a person reads it; what is there is never shown as nothing.

    Examples
    --------
    >>> percent(0.125), percent(0.0002), percent(0.0)
    ('12.5 %', '< 0.1 %', '0 %')
    """
    if share == 0:
        return "0 %"
    return "< 0.1 %" if share < 0.0005 else f"{100 * share:.1f} %"


def counted(number: float, noun: str) -> str:
    """Return a number of things; weights may make it a fraction.

    Examples
    --------
    >>> counted(1, "start"), counted(12_000.0, "row"), counted(2.5, "row")
    ('1 start', '12,000 rows', '2.5 rows')
    """
    digits = 0 if number == round(number) else 1
    return f"{number:,.{digits}f} {noun}{'' if number == 1 else 's'}"
