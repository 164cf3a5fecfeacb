"""Closed forms between every component of one mixture and every component of another, (K, L)."""

from collections.abc import Callable

import numpy as np

from gmmkit.core.algebra.geometry import covariance_roots
from gmmkit.core.checks import Float64Array
from gmmkit.core.mixture import Mixture


def pair_divergences(first: Mixture, second: Mixture) -> Float64Array:
    """Return the Kullback-Leibler divergences KL(first_k || second_l), in nats, (K, L).

    Examples
    --------
    >>> wide = Mixture([1.0], [[1.0]], [[[4.0]]])
    >>> pair_divergences(Mixture([1.0], [[0.0]], [[[1.0]]]), wide).round(4).tolist()
    [[0.4431]]
    """
    roots, whiteners = covariance_roots(first), np.linalg.inv(covariance_roots(second))
    log_roots = np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1)
    log_whiteners = np.log(np.diagonal(whiteners, axis1=1, axis2=2)).sum(axis=1)

    def divergences(k: int) -> Float64Array:
        ratio = ((whiteners @ roots[k]) ** 2).sum(axis=(1, 2))
        shift = np.einsum("lij,lj->li", whiteners, first.means[k] - second.means)
        squares: Float64Array = ratio + (shift**2).sum(axis=1) - first.n_features
        divergence: Float64Array = 0.5 * squares - log_roots[k] - log_whiteners
        return divergence

    # What is exactly zero comes out as a rounding error of either sign.
    return np.maximum(_each(divergences, first), 0.0)


def pair_log_products(first: Mixture, second: Mixture) -> Float64Array:
    """Return log ∫ N_k(x) N_l(x) dx = log N(μ_k; μ_l, Σ_k + Σ_l), (K, L).

    Examples
    --------
    >>> unit = Mixture([1.0], [[0.0]], [[[1.0]]])
    >>> pair_log_products(unit, unit).round(4).tolist()
    [[-1.2655]]
    """
    covariances, others = first.covariances, second.covariances
    constant = 0.5 * first.n_features * np.log(2 * np.pi)

    def products(k: int) -> Float64Array:
        deviations = first.means[k] - second.means
        squares, log_determinants = _about(covariances[k] + others, deviations)
        logs: Float64Array = -0.5 * (squares + log_determinants) - constant
        return logs

    return _each(products, first)


def pair_log_affinities(first: Mixture, second: Mixture) -> Float64Array:
    """Return the logs of the Bhattacharyya coefficients, log ∫ sqrt(N_k(x) N_l(x)) dx, (K, L).

    Bhattacharyya, "On a measure of divergence between two statistical populations", Bulletin of
    the Calcutta Mathematical Society 35 (1943).

    Examples
    --------
    >>> unit = Mixture([1.0], [[0.0]], [[[1.0]]])
    >>> pair_log_affinities(unit, Mixture([1.0], [[2.0]], [[[1.0]]])).tolist()
    [[-0.5]]
    """
    covariances, others = first.covariances, second.covariances
    own, their = np.linalg.slogdet(covariances)[1], np.linalg.slogdet(others)[1]

    def affinities(k: int) -> Float64Array:
        deviations = first.means[k] - second.means
        squares, log_determinants = _about(0.5 * (covariances[k] + others), deviations)
        logs: Float64Array = -squares / 8 - 0.5 * log_determinants + 0.25 * (own[k] + their)
        return logs

    return np.minimum(_each(affinities, first), 0.0)


def pair_squared_distances(first: Mixture, second: Mixture) -> Float64Array:
    """Return squared 2-Wasserstein distances between components, in squared units, (K, L).

    |μ_k - μ_l|² plus the squared Bures distance of the covariances (Dowson and Landau, "The
    Fréchet distance between multivariate normal distributions", Journal of Multivariate Analysis
    12 (1982)), taken as the least |A - B U|² over rotations U of the roots: a sum of squares, which
    keeps its digits where the covariances are nearly equal.

    Examples
    --------
    >>> unit = Mixture([1.0], [[0.0]], [[[1.0]]])
    >>> pair_squared_distances(unit, Mixture([1.0], [[3.0]], [[[25.0]]])).round(9).tolist()
    [[25.0]]
    """
    roots, others = covariance_roots(first), covariance_roots(second)

    def distances(k: int) -> Float64Array:
        left, _, right = np.linalg.svd(others.transpose(0, 2, 1) @ roots[k])
        bures = ((roots[k] - others @ (left @ right)) ** 2).sum(axis=(1, 2))
        total: Float64Array = bures + ((first.means[k] - second.means) ** 2).sum(axis=1)
        return total

    return _each(distances, first)


def _each(row: Callable[[int], Float64Array], first: Mixture) -> Float64Array:
    """One row of pairs at a time, so that K x L matrices never stand beside each other."""
    return np.stack([row(k) for k in range(first.n_components)])


def _about(
    covariances: Float64Array, deviations: Float64Array
) -> tuple[Float64Array, Float64Array]:
    """Squared Mahalanobis lengths and log determinants, (L,) each."""
    roots = np.linalg.cholesky(covariances)
    standard = np.linalg.solve(roots, deviations[:, :, None])[:, :, 0]
    log_determinants = 2 * np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1)
    squares: Float64Array = (standard**2).sum(axis=1)
    return squares, log_determinants
