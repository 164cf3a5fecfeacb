"""One pass over a block of rows, by whichever implementation suits the route and the size."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from gmmkit.core.checks import Float64Array, FloatArray
from gmmkit.core.engine.natural import (
    NEGLIGIBLE_FLOAT32,
    NEGLIGIBLE_FLOAT64,
    Natural,
    centered_parameters,
    moved_in,
    natural_parameters,
    read_only,
)
from gmmkit.core.engine.routes import Route
from gmmkit.core.execution import Pass
from gmmkit.core.families import Moments
from gmmkit.core.mixture import Mixture
from gmmkit.core.sources.blocks import Block, Source
from gmmkit.core.statistics import SufficientStatistics, pack_symmetric
from gmmkit.core.units import Units

# Fewer multiply-adds than this in a pass, and float32 saves nothing that anyone would notice.
_SINGLE_PRECISION_WORK = 4_000_000
# Fewer than this in all passes together, and loading compiled code (a third of a second in a fresh
# process, several on a new machine) costs more than it saves. About each mean it saves most.
_COMPILED_WORK = 1_000_000_000
_COMPILED_CENTERED_WORK = 100_000_000
# How many passes a run of EM is taken to need where nothing tells otherwise.
USUAL_PASSES = 50
# From this many components on, matrix products beat the fused loop.
_BLAS_COMPONENTS = 64


def first_route(mixture: Mixture, source: Source) -> Route:
    """Return where a fit starts: in float32 only if its rows are, and enough to gain from it.

    Who gives float64 rows gets float64 arithmetic, and answers that neither units nor offsets
    change by more than its rounding.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.sources.arrays import ArraySource
    >>> first_route(Mixture([1.0], [[0.0]], np.ones((1, 1, 1))), ArraySource(np.zeros((9, 1)))).name
    'FLOAT64'
    """
    work = source.n_rows * natural_parameters(mixture).work
    single = source.dtype == np.float32 and work > _SINGLE_PRECISION_WORK
    return Route.FLOAT32 if single else Route.FLOAT64


def make_pass(
    mixture: Mixture,
    units: Units,
    route: Route,
    n_rows: int,
    n_passes: int = USUAL_PASSES,
    *,
    hard: bool = False,
) -> Pass:
    """Return the function from a block of raw rows to its statistics under a working mixture.

    Parameters
    ----------
    mixture : Mixture
        In the working coordinates of `units`.
    units : Units
    route : Route
    n_rows, n_passes : int
        Rows in the whole source, and how many passes over them are expected: little work is done
        without compiled code.
    hard : bool
        Whether a row belongs to its likeliest component alone.

    Examples
    --------
    >>> import numpy as np
    >>> mixture = Mixture([1.0], [[0.0]], np.ones((1, 1, 1)))
    >>> go = make_pass(mixture, Units.plain(1), Route.FLOAT64, 2)
    >>> go(Block(np.array([[1.0], [3.0]]), None)).first.tolist()
    [[4.0]]
    """
    natural = natural_parameters(mixture)
    work = n_rows * natural.work * n_passes
    if route is Route.CENTERED:
        if work > _COMPILED_CENTERED_WORK and not hard:
            return _CompiledCenteredPass(mixture, units)
        return _CenteredPass(mixture, units, hard)
    compiled = work > _COMPILED_WORK and not hard
    dtype = np.float32 if route is Route.FLOAT32 else np.float64
    natural = replace(natural, theta=natural.theta.astype(dtype))
    if compiled and natural.n_classes < _BLAS_COMPONENTS:
        return _FusedPass(mixture, units, natural)
    return _ProductPass(mixture, units, natural, _sharing(compiled, hard))


@dataclass(frozen=True, eq=False)
class _NaturalPass:
    """What passes in natural parameters have in common: how rows are moved, and named sums.

    What every block shares is made once, so that small blocks do not wait for it.
    """

    mixture: Mixture
    units: Units
    natural: Natural

    @cached_property
    def moves(self) -> dict[np.dtype[Any], tuple[FloatArray, FloatArray]]:
        """Origin and inverse scale in the precision that suits rows of either type."""
        kinds = np.dtype(np.float32), np.dtype(np.float64)
        return {kind: moved_in(self.units, kind, self.natural.theta.dtype) for kind in kinds}

    @cached_property
    def origin(self) -> Float64Array:
        """Where the sums' coordinates are zero."""
        return np.zeros(self.mixture.n_features)

    def named(
        self, log_likelihood: float, sums: Float64Array, weight: float
    ) -> SufficientStatistics:
        """Give raw sums (R, 1 + P) their names; `weight` is the block's, to change units by."""
        log_likelihood -= weight * self.units.log_volume
        return _named(self.mixture, self.units, self.origin, log_likelihood, sums)


