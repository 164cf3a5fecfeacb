"""Blocks that keep their rows laid out as the last pass wanted them."""

import numpy as np
import pytest

from gmmkit.core.engine.frame import Frame
from gmmkit.core.engine.turn import Turn
from gmmkit.core.mixture import Mixture
from gmmkit.core.sources.arrays import ArraySource, KeptBlock
from gmmkit.core.units import Units

SINGLE, DOUBLE = np.dtype(np.float32), np.dtype(np.float64)


def frame(dtype=DOUBLE, origin=0.0, turn=None):
    """A frame of two columns."""
    units = Units(np.full(2, origin), np.ones(2), np.zeros(2, dtype=bool))
    return Frame(units, dtype, turn)


def rows_of(tiles, count):
    """What tiles hold, row by row again."""
    return tiles.transpose(0, 2, 1).reshape(-1, tiles.shape[1])[:count]


def test_tiles_hold_the_coordinates_of_every_row_and_then_zeros():
    rows = np.random.default_rng(0).normal(size=(300, 2))
    tiles = frame(origin=1.0).tiles(rows)
    np.testing.assert_array_equal(rows_of(tiles, 300), rows - 1.0)
    assert not rows_of(tiles, None)[300:].any()


def test_turned_tiles_hold_the_products_with_the_matrix_of_the_turn():
    mixture = Mixture([1.0], [[0.0, 0.0]], [[[2.0, 1.0], [1.0, 3.0]]])
    rows = np.random.default_rng(0).normal(size=(300, 2))
    turn = Turn.of(mixture)
    tiles = frame(turn=turn).tiles(rows)
    np.testing.assert_allclose(rows_of(tiles, 300), rows @ turn.matrix.T, rtol=1e-12)
    np.testing.assert_allclose(turn.matrix @ turn.inverse, np.eye(2), atol=1e-12)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (frame(), True),
        (frame(SINGLE), False),
        (frame(origin=1.0), False),
        (frame(turn=Turn(np.eye(2), np.eye(2))), False),
    ],
)
def test_a_kept_block_lays_its_rows_out_anew_for_another_frame_alone(other, same):
    block = KeptBlock(np.ones((5, 2)), None)
    first = block.tiles(frame())
    assert (block.tiles(other) is first) == same
    np.testing.assert_array_equal(block.tiles(other), other.tiles(block.rows))


def test_small_sources_keep_what_their_blocks_laid_out_and_large_ones_do_not(monkeypatch):
    source = ArraySource(np.ones((600, 2)))
    kept = [block.tiles(frame()) for block in source.pieces()]
    assert all(a is block.tiles(frame()) for a, block in zip(kept, source.pieces(), strict=True))
    monkeypatch.setattr("gmmkit.core.sources.arrays._MOST_KEPT", 100)
    assert not any(isinstance(block, KeptBlock) for block in source.pieces())
