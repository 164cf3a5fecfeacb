"""Maximum a posteriori: a conjugate prior is rows that were seen before the data.

Fraley and Raftery, "Bayesian regularization for normal mixture estimation and model-based
clustering", Journal of Classification 24 (2007): a normal distribution of each mean and an inverse
Wishart (or gamma) distribution of each covariance, as mclust's ``priorControl``.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, check_nonnegative, check_parameters
from gmmkit.core.families import Family, Moments
from gmmkit.core.mixture import Mixture
from gmmkit.core.statistics import SufficientStatistics
from gmmkit.core.units import Units
from gmmkit.errors import ParameterError

# mclust's shrinkage: how many rows at the data's mean the prior of means counts for.
MEAN_WEIGHT = 0.01


@dataclass(frozen=True, eq=False)
class ConjugatePrior:
    """What is believed of every component's mean and covariance before any row is seen.

    Parameters
    ----------
    mean : array_like of shape (D,)
        Where means are expected, in the data's units.
    mean_weight : float
        How many rows at `mean` that belief counts for; zero for none.
    degrees_of_freedom : float
        Of the inverse Wishart distribution of covariances, above D - 1.
    scale : array_like of shape (D,) or (D, D)
        Its sum of squares, in squared units of the data: a matrix, or a diagonal for families
        whose axes are the columns.

    Raises
    ------
    ParameterError
        If shapes disagree or a number is out of range.

    Examples
    --------
    >>> ConjugatePrior([0.0, 0.0], 0.01, 4.0, [1.0, 1.0]).scale
    array([1., 1.])
    """

    mean: Float64Array
    mean_weight: float
    degrees_of_freedom: float
    scale: Float64Array

    def __init__(
        self,
        mean: npt.ArrayLike,
        mean_weight: float,
        degrees_of_freedom: float,
        scale: npt.ArrayLike,
    ) -> None:
        object.__setattr__(self, "mean", check_parameters(mean, "the prior's mean"))
        object.__setattr__(self, "mean_weight", check_nonnegative(mean_weight, "mean_weight"))
        degrees = check_nonnegative(degrees_of_freedom, "degrees_of_freedom")
        object.__setattr__(self, "degrees_of_freedom", degrees)
        object.__setattr__(self, "scale", check_parameters(scale, "the prior's scale"))
        _check_prior(self)

    def standardized(self, units: Units) -> "ConjugatePrior":
        """Return the same belief in working coordinates."""
        return ConjugatePrior(
            units.apply(self.mean),
            self.mean_weight,
            self.degrees_of_freedom,
            self.scale / _squared(units.scale, self.scale.ndim),
        )

    def check_suits(self, family: Family, n_features: int) -> None:
        """Refuse a family or a width that the prior is not for.

        Raises
        ------
        ParameterError
            If the prior has another number of columns, or a diagonal where a matrix is needed or
            the other way round.
        """
        needed = (n_features,) if family.axis_aligned else (n_features, n_features)
        if self.scale.shape != needed:
            raise ParameterError(
                f"the prior does not suit {family.name} covariances",
                found=f"a scale of shape {self.scale.shape}",
                needed=f"shape {needed}",
                hint="default_prior makes one that does",
            )


class PenalizedSums(NamedTuple):
    """What an M-step estimates from, with the prior's rows among the data's.

    Attributes
    ----------
    scatter : ndarray
        In the layout of the family's moments, about `means`.
    weight : ndarray of shape (..., K)
        What covariances are divided by. The weights of components stay those of the data.
    means : ndarray of shape (..., K, D)
    """

    scatter: Float64Array
    weight: Float64Array
    means: Float64Array


def default_prior(
    summary: SufficientStatistics, family: Family, n_components: int
) -> ConjugatePrior:
    """Return the prior that Fraley and Raftery take from the data themselves.

    Parameters
    ----------
    summary : SufficientStatistics
        Of all rows as one component.
    family : Family
    n_components : int
        K, the number of components that share the data's volume.

    Returns
    -------
    ConjugatePrior
        At the data's mean with the weight of a hundredth of a row, D + 2 degrees of freedom, and
        as scale the data's covariance (or the mean variance of its columns, where the axes are the
        columns) divided by K^(2/D). In the data's units.

    Examples
    --------
    >>> from gmmkit.core.em import e_step
    >>> from gmmkit.core.families import family
    >>> whole = e_step([[0.0], [2.0]], Mixture([1.0], [[0.0]], [[[1.0]]]))
    >>> default_prior(whole, family("full"), 2).scale
    array([[0.5]])
    """
    units, d = summary.units, summary.first.shape[1]
    scatter = summary.scatter()
    scatter = scatter if summary.moments is Moments.POOLED else scatter[0]
    # Frequencies may sum to little more than one, or to less.
    rows_less_one = max(summary.total - 1.0, 0.5 * summary.total)
    covariance = scatter * _squared(units.scale, scatter.ndim) / rows_less_one
    if family.axis_aligned:
        variances = covariance if covariance.ndim == 1 else np.diagonal(covariance)
        covariance = np.full(d, variances.mean())
    return ConjugatePrior(
        summary.means[0] * units.scale + units.origin,
        MEAN_WEIGHT,
        d + 2.0,
        covariance / n_components ** (2.0 / d),
    )


def penalized(
    statistics: SufficientStatistics, family: Family, prior: ConjugatePrior
) -> PenalizedSums:
    """Return what the M-step estimates from when a prior's rows join the data's.

    Parameters
    ----------
    statistics : SufficientStatistics
        Of all rows, every component with some weight; leading axes for many mixtures stay.
    family : Family
    prior : ConjugatePrior
        In the working coordinates of the statistics.

    Returns
    -------
    PenalizedSums
        ``family.estimate(scatter, weight)`` is then the mode of the posterior.

    Examples
    --------
    >>> from gmmkit.core.em import e_step
    >>> from gmmkit.core.families import family
    >>> found = e_step([[3.0]], Mixture([1.0], [[0.0]], [[[1.0]]]), units=Units.plain(1))
    >>> prior = ConjugatePrior([0.0], 2.0, 3.0, [[1.0]])
    >>> penalized(found, family("full"), prior).means
    array([[1.]])
    """
    k, d = statistics.first.shape[-2:]
    share, weight = family.prior_shares(k, d, prior.degrees_of_freedom)
    counts, rows = statistics.weight, prior.mean_weight
    pulled = (counts * rows / (counts + rows))[..., None]
    apart = statistics.offsets + (statistics.origin - prior.mean)
    added = share * prior.scale + _products(apart, pulled, prior.scale.ndim)
    if family.moments is Moments.POOLED:
        added = added.sum(axis=-3)
    toward = rows / (counts + rows)
    means = statistics.means - toward[..., None] * apart
    return PenalizedSums(statistics.scatter() + added, counts + weight, means)


def log_prior(mixture: Mixture, prior: ConjugatePrior) -> float:
    """Return the logarithm of the prior density of a mixture, up to a constant, in nats.

    Log likelihood plus this is what EM with the prior never lowers. The constant depends on K and
    the units, and on nothing else of the mixture.

    Parameters
    ----------
    mixture : Mixture
    prior : ConjugatePrior
        In the same units.

    Examples
    --------
    >>> prior = ConjugatePrior([0.0], 1.0, 3.0, [[1.0]])
    >>> log_prior(Mixture([1.0], [[2.0]], [[[1.0]]]), prior)
    -2.5
    """
    k, d = mixture.means.shape
    family, factors = mixture.covariance.family, mixture.factors
    share, weight = family.prior_shares(k, d, prior.degrees_of_freedom)
    apart = mixture.means - prior.mean
    if family.axis_aligned:
        scaled = apart * factors
        traces = (factors**2 * prior.scale).sum(axis=-1)
    else:
        scaled = (apart[:, None] @ factors)[:, 0]
        traces = np.einsum("kia,ij,kja->k", factors, prior.scale, factors)
    shared = np.broadcast_to(share * traces - 2.0 * weight * family.log_roots(factors), k)
    return float(-0.5 * (shared.sum() + prior.mean_weight * (scaled**2).sum()))


def _products(offsets: Float64Array, weight: Float64Array, ndim: int) -> Float64Array:
    """Return weighted squares of offsets (..., K, D), or their products (..., K, D, D)."""
    if ndim == 1:
        return weight * offsets**2
    return (weight * offsets)[..., :, None] * offsets[..., None, :]


def _squared(scale: Float64Array, ndim: int) -> Float64Array:
    """Return what variances (D,), or covariances (D, D), are multiplied by with the columns."""
    squares: Float64Array = scale**2 if ndim == 1 else np.multiply.outer(scale, scale)
    return squares


def _check_prior(prior: ConjugatePrior) -> None:
    d = prior.mean.size
    if prior.mean.ndim != 1 or not d or prior.scale.shape not in ((d,), (d, d)):
        raise ParameterError(
            "the prior's mean and scale do not match",
            found=f"shapes {prior.mean.shape} and {prior.scale.shape}",
            needed="(D,), and (D,) or (D, D)",
        )
    if prior.degrees_of_freedom <= d - 1:
        raise ParameterError(
            "the prior has too few degrees of freedom",
            found=f"{prior.degrees_of_freedom:g}",
            needed=f"more than {d - 1} for {d} columns",
            hint=f"the default is {d + 2}",
        )
    dense = np.diag(prior.scale) if prior.scale.ndim == 1 else prior.scale
    size = np.abs(dense).max()
    lopsided = np.abs(dense - dense.T).max() > 1e-8 * size
    if lopsided or np.linalg.eigvalsh(dense).min() < -1e-10 * size:
        raise ParameterError(
            "the prior's scale is no sum of squares",
            found=f"a smallest eigenvalue of {np.linalg.eigvalsh(dense).min():.3g}",
            needed="a symmetric matrix without negative eigenvalues, or variances",
        )
