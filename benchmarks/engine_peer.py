"""What a library has to be able to do to take part in the benchmark of the engine."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
from engine_scorer import Parameters
from engine_workloads import Workload
from pairing import stopwatch

Values = npt.NDArray[np.floating] | npt.NDArray[np.integer]


class PeerError(Exception):
    """A library could not do what it was asked, in its own words."""


@dataclass(frozen=True, eq=False)
class Iterated:
    """What a peer says of one iteration.

    Attributes
    ----------
    seconds : float
    parameters : Parameters
        After ``workload.many`` iterations.
    remark : str
    """

    seconds: float
    parameters: Parameters
    remark: str = ""


@dataclass(frozen=True, eq=False)
class Scored:
    """What a peer says of every row under a mixture, and how long it took."""

    seconds: float
    values: Values


Score = Callable[[], Scored]


class Peer:
    """A library that fits mixtures.

    Attributes
    ----------
    name : str
    package : str
        What `pip install` calls it.
    module : str
    has_same_start : bool
        Whether it goes on from the start it is given.
    has_same_ridge : bool
        Whether it adds to variances what gmmkit is told to add.
    """

    name = package = module = ""
    has_same_start = True
    has_same_ridge = False

    def absent(self) -> str:
        """Return why it takes no part, or nothing."""
        return "" if find_spec(self.module) else f"not installed: pip install {self.package}"

    def version(self) -> str:
        """Return which release it is."""
        return released(self.package)

    def iterate(self, workload: Workload) -> Iterated:
        """Fit for few and for many iterations, and return what one of the difference takes."""
        few = stopwatch(lambda: self.fit(workload, workload.few))
        begin = perf_counter()
        model = self.fit(workload, workload.many)
        span = perf_counter() - begin - few
        seconds = span / (self.iterations(workload, model) - workload.few)
        parameters = self.parameters(model).in_form_of(workload.start)
        return Iterated(seconds, parameters, self.remark(workload, model))

    def fit(self, workload: Workload, iterations: int) -> Any:
        """Return the library's own model."""
        raise NotImplementedError

    def parameters(self, model: Any) -> Parameters:
        """Return a model's numbers."""
        raise NotImplementedError

    def iterations(self, workload: Workload, model: Any) -> int:
        """Return how many iterations the longer fit did."""
        return workload.many

    def remark(self, workload: Workload, model: Any) -> str:
        """Return what a reader of the time should know."""
        return ""

    def scorers(self, workload: Workload, parameters: Parameters) -> tuple[Score, Score] | None:
        """Return what gives log densities and labels of the rows, where the library can."""
        return None


def released(package: str) -> str:
    """Return the release of an installed package."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def failed(problem: Exception) -> PeerError:
    """Return a library's own error, its first line."""
    lines = str(problem).strip().splitlines() or [""]
    return PeerError(f"{type(problem).__name__}: {lines[0]}")


def timed(function: Callable[[], Values]) -> Scored:
    """Return what a function returns, and the seconds that it takes."""
    begin = perf_counter()
    values = function()
    return Scored(perf_counter() - begin, values)


def parameters_of(
    weights: npt.ArrayLike, means: npt.ArrayLike, covariances: npt.ArrayLike
) -> Parameters:
    """Return a library's numbers as float64, what rounding did to sums and symmetry evened out."""
    shares = np.asarray(weights, dtype=np.float64)
    spreads = np.asarray(covariances, dtype=np.float64)
    if spreads.ndim == 3:
        spreads = (spreads + spreads.transpose(0, 2, 1)) / 2
    return Parameters(shares / shares.sum(), np.asarray(means, dtype=np.float64), spreads)
