"""Partitions made in this process when a pass comes to them, and forgotten after: flat memory."""

from collections.abc import Iterator
from typing import Any

from gmmkit.backends.collection import Partitions
from gmmkit.core.sources.blocks import Block
from gmmkit.core.sources.streams import RowStream, Survey
from gmmkit.errors import InputError


def streamed(partitions: Partitions) -> RowStream:
    """Return partitions as a stream of rows, computed by the scheduler that Dask is set to.

    Raises
    ------
    InputError
        If they hold no rows, or have to be counted and are unusable.

    Examples
    --------
    >>> import dask.array
    >>> [len(block.rows) for block in streamed(Partitions.of(dask.array.ones((9, 1), chunks=2)))]
    [9]
    """
    graph = _graph_of(partitions.blocks)

    def walk() -> Iterator[Block]:
        return (block for block in _computed(partitions.blocks, graph) if len(block.rows))

    lengths, single = partitions.lengths, partitions.single
    if lengths is None or single is None:
        return RowStream(walk, Survey.of(walk()))
    n_rows = sum(lengths)
    if not n_rows:
        raise InputError("there is nothing to work on", needed="at least one row")
    return RowStream(walk, Survey(n_rows, partitions.n_features, single, float(n_rows)))


def _graph_of(blocks: tuple[Any, ...]) -> dict[Any, Any]:
    """Return the tasks of all partitions in one dictionary.

    Computing partitions one by one as they are would go through all tasks for each of them.
    """
    from dask.highlevelgraph import HighLevelGraph
    from dask.utils import ensure_dict

    merged = HighLevelGraph.merge(*(block.__dask_graph__() for block in blocks))
    graph: dict[Any, Any] = ensure_dict(merged)
    return graph


def _computed(blocks: tuple[Any, ...], graph: dict[Any, Any]) -> Iterator[Block]:
    """Yield what partitions come to, computed as many at a time as Dask has threads for."""
    from dask import config
    from dask.base import get_scheduler
    from dask.optimization import cull
    from dask.system import CPU_COUNT

    width = config.get("num_workers", None) or CPU_COUNT
    compute = get_scheduler(collections=blocks[:1])
    for start in range(0, len(blocks), width):
        keys = [block.key for block in blocks[start : start + width]]
        own, _ = cull(graph, keys)
        yield from compute(own, keys)
