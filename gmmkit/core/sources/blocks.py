"""What a source of rows is: blocks that can be walked over again and again, cut the same way."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, FloatArray
from gmmkit.core.gaps.known import Known

if TYPE_CHECKING:
    from gmmkit.core.execution import Executor

_LARGEST_BLOCK_ROWS = 32_768
_LARGEST_BLOCK_NUMBERS = 2**19


@dataclass(frozen=True, eq=False)
class Block:
    """Some consecutive rows of the data, with their weights, and what is known of all of them."""

    rows: FloatArray
    weights: Float64Array | None
    known: Known | None = None

    @property
    def weight(self) -> float:
        """The sum of the rows' weights."""
        return float(len(self.rows) if self.weights is None else self.weights.sum())

    def at(self, places: slice | npt.NDArray[np.intp]) -> "Block":
        """Return some of the rows with their weights."""
        weights = None if self.weights is None else self.weights[places]
        return Block(self.rows[places], weights, self.known)

    def tiles(self, frame: "Frame") -> FloatArray:
        """Return the rows in a frame's coordinates, tile by tile."""
        return frame.tiles(self.rows)

    def load(self) -> "Block":
        """Return the block itself: its rows are here."""
        return self


class Frame(Protocol):
    """Coordinates that rows can be moved into, laid out for compiled loops."""

    def tiles(self, rows: FloatArray) -> FloatArray: ...

    def same_as(self, other: Any) -> bool: ...


class Piece(Protocol):
    """A block, or what a worker needs to get one."""

    def load(self) -> Block: ...


class Source(ABC):
    """Rows that can be walked over as often as needed, always cut into the same blocks."""

    @property
    @abstractmethod
    def n_rows(self) -> int:
        """The number of rows N."""

    @property
    @abstractmethod
    def n_features(self) -> int:
        """The number of columns D."""

    @property
    @abstractmethod
    def dtype(self) -> np.dtype[Any]:
        """The type of the rows: float32 or float64."""

    @property
    def weight(self) -> float:
        """The sum of the rows' weights."""
        return float(self.n_rows)

    @property
    def executor(self) -> "Executor | None":
        """What passes have to run on, if not just anything can reach the rows."""
        return None

    @abstractmethod
    def pieces(self) -> Iterator[Piece]:
        """Yield the blocks, or what a worker needs to load them itself, in order."""

    @abstractmethod
    def take(self, indices: npt.NDArray[np.intp]) -> Block:
        """Return the rows at the given places, copied, in that order."""

    def __iter__(self) -> Iterator[Block]:
        """Yield the blocks, in order."""
        return (piece.load() for piece in self.pieces())


def block_rows(n_rows: int, n_features: int) -> int:
    """Return how many rows make a block, by the shape of the data alone.

    At most 32,768, fewer for wide rows; many blocks come in multiples of eight, so that they divide
    evenly among threads.

    Examples
    --------
    >>> block_rows(240_000, 5), block_rows(1_000_000, 60)
    (30208, 8448)
    """
    largest = 256 * max(1, min(_LARGEST_BLOCK_ROWS, _LARGEST_BLOCK_NUMBERS // n_features) // 256)
    n_blocks = -(-n_rows // largest)
    if n_blocks > 4:
        n_blocks = 8 * -(-n_blocks // 8)
    return 256 * max(1, -(-n_rows // (256 * n_blocks)))


def block_bounds(n_rows: int, n_features: int) -> Iterator[tuple[int, int]]:
    """Yield where each block of so many rows starts and stops.

    Examples
    --------
    >>> list(block_bounds(300, 2)), len(list(block_bounds(300_000, 2)))
    ([(0, 300)], 16)
    """
    step = block_rows(n_rows, n_features)
    return ((start, min(start + step, n_rows)) for start in range(0, n_rows, step))
