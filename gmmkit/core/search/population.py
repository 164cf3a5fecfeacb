"""EM on many mixtures of the same rows at once: one matrix product scores them all.

Rows of few thousand numbers leave a processor waiting for Python. A population of S mixtures does S
iterations for hardly more than the price of one, and needs no compiled code.
"""

from dataclasses import dataclass
from functools import cached_property
from math import log, pi
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.core.engine.natural import LOG_ZERO, coefficients, multiply_features
from gmmkit.core.families import Family, Moments
from gmmkit.core.maximization import Parameters, Regularization, maximize
from gmmkit.core.noise import Noise
from gmmkit.core.starts.row_sets import RowSet
from gmmkit.core.statistics import SufficientStatistics
from gmmkit.core.units import Units

# Scores held at once: a chunk of mixtures whose scores stay in cache goes twice as fast.
_CHUNK_NUMBERS = 2**16


def joined(*populations: Parameters) -> Parameters:
    """Return the members of several populations as one.

    Examples
    --------
    >>> import numpy as np
    >>> one = Parameters(np.ones((1, 1)), np.zeros((1, 1, 2)), np.ones((1, 1)))
    >>> joined(one, one).means.shape
    (2, 1, 2)
    """
    return Parameters(*map(np.concatenate, zip(*populations, strict=True)))


def members(population: Parameters, chosen: npt.ArrayLike) -> Parameters:
    """Return some members of a population, by number.

    Examples
    --------
    >>> import numpy as np
    >>> two = Parameters(np.ones((2, 1)), np.arange(2.0).reshape(2, 1, 1), np.ones((2, 1)))
    >>> members(two, [1]).means.ravel()
    array([1.])
    """
    index = np.asarray(chosen, dtype=np.intp)
    return Parameters(*(part[index] for part in population))


class Standing(NamedTuple):
    """Where a population stands.

    Attributes
    ----------
    population : Parameters
    log_likelihoods : ndarray of shape (S,)
        Before the last iteration.
    gains : ndarray of shape (S,)
        Of the iteration before that; infinite if there was none.
    """

    population: Parameters
    log_likelihoods: Float64Array
    gains: Float64Array

    def reduced(self, chosen: npt.ArrayLike) -> "Standing":
        """Return some members and where they stand."""
        index = np.asarray(chosen, dtype=np.intp)
        population = members(self.population, index)
        return Standing(population, self.log_likelihoods[index], self.gains[index])

    def with_others(self, others: "Standing") -> "Standing":
        """Return both populations as one."""
        return Standing(
            joined(self.population, others.population),
            np.concatenate([self.log_likelihoods, others.log_likelihoods]),
            np.concatenate([self.gains, others.gains]),
        )


