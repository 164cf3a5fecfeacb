"""Natural parameters: every Gaussian is linear in them, so a block of densities is one product.

With phi(z) = (1, z, z zᵀ) the log joint densities of a block are phi thetaᵀ, and the statistics of
its responsibilities R are Rᵀ phi.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, FloatArray
from gmmkit.core.families import Family, Moments
from gmmkit.core.mixture import Mixture
from gmmkit.core.statistics import pack_symmetric, upper_triangle

# Stands for the logarithm of a zero weight: finite, because compiled code assumes no infinities.
LOG_ZERO = -1e30
# Logarithms below which a responsibility is zero: products of smaller ones with features would be
# subnormal numbers, which processors handle many times slower.
NEGLIGIBLE_FLOAT32 = np.float32(-60.0)
NEGLIGIBLE_FLOAT64 = -600.0

_PIECE_NUMBERS = 2**18
_BLAS_COMPONENTS = 64


@dataclass(frozen=True, eq=False)
class Natural:
    """A working mixture as a matrix that features are multiplied by.

    Attributes
    ----------
    theta : ndarray of shape (R, 1 + P)
        A constant and coefficients of P features: z, then its squares or its products. One row a
        component, one for noise if there is any, and one for the quadratic that all Gaussians
        share if the family pools its covariance.
    spans : ndarray of shape (R, 2)
        The features that each row reads.
    n_gaussians, n_classes : int
        The number of components, without and with noise.
    """

    theta: FloatArray
    spans: npt.NDArray[np.intp]
    n_gaussians: int
    n_classes: int

    @property
    def width(self) -> int:
        """One more than the number of features that a component reads."""
        return int(1 + self.spans[0, 1])

    @cached_property
    def telling(self) -> float:
        """How far below the largest score one has to be for all such to be lost in rounding."""
        return math.log(np.finfo(self.theta.dtype).eps / (4 * self.n_classes))

    @property
    def is_wide(self) -> bool:
        """Whether there are so many components that matrix products beat the fused loop."""
        return self.n_classes >= _BLAS_COMPONENTS

    @property
    def piece_rows(self) -> int:
        """How many rows to do at once, so that their features and scores stay in cache."""
        fitting = _PIECE_NUMBERS // max(self.theta.shape)
        return int(min(8192, max(256, 1 << (fitting.bit_length() - 1))))

    def features(
        self, rows: FloatArray, origin: FloatArray, inverse_scale: FloatArray
    ) -> FloatArray:
        """Return (1 + P, n): ones, working coordinates, and their squares or products."""
        n, d = rows.shape
        phi = np.empty((self.theta.shape[1], n), self.theta.dtype)
        phi[0] = 1.0
        z = phi[1 : 1 + d]
        np.subtract(rows.T, origin[:, None], out=z, casting="same_kind")
        z *= inverse_scale[:, None]
        multiply_features(phi, d)
        return phi

    def scores(self, phi: FloatArray) -> FloatArray:
        """Return the log joint densities (K, n) of rows whose features these are."""
        scores: FloatArray = self.theta[: self.n_classes, : self.width] @ phi[: self.width]
        for shared in self.theta[self.n_classes :, self.width :]:
            scores[: self.n_gaussians] += shared @ phi[self.width :]
        return scores

    def score_rows(self, phi: FloatArray, scores: FloatArray) -> None:
        """Fill in the log joint densities (n, K) of rows whose features are (n, 1 + P)."""
        np.matmul(phi[:, : self.width], self.by_feature, out=scores)
        for shared in self.theta[self.n_classes :, self.width :]:
            scores[:, : self.n_gaussians] += (phi[:, self.width :] @ shared)[:, None]

    @cached_property
    def by_feature(self) -> FloatArray:
        """What features of rows are multiplied by, (width, K), laid out as BLAS is fastest."""
        return np.ascontiguousarray(self.theta[: self.n_classes, : self.width].T)

    @property
    def work(self) -> int:
        """Multiply-adds a row, once for scores and once for sums."""
        return int((1 + self.spans[:, 1] - self.spans[:, 0]).sum())


def natural_parameters(mixture: Mixture) -> Natural:
    """Return the natural parameters of a working mixture, in float64.

    Examples
    --------
    >>> import numpy as np
    >>> natural_parameters(Mixture([1.0], [[2.0]], np.ones((1, 1, 1)))).theta.round(3).tolist()
    [[-2.919, 2.0, -0.5]]
    """
    family, (k, d) = mixture.covariance.family, mixture.means.shape
    linear, squares, quadratic = coefficients(mixture.means, mixture.factors, family)
    pooled, noisy = family.moments is Moments.POOLED, mixture.noise is not None
    theta = np.zeros((k + noisy + pooled, 1 + d + quadratic.shape[1]))
    theta[:k, 0] = np.maximum(mixture.log_normalizers, LOG_ZERO) - 0.5 * squares
    theta[:k, 1 : 1 + d] = linear
    theta[-1 if pooled else slice(k), 1 + d :] = quadratic[0] if pooled else quadratic
    spans = np.full((len(theta), 2), (0, d if pooled else theta.shape[1] - 1))
    if pooled:
        spans[-1] = d, theta.shape[1] - 1
    if mixture.noise is not None:
        theta[k, 0] = max(mixture.noise.log_joint, LOG_ZERO)
    return Natural(theta, spans, k, k + noisy)


def coefficients(
    means: Float64Array, factors: Float64Array, family: Family
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Return what means (..., K, D) and a family's factors say of features.

    Returns
    -------
    linear : ndarray of shape (..., K, D)
        Of the columns: precision times mean.
    squares : ndarray of shape (..., K)
        meanᵀ precision mean.
    quadratic : ndarray of shape (..., K, D) or (..., K or 1, D (D + 1) / 2)
        Of the columns' squares, or of their products.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.families import family
    >>> coefficients(np.array([[2.0]]), np.array([[0.5]]), family("diag"))[0]
    array([[0.5]])
    """
    if family.axis_aligned:
        precisions = factors**2
        linear = precisions * means
        return linear, (linear * means).sum(axis=-1), -0.5 * precisions
    precisions = factors @ factors.swapaxes(-1, -2)
    linear = (precisions @ means[..., None])[..., 0]
    quadratic = -pack_symmetric(precisions)
    row, column = upper_triangle(means.shape[-1])
    quadratic[..., row == column] *= 0.5
    return linear, (linear * means).sum(axis=-1), quadratic


