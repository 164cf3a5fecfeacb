"""A mixture as bare numbers, and the one float64 density that judges everybody's.

It belongs to none of the contestants: triangular solves for full covariances; for diagonal ones
products of rows that are first centered and brought to unit spread.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular
from scipy.special import logsumexp, softmax

Float64Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.floating]

_LOG_TWO_PI = float(np.log(2 * np.pi))
_PIECE_NUMBERS = 2**22


@dataclass(frozen=True, eq=False)
class Parameters:
    """Weights (K,), means (K, D), and covariances: (K, D, D) full or (K, D) diagonal."""

    weights: Float64Array
    means: Float64Array
    covariances: Float64Array

    @property
    def is_diagonal(self) -> bool:
        """Whether covariances are variances alone."""
        return self.covariances.ndim == 2

    @property
    def shape(self) -> tuple[int, int]:
        """The number of components and of columns."""
        return self.means.shape

    @cached_property
    def precisions(self) -> Float64Array:
        """The inverse of every covariance, in the same form."""
        return 1 / self.covariances if self.is_diagonal else np.linalg.inv(self.covariances)

    def in_form_of(self, other: "Parameters") -> "Parameters":
        """Return the same with variances alone, where the other has no more."""
        if self.is_diagonal or not other.is_diagonal:
            return self
        variances = np.diagonal(self.covariances, axis1=1, axis2=2)
        return Parameters(self.weights, self.means, variances)


@dataclass(frozen=True, eq=False)
class Scores:
    """The log density and the likeliest component of every row."""

    log_density: Float64Array
    labels: npt.NDArray[np.intp]


def score(rows: Rows, parameters: Parameters) -> Scores:
    """Return every row's log density and label, in float64."""
    log_density = np.empty(len(rows))
    labels = np.empty(len(rows), dtype=np.intp)
    for piece, joint in _joint_pieces(rows, parameters):
        labels[piece] = joint.argmax(axis=1)
        log_density[piece] = logsumexp(joint, axis=1)
    return Scores(log_density, labels)


def responsibilities(rows: Rows, parameters: Parameters) -> Float64Array:
    """Return how likely each row is from each component, (N, K)."""
    found = np.empty((len(rows), len(parameters.weights)))
    for piece, joint in _joint_pieces(rows, parameters):
        found[piece] = softmax(joint, axis=1)
    return found


def mean_log_density(rows: Rows, parameters: Parameters) -> float:
    """Return the mean log density of a row; NaN where a covariance is not positive definite."""
    try:
        return float(score(rows, parameters).log_density.mean())
    except (np.linalg.LinAlgError, ValueError):
        return float("nan")


def _joint_pieces(rows: Rows, parameters: Parameters) -> Iterator[tuple[slice, Float64Array]]:
    step = max(1, _PIECE_NUMBERS // sum(parameters.shape))
    joint_of = _Diagonal(rows, parameters) if parameters.is_diagonal else _Full(parameters)
    for begin in range(0, len(rows), step):
        piece = slice(begin, begin + step)
        yield piece, joint_of(rows[piece].astype(np.float64))


class _Full:
    """Log joint densities about each mean."""

    def __init__(self, parameters: Parameters) -> None:
        self.means = parameters.means
        self.lower = np.linalg.cholesky(parameters.covariances)
        log_roots = np.log(np.diagonal(self.lower, axis1=1, axis2=2)).sum(axis=1)
        self.constant = _constant(parameters) - log_roots

    def __call__(self, rows: Float64Array) -> Float64Array:
        joint = np.empty((len(rows), len(self.means)))
        for k, (mean, lower) in enumerate(zip(self.means, self.lower, strict=True)):
            whitened = solve_triangular(lower, (rows - mean).T, lower=True)
            joint[:, k] = self.constant[k] - 0.5 * (whitened**2).sum(axis=0)
        return joint


class _Diagonal:
    """Log joint densities by products, about the rows' own mean and in units of their spread."""

    def __init__(self, rows: Rows, parameters: Parameters) -> None:
        if not (parameters.covariances > 0).all():
            raise ValueError("a variance is not positive")
        self.origin = rows.mean(axis=0, dtype=np.float64)
        self.scale = rows.std(axis=0, dtype=np.float64)
        means = (parameters.means - self.origin) / self.scale
        self.precisions = self.scale**2 / parameters.covariances
        self.linear = means * self.precisions
        log_variances = np.log(parameters.covariances).sum(axis=1)
        quadratic = (means * self.linear).sum(axis=1)
        self.constant = _constant(parameters) - 0.5 * (log_variances + quadratic)

    def __call__(self, rows: Float64Array) -> Float64Array:
        working = (rows - self.origin) / self.scale
        return working @ self.linear.T - 0.5 * (working**2 @ self.precisions.T) + self.constant


def _constant(parameters: Parameters) -> Float64Array:
    with np.errstate(divide="ignore"):
        return np.log(parameters.weights) - 0.5 * parameters.shape[1] * _LOG_TWO_PI
