"""An executor whose passes run on the workers of a cluster, and send back nothing but sums."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from functools import partial
from itertools import chain
from types import TracebackType
from typing import Any, TypeVar, cast

from gmmkit.backends.cluster_rows import RemotePiece
from gmmkit.backends.holding import Holding, Kept, addresses, gathered, neighbors
from gmmkit.backends.totals import added, totals, totals_alone
from gmmkit.core.execution import Executor, Pass, SerialExecutor
from gmmkit.core.sources.blocks import Block, Piece, Source
from gmmkit.core.statistics import SufficientStatistics
from gmmkit.errors import ClusterError

Item = TypeVar("Item")
Result = TypeVar("Result")

# How often rows that went with their worker are sent to the cluster again in one pass.
_ATTEMPTS = 3
# Results wait here for those before them: so many for each thread of the cluster.
_AHEAD = 2


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
        """Yield the function of each item, in order; it is worked out where the item is."""
        waiting: deque[Any] = deque()
        limit = _AHEAD * sum(self.client.nthreads().values())
        try:
            for item in items:
                waiting.append(self._submitted(function, item))
                if len(waiting) > limit:
                    yield gathered(self.client, [waiting.popleft()])[0]
            while waiting:
                yield gathered(self.client, [waiting.popleft()])[0]
        finally:
            self.client.cancel(list(waiting))

    def _submitted(self, function: Callable[[Item], Result], item: Item) -> Any:
        if isinstance(item, RemotePiece):
            return item.holding.submit(function, item.part)
        return self.client.submit(function, item, pure=False)

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


def _itself(part: tuple[Piece, ...]) -> tuple[Piece, ...]:
    return part
