"""How a mixture's own density is distributed over what it generates: P(p(X) <= level)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import Protocol

import numpy as np
import numpy.typing as npt

from gmmkit.core.algebra.chi_square import chi_square_quantile, log_chi_square_tail
from gmmkit.core.algebra.geometry import check_gaussians, without_empty
from gmmkit.core.algebra.rays import Rays, cast_rays
from gmmkit.core.checks import Float64Array, check_count, random_generator
from gmmkit.core.mixture import Mixture

N_RAYS = 2048
_BULK_LEVELS = 192
_RARE_LEVELS = 40
_TAIL_LEVELS = 80
_LEAST_STEP = 1e-6
_RARE, _LEAST_PROBABILITY = 0.01, 1e-6
# Half the square of a thousand deviations: from there on a level is as probable as it is high.
_DEEPEST = 5e5


class DensityDistribution(Protocol):
    """The distribution of log p(X) for X from a mixture, down to any level.

    Examples
    --------
    >>> unit = density_distribution(Mixture([1.0], [[0.0]], [[[1.0]]]))
    >>> round(float(np.exp(unit.log_probability(unit.quantile(0.05)))), 6)
    0.05
    """

    def log_probability(self, log_density: npt.ArrayLike) -> Float64Array:
        """Return log P(log p(X) <= log density), elementwise."""
        ...

    def relative_error(self, log_density: npt.ArrayLike) -> Float64Array:
        """Return the relative standard error of that probability, elementwise."""
        ...

    def quantile(self, probability: float) -> float:
        """Return the log density that log p(X) stays below with that probability."""
        ...


@dataclass(frozen=True)
class GaussianDensities:
    """The distribution for one Gaussian, exact: its density falls as chi-square distances grow.

    Parameters
    ----------
    peak : float
        The log density at the mean.
    n_features : int
        D.
    """

    peak: float
    n_features: int

    def log_probability(self, log_density: npt.ArrayLike) -> Float64Array:
        """Return log P(log p(X) <= log density), elementwise."""
        squares = 2.0 * np.maximum(self.peak - np.asarray(log_density), 0.0)
        return log_chi_square_tail(squares, self.n_features)

    def relative_error(self, log_density: npt.ArrayLike) -> Float64Array:
        """Return zeros."""
        return np.zeros(np.shape(log_density))

    def quantile(self, probability: float) -> float:
        """Return the log density that log p(X) stays below with that probability."""
        return self.peak - 0.5 * chi_square_quantile(1.0 - probability, self.n_features)


@dataclass(frozen=True, eq=False)
class SampledDensities:
    """The distribution for several Gaussians, from rays: smooth between levels.

    Parameters
    ----------
    levels : ndarray of shape (T,)
        Log densities, increasing; the last is above all.
    log_probabilities : ndarray of shape (T,)
        Of a log density at most so high; increasing to zero.
    relative_errors : ndarray of shape (T,)
        Standard errors of the probabilities, divided by them.
    """

    levels: Float64Array
    log_probabilities: Float64Array
    relative_errors: Float64Array

    def log_probability(self, log_density: npt.ArrayLike) -> Float64Array:
        """Return log P(log p(X) <= log density), elementwise."""
        asked = np.asarray(log_density, dtype=np.float64)
        inside = np.clip(asked, self.levels[0], self.levels[-1])
        # Below the last level a density is as probable as it is high, but for its logarithm.
        probability: Float64Array = self._curve(inside) + np.minimum(asked - self.levels[0], 0.0)
        return np.minimum(probability, 0.0)

    def relative_error(self, log_density: npt.ArrayLike) -> Float64Array:
        """Return the relative standard error of that probability, elementwise."""
        asked = np.asarray(log_density, dtype=np.float64)
        return np.interp(asked, self.levels, self.relative_errors)

    def quantile(self, probability: float) -> float:
        """Return the log density that log p(X) stays below with that probability."""
        from scipy.optimize import brentq

        wanted = np.log(probability)
        low = min(float(wanted - self.log_probabilities[0]), 0.0) + float(self.levels[0])
        ends = low - 1.0, float(self.levels[-1])
        return float(brentq(lambda t: float(self.log_probability(t)) - wanted, *ends, xtol=1e-10))

    @cached_property
    def _curve(self) -> Callable[[Float64Array], Float64Array]:
        from scipy.interpolate import PchipInterpolator

        curve: Callable[[Float64Array], Float64Array]
        curve = PchipInterpolator(self.levels, self.log_probabilities)
        return curve


def density_distribution(
    mixture: Mixture, *, n_rays: int = N_RAYS, seed: int | None = 0
) -> DensityDistribution:
    """Return how the density of what a mixture generates is distributed.

    For one Gaussian it is known. Otherwise rays are drawn from the component centers, and along
    each of them the probability of every level is exact but for an interpolation between nodes:
    so it is in one dimension, and far tails keep a relative error as small as that of the bulk
    (a percent or so by default; :meth:`DensityDistribution.relative_error` says).

    Parameters
    ----------
    mixture : Mixture
    n_rays : int
        About how many rays; time and the inverse square of the error grow with it.
    seed : int, optional
        The same seed gives the same numbers.

    Raises
    ------
    ParameterError
        If the mixture has noise.

    Examples
    --------
    >>> mixture = Mixture([0.5, 0.5], [[-9.0], [9.0]], [[[1.0]], [[1.0]]])
    >>> distribution = density_distribution(mixture)
    >>> far = mixture.log_density([[9.0 + 1.96], [9.0 + 40.0]])
    >>> distribution.log_probability(far).round(2).tolist()
    [-3.0, -804.61]
    """
    count, random = check_count(n_rays, "n_rays", least=2), random_generator(seed)
    mixture = without_empty(check_gaussians(mixture))
    peaks = mixture.log_normalizers
    if mixture.n_components == 1:
        return GaussianDensities(float(peaks[0]), mixture.n_features)
    rays = cast_rays(mixture, count, _depth(mixture.n_features), random)
    levels = _levels(rays)
    log_probabilities, relative = rays.log_probabilities(levels)
    # No density is above the sum of all peaks.
    return SampledDensities(
        np.append(levels, np.logaddexp.reduce(peaks) + 1e-9),
        np.append(np.maximum.accumulate(np.minimum(log_probabilities, 0.0)), 0.0),
        np.append(relative, 0.0),
    )


def _depth(n_features: int) -> float:
    """How far below the lowest peak the lowest level may be, in nats."""
    return _DEEPEST + 0.5 * (sqrt(n_features) + 8.0) ** 2


def _levels(rays: Rays) -> Float64Array:
    """Quantiles of the densities at the nodes, evenly then by factors, then levels far below."""
    values = rays.log_densities.ravel()
    shares = np.multiply.outer(rays.ray_weights, rays.node_weights).ravel()
    order = np.argsort(values)
    cumulative = np.cumsum(shares[order])
    rare = np.geomspace(_LEAST_PROBABILITY, _RARE, _RARE_LEVELS, endpoint=False)
    wanted = np.append(rare, np.linspace(_RARE, 1.0 - 1e-3, _BULK_LEVELS))
    places = np.searchsorted(cumulative, wanted * cumulative[-1])
    bulk = values[order[np.minimum(places, len(order) - 1)]]
    tail = bulk[0] - np.geomspace(0.25, _DEEPEST, _TAIL_LEVELS)
    # Levels that differ by rounding alone would be slopes of nothing: a ray's levels come often.
    levels = np.unique(np.concatenate([tail, bulk]))
    distinct: Float64Array = levels[np.append(True, np.diff(levels) > _LEAST_STEP)]
    return distinct
