"""Arguments and arrays checked once, at the edge of the core, with errors that say what to do."""

import warnings
from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.errors import DataWarning, InputError, ParameterError

FloatArray = npt.NDArray[np.floating[Any]]
Float64Array = npt.NDArray[np.float64]

# Squares of deviations have to stay inside float64: beyond this they would overflow or vanish.
LARGEST_MAGNITUDE = 1e150
# Looked at for the largest and the smallest while they are in the second cache.
_CHECKED_NUMBERS = 2**17


def check_rows(
    rows: npt.ArrayLike, *, n_features: int | None = None, finite: bool = True
) -> FloatArray:
    """Return `rows` as a finite two-dimensional float32 or float64 array, copied only if needed.

    Parameters
    ----------
    rows : array_like of shape (N, D)
        Real numbers. float32 stays float32; every other real type becomes float64.
    n_features : int, optional
        The number of columns that a model asks for.
    finite : bool
        Whether to look for NaN, infinity and what is too large; False leaves that to the caller.

    Raises
    ------
    InputError
        If the array is sparse, masked, complex, of objects, not two-dimensional, empty, not
        finite, or of another width than `n_features`.

    Examples
    --------
    >>> check_rows([[1, 2], [3, 4]]).dtype
    dtype('float64')
    """
    array = _as_float(rows)
    _check_shape(array, n_features)
    if finite:
        check_finite(array)
    return array


def _as_float(rows: npt.ArrayLike) -> FloatArray:
    if hasattr(rows, "toarray") and hasattr(rows, "nnz"):
        raise InputError(
            "rows are sparse",
            found=type(rows).__name__,
            needed="a dense array",
            hint="call .toarray() if it fits in memory",
        )
    if isinstance(rows, np.ma.MaskedArray) and np.ma.is_masked(rows):
        raise InputError(
            "rows are masked",
            found=f"{int(np.sum(rows.mask))} masked values",
            needed="plain numbers",
            hint="drop or fill the masked rows first",
        )
    array = _as_array(rows, "rows")
    if array.dtype.kind not in "fiub":
        array = _from_objects(array)
    if array.dtype.kind in "iu":
        _warn_of_large_integers(array)
    if array.dtype.kind == "f" and array.dtype.itemsize == 4:
        return np.ascontiguousarray(array, dtype=np.float32)
    return np.ascontiguousarray(array, dtype=np.float64)


def _as_array(values: npt.ArrayLike, name: str) -> npt.NDArray[Any]:
    try:
        return np.asarray(values)
    except (TypeError, ValueError) as problem:
        raise InputError(
            f"{name} do not form an array",
            found=str(problem),
            needed="as many numbers in every row",
        ) from problem


def _warn_of_large_integers(array: npt.NDArray[Any]) -> None:
    limit = 2**53
    if (
        array.dtype.itemsize == 8
        and array.size
        and max(-int(array.min()), int(array.max())) > limit
    ):
        warnings.warn(
            DataWarning("integers beyond 2**53 lose digits as float64: subtract an offset first"),
            stacklevel=4,
        )


def _from_objects(array: npt.NDArray[Any], name: str = "rows") -> Float64Array:
    if array.dtype.kind == "O":
        try:
            return array.astype(np.float64)
        except (TypeError, ValueError) as problem:
            raise InputError(
                f"{name} are not all numbers",
                found=str(problem),
                needed="real numbers",
                hint="encode or drop text columns",
            ) from problem
    raise InputError(
        f"{name} are not real numbers",
        found=f"dtype {array.dtype}",
        needed="float32, float64 or integers",
        hint="split complex numbers into two columns, or encode text",
    )


def _check_shape(array: FloatArray, n_features: int | None) -> None:
    if array.ndim != 2:
        raise InputError(
            "rows need two dimensions",
            found=f"shape {array.shape}",
            needed="(rows, columns)",
            hint="use x[:, None] for one column or x[None, :] for one row",
        )
    if array.shape[0] == 0 or array.shape[1] == 0:
        raise InputError(
            "there is nothing to work on",
            found=f"shape {array.shape}",
            needed="at least one row and one column",
        )
    if n_features is not None and array.shape[1] != n_features:
        raise InputError(
            "rows have the wrong width",
            found=f"{array.shape[1]} columns",
            needed=f"{n_features}, as in the model",
            hint="pass the columns that the model was fitted on, in that order",
        )


