"""The Kullback-Leibler divergence KL(p || q) = ∫ p log(p / q) between mixtures, in nats.

It has no closed form beyond one component: sampled with a standard error, enclosed by bounds, or
approximated as Hershey and Olsen, "Approximating the Kullback Leibler divergence between Gaussian
mixture models", ICASSP 2007, compare.
"""

import numpy as np

from gmmkit.core.algebra.estimates import Bounds, Estimate
from gmmkit.core.algebra.geometry import (
    check_pair,
    covariance_roots,
    log_normal_constant,
    log_sum_exp,
)
from gmmkit.core.algebra.pairs import pair_divergences, pair_log_products
from gmmkit.core.checks import Float64Array, check_count
from gmmkit.core.mixture import Mixture

_MOST_ROUNDS = 200
_SETTLED = 1e-10


def kullback_leibler(
    first: Mixture, second: Mixture, *, n_samples: int = 20_000, seed: int | None = 0
) -> Estimate:
    """Return KL(first || second), exact for single Gaussians and sampled otherwise.

    Parameters
    ----------
    first, second : Mixture
        Over the same columns.
    n_samples : int
        How many rows to draw from the first, at least two.
    seed : int, optional
        The same seed gives the same number.

    Returns
    -------
    Estimate
        In nats, unbiased; the value may fall below zero by a few standard errors.

    Raises
    ------
    ParameterError
        If the columns differ, or a mixture has noise.

    Examples
    --------
    >>> first = Mixture([1.0], [[0.0]], [[[1.0]]])
    >>> kullback_leibler(first, Mixture([1.0], [[1.0]], [[[1.0]]]))
    Estimate(value=0.5, standard_error=0.0)
    """
    count = check_count(n_samples, "n_samples", least=2)
    first, second = check_pair(first, second)
    if first.n_components == second.n_components == 1:
        return Estimate.exact(pair_divergences(first, second)[0, 0])
    rows = first.sample(count, seed)
    return Estimate.of_mean(first.log_density(rows) - second.log_density(rows))


def kullback_leibler_variational(first: Mixture, second: Mixture) -> float:
    """Return the variational approximation of KL(first || second), Hershey and Olsen's eq. 20.

    With D the divergences between components it is
    sum_a π_a log(sum_a' π_a' exp(-D(a || a')) / sum_b ω_b exp(-D(a || b))): deterministic, smooth,
    zero for equal mixtures, and no bound.

    Parameters
    ----------
    first, second : Mixture
        Over the same columns.

    Returns
    -------
    float
        In nats.

    Raises
    ------
    ParameterError
        If the columns differ, or a mixture has noise.

    Examples
    --------
    >>> first = Mixture([1.0], [[0.0]], [[[1.0]]])
    >>> kullback_leibler_variational(first, Mixture([1.0], [[1.0]], [[[1.0]]]))
    0.5
    """
    first, second = check_pair(first, second)
    apart = _soft_minimum(first, second) - _soft_minimum(first, first)
    return float(first.weights @ apart)


def kullback_leibler_matched(first: Mixture, second: Mixture) -> float:
    """Return KL(first || second) as if each component had one partner in the other mixture.

    Goldberger, Gordon and Greenspan, "An efficient image similarity measure based on
    approximations of KL-divergence between two Gaussian mixtures", ICCV 2003: with m(a) the
    partner that minimizes D(a || b) - log ω_b, sum_a π_a (D(a || m(a)) + log(π_a / ω_m(a))).
    Good where components are few and well apart.

    Examples
    --------
    >>> first = Mixture([1.0], [[0.0]], [[[1.0]]])
    >>> kullback_leibler_matched(first, Mixture([1.0], [[1.0]], [[[1.0]]]))
    0.5
    """
    first, second = check_pair(first, second)
    costs = pair_divergences(first, second) - np.log(second.weights)
    return float(first.weights @ (costs.min(axis=1) + np.log(first.weights)))


def kullback_leibler_bounds(first: Mixture, second: Mixture) -> Bounds:
    """Return two numbers that enclose KL(first || second), without sampling.

    The lower one is that of Durrieu, Thiran and Kelly, "Lower and upper bounds for approximation
    of the Kullback-Leibler divergence between Gaussian mixture models", ICASSP 2012; the upper one
    is the smaller of theirs and the variational bound of Hershey and Olsen (section 8).

    Parameters
    ----------
    first, second : Mixture
        Over the same columns.

    Returns
    -------
    Bounds
        In nats; the lower end is never below zero.

    Raises
    ------
    ParameterError
        If the columns differ, or a mixture has noise.

    Examples
    --------
    >>> first = Mixture([0.5, 0.5], [[0.0], [5.0]], [[[1.0]], [[1.0]]])
    >>> second = Mixture([0.5, 0.5], [[1.0], [6.0]], [[[1.0]], [[1.0]]])
    >>> lower, upper = kullback_leibler_bounds(first, second)
    >>> lower <= kullback_leibler(first, second).value <= upper
    True
    """
    first, second = check_pair(first, second)
    # Of E_a[log p], under component a: entropy and variational bound below, Jensen above.
    negative_entropy = log_normal_constant(covariance_roots(first)) - 0.5 * first.n_features
    own = negative_entropy - _soft_minimum(first, first), _log_expected(first, first)
    other = negative_entropy - _soft_minimum(first, second), _log_expected(first, second)
    lower = float(first.weights @ (own[0] - other[1]))
    upper = float(first.weights @ (own[1] - other[0]))
    return Bounds(max(lower, 0.0), max(min(upper, _variational_upper(first, second)), 0.0))


def _soft_minimum(first: Mixture, second: Mixture) -> Float64Array:
    """-log sum_b ω_b exp(-D(a || b)) for each component a of the first."""
    return -log_sum_exp(np.log(second.weights) - pair_divergences(first, second))


def _log_expected(first: Mixture, second: Mixture) -> Float64Array:
    """Log E_a[q(x)] for each component a of the first."""
    return log_sum_exp(np.log(second.weights) + pair_log_products(first, second))


def _variational_upper(first: Mixture, second: Mixture) -> float:
    """The least sum_ab φ_ab (log(φ_ab / ψ_ab) + D_ab) found by turns, φ and ψ parts of π and ω."""
    divergences = pair_divergences(first, second)
    log_first, log_second = np.log(first.weights)[:, None], np.log(second.weights)
    log_parts = log_first + log_second
    bound = np.inf
    for _ in range(_MOST_ROUNDS):
        log_others = log_parts - log_sum_exp(log_parts, axis=0) + log_second
        scores = log_others - divergences
        log_parts = scores - log_sum_exp(scores, axis=1)[:, None] + log_first
        # At the optimal φ the sum is that of the logarithms of its normalizers.
        previous, bound = (
            bound,
            float(first.weights @ (log_first[:, 0] - log_sum_exp(scores, axis=1))),
        )
        if previous - bound < _SETTLED:
            break
    return bound
