"""MAP adaptation: a mixture moved toward new data as far as the data speak for it.

Reynolds, Quatieri and Dunn, "Speaker verification using adapted Gaussian mixture models", Digital
Signal Processing 10 (2000), equations 7 to 14. Only sufficient statistics are needed, so adapting
to more data later is adding two of them.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, check_parameters
from gmmkit.core.covariance import Covariance
from gmmkit.core.em import e_step
from gmmkit.core.families import Family, Moments
from gmmkit.core.mixture import Mixture
from gmmkit.core.statistics import SufficientStatistics, unpack_symmetric
from gmmkit.core.units import Units
from gmmkit.errors import InputError, ParameterError

RELEVANCE = 16.0
PARAMETERS = ("means", "variances", "weights")


def mean_statistics(rows: npt.ArrayLike, prior: Mixture) -> SufficientStatistics:
    """Return what some rows say of a prior's means: counts, and sums about each of its means.

    Parameters
    ----------
    rows : array_like of shape (N, D)
    prior : Mixture

    Returns
    -------
    SufficientStatistics
        Without second moments, in the data's own units, about the prior's means (K, D).

    Examples
    --------
    >>> prior = Mixture([1.0], [[1.0]], [[[1.0]]])
    >>> mean_statistics([[3.0], [4.0]], prior).first
    array([[5.]])
    """
    units = Units.plain(prior.n_features)
    working = e_step(rows, prior)
    scale = working.units.scale
    about_means = working.recentered(working.units.apply(prior.means))
    return replace(
        about_means,
        first=about_means.first * scale,
        second=None,
        moments=None,
        units=units,
        origin=prior.means,
    )


def mean_offsets(statistics: SufficientStatistics, *, relevance: float = RELEVANCE) -> Float64Array:
    """Return how far adaptation moves each mean from the statistics' origin, (K, D).

    With n_k the counts, F_k the sums about the prior's means and r the relevance factor the
    adapted mean is mu_k + F_k / (n_k + r): equations 11 and 14 in one.

    Examples
    --------
    >>> prior = Mixture([1.0], [[1.0]], [[[1.0]]])
    >>> mean_offsets(mean_statistics([[3.0], [4.0]], prior), relevance=3.0)
    array([[1.]])
    """
    return statistics.first / (statistics.weight + check_relevance(relevance, "means"))[:, None]


def map_adapt(
    prior: Mixture,
    statistics: SufficientStatistics,
    *,
    parameters: tuple[str, ...] = ("means",),
    relevance: float | Mapping[str, float] = RELEVANCE,
) -> Mixture:
    """Return a mixture adapted to the rows that some statistics were gathered from.

    Parameters
    ----------
    prior : Mixture
        A universal background model, in the data's units, without noise.
    statistics : SufficientStatistics
        Of the new rows under `prior`, from :func:`gmmkit.core.em.e_step` or, for means and
        weights alone, from :func:`mean_statistics`.
    parameters : tuple of str
        Which of ``"means"``, ``"variances"`` and ``"weights"`` to adapt. What components share
        (a volume, a shape, axes, or all) adapts for all of them together.
    relevance : float or mapping of str to float
        How many rows the prior counts for in each component; one for all, or one a parameter.

    Returns
    -------
    Mixture
        Components that saw nothing stay as they were.

    Raises
    ------
    ParameterError
        If a name or a relevance factor is out of range.
    InputError
        If the statistics do not belong to the prior, or lack second moments that are needed.

    Examples
    --------
    >>> import numpy as np
    >>> prior = Mixture([0.5, 0.5], [[0.0], [10.0]], Covariance("diag", [[1.0], [1.0]]))
    >>> map_adapt(prior, e_step(np.full((16, 1), 2.0), prior)).means.round(3).tolist()
    [[1.0], [10.0]]
    """
    _check_request(prior, statistics, parameters)
    factor = _relevance_of(relevance)
    working = statistics.units.standardize(prior)
    about = statistics.recentered(working.means)
    offsets = about.first / (about.weight + factor["means"])[:, None]
    means = working.means + offsets if "means" in parameters else working.means
    weights, covariance = working.weights, working.covariance
    if "weights" in parameters:
        weights = _adapted_weights(working.weights, about.weight, factor["weights"])
    if "variances" in parameters:
        moved = means - working.means
        covariance = _adapted_covariance(covariance, about, moved, factor["variances"])
    return statistics.units.restore(Mixture(weights, means, covariance))


def _adapted_weights(prior: Float64Array, counts: Float64Array, relevance: float) -> Float64Array:
    """Equation 12: alpha n / T + (1 - alpha) w, made to sum to one."""
    alpha = counts / (counts + relevance)
    weights = alpha * counts / max(counts.sum(), np.finfo(float).tiny) + (1 - alpha) * prior
    return np.asarray(weights / weights.sum())


def _adapted_covariance(
    prior: Covariance, about: SufficientStatistics, moved: Float64Array, relevance: float
) -> Covariance:
    """Equation 13 with every moment taken about the prior's mean, where it cannot cancel.

    With Q the sums of squares about the old means and d the way that the means moved, the scatter
    of the rows and of r prior rows about the new means is Q + r S - F dᵀ - d Fᵀ + (n + r) d dᵀ for
    any d; the family's estimate from it and n + r is equation 13 for d of equation 11 and the same
    r, and pools what components share.
    """
    family, k, d = prior.family, *about.first.shape
    total = about.weight + relevance
    sums, first = _second_moments(about, family), about.first
    dense = prior.dense(k, d)
    diagonal = family.moments is Moments.DIAGONAL
    squares = np.diagonal(dense, axis1=1, axis2=2) if diagonal else dense
    cross = _products(first, moved, family) + _products(moved, first, family)
    stacked = total.reshape(-1, *[1] * (squares.ndim - 1))
    moves = stacked * _products(moved, moved, family)
    scatter = sums + _pooled(relevance * squares, family) - _pooled(cross, family)
    scatter = scatter + _pooled(moves, family)
    return Covariance(family, family.estimate(scatter, total, prior.values))


def _products(left: Float64Array, right: Float64Array, family: Family) -> Float64Array:
    if family.moments is Moments.DIAGONAL:
        return left * right
    return left[:, :, None] * right[:, None, :]


def _pooled(squares: Float64Array, family: Family) -> Float64Array:
    """Return squares of components in the layout of the family's moments."""
    pooled: Float64Array = squares.sum(axis=0) if family.moments is Moments.POOLED else squares
    return pooled


