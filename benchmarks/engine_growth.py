"""How the time of an iteration grows with rows, columns and components, beside the flop count.

A slope is that of the logarithm of seconds over the logarithm of the size, within each round. Rows
begin where an iteration takes several milliseconds: about half of one, for the M-step and for
handing work to threads, does not grow with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import nan
from statistics import median

import numpy as np
from engine_contest import Found, Settings
from engine_ours import Ours
from engine_scorer import Parameters
from engine_workloads import Workload
from pairing import Rounds, take_turns
from reporting import Figure

ROWS_AT_LEAST, ROWS_AT_MOST = 0.95, 1.05
OVER_FLOPS = 1.05
_QUICK = 50
_TIMED_OPERATIONS = 2e10


@dataclass(frozen=True)
class Size:
    """What one point of a line is of."""

    rows: int
    columns: int
    components: int
    covariance: str


@dataclass(frozen=True)
class Line:
    """Sizes of which one field changes."""

    field: str
    values: tuple[int, ...]
    base: Size

    @property
    def sizes(self) -> list[Size]:
        """All points."""
        return [replace(self.base, **{self.field: value}) for value in self.values]

    @property
    def label(self) -> str:
        """What changes, and what stays."""
        kept = [
            f"{getattr(self.base, name)} {name}"
            for name in ("rows", "columns", "components")
            if name != self.field
        ]
        span = f"{self.field} {self.values[0]} to {self.values[-1]}"
        return f"growth in {span} ({', '.join(kept)}, {self.base.covariance})"


LINES = (
    Line("rows", (200_000, 400_000, 800_000, 1_600_000, 3_200_000), Size(0, 10, 8, "full")),
    Line("rows", (50_000, 100_000, 200_000, 400_000, 800_000), Size(0, 60, 128, "diag")),
    Line("columns", (5, 10, 20, 40), Size(100_000, 0, 8, "full")),
    Line("columns", (15, 30, 60, 120), Size(50_000, 0, 128, "diag")),
    Line("components", (4, 8, 16, 32), Size(100_000, 10, 0, "full")),
    Line("components", (64, 128, 256, 512), Size(50_000, 60, 0, "diag")),
)


def measure_growth(found: Found, settings: Settings) -> None:
    """All lines, one after the other."""
    for line in LINES:
        workloads = [_workload(size, settings.quick) for size in line.sizes]
        rounds = take_turns(
            {str(i): _Turn(workload) for i, workload in enumerate(workloads)}, settings.rounds
        )
        found.details[line.label] = {"values": line.values, "seconds": rounds.seconds}
        found.figures.append(_figure(line, workloads, rounds, settings))


@dataclass(frozen=True, eq=False)
class _Turn:
    workload: Workload

    def __call__(self) -> float:
        return Ours().iterate(self.workload).seconds


def _figure(
    line: Line, workloads: Sequence[Workload], rounds: Rounds, settings: Settings
) -> Figure:
    by_round = zip(*rounds.seconds.values(), strict=True)
    sizes = [len(each.rows) for each in workloads] if line.field == "rows" else line.values
    slopes = [_slope(sizes, seconds) for seconds in by_round]
    counted = _slope(sizes, [each.operations for each in workloads])
    least, most = (
        (ROWS_AT_LEAST, ROWS_AT_MOST) if line.field == "rows" else (None, OVER_FLOPS * counted)
    )
    spans = ", ".join(f"{1e3 * rounds.median(name):.3g}" for name in rounds.seconds)
    remark = f"flops {counted:.3f}; rounds {min(slopes):.3f} to {max(slopes):.3f}; ms {spans}"
    return Figure(
        line.label, median(slopes), "slope", settings.bound(least), settings.bound(most), remark
    )


def _slope(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Return the slope of logarithms; NaN where noise made a difference of times negative."""
    if min(costs) <= 0:
        return nan
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


def _workload(size: Size, quick: bool) -> Workload:
    """Return rows of overlapping Gaussians, and so many iterations that all take about as long."""
    n_rows = max(size.rows // _QUICK, 5 * size.components) if quick else size.rows
    start = _gaussians(size.columns, size.components, size.covariance)
    random = np.random.default_rng(1)
    rows = random.standard_normal((n_rows, size.columns), dtype=np.float32)
    rows += start.means[random.integers(size.components, size=n_rows)].astype(np.float32)
    made = Workload(str(size), rows, start, 1, 2)
    iterations = 2 if quick else int(np.clip(_TIMED_OPERATIONS / made.operations, 3, 200))
    return replace(made, many=1 + iterations)


@cache
def _gaussians(n_columns: int, k: int, covariance: str) -> Parameters:
    means = np.random.default_rng(0).normal(0.0, 1.0, (k, n_columns))
    unit = np.ones(n_columns) if covariance == "diag" else np.eye(n_columns)
    return Parameters(np.full(k, 1 / k), means, np.array([unit] * k))
