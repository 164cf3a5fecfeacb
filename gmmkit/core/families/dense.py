"""Families of whole matrices: one for each component, or one that all share."""

import numpy as np

from gmmkit.core.checks import Float64Array, FloatArray
from gmmkit.core.families.base import Family, Moments, Symmetry, per_row

# The least eigenvalue of a correlation matrix that Cholesky's factorization surely survives.
_SMALLEST_CORRELATION = 1e-13


class Dense(Family):
    """What all families of matrices share."""

    moments = Moments.FULL
    symmetry = Symmetry.LINEAR
    axis_aligned = False

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        """Return (K, D, D)."""
        return n_components, n_features, n_features

    def dense(self, values: Float64Array, n_components: int, n_features: int) -> Float64Array:
        """Return the values."""
        return values

    def from_dense(self, covariances: Float64Array) -> Float64Array:
        """Return the covariances."""
        return covariances

    def rescaled(self, values: Float64Array, factor: Float64Array) -> Float64Array:
        """Return the values after every column j of the data was multiplied by factor[j]."""
        scaled: Float64Array = values * np.multiply.outer(factor, factor)
        return scaled

    def factors(self, values: Float64Array, n_features: int) -> Float64Array:
        """Return upper P with precision P Pᵀ."""
        lower: Float64Array = np.linalg.inv(np.linalg.cholesky(values))
        return np.triu(lower.swapaxes(-1, -2))

    def floored(self, values: Float64Array, floor: Float64Array) -> tuple[Float64Array, int]:
        """Clip the generalized eigenvalues of (values, floor) at one: the constrained maximizer."""
        stack, count = _lifted(values, np.linalg.cholesky(floor))
        # Beside its own largest variances a covariance may still be too nearly singular.
        variances = np.maximum(np.diagonal(stack, axis1=-2, axis2=-1), np.diagonal(floor))
        deviations = np.sqrt(_SMALLEST_CORRELATION * variances)
        stack, more = _lifted(stack, deviations[..., None] * np.eye(len(floor)))
        return stack, max(count, more)

    def ridged(self, values: Float64Array, ridge: Float64Array) -> Float64Array:
        """Add to the diagonals."""
        return values + np.diag(ridge)

    def minimum_count(self, n_features: int) -> float:
        """Return what a matrix for each component needs."""
        return float(max(2 * n_features, n_features + 3))


class _Full(Dense):
    """VVV: a matrix for each component, (K, D, D)."""

    name = "full"
    mclust_name = "VVV"
    independent = True

    def estimate(
        self, scatter: Float64Array, weight: Float64Array, previous: Float64Array | None = None
    ) -> Float64Array:
        return per_row(scatter, weight)


class _Tied(Dense):
    """EEE: one matrix for all components, (D, D)."""

    name = "tied"
    mclust_name = "EEE"
    moments = Moments.POOLED
    per_component = False

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return n_features, n_features

    def estimate(
        self, scatter: Float64Array, weight: Float64Array, previous: Float64Array | None = None
    ) -> Float64Array:
        result: Float64Array = scatter / weight.sum(axis=-1)[..., None, None]
        return result

    def dense(self, values: Float64Array, n_components: int, n_features: int) -> Float64Array:
        shape = (*values.shape[:-2], n_components, n_features, n_features)
        return np.broadcast_to(values[..., None, :, :], shape)

    def from_dense(self, covariances: Float64Array) -> Float64Array:
        result: Float64Array = covariances[..., 0, :, :]
        return result

    def factors(self, values: Float64Array, n_features: int) -> Float64Array:
        return super().factors(values[..., None, :, :], n_features)

    def packed_factors(self, factors: Float64Array) -> Float64Array:
        result: Float64Array = factors[..., 0, :, :]
        return result

    def minimum_count(self, n_features: int) -> float:
        return 2.0

    def prior_shares(
        self, n_components: int, n_features: int, degrees_of_freedom: float
    ) -> tuple[float, float]:
        weight = 1.0 + (degrees_of_freedom + n_features + 1.0) / n_components
        return 1.0 / n_components, weight


def _lifted(stack: Float64Array, root: FloatArray) -> tuple[Float64Array, int]:
    """Raise the eigenvalues of (..., D, D) relative to root rootᵀ to one; count those below.

    The deficit is added, so that the digits of what needs none stay as they are.
    """
    if _is_above(stack, root @ root.swapaxes(-1, -2)):
        return stack, 0
    unroot = np.linalg.inv(root)
    eigenvalues, vectors = np.linalg.eigh(unroot @ stack @ unroot.swapaxes(-1, -2))
    deficits = np.maximum(1.0 - eigenvalues, 0.0)
    count = int((deficits > 0).sum())
    if not count:
        return stack, 0
    basis = root @ vectors
    added = (basis * deficits[..., None, :]) @ basis.swapaxes(-1, -2)
    return stack + 0.5 * (added + added.swapaxes(-1, -2)), count


def _is_above(stack: Float64Array, floor: FloatArray) -> bool:
    """Tell whether nothing of (..., D, D) has to be raised, which is quick to see."""
    try:
        np.linalg.cholesky(stack - floor)
    except np.linalg.LinAlgError:
        return False
    return True


FULL = _Full()
TIED = _Tied()