def check_finite(array: FloatArray, first_row: int = 0) -> None:
    """Refuse rows with NaN or infinity, and numbers that are too large to square.

    Parameters
    ----------
    array : ndarray of shape (n, D)
    first_row : int
        The number of the first of them, for the error.

    Raises
    ------
    InputError
        With the number of the first row that is unusable.

    Examples
    --------
    >>> check_finite(np.zeros((2, 3)))
    """
    block = max(1, _CHECKED_NUMBERS // array.shape[1])
    for start in range(0, len(array), block):
        piece = array[start : start + block]
        low, high = float(piece.min()), float(piece.max())
        if not (np.isfinite(low) and np.isfinite(high)):
            row = first_row + start + int(np.flatnonzero(~np.isfinite(piece).all(axis=1))[0])
            raise InputError(
                "rows contain NaN or infinity",
                found=f"the first in row {row}",
                needed="finite numbers",
                hint="drop or fill such rows first",
            )
        if max(-low, high) > LARGEST_MAGNITUDE:
            raise InputError(
                "rows are too large to square",
                found=f"values up to {max(-low, high):.1e}",
                needed=f"magnitudes up to {LARGEST_MAGNITUDE:.0e}",
                hint="divide the columns by their spread",
            )


def check_missing(missing: object) -> bool:
    """Return whether NaN means a missing value, rather than a mistake.

    Raises
    ------
    ParameterError
        If `missing` is neither ``"refuse"`` nor ``"marginalize"``.

    Examples
    --------
    >>> check_missing("marginalize")
    True
    """
    if missing not in ("refuse", "marginalize"):
        raise ParameterError(
            "missing values can be treated in two ways",
            found=repr(missing),
            needed="'refuse' or 'marginalize'",
        )
    return missing == "marginalize"


def check_precision(precision: object) -> None:
    """Refuse what is no precision of a log density.

    Raises
    ------
    ParameterError
        If it is neither ``"float64"`` nor ``"auto"``.

    Examples
    --------
    >>> check_precision("auto")
    """
    if precision not in ("float64", "auto"):
        raise ParameterError(
            "there is no such precision of a log density",
            found=repr(precision),
            needed="'float64' or 'auto'",
        )


def check_parameters(values: npt.ArrayLike, name: str) -> Float64Array:
    """Return a read-only, C-contiguous float64 copy of a model's parameters.

    Raises
    ------
    ParameterError
        If they are not real, finite numbers.

    Examples
    --------
    >>> check_parameters([1, 2], "weights").flags.writeable
    False
    """
    try:
        given = np.asarray(values)
        if given.dtype.kind == "c":
            raise ParameterError(f"{name} are complex", needed="real numbers")
        array: Float64Array = np.array(given, dtype=np.float64, order="C")
    except (TypeError, ValueError) as problem:
        if isinstance(problem, ParameterError):
            raise
        raise ParameterError(
            f"{name} are not numbers", found=str(problem), needed="real, finite numbers"
        ) from problem
    if not np.isfinite(array).all():
        raise ParameterError(f"{name} contain NaN or infinity", needed="finite numbers")
    array.flags.writeable = False
    return array


def check_weights(weights: npt.ArrayLike | None, n_rows: int) -> Float64Array | None:
    """Return `weights` as float64, or None when there are none.

    Parameters
    ----------
    weights : array_like of shape (N,) or None
        Frequencies: nonnegative, finite, not all zero. A number stands for every row.
    n_rows : int
        N.

    Raises
    ------
    InputError
        If their number, sign or sum is unusable.

    Examples
    --------
    >>> check_weights([1, 0, 2], 3)
    array([1., 0., 2.])
    """
    if weights is None:
        return None
    given = _as_array(weights, "sample_weight")
    if given.dtype.kind not in "fiub":
        given = _from_objects(given, "sample_weight")
    array = np.ascontiguousarray(np.broadcast_to(given, n_rows) if given.ndim == 0 else given)
    array = array.astype(np.float64, copy=False)
    if array.shape != (n_rows,):
        raise InputError(
            "sample_weight does not match the rows",
            found=f"shape {array.shape}",
            needed=f"({n_rows},)",
        )
    if not np.isfinite(array).all() or (array < 0).any():
        row = int(np.flatnonzero(~(np.isfinite(array) & (array >= 0)))[0])
        raise InputError(
            "sample_weight must be finite and nonnegative",
            found=f"{array[row]} in row {row}",
            hint="use 0 to leave a row out",
        )
    if float(array.max()) > LARGEST_MAGNITUDE:
        raise InputError(
            "sample_weight is too large to sum",
            found=f"{array.max():.1e}",
            needed=f"at most {LARGEST_MAGNITUDE:.0e}",
        )
    if not array.any():
        raise InputError(
            "sample_weight leaves no row", found="all zero", needed="at least one positive weight"
        )
    return array


def check_count(value: object, name: str, *, least: int = 1) -> int:
    """Return `value` as an int of at least `least`; True, 2.5 and "3" are refused.

    Examples
    --------
    >>> check_count(5, "n_components")
    5
    """
    if isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least:
        return int(value)
    raise ParameterError(
        f"{name} is not usable", found=repr(value), needed=f"a whole number of at least {least}"
    )


def random_generator(seed: object, name: str = "seed") -> np.random.Generator:
    """Return a generator of random numbers for a seed that a user gave.

    Raises
    ------
    ParameterError
        If it is no nonnegative whole number, generator or None.

    Examples
    --------
    >>> random_generator(0).integers(10) == random_generator(0).integers(10)
    np.True_
    """
    usable = isinstance(seed, Integral | np.random.Generator | np.random.SeedSequence | None)
    if not usable or isinstance(seed, bool) or (isinstance(seed, Integral) and int(seed) < 0):
        raise ParameterError(
            f"{name} is not usable",
            found=repr(seed),
            needed="a nonnegative whole number, or None",
        )
    return np.random.default_rng(seed)  # type: ignore[arg-type]


def check_nonnegative(value: object, name: str) -> float:
    """Return `value` as a finite float of at least zero.

    Examples
    --------
    >>> check_nonnegative(0.5, "tol")
    0.5
    """
    if isinstance(value, Real) and not isinstance(value, bool) and 0 <= float(value) < np.inf:
        return float(value)
    raise ParameterError(
        f"{name} is not usable", found=repr(value), needed="a finite number of at least 0"
    )
