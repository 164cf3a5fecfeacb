"""How much two densities share: Bhattacharyya's coefficient and Hellinger's distance.

Both follow from ∫ sqrt(p q), which is sampled from the average of the two mixtures, where every
draw lies between 0 and 1; it is exact for single Gaussians.
"""

from math import expm1, inf, log1p, sqrt

import numpy as np

from gmmkit.core.algebra.estimates import Bounds, Estimate
from gmmkit.core.algebra.geometry import check_gaussians, check_pair
from gmmkit.core.algebra.pairs import pair_log_affinities
from gmmkit.core.algebra.reduction import merged
from gmmkit.core.checks import Float64Array, check_count, random_generator
from gmmkit.core.mixture import Mixture

_MOST_ROUNDS = 200
_SETTLED = 1e-12


def bhattacharyya_coefficient(
    first: Mixture, second: Mixture, *, n_samples: int = 20_000, seed: int | None = 0
) -> Estimate:
    """Return ∫ sqrt(p q), 1 for equal densities and 0 for densities that never meet.

    Parameters
    ----------
    first, second : Mixture
        Over the same columns.
    n_samples : int
        How many rows to draw where there is no closed form, at least two.
    seed : int, optional
        The same seed gives the same number.

    Raises
    ------
    ParameterError
        If the columns differ, or a mixture has noise.

    Examples
    --------
    >>> first = Mixture([1.0], [[0.0]], [[[1.0]]])
    >>> far = Mixture([1.0], [[2.0]], [[[1.0]]])
    >>> round(bhattacharyya_coefficient(first, far).value, 4)
    0.6065
    """
    apart = _squared_hellinger(first, second, n_samples, seed)
    return Estimate(1.0 - apart.value, apart.standard_error)


def bhattacharyya_distance(
    first: Mixture, second: Mixture, *, n_samples: int = 20_000, seed: int | None = 0
) -> Estimate:
    """Return -log ∫ sqrt(p q), zero for equal densities.

    Parameters
    ----------
    first, second, n_samples, seed
        As in :func:`bhattacharyya_coefficient`.

    Examples
    --------
    >>> first = Mixture([1.0], [[0.0]], [[[1.0]]])
    >>> bhattacharyya_distance(first, Mixture([1.0], [[2.0]], [[[1.0]]])).value
    0.5
    """
    apart = _squared_hellinger(first, second, n_samples, seed)
    shared = 1.0 - apart.value
    if first.n_components == second.n_components == 1:
        # The logarithm itself, which stands where the coefficient vanishes.
        return Estimate.exact(-pair_log_affinities(first, second)[0, 0])
    if shared <= 0:
        return Estimate(inf, inf)
    return Estimate(-log1p(-apart.value), apart.standard_error / shared)


def hellinger_distance(
    first: Mixture, second: Mixture, *, n_samples: int = 20_000, seed: int | None = 0
) -> Estimate:
    """Return sqrt(1 - ∫ sqrt(p q)), a metric between 0 and 1.

    Parameters
    ----------
    first, second, n_samples, seed
        As in :func:`bhattacharyya_coefficient`.

    Examples
    --------
    >>> first = Mixture([1.0], [[0.0]], [[[1.0]]])
    >>> round(hellinger_distance(first, Mixture([1.0], [[2.0]], [[[1.0]]])).value, 4)
    0.6273
    """
    apart = _squared_hellinger(first, second, n_samples, seed)
    distance = sqrt(apart.value)
    return Estimate(distance, apart.standard_error / (2 * distance) if distance > 0 else 0.0)


def bhattacharyya_bounds(first: Mixture, second: Mixture) -> Bounds:
    """Return two numbers that enclose ∫ sqrt(p q), without sampling.

    With C the components' coefficients, the root of a sum is at most the sum of roots, so that
    sum_ab sqrt(π_a ω_b) C_ab is above; and sqrt(p q) is superadditive, so that
    sum_ab sqrt(φ_ab ψ_ab) C_ab is below for any parts φ of π and ψ of ω; the largest is found by
    turns.

    Examples
    --------
    >>> mixture = Mixture([0.5, 0.5], [[0.0], [9.0]], [[[1.0]], [[1.0]]])
    >>> [round(bound, 3) for bound in bhattacharyya_bounds(mixture, mixture)]
    [1.0, 1.0]
    """
    first, second = check_pair(first, second)
    affinities = np.exp(pair_log_affinities(first, second))
    upper = float(np.sqrt(first.weights) @ affinities @ np.sqrt(second.weights))
    lower = _best_parts(first.weights, second.weights, affinities)
    return Bounds(lower, min(upper, 1.0))


