"""Starts around what is known already: components that are fixed, or that some rows are labeled as.

Their centers stand; the others are drawn as k-means++ draws, far from all that stand.
"""

import numpy as np

from gmmkit.core.checks import Float64Array
from gmmkit.core.starts.clusters import Labels, squared_distances


def labels_around(
    points: Float64Array,
    weights: Float64Array,
    known: Float64Array,
    k: int,
    random: np.random.Generator,
) -> Labels:
    """Return the nearest of k centers for every point; NaN centers are to be found.

    Parameters
    ----------
    points : ndarray of shape (M, P)
    weights : ndarray of shape (M,)
    known : ndarray of shape (K, P)
        Centers, NaN where there is none yet.
    k : int
    random : Generator

    Examples
    --------
    >>> points = np.array([[0.0], [0.5], [9.0]])
    >>> known = np.array([[np.nan], [0.0]])
    >>> labels_around(points, np.ones(3), known, 2, np.random.default_rng(0)).tolist()
    [1, 1, 0]
    """
    centers = known.copy()
    for unknown in np.flatnonzero(np.isnan(known).any(axis=1)):
        standing = centers[~np.isnan(centers).any(axis=1)]
        distances = squared_distances(points, standing).min(axis=1, initial=np.inf)
        mass = weights * np.where(np.isfinite(distances), distances, 1.0)
        share = mass / mass.sum() if mass.sum() > 0 else None
        centers[unknown] = points[random.choice(len(points), p=share)]
    nearest: Labels = squared_distances(points, centers).argmin(axis=1)
    return nearest
