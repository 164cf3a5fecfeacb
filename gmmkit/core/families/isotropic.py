"""Families whose covariances are multiples of the identity: one variance each, or one for all."""

import numpy as np

from gmmkit.core.checks import Float64Array
from gmmkit.core.families.base import Family, Moments, Symmetry, per_row
from gmmkit.errors import ParameterError


class _Spherical(Family):
    """VII: a variance for each component, (K,)."""

    name = "spherical"
    mclust_name = "VII"
    moments = Moments.DIAGONAL
    symmetry = Symmetry.ROTATION
    axis_aligned = True
    independent = True

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return (n_components,)

    def estimate(
        self, scatter: Float64Array, weight: Float64Array, previous: Float64Array | None = None
    ) -> Float64Array:
        return per_row(scatter.mean(axis=-1), weight)

    def dense(self, values: Float64Array, n_components: int, n_features: int) -> Float64Array:
        result: Float64Array = values[..., None, None] * np.eye(n_features)
        return result

    def from_dense(self, covariances: Float64Array) -> Float64Array:
        result: Float64Array = covariances[..., 0, 0]
        return result

    def rescaled(self, values: Float64Array, factor: Float64Array) -> Float64Array:
        result: Float64Array = values * factor[0] ** 2
        return result

    def factors(self, values: Float64Array, n_features: int) -> Float64Array:
        return np.repeat(1.0 / np.sqrt(values)[..., None], n_features, axis=-1)

    def packed_factors(self, factors: Float64Array) -> Float64Array:
        result: Float64Array = factors[..., 0]
        return result

    def floored(self, values: Float64Array, floor: Float64Array) -> tuple[Float64Array, int]:
        variance = float(np.trace(floor)) / len(floor)
        return np.maximum(values, variance), int((values < variance).sum())

    def ridged(self, values: Float64Array, ridge: Float64Array) -> Float64Array:
        result: Float64Array = values + ridge.mean()
        return result

    def prior_shares(
        self, n_components: int, n_features: int, degrees_of_freedom: float
    ) -> tuple[float, float]:
        return 1.0 / n_features, 1.0 + (degrees_of_freedom + 2.0) / n_features


class _EqualSpherical(_Spherical):
    """EII: one variance for all components, ()."""

    name = "EII"
    mclust_name = "EII"
    per_component = False
    independent = False

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return ()

    def estimate(
        self, scatter: Float64Array, weight: Float64Array, previous: Float64Array | None = None
    ) -> Float64Array:
        return np.asarray(scatter.mean(axis=-1).sum(axis=-1) / weight.sum(axis=-1))

    def dense(self, values: Float64Array, n_components: int, n_features: int) -> Float64Array:
        one = np.asarray(values)[..., None, None, None] * np.eye(n_features)
        return np.broadcast_to(one, (*np.shape(values), n_components, n_features, n_features))

    def from_dense(self, covariances: Float64Array) -> Float64Array:
        return np.asarray(covariances[..., 0, 0, 0])

    def factors(self, values: Float64Array, n_features: int) -> Float64Array:
        return super().factors(np.asarray(values)[..., None], n_features)

    def packed_factors(self, factors: Float64Array) -> Float64Array:
        return np.asarray(factors[..., 0, 0])

    def prior_shares(
        self, n_components: int, n_features: int, degrees_of_freedom: float
    ) -> tuple[float, float]:
        return super().prior_shares(n_components, n_components * n_features, degrees_of_freedom)


class _VaryingVariance(_Spherical):
    """V: one column, a variance for each component."""

    name = "V"
    mclust_name = "V"

    def check_width(self, n_features: int) -> None:
        _check_one_column(self, n_features, "VII")


class _EqualVariance(_EqualSpherical):
    """E: one column, one variance for all components."""

    name = "E"
    mclust_name = "E"

    def check_width(self, n_features: int) -> None:
        _check_one_column(self, n_features, "EII")


def _check_one_column(family: Family, n_features: int, wider: str) -> None:
    if n_features != 1:
        raise ParameterError(
            f"the covariance family {family.name} is for one column",
            found=f"{n_features} columns",
            needed="one column",
            hint=f"{wider} is the same for more columns",
        )


SPHERICAL = _Spherical()
EQUAL_SPHERICAL = _EqualSpherical()
VARYING_VARIANCE = _VaryingVariance()
EQUAL_VARIANCE = _EqualVariance()
