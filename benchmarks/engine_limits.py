"""What the machine can do at best: products of large matrices, and copying memory."""

from collections.abc import Callable
from functools import partial
from statistics import median

import numpy as np
import numpy.typing as npt
from pairing import stopwatch, take_turns
from reporting import Figure

_ORDER, _QUICK_ORDER = 3072, 256
_COPIED, _QUICK_COPIED = 2**28, 2**22


def product_rate(kind: npt.DTypeLike, quick: bool = False) -> Callable[[], float]:
    """Return what measures one product of square matrices, in operations a second."""
    order = _QUICK_ORDER if quick else _ORDER
    random = np.random.default_rng(0)
    left, right = random.random((2, order, order)).astype(kind)
    out = np.empty_like(left)
    return lambda: 2 * order**3 / stopwatch(lambda: np.matmul(left, right, out=out))


def copy_rate(quick: bool = False) -> Callable[[], float]:
    """Return what measures one copy, in bytes read and written a second, by one thread."""
    source = np.ones(_QUICK_COPIED if quick else _COPIED, dtype=np.uint8)
    target = np.zeros_like(source)
    return lambda: 2 * source.nbytes / stopwatch(lambda: np.copyto(target, source))


def measure_limits(quick: bool, rounds: int) -> tuple[list[Figure], dict[str, object]]:
    """Measure all limits in turns."""
    limits = {
        "sgemm": product_rate(np.float32, quick),
        "dgemm": product_rate(np.float64, quick),
        "memory copy": copy_rate(quick),
    }
    found = take_turns(limits, rounds).seconds
    figures = [
        Figure(f"limit: {name}", median(rates) / 1e9, _unit(name), remark=_spread(rates))
        for name, rates in found.items()
    ]
    return figures, {"limits, a second": found}


def product_seconds(operations: float, quick: bool = False) -> Callable[[], float]:
    """Return what measures how long so many operations would take at the rate of sgemm."""
    rate = product_rate(np.float32, quick)
    return partial(_at_rate, operations, rate)


def _at_rate(operations: float, rate: Callable[[], float]) -> float:
    return operations / rate()


def _unit(name: str) -> str:
    return "GB/s" if "copy" in name else "GFLOP/s"


def _spread(rates: tuple[float, ...]) -> str:
    return f"rounds {min(rates) / 1e9:.3g} to {max(rates) / 1e9:.3g}"
