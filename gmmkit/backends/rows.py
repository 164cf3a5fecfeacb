"""Rows of Dask's as a source: made here partition by partition, or on a cluster where they are."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.backends.cluster import ClusterExecutor
from gmmkit.backends.cluster_rows import ClusterRows
from gmmkit.backends.collection import Partitions
from gmmkit.backends.connecting import check_usable, current_client
from gmmkit.backends.streaming import streamed
from gmmkit.core.execution import Executor
from gmmkit.core.sources.blocks import Block, Piece, Source


class DaskRows(Source):
    """Rows in the partitions of a Dask collection; what :func:`dask_rows` returns.

    Parameters
    ----------
    partitions : Partitions
    client : distributed.Client, optional
        Of the cluster that computes them; this process does by default.
    persist : bool
        Whether the cluster keeps what it computed.

    Examples
    --------
    >>> import dask.array
    >>> rows = DaskRows(Partitions.of(dask.array.ones((6, 2), chunks=(4, 2))))
    >>> rows.n_rows, rows.n_features, rows.executor is None
    (6, 2, True)
    """

    def __init__(
        self, partitions: Partitions, client: Any | None = None, *, persist: bool = True
    ) -> None:
        self._partitions, self._persist = partitions, persist
        self._rows = streamed(partitions) if client is None else self._placed(client)

    def move_to(self, client: Any) -> None:
        """Let a cluster compute the partitions from now on, if it does not yet."""
        if not (isinstance(self._rows, ClusterRows) and self._rows.client is client):
            self._rows = self._placed(client)

    def _placed(self, client: Any) -> ClusterRows:
        return ClusterRows.of(self._partitions, client, persist=self._persist)

    @property
    def on_cluster(self) -> ClusterRows | None:
        """The rows where the cluster has them; None if this process computes them."""
        return self._rows if isinstance(self._rows, ClusterRows) else None

    @property
    def n_rows(self) -> int:
        """The number of rows N."""
        return self._rows.n_rows

    @property
    def n_features(self) -> int:
        """The number of columns D."""
        return self._partitions.n_features

    @property
    def dtype(self) -> np.dtype[Any]:
        """float64 on a cluster, whatever the rows: sums are the same to 1e-10 however rows are cut.

        In this process float32 if all rows are, else float64.
        """
        return self._rows.dtype

    @property
    def weight(self) -> float:
        """The sum of the rows' weights."""
        return self._rows.weight

    @property
    def executor(self) -> Executor | None:
        """The cluster that the rows are on, None if they are computed here."""
        cluster = self.on_cluster
        return None if cluster is None else ClusterExecutor(cluster.client)

    def pieces(self) -> Iterator[Piece]:
        """Yield blocks made here, or what the cluster knows partitions by."""
        return iter(self._rows.pieces())

    def take(self, indices: npt.NDArray[np.intp]) -> Block:
        """Return the rows at the given places: no others come here."""
        return self._rows.take(indices)


def dask_rows(
    collection: Any, *, weights: Any = None, client: Any | None = None, persist: bool = True
) -> DaskRows:
    """Return an array or a data frame of Dask's as something to fit and to score.

    `gmmkit.fit` and others do so themselves when they are given one; this is for what they do not
    ask: weights, another client than Dask's current one, and rows that are not to be kept.

    Without a client this process computes partitions when a pass comes to them, as many at a time
    as Dask has threads, and forgets them again: memory stays flat, and results have the same bits
    as those of an array. With a client the rows never come here. The cluster computes each
    partition once, checks it and keeps it (`persist`); a pass sends the mixture to every worker
    and brings back one set of sums from each. Besides that, a start takes one sample of at most
    10,000 rows. On a cluster arithmetic is in float64 even for float32 rows, unless
    ``precision="float32"`` asks for less, and results are those of one process to 1e-10.

    Parameters
    ----------
    collection : dask.array.Array or dask.dataframe.DataFrame of shape (N, D)
        Real numbers without gaps. Sizes of partitions need not be known: they are counted.
    weights : dask.array.Array of shape (N,), or name of a column, optional
        Frequencies; rows of weight zero count as absent.
    client : distributed.Client, optional
        By default what Dask itself would compute with: its current client, or this process.
    persist : bool
        Whether the cluster keeps the partitions for as long as the source lives. If not, every pass
        computes them anew: for rows that are larger than the memory and disks of all workers.

    Returns
    -------
    DaskRows
        Takes the place of an array of rows in `gmmkit.fit`.

    Raises
    ------
    InputError
        If rows or weights are unusable; of what only computing tells, the partition is named.
    ClusterError
        If the client is closed, or its cluster has no workers.

    Examples
    --------
    >>> import dask.array, gmmkit
    >>> column = dask.array.concatenate([dask.array.arange(9), 100 + dask.array.arange(9)])
    >>> result = gmmkit.fit(dask_rows(column[:, None]), 2, seed=0)
    >>> sorted(result.mixture.means.round(3).ravel().tolist())
    [4.0, 104.0]
    """
    place = current_client() if client is None else client
    if place is not None:
        check_usable(place)
    return DaskRows(Partitions.of(collection, weights), place, persist=persist)
