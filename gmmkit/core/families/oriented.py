"""Families of matrices that share volume, shape or axes: VEE, EVE, VVE, EEV, VEV, EVV.

Celeux and Govaert, "Gaussian parsimonious clustering models", Pattern Recognition 28 (1995).
"""

from abc import abstractmethod

import numpy as np

from gmmkit.core.checks import Float64Array
from gmmkit.core.families.base import PriorWeight, Symmetry, per_row
from gmmkit.core.families.dense import Dense
from gmmkit.core.families.rotations import (
    best_fitted_axes,
    fitted_axes,
    have_shared_axes,
    shared_axes,
)
from gmmkit.core.families.spectra import (
    EQUAL,
    EQUAL_SHAPES,
    EQUAL_VOLUMES,
    FREE,
    ITERATIONS,
    LEAST_SHARE,
    Spectrum,
    relative,
    settled,
)

_TOLERANCE = 1e-6
# Eigenvalues are known to this share of the largest.
_ROUNDING = 1e-13
# From axes that were good for nearly the same scatters: the next iteration goes on from here.
_WARM_SWEEPS = 5


class _Oriented(Dense):
    """(K, D, D) matrices: axes, and variances along them that follow a spectrum's rule."""

    spectrum: Spectrum

    @abstractmethod
    def axes(self, stack: Float64Array) -> tuple[Float64Array, Float64Array]:
        """Return axes (..., K or 1, D, D) and variances (..., K, D) of matrices of this form."""

    def floored(self, values: Float64Array, floor: Float64Array) -> tuple[Float64Array, int]:
        root = self._root(floor)
        unroot = np.linalg.inv(root)
        axes, variances = self.axes(unroot @ values @ unroot.T)
        tempered, thin = self.spectrum.tempered(variances)
        lifted, small = self.spectrum.lifted(tempered, np.ones(len(floor)))
        return (_composed(root @ axes, lifted), max(thin, small)) if thin or small else (values, 0)

    def _root(self, floor: Float64Array) -> Float64Array:
        """Return a root of the floor, or of its mean where the family knows no more."""
        if self.symmetry is Symmetry.LINEAR:
            return np.asarray(np.linalg.cholesky(floor))
        root: Float64Array = np.sqrt(np.trace(floor) / len(floor)) * np.eye(len(floor))
        return root

    def ridged(self, values: Float64Array, ridge: Float64Array) -> Float64Array:
        return self.estimate(values + np.diag(ridge), np.ones(values.shape[:-2]), values)

    def conforms(self, values: Float64Array) -> bool:
        # The test is the same in all units: a family of any linear map is looked at in its own.
        variances = np.diagonal(values, axis1=-2, axis2=-1)
        typical = np.sqrt(variances.mean(axis=-2, keepdims=True))
        if self.symmetry is not Symmetry.LINEAR:
            typical = np.full_like(typical, typical.max())
        return self._conforms(values / typical[..., None] / typical[..., None, :])

    def _conforms(self, stack: Float64Array) -> bool:
        variances = self.axes(stack)[1]
        return self.spectrum.conforms(variances, _ROUNDING)


class _OwnAxes(_Oriented):
    """EEV, VEV and EVV: every component has axes of its own, largest variances matched."""

    def __init__(
        self, name: str, spectrum: Spectrum, symmetry: Symmetry, prior_weight: PriorWeight
    ) -> None:
        self.name = self.mclust_name = name
        self.spectrum, self.symmetry = spectrum, symmetry
        self.prior_weight = prior_weight

    def axes(self, stack: Float64Array) -> tuple[Float64Array, Float64Array]:
        eigenvalues, vectors = np.linalg.eigh(stack)
        return vectors, np.maximum(eigenvalues, 0.0)

    def estimate(
        self, scatter: Float64Array, weight: Float64Array, previous: Float64Array | None = None
    ) -> Float64Array:
        axes, squares = self.axes(scatter)
        before = None if previous is None else np.diagonal(previous, axis1=-2, axis2=-1)
        return _composed(axes, self.spectrum.estimate(squares, weight, before))

    def minimum_count(self, n_features: int) -> float:
        whole = self.symmetry is Symmetry.LINEAR
        return super().minimum_count(n_features) if whole else float(n_features + 1)

    def prior_shares(
        self, n_components: int, n_features: int, degrees_of_freedom: float
    ) -> tuple[float, float]:
        return 1.0, self.prior_weight(n_components, n_features, degrees_of_freedom)


