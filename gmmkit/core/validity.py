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
    covariances = mixture.covariances
    pooled = np.einsum("k,kij->ij", mixture.weights / mixture.weights.sum(), covariances)
    unroot = np.linalg.inv(np.linalg.cholesky(pooled))
    eigenvalues = np.linalg.eigvalsh(unroot @ covariances @ unroot.T)
    thin: Flags = eigenvalues.min(axis=1) < _SMALLEST_RELATIVE_EIGENVALUE
    return thin
