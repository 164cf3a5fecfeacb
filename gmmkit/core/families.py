"""Covariance families: what each stores, counts and estimates, and which maps leave it unchanged.

A family is data that the passes read (which second moments, axis-aligned or not). Nothing outside
this file asks for a family by its name.
"""

from abc import ABC, abstractmethod
from enum import Enum
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, FloatArray
from gmmkit.errors import ParameterError

# The least eigenvalue of a correlation matrix that Cholesky's factorization surely survives.
_SMALLEST_CORRELATION = 1e-13


class Moments(Enum):
    """The second moments that a pass gathers: about each component's axes, in full, or pooled."""

    DIAGONAL = "diagonal"
    FULL = "full"
    POOLED = "pooled"


class Symmetry(Enum):
    """The maps of the data under which a family's maximum-likelihood answer does not change."""

    LINEAR = "any linear map"
    SCALING = "scaling of columns"
    ROTATION = "rotation and one scale"


class Family(ABC):
    """One parameterization of K covariance matrices of size D x D.

    Attributes
    ----------
    name, mclust_name : str
        scikit-learn's word for it, and mclust's.
    moments : Moments
        What its M-step needs to know of the data.
    symmetry : Symmetry
        Working units, starts and floors stay inside this group.
    axis_aligned : bool
        Whether every covariance is diagonal; then densities never form a matrix.
    per_component : bool
        Whether the first axis of the values runs over components.
    """

    name: ClassVar[str]
    mclust_name: ClassVar[str]
    moments: ClassVar[Moments]
    symmetry: ClassVar[Symmetry]
    axis_aligned: ClassVar[bool]
    per_component: ClassVar[bool] = True

    @abstractmethod
    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        """Return the shape of the stored values."""

    @abstractmethod
    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Count the free numbers in the covariances alone."""

    @abstractmethod
    def estimate(self, scatter: Float64Array, weight: Float64Array) -> Float64Array:
        """Return maximum-likelihood values from sums of squares about the component means."""

    @abstractmethod
    def dense(self, values: Float64Array, n_components: int, n_features: int) -> Float64Array:
        """Return (K, D, D) covariance matrices."""

    @abstractmethod
    def from_dense(self, covariances: Float64Array) -> Float64Array:
        """Return the values of a (K, D, D) stack that has this family's form."""

    @abstractmethod
    def rescaled(self, values: Float64Array, factor: Float64Array) -> Float64Array:
        """Return the values after every column j of the data was multiplied by factor[j]."""

    @abstractmethod
    def factors(self, values: Float64Array, n_features: int) -> Float64Array:
        """Return inverse deviations (K, D), or upper P with precision P Pᵀ, (K or 1, D, D)."""

    def packed_factors(self, factors: Float64Array) -> Float64Array:
        """Return factors in the shape of the values, as scikit-learn keeps them."""
        return factors

    @abstractmethod
    def floored(self, values: Float64Array, floor: Float64Array) -> tuple[Float64Array, int]:
        """Clip the values from below at a (D, D) covariance; return them and how many were hit."""

    @abstractmethod
    def ridged(self, values: Float64Array, ridge: Float64Array) -> Float64Array:
        """Add ridge[j] to every variance of column j, as scikit-learn's ``reg_covar`` does."""

    def kept(
        self, values: Float64Array, previous: Float64Array, alive: npt.NDArray[np.bool_]
    ) -> Float64Array:
        """Return `values` with those of components that are not alive as they were."""
        if not self.per_component:
            return values
        return np.where(alive.reshape(-1, *[1] * (values.ndim - 1)), values, previous)

    @property
    def separate_scales(self) -> bool:
        """Whether columns may be scaled one by one without changing the answer."""
        return self.symmetry is not Symmetry.ROTATION

    def minimum_count(self, n_features: int) -> float:
        """Return the effective number of rows below which a component is not believed."""
        return 2.0

    def __repr__(self) -> str:
        return f"<{self.name} ({self.mclust_name}) covariance family>"

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return family, (self.name,)


class _Dense(Family):
    """What full and tied share: matrices, and floors by generalized eigenvalues."""

    symmetry = Symmetry.LINEAR
    axis_aligned = False

    def rescaled(self, values: Float64Array, factor: Float64Array) -> Float64Array:
        scaled: Float64Array = values * np.multiply.outer(factor, factor)
        return scaled

    def factors(self, values: Float64Array, n_features: int) -> Float64Array:
        stack = values.reshape(-1, n_features, n_features)
        lower: Float64Array = np.linalg.inv(np.linalg.cholesky(stack))
        return np.triu(lower.transpose(0, 2, 1))

    def floored(self, values: Float64Array, floor: Float64Array) -> tuple[Float64Array, int]:
        """Clip the generalized eigenvalues of (values, floor) at one: the constrained maximizer."""
        stack, count = _lifted(values.reshape(-1, *floor.shape), np.linalg.cholesky(floor))
        # Beside its own largest variances a covariance may still be too nearly singular.
        variances = np.maximum(np.diagonal(stack, axis1=1, axis2=2), np.diagonal(floor))
        deviations = np.sqrt(_SMALLEST_CORRELATION * variances)
        stack, more = _lifted(stack, deviations[:, :, None] * np.eye(len(floor)))
        return stack.reshape(values.shape), max(count, more)

    def ridged(self, values: Float64Array, ridge: Float64Array) -> Float64Array:
        return values + np.diag(ridge)


