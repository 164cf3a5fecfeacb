"""Partitions on a cluster, and one task for each worker that sees all that it holds of them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain
from typing import Any
from uuid import uuid4

from gmmkit.errors import ClusterError

# From the numbers of partitions and these, to results in their order.
Job = Callable[[Sequence[int], list[Any]], list[Any]]
Combine = Callable[[Iterable[Any]], list[Any]]


class Holding(ABC):
    """Partitions of rows on a cluster.

    Parameters
    ----------
    client : distributed.Client
    parts : sequence
        One for each partition, in order: a Future, or a Delayed.
    """

    def __init__(self, client: Any, parts: Iterable[Any]) -> None:
        self.client, self.parts = client, tuple(parts)

    @abstractmethod
    def run(self, job: Job, combine: Combine = list) -> list[Any]:
        """Return what a job comes to where the partitions are, in their order by first partition.

        Parameters
        ----------
        job : callable
            From numbers of partitions and the partitions to a list.
        combine : callable
            Makes the lists of one worker's jobs, chained, to one.
        """

    @abstractmethod
    def each(self, function: Callable[[Any], Any]) -> list[Any]:
        """Return a function of every partition, worked out where that is."""

    @abstractmethod
    def submit(self, function: Callable[[Any], Any], part: Any) -> Any:
        """Return the future of a function of one partition."""


class Kept(Holding):
    """Partitions that workers keep in memory, or on their disks where memory is short.

    A partition whose worker is lost is made again by another one, which the engine sees to.
    """

    def run(self, job: Job, combine: Combine = list) -> list[Any]:
        """Return what a job comes to, from one task for each worker that holds something."""
        workers = addresses(self.client)
        # Where partitions are may have changed since the last pass: workers come and go.
        holders = self.client.who_has(list(self.parts))
        shares = dealt([holders.get(part.key, ()) for part in self.parts], workers)
        tasks = [self._task(job, *share) for share in shares.items()]
        return list(chain.from_iterable(gathered(self.client, tasks)))

    def each(self, function: Callable[[Any], Any]) -> list[Any]:
        """Return a function of every partition, worked out where that is."""
        return gathered(self.client, self.client.map(function, list(self.parts), pure=False))

    def submit(self, function: Callable[[Any], Any], part: Any) -> Any:
        """Return the future of a function of one partition, worked out where that is."""
        return self.client.submit(function, part, key=_key("map"))

    def _task(self, job: Job, address: str, numbers: list[int]) -> Any:
        return self.client.submit(
            partial(job, tuple(numbers)),
            [self.parts[number] for number in numbers],
            key=_key("pass"),
            workers=[address],
            # Where this worker is lost, others do its share.
            allow_other_workers=True,
        )


class Remade(Holding):
    """Partitions that are computed anew for every pass, by those who sum them up, and dropped."""

    def run(self, job: Job, combine: Combine = list) -> list[Any]:
        """Return what a job comes to, from a task a partition and one more for each worker."""
        workers = addresses(self.client)
        shares = neighbors(len(self.parts), workers)
        tasks = [self._task(job, combine, *share) for share in shares.items()]
        return list(chain.from_iterable(gathered(self.client, tasks)))

    def each(self, function: Callable[[Any], Any]) -> list[Any]:
        """Return a function of every partition, worked out by whoever makes that."""
        tasks = [_delayed(function, "map")(part) for part in self.parts]
        return gathered(self.client, self.client.compute(tasks))

    def submit(self, function: Callable[[Any], Any], part: Any) -> Any:
        """Return the future of a function of one partition."""
        return self.client.compute(_delayed(function, "map")(part))

    def _task(self, job: Job, combine: Combine, address: str, numbers: list[int]) -> Any:
        each = [
            _delayed(partial(job, (number,)), "part")([self.parts[number]]) for number in numbers
        ]
        together = _delayed(partial(_chained, combine), "pass")(each)
        return self.client.compute(together, workers=[address], allow_other_workers=True)


def _chained(combine: Combine, lists: Iterable[list[Any]]) -> list[Any]:
    return combine(chain.from_iterable(lists))


def _delayed(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    from dask import delayed

    # What a function carries along is nothing that Dask should look for tasks in.
    lazy: Callable[..., Any] = delayed(function, name=_key(name), pure=False, traverse=False)
    return partial(lazy, dask_key_name=_key(name))


def _key(name: str) -> str:
    return f"gmmkit_{name}-{uuid4().hex}"


def addresses(client: Any) -> list[str]:
    """Return where the workers of a cluster are.

    Raises
    ------
    ClusterError
        If there are none, or the scheduler does not answer.
    """
    return sorted(_workers(client))


def n_threads(client: Any) -> int:
    """Return how many threads all workers have.

    Raises
    ------
    ClusterError
        As :func:`addresses`.
    """
    return sum(_workers(client).values())


def _workers(client: Any) -> dict[str, int]:
    try:
        workers: dict[str, int] = client.nthreads()
    except OSError as problem:
        raise unreachable(problem) from problem
    if not workers:
        raise ClusterError(
            "the cluster has no workers",
            needed="at least one",
            hint="start some, and client.wait_for_workers(1)",
        )
    return workers


def dealt(holders: Sequence[Sequence[str]], workers: Sequence[str]) -> dict[str, list[int]]:
    """Return which partitions each worker sees to: such as it holds, of many holders the idlest.

    Parameters
    ----------
    holders : sequence of sequence of str
        The workers that hold each partition; any can take one that nobody holds.
    workers : sequence of str

    Examples
    --------
    >>> dealt([("b",), ("a", "b"), (), ("b",)], ["a", "b"])
    {'b': [0, 3], 'a': [1, 2]}
    """
    shares: dict[str, list[int]] = {}
    for number, holding in enumerate(holders):
        able = [worker for worker in workers if worker in holding] or workers
        idlest = min(able, key=lambda worker: len(shares.get(worker, ())))
        shares.setdefault(idlest, []).append(number)
    return shares


def neighbors(n_parts: int, workers: Sequence[str]) -> dict[str, list[int]]:
    """Return equal runs of partitions for as many workers as there are partitions for.

    Examples
    --------
    >>> neighbors(5, ["a", "b"])
    {'a': [0, 1, 2], 'b': [3, 4]}
    """
    shares: dict[str, list[int]] = {}
    for number in range(n_parts):
        shares.setdefault(workers[number * len(workers) // n_parts], []).append(number)
    return shares


def gathered(client: Any, futures: list[Any]) -> list[Any]:
    """Return what futures come to; where that is not waited for to the end, cancel them.

    Raises
    ------
    ClusterError
        If the cluster is gone, or lost one worker after the other over the same task.
    """
    from distributed import KilledWorker
    from distributed.comm import CommClosedError

    try:
        results: list[Any] = client.gather(futures)
    except KilledWorker as problem:
        raise ClusterError(
            "workers were lost again and again over the same rows",
            found=str(problem),
            needed="workers that live through a pass",
            hint="make partitions smaller, or give workers more memory",
        ) from problem
    except CommClosedError as problem:
        raise unreachable(problem) from problem
    except BaseException:
        client.cancel(futures)
        raise
    return results


def unreachable(problem: BaseException) -> ClusterError:
    """Return the error of a scheduler that is gone.

    Examples
    --------
    >>> unreachable(OSError("timed out")).found
    'timed out'
    """
    return ClusterError(
        "the cluster cannot be reached any more",
        found=str(problem),
        needed="a scheduler that lives as long as the work",
        hint="begin again when it is there; a fit with a checkpoint goes on from where it stood",
    )
