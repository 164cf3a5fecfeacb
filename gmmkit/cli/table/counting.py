"""Rows that are passed over, and how far through them a pass has come."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.execution import Executor
from gmmkit.core.sources.blocks import Block, Piece, Source, block_rows


@dataclass(frozen=True, eq=False)
class CountedSource(Source):
    """A source that tells how many of its blocks it has handed out.

    Parameters
    ----------
    inner : Source
    on_piece : callable
        Takes the share of the blocks before each that is handed out, 0 for the first.

    Examples
    --------
    >>> from gmmkit.core.sources.arrays import ArraySource
    >>> shares = []
    >>> blocks = list(CountedSource(ArraySource(np.zeros((90_000, 1))), shares.append))
    >>> [round(share, 2) for share in shares]
    [0.0, 0.33, 0.67]
    """

    inner: Source
    on_piece: Callable[[float], None]

    @property
    def n_rows(self) -> int:
        """The number of rows N."""
        return self.inner.n_rows

    @property
    def n_features(self) -> int:
        """The number of columns D."""
        return self.inner.n_features

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the rows."""
        return self.inner.dtype

    @property
    def weight(self) -> float:
        """The sum of the rows' weights."""
        return self.inner.weight

    @property
    def executor(self) -> Executor | None:
        """What passes have to run on."""
        return self.inner.executor

    def pieces(self) -> Iterator[Piece]:
        """Yield the blocks, or what it takes to load them, and tell of each."""
        n_pieces = -(-self.n_rows // block_rows(self.n_rows, self.n_features))
        for number, piece in enumerate(self.inner.pieces()):
            self.on_piece(min(number / n_pieces, 1.0))
            yield piece

    def take(self, indices: npt.NDArray[np.intp]) -> Block:
        """Return the rows at the given places."""
        return self.inner.take(indices)
