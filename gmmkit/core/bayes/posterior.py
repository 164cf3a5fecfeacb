"""The posterior of a mixture's parameters as a value, and what it says of rows.

The expectation under it is an ordinary pass. log rho_nk (Bishop 2006, equations 10.46 and 10.64 to
10.66) is the log density of a Gaussian with precision E[Lambda_k] at m_k, plus a logarithm of a
weight that is a little smaller than the expected one: uncertainty costs weight.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from math import log, pi

import numpy as np
import numpy.typing as npt

from gmmkit.core.bayes.concentrations import Concentration
from gmmkit.core.bayes.frozen import freeze
from gmmkit.core.bayes.wishart import log_determinant_gap
from gmmkit.core.checks import Float64Array
from gmmkit.core.covariance import Covariance
from gmmkit.core.mixture import Mixture
from gmmkit.core.units import Units


@dataclass(frozen=True, eq=False)
class BayesPosterior:
    """A factorized posterior q(weights) times the product over k of q(mean_k, precision_k).

    Attributes
    ----------
    concentration : Dirichlet or Sticks
        Of the weights.
    means : ndarray of shape (K, D)
    mean_precision : ndarray of shape (K,)
        The mean is N(means_k, (mean_precision_k Lambda_k)^-1) given the precision Lambda_k.
    degrees_of_freedom : ndarray of shape (K,)
        Of the Wishart distribution of Lambda_k.
    covariance : Covariance
        The inverses of the expected precisions, in the family's shape.

    Examples
    --------
    >>> from gmmkit.core.bayes import fit_bayes
    >>> posterior = fit_bayes(np.arange(20.0)[:, None], 1).posterior
    >>> posterior.mixture.means
    array([[9.5]])
    """

    concentration: Concentration
    means: Float64Array
    mean_precision: Float64Array
    degrees_of_freedom: Float64Array
    covariance: Covariance

    def __post_init__(self) -> None:
        freeze(self, "means", "mean_precision", "degrees_of_freedom")

    @cached_property
    def mixture(self) -> Mixture:
        """The mixture of expected weights, means and precisions."""
        return Mixture(self.concentration.weights, self.means, self.covariance)

    @cached_property
    def surrogate(self) -> Mixture:
        """The mixture whose responsibilities are the posterior ones."""
        weights = np.exp(self._log_effective_weights - self._log_effective_weights.max())
        return Mixture(weights / weights.sum(), self.means, self.covariance)

    @cached_property
    def log_mass(self) -> float:
        """The logarithm of the sum of effective weights, at most zero."""
        top = self._log_effective_weights.max()
        return float(top + np.log(np.exp(self._log_effective_weights - top).sum()))

    @cached_property
    def _log_effective_weights(self) -> Float64Array:
        """E[log pi_k] + (E[log det Lambda_k] - log det E[Lambda_k] - D / kappa_k) / 2."""
        d = self.means.shape[1]
        certainty = log_determinant_gap(self.degrees_of_freedom, d) - d / self.mean_precision
        logs: Float64Array = self.concentration.log_weights + 0.5 * certainty
        return logs

    def responsibilities(self, rows: npt.ArrayLike) -> Float64Array:
        """Return the posterior probability of every component for every row, (N, K).

        Bishop's equation 10.67.

        Parameters
        ----------
        rows : array_like of shape (N, D)

        Examples
        --------
        >>> from gmmkit.core.bayes import fit_bayes
        >>> posterior = fit_bayes(np.arange(20.0)[:, None], 1).posterior
        >>> posterior.responsibilities([[3.0]])
        array([[1.]])
        """
        return self.surrogate.responsibilities(rows)

    def expected_log_density(self, rows: npt.ArrayLike) -> Float64Array:
        """Return log sum over k of rho_nk for every row, (N,): what enters the lower bound.

        It is below :meth:`predictive_log_density` and no logarithm of a density: it integrates to
        less than one. scikit-learn's ``score_samples`` returns it.

        Parameters
        ----------
        rows : array_like of shape (N, D)

        Examples
        --------
        >>> from gmmkit.core.bayes import fit_bayes
        >>> posterior = fit_bayes(np.arange(20.0)[:, None], 1).posterior
        >>> posterior.expected_log_density([[9.5]]).round(3)
        array([-2.768])
        """
        return self.surrogate.log_density(rows) + self.log_mass

    def predictive_log_density(self, rows: npt.ArrayLike) -> Float64Array:
        """Return the log density of new rows with the parameters integrated out, in nats, (N,).

        A mixture of Student's t densities with nu_k + 1 - D degrees of freedom, of precision
        (nu_k + 1 - D) kappa_k / (1 + kappa_k) W_k: Bishop's equations 10.81 and 10.82.

        Parameters
        ----------
        rows : array_like of shape (N, D)

        Examples
        --------
        >>> from gmmkit.core.bayes import fit_bayes
        >>> posterior = fit_bayes(np.arange(20.0)[:, None], 1).posterior
        >>> posterior.predictive_log_density([[9.5]]).round(3)
        array([-2.707])
        """
        with np.errstate(divide="ignore"):
            joint = self._log_student(rows) + np.log(self.concentration.weights)
        top = joint.max(axis=1, keepdims=True)
        density: Float64Array = top[:, 0] + np.log(np.exp(joint - top).sum(axis=1))
        return density

    def _log_student(self, rows: npt.ArrayLike) -> Float64Array:
        """Return the log density of every row under every component's Student's t, (N, K)."""
        from scipy.special import gammaln

        k, d = self.means.shape
        freedom = self.degrees_of_freedom + 1 - d
        # Of the t's precision, beside the expected one.
        shrinkage = freedom * self.mean_precision
        shrinkage = shrinkage / ((1 + self.mean_precision) * self.degrees_of_freedom)
        even = Mixture(np.full(k, 1 / k), self.means, self.covariance)
        distances = 2.0 * (even.log_normalizers - even.log_joint(rows)) * shrinkage
        gaussian = even.log_normalizers + log(k) + 0.5 * d * log(2 * pi)
        norm = gammaln(0.5 * (freedom + d)) - gammaln(0.5 * freedom)
        norm = norm - 0.5 * d * np.log(freedom * pi / shrinkage) + gaussian
        tails: Float64Array = norm - 0.5 * (freedom + d) * np.log1p(distances / freedom)
        return tails

    def restored(self, units: Units) -> "BayesPosterior":
        """Return a posterior of working coordinates as one of the data."""
        moved = units.restore(self.mixture)
        return replace(self, means=moved.means, covariance=moved.covariance)

    def standardized(self, units: Units) -> "BayesPosterior":
        """Return a posterior of the data as one of working coordinates."""
        moved = units.standardize(self.mixture)
        return replace(self, means=moved.means, covariance=moved.covariance)
