"""One pass over a block, by three routes: float32, float64, or about each mean.

Every Gaussian is linear in its natural parameters: with phi(z) = (1, z, z zᵀ) the log joint
densities of a block are phi thetaᵀ and its statistics are Rᵀ phi. That form is fast but cancels for
components far from the origin in their own units; the bound below says when, and which route then.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from math import log

import numpy as np

from gmmkit.core.checks import Float64Array, FloatArray
from gmmkit.core.covariance import Moments
from gmmkit.core.execution import Block
from gmmkit.core.mixture import Mixture
from gmmkit.core.statistics import SufficientStatistics, pack_symmetric
from gmmkit.core.units import Units
from gmmkit.errors import ParameterError

# Measured on photographs: below the first bound float32 changes a log density by less than 1e-3
# nats; below the second float64 does so by less than 1e-6.
_FLOAT32_BOUND = 2e4
_FLOAT64_BOUND = 1e10

# Fewer multiply-adds than this in a pass and compiling costs more than it saves.
_COMPILED_WORK = 4_000_000
# From this many components on, BLAS on blocks beats the fused loop.
_BLAS_COMPONENTS = 64
_BLAS_ROWS = 1024

# Stands for the logarithm of a zero weight: finite, because compiled code assumes no infinities.
_LOG_ZERO = -1e30

Pass = Callable[[Block], SufficientStatistics]


class Route(IntEnum):
    """How a pass computes; a fit only ever moves to a larger one."""

    FLOAT32 = 1
    FLOAT64 = 2
    CENTERED = 3


def route_named(name: str) -> Route | None:
    """Return the route for ``"float32"``, ``"float64"`` or ``"centered"``; None for ``"auto"``.

    Raises
    ------
    ParameterError
        If there is no such route.

    Examples
    --------
    >>> route_named("float64").name
    'FLOAT64'
    """
    if name == "auto":
        return None
    try:
        return Route[name.upper()]
    except (KeyError, AttributeError) as problem:
        raise ParameterError(
            "there is no such precision",
            found=repr(name),
            needed="auto, float32, float64 or centered",
        ) from problem


def cancellation_bound(mixture: Mixture) -> float:
    """Return B = max over k of zᵀ |inverse covariance| z at z = |mean| + 1, in working units.

    It bounds, in units of the rounding error, what the expanded form loses.

    Examples
    --------
    >>> import numpy as np
    >>> cancellation_bound(Mixture([1.0], [[0.0, 0.0]], [np.eye(2)]))
    2.0
    """
    reach = np.abs(mixture.means) + 1.0
    if mixture.covariance.family.axis_aligned:
        return float(((reach * mixture.factors) ** 2).sum(axis=1).max())
    precisions = np.abs(mixture.factors @ mixture.factors.transpose(0, 2, 1))
    return float(np.einsum("kd,kd->k", reach, (precisions @ reach[..., None])[..., 0]).max())


def choose_route(mixture: Mixture, least: Route = Route.FLOAT32) -> Route:
    """Return the cheapest route, at or above `least`, that is exact enough for a working mixture.

    Examples
    --------
    >>> import numpy as np
    >>> choose_route(Mixture([1.0], [[1e6]], np.ones((1, 1, 1)))).name
    'CENTERED'
    """
    bound = cancellation_bound(mixture)
    if bound <= _FLOAT32_BOUND:
        return max(least, Route.FLOAT32)
    return max(least, Route.FLOAT64 if bound <= _FLOAT64_BOUND else Route.CENTERED)


def natural_parameters(mixture: Mixture) -> tuple[Float64Array, Float64Array]:
    """Return theta and the common quadratic, so that log(w_k N_k(z)) = theta_k phi(z) + common.

    Parameters
    ----------
    mixture : Mixture
        In working units.

    Returns
    -------
    theta : ndarray of shape (K, 1 + P), or (K + 1, 1 + P) with noise
        P is D for pooled moments, 2 D for diagonal, D + D (D + 1) / 2 for full.
    common : ndarray of shape (D (D + 1) / 2,) or (0,)
        What pooled families share.

    Examples
    --------
    >>> import numpy as np
    >>> natural_parameters(Mixture([1.0], [[2.0]], np.ones((1, 1, 1))))[0].round(3).tolist()
    [[-2.919, 2.0, -0.5]]
    """
    family = mixture.covariance.family
    linear, squares, quadratic = (
        _axis_aligned_parts(mixture) if family.axis_aligned else _dense_parts(mixture)
    )
    constant = np.maximum(mixture.log_normalizers, _LOG_ZERO) - 0.5 * squares
    pooled = family.moments is Moments.POOLED
    columns = [constant[:, None], linear] if pooled else [constant[:, None], linear, quadratic]
    theta = np.concatenate(columns, axis=1)
    if mixture.noise is not None:
        theta = np.concatenate([theta, np.zeros_like(theta[:1])])
        weight = mixture.noise.weight
        theta[-1, 0] = mixture.noise.log_density + (log(weight) if weight else _LOG_ZERO)
    return theta, quadratic[0] if pooled else np.empty(0)


def _axis_aligned_parts(mixture: Mixture) -> tuple[Float64Array, Float64Array, Float64Array]:
    precisions = mixture.factors**2
    linear = precisions * mixture.means
    return linear, (linear * mixture.means).sum(axis=1), -0.5 * precisions


def _dense_parts(mixture: Mixture) -> tuple[Float64Array, Float64Array, Float64Array]:
    precisions = mixture.factors @ mixture.factors.transpose(0, 2, 1)
    linear = (precisions @ mixture.means[..., None])[..., 0]
    quadratic = -pack_symmetric(precisions)
    row, column = np.triu_indices(mixture.n_features)
    quadratic[:, row == column] *= 0.5
    return linear, (linear * mixture.means).sum(axis=1), quadratic


def make_pass(mixture: Mixture, units: Units, route: Route, n_rows: int) -> Pass:
    """Return the function from a block of raw rows to its statistics under a working mixture.

    Parameters
    ----------
    mixture : Mixture
        In the working coordinates of `units`.
    units : Units
    route : Route
    n_rows : int
        Rows in the whole source; small work is done without compiled code.

    Examples
    --------
    >>> import numpy as np
    >>> mixture = Mixture([1.0], [[0.0]], np.ones((1, 1, 1)))
    >>> go = make_pass(mixture, Units.plain(1), Route.FLOAT64, 2)
    >>> go(Block(np.array([[1.0], [3.0]]), None)).first.tolist()
    [[4.0]]
    """
    if route is Route.CENTERED:
        return _CenteredPass(mixture, units)
    dtype = np.float32 if route is Route.FLOAT32 else np.float64
    theta, common = natural_parameters(mixture)
    compiled = n_rows * theta.size > _COMPILED_WORK
    if compiled and len(theta) < _BLAS_COMPONENTS:
        return _FusedPass(mixture, units, theta.astype(dtype), common.astype(dtype))
    return _ProductPass(mixture, units, theta.astype(dtype), common.astype(dtype), compiled)


def _statistics(
    mixture: Mixture,
    units: Units,
    log_likelihood: float,
    sums: Float64Array,
    pooled: Float64Array,
    weight: float,
) -> SufficientStatistics:
    """Give raw sums (K', 1 + P) their names; `weight` is the block's, for the change of units."""
    k, d = mixture.means.shape
    moments = mixture.covariance.family.moments
    return SufficientStatistics(
        log_likelihood=log_likelihood - weight * units.log_volume,
        weight=sums[:k, 0],
        first=sums[:k, 1 : 1 + d],
        second=pooled if moments is Moments.POOLED else sums[:k, 1 + d :],
        moments=moments,
        units=units,
        origin=np.zeros(d),
        noise_weight=float(sums[k:, 0].sum()),
    )


def _block_weight(block: Block) -> float:
    return float(len(block.rows) if block.weights is None else block.weights.sum())


@dataclass(frozen=True, eq=False)
class _FusedPass:
    """The compiled loop over tiles, for small numbers of components."""

    mixture: Mixture
    units: Units
    theta: FloatArray
    common: FloatArray

    def __call__(self, block: Block) -> SufficientStatistics:
        from gmmkit.core.kernels import fused_pass

        sums, pooled = np.zeros(self.theta.shape), np.zeros(self.common.shape)
        log_likelihood = fused_pass(
            block.rows,
            block.weights,
            self.units.origin,
            1.0 / self.units.scale,
            self.theta,
            self.common,
            self.mixture.n_components,
            self.mixture.covariance.family.moments is not Moments.DIAGONAL,
            sums,
            pooled,
        )
        weight = _block_weight(block)
        return _statistics(self.mixture, self.units, log_likelihood, sums, pooled, weight)


@dataclass(frozen=True, eq=False)
class _ProductPass:
    """Two matrix products on each block, for many components, or few rows."""

    mixture: Mixture
    units: Units
    theta: FloatArray
    common: FloatArray
    compiled: bool

    def __call__(self, block: Block) -> SufficientStatistics:
        sums, pooled = np.zeros(self.theta.shape), np.zeros(self.common.shape)
        log_likelihood = 0.0
        for start in range(0, len(block.rows), _BLAS_ROWS):
            stop = start + _BLAS_ROWS
            weights = None if block.weights is None else block.weights[start:stop]
            log_likelihood += self._add(block.rows[start:stop], weights, sums, pooled)
        weight = _block_weight(block)
        return _statistics(self.mixture, self.units, log_likelihood, sums, pooled, weight)

    def _add(
        self,
        rows: FloatArray,
        weights: Float64Array | None,
        sums: Float64Array,
        pooled: Float64Array,
    ) -> float:
        moments = self.mixture.covariance.family.moments
        z = self.units.apply(rows).astype(self.theta.dtype)
        products = (
            z * z if moments is Moments.DIAGONAL else pack_symmetric(z[:, :, None] * z[:, None])
        )
        parts = [np.ones_like(z[:, :1]), z]
        phi = np.concatenate(parts if self.common.size else [*parts, products], axis=1)
        scores = phi @ self.theta.T
        if self.common.size:
            scores[:, : self.mixture.n_components] += (products @ self.common)[:, None]
        log_likelihood = self._softmax(scores, weights)
        sums += scores.T @ phi
        if self.common.size:
            pooled += scores[:, : self.mixture.n_components].sum(axis=1) @ products
        return log_likelihood

    def _softmax(self, scores: FloatArray, weights: Float64Array | None) -> float:
        if self.compiled:
            from gmmkit.core.kernels import softmax_rows

            return float(softmax_rows(scores, weights))
        return _softmax_in_numpy(scores, weights)


def _softmax_in_numpy(scores: FloatArray, weights: Float64Array | None) -> float:
    """Turn log joint densities into weighted responsibilities in place; return sum w log p."""
    top = scores.max(axis=1, keepdims=True)
    scores -= top
    np.exp(scores, out=scores)
    total = scores.sum(axis=1, keepdims=True)
    scores /= total
    log_density = (top + np.log(total))[:, 0]
    if weights is None:
        return float(log_density.sum(dtype=np.float64))
    scores *= weights[:, None]
    return float(weights @ log_density)


@dataclass(frozen=True, eq=False)
class _CenteredPass:
    """Deviations from every mean, through triangular factors: nothing left to cancel."""

    mixture: Mixture
    units: Units

    def __call__(self, block: Block) -> SufficientStatistics:
        z = self.units.apply(block.rows)
        responsibilities, log_density = self.mixture.posteriors(z)
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
