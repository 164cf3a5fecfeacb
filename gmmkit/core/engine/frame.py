"""The coordinates that a pass works in, and rows moved into them."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gmmkit.core.checks import FloatArray
from gmmkit.core.engine.natural import read_only
from gmmkit.core.engine.turn import Turn
from gmmkit.core.units import Units

_CACHE_LINE = 64
# What one feature of a tile takes: all of a small problem's features then fit in the first cache.
TILE_BYTES = 1024


@dataclass(frozen=True, eq=False)
class Frame:
    """Working coordinates in a precision.

    Attributes
    ----------
    units : Units
    dtype : dtype
        Of the moved rows: float32 or float64.
    turn : Turn or None
        What is done to working coordinates beside.
    """

    units: Units
    dtype: np.dtype[Any]
    turn: Turn | None = None

    def same_as(self, other: "Frame") -> bool:
        """Tell whether two frames move rows alike."""
        return (
            self.turn is other.turn
            and self.dtype == other.dtype
            and self.units.same_as(other.units)
        )

    @cached_property
    def _moves(self) -> dict[np.dtype[Any], tuple[FloatArray, FloatArray]]:
        kinds = np.dtype(np.float32), np.dtype(np.float64)
        return {kind: moved_in(self.units, kind, self.dtype) for kind in kinds}

    def moved(self, rows: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return rows, an origin and an inverse scale: coordinates are (rows - origin) * inverse.

        Turned rows are moved already.
        """
        origin, inverse_scale = self._moves[rows.dtype]
        if self.turn is None:
            return rows, origin, inverse_scale
        turned = (rows - self.units.origin) / self.units.scale @ self.turn.matrix.T
        return turned.astype(self.dtype), np.zeros_like(origin), np.ones_like(origin)

    def tiles(self, rows: FloatArray) -> FloatArray:
        """Return coordinates tile by tile, (tiles, D, rows of a tile), zeros past the last row."""
        from gmmkit.core.engine.compiled.tiling import make_tiles, turn_tiles

        tiles = aligned((-(-len(rows) // self.width), rows.shape[1], self.width), self.dtype)
        if self.turn is None:
            make_tiles(read_only(rows), *self.move(rows.dtype), tiles)
        else:
            turn_tiles(read_only(rows), *self.move(rows.dtype), *self.turning, tiles)
        return tiles

    @property
    def width(self) -> int:
        """The number of rows of a tile."""
        return TILE_BYTES // self.dtype.itemsize

    def move(self, kind: np.dtype[Any]) -> tuple[FloatArray, FloatArray]:
        """Return the origin and the inverse scale that compiled loops move rows of a type by."""
        if self.turn is None:
            origin, inverse_scale = self._moves[kind]
        else:
            origin, inverse_scale = self.units.origin, 1.0 / self.units.scale
        return read_only(origin), read_only(inverse_scale)

    @property
    def turning(self) -> tuple[FloatArray, FloatArray]:
        """What compiled loops turn rows by, and room for that; empty if they do not."""
        matrix = np.empty((0, 0)) if self.turn is None else self.turn.matrix
        n_rows = len(matrix) + 1 if len(matrix) else 0
        return read_only(matrix), aligned((n_rows, self.width), np.dtype(np.float64))


def aligned(shape: tuple[int, ...], dtype: np.dtype[Any]) -> FloatArray:
    """Return an empty array that begins at a line of the cache.

    Vectors that lie across two of them take twice as long to load.

    Examples
    --------
    >>> aligned((3, 5), np.dtype(np.float32)).ctypes.data % 64
    0
    """
    n_bytes = math.prod(shape) * dtype.itemsize
    buffer = np.empty(n_bytes + _CACHE_LINE, np.uint8)
    start = -buffer.ctypes.data % _CACHE_LINE
    array: FloatArray = buffer[start : start + n_bytes].view(dtype).reshape(shape)
    return array


def moved_in(
    units: Units, rows: np.dtype[Any], theta: np.dtype[Any]
) -> tuple[FloatArray, FloatArray]:
    """Return origin and inverse scale in the cheapest precision that loses none of their digits.

    Parameters
    ----------
    units : Units
    rows, theta : dtype
        Of the rows that are moved, and of what they are multiplied by.

    Examples
    --------
    >>> moved_in(Units.plain(1), np.dtype(np.float32), np.dtype(np.float32))[0].dtype
    dtype('float32')
    """
    exact = units.origin, 1.0 / units.scale
    if np.float64 in (rows, theta):
        return exact
    with np.errstate(over="ignore", under="ignore"):
        rounded = tuple(values.astype(np.float32) for values in exact)
    lossless = all(map(np.array_equal, rounded, exact))
    return (rounded[0], rounded[1]) if lossless else exact
