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
        from gmmkit.core.engine.compiled.tiling import TILE_BYTES, make_tiles, turn_tiles

        width = TILE_BYTES // self.dtype.itemsize
        tiles = aligned((-(-len(rows) // width), rows.shape[1], width), self.dtype)
        if self.turn is None:
            make_tiles(*map(read_only, self.moved(rows)), tiles)
        else:
            origin, inverse_scale = self.units.origin, 1.0 / self.units.scale
            matrix = self.turn.matrix
            turn_tiles(*map(read_only, (rows, origin, inverse_scale, matrix)), tiles)
        return tiles


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
