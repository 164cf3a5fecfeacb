"""One partition of a collection, where it is: checked, measured, and looked up in.

What is here runs on workers and returns values, without any effect: done twice, it counts once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from dask.sizeof import sizeof

from gmmkit.core.checks import check_rows, check_weights
from gmmkit.core.sources.blocks import Block
from gmmkit.errors import InputError

Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Extent:
    """How many rows a partition has, and the sum of their weights."""

    n_rows: int
    weight: float

    @classmethod
    def of(cls, block: Block) -> "Extent":
        """Return the extent of a partition.

        Examples
        --------
        >>> Extent.of(Block(np.ones((3, 2)), None))
        Extent(n_rows=3, weight=3.0)
        """
        return cls(len(block.rows), block.weight)


def block_of(number: int, n_features: int, chunk: Any, weights: Any = None) -> Block:
    """Return a checked partition, without rows of weight zero.

    Parameters
    ----------
    number : int
        Which partition, for errors to name.
    n_features : int
        D.
    chunk : ndarray or DataFrame of shape (n, D)
        What there is of it may be nothing.
    weights : array_like of shape (n,), optional

    Raises
    ------
    InputError
        If it is no table of finite numbers of so many columns.

    Examples
    --------
    >>> block_of(0, 1, np.array([[1.0], [2.0]]), np.array([0, 3])).rows.tolist()
    [[2.0]]
    """
    try:
        return _checked(chunk, weights, n_features)
    except InputError as error:
        raise error.reworded(problem=f"partition {number}: {error.problem}") from error


def _checked(chunk: Any, weights: Any, n_features: int) -> Block:
    given = _array_of(chunk)
    nothing = np.ndim(given) == 2 and not len(given)
    if nothing or (weights is not None and not np.any(np.asarray(weights))):
        return Block(np.empty((0, n_features)), None if weights is None else np.empty(0))
    rows = check_rows(given, n_features=n_features)
    counted = check_weights(weights, len(rows))
    if counted is None or counted.all():
        return Block(rows, counted)
    return Block(rows[counted > 0], counted[counted > 0])


def _array_of(chunk: Any) -> Any:
    """Return the numbers of a data frame, float32 if all are and NaN where there are none."""
    if not hasattr(chunk, "dtypes"):
        return chunk
    single = all(kind == np.float32 for kind in chunk.dtypes)
    return chunk.to_numpy(dtype=np.float32 if single else np.float64, na_value=np.nan)


def _size_of(block: Block) -> int:
    """Tell the engine what a block weighs, so that work goes to the rows and not they to it."""
    weights = 0 if block.weights is None else block.weights.nbytes
    return int(block.rows.nbytes) + weights


sizeof.register(Block, _size_of)


def taken(
    wanted: Mapping[int, Places], numbers: Iterable[int], blocks: list[Block]
) -> list[tuple[int, Block]]:
    """Return rows of some partitions, each with the partition's number.

    Parameters
    ----------
    wanted : mapping of int to ndarray of int
        Places within each partition.
    numbers : iterable of int
        Which partitions these are.
    blocks : list of Block

    Examples
    --------
    >>> block = Block(np.array([[1.0], [2.0]]), None)
    >>> [(number, own.rows.tolist()) for number, own in taken({7: np.array([1])}, [7], [block])]
    [(7, [[2.0]])]
    """
    pairs = zip(numbers, blocks, strict=True)
    return [(number, block.at(wanted[number])) for number, block in pairs if number in wanted]
