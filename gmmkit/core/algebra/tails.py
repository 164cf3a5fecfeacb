"""How improbable a row is: the probability of a density no higher than its own.

Unlike a log density it has no units and does not depend on the number of columns, so that rows
with different cells missing can be compared.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gmmkit.core.algebra.densities import N_RAYS, density_distribution
from gmmkit.core.algebra.geometry import check_gaussians
from gmmkit.core.algebra.marginals import marginal
from gmmkit.core.algebra.univariate import check_share
from gmmkit.core.checks import Float64Array, check_rows
from gmmkit.core.gaps.known import check_incomplete_rows, grouped
from gmmkit.core.mixture import Mixture


def tail_probability(
    mixture: Mixture, rows: npt.ArrayLike, *, n_rays: int = N_RAYS, seed: int | None = 0
) -> Float64Array:
    """Return P(p(X) <= p(x)) for every row x, with X from the mixture.

    How often a row of the mixture's own is at least as improbable as this one: a p-value, evenly
    distributed over rows that the mixture generates. For one Gaussian it is the chi-square tail
    of the squared Mahalanobis distance (Box, "Sampling and Bayes' inference in scientific modelling
    and robustness", JRSS A 143 (1980)).

    Parameters
    ----------
    mixture : Mixture
    rows : array_like of shape (N, D)
        NaN where a cell is missing: such a row is compared with what the mixture generates in its
        observed columns. A row in which nothing was observed has probability 1.
    n_rays : int
        As in :func:`density_distribution`, for each pattern of missing cells.
    seed : int, optional
        The same seed gives the same numbers.

    Returns
    -------
    ndarray of shape (N,)
        Exact for one Gaussian and, but for interpolation, in one dimension; else to a percent or
        so, relative, far tails included. It is zero only below 1e-323, where
        :func:`log_tail_probability` goes on.

    Raises
    ------
    ParameterError
        If the mixture has noise.
    InputError
        If the rows are unusable.

    Examples
    --------
    >>> unit = Mixture([1.0], [[0.0, 0.0]], [np.eye(2)])
    >>> tail_probability(unit, [[0.0, 0.0], [1.96, np.nan], [30.0, 0.0]]).round(3).tolist()
    [1.0, 0.05, 0.0]
    """
    return np.exp(log_tail_probability(mixture, rows, n_rays=n_rays, seed=seed))


def log_tail_probability(
    mixture: Mixture, rows: npt.ArrayLike, *, n_rays: int = N_RAYS, seed: int | None = 0
) -> Float64Array:
    """Return the natural logarithm of :func:`tail_probability`, however far out a row is.

    Parameters
    ----------
    mixture, rows, n_rays, seed
        As in :func:`tail_probability`.

    Examples
    --------
    >>> unit = Mixture([1.0], [[0.0, 0.0]], [np.eye(2)])
    >>> log_tail_probability(unit, [[1000.0, 0.0]]).tolist()
    [-500000.0]
    """
    array = check_incomplete_rows(rows, n_features=check_gaussians(mixture).n_features)
    tails = np.zeros(len(array))
    for group in grouped(array, None, mixture.n_components):
        columns = group.known.observed
        if len(columns):
            seen = mixture if group.known.complete else marginal(mixture, columns)
            distribution = density_distribution(seen, n_rays=n_rays, seed=seed)
            observed = array[group.indices[:, None], columns]
            tails[group.indices] = distribution.log_probability(seen.log_density(observed))
    return tails


@dataclass(frozen=True, eq=False)
class HighestDensityRegion:
    """The smallest region that holds a given share of a mixture.

    Attributes
    ----------
    mixture : Mixture
    share : float
        How much of the mixture lies inside.
    log_density : float
        The log density on its border; it is higher inside.
    standard_error : float
        Of the share, as far as the border was sampled; zero for one Gaussian.

    Examples
    --------
    >>> region = highest_density_region(Mixture([1.0], [[0.0]], [[[1.0]]]), 0.95)
    >>> region.contains([[1.9], [2.0]]).tolist()
    [True, False]
    """

    mixture: Mixture
    share: float
    log_density: float
    standard_error: float

    def contains(self, rows: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Return which rows lie inside, (N,).

        Parameters
        ----------
        rows : array_like of shape (N, D)

        Examples
        --------
        >>> region = highest_density_region(Mixture([1.0], [[0.0]], [[[1.0]]]), 0.5)
        >>> region.contains([[0.0], [1.0]]).tolist()
        [True, False]
        """
        array = check_rows(rows, n_features=self.mixture.n_features)
        return self.mixture.log_density(array) >= self.log_density


def highest_density_region(
    mixture: Mixture, share: float = 0.95, *, n_rays: int = N_RAYS, seed: int | None = 0
) -> HighestDensityRegion:
    """Return the region above one density that holds a given share of the mixture.

    Hyndman, "Computing and graphing highest density regions", The American Statistician 50
    (1996). It may be in several pieces, and no region that holds as much is smaller.

    Parameters
    ----------
    mixture : Mixture
    share : float
        In (0, 1).
    n_rays, seed
        As in :func:`density_distribution`.

    Raises
    ------
    ParameterError
        If the share is out of range, or the mixture has noise.

    Examples
    --------
    >>> region = highest_density_region(Mixture([1.0], [[0.0]], [[[1.0]]]), 0.95)
    >>> round(region.log_density, 3), region.standard_error
    (-2.84, 0.0)
    """
    outside = 1.0 - check_share(share, "share")
    distribution = density_distribution(mixture, n_rays=n_rays, seed=seed)
    level = distribution.quantile(outside)
    error = outside * float(distribution.relative_error(level))
    return HighestDensityRegion(mixture, float(share), level, error)
