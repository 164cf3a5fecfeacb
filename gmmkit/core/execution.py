"""Where a pass runs: executors that map over the pieces of a source in order."""

import os
import sys
import threading
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache, partial, reduce
from itertools import islice
from operator import add
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from gmmkit.core.checks import check_count
from gmmkit.core.sources.blocks import Block, Piece, Source
from gmmkit.core.statistics import SufficientStatistics
from gmmkit.core.tally import Tally

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")
Result = TypeVar("Result")

Pass = Callable[[Block], SufficientStatistics]


class Executor(AbstractContextManager["Executor"]):
    """Something that applies a function to many items and returns the results in order."""

    @abstractmethod
    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yield the function of each item, in order."""

    def run(self, function: Callable[[Item], None], items: Iterable[Item]) -> None:
        """Apply a function to all items, in any order, for what it does to them."""
        for _ in self.map(function, items):
            pass

    def nearby(self) -> "Executor":
        """Return an executor for rows that are here: this one, unless it works elsewhere."""
        return self

    def total(self, function: Pass, source: Source) -> SufficientStatistics:
        """Return the sum of a pass over all blocks, added in block order."""
        return reduce(add, self.map(partial(_loaded, function), source.pieces()))


def _loaded(function: Pass, piece: Piece) -> SufficientStatistics:
    return function(piece.load())


class SerialExecutor(Executor):
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


class ThreadExecutor(Executor):
    """A pool of threads; results come in the items' order, at most threads + 2 of them alive.

    Parameters
    ----------
    n_threads : int
        How many items are worked on at once.
    hold_blas : bool
        Whether BLAS is held to one thread meanwhile.

    Examples
    --------
    >>> with ThreadExecutor(2) as executor:
    ...     list(executor.map(abs, [-1, 2]))
    [1, 2]
    """

    def __init__(self, n_threads: int, *, hold_blas: bool = True) -> None:
        self.n_threads = n_threads
        self._guard: AbstractContextManager[None] = (
            single_threaded_blas() if hold_blas else nullcontext()
        )
        self._prepare = _limit_own_blas if hold_blas else None
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> "ThreadExecutor":
        self._guard.__enter__()
        self._pool = ThreadPoolExecutor(
            self.n_threads, thread_name_prefix="gmmkit", initializer=self._prepare
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

    def run(self, function: Callable[[Item], None], items: Iterable[Item]) -> None:
        """Apply a function to all items; threads, the calling one too, take one after the other."""
        turn, remaining = threading.Lock(), iter(items)

        def work() -> None:
            while True:
                with turn:
                    taken = list(islice(remaining, 1))
                if not taken:
                    return
                function(taken[0])

        self._together(work)

    def _together(self, work: Callable[[], None]) -> None:
        """Let every thread of the pool but one do some work, and the calling thread too."""
        if self._pool is None:
            raise RuntimeError("ThreadExecutor works inside a with statement")
        done = [self._pool.submit(work) for _ in range(self.n_threads - 1)]
        work()
        for each in done:
            each.result()

    def total(self, function: Pass, source: Source) -> SufficientStatistics:
        """Return the sum of a pass over all blocks, added in block order.

        Every thread, the calling one too, takes one piece after the other by itself, so that small
        ones do not wait for a queue.
        """
        tally = Tally(function, source, self.n_threads + 2)
        try:
            self._together(tally.work)
        except BaseException:
            tally.stop()
            raise
        return tally.sum


def threads(
    n_threads: int | None = None, *, hold_blas: bool = True
) -> "ThreadExecutor | SerialExecutor":
    """Return an executor for this machine.

    Parameters
    ----------
    n_threads : int, optional
        One works in the calling thread. The default is the number of usable processors.
    hold_blas : bool
        Whether BLAS is held to one thread meanwhile, as whatever calls it there needs.

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
    if count > 1:
        return ThreadExecutor(count, hold_blas=hold_blas)
    return SerialExecutor(hold_blas=hold_blas)


def _usable_processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@lru_cache(maxsize=1)
def _blas(_n_modules: int) -> "ThreadpoolController":
    """Return what limits BLAS; looked for anew when more modules, and so libraries, are loaded."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


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
    _blas(len(sys.modules)).limit(limits=1)


def _hold_limit(limited: threading.Event, lift: threading.Event) -> None:
    try:
        with _blas(len(sys.modules)).limit(limits=1):
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
