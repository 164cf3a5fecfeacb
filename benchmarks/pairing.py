"""Timing side by side: contestants take turns, round after round, and are compared by round.

Other load on a machine comes and goes over seconds. Two runs that follow each other share it, so
the ratio within a round says more than either time; medians keep single disturbances out.
"""

import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

LEAST_ROUNDS = 5
_PACKAGES = ("gmmkit", "numpy", "scipy", "scikit-learn", "scikit-image", "numba", "pillow")


@dataclass(frozen=True)
class Rounds:
    """The seconds of every contestant in every round."""

    seconds: Mapping[str, tuple[float, ...]]

    def median(self, name: str) -> float:
        """Return the median seconds of a contestant."""
        return median(self.seconds[name])

    def ratios(self, slow: str, fast: str) -> tuple[float, ...]:
        """Return how many times longer one took than another, round by round."""
        pairs = zip(self.seconds[slow], self.seconds[fast], strict=True)
        return tuple(long / short for long, short in pairs)

    def ratio(self, slow: str, fast: str) -> float:
        """Return the median of the ratios."""
        return median(self.ratios(slow, fast))

    def extremes(self, slow: str, fast: str) -> str:
        """Return the smallest and the largest ratio as a text."""
        ratios = self.ratios(slow, fast)
        return f"{min(ratios):.3g} to {max(ratios):.3g}"


def take_turns(contestants: Mapping[str, Callable[[], float]], n_rounds: int) -> Rounds:
    """Let everyone measure once a round, always in the same order: A B A B ...

    Parameters
    ----------
    contestants : mapping of str to callable
        Each returns the seconds that count; each is called once before the first round.
    n_rounds : int
        How many times round.
    """
    for measure in contestants.values():
        measure()
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(n_rounds):
        for name, measure in contestants.items():
            seconds[name].append(measure())
    return Rounds({name: tuple(values) for name, values in seconds.items()})


def stopwatch(function: Callable[[], object]) -> float:
    """Return the wall seconds of one call."""
    begin = perf_counter()
    function()
    return perf_counter() - begin


def environment() -> dict[str, Any]:
    """Return what a reader needs to know about the machine and the software."""
    return {
        "processor": _processor(),
        "processors_usable": len(os.sched_getaffinity(0)),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in _PACKAGES},
        "thread_pools": _thread_pools(),
    }


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _thread_pools() -> list[str]:
    """Return the pools that are loaded now, with the threads that each may use."""
    from threadpoolctl import threadpool_info

    return [f"{pool['prefix']}: {pool['num_threads']}" for pool in threadpool_info()]
