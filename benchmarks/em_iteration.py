"""One EM iteration on the pixels of a photo, beside scikit-learn's, from the same start.

Both fit K = 5 full Gaussians to the same float32 rows, from the moments of the same k-means
clusters, for a few and for many iterations; the difference of the two times, divided by the
difference of the iterations, is the time of one. What comes before and after the loop cancels.
"""

import argparse
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
from pairing import LEAST_ROUNDS, Rounds, stopwatch, take_turns
from photos import pixel_floor, pixel_rows
from reporting import Figure, parser, report
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

import gmmkit

K = 5
NEEDED = {"coffee": 45.0, "astronaut": 25.0}
LIKELIHOOD_MARGIN = 0.001
ROUTES = ("float32", "float64", "centered")
PEER, OURS = "scikit-learn", "gmmkit auto"
# default: each side's own. ridge: both add 1e-6 to every variance, scikit-learn's default.
# image: gmmkit has the floor that `gmmkit.image.segment` gives it, scikit-learn its default.
REGULARIZATIONS = ("default", "ridge", "image")
RIDGE = 1e-6

Rows = npt.NDArray[np.float32]
OnIteration = Callable[[int, Any], None]


@dataclass(frozen=True, eq=False)
class Contest:
    """Rows, a start, and how far to go from it."""

    rows: Rows
    start: gmmkit.Mixture
    ridge: float | None
    floor: npt.NDArray[np.float64] | None
    few: int
    many: int

    def ours(
        self, precision: str, iterations: int, on_iteration: OnIteration | None = None
    ) -> gmmkit.FitResult:
        """Fit by gmmkit."""
        return gmmkit.fit(
            self.rows,
            K,
            start=self.start,
            tol=0.0,
            max_iter=iterations,
            reg_covar=self.ridge,
            floor=self.floor,
            precision=precision,
            on_iteration=on_iteration,
        )

    def peer(self, iterations: int) -> GaussianMixture:
        """Fit by scikit-learn, its start in the rows' own precision so that it stays there."""
        kind = self.rows.dtype
        model = GaussianMixture(
            K,
            weights_init=self.start.weights.astype(kind),
            means_init=self.start.means.astype(kind),
            precisions_init=np.linalg.inv(self.start.covariances).astype(kind),
            tol=0.0,
            max_iter=iterations,
            reg_covar=RIDGE,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return model.fit(self.rows)

    def seconds(self, fit: Callable[[int], object]) -> float:
        """Return the seconds of one iteration."""
        few = stopwatch(lambda: fit(self.few))
        return (stopwatch(lambda: fit(self.many)) - few) / (self.many - self.few)


def cluster_moments(rows: Rows) -> gmmkit.Mixture:
    """Return the mixture that k-means, scikit-learn's default start, leads to."""
    labels = KMeans(K, n_init=1, random_state=0).fit_predict(rows)
    members = [rows[labels == k].astype(np.float64) for k in range(K)]
    weights = np.array([len(rows_of) for rows_of in members]) / len(rows)
    covariances = np.array([np.cov(rows_of.T, bias=True) for rows_of in members])
    return gmmkit.Mixture(weights, [rows_of.mean(axis=0) for rows_of in members], covariances)


def as_mixture(model: GaussianMixture) -> gmmkit.Mixture:
    """Return scikit-learn's result as a value of gmmkit's, its float32 rounding evened out."""
    weights = model.weights_.astype(np.float64)
    covariances = model.covariances_.astype(np.float64)
    symmetric = (covariances + covariances.transpose(0, 2, 1)) / 2
    return gmmkit.Mixture(weights / weights.sum(), model.means_, symmetric)


def as_estimator(mixture: gmmkit.Mixture) -> GaussianMixture:
    """Return gmmkit's result as a fitted estimator of scikit-learn."""
    model = GaussianMixture(K)
    model.weights_, model.means_ = mixture.weights, mixture.means
    model.covariances_ = mixture.covariances
    # scikit-learn's factor of a precision is upper triangular: the inverse of a lower Cholesky.
    lower = np.linalg.cholesky(mixture.covariances)
    model.precisions_cholesky_ = np.linalg.inv(lower).transpose(0, 2, 1)
    return model


def likelihood_figures(contest: Contest, label: str, *, same_objective: bool) -> list[Figure]:
    """Return how far gmmkit's mean log likelihood lies above scikit-learn's, by either scorer."""
    exact = contest.rows.astype(np.float64)
    ours, theirs = (
        contest.ours("auto", contest.many).mixture,
        as_mixture(contest.peer(contest.many)),
    )
    by_us = ours.log_density(exact).mean() - theirs.log_density(exact).mean()
    by_them = as_estimator(ours).score(exact) - as_estimator(theirs).score(exact)
    # A segment's floor is far above scikit-learn's: that likelihood is no goal, only shown.
    bound = -LIKELIHOOD_MARGIN if same_objective else None
    reached = f"ours {ours.log_density(exact).mean():.6f} after {contest.many} iterations"
    return [
        Figure(f"{label}: likelihood, gmmkit's scorer", by_us, "nats/row", bound, remark=reached),
        Figure(f"{label}: likelihood, scikit-learn's scorer", by_them, "nats/row", bound),
    ]


def routes_of(contest: Contest, precision: str) -> str:
    """Return which arithmetic the iterations use, and how long one of each takes."""
    clock: list[float] = []
    result = contest.ours(precision, contest.many, lambda *_: clock.append(perf_counter()))
    spans: dict[str, list[float]] = {iteration.route: [] for iteration in result.trace}
    # The first iteration ends with the first tick, and nobody saw it begin.
    for iteration, begin, end in zip(result.trace[1:], clock, clock[1:], strict=False):
        spans[iteration.route].append(1e3 * (end - begin))
    counts = Counter(iteration.route for iteration in result.trace)
    times = {route: f"{median(span):.3g} ms" if span else "?" for route, span in spans.items()}
    return ", ".join(f"{counts[route]} x {route} ({times[route]})" for route in counts)


def contestants(contest: Contest, *, forced: bool) -> dict[str, Callable[[], float]]:
    """Return who takes turns: scikit-learn, gmmkit, and gmmkit held to each route."""
    fits: dict[str, Callable[[int], object]] = {
        PEER: contest.peer,
        OURS: partial(contest.ours, "auto"),
    }
    if forced:
        fits |= {f"gmmkit {route}": partial(contest.ours, route) for route in ROUTES}
    return {name: partial(contest.seconds, fit) for name, fit in fits.items()}


def speed_figures(contest: Contest, label: str, photo: str, rounds: Rounds) -> list[Figure]:
    """Return times and ratios; only what gmmkit chooses by itself has to keep a bound."""
    figures = [Figure(f"{label}: {PEER}", 1e3 * rounds.median(PEER), "ms/iteration")]
    for name in list(rounds.seconds)[1:]:
        needed = NEEDED.get(photo) if name == OURS else None
        routes = routes_of(contest, name.split()[1])
        spread = f"rounds {rounds.extremes(PEER, name)}"
        figures += [
            Figure(f"{label}: {name}", 1e3 * rounds.median(name), "ms/iteration", remark=routes),
            Figure(
                f"{label}: {PEER} / {name}", rounds.ratio(PEER, name), "x", needed, None, spread
            ),
        ]
    return figures


def run(options: argparse.Namespace, photo: str, kind: str) -> tuple[list[Figure], Rounds]:
    """Measure one photo with one kind of regularization."""
    rows = pixel_rows(photo)
    contest = Contest(
        rows,
        cluster_moments(rows),
        RIDGE if kind == "ridge" else None,
        pixel_floor(photo) if kind == "image" else None,
        options.few,
        options.few + options.iterations,
    )
    label = f"{photo} {len(rows)}x{rows.shape[1]} {kind}"
    rounds = take_turns(contestants(contest, forced=not options.auto_only), options.pairs)
    speed = speed_figures(contest, label, photo, rounds)
    return speed + likelihood_figures(contest, label, same_objective=kind != "image"), rounds


def main() -> int:
    """Measure all photos and report."""
    command = parser(__doc__)
    command.add_argument("--photos", nargs="+", default=list(NEEDED), metavar="NAME")
    command.add_argument("--kinds", nargs="+", default=REGULARIZATIONS, choices=REGULARIZATIONS)
    command.add_argument("--pairs", type=int, default=LEAST_ROUNDS)
    command.add_argument("--iterations", type=int, default=20, help="iterations that are timed")
    command.add_argument("--few", type=int, default=2, help="iterations before those")
    command.add_argument("--auto-only", action="store_true", help="skip the forced routes")
    options = command.parse_args()
    figures: list[Figure] = []
    details: dict[str, Any] = {}
    for photo in options.photos:
        for kind in options.kinds:
            found, rounds = run(options, photo, kind)
            figures += found
            details[f"{photo} {kind}"] = rounds.seconds
    return report("EM iteration, K = 5 full, float32 rows", figures, options, details)


if __name__ == "__main__":
    sys.exit(main())
