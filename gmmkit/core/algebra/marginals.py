"""Linear images of a mixture are mixtures: some columns, maps of all, and the overall moments."""

import numpy as np
import numpy.typing as npt

from gmmkit.core.algebra.geometry import (
    Columns,
    check_columns,
    check_gaussians,
    restricted_covariance,
)
from gmmkit.core.checks import Float64Array, check_parameters
from gmmkit.core.covariance import Covariance
from gmmkit.core.families import Moments
from gmmkit.core.mixture import Mixture
from gmmkit.errors import ParameterError


def marginal(mixture: Mixture, columns: Columns) -> Mixture:
    """Return the mixture of some of the columns, whatever the others are.

    Parameters
    ----------
    mixture : Mixture
    columns : int, sequence of int, or mask of shape (D,)
        Which to keep, in the order in which they will stand.

    Returns
    -------
    Mixture
        Tied, diagonal and spherical covariances stay so; others become full or diagonal.

    Raises
    ------
    ParameterError
        If a column is unknown or named twice, or the mixture has noise.

    Examples
    --------
    >>> mixture = Mixture([1.0], [[0.0, 5.0]], [[[1.0, 0.5], [0.5, 2.0]]])
    >>> marginal(mixture, [1]).means.tolist()
    [[5.0]]
    """
    kept = check_columns(columns, check_gaussians(mixture).n_features)
    covariances = mixture.covariances[:, kept[:, None], kept]
    covariance = restricted_covariance(mixture, covariances)
    return Mixture(mixture.weights, mixture.means[:, kept], covariance)


def transformed(
    mixture: Mixture,
    matrix: npt.ArrayLike,
    offset: npt.ArrayLike = 0.0,
    *,
    noise_covariance: npt.ArrayLike | None = None,
) -> Mixture:
    """Return the mixture of A x + b + e, with e Gaussian about zero and independent of x.

    Parameters
    ----------
    mixture : Mixture
    matrix : array_like of shape (E, D)
        A: one row for each new column.
    offset : array_like of shape (E,)
        b, in units of the new columns.
    noise_covariance : array_like of shape (E, E), optional
        The covariance of e. Needed where A alone would leave no spread in some direction.

    Returns
    -------
    Mixture
        Full covariances A Σ Aᵀ + Q; tied ones stay tied.

    Raises
    ------
    ParameterError
        If shapes disagree, the mixture has noise, or the image has no density.

    Examples
    --------
    >>> mixture = Mixture([1.0], [[1.0, 2.0]], [[[1.0, 0.0], [0.0, 3.0]]])
    >>> total = transformed(mixture, [[1.0, 1.0]], noise_covariance=[[0.5]])
    >>> total.means.tolist(), total.covariances.tolist()
    ([[3.0]], [[[4.5]]])
    """
    check_gaussians(mixture)
    linear = _check_matrix(matrix, mixture.n_features)
    image = linear @ mixture.covariances @ linear.T
    if noise_covariance is not None:
        image = image + _check_noise(noise_covariance, len(linear))
    elif np.linalg.matrix_rank(linear) < len(linear):
        raise ParameterError(
            "the image has no density",
            found=f"a matrix of rank {np.linalg.matrix_rank(linear)} for {len(linear)} columns",
            needed="as many independent rows as new columns",
            hint="noise_covariance=... for a density all the same",
        )
    means = mixture.means @ linear.T + _check_offset(offset, len(linear))
    return Mixture(mixture.weights, means, _image_covariance(mixture, image))


def _image_covariance(mixture: Mixture, image: Float64Array) -> Covariance:
    image = 0.5 * (image + image.transpose(0, 2, 1))
    family = mixture.covariance.family
    if family.moments is Moments.POOLED:
        return Covariance(family, family.from_dense(image))
    return Covariance("full", image)


def _check_matrix(matrix: npt.ArrayLike, n_features: int) -> Float64Array:
    array = check_parameters(matrix, "the matrix")
    if array.ndim != 2 or array.shape[1] != n_features or not len(array):
        raise ParameterError(
            "the matrix does not fit the mixture",
            found=f"shape {array.shape}",
            needed=f"(E, {n_features}), a row for each new column",
        )
    return array


def _check_offset(offset: npt.ArrayLike, n_features: int) -> Float64Array:
    array = check_parameters(offset, "the offset")
    if array.shape not in ((), (n_features,)):
        raise ParameterError(
            "the offset does not fit the matrix",
            found=f"shape {array.shape}",
            needed=f"({n_features},)",
        )
    return array


def _check_noise(noise_covariance: npt.ArrayLike, n_features: int) -> Float64Array:
    array = check_parameters(noise_covariance, "the noise covariance")
    if array.shape != (n_features, n_features) or not np.allclose(array, array.T):
        raise ParameterError(
            "the noise covariance does not fit the matrix",
            found=f"shape {array.shape}",
            needed=f"a symmetric matrix of shape ({n_features}, {n_features})",
        )
    return array


def mixture_mean(mixture: Mixture) -> Float64Array:
    """Return the mean of all that the mixture generates, (D,).

    Examples
    --------
    >>> mixture_mean(Mixture([0.25, 0.75], [[0.0], [4.0]], [[[1.0]], [[1.0]]])).tolist()
    [3.0]
    """
    check_gaussians(mixture)
    # Relative to the first mean, so that a large offset costs no digits.
    about = mixture.means[0]
    mean: Float64Array = about + mixture.weights / mixture.weights.sum() @ (mixture.means - about)
    return mean


def mixture_covariance(mixture: Mixture) -> Float64Array:
    """Return the covariance of all that the mixture generates, within and between, (D, D).

    Examples
    --------
    >>> mixture_covariance(Mixture([0.5, 0.5], [[0.0], [4.0]], [[[1.0]], [[1.0]]])).tolist()
    [[5.0]]
    """
    deviations = mixture.means - mixture_mean(mixture)
    weights = mixture.weights / mixture.weights.sum()
    within = np.einsum("k,kij->ij", weights, mixture.covariances)
    between: Float64Array = (weights * deviations.T) @ deviations
    total: Float64Array = within + between
    return total
