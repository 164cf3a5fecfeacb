"""One pass over a block, by three routes: float32, float64, or about each mean.

Every Gaussian is linear in its natural parameters: with phi(z) = (1, z, z zᵀ) the log joint
densities of a block are phi thetaᵀ and its statistics are Rᵀ phi. That form is fast but cancels for
components far from the origin in their own units; the bound below says when, and which route then.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum
from math import log
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, FloatArray
from gmmkit.core.execution import Block
from gmmkit.core.families import Moments
from gmmkit.core.mixture import Mixture
from gmmkit.core.statistics import SufficientStatistics, pack_symmetric, upper_triangle
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


def first_route(mixture: Mixture, n_rows: int) -> Route:
    """Return where a fit of that size starts: small ones gain nothing from float32.

    Examples
    --------
    >>> import numpy as np
    >>> first_route(Mixture([1.0], [[0.0]], np.ones((1, 1, 1))), 100).name
    'FLOAT64'
    """
    work = n_rows * natural_parameters(mixture).work
    return Route.FLOAT32 if work > _COMPILED_WORK else Route.FLOAT64


@dataclass(frozen=True, eq=False)
class Natural:
    """A working mixture as a matrix that features are multiplied by.

    Attributes
    ----------
    theta : ndarray of shape (R, 1 + P)
        A constant and coefficients of P features: z, then its squares or its products. One row a
        component, one for noise if there is any, and one for the quadratic that all Gaussians
        share if the family pools its covariance.
    spans : ndarray of shape (R, 2)
        The features that each row reads.
    n_gaussians, n_classes : int
        The number of components, without and with noise.
    """

    theta: FloatArray
    spans: npt.NDArray[np.intp]
    n_gaussians: int
    n_classes: int

    @property
    def work(self) -> int:
        """Multiply-adds a row, once for scores and once for sums."""
        return int((1 + self.spans[:, 1] - self.spans[:, 0]).sum())


def natural_parameters(mixture: Mixture) -> Natural:
    """Return the natural parameters of a working mixture, in float64.

    Examples
    --------
    >>> import numpy as np
    >>> natural_parameters(Mixture([1.0], [[2.0]], np.ones((1, 1, 1)))).theta.round(3).tolist()
    [[-2.919, 2.0, -0.5]]
    """
    family, (k, d) = mixture.covariance.family, mixture.means.shape
    linear, squares, quadratic = (
        _axis_aligned_parts(mixture) if family.axis_aligned else _dense_parts(mixture)
    )
    pooled, noisy = family.moments is Moments.POOLED, mixture.noise is not None
    theta = np.zeros((k + noisy + pooled, 1 + d + quadratic.shape[1]))
    theta[:k, 0] = np.maximum(mixture.log_normalizers, _LOG_ZERO) - 0.5 * squares
    theta[:k, 1 : 1 + d] = linear
    theta[-1 if pooled else slice(k), 1 + d :] = quadratic[0] if pooled else quadratic
    spans = np.full((len(theta), 2), (0, d if pooled else theta.shape[1] - 1))
    if pooled:
        spans[-1] = d, theta.shape[1] - 1
    if mixture.noise is not None:
        weight = mixture.noise.weight
        theta[k, 0] = mixture.noise.log_density + (log(weight) if weight else _LOG_ZERO)
    return Natural(theta, spans, k, k + noisy)


def _axis_aligned_parts(mixture: Mixture) -> tuple[Float64Array, Float64Array, Float64Array]:
    precisions = mixture.factors**2
    linear = precisions * mixture.means
    return linear, (linear * mixture.means).sum(axis=1), -0.5 * precisions


def _dense_parts(mixture: Mixture) -> tuple[Float64Array, Float64Array, Float64Array]:
    precisions = mixture.factors @ mixture.factors.transpose(0, 2, 1)
    linear = (precisions @ mixture.means[..., None])[..., 0]
    quadratic = -pack_symmetric(precisions)
    row, column = upper_triangle(mixture.n_features)
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
    natural = natural_parameters(mixture)
    compiled = n_rows * natural.work > _COMPILED_WORK
    dtype = np.float32 if route is Route.FLOAT32 else np.float64
    natural = replace(natural, theta=natural.theta.astype(dtype))
    if compiled and natural.n_classes < _BLAS_COMPONENTS:
        return _FusedPass(mixture, units, natural)
    return _ProductPass(mixture, units, natural, compiled)


def _statistics(
    mixture: Mixture, units: Units, log_likelihood: float, sums: Float64Array, weight: float
) -> SufficientStatistics:
    """Give raw sums (R, 1 + P) their names; `weight` is the block's, for the change of units."""
    k, d = mixture.means.shape
    moments = mixture.covariance.family.moments
    pooled = moments is Moments.POOLED
    return SufficientStatistics(
        log_likelihood=log_likelihood - weight * units.log_volume,
        weight=sums[:k, 0],
        first=sums[:k, 1 : 1 + d],
        second=sums[-1, 1 + d :] if pooled else sums[:k, 1 + d :],
        moments=moments,
        units=units,
        origin=np.zeros(d),
        noise_weight=0.0 if mixture.noise is None else float(sums[k, 0]),
    )


