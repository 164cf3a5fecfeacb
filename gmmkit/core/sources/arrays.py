"""Rows that are in memory, or mapped into it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, FloatArray
from gmmkit.core.sources.blocks import Block, Frame, Source, block_bounds

# Bytes of rows up to which a second copy of them, laid out for compiled loops, is worth its room.
_MOST_KEPT = 2**26


class HeldRows(Source):
    """A source whose rows are all in one array.

    Attributes
    ----------
    rows : ndarray of shape (N, D)
    weights : ndarray of shape (N,) or None
    """

    rows: FloatArray
    weights: Float64Array | None

    @property
    def n_rows(self) -> int:
        """The number of rows N."""
        return len(self.rows)

    @property
    def n_features(self) -> int:
        """The number of columns D."""
        return int(self.rows.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the rows: float32 or float64."""
        return self.rows.dtype

    @property
    def weight(self) -> float:
        """The sum of the rows' weights."""
        return float(self.n_rows if self.weights is None else self.weights.sum())

    def take(self, indices: npt.NDArray[np.intp]) -> Block:
        """Return the rows at the given places of `rows`, copied."""
        return Block(self.rows, self.weights).at(indices)


@dataclass(frozen=True, eq=False)
class ArraySource(HeldRows):
    """A checked array as a source: blocks are cut by the number of rows and columns alone.

    Parameters
    ----------
    rows : ndarray of shape (N, D)
        float32 or float64, finite.
    weights : ndarray of shape (N,) or None
        Positive frequencies.

    Examples
    --------
    >>> import numpy as np
    >>> [len(block.rows) for block in ArraySource(np.zeros((20_000, 2)))]
    [20000]
    """

    rows: FloatArray
    weights: Float64Array | None = None

    def pieces(self) -> Iterator[Block]:
        """Yield blocks that are views of the rows."""
        return iter(self._kept) if self.rows.nbytes <= _MOST_KEPT else self._blocks()

    def _blocks(self) -> Iterator[Block]:
        for start, stop in block_bounds(self.n_rows, self.n_features):
            yield Block(self.rows, self.weights).at(slice(start, stop))

    @cached_property
    def _kept(self) -> tuple["KeptBlock", ...]:
        return tuple(KeptBlock(block.rows, block.weights) for block in self._blocks())


@dataclass(frozen=True, eq=False)
class KeptBlock(Block):
    """A block that is passed over again and again: its rows stay as the last frame wanted them.

    Examples
    --------
    >>> from gmmkit.core.engine.frame import Frame
    >>> from gmmkit.core.units import Units
    >>> block, plain = KeptBlock(np.ones((2, 1)), None), Units.plain(1)
    >>> kind = np.dtype(np.float64)
    >>> block.tiles(Frame(plain, kind)) is block.tiles(Frame(plain, kind))
    True
    """

    _last: list[tuple[Frame, FloatArray]] = field(default_factory=list, init=False, repr=False)

    def tiles(self, frame: Frame) -> FloatArray:
        """Return the rows in a frame's coordinates, tile by tile, the same for the same frame."""
        for kept, tiles in self._last[-1:]:
            if kept.same_as(frame):
                return tiles
        tiles = super().tiles(frame)
        self._last[:] = [(frame, tiles)]
        return tiles