def _lifted(stack: Float64Array, root: FloatArray) -> tuple[Float64Array, int]:
    """Raise the eigenvalues of (K, D, D) relative to root rootᵀ to one; count those below.

    The deficit is added, so that the digits of what needs none stay as they are.
    """
    unroot = np.linalg.inv(root)
    eigenvalues, vectors = np.linalg.eigh(unroot @ stack @ unroot.swapaxes(-1, -2))
    deficits = np.maximum(1.0 - eigenvalues, 0.0)
    count = int((deficits > 0).sum())
    if not count:
        return stack, 0
    basis = root @ vectors
    added = (basis * deficits[:, None, :]) @ basis.transpose(0, 2, 1)
    return stack + 0.5 * (added + added.transpose(0, 2, 1)), count


class _Full(_Dense):
    name = "full"
    mclust_name = "VVV"
    moments = Moments.FULL

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return n_components, n_features, n_features

    def n_parameters(self, n_components: int, n_features: int) -> int:
        return n_components * n_features * (n_features + 1) // 2

    def estimate(self, scatter: Float64Array, weight: Float64Array) -> Float64Array:
        covariances: Float64Array = scatter / weight[:, None, None]
        return covariances

    def dense(self, values: Float64Array, n_components: int, n_features: int) -> Float64Array:
        return values

    def from_dense(self, covariances: Float64Array) -> Float64Array:
        return covariances

    def minimum_count(self, n_features: int) -> float:
        return float(max(2 * n_features, n_features + 3))


class _Tied(_Dense):
    name = "tied"
    mclust_name = "EEE"
    moments = Moments.POOLED
    per_component = False

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return n_features, n_features

    def n_parameters(self, n_components: int, n_features: int) -> int:
        return n_features * (n_features + 1) // 2

    def estimate(self, scatter: Float64Array, weight: Float64Array) -> Float64Array:
        result: Float64Array = scatter / weight.sum()
        return result

    def dense(self, values: Float64Array, n_components: int, n_features: int) -> Float64Array:
        return np.broadcast_to(values, (n_components, n_features, n_features))

    def from_dense(self, covariances: Float64Array) -> Float64Array:
        result: Float64Array = covariances[0]
        return result

    def packed_factors(self, factors: Float64Array) -> Float64Array:
        result: Float64Array = factors[0]
        return result


class _Diagonal(Family):
    name = "diag"
    mclust_name = "VVI"
    moments = Moments.DIAGONAL
    symmetry = Symmetry.SCALING
    axis_aligned = True

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return n_components, n_features

    def n_parameters(self, n_components: int, n_features: int) -> int:
        return n_components * n_features

    def estimate(self, scatter: Float64Array, weight: Float64Array) -> Float64Array:
        return scatter / weight[:, None]

    def dense(self, values: Float64Array, n_components: int, n_features: int) -> Float64Array:
        return values[:, :, None] * np.eye(n_features)

    def from_dense(self, covariances: Float64Array) -> Float64Array:
        return np.diagonal(covariances, axis1=1, axis2=2)

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


class _Spherical(Family):
    name = "spherical"
    mclust_name = "VII"
    moments = Moments.DIAGONAL
    symmetry = Symmetry.ROTATION
    axis_aligned = True

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return (n_components,)

    def n_parameters(self, n_components: int, n_features: int) -> int:
        return n_components

    def estimate(self, scatter: Float64Array, weight: Float64Array) -> Float64Array:
        variances: Float64Array = scatter.mean(axis=1) / weight
        return variances

    def dense(self, values: Float64Array, n_components: int, n_features: int) -> Float64Array:
        return values[:, None, None] * np.eye(n_features)

    def from_dense(self, covariances: Float64Array) -> Float64Array:
        result: Float64Array = covariances[:, 0, 0]
        return result

    def rescaled(self, values: Float64Array, factor: Float64Array) -> Float64Array:
        result: Float64Array = values * factor[0] ** 2
        return result

    def factors(self, values: Float64Array, n_features: int) -> Float64Array:
        return np.repeat(1.0 / np.sqrt(values)[:, None], n_features, axis=1)

    def floored(self, values: Float64Array, floor: Float64Array) -> tuple[Float64Array, int]:
        variance = float(np.trace(floor)) / len(floor)
        return np.maximum(values, variance), int((values < variance).sum())

    def ridged(self, values: Float64Array, ridge: Float64Array) -> Float64Array:
        result: Float64Array = values + ridge.mean()
        return result

    def packed_factors(self, factors: Float64Array) -> Float64Array:
        result: Float64Array = factors[:, 0]
        return result


_FAMILIES: tuple[Family, ...] = (_Full(), _Tied(), _Diagonal(), _Spherical())


def family_names() -> tuple[str, ...]:
    """Return the names that :func:`family` knows, scikit-learn's words first.

    Examples
    --------
    >>> family_names()[:4]
    ('full', 'tied', 'diag', 'spherical')
    """
    return (*(f.name for f in _FAMILIES), *(f.mclust_name for f in _FAMILIES))


def family(name: str | Family) -> Family:
    """Return the covariance family of that name.

    Parameters
    ----------
    name : str or Family
        One of scikit-learn's words, or mclust's code for the same family.

    Raises
    ------
    ParameterError
        If no family has that name.

    Examples
    --------
    >>> family("VVI") is family("diag")
    True
    """
    if isinstance(name, Family):
        return name
    for candidate in _FAMILIES:
        if name in (candidate.name, candidate.mclust_name):
            return candidate
    raise ParameterError(
        "there is no such covariance family",
        found=repr(name),
        needed="one of " + ", ".join(family_names()),
    )
