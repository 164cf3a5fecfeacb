"""Passes in natural parameters: a block's scores and its sums are products with its features."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, FloatArray
from gmmkit.core.engine.frame import Frame, aligned
from gmmkit.core.engine.natural import (
    NEGLIGIBLE_FLOAT32,
    NEGLIGIBLE_FLOAT64,
    Natural,
    read_only,
)
from gmmkit.core.families import Moments
from gmmkit.core.mixture import Mixture
from gmmkit.core.sources.blocks import Block
from gmmkit.core.statistics import SufficientStatistics
from gmmkit.core.units import Units


@dataclass(frozen=True, eq=False)
class NaturalPass:
    """What passes in natural parameters have in common: how rows are moved, and named sums.

    What every block shares is made once, so that small blocks do not wait for it.
    """

    mixture: Mixture
    frame: Frame
    natural: Natural

    @cached_property
    def origin(self) -> Float64Array:
        """Where the sums' coordinates are zero."""
        return np.zeros(self.mixture.n_features)

    def named(
        self, log_likelihood: float, sums: Float64Array, weight: float
    ) -> SufficientStatistics:
        """Give raw sums (R, 1 + P) their names; `weight` is the block's, to change units by."""
        units, turn = self.frame.units, self.frame.turn
        sums = sums if turn is None else turn.undo(sums)
        log_likelihood -= weight * units.log_volume
        return name_sums(self.mixture, units, self.origin, log_likelihood, sums)


def name_sums(
    mixture: Mixture,
    units: Units,
    origin: Float64Array,
    log_likelihood: float,
    sums: Float64Array,
) -> SufficientStatistics:
    """Give raw sums (R, 1 + P) their names."""
    k, d = mixture.means.shape
    moments = mixture.covariance.family.moments
    pooled = moments is Moments.POOLED
    return SufficientStatistics(
        log_likelihood=log_likelihood,
        weight=sums[:k, 0],
        first=sums[:k, 1 : 1 + d],
        second=sums[-1, 1 + d :] if pooled else sums[:k, 1 + d :],
        moments=moments,
        units=units,
        origin=origin,
        noise_weight=0.0 if mixture.noise is None else float(sums[k, 0]),
    )


@dataclass(frozen=True, eq=False)
class FusedPass(NaturalPass):
    """The compiled loop over tiles, for small numbers of components."""

    def __call__(self, block: Block) -> SufficientStatistics:
        from gmmkit.core.engine.compiled.fused import fused_pass

        tiles, theta = block.tiles(self.frame), self.natural.theta
        sums = np.zeros(theta.shape)
        log_likelihood = fused_pass(
            read_only(tiles),
            len(block.rows),
            None if block.weights is None else read_only(block.weights),
            *self.parameters,
            aligned((theta.shape[1] + len(theta) + 1, tiles.shape[2]), tiles.dtype),
            np.zeros_like(theta),
            sums,
        )
        return self.named(log_likelihood, sums, block.weight)

    @cached_property
    def parameters(self) -> tuple[FloatArray, npt.NDArray[np.intp], int, int, bool]:
        """What the loop asks of the mixture."""
        natural = self.natural
        full = self.mixture.covariance.family.moments is not Moments.DIAGONAL
        theta, spans = read_only(natural.theta), read_only(natural.spans)
        return theta, spans, natural.n_gaussians, natural.n_classes, full


@dataclass(frozen=True, eq=False)
class ProductPass(NaturalPass):
    """Two matrix products on each piece of a block in NumPy alone, for few rows.

    Features and scores are held feature-major, like the compiled tiles: every sum over components
    then runs along memory.
    """

    hard: bool

    def __call__(self, block: Block) -> SufficientStatistics:
        natural, sums = self.natural, np.zeros(self.natural.theta.shape)
        rows, *moved = self.frame.moved(block.rows)
        log_likelihood, step = 0.0, natural.piece_rows
        for start in range(0, len(block.rows), step):
            stop = start + step
            weights = None if block.weights is None else block.weights[start:stop]
            phi = natural.features(rows[start:stop], *moved)
            log_likelihood += self._add(phi, weights, sums)
        return self.named(log_likelihood, sums, block.weight)

    def _add(self, phi: FloatArray, weights: Float64Array | None, sums: Float64Array) -> float:
        """Add the moments of some rows' features to the sums; return their log likelihood."""
        natural, scores = self.natural, self.natural.scores(phi)
        classes, gaussians = natural.n_classes, natural.n_gaussians
        width = natural.width
        log_likelihood = _choose(scores, weights) if self.hard else _share(scores, weights)
        sums[:classes, :width] += scores @ phi[:width].T
        for shared in sums[classes:, width:]:
            shared += phi[width:] @ scores[:gaussians].sum(axis=0)
        return log_likelihood


def _choose(scores: FloatArray, weights: Float64Array | None) -> float:
    """Turn log joint densities (K, n) into weights at the largest; return sum w log joint."""
    best = scores.argmax(axis=0)
    log_joint = np.take_along_axis(scores, best[None], axis=0)[0].astype(np.float64)
    counted = np.ones(len(best)) if weights is None else weights
    scores[:] = np.equal.outer(np.arange(len(scores)), best) * counted
    return float(counted @ log_joint)


def _share(scores: FloatArray, weights: Float64Array | None) -> float:
    """Turn log joint densities (K, n) into weighted responsibilities; return sum w log p."""
    top = scores.max(axis=0)
    scores -= top
    telling = scores > (NEGLIGIBLE_FLOAT32 if scores.dtype == np.float32 else NEGLIGIBLE_FLOAT64)
    np.exp(scores, out=scores)
    scores *= telling
    total = scores.sum(axis=0)
    scores /= total
    log_density = np.log(total)
    log_density += top
    if weights is None:
        return float(log_density.sum(dtype=np.float64))
    scores *= weights
    return float(weights @ log_density)