class _SharedAxes(_Oriented):
    """EVE and VVE: all components have the same axes, found by rotating pairs of them."""

    symmetry = Symmetry.ROTATION

    def __init__(self, name: str, spectrum: Spectrum) -> None:
        self.name = self.mclust_name = name
        self.spectrum = spectrum

    def axes(self, stack: Float64Array) -> tuple[Float64Array, Float64Array]:
        axes = shared_axes(stack)[..., None, :, :]
        rotated = axes.swapaxes(-1, -2) @ stack @ axes
        return axes, np.maximum(np.diagonal(rotated, axis1=-2, axis2=-1), 0.0)

    def estimate(
        self, scatter: Float64Array, weight: Float64Array, previous: Float64Array | None = None
    ) -> Float64Array:
        if previous is None:
            axes, variances = best_fitted_axes(scatter, weight, self.spectrum)
        else:
            start = shared_axes(previous)
            axes, variances = fitted_axes(scatter, weight, self.spectrum, start, _WARM_SWEEPS)
        return _composed(axes[..., None, :, :], variances)

    def estimate_work(self, n_features: int) -> float:
        return float(_WARM_SWEEPS * 2 * n_features**4)

    def minimum_count(self, n_features: int) -> float:
        return 2.0

    def _conforms(self, stack: Float64Array) -> bool:
        return have_shared_axes(stack, _TOLERANCE) and super()._conforms(stack)


class _SharedShape(_SharedAxes):
    """VEE: multiples of one matrix."""

    symmetry = Symmetry.LINEAR

    def __init__(self) -> None:
        super().__init__("VEE", EQUAL_SHAPES)

    def estimate(
        self, scatter: Float64Array, weight: Float64Array, previous: Float64Array | None = None
    ) -> Float64Array:
        """Alternate the matrix and its multiples, each the best for the other."""
        whitened = _whitened(scatter)
        source = whitened if previous is None else previous
        sizes = np.trace(source, axis1=-2, axis2=-1)
        volumes = relative(per_row(sizes, weight) if previous is None else sizes)
        for _ in range(ITERATIONS):
            before = volumes
            volumes = _best_volumes(whitened, weight, volumes)
            if settled(volumes, before):
                break
        return volumes[..., None, None] * _best_shape(scatter, weight, volumes)[..., None, :, :]

    def _conforms(self, stack: Float64Array) -> bool:
        sizes = np.trace(stack, axis1=-2, axis2=-1)[..., None, None]
        shapes = stack / sizes
        mean = shapes.mean(axis=-3, keepdims=True)
        scale = np.sqrt(np.diagonal(mean, axis1=-2, axis2=-1))
        allowed = _TOLERANCE * scale[..., None] * scale[..., None, :]
        return bool((np.abs(shapes - mean) <= allowed).all())


def _composed(axes: Float64Array, variances: Float64Array) -> Float64Array:
    """Return symmetric matrices with those axes as columns and those variances along them."""
    product = (axes * variances[..., None, :]) @ axes.swapaxes(-1, -2)
    result: Float64Array = 0.5 * (product + product.swapaxes(-1, -2))
    return result


def _whitened(scatter: Float64Array) -> Float64Array:
    """Return scatters in coordinates in which their sum is the identity, or zero where it is."""
    sizes, vectors = np.linalg.eigh(scatter.sum(axis=-3))
    real = sizes > LEAST_SHARE * sizes[..., -1:]
    scale = np.where(real, 1.0 / np.sqrt(np.where(real, sizes, 1.0)), 0.0)
    basis = vectors * scale[..., None, :]
    whitened: Float64Array = (
        basis.swapaxes(-1, -2)[..., None, :, :] @ scatter @ basis[..., None, :, :]
    )
    return whitened


def _best_shape(scatter: Float64Array, weight: Float64Array, volumes: Float64Array) -> Float64Array:
    """Return the matrix whose multiples by these volumes explain the scatters best, (..., D, D)."""
    total = (scatter / volumes[..., None, None]).sum(axis=-3)
    result: Float64Array = total / weight.sum(axis=-1)[..., None, None]
    return result


def _best_volumes(
    whitened: Float64Array, weight: Float64Array, volumes: Float64Array
) -> Float64Array:
    """Return the volumes that explain the scatters best with the best shape for other volumes."""
    shape = _best_shape(whitened, weight, volumes)
    # Directions without scatter are zero in the shape and in the scatters: no part of the trace.
    empty = np.diagonal(shape, axis1=-2, axis2=-1) <= 0
    inverse = np.linalg.inv(shape + empty[..., None] * np.eye(empty.shape[-1]))
    traces = np.einsum("...kij,...ij->...k", whitened, inverse)
    return relative(per_row(traces, weight))


VEE = _SharedShape()
EVE = _SharedAxes("EVE", EQUAL_VOLUMES)
VVE = _SharedAxes("VVE", FREE)
# Weights of priors are those that mclust divides by. It has no priors for EVV, VEE, EVE and VVE,
# which here have that of a matrix each.
EEV = _OwnAxes("EEV", EQUAL, Symmetry.ROTATION, lambda k, d, degrees: (degrees + d + 2.0) / k)
VEV = _OwnAxes("VEV", EQUAL_SHAPES, Symmetry.ROTATION, lambda k, d, degrees: 0.0)
EVV = _OwnAxes("EVV", EQUAL_VOLUMES, Symmetry.LINEAR, lambda k, d, degrees: degrees + d + 2.0)
