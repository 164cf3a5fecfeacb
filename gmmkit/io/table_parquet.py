"""A table from a Parquet file, through polars."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.errors import MissingDependencyError, TableError
from gmmkit.io.reading import read_regular_file
from gmmkit.io.table_cells import (
    INEXACT_FROM,
    text_array,
    text_cell,
    unusable_cell,
    warn_of_lost_digits,
)
from gmmkit.io.table_request import Wanted, check_names

if TYPE_CHECKING:
    import polars

_BYTES_OF_A_NUMBER = 8


def require_polars(what: str) -> ModuleType:
    """Return polars, or say how to get it.

    Raises
    ------
    MissingDependencyError

    Examples
    --------
    >>> require_polars("t.parquet").__name__
    'polars'
    """
    try:
        import polars
    except ImportError as error:
        raise MissingDependencyError(
            f"{what} needs polars",
            found="no polars",
            needed="the extra 'tables'",
            hint='pip install "gmmkit[tables]", or use CSV',
        ) from error
    return polars


def parquet_names(path: str | os.PathLike[str], wanted: Wanted) -> tuple[str, ...]:
    """Return the names of the columns of a Parquet file.

    Raises
    ------
    FileAccessError, MissingDependencyError, TableError
    """
    with _opened(path, wanted) as frame:
        return tuple(frame.collect_schema().names())


def read_parquet(
    path: str | os.PathLike[str], wanted: Wanted
) -> tuple[tuple[str, ...], dict[str, npt.NDArray[Any]]]:
    """Return the names of all columns of a Parquet file, and the columns that are wanted.

    Raises
    ------
    FileAccessError
        If the file cannot be read.
    MissingDependencyError
        If polars is not installed.
    TableError
        If it is damaged, too large, or a column is not what was asked for.
    """
    label = str(path)
    with _opened(path, wanted) as lazy:
        names = tuple(lazy.collect_schema().names())
        wanted.check(names, label)
        chosen = [name for name in names if wanted.is_number(name) or name in wanted.text]
        _check_size(lazy, len(chosen), wanted, label)
        frame = lazy.select(chosen).collect()
    return names, {name: _column(frame[name], wanted, label) for name in chosen}


@contextmanager
def _opened(path: str | os.PathLike[str], wanted: Wanted) -> Iterator["polars.LazyFrame"]:
    polars = require_polars(f"reading the Parquet file {path}")
    payload = read_regular_file(path, wanted.largest)
    with damage_told(str(path)):
        frame = polars.scan_parquet(io.BytesIO(payload))
        check_names(tuple(frame.collect_schema().names()), str(path))
        yield frame


@contextmanager
def damage_told(label: str, what: str = "") -> Iterator[None]:
    """Say of a Parquet file that it is damaged, where polars says why.

    Parameters
    ----------
    label : str
        The file's name.
    what : str, optional
        What was read of it.

    Raises
    ------
    TableError

    Examples
    --------
    >>> import polars
    >>> with damage_told("t.parquet", "rows 0 to 9"):
    ...     raise polars.exceptions.ComputeError("bad page")
    Traceback (most recent call last):
    ...
    gmmkit.errors.TableError: t.parquet is a damaged Parquet file: found bad page in rows 0 to 9. \
Try: copy or write it again.
    """
    polars = require_polars(label)
    # Polars panics, beyond Exception, on some damaged files.
    damage = (polars.exceptions.PolarsError, polars.exceptions.PanicException)
    try:
        yield
    except damage as error:
        reason = str(error).partition("\n")[0]
        raise TableError(
            f"{label} is a damaged Parquet file",
            found=f"{reason:.200} in {what}" if what else reason,
            hint="copy or write it again",
        ) from error


def _check_size(lazy: "polars.LazyFrame", width: int, wanted: Wanted, label: str) -> None:
    """Refuse what would be too large or empty; the sizes are in the file's last bytes."""
    polars = require_polars(label)
    n_rows = int(lazy.select(polars.len()).collect().item())
    if n_rows == 0:
        raise TableError(f"{label} has no rows", found="columns alone", needed="rows")
    if n_rows * width * _BYTES_OF_A_NUMBER > wanted.largest:
        raise TableError(
            f"{label} is too large",
            found=f"{n_rows:,} rows of {width:,} columns",
            needed=f"at most {wanted.largest // _BYTES_OF_A_NUMBER:,} numbers",
            hint="choose columns (--columns), or write it in parts",
        )


def _column(series: "polars.Series", wanted: Wanted, label: str) -> npt.NDArray[Any]:
    if series.name in wanted.text:
        return _texts(series, label)
    if series.dtype.is_numeric() or str(series.dtype) == "Boolean":
        return _numbers(series, wanted, label)
    if wanted.numeric is None:
        return _texts(series, label)
    place = int((~series.is_null()).arg_max() or 0)
    raise text_cell(series.name, label, f"row {place + 1}", str(series[place]))


def _texts(series: "polars.Series", label: str) -> npt.NDArray[np.object_]:
    if series.dtype.is_nested() or str(series.dtype) in ("Binary", "Object"):
        raise TableError(
            f"column {series.name!r:.60} of {label} cannot be read",
            found=f"values of type {series.dtype}",
            needed="numbers, text or dates",
            hint="leave the column out, or unpack it first",
        )
    strings = series.cast(require_polars(label).String)
    return text_array(strings.fill_null("").to_list())


def _numbers(series: "polars.Series", wanted: Wanted, label: str) -> Float64Array:
    polars = require_polars(label)
    values = np.array(series.cast(polars.Float64).to_numpy(), dtype=np.float64)
    refused = np.isinf(values) if wanted.missing == "keep" else ~np.isfinite(values)
    if refused.any():
        place = int(np.flatnonzero(refused)[0])
        cell = "" if np.isnan(values[place]) else str(values[place])
        raise unusable_cell(series.name, label, f"row {place + 1}", cell)
    if series.dtype.is_integer():
        _warn_of_lost_digits(series, values, label)
    return values


def _warn_of_lost_digits(series: "polars.Series", values: Float64Array, label: str) -> None:
    for place in np.flatnonzero(np.abs(values) >= INEXACT_FROM).tolist():
        if int(series[place]) != int(values[place]):
            warn_of_lost_digits(series.name, label, str(series[place]))
            return
