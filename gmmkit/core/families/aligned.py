"""Families whose axes are the columns: a variance for each column, never a matrix."""

import numpy as np

from gmmkit.core.checks import Float64Array
from gmmkit.core.families.base import Family, Moments, PriorWeight, Symmetry, per_row
from gmmkit.core.families.spectra import EQUAL_SHAPES, EQUAL_VOLUMES, Spectrum


class _Diagonal(Family):
    """VVI: variances of columns for each component, (K, D)."""

    name = "diag"
    mclust_name = "VVI"
    moments = Moments.DIAGONAL
    symmetry = Symmetry.SCALING
    axis_aligned = True
    independent = True

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return n_components, n_features

    def estimate(
        self, scatter: Float64Array, weight: Float64Array, previous: Float64Array | None = None
    ) -> Float64Array:
        return per_row(scatter, weight)

    def dense(self, values: Float64Array, n_components: int, n_features: int) -> Float64Array:
        result: Float64Array = values[..., None] * np.eye(n_features)
        return result

    def from_dense(self, covariances: Float64Array) -> Float64Array:
        return np.diagonal(covariances, axis1=-2, axis2=-1)

    def rescaled(self, values: Float64Array, factor: Float64Array) -> Float64Array:
        result: Float64Array = values * factor**2
        return result

    def factors(self, values: Float64Array, n_features: int) -> Float64Array:
        return 1.0 / np.sqrt(values)

    def floored(self, values: Float64Array, floor: Float64Array) -> tuple[Float64Array, int]:
        variances = np.diagonal(floor)
        return np.maximum(values, variances), int((values < variances).sum())

    def ridged(self, values: Float64Array, ridge: Float64Array) -> Float64Array:
        return values + ridge

    def prior_shares(
        self, n_components: int, n_features: int, degrees_of_freedom: float
    ) -> tuple[float, float]:
        return 1.0, degrees_of_freedom + 3.0


class _EqualDiagonal(_Diagonal):
    """EEI: variances of columns, the same for all components, (D,)."""

    name = "EEI"
    mclust_name = "EEI"
    per_component = False
    independent = False

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return (n_features,)

    def estimate(
        self, scatter: Float64Array, weight: Float64Array, previous: Float64Array | None = None
    ) -> Float64Array:
        result: Float64Array = scatter.sum(axis=-2) / weight.sum(axis=-1)[..., None]
        return result

    def dense(self, values: Float64Array, n_components: int, n_features: int) -> Float64Array:
        one = super().dense(values, 1, n_features)[..., None, :, :]
        return np.broadcast_to(one, (*values.shape[:-1], n_components, n_features, n_features))

    def from_dense(self, covariances: Float64Array) -> Float64Array:
        return super().from_dense(covariances[..., 0, :, :])

    def factors(self, values: Float64Array, n_features: int) -> Float64Array:
        return super().factors(values[..., None, :], n_features)

    def packed_factors(self, factors: Float64Array) -> Float64Array:
        result: Float64Array = factors[..., 0, :]
        return result

    def prior_shares(
        self, n_components: int, n_features: int, degrees_of_freedom: float
    ) -> tuple[float, float]:
        return 1.0 / n_components, 1.0 + (degrees_of_freedom + 2.0) / n_components


class _ConstrainedDiagonal(_Diagonal):
    """VEI and EVI: (K, D) variances whose shapes or volumes are equal."""

    independent = False

    def __init__(self, name: str, spectrum: Spectrum, prior_weight: PriorWeight) -> None:
        self.name = self.mclust_name = name
        self.spectrum, self.prior_weight = spectrum, prior_weight

    def estimate(
        self, scatter: Float64Array, weight: Float64Array, previous: Float64Array | None = None
    ) -> Float64Array:
        return self.spectrum.estimate(scatter, weight, previous)

    def floored(self, values: Float64Array, floor: Float64Array) -> tuple[Float64Array, int]:
        return self.spectrum.lifted(values, np.diagonal(floor))

    def ridged(self, values: Float64Array, ridge: Float64Array) -> Float64Array:
        return self.estimate(values + ridge, np.ones(values.shape[:-1]), values)

    def conforms(self, values: Float64Array) -> bool:
        return self.spectrum.conforms(values)

    def prior_shares(
        self, n_components: int, n_features: int, degrees_of_freedom: float
    ) -> tuple[float, float]:
        return 1.0, self.prior_weight(n_components, n_features, degrees_of_freedom)


DIAGONAL = _Diagonal()
EQUAL_DIAGONAL = _EqualDiagonal()
# Weights of priors are those that mclust divides by.
VEI = _ConstrainedDiagonal("VEI", EQUAL_SHAPES, lambda k, d, degrees: (degrees + 3.0) / d)
EVI = _ConstrainedDiagonal("EVI", EQUAL_VOLUMES, lambda k, d, degrees: (degrees + 2.0) / k)
