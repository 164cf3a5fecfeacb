"""Which fits may be compared: the likelihood is unbounded, so collapsed ones must not win."""

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.core.families import Family
from gmmkit.core.mixture import Mixture

Flags = npt.NDArray[np.bool_]

_SMALLEST_RELATIVE_EIGENVALUE = 1e-3


def too_few_rows(effective_counts: Float64Array, family: Family, n_features: int) -> Flags:
    """Return which components explain fewer rows than their covariance needs, (K,) of bool.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.covariance import family
    >>> too_few_rows(np.array([3.0, 50.0]), family("full"), 2).tolist()
    [True, False]
    """
    return effective_counts < family.minimum_count(n_features)


def too_thin(mixture: Mixture) -> Flags:
    """Return which components are collapsed in some direction, (K,) of bool.

    Collapsed: an eigenvalue of W^-1/2 Sigma_k W^-1/2 below 1e-3, W the pooled within-covariance.

    Examples
    --------
    >>> import numpy as np
    >>> too_thin(Mixture([0.5, 0.5], [[0.0], [1.0]], [[[1.0]], [[1e-6]]])).tolist()
    [False, True]
    """
    family, shape = mixture.covariance.family, mixture.means.shape
    return thin_components(mixture.weights, mixture.covariance.values, family, shape)


def thin_components(
    weights: Float64Array, values: Float64Array, family: Family, shape: tuple[int, ...]
) -> Flags:
    """Return :func:`too_thin` of weights (..., K), and covariances as a family keeps them.

    Parameters
    ----------
    weights : ndarray of shape (..., K)
    values : ndarray
    family : Family
    shape : tuple of int
        K and D.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.families import family
    >>> thin_components(np.ones(2), np.array([[1.0], [1e-6]]), family("diag"), (2, 1)).tolist()
    [False, True]
    """
    # Where noise took every row, components count alike.
    total = weights.sum(axis=-1, keepdims=True)
    shares = np.where(total > 0, weights, 1.0) / np.where(total > 0, total, weights.shape[-1])
    if family.axis_aligned:
        smallest = _least_ratios(shares, 1.0 / family.factors(values, shape[1]) ** 2)
    else:
        smallest = _least_eigenvalues(shares, family.dense(values, *shape))
    thin: Flags = smallest < _SMALLEST_RELATIVE_EIGENVALUE
    return np.broadcast_to(thin, weights.shape)


def _least_ratios(shares: Float64Array, variances: Float64Array) -> Float64Array:
    """Return the least variance of each component relative to the pooled ones."""
    pooled = (shares[..., None] * variances).sum(axis=-2, keepdims=True)
    least: Float64Array = (variances / pooled).min(axis=-1)
    return least


def _least_eigenvalues(shares: Float64Array, covariances: Float64Array) -> Float64Array:
    pooled = (shares[..., None, None] * covariances).sum(axis=-3)
    unroot = np.linalg.inv(np.linalg.cholesky(pooled))[..., None, :, :]
    eigenvalues = np.linalg.eigvalsh(unroot @ covariances @ unroot.swapaxes(-1, -2))
    least: Float64Array = eigenvalues.min(axis=-1)
    return least
