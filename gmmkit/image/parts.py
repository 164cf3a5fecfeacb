"""Connected parts of labels: which there are, and growing the large ones over the small."""

from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
from skimage import measure

from gmmkit.errors import InputError, ParameterError
from gmmkit.image.growth import LEFT, spread
from gmmkit.image.pixels import BoolArray, Int32Array

Int64Array = npt.NDArray[np.int64]

DEFAULT_SMALLEST = 0.002


def connected_regions(labels: npt.ArrayLike, *, smallest: float = DEFAULT_SMALLEST) -> Int32Array:
    """Return the connected parts of labels, small ones absorbed by what surrounds them.

    Parameters
    ----------
    labels : array_like of shape (H, W)
        Whole numbers; negative where a pixel is excluded.
    smallest : float
        Parts below this share of the pixels that count are given to their neighbors, which grow
        over them from all sides at once. 0 keeps all.

    Returns
    -------
    ndarray of shape (H, W)
        int32, contiguous from 0, the largest first; -1 where excluded. Parts are connected through
        the sides of pixels.

    Raises
    ------
    InputError
        If labels are no whole numbers in two dimensions.
    ParameterError
        If `smallest` is not from 0 to 1.

    Examples
    --------
    >>> connected_regions([[0, 0, 0, 1], [0, 2, 0, 1]], smallest=0.2).tolist()
    [[0, 0, 0, 1], [0, 0, 0, 1]]
    """
    array = _checked(np.asarray(labels))
    share = _checked_share(smallest)
    parts = label_parts(array)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    is_large = (sizes >= share * sizes.sum()) & (sizes > 0)
    # The largest stays, even where all are small.
    is_large[sizes.argmax()] = True
    is_large[0] = True
    grown = grown_over(parts, ~is_large[parts])
    return numbered_by_area(grown)


def _checked(labels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if labels.ndim != 2 or not labels.size or labels.dtype.kind not in "iub":
        raise InputError(
            "these are no labels",
            found=f"shape {labels.shape} of {labels.dtype}",
            needed="whole numbers of shape (H, W)",
        )
    return labels


def _checked_share(smallest: float) -> float:
    usable = isinstance(smallest, Real) and not isinstance(smallest, bool)
    if not usable or not 0 <= smallest <= 1:
        raise ParameterError(
            "the smallest part is out of range",
            found=f"smallest={smallest!r}",
            needed="a share of the picture, from 0 to 1",
        )
    return float(smallest)


def label_parts(labels: npt.NDArray[Any]) -> Int64Array:
    """Return connected parts of equal labels, from 1; 0 where labels are negative."""
    shifted = np.where(labels < 0, 0, labels.astype(np.int64) + 1)
    parts: Int64Array = measure.label(shifted, connectivity=1, background=0)  # type: ignore[no-untyped-call]
    return parts


def grown_over(parts: Int64Array, left: BoolArray) -> Int64Array:
    """Return parts that have grown over the pixels that are left; islands stay what they are.

    Growth goes one pixel at a time, through the sides of pixels, so that parts stay connected.
    """
    rows, columns = np.nonzero(left & (parts > 0))
    # Excluded pixels must not grow: below zero is no part.
    grown = np.where(parts > 0, parts, -1)
    grown[rows, columns] = LEFT
    remaining = spread(grown, rows, columns)
    islands = rows[:remaining], columns[:remaining]
    grown[islands] = parts[islands]
    return grown


def numbered_by_area(parts: Int64Array) -> Int32Array:
    """Return parts numbered from 0, the largest first, ties by place; negative ones become -1."""
    found, first, numbers, counts = np.unique(
        parts, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.lexsort((first, -counts, found < 0))
    rank = np.empty(len(found), np.int32)
    rank[order] = np.arange(len(found))
    rank[found < 0] = -1
    labels: Int32Array = rank[numbers].reshape(parts.shape)
    return labels
