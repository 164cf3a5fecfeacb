"""Passes about each mean, where the expanded form would cancel."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from gmmkit.core.checks import Float64Array
from gmmkit.core.engine.natural import centered_parameters, read_only
from gmmkit.core.engine.natural_pass import name_sums
from gmmkit.core.families import Moments
from gmmkit.core.mixture import Mixture
from gmmkit.core.sources.blocks import Block
from gmmkit.core.statistics import SufficientStatistics, pack_symmetric
from gmmkit.core.units import Units


@dataclass(frozen=True, eq=False)
class CompiledCenteredPass:
    """Deviations from every mean, in the compiled loop over tiles."""

    mixture: Mixture
    units: Units

    @cached_property
    def parameters(self) -> tuple[Float64Array, Float64Array]:
        """Constants and factors, made once for all blocks."""
        return centered_parameters(self.mixture)

    def __call__(self, block: Block) -> SufficientStatistics:
        from gmmkit.core.engine.compiled.fused import centered_pass

        family, (k, d) = self.mixture.covariance.family, self.mixture.means.shape
        constants, factors = self.parameters
        width = d if family.moments is Moments.DIAGONAL else d * (d + 1) // 2
        sums = np.zeros((len(constants), 1 + d + width))
        spans = np.zeros((len(constants), 2), dtype=np.intp)
        spans[:k, 1] = d + width
        log_likelihood = centered_pass(
            read_only(block.rows),
            None if block.weights is None else read_only(block.weights),
            read_only(self.units.origin),
            read_only(1.0 / self.units.scale),
            read_only(constants),
            read_only(self.mixture.means),
            read_only(factors),
            read_only(spans),
            family.moments is not Moments.DIAGONAL,
            sums,
        )
        log_likelihood -= block.weight * self.units.log_volume
        found = name_sums(self.mixture, self.units, self.mixture.means, log_likelihood, sums)
        pooled = family.moments is Moments.POOLED
        second = sums[:k, 1 + d :].sum(axis=0) if pooled else found.second
        return replace(found, second=second)


def _chosen(
    responsibilities: Float64Array, log_density: Float64Array
) -> tuple[Float64Array, Float64Array]:
    """Return whole responsibilities (N, K) of the likeliest, and the log joint densities (N,)."""
    noise = 1.0 - responsibilities.sum(axis=1)
    best, largest = responsibilities.argmax(axis=1), responsibilities.max(axis=1)
    belongs = np.equal.outer(best, np.arange(responsibilities.shape[1]))
    belongs &= (largest >= noise)[:, None]
    return belongs.astype(np.float64), log_density + np.log(np.maximum(largest, noise))


@dataclass(frozen=True, eq=False)
class CenteredPass:
    """Deviations from every mean, for few rows: nothing is left to cancel."""

    mixture: Mixture
    units: Units
    hard: bool = False

    def __call__(self, block: Block) -> SufficientStatistics:
        z = self.units.apply(block.rows)
        responsibilities, log_density = self.mixture.posteriors(z)
        if self.hard:
            responsibilities, log_density = _chosen(responsibilities, log_density)
        noise = 1.0 - responsibilities.sum(axis=1)
        weights = np.ones(len(z)) if block.weights is None else block.weights
        responsibilities *= weights[:, None]
        weight = float(weights.sum())
        return SufficientStatistics(
            log_likelihood=float(weights @ log_density) - weight * self.units.log_volume,
            weight=responsibilities.sum(axis=0),
            first=self._first(z, responsibilities),
            second=self._second(z, responsibilities),
            moments=self.mixture.covariance.family.moments,
            units=self.units,
            origin=self.mixture.means,
            noise_weight=float(weights @ noise) if self.mixture.noise is not None else 0.0,
        )

    def _first(self, z: Float64Array, responsibilities: Float64Array) -> Float64Array:
        pairs = zip(responsibilities.T, self.mixture.means, strict=True)
        return np.stack([r @ (z - mean) for r, mean in pairs])

    def _second(self, z: Float64Array, responsibilities: Float64Array) -> Float64Array:
        moments = self.mixture.covariance.family.moments
        pairs = zip(responsibilities.T, self.mixture.means, strict=True)
        if moments is Moments.DIAGONAL:
            return np.stack([r @ (z - mean) ** 2 for r, mean in pairs])
        sums = np.stack([(r[:, None] * (z - mean)).T @ (z - mean) for r, mean in pairs])
        return pack_symmetric(sums.sum(axis=0) if moments is Moments.POOLED else sums)
