"""How two label maps overlap: the pixels that each region of one shares with each of the other.

Every measure of regions is a function of these counts, and those of a coarser map are sums of
them: pixels are counted once, whatever the number of thresholds.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gmmkit.image.pixels import Float64Array, Int32Array

Int64Array = npt.NDArray[np.int64]

_DENSE_TABLE = 1 << 16


@dataclass(frozen=True, eq=False)
class Overlap:
    """The pairs of regions that meet, and in how many pixels.

    Parameters
    ----------
    rows, columns : ndarray of shape (n,)
        Region of the segmentation and of the annotation; a pair stands there once.
    counts : ndarray of shape (n,)
        float64 pixels, at least 1.
    shape : (int, int)
        How many regions either map has.

    Examples
    --------
    >>> overlap = overlap_of(np.array([[0, 0, 1]], np.int32), np.array([[0, 1, 1]], np.int32))
    >>> overlap.row_areas.tolist(), overlap.column_areas.tolist()
    ([2.0, 1.0], [1.0, 2.0])
    """

    rows: Int64Array
    columns: Int64Array
    counts: Float64Array
    shape: tuple[int, int]

    @cached_property
    def row_areas(self) -> Float64Array:
        """Pixels of every region of the segmentation."""
        return _sums(self.rows, self.counts, self.shape[0])

    @cached_property
    def column_areas(self) -> Float64Array:
        """Pixels of every region of the annotation."""
        return _sums(self.columns, self.counts, self.shape[1])

    @cached_property
    def n_pixels(self) -> float:
        """How many pixels are compared."""
        return float(self.counts.sum())

    def merged(self, parents: Int32Array, n_rows: int) -> "Overlap":
        """Return the overlap after regions of the segmentation were merged.

        Parameters
        ----------
        parents : ndarray of shape (rows,)
            The region that each one becomes part of.
        n_rows : int
            How many there are then.

        Examples
        --------
        >>> fine = overlap_of(np.array([[0, 1, 2]], np.int32), np.array([[0, 0, 0]], np.int32))
        >>> fine.merged(np.array([0, 1, 1], np.int32), 2).counts.tolist()
        [1.0, 2.0]
        """
        keys = parents[self.rows] * np.int64(self.shape[1]) + self.columns
        return _from_keys(keys, self.counts, (n_rows, self.shape[1]))


def overlap_of(segmentation: Int32Array, annotation: Int32Array) -> Overlap:
    """Count the pixels of every pair of regions, where neither map excludes them.

    Parameters
    ----------
    segmentation, annotation : ndarray of shape (H, W)
        From :func:`~gmmkit.image.metrics.label_maps.check_labels`.

    Returns
    -------
    Overlap

    Examples
    --------
    >>> overlap_of(np.array([[0, 0, -1]], np.int32), np.array([[0, 0, 0]], np.int32)).n_pixels
    2.0
    """
    shape = int(segmentation.max()) + 1, int(annotation.max()) + 1
    keys = segmentation.astype(np.int64).ravel()
    keys *= shape[1]
    keys += annotation.ravel()
    if segmentation.min() < 0 or annotation.min() < 0:
        keys = keys[(segmentation >= 0).ravel() & (annotation >= 0).ravel()]
    return _from_keys(keys, None, shape)


def _from_keys(keys: Int64Array, weights: Float64Array | None, shape: tuple[int, int]) -> Overlap:
    if shape[0] * shape[1] <= max(4 * keys.size, _DENSE_TABLE):
        table = np.bincount(keys, weights)
        pairs = np.flatnonzero(table)
        counts = table[pairs].astype(np.float64)
    else:
        pairs, inverse = np.unique(keys, return_inverse=True)
        counts = np.bincount(inverse, weights).astype(np.float64)
    rows, columns = np.divmod(pairs, shape[1])
    return Overlap(rows, columns, counts, shape)


def _sums(places: Int64Array, weights: Float64Array, n: int) -> Float64Array:
    return np.bincount(places, weights, n).astype(np.float64, copy=False)