@dataclass(frozen=True, eq=False)
class PopulationEM:
    """EM of one family on one set of rows, for any number of mixtures at once.

    Parameters
    ----------
    rows : RowSet
        In working coordinates.
    family : Family
    regularization : Regularization
    noise : Noise, optional
        A constant density beside the components, in working coordinates. Its weight is what the
        components leave.

    Examples
    --------
    >>> from gmmkit.core.families import family
    >>> rows = RowSet(np.array([[-1.0], [1.0]]), np.ones(2))
    >>> em = PopulationEM.of(rows, family("diag"), Regularization(np.zeros((1, 1)), np.zeros(1)))
    >>> one = Parameters(np.ones((1, 1)), np.zeros((1, 1, 1)), np.full((1, 1, 1), 4.0))
    >>> em.step(one)[0].values
    array([[[1.]]])
    """

    phi: Float64Array
    counts: Float64Array
    n_features: int
    family: Family
    regularization: Regularization
    noise: Noise | None = None

    @cached_property
    def phi_by_row(self) -> Float64Array:
        """The features row by row, (n, 1 + P): what sums multiply by, twice as fast so."""
        return np.ascontiguousarray(self.phi.T)

    @classmethod
    def of(
        cls,
        rows: RowSet,
        family: Family,
        regularization: Regularization,
        noise: Noise | None = None,
    ) -> "PopulationEM":
        """Compute the features of the rows once."""
        n, d = rows.rows.shape
        n_second = d if family.moments is Moments.DIAGONAL else d * (d + 1) // 2
        phi = np.empty((1 + d + n_second, n))
        phi[0], phi[1 : 1 + d] = 1.0, rows.rows.T
        multiply_features(phi, d)
        return cls(phi, rows.weights, d, family, regularization, noise)

    def step(self, population: Parameters) -> tuple[Parameters, Float64Array]:
        """Return the population after one iteration, and the log likelihoods before it, (S,)."""
        size, k = population.weights.shape
        k += self.noise is not None
        chunk = max(1, _CHUNK_NUMBERS // (k * self.phi.shape[1]))
        starts = range(0, size, chunk)
        parts = [self._step(Parameters(*(p[i : i + chunk] for p in population))) for i in starts]
        if len(parts) == 1:
            return parts[0]
        return joined(*(part[0] for part in parts)), np.concatenate([part[1] for part in parts])

    def _step(self, population: Parameters) -> tuple[Parameters, Float64Array]:
        statistics, log_likelihoods = self._expect(population)
        following, _ = maximize(statistics, self.family, self.regularization, population)
        return following, log_likelihoods

    def _expect(self, population: Parameters) -> tuple[SufficientStatistics, Float64Array]:
        theta, (p, n) = self._theta(population), self.phi.shape
        scores = (theta.reshape(-1, p) @ self.phi).reshape(*theta.shape[:2], n)
        top = scores.max(axis=1, keepdims=True)
        scores -= top
        np.exp(scores, out=scores)
        density = scores.sum(axis=1, keepdims=True)
        scores *= self.counts / density
        log_likelihoods = (np.log(density) + top)[:, 0] @ self.counts
        k = population.weights.shape[1]
        return self.statistics(scores[:, :k], scores[:, k:].sum(axis=(1, 2))), log_likelihoods

    def _theta(self, population: Parameters) -> Float64Array:
        """Return natural parameters (S, K, 1 + P)."""
        weights, means, values = population
        factors = self.family.factors(values, self.n_features)
        linear, squares, quadratic = coefficients(means, factors, self.family)
        size, k = weights.shape
        theta = np.zeros((size, k + (self.noise is not None), len(self.phi)))
        with np.errstate(divide="ignore"):
            theta[:, :k, 0] = np.maximum(np.log(weights), LOG_ZERO)
        theta[:, :k, 0] += self.family.log_roots(factors) - 0.5 * squares
        theta[:, :k, 0] -= 0.5 * self.n_features * log(2 * pi)
        theta[:, :k, 1 : 1 + self.n_features] = linear
        theta[:, :k, 1 + self.n_features :] = quadratic
        if self.noise is not None:
            shares = np.maximum(1.0 - weights.sum(axis=1), np.finfo(float).tiny)
            theta[:, k, 0] = np.log(shares) + self.noise.log_density
        return theta

    def statistics(
        self, belongs: Float64Array, noise_weight: float | Float64Array = 0.0
    ) -> SufficientStatistics:
        """Return the sums of weighted responsibilities (S, K, n) times features."""
        shape, (p, n) = belongs.shape[:2], self.phi.shape
        sums = (belongs.reshape(-1, n) @ self.phi_by_row).reshape(*shape, p)
        second = sums[..., 1 + self.n_features :]
        return SufficientStatistics(
            log_likelihood=0.0,
            weight=sums[..., 0],
            first=sums[..., 1 : 1 + self.n_features],
            second=second.sum(axis=-2) if self.family.moments is Moments.POOLED else second,
            moments=self.family.moments,
            units=Units.plain(self.n_features),
            origin=np.zeros(self.n_features),
            noise_weight=noise_weight,
        )

    def run(self, population: Parameters, iterations: int) -> Standing:
        """Return where the population stands after some iterations, at least one."""
        before = np.full(len(population.weights), -np.inf)
        for iteration in range(iterations):
            population, log_likelihoods = self.step(population)
            gains = log_likelihoods - before
            if iteration < iterations - 1:
                before = log_likelihoods
        return Standing(population, log_likelihoods, gains)
