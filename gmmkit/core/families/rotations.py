"""One set of axes for several scatter matrices, by exact rotations of pairs of axes.

Flury and Gautschi, "An algorithm for simultaneous orthogonal transformation of several positive
definite symmetric matrices to nearly diagonal form", SIAM J. Sci. Stat. Comput. 7 (1986).
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.core.families.spectra import LEAST_SHARE, Spectrum

_SWEEPS = 200
# As many as tell good starting axes from bad ones.
_TRIAL_SWEEPS = 5
# Nats per unit weight that the last sweep may have gained.
_SETTLED = 1e-11
_GOLDEN = 0.5 * (np.sqrt(5.0) - 1.0)

Pairs = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]


def fitted_axes(
    scatter: Float64Array,
    weight: Float64Array,
    spectrum: Spectrum,
    axes: Float64Array,
    sweeps: int = _SWEEPS,
) -> tuple[Float64Array, Float64Array]:
    """Return the axes (..., D, D) that K scatter matrices share, and the variances along them.

    Axes and variances are improved in turn from the given axes on; the likelihood never falls.
    """
    rotated = axes.swapaxes(-1, -2)[..., None, :, :] @ scatter @ axes[..., None, :, :]
    variances = spectrum.estimate(_diagonals(rotated), weight)
    cost = _cost(variances, weight)
    for _ in range(sweeps):
        for pairs in _rounds(axes.shape[-1]):
            turn = _best_turn(rotated, variances, pairs)
            axes = axes @ turn
            turn = turn[..., None, :, :]
            rotated = turn.swapaxes(-1, -2) @ rotated @ turn
            variances = spectrum.estimate(_diagonals(rotated), weight)
        before, cost = cost, _cost(variances, weight)
        if not (before - cost > _SETTLED).any():
            break
    return axes, variances


def best_fitted_axes(
    scatter: Float64Array, weight: Float64Array, spectrum: Spectrum
) -> tuple[Float64Array, Float64Array]:
    """Return the best that comes of the axes of all rows and of each component's rows.

    The likelihood has several maxima in the axes.
    """
    together = np.concatenate([scatter.sum(axis=-3, keepdims=True), scatter], axis=-3)
    starts = np.moveaxis(np.linalg.eigh(together)[1], -3, 0)
    weights = np.broadcast_to(weight, (len(starts), *weight.shape))
    axes, variances = fitted_axes(scatter, weights, spectrum, starts, _TRIAL_SWEEPS)
    best = _cost(variances, weights).argmin(axis=0)[None, ..., None, None]
    return fitted_axes(scatter, weight, spectrum, np.take_along_axis(axes, best, axis=0)[0])


def shared_axes(stack: Float64Array) -> Float64Array:
    """Return the axes (..., D, D) of (..., K, D, D) matrices that all have the same ones.

    They are those of a sum with uneven shares, in which different axes hardly ever look alike.
    """
    _, vectors = np.linalg.eigh(_uneven_sum(stack))
    axes: Float64Array = vectors
    return axes


def have_shared_axes(stack: Float64Array, tolerance: float) -> bool:
    """Tell whether (K, D, D) matrices commute with their uneven sum, and so with each other."""
    unit = stack / np.trace(stack, axis1=-2, axis2=-1)[..., None, None]
    product = unit @ _uneven_sum(stack)[..., None, :, :]
    return bool((np.abs(product - product.swapaxes(-1, -2)) <= tolerance).all())


def _uneven_sum(stack: Float64Array) -> Float64Array:
    k = stack.shape[-3]
    shares = 0.5 + (_GOLDEN * np.arange(1, k + 1)) % 1.0
    sizes = np.trace(stack, axis1=-2, axis2=-1)
    shares = shares / shares.sum() / np.where(sizes > 0, sizes, 1.0)
    total: Float64Array = (shares[..., None, None] * stack).sum(axis=-3)
    return total


def _best_turn(rotated: Float64Array, variances: Float64Array, pairs: Pairs) -> Float64Array:
    """Return the rotation (..., D, D) of disjoint pairs of axes that lowers the traces most.

    For axes p, q the trace is vᵀ T v and a constant, T the sum of (1/a_kp - 1/a_kq) W_k in their
    plane and v the new first axis: its best is the eigenvector of the smaller eigenvalue.
    """
    p, q = pairs
    largest = variances.max(axis=(-2, -1), keepdims=True)
    safe = np.maximum(variances, np.where(largest > 0, LEAST_SHARE * largest, 1.0))
    slopes = 1.0 / safe[..., p] - 1.0 / safe[..., q]
    first = (slopes * rotated[..., p, p]).sum(axis=-2)
    second = (slopes * rotated[..., q, q]).sum(axis=-2)
    mixed = (slopes * rotated[..., p, q]).sum(axis=-2)
    angle = 0.5 * np.arctan2(-2.0 * mixed, second - first)
    turn = np.zeros((*rotated.shape[:-3], *rotated.shape[-2:]))
    turn[...] = np.eye(turn.shape[-1])
    turn[..., p, p] = turn[..., q, q] = np.cos(angle)
    turn[..., q, p] = np.sin(angle)
    turn[..., p, q] = -turn[..., q, p]
    return turn


@lru_cache(maxsize=16)
def _rounds(n_features: int) -> tuple[Pairs, ...]:
    """Return every pair of axes once, in rounds of disjoint pairs, as a tournament is drawn up."""
    players = list(range(n_features + n_features % 2))
    rounds = []
    for _ in range(len(players) - 1):
        half = len(players) // 2
        drawn = zip(players[:half], reversed(players[half:]), strict=True)
        pairs = np.array([pair for pair in drawn if max(pair) < n_features], dtype=np.intp)
        if len(pairs):
            rounds.append((pairs[:, 0], pairs[:, 1]))
        players = [players[0], players[-1], *players[1:-1]]
    return tuple(rounds)


def _diagonals(stack: Float64Array) -> Float64Array:
    return np.maximum(np.diagonal(stack, axis1=-2, axis2=-1), 0.0)


def _cost(variances: Float64Array, weight: Float64Array) -> Float64Array:
    """Return half the mean log determinant; the traces are constant at the best variances."""
    logs = np.log(np.maximum(variances, np.finfo(np.float64).tiny)).sum(axis=-1)
    cost: Float64Array = 0.5 * (weight * logs).sum(axis=-1) / weight.sum(axis=-1)
    return cost
