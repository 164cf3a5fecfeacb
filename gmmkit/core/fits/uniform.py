"""The noise component: a constant density over the box that the data fills."""

from dataclasses import dataclass
from functools import partial, reduce

import numpy as np

from gmmkit.core.checks import Float64Array, check_nonnegative
from gmmkit.core.execution import Executor, SerialExecutor
from gmmkit.core.mixture import Mixture
from gmmkit.core.noise import Noise
from gmmkit.core.sources.blocks import Piece, Source
from gmmkit.errors import ParameterError

# The share of noise to begin with, where the caller names none.
USUAL_SHARE = 0.05


def uniform_noise(
    source: Source, share: float = USUAL_SHARE, executor: Executor | None = None
) -> Noise:
    """Return noise that is uniform over a box around the rows.

    The box is the smaller of two: along the columns, and along the principal axes of the
    standardized columns (Fraley and Raftery 1998).

    Parameters
    ----------
    source : Source
    share : float
        The weight to begin with, in (0, 1).
    executor : Executor, optional
        Where rows are looked at; by default in the calling thread.

    Raises
    ------
    ParameterError
        If the share is out of range, or the rows fill no volume.

    Examples
    --------
    >>> from gmmkit.core.sources.arrays import ArraySource
    >>> float(np.exp(uniform_noise(ArraySource(np.array([[0.0], [4.0]]))).log_density))
    0.25
    """
    if not 0 < check_nonnegative(share, "the share of noise") < 1:
        raise ParameterError(
            "the share of noise is out of range", found=repr(share), needed="between 0 and 1"
        )
    running = executor or SerialExecutor()
    scatter = reduce(_merged, running.map(_Scatter.of, source.pieces())).squares
    deviations = np.sqrt(np.diagonal(scatter) / source.n_rows)
    if not deviations.all():
        raise ParameterError(
            "noise has no density where rows fill no volume",
            found=f"a constant column {int(np.argmin(deviations))}",
            needed="columns with some spread",
            hint="leave constant columns out",
        )
    axes = np.linalg.eigh(scatter / np.multiply.outer(deviations, deviations))[1]
    turns = np.diag(1 / deviations), axes.T / deviations
    smaller = min(_log_box(source, turn, running) for turn in turns)
    return Noise(share, -(smaller + float(np.log(deviations).sum())))


@dataclass(frozen=True, eq=False)
class _Scatter:
    """How many rows there are, their mean, and the sums of products about it."""

    count: int
    mean: Float64Array
    squares: Float64Array

    @classmethod
    def of(cls, piece: Piece) -> "_Scatter":
        block = piece.load()
        mean = block.rows.mean(axis=0, dtype=np.float64)
        deviations = block.rows - mean
        return cls(len(block.rows), mean, deviations.T @ deviations)


def _merged(one: _Scatter, other: _Scatter) -> _Scatter:
    """Return the scatter of both (Chan, Golub and LeVeque 1983, equation 1.5 for vectors)."""
    count, apart = one.count + other.count, other.mean - one.mean
    between = (one.count * other.count / count) * np.multiply.outer(apart, apart)
    mean = one.mean + (other.count / count) * apart
    return _Scatter(count, mean, one.squares + other.squares + between)


def _log_box(source: Source, axes: Float64Array, executor: Executor) -> float:
    """Return the log volume of the box around rows along some axes, infinite where it is flat."""
    extremes = np.array(list(executor.map(partial(_extremes, axes), source.pieces())))
    sides = extremes[:, 1].max(axis=0) - extremes[:, 0].min(axis=0)
    return float(np.log(sides).sum()) if sides.all() else float("inf")


def _extremes(axes: Float64Array, piece: Piece) -> Float64Array:
    along = piece.load().rows.astype(np.float64) @ axes.T
    return np.array([along.min(axis=0), along.max(axis=0)])


def with_noise(mixture: Mixture, noise: Noise | None) -> Mixture:
    """Return a mixture with noise beside its components, their weights reduced to make room.

    Examples
    --------
    >>> with_noise(Mixture([1.0], [[0.0]], [[[1.0]]]), Noise(0.25, -3.0)).weights
    array([0.75])
    """
    if noise is None or mixture.noise is not None:
        return mixture
    weights = mixture.weights * ((1.0 - noise.weight) / mixture.weights.sum())
    return Mixture(weights, mixture.means, mixture.covariance, noise)