def _second_moments(about: SufficientStatistics, family: Family) -> Float64Array:
    second = about.second
    if second is None or about.moments is not family.moments:
        raise InputError(
            "these statistics cannot adapt variances",
            found="no second moments" if second is None else f"{about.moments} second moments",
            needed="statistics from e_step under the prior",
        )
    if family.moments is Moments.DIAGONAL:
        return second
    return unpack_symmetric(second, about.first.shape[1])


def _check_request(
    prior: Mixture, statistics: SufficientStatistics, parameters: tuple[str, ...]
) -> None:
    unknown = sorted(set(parameters) - set(PARAMETERS))
    if unknown or isinstance(parameters, str):
        raise ParameterError(
            "parameters to adapt were not understood",
            found=repr(parameters),
            needed="a tuple of " + ", ".join(map(repr, PARAMETERS)),
        )
    if prior.noise is not None or statistics.first.shape != prior.means.shape:
        raise InputError(
            "these statistics do not belong to the prior",
            found=f"statistics of shape {statistics.first.shape}",
            needed=f"{prior.means.shape}, and a prior without noise",
        )


def _relevance_of(relevance: float | Mapping[str, float]) -> dict[str, float]:
    if not isinstance(relevance, Mapping):
        return dict.fromkeys(PARAMETERS, check_relevance(relevance, "all parameters"))
    unknown = sorted(set(relevance) - set(PARAMETERS))
    if unknown:
        raise ParameterError(
            "a relevance factor has no parameter", found=repr(unknown[0]), needed=str(PARAMETERS)
        )
    given = {name: check_relevance(value, name) for name, value in relevance.items()}
    return dict.fromkeys(PARAMETERS, RELEVANCE) | given


def check_relevance(relevance: float, name: str) -> float:
    """Return a relevance factor as a positive number of rows.

    Raises
    ------
    ParameterError
        If it is anything else.

    Examples
    --------
    >>> check_relevance(16, "means")
    16.0
    """
    number = float(check_parameters(relevance, f"the relevance factor of {name}"))
    if number <= 0:
        raise ParameterError(
            f"the relevance factor of {name} is out of range",
            found=repr(relevance),
            needed="a positive number of rows, such as 16",
        )
    return number
