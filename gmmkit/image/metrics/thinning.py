"""Boundary maps of regions, and their thinning to lines of one pixel."""

from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.image.pixels import BoolArray, Int32Array

Int64Array = npt.NDArray[np.int64]


def boundaries_of(labels: Int32Array) -> BoolArray:
    """Return where labels differ among a pixel, its right, its lower and its lower right neighbor.

    Each corner between pixels is kept at the pixel to its upper left, so that lines have the same
    place in a map of boundary strengths of the picture's size.

    Parameters
    ----------
    labels : ndarray of shape (H, W)
        Whole numbers.

    Returns
    -------
    ndarray of shape (H, W)
        bool; lines are up to two pixels wide where they bend, see :func:`thinned`.

    Examples
    --------
    >>> boundaries_of(np.array([[0, 0, 1], [0, 0, 1]])).astype(int).tolist()
    [[0, 1, 0], [0, 1, 0]]
    """
    padded = np.pad(labels, ((0, 1), (0, 1)), mode="edge")
    across = padded[:, 1:] != padded[:, :-1]
    down = padded[1:] != padded[:-1]
    found: BoolArray = across[:-1] | across[1:]
    found |= down[:, :-1]
    found |= down[:, 1:]
    return found


def thinned(lines: BoolArray) -> BoolArray:
    """Return lines of one pixel, as connected as those given.

    Pixels whose removal neither breaks nor shortens a line are taken away from two sides in turn,
    until none is left.

    Parameters
    ----------
    lines : ndarray of shape (H, W)
        bool.

    Returns
    -------
    ndarray of shape (H, W)

    References
    ----------
    Z. Guo and R. W. Hall, "Parallel thinning with two-subiteration algorithms", Communications of
    the ACM 32 (1989), algorithm A1.

    Examples
    --------
    >>> thinned(np.ones((3, 5), bool)).astype(int).tolist()
    [[0, 0, 0, 0, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 0]]
    """
    padded = np.ascontiguousarray(np.pad(lines, 1))
    flat = padded.ravel()
    around = _neighbors(padded.shape[1])
    left = np.flatnonzero(flat)
    while True:
        before = len(left)
        for removable in _REMOVABLE:
            gone = removable[_codes(flat, left, around)]
            flat[left[gone]] = False
            left = left[~gone]
        if len(left) == before:
            return np.ascontiguousarray(padded[1:-1, 1:-1])


def _neighbors(width: int) -> tuple[int, ...]:
    """Return steps to the neighbors x1 … x8: from the right one counterclockwise."""
    return 1, 1 - width, -width, -1 - width, -1, width - 1, width, width + 1


def _codes(flat: BoolArray, pixels: Int64Array, around: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Return the neighborhood of each pixel as eight bits, x1 the lowest."""
    codes = np.zeros(len(pixels), dtype=np.uint8)
    for bit, step in enumerate(around):
        codes |= flat[pixels + step].view(np.uint8) << np.uint8(bit)
    return codes


def _removable_codes() -> tuple[BoolArray, BoolArray]:
    """Return which of the 256 neighborhoods either pass takes the pixel from."""
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1 == 1
    x: dict[int, npt.NDArray[Any]] = {i: bits[:, (i - 1) % 8] for i in range(1, 10)}
    odd = (1, 3, 5, 7)
    crossings = sum((~x[i] & (x[i + 1] | x[i + 2])).astype(int) for i in odd)
    pairs = sum((x[i] | x[i + 1]).astype(int) for i in odd)
    other_pairs = sum((x[i + 1] | x[i + 2]).astype(int) for i in odd)
    fewest = np.minimum(pairs, other_pairs)
    simple = (crossings == 1) & (fewest >= 2) & (fewest <= 3)
    first = simple & ~((x[2] | x[3] | ~x[8]) & x[1])
    second = simple & ~((x[6] | x[7] | ~x[4]) & x[5])
    return first, second


_REMOVABLE = _removable_codes()
