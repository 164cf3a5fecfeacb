"""A picture at a fraction of its size: features, marks and which of its pixels count.

Objects are found where they have some ten thousand pixels, and followed to finer levels near their
outline alone (Lombaert, Sun, Grady and Xu 2005), so that large pictures take little longer.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.image.labeling import FeatureMap
from gmmkit.image.marking.marks import (
    BACKGROUND,
    FOREGROUND,
    PROBABLY_BACKGROUND,
    PROBABLY_FOREGROUND,
    UNKNOWN,
    Int8Array,
    Marks,
)
from gmmkit.image.pixels import BoolArray, Float32Array
from gmmkit.image.tiles import TILE_SIDE, Tile, cut

_WORKING_PIXELS = 10_000


@dataclass(frozen=True, eq=False)
class Level:
    """A picture reduced by a whole factor.

    Parameters
    ----------
    factor : int
        How many pixels across one pixel of the level is.
    features : ndarray of shape (h, w, D)
        Means over the pixels that count; 0 where they were not asked for.
    marks : ndarray of shape (h, w)
        int8, as in `Marks`.
    counted : ndarray of shape (h, w)
        Where any pixel counts.

    Examples
    --------
    >>> level = Level(2, np.zeros((1, 2, 1), np.float32), np.array([[0, -1]], np.int8),
    ...               np.ones((1, 2), bool))
    >>> level.undecided.tolist()
    [[False, True]]
    """

    factor: int
    features: Float32Array
    marks: Int8Array
    counted: BoolArray

    @property
    def undecided(self) -> BoolArray:
        """Which pixels a cut has to decide."""
        undecided: BoolArray = self.counted & ~np.isin(self.marks, (BACKGROUND, FOREGROUND))
        return undecided

    @property
    def rows(self) -> Float32Array:
        """The features as rows, (h w, D)."""
        return self.features.reshape(self.counted.size, -1)


def level_factors(n_undecided: int) -> list[int]:
    """Return the factors to work at, powers of two down to 1.

    Examples
    --------
    >>> level_factors(5_000), level_factors(12_000_000)
    ([1], [32, 16, 8, 4, 2, 1])
    """
    side = max(1.0, (n_undecided / _WORKING_PIXELS) ** 0.5)
    return [1 << power for power in range(round(np.log2(side)), -1, -1)]


def make_level(
    rows: FeatureMap, marks: Marks, factor: int, wanted: BoolArray | None = None
) -> Level:
    """Return a level of a picture.

    Parameters
    ----------
    rows : FeatureMap
        Features of the whole picture.
    marks : Marks
        What was said.
    factor : int
        At least 1.
    wanted : ndarray of shape (h, w), optional
        Where features are needed; elsewhere they may be left 0.

    Returns
    -------
    Level
    """
    counted = reduced_any(rows.raster.mask, rows.raster.shape, factor)
    features = _reduced_features(rows, factor, counted if wanted is None else wanted)
    return Level(factor, features, _reduced_marks(marks, factor), counted)


def reduced_any(mask: BoolArray | None, shape: tuple[int, int], factor: int) -> BoolArray:
    """Return where any pixel of a square is True, all of them where there is no mask.

    Examples
    --------
    >>> reduced_any(np.array([[True, False, False]]), (1, 3), 2).tolist()
    [[True, False]]
    """
    if mask is None:
        return np.ones((-(-shape[0] // factor), -(-shape[1] // factor)), dtype=bool)
    return _over_squares(np.maximum, mask, factor) if factor > 1 else mask


def enlarged(labels: BoolArray, shape: tuple[int, int]) -> BoolArray:
    """Return labels at twice the size, cut to a shape.

    Examples
    --------
    >>> enlarged(np.array([[True, False]]), (2, 3)).tolist()
    [[True, True, False], [True, True, False]]
    """
    return labels.repeat(2, axis=0).repeat(2, axis=1)[: shape[0], : shape[1]]


def _reduced_features(rows: FeatureMap, factor: int, wanted: BoolArray) -> Float32Array:
    # Pages of zeros that nobody writes to take no memory.
    everywhere = np.zeros((*wanted.shape, len(rows.features.columns)), dtype=np.float32)
    for tile in cut(wanted.shape, max(1, TILE_SIDE // factor)):
        if wanted[tile.window].any():
            everywhere[tile.window] = _means(rows, _enlarged_tile(tile, factor, rows), factor)
    return everywhere


def _enlarged_tile(tile: Tile, factor: int, rows: FeatureMap) -> Tile:
    height, width = rows.raster.shape
    return Tile(
        slice(tile.rows.start * factor, min(tile.rows.stop * factor, height)),
        slice(tile.columns.start * factor, min(tile.columns.stop * factor, width)),
    )


def _means(rows: FeatureMap, tile: Tile, factor: int) -> Float32Array:
    features, mask = rows.at(tile), rows.mask(tile)
    if factor == 1:
        return features
    weights = np.ones(tile.shape) if mask is None else mask.astype(np.float64)
    sums = _over_squares(np.add, features * weights[..., None], factor)
    counts = _over_squares(np.add, weights, factor)
    means: Float32Array = (sums / np.maximum(counts, 1)[..., None]).astype(np.float32)
    return means


def _reduced_marks(marks: Marks, factor: int) -> Int8Array:
    """Return what is said of squares: a stroke, however thin, unless two kinds meet in one."""
    if factor == 1:
        return marks.combined
    said = [_over_squares(np.maximum, marks.values == value, factor) for value in range(4)]
    reduced = np.full(said[0].shape, UNKNOWN, dtype=np.int8)
    for probable, sure, other in (
        (PROBABLY_BACKGROUND, BACKGROUND, FOREGROUND),
        (PROBABLY_FOREGROUND, FOREGROUND, BACKGROUND),
    ):
        reduced[said[probable] & (reduced == UNKNOWN)] = probable
        reduced[said[sure] & ~said[other]] = sure
    if marks.rectangle is not None:
        inside = _over_squares(np.maximum, marks.inside, factor)
        reduced[~inside & (reduced == UNKNOWN)] = BACKGROUND
    return reduced


def _over_squares(reduce: np.ufunc, values: npt.NDArray[Any], factor: int) -> npt.NDArray[Any]:
    rows = np.arange(0, values.shape[0], factor)
    columns = np.arange(0, values.shape[1], factor)
    squares: npt.NDArray[Any] = reduce.reduceat(reduce.reduceat(values, rows, axis=0), columns, 1)
    return squares