def _best_parts(first: Float64Array, second: Float64Array, affinities: Float64Array) -> float:
    """The largest sum_ab sqrt(φ_ab ψ_ab) C_ab found by turns, each turn in closed form."""
    parts = np.outer(first, second)
    squares, lower = affinities**2, 0.0
    for _ in range(_MOST_ROUNDS):
        shares = parts * squares
        others = second * _normalized(shares, axis=0)
        shares = others * squares
        parts = first[:, None] * _normalized(shares, axis=1)
        previous, lower = lower, float((np.sqrt(parts * others) * affinities).sum())
        if lower - previous < _SETTLED:
            break
    return min(lower, 1.0)


def _normalized(shares: Float64Array, axis: int) -> Float64Array:
    """Shares of their sum, zero where that is zero."""
    total = shares.sum(axis=axis, keepdims=True)
    normalized = np.zeros_like(shares)
    np.divide(shares, total, out=normalized, where=total > 0)
    return normalized


def _squared_hellinger(
    first: Mixture, second: Mixture, n_samples: int, seed: int | None
) -> Estimate:
    """1 - ∫ sqrt(p q), sampled as the mean of (sqrt p - sqrt q)² / (p + q), each in [0, 1]."""
    count = check_count(n_samples, "n_samples", least=2)
    first, second = check_pair(first, second)
    if first.n_components == second.n_components == 1:
        return Estimate.exact(-expm1(pair_log_affinities(first, second)[0, 0]))
    rows = merged(first, second).sample(count, seed)
    ratio = np.exp(-0.5 * np.abs(first.log_density(rows) - second.log_density(rows)))
    return Estimate.of_mean((1.0 - ratio) ** 2 / (1.0 + ratio**2))


def component_overlap(mixture: Mixture) -> Float64Array:
    """Return Bhattacharyya's coefficient of every two components, weights aside, (K, K).

    One on the diagonal; two components above 0.9 can hardly be told apart.

    Parameters
    ----------
    mixture : Mixture

    Raises
    ------
    ParameterError
        If the mixture has noise.

    Examples
    --------
    >>> mixture = Mixture([0.5, 0.5], [[0.0], [2.0]], [[[1.0]], [[1.0]]])
    >>> component_overlap(mixture).round(4).tolist()
    [[1.0, 0.6065], [0.6065, 1.0]]
    """
    check_gaussians(mixture)
    return np.exp(pair_log_affinities(mixture, mixture))


def misclassification(
    mixture: Mixture, *, n_samples: int = 10_000, seed: int | None = 0
) -> Float64Array:
    """Return how often a row of component k is most probably one of component l, (K, K).

    Rows sum to one; the diagonal is how often a row is labeled as what it is. Each entry p has the
    standard error sqrt(p (1 - p) / n_samples).

    Parameters
    ----------
    mixture : Mixture
    n_samples : int
        How many rows to draw from each component.
    seed : int, optional
        The same seed gives the same table.

    Raises
    ------
    ParameterError
        If the mixture has noise.

    Examples
    --------
    >>> mixture = Mixture([0.5, 0.5], [[-9.0], [9.0]], [[[1.0]], [[1.0]]])
    >>> misclassification(mixture).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    check_gaussians(mixture)
    random, count = random_generator(seed), check_count(n_samples, "n_samples")
    k, d = mixture.means.shape
    table = np.empty((k, k))
    for component, root in enumerate(np.linalg.cholesky(mixture.covariances)):
        rows = mixture.means[component] + random.standard_normal((count, d)) @ root.T
        table[component] = np.bincount(mixture.labels(rows), minlength=k) / count
    return table
