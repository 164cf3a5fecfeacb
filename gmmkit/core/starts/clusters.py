"""Weighted k-means, and the coordinates in which rows are clustered."""

from math import log

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.core.families import Family

# k-means only has to put centers into the right places: EM does the rest.
LLOYD_ITERATIONS = 10
_CHUNK = 2048

Labels = npt.NDArray[np.intp]


def seed_centers(
    points: Float64Array, weights: Float64Array, n_clusters: int, random: np.random.Generator
) -> Float64Array:
    """Return greedy k-means++ centers (Arthur and Vassilvitskii 2007), each one of the points.

    Parameters
    ----------
    points : ndarray of shape (M, D)
    weights : ndarray of shape (M,)
    n_clusters : int
        At most M.
    random : Generator
    """
    n_trials = 2 + int(log(n_clusters))
    index = _draw(weights, 1, random)
    centers = [points[index[0]]]
    nearest = squared_distances(points, points[index])[:, 0]
    for _ in range(1, n_clusters):
        candidates = _draw(weights * nearest, n_trials, random)
        distances = np.minimum(squared_distances(points, points[candidates]), nearest[:, None])
        best = int((weights @ distances).argmin())
        centers.append(points[candidates[best]])
        nearest = distances[:, best]
    return np.array(centers)


def _draw(mass: Float64Array, n: int, random: np.random.Generator) -> Labels:
    """Draw n indices in proportion to mass, by its cumulative sum."""
    cumulative = np.cumsum(mass)
    if cumulative[-1] <= 0:
        return random.integers(len(mass), size=n)
    drawn = np.searchsorted(cumulative, random.random(n) * cumulative[-1], side="right")
    indices: Labels = np.minimum(drawn, len(mass) - 1)
    return indices


def squared_distances(points: Float64Array, centers: Float64Array) -> Float64Array:
    """Return squared distances between points (M, P) and centers (K, P), (M, K).

    Examples
    --------
    >>> squared_distances(np.array([[0.0]]), np.array([[3.0], [1.0]])).tolist()
    [[9.0, 1.0]]
    """
    products = points @ centers.T
    norms = np.einsum("nd,nd->n", points, points)[:, None] + (centers**2).sum(axis=1)
    distances: Float64Array = np.maximum(norms - 2.0 * products, 0.0)
    return distances


def cluster(
    points: Float64Array,
    weights: Float64Array,
    n_clusters: int,
    random: np.random.Generator,
    *,
    iterations: int = LLOYD_ITERATIONS,
) -> Labels:
    """Return k-means labels of weighted points; every cluster keeps at least one point.

    Parameters
    ----------
    points : ndarray of shape (M, D)
    weights : ndarray of shape (M,)
    n_clusters : int
    random : Generator
    iterations : int
        Of Lloyd's algorithm after the seeding; zero leaves the seeds.

    Examples
    --------
    >>> import numpy as np
    >>> points = np.array([[0.0], [0.1], [9.0]])
    >>> labels = cluster(points, np.ones(3), 2, np.random.default_rng(0))
    >>> bool(labels[0] == labels[1] != labels[2])
    True
    """
    centers = seed_centers(points, weights, n_clusters, random)
    labels = _assign(points, centers)
    for _ in range(iterations):
        centers = _cluster_means(points, weights, labels, centers)
        following = _assign(points, centers)
        if np.array_equal(following, labels):
            break
        labels = following
    return labels


def _assign(points: Float64Array, centers: Float64Array) -> Labels:
    """Return each point's nearest center; a center that nobody is nearest to takes one point."""
    labels, own = np.empty(len(points), dtype=np.intp), np.empty(len(points))
    for start in range(0, len(points), _CHUNK):
        distances = squared_distances(points[start : start + _CHUNK], centers)
        labels[start : start + _CHUNK] = distances.argmin(axis=1)
        own[start : start + _CHUNK] = distances.min(axis=1)
    counts = np.bincount(labels, minlength=len(centers))
    for empty in np.flatnonzero(counts == 0):
        movable = np.where(counts[labels] > 1, own, -1.0)
        farthest = int(movable.argmax())
        counts[labels[farthest]] -= 1
        labels[farthest], own[farthest], counts[empty] = empty, 0.0, 1
    return labels


def _cluster_means(
    points: Float64Array, weights: Float64Array, labels: Labels, centers: Float64Array
) -> Float64Array:
    k = len(centers)
    mass = np.bincount(labels, weights, k)
    sums = [np.bincount(labels, weights * column, k) for column in points.T]
    return np.stack(sums, axis=1) / mass[:, None]


def coordinates(rows: Float64Array, weights: Float64Array, family: Family) -> list[Float64Array]:
    """Return the rows in the sets of coordinates that a start is tried in.

    Exactly standardized columns (or one scale, where a family knows no more), and whitened ones:
    each alone is reliably bad on some data. Both stay inside column scaling and shifts.
    """
    share = weights / weights.sum()
    centered = rows - share @ rows
    covariance = (centered * share[:, None]).T @ centered
    variance = np.diagonal(covariance)
    spread = np.sqrt(
        variance if family.separate_scales else np.full_like(variance, variance.mean())
    )
    spread = np.where(spread > 0, spread, 1.0)
    standardized = centered / spread
    correlation = covariance / np.multiply.outer(spread, spread)
    eigenvalues, vectors = np.linalg.eigh(correlation)
    usable = eigenvalues > 1e-10 * eigenvalues.max()
    whitened = standardized @ (vectors[:, usable] / np.sqrt(eigenvalues[usable]))
    # With hardly more rows than directions, whitened rows are all equally far from each other.
    informative = 1 < usable.sum() <= len(rows) / 3
    return [standardized, whitened] if informative else [standardized]
