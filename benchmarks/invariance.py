"""What must not change a fit to a photo's pixels: the number of threads, the origin, the units.

Rows are moved as x -> scale * x + offset in float64 and fitted again with the same seed. A density
then changes by the logarithm of the scales alone, and no pixel has a reason to change its class.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from photos import pixel_rows
from reporting import Figure, parser, report
from scipy.optimize import linear_sum_assignment

import gmmkit
import gmmkit.image

K = 5
FAMILIES = ("full", "tied", "diag", "spherical")
NEEDED_LABELS = 99.99
NEEDED_NATS = 1e-6

Rows = npt.NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Move:
    """A change of units and origin."""

    name: str
    scale: npt.NDArray[np.float64]
    offset: float = 0.0

    def apply(self, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the rows in the other units."""
        return rows * self.scale + self.offset

    @property
    def log_volume(self) -> float:
        """What the log density of a row loses."""
        return float(np.log(self.scale).sum())


def moves(n_columns: int, family: str) -> Iterator[Move]:
    """Yield the moves under which a family has to give the same answer."""
    ones = np.ones(n_columns)
    yield Move("offset 1e8", ones, 1e8)
    yield Move("units 1e5", 1e5 * ones)
    yield Move("units 1e-5", 1e-5 * ones)
    if family != "spherical":
        yield Move("units 1e±5 by column", 10.0 ** np.resize([5, -5, 0], n_columns))


def bits(result: gmmkit.FitResult) -> bytes:
    """Return every number of a fit, exactly."""
    mixture = result.mixture
    arrays = [mixture.weights, mixture.means, mixture.covariance.values, result.log_likelihood]
    steps = [iteration.log_likelihood for iteration in result.trace]
    return b"".join(np.asarray(array).tobytes() for array in [*arrays, steps])


def thread_figures(photo: str, rows: Rows, n_threads: int) -> Iterator[Figure]:
    """Yield whether one and several threads give the same bits: 1 yes, 0 no."""
    for family in FAMILIES:
        for precision in ("auto", "float64", "centered"):
            one, several = (
                gmmkit.fit(
                    rows, K, covariance=family, seed=0, precision=precision, max_iter=10,
                    n_threads=n,
                )
                for n in (1, n_threads)
            )  # fmt: skip
            name = f"{photo} {family} {precision}: same bits, 1 and {n_threads} threads"
            remark = f"{one.n_iter} iterations, {one.trace[-1].route} in the last"
            yield Figure(name, float(bits(one) == bits(several)), "", at_least=1, remark=remark)
    alone, shared = (
        gmmkit.image.segment(f"sample:{photo}", K, n_threads=n) for n in (1, n_threads)
    )
    same = np.array_equal(alone.labels, shared.labels)
    same &= np.array_equal(alone.probabilities, shared.probabilities)
    yield Figure(f"{photo}: same labels and probabilities", float(same), "", at_least=1)


def percent_equal(one: npt.NDArray[np.intp], other: npt.NDArray[np.intp]) -> float:
    """Return the share of equal labels, after matching the numbers of the classes."""
    counts = np.bincount(K * one + other, minlength=K * K).reshape(K, K)
    return float(100 * counts[linear_sum_assignment(-counts)].sum() / len(one))


def move_figures(photo: str, rows: npt.NDArray[np.float64], family: str) -> Iterator[Figure]:
    """Yield what a change of units or origin does to the labels and to the log likelihood."""
    still = gmmkit.fit(rows, K, covariance=family, seed=0)
    labels = still.mixture.labels(rows)
    for move in moves(rows.shape[1], family):
        moved_rows = move.apply(rows)
        moved = gmmkit.fit(moved_rows, K, covariance=family, seed=0)
        share = percent_equal(labels, moved.mixture.labels(moved_rows))
        gain = (moved.log_likelihood - still.log_likelihood) / len(rows) + move.log_volume
        name = f"{photo} {family} {move.name}"
        remark = f"{still.n_iter} and {moved.n_iter} iterations"
        yield Figure(f"{name}: equal labels", share, "%", NEEDED_LABELS, None, remark)
        yield Figure(f"{name}: likelihood", abs(gain), "nats/row", at_most=NEEDED_NATS)


def main() -> int:
    """Check all photos and report."""
    command = parser(__doc__)
    command.add_argument("--photos", nargs="+", default=["coffee"], metavar="NAME")
    command.add_argument("--families", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    command.add_argument("--threads", type=int, default=2)
    options = command.parse_args()
    figures: list[Figure] = []
    for photo in options.photos:
        rows = pixel_rows(photo)
        figures += thread_figures(photo, rows, options.threads)
        for family in options.families:
            figures += move_figures(photo, rows.astype(np.float64), family)
    return report("Invariance to threads, origin and units, K = 5", figures, options)


if __name__ == "__main__":
    sys.exit(main())
