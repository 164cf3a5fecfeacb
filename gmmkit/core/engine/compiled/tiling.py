"""Compiled: rows into tiles, some rows feature by feature, as loops over rows read them.

Rows past the end of the last tile are zeros.
"""

import numpy as np

from gmmkit.core.compiling import entry
from gmmkit.core.engine.compiled.tiles import fill, load

# What one feature of a tile takes: all of a small problem's features then fit in the first cache.
TILE_BYTES = 1024


@entry
def make_tiles(rows, origin, inverse_scale, tiles):
    """Fill (tiles, D, width) with z = (x - origin) / scale, in the precision of the origin."""
    width = tiles.shape[2]
    for tile in range(len(tiles)):
        start = tile * width
        load(rows, start, min(width, len(rows) - start), origin, inverse_scale, tiles[tile])


@entry
def turn_tiles(rows, origin, inverse_scale, matrix, tiles):
    """Fill (tiles, D, width) with W z, W lower triangular; all in float64 until it is stored.

    Columns that are nearly alike cancel in W z.
    """
    n_features, width = tiles.shape[1], tiles.shape[2]
    z, turned = np.empty((n_features, width)), np.empty(width)
    for tile in range(len(tiles)):
        start = tile * width
        load(rows, start, min(width, len(rows) - start), origin, inverse_scale, z)
        for i in range(n_features):
            fill(turned, 0)
            for j in range(i + 1):
                factor, coordinate = matrix[i, j], z[j]
                for t in range(width):
                    turned[t] += factor * coordinate[t]
            own = tiles[tile, i]
            for t in range(width):
                own[t] = turned[t]
