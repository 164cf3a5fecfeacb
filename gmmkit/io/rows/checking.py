"""Rows of a file, checked when they are read: every error names the file and the rows."""

from collections.abc import Sequence

import numpy as np

from gmmkit.core.checks import LARGEST_MAGNITUDE, Float64Array, FloatArray
from gmmkit.errors import TableError

_FINITE = "finite numbers"


def row_range(start: int, stop: int) -> str:
    """Return consecutive rows in words, numbered from 0.

    Examples
    --------
    >>> row_range(0, 512)
    'rows 0 to 511'
    """
    return f"rows {start} to {stop - 1}"


def check_finite(
    rows: FloatArray, first_row: int, label: str, names: Sequence[int | str] | None = None
) -> None:
    """Refuse rows with numbers that are none, or too large to square.

    Parameters
    ----------
    rows : ndarray of shape (n, D)
    first_row : int
        The place of the first of them in the file.
    label : str
        The file's name, for the error.
    names : sequence of int or str, optional
        What the file calls the columns; they are numbered from 0 by default.

    Raises
    ------
    TableError

    Examples
    --------
    >>> check_finite(np.array([[1.0], [np.nan]]), 512, "rows.npy")
    Traceback (most recent call last):
    ...
    gmmkit.errors.TableError: rows.npy contains NaN or infinity: found the first in row 513, \
column 0, among rows 512 to 513; needed finite numbers. Try: drop or fill such rows first.
    """
    flat = rows.reshape(-1)
    with np.errstate(over="ignore", invalid="ignore"):
        # One product tells of all that they are usable: it is NaN or large if any is not.
        usable = float(np.vdot(flat, flat)) <= LARGEST_MAGNITUDE**2
    if not usable:
        _look_closely(rows, first_row, label, names or range(rows.shape[1]))


def _look_closely(rows: FloatArray, first_row: int, label: str, names: Sequence[int | str]) -> None:
    among = f"among {row_range(first_row, first_row + len(rows))}"
    unusable = ~np.isfinite(rows)
    if unusable.any():
        row, column = np.argwhere(unusable)[0].tolist()
        raise TableError(
            f"{label} contains NaN or infinity",
            found=f"the first in row {first_row + row}, column {names[column]!r}, {among}",
            needed=_FINITE,
            hint="drop or fill such rows first",
        )
    largest = np.abs(rows).max(axis=1)
    row = int(largest.argmax())
    if float(largest[row]) > LARGEST_MAGNITUDE:
        raise TableError(
            f"{label} has numbers too large to square",
            found=f"{largest[row]:.1e} in row {first_row + row}, {among}",
            needed=f"magnitudes up to {LARGEST_MAGNITUDE:.0e}",
            hint="divide the columns by their spread",
        )


def check_frequencies(weights: Float64Array, first_row: int, label: str) -> None:
    """Refuse weights of rows that are no frequencies.

    Parameters
    ----------
    weights : ndarray of shape (n,)
    first_row : int
    label : str

    Raises
    ------
    TableError

    Examples
    --------
    >>> check_frequencies(np.array([1.0, -1.0]), 0, "rows.npy")
    Traceback (most recent call last):
    ...
    gmmkit.errors.TableError: rows.npy has a weight that is no frequency: found -1.0 in row 1, \
among rows 0 to 1; needed finite numbers of at least 0. Try: use 0 to leave a row out.
    """
    usable = (weights >= 0) & (weights <= LARGEST_MAGNITUDE)
    if not usable.all():
        row = int(np.argmin(usable))
        raise TableError(
            f"{label} has a weight that is no frequency",
            found=f"{weights[row]} in row {first_row + row}, "
            f"among {row_range(first_row, first_row + len(weights))}",
            needed=f"{_FINITE} of at least 0",
            hint="use 0 to leave a row out",
        )


def no_weight(label: str) -> TableError:
    """Return the error of weights that leave no row.

    Examples
    --------
    >>> print(no_weight("rows.npy"))
    the weights in rows.npy leave no row: found all zero; needed at least one positive weight.
    """
    return TableError(
        f"the weights in {label} leave no row",
        found="all zero",
        needed="at least one positive weight",
    )
