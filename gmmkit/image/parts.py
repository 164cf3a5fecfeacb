"""Connected parts of labels: which there are, and growing the large ones over the small."""

from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.errors import InputError, ParameterError
from gmmkit.image.connectivity import connect
from gmmkit.image.growth import LEFT, spread
from gmmkit.image.pixels import BoolArray, Int32Array

Int64Array = npt.NDArray[np.int64]
IntegerArray = npt.NDArray[np.signedinteger[Any]]

DEFAULT_SMALLEST = 0.002
# So that what is known of every pixel at a time never fills the memory.
_STRIP_PIXELS = 1 << 20
_LARGEST = np.iinfo(np.int32).max


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
    # The last entry answers to -1, the excluded pixels.
    areas = np.append(extents(parts, int(parts.max()) + 1)[0], 0)
    is_small = areas < share * areas.sum()
    # The largest stays, even where all are small.
    is_small[areas.argmax()] = is_small[-1] = False
    grow_over(parts, is_small)
    return numbered_by_area(parts)


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


def label_parts(labels: npt.NDArray[Any]) -> IntegerArray:
    """Return connected parts of equal labels, from 0 in raster order; -1 where negative."""
    # While parts are found they hold places of pixels.
    parts = np.empty(labels.shape, np.int32 if labels.size <= _LARGEST else np.int64)
    connect(_narrowed(labels).ravel(), parts.ravel(), labels.shape[1])
    return parts


def _narrowed(labels: npt.NDArray[Any]) -> Int32Array:
    """Return labels as int32, writable because all is compiled for that, numbered anew if need be.

    They are equal, and negative, where those of any other type are.
    """
    if int(labels.min()) < -_LARGEST or int(labels.max()) > _LARGEST:
        numbers = np.unique(labels, return_inverse=True)[1].reshape(labels.shape)
        labels = np.where(labels < 0, -1, numbers)
    return np.require(labels, np.int32, ["C", "W"])


def extents(labels: IntegerArray, count: int) -> tuple[Int64Array, Int64Array]:
    """Return the number of pixels of each label, and its first one, or `labels.size` if none.

    Labels are from 0 to count - 1, or -1, which is left out.
    """
    flat = labels.ravel()
    areas, first = np.zeros(count + 1, np.int64), np.full(count + 1, flat.size)
    for start in range(0, flat.size, _STRIP_PIXELS):
        strip = flat[start : start + _STRIP_PIXELS]
        # Runs first: neighbors mostly share a label.
        runs = np.append(0, np.flatnonzero(strip[1:] != strip[:-1]) + 1)
        np.add.at(areas, strip[runs], np.diff(runs, append=strip.size))
        np.minimum.at(first, strip[runs], start + runs)
    return areas[:count], first[:count]


def grow_over(parts: IntegerArray, are_left: BoolArray) -> Int64Array:
    """Let parts grow over those that are left, and return which of these stay: islands.

    The last entry of are_left answers to -1, and is False. Growth goes one pixel at a time, through
    the sides of pixels, so that parts stay connected. It changes the array, because two of a large
    picture's would fill the memory.
    """
    flat = parts.ravel()
    strips = range(0, flat.size, _STRIP_PIXELS)
    places = [i + np.flatnonzero(are_left[flat[i : i + _STRIP_PIXELS]]) for i in strips]
    rows, columns = np.divmod(np.concatenate(places), parts.shape[1])
    # What a pixel was part of is kept in what marks it as left.
    parts[rows, columns] = LEFT - parts[rows, columns]
    remaining = spread(parts, rows, columns)
    islands = rows[:remaining], columns[:remaining]
    parts[islands] = LEFT - parts[islands]
    return np.unique(parts[islands])


def numbered_by_area(parts: IntegerArray) -> Int32Array:
    """Return parts numbered from 0, the largest first, ties by place; -1 stays."""
    areas, first = extents(parts, int(parts.max()) + 1)
    # The last entry answers to -1. Numbers without a pixel come behind all others.
    rank = np.full(len(areas) + 1, -1, np.int32)
    rank[np.lexsort((first, -areas))] = np.arange(len(areas))
    labels: Int32Array = rank[parts]
    return labels
