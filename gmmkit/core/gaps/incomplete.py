"""Rows with missing cells under a mixture: their densities, their components, and their gaps.

Little and Rubin, "Statistical Analysis with Missing Data" (3rd ed. 2019), chapters 8 and 11: cells
missing at random are ignorable, so a row counts by the density of what was observed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import (
    Float64Array,
    FloatArray,
    check_count,
    random_generator,
)
from gmmkit.core.covariance import Covariance
from gmmkit.core.em import m_step
from gmmkit.core.engine.routes import Route, choose_route
from gmmkit.core.execution import SerialExecutor
from gmmkit.core.families import Symmetry, family
from gmmkit.core.gaps.known import Indices, check_incomplete_rows, check_labels, grouped
from gmmkit.core.gaps.partial import KnownSource, make_partial_pass
from gmmkit.core.gaps.restriction import Restriction, Restrictions
from gmmkit.core.maximization import Regularization
from gmmkit.core.mixture import Mixture
from gmmkit.core.statistics import SufficientStatistics
from gmmkit.core.units import Units, units_of

# Numbers that one piece of a group may need at once.
_PIECE_NUMBERS = 2**20
# A start needs plausible cells, not a converged Gaussian.
_START_ITERATIONS = 10
# The least variance of that Gaussian in units of each column's spread.
_START_FLOOR = 1e-6


@dataclass(frozen=True, eq=False)
class Filled:
    """Rows whose gaps hold what is expected there.

    Attributes
    ----------
    rows : ndarray of shape (N, D)
        Observed cells as they were; missing ones at their conditional expectation.
    variances : ndarray of shape (N, D)
        The conditional variance of each missing cell, zero where a cell was observed.
    """

    rows: Float64Array
    variances: Float64Array


def partial_e_step(
    rows: npt.ArrayLike,
    mixture: Mixture,
    weights: npt.ArrayLike | None = None,
    *,
    labels: npt.ArrayLike | None = None,
    units: Units | None = None,
) -> SufficientStatistics:
    """Return the expected statistics of rows of which not everything is known, in float64.

    Their log likelihood is that of the observed cells and labels. Rows in which nothing was
    observed add nothing.

    Parameters
    ----------
    rows : array_like of shape (N, D)
        NaN where a cell is missing.
    mixture : Mixture
        In the data's units.
    weights : array_like of shape (N,), optional
        Frequencies; rows of weight zero count as absent.
    labels : array_like of shape (N,) or (N, K), optional
        The component of each row, -1 where it is not known; or the components that are allowed.
    units : Units, optional
        Working coordinates; the default depends on the mixture alone.

    Raises
    ------
    InputError
        If rows, weights or labels are unusable, or no row says anything.
    ParameterError
        If cells are missing and the mixture has noise.

    Examples
    --------
    >>> mixture = Mixture([0.5, 0.5], [[0.0, 0.0], [9.0, 9.0]], np.array([np.eye(2)] * 2))
    >>> partial_e_step([[0.0, np.nan], [np.nan, 9.0]], mixture).weight.round(6).tolist()
    [1.0, 1.0]
    """
    array = check_incomplete_rows(rows, n_features=mixture.n_features)
    source = KnownSource.of(array, weights, labels=labels, n_components=mixture.n_components)
    units = units or units_of(mixture)
    working = units.standardize(mixture)
    route = choose_route(working, Route.FLOAT64)
    go = make_partial_pass(working, units, route, source.n_rows, 1)
    return SerialExecutor().total(go, source)


def log_density(
    rows: npt.ArrayLike, mixture: Mixture, *, labels: npt.ArrayLike | None = None
) -> Float64Array:
    """Return the log density of what was observed of every row, (N,), in nats, float64.

    Rows with different gaps have densities over different columns: add them up, but do not
    compare them. A row in which nothing was observed has zero.

    Parameters
    ----------
    rows : array_like of shape (N, D)
        NaN where a cell is missing.
    mixture : Mixture
    labels : array_like of shape (N,) or (N, K), optional
        As in :func:`partial_e_step`; the density is then that of cells and label together.

    Raises
    ------
    InputError
        If rows or labels are unusable.
    ParameterError
        If cells are missing and the mixture has noise.

    Examples
    --------
    >>> mixture = Mixture([1.0], [[0.0, 7.0]], [np.eye(2)])
    >>> log_density([[0.0, np.nan], [np.nan, np.nan]], mixture).round(4).tolist()
    [-0.9189, 0.0]
    """
    array = check_incomplete_rows(rows, n_features=mixture.n_features)
    densities = np.empty(len(array))
    for restriction, indices in _pieces(array, mixture, labels):
        densities[indices] = restriction.posteriors(array[indices])[1]
    return densities


def responsibilities(
    rows: npt.ArrayLike, mixture: Mixture, *, labels: npt.ArrayLike | None = None
) -> Float64Array:
    """Return the posterior probability of every component given what is known, (N, K), float64.

    A row in which nothing was observed has the components' weights.

    Parameters
    ----------
    rows, mixture, labels
        As in :func:`log_density`.

    Raises
    ------
    InputError, ParameterError
        As :func:`log_density` does.

    Examples
    --------
    >>> mixture = Mixture([0.25, 0.75], [[0.0, 0.0], [0.0, 9.0]], np.array([np.eye(2)] * 2))
    >>> responsibilities([[0.0, np.nan]], mixture).round(6).tolist()
    [[0.25, 0.75]]
    """
    array = check_incomplete_rows(rows, n_features=mixture.n_features)
    shares = np.zeros((len(array), mixture.n_components))
    for restriction, indices in _pieces(array, mixture, labels):
        found = restriction.posteriors(array[indices])[0]
        shares[indices[:, None], restriction.known.allowed] = found
    return shares


def filled(rows: npt.ArrayLike, mixture: Mixture, *, labels: npt.ArrayLike | None = None) -> Filled:
    """Return rows with every gap at its expectation given the rest of the row, and its variance.

    The expectation is right for one cell at a time; for anything that depends on spread, such as
    a covariance of the filled rows, draw with :func:`impute` instead.

    Parameters
    ----------
    rows, mixture, labels
        As in :func:`log_density`.

    Raises
    ------
    InputError, ParameterError
        As :func:`log_density` does.

    Examples
    --------
    >>> mixture = Mixture([1.0], [[0.0, 5.0]], [[[1.0, 0.5], [0.5, 1.0]]])
    >>> guess = filled([[2.0, np.nan]], mixture)
    >>> guess.rows.tolist(), guess.variances.round(6).tolist()
    ([[2.0, 6.0]], [[0.0, 0.75]])
    """
    array = check_incomplete_rows(rows, n_features=mixture.n_features)
    whole, variances = array.astype(np.float64), np.zeros(array.shape)
    for restriction, indices in _pieces(array, mixture, labels):
        cells = np.ix_(indices, restriction.known.missing)
        whole[cells], variances[cells] = _expected(restriction, array[indices])
    return Filled(whole, variances)


def _expected(restriction: Restriction, rows: FloatArray) -> tuple[Float64Array, Float64Array]:
    """Return mean and variance of missing cells (n, M): those of a mixture of Gaussians."""
    shares = restriction.posteriors(rows)[0]
    means = restriction.conditional_means(rows)
    center = np.einsum("nj,jnm->nm", shares, means)
    spread = restriction.conditional_variances[:, None, :] + (means - center) ** 2
    return center, np.einsum("nj,jnm->nm", shares, spread)


def impute(
    rows: npt.ArrayLike,
    mixture: Mixture,
    n: int = 1,
    seed: int | np.random.Generator | None = None,
    *,
    labels: npt.ArrayLike | None = None,
) -> Float64Array:
    """Return rows whose gaps are drawn from the mixture given the rest of the row, n times.

    Multiple imputation (Rubin 1987): analyze each of the n tables by itself, and pool. The mixture
    is taken for certain; its own uncertainty is not drawn.

    Parameters
    ----------
    rows, mixture, labels
        As in :func:`log_density`.
    n : int
        How many tables.
    seed : int, optional
        The same seed gives the same tables.

    Returns
    -------
    ndarray of shape (n, N, D)

    Raises
    ------
    InputError, ParameterError
        As :func:`log_density` does, or if `n` is no positive whole number.

    Examples
    --------
    >>> mixture = Mixture([1.0], [[0.0, 5.0]], [np.eye(2)])
    >>> impute([[2.0, np.nan]], mixture, n=3, seed=0).shape
    (3, 1, 2)
    """
    array = check_incomplete_rows(rows, n_features=mixture.n_features)
    random = random_generator(seed)
    tables = np.repeat(array[None].astype(np.float64), check_count(n, "n"), axis=0)
    for restriction, indices in _pieces(array, mixture, labels):
        cells = np.ix_(indices, restriction.known.missing)
        below = np.cumsum(restriction.posteriors(array[indices])[0], axis=1)
        means = restriction.conditional_means(array[indices])
        for table in tables:
            table[cells] = _drawn(restriction.roots, below, means, random)
    return tables


def _drawn(
    roots: Float64Array, below: Float64Array, means: Float64Array, random: np.random.Generator
) -> Float64Array:
    """Return a draw of missing cells (n, M), from cumulative shares (n, J) and means (J, n, M)."""
    n, last = len(below), below.shape[1] - 1
    chosen = np.minimum((random.random((n, 1)) >= below).sum(axis=1), last)
    noise = random.standard_normal((n, means.shape[2]))
    own = roots[np.minimum(chosen, len(roots) - 1)]
    scaled = own * noise if own.ndim == 2 else (own @ noise[:, :, None])[:, :, 0]
    drawn: Float64Array = means[chosen, np.arange(n)] + scaled
    return drawn


def _pieces(
    rows: FloatArray, mixture: Mixture, labels: npt.ArrayLike | None
) -> Iterator[tuple[Restriction, Indices]]:
    """Yield rows of which the same is known, few enough at once, and what the mixture is there."""
    k, d = mixture.means.shape
    step = max(1, _PIECE_NUMBERS // (max(k, d) * d))
    restrictions = Restrictions(mixture)
    for group in grouped(rows, check_labels(labels, len(rows), k), k):
        restriction = restrictions.of(group.known)
        for start in range(0, len(group.indices), step):
            yield restriction, group.indices[start : start + step]


def filled_for_start(rows: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> Float64Array:
    """Return rows with gaps at their expectation under one Gaussian fitted to all rows.

    Complete rows to make starting values from: they hold less spread than the data do, so nothing
    else should be estimated from them. Columns without any value are filled with zeros.

    Parameters
    ----------
    rows : array_like of shape (N, D)
        NaN where a cell is missing.
    weights : array_like of shape (N,), optional
        Frequencies.

    Raises
    ------
    InputError
        If rows or weights are unusable, or no row holds a value.

    Examples
    --------
    >>> rows = [[0.0, 0.0], [1.0, 1.1], [2.0, 1.9], [3.0, 3.0], [4.0, np.nan]]
    >>> filled_for_start(rows).round(1).tolist()[4]
    [4.0, 3.9]
    """
    array = check_incomplete_rows(rows)
    if not np.isnan(array).any():
        return array.astype(np.float64)
    gaussian = _one_gaussian(KnownSource.of(array, weights, n_components=1))
    return filled(array, gaussian).rows


def _one_gaussian(source: KnownSource) -> Mixture:
    """Return one Gaussian after some iterations of EM, from the columns' means and variances."""
    mean, variance = _column_moments(source)
    units, d = Units.of(mean, variance, Symmetry.SCALING), source.n_features
    variance = np.maximum(variance, _START_FLOOR * units.scale**2)
    mixture = Mixture([1.0], mean[None], Covariance("full", np.diag(variance)[None]))
    floor = Regularization(_START_FLOOR * np.eye(d), np.zeros(d))
    for _ in range(_START_ITERATIONS):
        working = units.standardize(mixture)
        go = make_partial_pass(working, units, Route.FLOAT64, source.n_rows, 1)
        statistics = SerialExecutor().total(go, source)
        mixture = m_step(statistics, family("full"), regularization=floor, previous=mixture)
    return mixture


def _column_moments(source: KnownSource) -> tuple[Float64Array, Float64Array]:
    """Return weighted means and variances of what was observed of each column, zero if nothing."""
    observed = ~np.isnan(source.rows)
    weights = np.ones(source.n_rows) if source.weights is None else source.weights
    mass = np.maximum(weights @ observed, np.finfo(float).tiny)
    shift = np.array([_first(column) for column in source.rows.T])
    deviations = np.where(observed, source.rows - shift, 0.0)
    mean = weights @ deviations / mass
    squares = np.where(observed, (deviations - mean) ** 2, 0.0)
    return shift + mean, weights @ squares / mass


def _first(column: FloatArray) -> float:
    values = column[~np.isnan(column)]
    return float(values[0]) if len(values) else 0.0
