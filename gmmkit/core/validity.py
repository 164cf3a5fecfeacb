"""Which fits may be compared: the likelihood is unbounded, so collapsed ones must not win."""

import numpy as np

from gmmkit.core.covariance import Family
from gmmkit.core.mixture import Mixture

_SMALLEST_RELATIVE_EIGENVALUE = 1e-3


def too_few_rows(effective_counts: np.ndarray, family: Family, n_features: int) -> np.ndarray:
    """Return which components explain fewer rows than their covariance needs, (K,) of bool.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.covariance import family
    >>> too_few_rows(np.array([3.0, 50.0]), family("full"), 2).tolist()
    [True, False]
    """
    return effective_counts < family.minimum_count(n_features)


def too_thin(mixture: Mixture) -> np.ndarray:
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
    smallest = np.linalg.eigvalsh(unroot @ covariances @ unroot.T).min(axis=1)
    return smallest < _SMALLEST_RELATIVE_EIGENVALUE
