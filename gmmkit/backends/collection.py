"""What Dask's arrays and data frames are to gmmkit: partitions, each a checked block once made."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from gmmkit.backends.partition import block_of
from gmmkit.errors import InputError, InputTypeError, ParameterError

_UNUSABLE_COLUMNS_NAMED = 5


@dataclass(frozen=True, eq=False)
class Partitions:
    """Rows in partitions that nothing was computed of yet.

    Attributes
    ----------
    blocks : tuple of Delayed
        What each partition comes to once it is computed: a Block, maybe without rows.
    n_features : int
        D.
    single : bool or None
        Whether rows are float32; None where only they can tell.
    lengths : tuple of int, or None
        How many rows each has, where that is known beforehand.
    """

    blocks: tuple[Any, ...]
    n_features: int
    single: bool | None = None
    lengths: tuple[int, ...] | None = None

    @classmethod
    def of(cls, collection: Any, weights: Any = None) -> "Partitions":
        """Return the partitions of an array or a data frame of Dask's.

        Parameters
        ----------
        collection : dask.array.Array or dask.dataframe.DataFrame
            Of shape (N, D); N and the sizes of its partitions need not be known.
        weights : dask.array.Array of shape (N,), or name of a column, optional

        Raises
        ------
        InputError
            If it can be seen already that it cannot be fitted.

        Examples
        --------
        >>> import dask.array
        >>> Partitions.of(dask.array.ones((6, 2), chunks=(4, 1))).lengths
        (4, 2)
        """
        if hasattr(collection, "to_dask_array"):
            return _of_frame(collection, weights)
        return _of_array(collection, weights)


def refuse_unknown_kind(collection: object) -> None:
    """Refuse what is no array and no data frame.

    Raises
    ------
    InputTypeError
        If so.

    Examples
    --------
    >>> import dask.array
    >>> refuse_unknown_kind(dask.array.ones(3))
    """
    if hasattr(collection, "to_delayed") and hasattr(collection, "ndim"):
        return
    raise InputTypeError(
        "this thing of Dask's cannot be taken for rows",
        found=type(collection).__name__,
        needed="a dask.array.Array or a dask.dataframe.DataFrame",
        hint="make it one, such as with dask.array.from_delayed",
    )


def _check_two_dimensional(collection: Any) -> None:
    if collection.ndim != 2:
        raise InputError(
            "rows need two dimensions",
            found=f"{type(collection).__name__} with {collection.ndim} of them",
            needed="(rows, columns)",
            hint='use x[:, None] for one column of an array, or frame[["name"]] of a data frame',
        )


def _of_array(array: Any, weights: Any) -> Partitions:
    _check_two_dimensional(array)
    _check_numbers(array)
    whole = array.rechunk({1: -1}) if array.numblocks[1] > 1 else array
    counted = None if weights is None else _matching(weights, whole)
    chunks = whole.to_delayed().ravel().tolist()
    # A row that weighs nothing does not count, and which ones do not is not known beforehand.
    known = counted is None and not np.isnan(whole.chunks[0]).any()
    return Partitions(
        _blocks(chunks, array.shape[1], counted),
        array.shape[1],
        bool(array.dtype == np.float32),
        tuple(map(int, whole.chunks[0])) if known else None,
    )


def _check_numbers(array: Any) -> None:
    """Refuse, before anything is computed, what Dask says is no dense table of real numbers."""
    meta = getattr(array, "_meta", None)
    if hasattr(meta, "nnz"):
        raise InputError(
            "rows are sparse",
            found=f"chunks that are {type(meta).__name__}",
            needed="dense arrays",
            hint="map_blocks(lambda chunk: chunk.todense())",
        )
    if array.dtype.kind not in "fiub":
        raise InputError(
            "rows are not real numbers",
            found=f"dtype {array.dtype}",
            needed="float32, float64 or integers",
            hint="array.astype(float), or split complex numbers into two columns",
        )
    if np.isnan(array.shape[1]):
        raise InputError(
            "nobody knows how many columns there are",
            found=f"shape {array.shape}",
            needed="a known number of them",
            hint="array.compute_chunk_sizes()",
        )


def _matching(weights: Any, rows: Any) -> list[Any]:
    """Return the weights of each chunk of rows."""
    if getattr(weights, "ndim", None) != 1 or not hasattr(weights, "to_delayed"):
        raise ParameterError(
            "weights do not go with an array of Dask's",
            found=type(weights).__name__,
            needed="a dask.array.Array of shape (N,)",
            hint="dask.array.from_array(weights, chunks=rows.chunks[0])",
        )
    known = not np.isnan([*weights.chunks[0], *rows.chunks[0]]).any()
    if known and sum(weights.chunks[0]) == sum(rows.chunks[0]):
        weights = weights.rechunk((rows.chunks[0],))
    unequal = known and weights.chunks[0] != rows.chunks[0]
    if unequal or weights.numblocks != rows.numblocks[:1]:
        raise InputError(
            "weights do not match the rows",
            found=f"{weights.shape[0]} weights in {weights.numblocks[0]} partitions",
            needed=f"{rows.shape[0]} in {rows.numblocks[0]}",
        )
    delayed: list[Any] = weights.to_delayed().ravel().tolist()
    return delayed


def _of_frame(frame: Any, weights: Any) -> Partitions:
    _check_two_dimensional(frame)
    counted = None
    if weights is not None:
        if not isinstance(weights, str) or weights not in frame.columns:
            raise ParameterError(
                "weights are no column of the data frame",
                found=repr(weights) if isinstance(weights, str) else type(weights).__name__,
                needed="the name of a column: " + ", ".join(map(str, frame.columns)),
            )
        counted = frame[weights].to_delayed()
        frame = frame.drop(columns=[weights])
    _check_columns(frame)
    return Partitions(_blocks(frame.to_delayed(), len(frame.columns), counted), len(frame.columns))


def _check_columns(frame: Any) -> None:
    kinds = dict(frame.dtypes)
    # Nullable and Arrow types say what they are by the same letters as NumPy's.
    letters = {name: getattr(kind, "kind", "O") for name, kind in kinds.items()}
    bad = [f"{name} ({kinds[name]})" for name, letter in letters.items() if letter not in "fiub"]
    if bad or not kinds:
        others = len(bad) - _UNUSABLE_COLUMNS_NAMED
        more = f" and {others} more" if others > 0 else ""
        raise InputError(
            "columns of the data frame are not all numbers",
            found=(", ".join(bad[:_UNUSABLE_COLUMNS_NAMED]) + more) or "no columns",
            needed="real numbers",
            hint="choose columns: frame[[...]], or encode text",
        )


def _blocks(chunks: list[Any], n_features: int, weights: list[Any] | None) -> tuple[Any, ...]:
    from dask import delayed

    of_each = [()] * len(chunks) if weights is None else [(own,) for own in weights]
    return tuple(
        delayed(partial(block_of, number, n_features), name="gmmkit-block", pure=False)(chunk, *own)
        for number, (chunk, own) in enumerate(zip(chunks, of_each, strict=True))
    )
