"""An executor whose passes run on the workers of a cluster, and send back nothing but sums."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from functools import partial
from itertools import chain, groupby, islice
from types import TracebackType
from typing import Any, TypeVar, cast

from gmmkit.backends.cluster_rows import RemotePiece
from gmmkit.backends.holding import (
    Holding,
    Kept,
    addresses,
    gathered,
    n_threads,
    neighbors,
    unreachable,
)
from gmmkit.backends.telling import told_by_worker
from gmmkit.backends.totals import added, totals, totals_alone
from gmmkit.core.execution import Executor, Pass, SerialExecutor, single_threaded_blas
from gmmkit.core.sources.blocks import Block, Piece, Source
from gmmkit.core.statistics import SufficientStatistics
from gmmkit.errors import ClusterError

Item = TypeVar("Item")
Result = TypeVar("Result")

# How often rows that went with their worker are sent to the cluster again in one pass.
_ATTEMPTS = 3
# Tasks are at work, or done and waiting on workers for those before them: so many a thread.
_AHEAD = 2
# Pieces that workers load themselves go there so many at a time: what they load may be shared.
_RUN = 16
# Pieces that workers load themselves are handed out in at most so many parts, whoever gets them.
_MOST_PARTS = 2048


class ClusterExecutor(Executor):
    """Passes over rows that are on a cluster, or that are sent there once.

    Rows of Dask's stay where they are. Pieces that workers can load themselves, such as those of
    a file that every worker can open, are loaded there in every pass. Other rows are sent to the
    workers when the first pass comes to them, and kept there until the executor is left.

    A pass is one task for each worker that holds rows, which works on them with as many threads as
    the worker has, and returns one set of sums. A worker that is lost takes its task with it:
    others do that again, on partitions made or sent again, and nothing counts twice. The first pass
    over a source comes back partition by partition, once: what is decided from it has the same bits
    on any number of workers.

    Parameters
    ----------
    client : distributed.Client
    """

    def __init__(self, client: Any) -> None:
        self.client = client
        self._source: Source | None = None
        self._holding: Holding | None = None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._forget()

    def nearby(self) -> Executor:
        """Return the calling thread, for the few rows that are here."""
        return SerialExecutor(hold_blas=True)

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yield the function of each item, in order; it is worked out where the item is.

        Results come here one task after the other, and wait on the workers until then.

        Raises
        ------
        ClusterError
            If there are no workers, or the cluster is lost.
        """
        waiting: deque[Any] = deque()
        limit = _AHEAD * n_threads(self.client)
        sent = self.client.submit(_itself, function, pure=False)
        try:
            for run in _runs(items):
                waiting.append(self._submitted(function, sent, run))
                if len(waiting) > limit:
                    yield from self._come(waiting.popleft())
            while waiting:
                yield from self._come(waiting.popleft())
        finally:
            self.client.cancel(list(waiting))

    def _submitted(self, function: Callable[[Item], Result], sent: Any, run: list[Item]) -> Any:
        (first, *_) = run
        if isinstance(first, RemotePiece):
            return first.holding.submit(partial(_applied, function), first.part)
        return self.client.submit(_each_applied, sent, run, pure=False)

    def _come(self, task: Any) -> list[Any]:
        try:
            results: list[Any] = gathered(self.client, [task])[0]
        except CancelledError as problem:
            raise unreachable(problem) from problem
        return results

    def total(self, function: Pass, source: Source) -> SufficientStatistics:
        """Return the sum of a pass over all rows; of each worker nothing else comes here.

        Raises
        ------
        ClusterError
            If workers are lost faster than their work can be done again.
        """
        for _ in range(_ATTEMPTS):
            try:
                return self._total(function, source)
            except CancelledError:
                # Rows that were sent are nowhere but on the worker that was lost.
                self._forget()
        raise ClusterError(
            "the cluster lost the rows again and again",
            found=f"{_ATTEMPTS} attempts at one pass",
            needed="workers that live through a pass",
            hint="look into the workers' logs for what ended them",
        )

    def _total(self, function: Pass, source: Source) -> SufficientStatistics:
        apart = source is not self._source
        holding = self._held(source)
        if isinstance(holding, Kept):
            sums = holding.run(partial(totals, function, apart))
        else:
            sums = holding.run(partial(totals_alone, function), list if apart else added)
        return added(sums)[0][1]

    def _held(self, source: Source) -> Holding:
        """Return the rows where the cluster has them, sent there if this process had them."""
        if self._holding is None or source is not self._source:
            self._forget()
            self._holding = self._placed(source)
            self._source = source
        return self._holding

    def _placed(self, source: Source) -> Holding:
        pieces = iter(source.pieces())
        first = next(pieces)
        if isinstance(first, RemotePiece):
            return first.holding
        every = chain([first], pieces)
        if isinstance(first, Block):
            return Kept(self.client, self._sent(cast("Iterator[Block]", every), source.n_rows))
        return Kept(self.client, self._handed_out(tuple(every)))

    def _sent(self, blocks: Iterator[Block], n_rows: int) -> Iterator[Any]:
        """Yield the futures of blocks that are sent to workers, to each its share of the rows."""
        workers, n_sent = addresses(self.client), 0
        for block in blocks:
            address = workers[min(n_sent * len(workers) // n_rows, len(workers) - 1)]
            yield self.client.scatter(block, workers=[address], hash=False)
            n_sent += len(block.rows)

    def _handed_out(self, pieces: tuple[Piece, ...]) -> Iterator[Any]:
        """Yield the futures of what each worker loads itself in every pass."""
        step = -(-len(pieces) // _MOST_PARTS)
        parts = [pieces[start : start + step] for start in range(0, len(pieces), step)]
        for address, numbers in neighbors(len(parts), addresses(self.client)).items():
            own = [parts[number] for number in numbers]
            yield from self.client.map(
                _itself, own, pure=False, workers=[address], allow_other_workers=True
            )

    def _forget(self) -> None:
        """Let the cluster drop what was sent there."""
        self._source = self._holding = None


def _itself(thing: Item) -> Item:
    return thing


def _runs(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Yield what goes to one worker at a time: pieces that are loaded there, or anything alone."""
    for together, group in groupby(items, key=_is_loaded_there):
        while run := list(islice(group, _RUN if together else 1)):
            yield run


def _is_loaded_there(item: object) -> bool:
    return hasattr(item, "load") and not isinstance(item, (Block, RemotePiece))


def _each_applied(function: Callable[[Item], Result], run: list[Item]) -> list[Result]:
    with told_by_worker(), single_threaded_blas():
        return [function(item) for item in run]


def _applied(function: Callable[[Item], Result], item: Item) -> list[Result]:
    return _each_applied(function, [item])