def _named(
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
class _FusedPass(_NaturalPass):
    """The compiled loop over tiles, for small numbers of components."""

    def __call__(self, block: Block) -> SufficientStatistics:
        from gmmkit.core.engine.kernels import fused_pass

        natural, sums = self.natural, np.zeros(self.natural.theta.shape)
        origin, inverse_scale = self.moves[block.rows.dtype]
        log_likelihood = fused_pass(
            read_only(block.rows),
            None if block.weights is None else read_only(block.weights),
            read_only(origin),
            read_only(inverse_scale),
            read_only(natural.theta),
            read_only(natural.spans),
            natural.n_gaussians,
            natural.n_classes,
            self.mixture.covariance.family.moments is not Moments.DIAGONAL,
            sums,
        )
        return self.named(log_likelihood, sums, block.weight)


@dataclass(frozen=True, eq=False)
class _ProductPass(_NaturalPass):
    """Two matrix products on each piece of a block, for many components, or few rows.

    Features and scores are held feature-major, like the compiled tiles: every sum over components
    then runs along memory.
    """

    share: Callable[[FloatArray, Float64Array | None], float]

    def __call__(self, block: Block) -> SufficientStatistics:
        natural, sums = self.natural, np.zeros(self.natural.theta.shape)
        moved = self.moves[block.rows.dtype]
        log_likelihood, step = 0.0, natural.piece_rows
        for start in range(0, len(block.rows), step):
            stop = start + step
            weights = None if block.weights is None else block.weights[start:stop]
            phi = natural.features(block.rows[start:stop], *moved)
            log_likelihood += self._add(phi, weights, sums)
        return self.named(log_likelihood, sums, block.weight)

    def _add(self, phi: FloatArray, weights: Float64Array | None, sums: Float64Array) -> float:
        """Add the moments of some rows' features to the sums; return their log likelihood."""
        natural, scores = self.natural, self.natural.scores(phi)
        classes, gaussians = natural.n_classes, natural.n_gaussians
        width = natural.width
        log_likelihood = self.share(scores, weights)
        sums[:classes, :width] += scores @ phi[:width].T
        for shared in sums[classes:, width:]:
            shared += phi[width:] @ scores[:gaussians].sum(axis=0)
        return log_likelihood


def _sharing(compiled: bool, hard: bool) -> Callable[[FloatArray, Float64Array | None], float]:
    """Return what turns log joint densities (K, n) into shares of each row."""
    if hard:
        return _choose
    return _compiled_softmax if compiled else _softmax_in_numpy


def _compiled_softmax(scores: FloatArray, weights: Float64Array | None) -> float:
    from gmmkit.core.engine.kernels import softmax

    return float(softmax(scores, None if weights is None else read_only(weights)))


def _choose(scores: FloatArray, weights: Float64Array | None) -> float:
    """Turn log joint densities (K, n) into weights at the largest; return sum w log joint."""
    best = scores.argmax(axis=0)
    log_joint = np.take_along_axis(scores, best[None], axis=0)[0].astype(np.float64)
    counted = np.ones(len(best)) if weights is None else weights
    scores[:] = np.equal.outer(np.arange(len(scores)), best) * counted
    return float(counted @ log_joint)


def _softmax_in_numpy(scores: FloatArray, weights: Float64Array | None) -> float:
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


@dataclass(frozen=True, eq=False)
class _CompiledCenteredPass:
    """Deviations from every mean, in the compiled loop over tiles."""

    mixture: Mixture
    units: Units

    @cached_property
    def parameters(self) -> tuple[Float64Array, Float64Array]:
        """Constants and factors, made once for all blocks."""
        return centered_parameters(self.mixture)

    def __call__(self, block: Block) -> SufficientStatistics:
        from gmmkit.core.engine.kernels import centered_pass

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
        found = _named(self.mixture, self.units, self.mixture.means, log_likelihood, sums)
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
class _CenteredPass:
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
