"""Cutting a picture into rectangles that fit in cache, and the same rectangles with a halo.

Tiles depend on the picture's shape alone, so results never depend on how many threads work.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

# 384² pixels of five float32 features are 3 MB: small enough for a core's share of cache, large
# enough that a halo of 20 pixels adds only a fifth.
TILE_SIDE = 384


@dataclass(frozen=True)
class Tile:
    """A rectangle of pixels.

    Parameters
    ----------
    rows, columns : slice
        With both ends given.

    Examples
    --------
    >>> Tile(slice(2, 4), slice(0, 3)).shape
    (2, 3)
    """

    rows: slice
    columns: slice

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start

    @property
    def window(self) -> tuple[slice, slice]:
        """What to index an image with."""
        return self.rows, self.columns

    def grown(self, halo: int, shape: tuple[int, int]) -> "Tile":
        """Return the tile with `halo` pixels around it, cut at the borders of the picture.

        Examples
        --------
        >>> Tile(slice(2, 4), slice(0, 3)).grown(1, (5, 5))
        Tile(rows=slice(1, 5, None), columns=slice(0, 4, None))
        """
        return Tile(_grown(self.rows, halo, shape[0]), _grown(self.columns, halo, shape[1]))

    def inside(self, outer: "Tile") -> tuple[slice, slice]:
        """Return what to index an array of the outer tile with to get this one.

        Examples
        --------
        >>> Tile(slice(2, 4), slice(0, 3)).inside(Tile(slice(1, 5), slice(0, 4)))
        (slice(1, 3, None), slice(0, 3, None))
        """
        return _shifted(self.rows, outer.rows.start), _shifted(self.columns, outer.columns.start)


def _grown(span: slice, halo: int, length: int) -> slice:
    return slice(max(0, span.start - halo), min(length, span.stop + halo))


def _shifted(span: slice, start: int) -> slice:
    return slice(span.start - start, span.stop - start)


def cut(shape: tuple[int, int], side: int = TILE_SIDE) -> list[Tile]:
    """Return tiles that cover the picture once, in raster order, none longer than `side`.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns of the picture.
    side : int
        The longest side of a tile, in pixels.

    Returns
    -------
    list of Tile

    Examples
    --------
    >>> [tile.shape for tile in cut((4, 10), side=6)]
    [(4, 5), (4, 5)]
    """
    return [
        Tile(rows, columns) for rows in _spans(shape[0], side) for columns in _spans(shape[1], side)
    ]


def _spans(length: int, side: int) -> list[slice]:
    """Return slices of nearly equal length."""
    ends = np.linspace(0, length, -(-length // side) + 1).round().astype(int).tolist()
    return [slice(start, stop) for start, stop in pairwise(ends)]
