"""The first population of a search: clusters in two sets of coordinates, and random rows."""

import numpy as np

from gmmkit.core.checks import Float64Array
from gmmkit.core.maximization import Parameters
from gmmkit.core.search.population import PopulationEM, joined
from gmmkit.core.starts.clusters import Labels, coordinates
from gmmkit.core.starts.hierarchy import hierarchical_labels
from gmmkit.core.starts.row_sets import RowSet
from gmmkit.core.starts.start import leaning_parameters

# k-means only has to put centers into the right places: EM does the rest.
_LLOYD_ITERATIONS = 5
# Distances held at once.
_CHUNK_NUMBERS = 2**21


def first_population(
    em: PopulationEM, rows: RowSet, k: int, size: int, random: np.random.Generator
) -> Parameters:
    """Return starts of several kinds, because each alone is reliably bad on some data.

    Half of them are random rows with the covariance of all; the others are hierarchical and k-means
    clusters, on standardized and on whitened rows.
    """
    spaces = coordinates(rows.rows, rows.weights, em.family)
    clustered = size // (2 * len(spaces)) - 2
    labels = [cluster_many(x, rows.weights, k, clustered, random) for x in spaces]
    labels += [np.stack(hierarchical_labels(x, rows, k)) for x in spaces]
    scattered = size - sum(map(len, labels))
    population = joined(
        clustered_parameters(em, np.concatenate(labels), k),
        scattered_parameters(em, rows, k, scattered, random),
    )
    share = 1.0 if em.noise is None else 1.0 - em.noise.weight
    return population._replace(weights=share * population.weights)


def cluster_many(
    points: Float64Array, weights: Float64Array, k: int, size: int, random: np.random.Generator
) -> Labels:
    """Return labels (S, M) of several runs of weighted k-means, each from its own seeds."""
    step = max(1, _CHUNK_NUMBERS // (k * len(points)))
    sizes = [min(step, size - start) for start in range(0, size, step)]
    return np.concatenate([_cluster_chunk(points, weights, k, n, random) for n in sizes])


def _cluster_chunk(
    points: Float64Array, weights: Float64Array, k: int, size: int, random: np.random.Generator
) -> Labels:
    centers = _seeds(points, weights, k, size, random)
    for _ in range(_LLOYD_ITERATIONS):
        belongs = np.equal(_nearest(points, centers)[:, None, :], np.arange(k)[:, None]) * weights
        mass = belongs.sum(axis=2, keepdims=True)
        centers = np.where(mass > 0, (belongs @ points) / np.maximum(mass, 1e-300), centers)
    return _nearest(points, centers)


def _nearest(points: Float64Array, centers: Float64Array) -> Labels:
    norms = (centers**2).sum(axis=2)[:, :, None]
    labels: Labels = (norms - 2.0 * (centers @ points.T)).argmin(axis=1)
    return labels


def _seeds(
    points: Float64Array, weights: Float64Array, k: int, size: int, random: np.random.Generator
) -> Float64Array:
    """Return k-means++ centers (Arthur and Vassilvitskii 2007), (S, K, D)."""
    chosen = np.empty((size, k), dtype=np.intp)
    mass = np.broadcast_to(weights, (size, len(points)))
    nearest = np.full(mass.shape, np.inf)
    for j in range(k):
        cumulative = mass.cumsum(axis=1)
        drawn = random.random((size, 1)) * cumulative[:, -1:]
        chosen[:, j] = np.minimum((cumulative < drawn).sum(axis=1), len(points) - 1)
        distances = ((points - points[chosen[:, j], None]) ** 2).sum(axis=2)
        nearest = np.minimum(nearest, distances)
        mass = weights * nearest
    return points[chosen]


def clustered_parameters(em: PopulationEM, labels: Labels, k: int) -> Parameters:
    """Return what clusters say, covariances leaning on the pooled one: few rows make no spike."""
    belongs = np.equal(labels[:, None, :], np.arange(k)[:, None]) * em.counts
    statistics = em.statistics(belongs)
    rows = (em.n_features + 2) * em.counts.sum() / len(em.counts)
    return leaning_parameters(statistics, em.family, rows)


def scattered_parameters(
    em: PopulationEM, rows: RowSet, k: int, size: int, random: np.random.Generator
) -> Parameters:
    """Return random rows as means, with equal weights and the covariance of all rows."""
    share = rows.weights / rows.weights.sum()
    chosen = [random.choice(len(rows), size=k, replace=False, p=share) for _ in range(size)]
    whole = leaning_parameters(em.statistics(em.counts[None, None, :]), em.family, 1.0).values
    shape = (size, k, *whole.shape[2:]) if em.family.per_component else (size, *whole.shape[1:])
    values = np.broadcast_to(whole, shape).copy()
    return Parameters(np.full((size, k), 1.0 / k), rows.rows[np.stack(chosen)], values)