def centered_parameters(mixture: Mixture) -> tuple[Float64Array, Float64Array]:
    """Return what densities about the means of a working mixture are computed from.

    Returns
    -------
    constants : ndarray of shape (K',)
        Log normalizers, that of the noise last if there is any.
    factors : ndarray of shape (K, D, D) or (K, 1, D)
        Upper, with precision P Pᵀ; or inverse deviations.

    Examples
    --------
    >>> centered_parameters(Mixture([1.0], [[2.0]], [[[4.0]]]))[1]
    array([[[0.5]]])
    """
    k, d = mixture.means.shape
    constants = np.maximum(mixture.log_normalizers, LOG_ZERO)
    if mixture.noise is not None:
        constants = np.append(constants, max(mixture.noise.log_joint, LOG_ZERO))
    if mixture.covariance.family.axis_aligned:
        deviations = np.broadcast_to(mixture.factors, (k, d))
        return constants, np.ascontiguousarray(deviations[:, None, :])
    return constants, np.ascontiguousarray(np.broadcast_to(mixture.factors, (k, d, d)))


def multiply_features(phi: FloatArray, n_features: int) -> None:
    """Fill the rows of (1 + P, n) features that come after ones and columns, from the columns.

    As many more rows as columns are squares; else they are products, as upper triangles go.

    Examples
    --------
    >>> import numpy as np
    >>> phi = np.array([[1.0], [3.0], [0.0]])
    >>> multiply_features(phi, 1)
    >>> phi[2]
    array([9.])
    """
    z, start = phi[1 : 1 + n_features], 1 + n_features
    if len(phi) == 1 + 2 * n_features:
        np.multiply(z, z, out=phi[start:])
        return
    for a in range(n_features):
        np.multiply(z[a], z[a:], out=phi[start : start + n_features - a])
        start += n_features - a


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a read-only view, so that one compiled kernel serves every caller's arrays.

    Examples
    --------
    >>> read_only(np.zeros(1)).flags.writeable
    False
    """
    view = array.view()
    view.flags.writeable = False
    return view
