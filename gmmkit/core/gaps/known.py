"""What is known of a row: which of its cells were observed, and which components it may be from."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import FloatArray, check_rows
from gmmkit.errors import InputError

Indices = npt.NDArray[np.intp]
Truths = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Known:
    """What is known of some rows alike.

    Parameters
    ----------
    columns : tuple of bool
        Which of the D cells were observed.
    components : tuple of bool
        Which of the K components are allowed.
    labeled : bool
        Whether the components were named: then a row is not noise, even if all are allowed.

    Examples
    --------
    >>> Known((True, False), (True, True)).observed.tolist()
    [0]
    """

    columns: tuple[bool, ...]
    components: tuple[bool, ...]
    labeled: bool = False

    @cached_property
    def observed(self) -> Indices:
        """The columns that were observed."""
        return np.flatnonzero(self.columns)

    @cached_property
    def missing(self) -> Indices:
        """The columns that were not."""
        return np.flatnonzero(np.logical_not(self.columns))

    @cached_property
    def allowed(self) -> Indices:
        """The components that are allowed."""
        return np.flatnonzero(self.components)

    @property
    def complete(self) -> bool:
        """Whether every column was observed."""
        return all(self.columns)

    @property
    def ordinary(self) -> bool:
        """Whether nothing is missing and nothing is named: a row like any other."""
        return self.complete and not self.labeled


@dataclass(frozen=True, eq=False)
class Group:
    """The rows of which the same is known."""

    known: Known
    indices: Indices


@dataclass(frozen=True, eq=False)
class Labels:
    """The components that rows are known to be from, each set of components written once.

    Parameters
    ----------
    sets : ndarray of shape (S, K) of bool
        Different sets of allowed components.
    index : ndarray of shape (N,) of int
        The set of each row, or -1 where nothing is known.
    """

    sets: Truths
    index: Indices

    def kept(self, rows: Indices | Truths) -> "Labels":
        """Return the labels of some of the rows."""
        return Labels(self.sets, self.index[rows])


def check_incomplete_rows(rows: npt.ArrayLike, *, n_features: int | None = None) -> FloatArray:
    """Return `rows` as :func:`~gmmkit.core.checks.check_rows` does, with NaN in missing cells.

    Parameters
    ----------
    rows : array_like of shape (N, D)
        Real numbers. NaN, None and masked cells are missing; infinities are refused.
    n_features : int, optional
        The number of columns that a model asks for.

    Returns
    -------
    ndarray of shape (N, D)
        A copy where cells are missing.

    Raises
    ------
    InputError
        If rows are unusable for another reason than missing cells.

    Examples
    --------
    >>> check_incomplete_rows([[1.0, None], [2.0, 3.0]]).tolist()
    [[1.0, nan], [2.0, 3.0]]
    """
    missing = _missing_cells(rows)
    if missing is None or not missing.any():
        return check_rows(rows, n_features=n_features)
    plain = np.asarray(np.ma.getdata(rows), dtype=_float_type(rows))
    array = check_rows(np.where(missing, 0, plain), n_features=n_features)
    array[missing] = np.nan
    return array


def _missing_cells(rows: npt.ArrayLike) -> Truths | None:
    """Return which cells are missing, or None where `rows` are no array of real numbers."""
    if hasattr(rows, "toarray"):
        return None
    try:
        given = np.asarray(rows)
        if given.dtype.kind == "O":
            given = given.astype(np.float64)
    except (TypeError, ValueError):
        return None
    missing: Truths = np.isnan(given) if given.dtype.kind == "f" else np.zeros(given.shape, bool)
    return missing | np.ma.getmaskarray(rows) if isinstance(rows, np.ma.MaskedArray) else missing


def _float_type(rows: npt.ArrayLike) -> npt.DTypeLike:
    single = getattr(rows, "dtype", None) == np.float32
    return np.float32 if single else np.float64


def check_labels(labels: npt.ArrayLike | None, n_rows: int, n_components: int) -> Labels | None:
    """Return what labels say of rows, or None when there are none.

    Parameters
    ----------
    labels : array_like of shape (N,) or (N, K), or None
        The component of each row, -1 or NaN where it is not known; or true for each component
        that is allowed, all true where nothing is known.
    n_rows, n_components : int
        N and K.

    Raises
    ------
    InputError
        If a label names no component, or a row is allowed none.

    Examples
    --------
    >>> check_labels([1, -1], 2, 3).index.tolist()
    [1, -1]
    """
    if labels is None:
        return None
    given = np.asarray(labels)
    if given.dtype == bool and given.ndim == 2:
        return _from_allowed(given, n_rows, n_components)
    if given.dtype.kind not in "iuf" or given.shape != (n_rows,):
        raise InputError(
            "labels do not match the rows",
            found=f"{given.dtype} of shape {given.shape}",
            needed=f"whole numbers of shape ({n_rows},), or truths ({n_rows}, {n_components})",
        )
    numbers = np.where(np.isnan(given), -1, given)
    unusable = (numbers != np.floor(numbers)) | (numbers < -1) | (numbers >= n_components)
    if unusable.any():
        row = int(unusable.argmax())
        raise InputError(
            "a label names no component",
            found=f"{given[row]} in row {row}",
            needed=f"0 to {n_components - 1}, or -1 where it is not known",
        )
    return Labels(np.eye(n_components, dtype=bool), numbers.astype(np.intp))


def _from_allowed(allowed: Truths, n_rows: int, n_components: int) -> Labels:
    if allowed.shape != (n_rows, n_components):
        raise InputError(
            "labels do not match the rows",
            found=f"truths of shape {allowed.shape}",
            needed=f"({n_rows}, {n_components})",
        )
    none = ~allowed.any(axis=1)
    if none.any():
        raise InputError(
            "a row is allowed no component",
            found=f"row {int(none.argmax())}",
            needed="at least one true value",
            hint="allow all components where nothing is known",
        )
    sets, index = np.unique(allowed, axis=0, return_inverse=True)
    return Labels(sets, np.where(allowed.all(axis=1), -1, index.ravel()))


def grouped(rows: FloatArray, labels: Labels | None, n_components: int) -> Iterator[Group]:
    """Yield the groups of rows of which the same is known; their order is that of what is known.

    Parameters
    ----------
    rows : ndarray of shape (N, D)
        NaN where a cell is missing.
    labels : Labels or None
    n_components : int

    Examples
    --------
    >>> rows = np.array([[1.0, np.nan], [2.0, 3.0], [4.0, np.nan]])
    >>> [group.indices.tolist() for group in grouped(rows, None, 2)]
    [[0, 2], [1]]
    """
    observed = ~np.isnan(rows)
    packed = np.packbits(observed, axis=1)
    _, first, pattern = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    index = np.full(len(rows), -1) if labels is None else labels.index
    n_sets = 1 if labels is None else len(labels.sets) + 1
    codes = pattern.ravel() * n_sets + index + 1
    order = np.argsort(codes, kind="stable")
    bounds = np.flatnonzero(np.diff(codes[order])) + 1
    for indices in np.split(order, bounds):
        columns = observed[first[pattern.ravel()[indices[0]]]]
        chosen = int(index[indices[0]])
        components = np.ones(n_components, bool)
        if labels is not None and chosen >= 0:
            components = labels.sets[chosen]
        known = Known(tuple(columns.tolist()), tuple(components.tolist()), labeled=chosen >= 0)
        yield Group(known, indices)
