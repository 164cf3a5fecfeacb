"""Rows that are on a cluster: counted there, passed over there; a few can be brought here."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.backends.collection import Partitions
from gmmkit.backends.holding import Holding, Kept, Remade, addresses
from gmmkit.backends.partition import Extent, taken
from gmmkit.core.sources.blocks import Block, Source
from gmmkit.errors import InputError


@dataclass(frozen=True, eq=False)
class RemotePiece:
    """A partition on a cluster."""

    holding: Holding
    part: Any

    def load(self) -> Block:
        """Bring the partition here."""
        block: Block = self.holding.submit(_itself, self.part).result()
        return block


@dataclass(frozen=True, eq=False)
class ClusterRows(Source):
    """Partitions of rows on a cluster, as a source.

    Parameters
    ----------
    holding : Holding
        The partitions.
    width : int
        The number of columns D.
    extents : tuple of Extent
        How many rows each has.
    """

    holding: Holding
    width: int
    extents: tuple[Extent, ...]

    @classmethod
    def of(cls, partitions: Partitions, client: Any, *, persist: bool = True) -> "ClusterRows":
        """Return partitions as a cluster has them, each computed and checked.

        Parameters
        ----------
        partitions : Partitions
        client : distributed.Client
        persist : bool
            Whether workers keep them.

        Raises
        ------
        InputError
            If one is unusable, or there are no rows.
        ClusterError
            If there are no workers.
        """
        blocks = list(partitions.blocks)
        addresses(client)
        holding = Kept(client, client.compute(blocks)) if persist else Remade(client, blocks)
        extents = tuple(holding.each(Extent.of))
        if not any(extent.n_rows for extent in extents):
            raise InputError("there is nothing to work on", needed="at least one row")
        return cls(holding, partitions.n_features, extents)

    @property
    def client(self) -> Any:
        """The client of the cluster."""
        return self.holding.client

    @property
    def n_rows(self) -> int:
        """The number of rows N."""
        return int(self._bounds[-1])

    @property
    def n_features(self) -> int:
        """The number of columns D."""
        return self.width

    @property
    def dtype(self) -> np.dtype[Any]:
        """What sums are to be as exact as."""
        return np.dtype(np.float64)

    @property
    def weight(self) -> float:
        """The sum of the rows' weights."""
        return sum(extent.weight for extent in self.extents)

    def pieces(self) -> Iterator[RemotePiece]:
        """Yield the partitions that hold rows, without the rows."""
        pairs = zip(self.holding.parts, self.extents, strict=True)
        return (RemotePiece(self.holding, part) for part, extent in pairs if extent.n_rows)

    def take(self, indices: npt.NDArray[np.intp]) -> Block:
        """Return the rows at the given places, which come here."""
        number = np.searchsorted(self._bounds, indices, side="right")
        starts = np.concatenate([[0], self._bounds])
        wanted = {int(each): indices[number == each] - starts[each] for each in np.unique(number)}
        found = dict(self.holding.run(partial(taken, wanted)))
        order = np.argsort(np.argsort(number, kind="stable"), kind="stable")
        return _joined([found[each] for each in sorted(found)], order)

    @cached_property
    def _bounds(self) -> npt.NDArray[np.intp]:
        """Where each partition ends."""
        return np.cumsum([extent.n_rows for extent in self.extents], dtype=np.intp)


def _itself(block: Block) -> Block:
    return block


def _joined(blocks: Iterable[Block], order: npt.NDArray[np.intp]) -> Block:
    """Return blocks as one, its rows in another order."""
    blocks = list(blocks)
    rows = np.concatenate([block.rows for block in blocks]).astype(np.float64, copy=False)[order]
    weights = [block.weights for block in blocks if block.weights is not None]
    return Block(rows, np.concatenate(weights)[order] if weights else None)
