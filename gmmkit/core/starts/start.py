"""Starting values: functions of the weighted set of rows, in more than one set of coordinates."""

from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from operator import add

import numpy as np

from gmmkit.core.checks import Float64Array
from gmmkit.core.covariance import Covariance
from gmmkit.core.families import Family, Moments
from gmmkit.core.maximization import Parameters
from gmmkit.core.mixture import Mixture
from gmmkit.core.starts.clusters import LLOYD_ITERATIONS, Labels, cluster, coordinates
from gmmkit.core.starts.hierarchy import hierarchical_labels
from gmmkit.core.starts.row_sets import RowSet
from gmmkit.core.statistics import SufficientStatistics, pack_symmetric
from gmmkit.core.units import Units
from gmmkit.errors import ParameterError

_CHUNK = 2048


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
    found = leaning_parameters(statistics, family, prior_rows)
    return Mixture(found.weights, found.means, Covariance(family, found.values))


def leaning_parameters(
    statistics: SufficientStatistics, family: Family, prior_rows: float
) -> Parameters:
    """Return the parameters of :func:`mixture_from_statistics`, for any number of leading axes."""
    living = statistics.weight > 0
    statistics = replace(statistics, weight=np.where(living, statistics.weight, 1.0))
    scatter, weight = statistics.scatter(), statistics.weight
    axis = weight.ndim - 1
    if family.moments is not Moments.POOLED:
        total = weight.sum(axis=axis, keepdims=True)
        own_axes = (1,) * (scatter.ndim - weight.ndim)
        pooled = scatter.sum(axis=axis, keepdims=True) / total.reshape(*total.shape, *own_axes)
        scatter, weight = scatter + prior_rows * pooled, weight + prior_rows
    values = family.estimate(scatter, weight)
    floor = 1e-6 * np.eye(statistics.first.shape[-1])
    values, _ = family.floored(values, floor)
    mass = np.where(living, statistics.weight, 0.0)
    return Parameters(mass / mass.sum(axis=axis, keepdims=True), statistics.means, values)


def _one_hot(labels: Labels, k: int) -> Float64Array:
    return np.equal.outer(labels, np.arange(k)).astype(np.float64)


def _prior_rows(sample: RowSet) -> float:
    n_rows, n_features = sample.rows.shape
    return float((n_features + 2) * sample.weights.sum() / n_rows)


def mixture_from_labels(
    sample: RowSet, labels: Labels, k: int, family: Family, units: Units
) -> Mixture:
    """Return what labeled working rows say of k components, leaning on what all rows say."""
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
    iterations: int = LLOYD_ITERATIONS,
) -> list[Mixture]:
    spaces = coordinates(sample.rows, sample.weights, family)
    labelings = [cluster(x, sample.weights, k, random, iterations=iterations) for x in spaces]
    return [mixture_from_labels(sample, labels, k, family, units) for labels in labelings]


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
    whole = mixture_from_labels(sample, np.zeros(len(sample), dtype=np.intp), 1, family, units)
    values = whole.covariance.values
    values = np.repeat(values, k, axis=0) if family.per_component else values
    return [Mixture(np.full(k, 1 / k), sample.rows[chosen], Covariance(family, values))]


def _start_by_merging(
    sample: RowSet, k: int, family: Family, units: Units, random: np.random.Generator
) -> list[Mixture]:
    spaces = coordinates(sample.rows, sample.weights, family)
    labelings = [labels for x in spaces for labels in hierarchical_labels(x, sample, k)]
    return [mixture_from_labels(sample, labels, k, family, units) for labels in labelings]


_METHODS = {
    "kmeans": _start_by_clusters,
    "k-means++": _start_by_seeds,
    "hierarchical": _start_by_merging,
    "random": _start_by_chance,
    "random_from_data": _start_at_rows,
}


def start_names() -> tuple[str, ...]:
    """Return the methods that :func:`candidate_starts` knows.

    Examples
    --------
    >>> start_names()
    ('kmeans', 'k-means++', 'hierarchical', 'random', 'random_from_data')
    """
    return tuple(_METHODS)


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
        alone), ``"hierarchical"`` (groups merged where the likelihood loses least), ``"random"``
        (random responsibilities), ``"random_from_data"`` (random rows as means, the covariance of
        all).
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
    if method not in _METHODS:
        raise ParameterError(
            "there is no such start", found=repr(method), needed="one of " + ", ".join(_METHODS)
        )
    return _METHODS[method](sample, k, family, units, random)
