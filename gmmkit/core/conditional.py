"""Covariances split in two: what some columns tell of the others, whatever values they take."""

import numpy as np

from gmmkit.core.checks import Float64Array


def slopes_and_roots(stack: Float64Array, n_given: int) -> tuple[Float64Array, Float64Array]:
    """Return how the later columns follow the first ones, and roots of what is left of them.

    One Cholesky factor holds both: no difference of matrices, hence nothing indefinite.

    Parameters
    ----------
    stack : ndarray of shape (J, D, D)
        Covariances, the columns that are given first.
    n_given : int
        G.

    Returns
    -------
    slopes : ndarray of shape (J, D - G, G)
        B, with E[later | given] = mean + B (given - their mean).
    roots : ndarray of shape (J, D - G, D - G)
        Lower triangles L, the conditional covariance being L Lᵀ.

    Examples
    --------
    >>> slopes_and_roots(np.array([[[4.0, 2.0], [2.0, 2.0]]]), 1)[0].tolist()
    [[[0.5]]]
    """
    lower = np.linalg.cholesky(stack)
    given, across = lower[:, :n_given, :n_given], lower[:, n_given:, :n_given]
    slopes = np.linalg.solve(given.swapaxes(1, 2), across.swapaxes(1, 2)).swapaxes(1, 2)
    return np.asarray(slopes), np.asarray(lower[:, n_given:, n_given:])
