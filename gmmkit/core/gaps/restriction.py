"""A mixture seen through what is known of a row, and the way back to all columns and components.

Over the observed columns o a Gaussian is N(mu_o, S_oo); the missing ones m given them are linear,
E[z_m | z_o] = mu_m + B (z_o - mu_o) with B = S_mo inverse(S_oo), and their covariance
C = S_mm - B S_om does not depend on the row. So the moments of observed cells tell those of all.
Ghahramani and Jordan, "Supervised learning from incomplete data via an EM approach", NIPS 6 (1994).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gmmkit.core.checks import Float64Array, FloatArray
from gmmkit.core.conditional import slopes_and_roots
from gmmkit.core.covariance import Covariance
from gmmkit.core.families import Moments
from gmmkit.core.gaps.known import Known
from gmmkit.core.mixture import Mixture
from gmmkit.errors import ParameterError

# The covariance over observed columns, slopes and roots.
_Split = tuple[Covariance | None, Float64Array | None, Float64Array]


@dataclass(frozen=True, eq=False)
class Restriction:
    """The components that are allowed, over the columns that were observed.

    Attributes
    ----------
    known : Known
    marginal : Mixture or None
        Of the J allowed components over the observed columns, weights summing to one; None where
        no column was observed.
    log_share : float
        The logarithm of the weight that the allowed components have in the whole mixture.
    weights, means : ndarray of shape (J,), (J, D)
        Of the allowed components, weights summing to one.
    slopes : ndarray of shape (J or 1, M, O), or None
        B of each component, None where columns are independent.
    roots : ndarray of shape (J or 1, M, M), or (J, M)
        Lower triangles L with C = L Lᵀ, or deviations where columns are independent.
    """

    known: Known
    marginal: Mixture | None
    log_share: float
    weights: Float64Array
    means: Float64Array
    slopes: Float64Array | None
    roots: Float64Array

    @property
    def conditional_covariances(self) -> Float64Array:
        """C of each component (J or 1, M, M), or its diagonal (J, M) where columns are so."""
        if self.slopes is None:
            return self.roots**2
        covariances: Float64Array = self.roots @ self.roots.swapaxes(1, 2)
        return covariances

    @property
    def conditional_variances(self) -> Float64Array:
        """The diagonal of C, (J or 1, M)."""
        squares = self.roots**2
        return squares if self.slopes is None else squares.sum(axis=2)

    def completed(self, deviations: Float64Array) -> Float64Array:
        """Return sums of deviations from the mean over all columns, (J, D), from observed (J, O).

        Linear, so that it serves sums over rows as well as single rows.
        """
        whole = np.zeros(self.means.shape)
        whole[:, self.known.observed] = deviations
        if self.slopes is not None:
            expected = self.slopes @ deviations[:, :, None]
            whole[:, self.known.missing] = expected[:, :, 0]
        return whole

    def conditional_means(self, rows: FloatArray) -> Float64Array:
        """Return E[z_m | z_o] under every component, (J, n, M), from whole rows (n, D)."""
        center = self.means[:, None, self.known.missing]
        if self.slopes is None:
            return np.broadcast_to(center, (len(center), len(rows), center.shape[2]))
        deviations = rows[:, self.known.observed] - self.means[:, None, self.known.observed]
        means: Float64Array = center + deviations @ self.slopes.swapaxes(1, 2)
        return means

    def posteriors(self, rows: FloatArray) -> tuple[Float64Array, Float64Array]:
        """Return responsibilities of the allowed components (n, J) and log densities (n,)."""
        if self.marginal is None:
            shares = np.broadcast_to(self.weights, (len(rows), len(self.weights)))
            return shares, np.full(len(rows), self.log_share)
        observed = np.take(rows, self.known.observed, axis=1)
        responsibilities, log_density = self.marginal.posteriors(observed)
        return responsibilities, log_density + self.log_share


@dataclass(frozen=True, eq=False)
class Restrictions:
    """What a mixture restricts to; nothing is kept, so that many patterns need no memory.

    Parameters
    ----------
    mixture : Mixture

    Examples
    --------
    >>> mixture = Mixture([1.0], [[0.0, 5.0]], [[[1.0, 0.5], [0.5, 1.0]]])
    >>> restriction = Restrictions(mixture).of(Known((True, False), (True,)))
    >>> restriction.conditional_means(np.array([[2.0, np.nan]])).tolist()
    [[[6.0]]]
    """

    mixture: Mixture

    def of(self, known: Known) -> Restriction:
        """Return what is left of the mixture for rows of which this is known.

        Raises
        ------
        ParameterError
            If cells are missing and there is noise, or all allowed components have weight zero.
        """
        mixture, noise = self.mixture, None if known.labeled else self.mixture.noise
        if noise is not None and not known.complete:
            raise ParameterError(
                "noise has no density over some of the columns",
                found="missing cells beside a noise component",
                needed="complete rows, or a mixture without noise",
                hint="leave out noise, or the rows with missing cells",
            )
        weights = mixture.weights[known.allowed]
        share = float(weights.sum()) + (0.0 if noise is None else noise.weight)
        if share <= 0:
            raise ParameterError(
                "labels allow components of weight zero alone",
                found=f"components {known.allowed.tolist()}",
                needed="a component of positive weight for every labeled row",
                hint="start from other means, or leave out those labels",
            )
        covariance, slopes, roots = self._split(known)
        means, marginal = mixture.means[known.allowed], None
        if covariance is not None:
            marginal = Mixture(weights / share, means[:, known.observed], covariance, noise)
        return Restriction(
            known, marginal, float(np.log(share)), weights / share, means, slopes, roots
        )

    def _split(self, known: Known) -> _Split:
        axis_aligned = self.mixture.covariance.family.axis_aligned
        return self._split_axes(known) if axis_aligned else self._split_dense(known)

    def _split_axes(self, known: Known) -> _Split:
        variances = self._dense[known.allowed]
        seen = variances[:, known.observed]
        covariance = Covariance("diag", seen) if seen.size else None
        return covariance, None, np.sqrt(variances[:, known.missing])

    def _split_dense(self, known: Known) -> _Split:
        pooled = self.mixture.covariance.family.moments is Moments.POOLED
        stack = self._dense if pooled else self._dense[known.allowed]
        order = np.concatenate([known.observed, known.missing])
        stack = stack[:, order[:, None], order]
        n = len(known.observed)
        slopes, roots = slopes_and_roots(stack, n)
        covariance = None
        if n:
            seen = stack[:, :n, :n]
            covariance = Covariance("tied", seen[0]) if pooled else Covariance("full", seen)
        return covariance, slopes, roots

    @cached_property
    def _dense(self) -> Float64Array:
        """Variances (K, D), or matrices (K, D, D), one where all components share it."""
        family = self.mixture.covariance.family
        if family.axis_aligned:
            return self.mixture.variances
        covariances = self.mixture.covariances
        return covariances[:1] if family.moments is Moments.POOLED else covariances
