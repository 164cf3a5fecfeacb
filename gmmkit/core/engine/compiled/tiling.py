"""Compiled: rows into tiles, some rows feature by feature, as loops over rows read them.

Rows past the end of the last tile are zeros.
"""

from gmmkit.core.compiling import entry
from gmmkit.core.engine.compiled.tiles import load, load_turned


@entry
def make_tiles(rows, origin, inverse_scale, tiles):
    """Fill (tiles, D, width) with z = (x - origin) / scale, in the precision of the origin."""
    width = tiles.shape[2]
    for tile in range(len(tiles)):
        start = tile * width
        load(rows, start, min(width, len(rows) - start), origin, inverse_scale, tiles[tile])


@entry
def turn_tiles(rows, origin, inverse_scale, matrix, room, tiles):
    """Fill (tiles, D, width) with W z, as load_turned does it."""
    width = tiles.shape[2]
    for tile in range(len(tiles)):
        start = tile * width
        count = min(width, len(rows) - start)
        load_turned(rows, start, count, origin, inverse_scale, matrix, room, tiles[tile])
