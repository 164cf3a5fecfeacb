"""What one worker sums up of the partitions that it holds, in their order: all that it sends back.

What is here runs on workers and returns values, without any effect: done twice, it counts once.
"""

from collections.abc import Iterable, Iterator
from functools import partial, reduce
from operator import add, itemgetter

from gmmkit.backends.telling import told_by_worker
from gmmkit.core.execution import Executor, Pass, SerialExecutor, threads
from gmmkit.core.sources.blocks import Block, Piece, block_bounds
from gmmkit.core.statistics import SufficientStatistics

# Rows as a worker has them: a partition, or what it loads blocks from itself, such as files.
Part = Block | tuple[Piece, ...]
# A sum, and which partition it begins with.
Numbered = tuple[int, SufficientStatistics]


def totals(
    function: Pass, apart: bool, numbers: Iterable[int], parts: list[Part]
) -> list[Numbered]:
    """Return what a pass sums up on this worker, by as many threads as the worker has.

    Parameters
    ----------
    function : callable
        From a block to its statistics.
    apart : bool
        Whether every partition is summed up for itself, instead of all of them.
    numbers : iterable of int
        Which partitions these are.
    parts : list of Block, or of tuples of pieces

    Returns
    -------
    list of (int, SufficientStatistics)
        One sum with the number of its first partition, or one of each that holds rows.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.em import e_step
    >>> from gmmkit.core.mixture import Mixture
    >>> mixture, block = Mixture([1.0], [[0.0]], [[[1.0]]]), Block(np.ones((3, 1)), None)
    >>> [(_, sums)] = totals(lambda own: e_step(own.rows, mixture), False, [0, 1], [block, block])
    >>> float(sums.total)
    6.0
    """
    numbered = list(zip(numbers, parts, strict=True))
    groups = [[each] for each in numbered] if apart else [numbered]
    with told_by_worker(), threads(_own_threads()) as executor:
        return [sums for group in groups for sums in _sum(function, group, executor)]


def totals_alone(function: Pass, numbers: Iterable[int], parts: list[Part]) -> list[Numbered]:
    """Return what a pass sums up of a partition that nobody keeps, in the calling thread.

    Examples
    --------
    >>> totals_alone(len, [], [])
    []
    """
    with told_by_worker(), SerialExecutor(hold_blas=True) as executor:
        return _sum(function, list(zip(numbers, parts, strict=True)), executor)


def added(sums: Iterable[Numbered]) -> list[Numbered]:
    """Return the sum of some sums, in the order of their partitions; nothing if there are none.

    Examples
    --------
    >>> added(iter([]))
    []
    """
    ordered = sorted(sums, key=itemgetter(0))
    return [(ordered[0][0], reduce(add, (each for _, each in ordered)))] if ordered else []


def _sum(function: Pass, numbered: list[tuple[int, Part]], executor: Executor) -> list[Numbered]:
    pieces = _cut(part for _, part in numbered)
    each = executor.map(partial(_passed, function), pieces)
    first = next(each, None)
    return [] if first is None else [(numbered[0][0], reduce(add, each, first))]


def _passed(function: Pass, piece: Piece) -> SufficientStatistics:
    return function(piece.load())


def _cut(parts: Iterable[Part]) -> Iterator[Piece]:
    """Yield what is passed over at a time: a partition in blocks that stay in cache."""
    for part in parts:
        if not isinstance(part, Block):
            yield from part
        elif len(part.rows):
            for start, stop in block_bounds(*part.rows.shape):
                yield part.at(slice(start, stop))


def _own_threads() -> int:
    """Return how many threads the worker has that this runs on; one if it is none."""
    from distributed import get_worker

    try:
        return int(get_worker().state.nthreads)
    except ValueError:
        return 1
