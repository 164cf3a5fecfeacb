"""Two workers of a cluster against one, beside two processes of sgemm, and what they send.

Workers are processes of this machine with one thread each. Both clusters are there all the time,
and hold the same rows, which their workers drew.
"""

import logging
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from importlib.util import find_spec
from math import nan
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
from engine_contest import Found, Settings
from engine_gaussians import Gaussians, Laps, run_laps
from engine_limits import product_rate
from engine_peer import released
from pairing import Rounds, take_turns
from reporting import Figure

NEEDED = 0.8
COUNTS = (1, 2)
LARGEST_DIFFERENCE = 1e-10
# What pickling and a message's head may add to the statistics.
LARGEST_TRAFFIC = 1.1
_GAUSSIANS, _QUICK_GAUSSIANS = Gaussians(16, 16), Gaussians(4, 4)
_QUICK_ROWS = 20_000
_PARTITIONS = 16
# Without an address it would want the usual port, which one of the two clusters cannot have.
_NO_DASHBOARD = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
_TIMED, _FEW, _MANY = 4, 1, 5


def measure_cluster(found: Found, settings: Settings) -> None:
    """Let one worker and two take turns, and sgemm likewise."""
    why_not = _absent()
    if why_not:
        found.figures.append(Figure("cluster", nan, "absent", remark=why_not))
        return
    gaussians = _QUICK_GAUSSIANS if settings.quick else _GAUSSIANS
    n_rows = _QUICK_ROWS if settings.quick else settings.options.cluster_rows
    label = f"cluster {gaussians.label(n_rows)}"
    with ExitStack() as stack:
        stack.enter_context(_kept_environment())
        folder = Path(stack.enter_context(TemporaryDirectory()))
        turns = {
            count: _Turn(stack.enter_context(_client(count, folder)), gaussians, n_rows)
            for count in COUNTS
        }
        sent = {count: turn.sent() for count, turn in turns.items()}
        rounds = take_turns(_contestants(stack, turns, settings.quick), settings.rounds)
        held = turns[COUNTS[-1]].held()
    found.details[label] = {
        "distributed": released("distributed"),
        "seconds": rounds.seconds,
        "bytes an iteration": {count: asdict(each) for count, each in sent.items()},
    }
    found.figures += _speed_figures(label, rounds, held, settings)
    found.figures += _difference_figures(label, turns)
    found.figures += _traffic_figures(label, sent, gaussians, settings)


def _absent() -> str:
    """Return why there is nothing to measure, or nothing."""
    missing = [name for name in ("dask", "distributed") if find_spec(name) is None]
    if missing:
        return f'{" and ".join(missing)} not installed: pip install "gmmkit[cluster]"'
    n_usable = len(os.sched_getaffinity(0))
    few = n_usable < max(COUNTS)
    return f"{n_usable} processor can be used, two are needed" if few else ""


