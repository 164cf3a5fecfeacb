"""Starting values: functions of the weighted set of rows, in more than one set of coordinates."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from math import log
from operator import add

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.core.covariance import Covariance
from gmmkit.core.execution import Source
from gmmkit.core.families import Family, Moments
from gmmkit.core.mixture import Mixture
from gmmkit.core.statistics import SufficientStatistics, pack_symmetric
from gmmkit.core.units import Units
from gmmkit.errors import ParameterError

SAMPLE_ROWS = 10_000
# k-means only has to put centers into the right places: EM does the rest.
_LLOYD_ITERATIONS = 10
_CHUNK = 2048

Labels = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class RowSet:
    """Distinct rows in sorted order, each with the summed weight of its copies."""

    rows: Float64Array
    weights: Float64Array

    def __len__(self) -> int:
        return len(self.rows)


def distinct_rows(rows: npt.NDArray[np.floating], weights: Float64Array | None) -> RowSet:
    """Return the weighted set of rows: order and splitting of weights leave no trace.

    Examples
    --------
    >>> import numpy as np
    >>> distinct_rows(np.array([[2.0], [1.0], [2.0]]), None).weights
    array([1., 2.])
    """
    order = np.lexsort(rows.T[::-1])
    ordered = rows[order].astype(np.float64)
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    counted = np.ones(len(rows)) if weights is None else weights[order]
    return RowSet(ordered[first], np.add.reduceat(counted, np.flatnonzero(first)))


def row_sample(source: Source, random: np.random.Generator, n_distinct: int) -> RowSet:
    """Return the set of all rows up to 10,000, or of a random sample of that many.

    Where the sample holds fewer than `n_distinct` different rows, all rows are searched for more.

    Parameters
    ----------
    source : Source
    random : Generator
    n_distinct : int
        How many different rows the caller needs.
    """
    if source.n_rows <= SAMPLE_ROWS:
        block = source.take(np.arange(source.n_rows))
        return distinct_rows(block.rows, block.weights)
    indices = np.sort(random.choice(source.n_rows, SAMPLE_ROWS, replace=False))
    block = source.take(indices)
    sample = distinct_rows(block.rows, block.weights)
    return sample if len(sample) >= n_distinct else _search_distinct(source, n_distinct)


def _search_distinct(source: Source, n_distinct: int) -> RowSet:
    found = RowSet(np.empty((0, source.n_features)), np.empty(0))
    for block in source:
        if len(found) >= n_distinct:
            break
        rows = np.concatenate([found.rows, block.rows])
        counted = np.ones(len(block.rows)) if block.weights is None else block.weights
        found = distinct_rows(rows, np.concatenate([found.weights, counted]))
    return found


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
    nearest = _squared_distances(points, points[index])[:, 0]
    for _ in range(1, n_clusters):
        candidates = _draw(weights * nearest, n_trials, random)
        distances = np.minimum(_squared_distances(points, points[candidates]), nearest[:, None])
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


def _squared_distances(points: Float64Array, centers: Float64Array) -> Float64Array:
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
    iterations: int = _LLOYD_ITERATIONS,
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
        distances = _squared_distances(points[start : start + _CHUNK], centers)
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


def labeled_statistics(
    sample: RowSet, shares: Callable[[slice], Float64Array], moments: Moments, units: Units
) -> SufficientStatistics:
    """Return the statistics of working rows; `shares` gives the responsibilities of a piece."""
    pieces = [slice(start, start + _CHUNK) for start in range(0, len(sample), _CHUNK)]
    return reduce(add, (_piece_statistics(sample, p, shares(p), moments, units) for p in pieces))


def _piece_statistics(
    sample: RowSet, piece: slice, shares: Float64Array, moments: Moments, units: Units
) -> SufficientStatistics:
    z, r = sample.rows[piece], shares * sample.weights[piece, None]
    diagonal = moments is Moments.DIAGONAL
    products = z**2 if diagonal else pack_symmetric(z[:, :, None] * z[:, None])
    by_component = r.sum(axis=1) if moments is Moments.POOLED else r.T
    return SufficientStatistics(
        log_likelihood=0.0,
        weight=r.sum(axis=0),
        first=r.T @ z,
        second=by_component @ products,
        moments=moments,
        units=units,
        origin=np.zeros(z.shape[1]),
    )


def mixture_from_statistics(
    statistics: SufficientStatistics, family: Family, prior_rows: float
) -> Mixture:
    """Return a working mixture whose covariances lean on the pooled one by `prior_rows` rows.

    A cluster of very few rows would otherwise start as a spike.
    """
    scatter, weight = statistics.scatter(), statistics.weight
    if family.per_component:
        pooled = scatter.sum(axis=0) / weight.sum()
        scatter, weight = scatter + prior_rows * pooled, weight + prior_rows
    values = family.estimate(scatter, weight)
    floor = 1e-6 * np.eye(statistics.first.shape[1])
    values, _ = family.floored(values, floor)
    shares = statistics.weight / statistics.weight.sum()
    return Mixture(shares, statistics.means, Covariance(family, values))


def _one_hot(labels: Labels, k: int) -> Float64Array:
    return np.equal.outer(labels, np.arange(k)).astype(np.float64)


def _prior_rows(sample: RowSet) -> float:
    n_rows, n_features = sample.rows.shape
    return float((n_features + 2) * sample.weights.sum() / n_rows)


def _from_labels(sample: RowSet, labels: Labels, k: int, family: Family, units: Units) -> Mixture:
    statistics = labeled_statistics(
        sample, lambda piece: _one_hot(labels[piece], k), family.moments, units
    )
    return mixture_from_statistics(statistics, family, _prior_rows(sample))


def _start_by_clusters(
    sample: RowSet,
    k: int,
    family: Family,
    units: Units,
    random: np.random.Generator,
    iterations: int = _LLOYD_ITERATIONS,
) -> list[Mixture]:
    spaces = coordinates(sample.rows, sample.weights, family)
    labelings = [cluster(x, sample.weights, k, random, iterations=iterations) for x in spaces]
    return [_from_labels(sample, labels, k, family, units) for labels in labelings]


def _start_by_seeds(
    sample: RowSet, k: int, family: Family, units: Units, random: np.random.Generator
) -> list[Mixture]:
    return _start_by_clusters(sample, k, family, units, random, iterations=0)


def _start_by_chance(
    sample: RowSet, k: int, family: Family, units: Units, random: np.random.Generator
) -> list[Mixture]:
    statistics = labeled_statistics(
        sample,
        lambda piece: random.dirichlet(np.ones(k), size=len(sample.weights[piece])),
        family.moments,
        units,
    )
    return [mixture_from_statistics(statistics, family, _prior_rows(sample))]


def _start_at_rows(
    sample: RowSet, k: int, family: Family, units: Units, random: np.random.Generator
) -> list[Mixture]:
    chosen = random.choice(
        len(sample), size=k, replace=False, p=sample.weights / sample.weights.sum()
    )
    whole = _from_labels(sample, np.zeros(len(sample), dtype=np.intp), 1, family, units)
    values = whole.covariance.values
    values = np.repeat(values, k, axis=0) if family.per_component else values
    return [Mixture(np.full(k, 1 / k), sample.rows[chosen], Covariance(family, values))]


_METHODS = {
    "kmeans": _start_by_clusters,
    "k-means++": _start_by_seeds,
    "random": _start_by_chance,
    "random_from_data": _start_at_rows,
}


def start_names() -> tuple[str, ...]:
    """Return the methods that :func:`candidate_starts` knows.

    Examples
    --------
    >>> start_names()
    ('kmeans', 'k-means++', 'random', 'random_from_data')
    """
    return tuple(_METHODS)


def check_method(method: str) -> None:
    """Refuse a method that :func:`start_names` does not list.

    Raises
    ------
    ParameterError
        If there is no such method.
    """
    if method not in _METHODS:
        raise ParameterError(
            "there is no such start", found=repr(method), needed="one of " + ", ".join(_METHODS)
        )


def candidate_starts(
    method: str,
    sample: RowSet,
    k: int,
    family: Family,
    units: Units,
    random: np.random.Generator,
) -> list[Mixture]:
    """Return one or more starting mixtures in working coordinates.

    Parameters
    ----------
    method : str
        ``"kmeans"`` (k-means on standardized and on whitened rows), ``"k-means++"`` (its seeds
        alone), ``"random"`` (random responsibilities), ``"random_from_data"`` (random rows as
        means, the covariance of all).
    sample : RowSet
        In working coordinates, at least k rows.
    k : int
    family : Family
    units : Units
    random : Generator

    Raises
    ------
    ParameterError
        If there is no such method.
    """
    check_method(method)
    return _METHODS[method](sample, k, family, units, random)