def _read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a read-only view, so that one compiled kernel serves every caller's arrays."""
    view = array.view()
    view.flags.writeable = False
    return view


def _block_weight(block: Block) -> float:
    return float(len(block.rows) if block.weights is None else block.weights.sum())


@dataclass(frozen=True, eq=False)
class _FusedPass:
    """The compiled loop over tiles, for small numbers of components."""

    mixture: Mixture
    units: Units
    natural: Natural

    def __call__(self, block: Block) -> SufficientStatistics:
        from gmmkit.core.kernels import fused_pass

        natural, sums = self.natural, np.zeros(self.natural.theta.shape)
        log_likelihood = fused_pass(
            _read_only(block.rows),
            None if block.weights is None else _read_only(block.weights),
            _read_only(self.units.origin),
            _read_only(1.0 / self.units.scale),
            _read_only(natural.theta),
            _read_only(natural.spans),
            natural.n_gaussians,
            natural.n_classes,
            self.mixture.covariance.family.moments is not Moments.DIAGONAL,
            sums,
        )
        return _statistics(self.mixture, self.units, log_likelihood, sums, _block_weight(block))


@dataclass(frozen=True, eq=False)
class _ProductPass:
    """Two matrix products on each block, for many components, or few rows."""

    mixture: Mixture
    units: Units
    natural: Natural
    compiled: bool

    def __call__(self, block: Block) -> SufficientStatistics:
        sums = np.zeros(self.natural.theta.shape)
        log_likelihood = 0.0
        for start in range(0, len(block.rows), _BLAS_ROWS):
            stop = start + _BLAS_ROWS
            weights = None if block.weights is None else block.weights[start:stop]
            log_likelihood += self._add(block.rows[start:stop], weights, sums)
        return _statistics(self.mixture, self.units, log_likelihood, sums, _block_weight(block))

    def _add(self, rows: FloatArray, weights: Float64Array | None, sums: Float64Array) -> float:
        """Add the moments of some rows to the sums and return their log likelihood."""
        natural, phi = self.natural, self._features(rows)
        classes, gaussians = natural.n_classes, natural.n_gaussians
        width = 1 + natural.spans[0, 1]
        scores = phi[:, :width] @ natural.theta[:classes, :width].T
        for shared in natural.theta[classes:, width:]:
            scores[:, :gaussians] += (phi[:, width:] @ shared)[:, None]
        log_likelihood = self._softmax(scores, weights)
        sums[:classes, :width] += scores.T @ phi[:, :width]
        for shared in sums[classes:, width:]:
            shared += scores[:, :gaussians].sum(axis=1) @ phi[:, width:]
        return log_likelihood

    def _features(self, rows: FloatArray) -> FloatArray:
        """Return (n, 1 + P): ones, working coordinates, and their squares or products."""
        diagonal = self.mixture.covariance.family.moments is Moments.DIAGONAL
        z = self.units.apply(rows).astype(self.natural.theta.dtype)
        row, column = upper_triangle(z.shape[1])
        products = z * z if diagonal else z[:, row] * z[:, column]
        return np.concatenate([np.ones_like(z[:, :1]), z, products], axis=1)

    def _softmax(self, scores: FloatArray, weights: Float64Array | None) -> float:
        if self.compiled:
            from gmmkit.core.kernels import softmax_rows

            return float(softmax_rows(scores, None if weights is None else _read_only(weights)))
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
