"""gmmkit as a contestant."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from engine_peer import Iterated, Peer, Score, timed
from engine_scorer import Parameters
from engine_workloads import Workload

import gmmkit

OURS = "gmmkit"


class Ours(Peer):
    """gmmkit; what can be said is as in `gmmkit.fit`."""

    name = package = module = OURS
    # As everyone else: float32 rows in float32, where that is exact enough.
    scored_in = "auto"

    def __init__(
        self,
        *,
        n_threads: int | None = None,
        precision: str = "auto",
        on_iteration: Callable[[int, Any], None] | None = None,
    ) -> None:
        self.n_threads = n_threads
        self.precision = precision
        self.on_iteration = on_iteration

    def iterate(self, workload: Workload) -> Iterated:
        """As everyone; seconds may be of more iterations, but never what they lead to."""
        if not workload.more:
            return super().iterate(workload)
        longer = replace(workload, many=workload.many + workload.more, more=0)
        timed_fit, model = super().iterate(longer), self.fit(workload, workload.many)
        return replace(timed_fit, parameters=self.parameters(model))

    def fit(self, workload: Workload, iterations: int) -> gmmkit.FitResult:
        """Fit from the start."""
        return gmmkit.fit(
            workload.rows,
            workload.start.shape[0],
            covariance=workload.covariance,
            start=as_mixture(workload.start),
            tol=0.0,
            max_iter=iterations,
            reg_covar=workload.ridge,
            floor=workload.floor,
            precision=self.precision,
            n_threads=self.n_threads,
            on_iteration=self.on_iteration,
        )

    def parameters(self, model: gmmkit.FitResult) -> Parameters:
        """Return the mixture's numbers."""
        mixture = model.mixture
        return Parameters(mixture.weights, mixture.means, mixture.covariance.values)

    def iterations(self, workload: Workload, model: gmmkit.FitResult) -> int:
        """Return how many there were: fewer than asked for, where nothing was left to gain."""
        return model.n_iter

    def remark(self, workload: Workload, model: gmmkit.FitResult) -> str:
        """Return which arithmetic was used."""
        routes = [each.route for each in model.trace]
        return ", ".join(f"{routes.count(one)} x {one}" for one in dict.fromkeys(routes))

    def scorers(self, workload: Workload, parameters: Parameters) -> tuple[Score, Score]:
        """Return a mixture's own methods."""
        mixture, rows = as_mixture(parameters), workload.rows
        return (
            lambda: timed(lambda: mixture.log_density(rows, precision=self.scored_in)),
            lambda: timed(lambda: mixture.labels(rows)),
        )


class OursInDouble(Ours):
    """gmmkit, with log densities in float64 whatever the rows are, as they are by default."""

    name = f"{OURS} in float64"
    scored_in = "float64"


def as_mixture(parameters: Parameters) -> gmmkit.Mixture:
    """Return a value of gmmkit's."""
    kind = "diag" if parameters.is_diagonal else "full"
    covariance = gmmkit.Covariance(kind, parameters.covariances)
    return gmmkit.Mixture(parameters.weights, parameters.means, covariance)
