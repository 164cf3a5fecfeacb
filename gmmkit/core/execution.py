"""Where a pass runs: a re-iterable source of blocks, and executors that map over it in order."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import reduce
from operator import add
from types import TracebackType
from typing import Any, Protocol, TypeVar

import numpy as np

from gmmkit.core.checks import Float64Array, FloatArray, check_count
from gmmkit.core.gaps.known import Known
from gmmkit.core.statistics import SufficientStatistics

Item = TypeVar("Item")
Result = TypeVar("Result")

_LARGEST_BLOCK_ROWS = 32_768
_LARGEST_BLOCK_NUMBERS = 2**19


@dataclass(frozen=True, eq=False)
class Block:
    """Some consecutive rows of the data, with their weights, and what is known of all of them."""

    rows: FloatArray
    weights: Float64Array | None
    known: Known | None = None


class Source(Protocol):
    """Rows that can be walked over as often as needed, always cut into the same blocks."""

    @property
    def n_rows(self) -> int: ...

    @property
    def n_features(self) -> int: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    def __iter__(self) -> Iterator[Block]: ...

    def take(self, indices: Any) -> Block: ...


@dataclass(frozen=True, eq=False)
class ArraySource:
    """A checked array as a source: blocks are cut by the number of rows and columns alone.

    Parameters
    ----------
    rows : ndarray of shape (N, D)
        float32 or float64, finite.
    weights : ndarray of shape (N,) or None
        Positive frequencies.

    Examples
    --------
    >>> import numpy as np
    >>> [len(block.rows) for block in ArraySource(np.zeros((20_000, 2)))]
    [20000]
    """

    rows: FloatArray
    weights: Float64Array | None = None

    @property
    def n_rows(self) -> int:
        """The number of rows N."""
        return len(self.rows)

    @property
    def n_features(self) -> int:
        """The number of columns D."""
        return int(self.rows.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the rows: float32 or float64."""
        return self.rows.dtype

    def __iter__(self) -> Iterator[Block]:
        step = block_rows(self.n_rows, self.n_features)
        for start in range(0, self.n_rows, step):
            weights = None if self.weights is None else self.weights[start : start + step]
            yield Block(self.rows[start : start + step], weights)

    def take(self, indices: Any) -> Block:
        """Return the rows at the given indices, copied."""
        return Block(self.rows[indices], None if self.weights is None else self.weights[indices])


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


class Executor(AbstractContextManager["Executor"], Protocol):
    """Something that applies a function to many items and returns the results in order."""

    def map(
        self, function: Callable[[Item], Result], items: Iterable[Item]
    ) -> Iterator[Result]: ...


class SerialExecutor(AbstractContextManager["SerialExecutor"]):
    """One item after the other, in the calling thread.

    Parameters
    ----------
    hold_blas : bool
        Whether BLAS is held to one thread meanwhile, so that sums have the same bits as in a pool.

    Examples
    --------
    >>> with SerialExecutor() as executor:
    ...     list(executor.map(abs, [-1, 2]))
    [1, 2]
    """

    def __init__(self, *, hold_blas: bool = False) -> None:
        self._guard: AbstractContextManager[None] = (
            single_threaded_blas() if hold_blas else nullcontext()
        )

    def __enter__(self) -> "SerialExecutor":
        self._guard.__enter__()
        return self

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yield the function of each item."""
        return map(function, items)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._guard.__exit__(kind, value, traceback)


class ThreadExecutor(AbstractContextManager["ThreadExecutor"]):
    """A pool of threads; results come in the items' order, at most threads + 2 of them alive.

    Parameters
    ----------
    n_threads : int
        How many items are worked on at once; BLAS is held to one thread meanwhile.

    Examples
    --------
    >>> with ThreadExecutor(2) as executor:
    ...     list(executor.map(abs, [-1, 2]))
    [1, 2]
    """

    def __init__(self, n_threads: int) -> None:
        self.n_threads = n_threads
        self._guard = single_threaded_blas()
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> "ThreadExecutor":
        self._guard.__enter__()
        self._pool = ThreadPoolExecutor(
            self.n_threads, thread_name_prefix="gmmkit", initializer=_limit_own_blas
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if self._pool is not None:
                self._pool.shutdown(cancel_futures=True)
        finally:
            self._guard.__exit__(kind, value, traceback)

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yield the function of each item, in order, raising what it raised."""
        if self._pool is None:
            raise RuntimeError("ThreadExecutor works inside a with statement")
        waiting: deque[Future[Result]] = deque()
        for item in items:
            waiting.append(self._pool.submit(function, item))
            if len(waiting) > self.n_threads + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def threads(n_threads: int | None = None) -> "ThreadExecutor | SerialExecutor":
    """Return an executor for this machine.

    Parameters
    ----------
    n_threads : int, optional
        One works in the calling thread. The default is the number of usable processors.

    Raises
    ------
    ParameterError
        If it is no positive whole number.

    Examples
    --------
    >>> type(threads(1)).__name__
    'SerialExecutor'
    """
    count = _usable_processors() if n_threads is None else check_count(n_threads, "n_threads")
    return ThreadExecutor(count) if count > 1 else SerialExecutor(hold_blas=True)


def _usable_processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def total(
    executor: Executor,
    function: Callable[[Block], SufficientStatistics],
    source: Source,
) -> SufficientStatistics:
    """Return the sum of a pass over all blocks, added in block order whatever the threads."""
    return reduce(add, executor.map(function, source))


class _BlasGuard:
    """Counts who needs single-threaded BLAS; the first sets the limit, the last lifts it.

    A thread of its own does both, because a limit can only be lifted by the thread that set it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._lift = threading.Event()
        self._holder: threading.Thread | None = None

    def acquire(self) -> None:
        with self._lock:
            if self._users == 0:
                limited, self._lift = threading.Event(), threading.Event()
                self._holder = threading.Thread(
                    target=_hold_limit, args=(limited, self._lift), name="gmmkit-blas", daemon=True
                )
                self._holder.start()
                limited.wait()
            self._users += 1

    def release(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0 and self._holder is not None:
                self._lift.set()
                self._holder.join()


def _limit_own_blas() -> None:
    """Limit BLAS in this thread, which matters where its limits are each thread's own (OpenMP)."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, user_api="blas")


def _hold_limit(limited: threading.Event, lift: threading.Event) -> None:
    try:
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1, user_api="blas"):
            limited.set()
            lift.wait()
    finally:
        limited.set()


_guard = _BlasGuard()


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Hold BLAS to one thread in the whole process; overlapping holders are counted.

    Examples
    --------
    >>> with single_threaded_blas():
    ...     pass
    """
    _guard.acquire()
    try:
        yield
    finally:
        _guard.release()
