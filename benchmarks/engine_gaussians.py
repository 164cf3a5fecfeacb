"""Overlapping Gaussians: rows drawn wherever they are wanted, and timed iterations from near them.

It imports little: a process whose memory is watched loads it, and so do workers of a cluster.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

import gmmkit

# A start that is not where the rows come from: every iteration gains, none ends the fit.
_AWAY = 0.3


@dataclass(frozen=True)
class Gaussians:
    """As many components, of unit spread, about means that are as far apart as that."""

    components: int
    columns: int

    @property
    def means(self) -> npt.NDArray[np.float64]:
        """Where rows are drawn about."""
        return np.random.default_rng(0).normal(0.0, 1.0, (self.components, self.columns))

    @property
    def sums(self) -> int:
        """How many numbers the statistics of a full mixture are: (1, x, products of columns)."""
        pairs = self.columns * (self.columns + 1) // 2
        return self.components * (1 + self.columns + pairs)

    def draw(self, n_rows: int, seed: int) -> npt.NDArray[np.float32]:
        """Return rows; other seeds give others."""
        random = np.random.default_rng([1, seed])
        rows = random.standard_normal((n_rows, self.columns), dtype=np.float32)
        rows += self.means.astype(np.float32)[random.integers(self.components, size=n_rows)]
        return rows

    def start(self) -> gmmkit.Mixture:
        """Return where everybody starts."""
        shape = (self.components, self.columns)
        means = self.means + np.random.default_rng(2).normal(0.0, _AWAY, shape)
        spreads = gmmkit.Covariance("full", np.array([np.eye(self.columns)] * self.components))
        return gmmkit.Mixture(np.full(self.components, 1 / self.components), means, spreads)

    def label(self, n_rows: int) -> str:
        """Return the sizes as a text."""
        return f"{n_rows}x{self.columns} float32, K={self.components} full"


@dataclass(frozen=True, eq=False)
class Laps:
    """The seconds of each iteration but the first, and what they led to."""

    seconds: tuple[float, ...]
    result: gmmkit.FitResult

    @property
    def routes(self) -> str:
        """Which arithmetic the iterations used."""
        routes = [each.route for each in self.result.trace]
        return ", ".join(f"{routes.count(one)} x {one}" for one in dict.fromkeys(routes))


def run_laps(
    rows: Any,
    gaussians: Gaussians,
    count: int,
    before: Callable[[int], object] = lambda number: None,
) -> Laps:
    """Fit rows from the start and time every iteration by itself.

    Parameters
    ----------
    rows : array, or a source of rows
    gaussians : Gaussians
    count : int
        How many are timed; one more comes first, which may compile and connect.
    before : callable, optional
        Called with the number of each timed iteration, from 0, before its time begins.
    """
    stamps: list[tuple[float, float]] = []

    def note(number: int, _seen: object) -> None:
        end = perf_counter()
        if number <= count:
            before(number - 1)
        stamps.append((end, perf_counter()))

    result = gmmkit.fit(
        rows,
        gaussians.components,
        start=gaussians.start(),
        tol=0.0,
        max_iter=1 + count,
        on_iteration=note,
    )
    if result.n_iter <= count:
        raise RuntimeError(f"EM ended by itself after {result.n_iter} of {1 + count} iterations")
    seconds = tuple(end - begin for (_, begin), (end, _) in pairwise(stamps))
    return Laps(seconds, result)
