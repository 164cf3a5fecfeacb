"""Two threads against one, beside what two threads are worth to sgemm, and whether bits agree."""

import os
from collections.abc import Callable, Iterator
from math import nan
from statistics import median

import engine_workloads as workloads
import numpy as np
from engine_contest import Found, Settings
from engine_limits import product_rate
from engine_ours import Ours
from engine_scorer import Parameters
from engine_workloads import Workload
from pairing import Rounds, take_turns
from reporting import Figure

NEEDED = 0.9
COUNTS = (1, 2)


def measure_threads(found: Found, settings: Settings) -> None:
    """All workloads; one photo is small, the others are not."""
    n_usable = len(os.sched_getaffinity(0))
    if n_usable < max(COUNTS):
        remark = f"{n_usable} processor can be used, two are needed"
        found.figures.append(Figure("2 threads against 1", nan, "absent", remark=remark))
        return
    for workload in _workloads(settings):
        turns = {count: _Turn(workload, count) for count in COUNTS}
        contestants: dict[str, Callable[[], float]] = {}
        for count, turn in turns.items():
            contestants[f"gmmkit {count}"] = turn
            contestants[f"sgemm {count}"] = _limited_product(count, settings.quick)
        rounds = take_turns(contestants, settings.rounds)
        found.details[f"{workload.label}, threads"] = rounds.seconds
        found.figures += _figures(settings, workload, rounds)
        found.figures.append(_same_bits(workload, turns[1], turns[2]))


class _Turn:
    def __init__(self, workload: Workload, n_threads: int) -> None:
        self.workload, self.peer = workload, Ours(n_threads=n_threads)
        self.last: Parameters | None = None

    def __call__(self) -> float:
        iterated = self.peer.iterate(self.workload)
        self.last = iterated.parameters
        return iterated.seconds


def _workloads(settings: Settings) -> Iterator[Workload]:
    quick = settings.quick
    yield workloads.photo(quick)
    yield workloads.texture(quick)
    yield workloads.speech(settings.options.threads_speech_rows, quick)
    yield workloads.transactions(quick)


def _limited_product(n_threads: int, quick: bool) -> Callable[[], float]:
    """Return what measures the seconds of one operation of sgemm."""
    from threadpoolctl import threadpool_limits

    rate = product_rate(np.float32, quick)

    def measure() -> float:
        with threadpool_limits(n_threads, user_api="blas"):
            return 1 / rate()

    return measure


def _figures(settings: Settings, workload: Workload, rounds: Rounds) -> Iterator[Figure]:
    one, two = COUNTS
    ours = rounds.ratios(f"gmmkit {one}", f"gmmkit {two}")
    limit = rounds.ratios(f"sgemm {one}", f"sgemm {two}")
    shares = [mine / best for mine, best in zip(ours, limit, strict=True)]
    label = f"{workload.label}, 2 threads against 1"
    times = ", ".join(f"{1e3 * rounds.median(f'gmmkit {count}'):.3g} ms" for count in COUNTS)
    yield Figure(f"{label}: gmmkit", median(ours), "x", remark=times)
    yield Figure(f"{label}: sgemm", median(limit), "x")
    yield Figure(
        f"{label}: gmmkit's share of sgemm's",
        median(shares),
        "",
        settings.bound(NEEDED),
        remark=f"rounds {min(shares):.3g} to {max(shares):.3g}",
    )


def _same_bits(workload: Workload, one: _Turn, two: _Turn) -> Figure:
    names = ("weights", "means", "covariances")
    equal = all(np.array_equal(getattr(one.last, name), getattr(two.last, name)) for name in names)
    return Figure(f"{workload.label}, 2 threads against 1: same bits", float(equal), "", 1.0)