@contextmanager
def _kept_environment() -> Iterator[None]:
    """Undo what starting workers sets here: one thread, for every process that comes later."""
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _client(n_workers: int, folder: Path) -> Iterator[Any]:
    from dask import config
    from distributed import Client, LocalCluster

    with (
        config.set({"temporary-directory": str(folder)}),
        LocalCluster(
            n_workers=n_workers,
            threads_per_worker=1,
            processes=True,
            scheduler_kwargs=_NO_DASHBOARD,
            silence_logs=logging.ERROR,
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        client.wait_for_workers(n_workers)
        yield client


@dataclass(frozen=True)
class Sent:
    """What all workers sent in an iteration, in bytes: results, and Dask's own messages."""

    results: float
    messages: float


class _Turn:
    """A cluster that holds the rows, and what its last fit led to."""

    def __init__(self, client: Any, gaussians: Gaussians, n_rows: int) -> None:
        from gmmkit.backends import dask_rows

        self.client, self.gaussians = client, gaussians
        self.rows = dask_rows(_drawn(gaussians, n_rows), client=client)
        self.last: Laps | None = None

    def __call__(self) -> float:
        """Return the seconds of an iteration."""
        self.last = run_laps(self.rows, self.gaussians, _TIMED)
        return median(self.last.seconds)

    def held(self) -> list[int]:
        """Return how many partitions each worker has."""
        return sorted(len(keys) for keys in self.client.has_what().values())

    def sent(self) -> Sent:
        """Return what an iteration makes workers send: that of many less that of few."""
        counted = [self._counted()]
        for count in (_FEW, _MANY):
            run_laps(self.rows, self.gaussians, count)
            counted.append(self._counted())
        few, many = np.diff(counted, axis=0)
        results, messages = (many - few) / (_MANY - _FEW)
        return Sent(float(results), float(messages))

    def _counted(self) -> Any:
        return np.sum(list(self.client.run(_counters).values()), axis=0)


def _counters(dask_worker: Any) -> tuple[int, int]:
    """Return the bytes that a worker sent so far, as it counts them itself."""
    results = sum(each["compressed"] for each in dask_worker.transfer_outgoing_log)
    return results, dask_worker.batched_stream.byte_count


def _drawn(gaussians: Gaussians, n_rows: int) -> Any:
    """Return rows that whoever gets a partition draws."""
    import dask.array
    from dask import delayed

    draw, size = delayed(Gaussians.draw, traverse=False), n_rows // _PARTITIONS
    parts = [draw(gaussians, size, seed) for seed in range(_PARTITIONS)]
    shape = (size, gaussians.columns)
    return dask.array.concatenate(
        [dask.array.from_delayed(part, shape, dtype=np.float32) for part in parts]
    )


def _contestants(
    stack: ExitStack, turns: dict[int, _Turn], quick: bool
) -> dict[str, Callable[[], float]]:
    spawned = get_context("spawn")
    pools = [
        stack.enter_context(ProcessPoolExecutor(1, mp_context=spawned)) for _ in range(max(COUNTS))
    ]
    found: dict[str, Callable[[], float]] = {}
    for count, turn in turns.items():
        found[f"gmmkit {count}"] = turn
        found[f"sgemm {count}"] = _SideBySide(pools[:count], quick)
    return found


@dataclass(frozen=True)
class _SideBySide:
    """Processes that multiply at the same time, one thread each."""

    pools: list[ProcessPoolExecutor]
    quick: bool

    def __call__(self) -> float:
        """Return the seconds from the first's start to the last's end, for one product of all."""
        futures = [pool.submit(_product_span, self.quick) for pool in self.pools]
        begins, ends = zip(*(future.result() for future in futures), strict=True)
        return float(max(ends) - min(begins)) / len(self.pools)


def _product_span(quick: bool) -> tuple[float, float]:
    """Return when a product of one thread began and ended, on the clock of all processes."""
    from threadpoolctl import threadpool_limits

    multiply = _product(quick)
    with threadpool_limits(1, user_api="blas"):
        begin = perf_counter()
        multiply()
        return begin, perf_counter()


@cache
def _product(quick: bool) -> Callable[[], float]:
    return product_rate(np.float32, quick)


def _speed_figures(
    label: str, rounds: Rounds, held: list[int], settings: Settings
) -> Iterator[Figure]:
    one, two = COUNTS
    ours = rounds.ratios(f"gmmkit {one}", f"gmmkit {two}")
    limit = rounds.ratios(f"sgemm {one}", f"sgemm {two}")
    shares = [mine / best for mine, best in zip(ours, limit, strict=True)]
    times = " and ".join(f"{1e3 * rounds.median(f'gmmkit {count}'):.3g}" for count in COUNTS)
    told = f"{times} ms/iteration; partitions {' + '.join(map(str, held))}"
    yield Figure(f"{label}, 2 workers against 1: gmmkit", median(ours), "x", remark=told)
    yield Figure(f"{label}, 2 processes against 1: sgemm", median(limit), "x")
    yield Figure(
        f"{label}: gmmkit's share of sgemm's",
        median(shares),
        "",
        settings.bound(NEEDED),
        remark=f"rounds {min(shares):.3g} to {max(shares):.3g}",
    )


def _difference_figures(label: str, turns: dict[int, _Turn]) -> Iterator[Figure]:
    one, two = (turns[count].last for count in COUNTS)
    if one is None or two is None:
        raise RuntimeError("a cluster did not take its turn")
    apart = np.abs(one.result.mixture.means - two.result.mixture.means).max()
    name = f"{label}, 2 workers and 1: largest difference of means"
    yield Figure(name, float(apart), "", at_most=LARGEST_DIFFERENCE, remark=two.routes)


def _traffic_figures(
    label: str, sent: dict[int, Sent], gaussians: Gaussians, settings: Settings
) -> Iterator[Figure]:
    for count, each in sent.items():
        expected = count * gaussians.sums * np.dtype(np.float64).itemsize
        yield Figure(
            f"{label}: sent in an iteration / {count} x the statistics",
            each.results / expected,
            "x",
            at_most=settings.bound(LARGEST_TRAFFIC),
            remark=f"{each.results:.0f} bytes, {expected} expected; "
            f"and {each.messages:.0f} of Dask's own messages",
        )
