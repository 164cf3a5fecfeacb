"""What stands behind the entry points "dask" and "distributed": their things, taken as gmmkit's."""

from typing import Any

from gmmkit.backends.cluster import ClusterExecutor
from gmmkit.backends.collection import refuse_unknown_kind
from gmmkit.backends.connecting import check_usable, is_client
from gmmkit.backends.rows import DaskRows, dask_rows
from gmmkit.core.execution import Executor
from gmmkit.core.sources.blocks import Source


def source_of(rows: Any) -> Source | None:
    """Return an array or a data frame of Dask's as a source.

    Raises
    ------
    InputError
        If it cannot be rows.
    MissingDependencyError
        If Dask lacks a part that it needs for them.

    Examples
    --------
    >>> import dask.array
    >>> source_of(dask.array.ones((6, 2), chunks=(4, 2))).n_rows
    6
    """
    refuse_unknown_kind(rows)
    return dask_rows(rows)


def executor_of(place: Any, source: Source | None = None) -> Executor | None:
    """Return a client's cluster as an executor; None if this is no client.

    Parameters
    ----------
    place : distributed.Client
    source : Source, optional
        What it is going to pass over: partitions of Dask's move to that cluster.

    Raises
    ------
    ParameterError
        If the client is an asynchronous one.
    ClusterError
        If it is closed.

    Examples
    --------
    >>> executor_of("here") is None
    True
    """
    if not is_client(place):
        return None
    check_usable(place)
    if isinstance(source, DaskRows):
        source.move_to(place)
    return ClusterExecutor(place)
