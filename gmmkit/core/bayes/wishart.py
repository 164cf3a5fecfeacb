"""The normal-Wishart distribution of a component's mean and precision, as prior and posterior.

Bishop, Pattern Recognition and Machine Learning (2006), sections 2.3.6 and 10.2 and appendix B.
"""

from dataclasses import dataclass, replace

import numpy as np

from gmmkit.core.bayes.frozen import freeze
from gmmkit.core.checks import Float64Array
from gmmkit.core.covariance import Covariance
from gmmkit.core.units import Units


@dataclass(frozen=True, eq=False)
class NormalWishart:
    """What is believed of every component's mean and precision before any row is seen.

    The mean is N(mean, (mean_precision Lambda)^-1), the precision Lambda is Wishart with
    `degrees_of_freedom` and the inverse of `scale` as its scale matrix.

    Parameters
    ----------
    mean : ndarray of shape (D,)
    mean_precision : float
        How many rows at `mean` the prior counts for.
    degrees_of_freedom : float
        Above D - 1.
    scale : ndarray of shape (D, D) or (D,)
        A sum of squares, in squared units of the data: a matrix, or its diagonal where a family of
        covariances reads no more.

    Examples
    --------
    >>> NormalWishart(np.zeros(2), 1.0, 2.0, np.array([1.0, 4.0])).log_determinant
    1.386...
    """

    mean: Float64Array
    mean_precision: float
    degrees_of_freedom: float
    scale: Float64Array

    def __post_init__(self) -> None:
        freeze(self, "mean", "scale")

    @property
    def log_determinant(self) -> float:
        """The logarithm of the determinant of `scale`."""
        if self.scale.ndim == 1:
            return float(np.log(self.scale).sum())
        return float(np.linalg.slogdet(self.scale)[1])

    def standardized(self, units: Units) -> "NormalWishart":
        """Return the same belief in working coordinates."""
        one_axis = self.scale.ndim == 1
        squares = units.scale**2 if one_axis else np.multiply.outer(units.scale, units.scale)
        return replace(self, mean=units.apply(self.mean), scale=self.scale / squares)


def _half_degrees(degrees_of_freedom: Float64Array, n_features: int) -> Float64Array:
    """Return (nu - i) / 2 for i = 0..D-1, (K, D): what multivariate gamma functions sum over."""
    halves: Float64Array = 0.5 * (degrees_of_freedom[:, None] - np.arange(n_features))
    return halves


def log_determinant_gap(degrees_of_freedom: Float64Array, n_features: int) -> Float64Array:
    """Return E[log det Lambda] - log det E[Lambda], (K,), at most zero by Jensen's inequality.

    Bishop's equation 10.65 less the logarithm of the determinant of nu W.

    Parameters
    ----------
    degrees_of_freedom : ndarray of shape (K,)
    n_features : int

    Examples
    --------
    >>> log_determinant_gap(np.array([1e9]), 3).round(6) + 0
    array([0.])
    """
    from scipy.special import digamma

    halves = digamma(_half_degrees(degrees_of_freedom, n_features))
    gap: Float64Array = (halves - np.log(0.5 * degrees_of_freedom)[:, None]).sum(axis=1)
    return gap


def divergences(
    prior: NormalWishart,
    means: Float64Array,
    mean_precision: Float64Array,
    degrees_of_freedom: Float64Array,
    covariance: Covariance,
) -> Float64Array:
    """Return each component's Kullback-Leibler divergence from the prior, in nats, (K,).

    Parameters
    ----------
    prior : NormalWishart
    means : ndarray of shape (K, D)
    mean_precision, degrees_of_freedom : ndarray of shape (K,)
    covariance : Covariance
        The inverses of the expected precisions.

    Examples
    --------
    >>> prior = NormalWishart(np.zeros(1), 1.0, 2.0, np.ones(1))
    >>> same = Covariance("diag", [[0.5]])
    >>> divergences(prior, np.zeros((1, 1)), np.ones(1), np.array([2.0]), same).round(12) + 0
    array([0.])
    """
    factors = covariance.family.factors(covariance.values, means.shape[1])
    ratio = prior.mean_precision / mean_precision
    distance = _squared_length(factors, means - prior.mean)
    of_means = means.shape[1] * (ratio - 1.0 - np.log(ratio)) + prior.mean_precision * distance
    total: Float64Array = 0.5 * of_means + _wishart_divergences(prior, degrees_of_freedom, factors)
    return total


def _wishart_divergences(
    prior: NormalWishart, degrees_of_freedom: Float64Array, factors: Float64Array
) -> Float64Array:
    """Return the divergences of Wishart distributions with expected precisions P Pᵀ, (K,)."""
    from scipy.special import digamma, gammaln

    d = len(prior.mean)
    halves, few = _half_degrees(degrees_of_freedom, d), np.array([prior.degrees_of_freedom])
    # Of the posterior's own sums of squares: nu times the inverse of the expected precision.
    log_determinants = d * np.log(degrees_of_freedom) - _log_determinant(factors)
    gained = digamma(halves).sum(axis=1) * 0.5 * (degrees_of_freedom - prior.degrees_of_freedom)
    norms = gammaln(_half_degrees(few, d)).sum() - gammaln(halves).sum(axis=1)
    determinants = 0.5 * few * (log_determinants - prior.log_determinant)
    spread = 0.5 * (_trace(prior.scale, factors) - d * degrees_of_freedom)
    total: Float64Array = gained + norms + determinants + spread
    return total


def _squared_length(factors: Float64Array, offsets: Float64Array) -> Float64Array:
    """Return each offset's squared length under its precision, (K,)."""
    scaled = offsets * factors if factors.ndim == 2 else (offsets[:, None] @ factors)[:, 0]
    lengths: Float64Array = (scaled**2).sum(axis=1)
    return lengths


def _log_determinant(factors: Float64Array) -> Float64Array:
    """Return the log determinants of precisions P Pᵀ, (K,), or (1,) where all share one."""
    diagonals = factors if factors.ndim == 2 else np.diagonal(factors, axis1=1, axis2=2)
    logs: Float64Array = 2.0 * np.log(diagonals).sum(axis=1)
    return logs


def _trace(scale: Float64Array, factors: Float64Array) -> Float64Array:
    """Return the trace of a sum of squares times each precision, (K,) or (1,)."""
    if factors.ndim == 2:
        traces: Float64Array = factors**2 @ scale
        return traces
    of_matrices: Float64Array = np.einsum("kia,kia->k", factors, scale @ factors)
    return of_matrices
