"""The compiled passes over one block of rows: every jitted function lives here.

Notation: z are working coordinates, phi the features of z beside the constant, theta the natural
parameters of the components, so that log(w_k N_k) = theta[k, 0] + sum over p of
theta[k, 1 + p] phi[p]. A tile holds some rows feature-major: the innermost loops run over rows and
vectorize. Rows past the end of a tile are zeros with responsibility zero.
"""

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import overload

from gmmkit.errors import CompilerCacheWarning

TILE = 128
_TILES_PER_FLUSH = 16

# What a reordered sum may change, but not what NaN or infinity mean to the caller: rows are finite.
_FASTMATH = {"reassoc", "contract", "nsz", "arcp", "nnan", "ninf"}

_inner = njit(nogil=True, fastmath=_FASTMATH, error_model="numpy")


def _entry(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that Python calls, kept on disk for the next process where possible."""
    try:
        return _jit(function, cache=True)
    except RuntimeError as problem:
        warnings.warn(
            CompilerCacheWarning(
                f"compiled kernels cannot be kept for the next process ({problem}); "
                "set NUMBA_CACHE_DIR to a writable folder"
            ),
            stacklevel=2,
        )
        return _jit(function, cache=False)


def _jit(function: Callable[..., Any], *, cache: bool) -> Callable[..., Any]:
    compiled: Callable[..., Any] = njit(
        nogil=True, fastmath=_FASTMATH, error_model="numpy", cache=cache
    )(function)
    return compiled


def _exponential(x: Any) -> Any:
    """Return e to the x for x <= 0, inlined so that loops over it vectorize."""
    raise NotImplementedError("only inside compiled code")


@overload(_exponential, inline="always", jit_options={"fastmath": _FASTMATH})
def _compile_exponential(x: Any) -> Callable[..., Any]:
    return _exponential_float32 if x == types.float32 else _exponential_float64


def _exponential_float32(x):
    """Cody-Waite reduction and a degree 6 polynomial: relative error below 2e-7."""
    y = max(x, np.float32(-87.0))
    n = np.floor(y * np.float32(1.4426950408889634) + np.float32(0.5))
    r = y - n * np.float32(0.693359375) + n * np.float32(2.12194440e-4)
    p = np.float32(1 / 720)
    p = p * r + np.float32(1 / 120)
    p = p * r + np.float32(1 / 24)
    p = p * r + np.float32(1 / 6)
    p = p * r + np.float32(0.5)
    p = (p * r) * r + r + np.float32(1.0)
    exponent = np.int32(n) + np.int32(127)
    return p * np.int32(exponent << np.int32(23)).view(np.float32)


def _exponential_float64(x):
    """Cody-Waite reduction and a degree 12 Taylor polynomial: relative error below 4e-16."""
    y = max(x, -708.0)
    n = np.floor(y * 1.4426950408889634 + 0.5)
    r = y - n * 6.93147180369123816490e-01 - n * 1.90821492927058770002e-10
    p = 1.0 / 479001600.0
    p = p * r + 1.0 / 39916800.0
    p = p * r + 1.0 / 3628800.0
    p = p * r + 1.0 / 362880.0
    p = p * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    return p * np.int64((np.int64(n) + 1023) << 52).view(np.float64)


@_inner
def _load(rows, start, count, origin, inverse_scale, phi):
    """Fill phi's first D features with z = (x - origin) / scale."""
    for d in range(rows.shape[1]):
        o, s, feature = origin[d], inverse_scale[d], phi[d]
        for t in range(count):
            feature[t] = (rows[start + t, d] - o) * s
        for t in range(count, feature.size):
            feature[t] = 0


@_inner
def _multiply(phi, n_features, full, products):
    """Fill products with the squares of the first D features, or with all their products."""
    q = 0
    for a in range(n_features):
        left = phi[a]
        for b in range(a, n_features if full else a + 1):
            right, product = phi[b], products[q]
            for t in range(product.size):
                product[t] = left[t] * right[t]
            q += 1


@_inner
def _add_score(theta, phi, score):
    """Add sum over p of theta[p] phi[p] to a tile of scores, four features at a time."""
    p, whole = 0, phi.shape[0] - phi.shape[0] % 4
    while p < whole:
        a, b, c, d = phi[p], phi[p + 1], phi[p + 2], phi[p + 3]
        ta, tb, tc, td = theta[p], theta[p + 1], theta[p + 2], theta[p + 3]
        for t in range(score.size):
            score[t] += ta * a[t] + tb * b[t] + tc * c[t] + td * d[t]
        p += 4
    while p < phi.shape[0]:
        a, ta = phi[p], theta[p]
        for t in range(score.size):
            score[t] += ta * a[t]
        p += 1


@_inner
def _score(theta, common, phi, products, scores):
    """Fill scores (K, tile) with log joint densities; common is the quadratic all K share."""
    for k in range(scores.shape[0]):
        scores[k, :] = theta[k, 0]
        _add_score(theta[k, 1:], phi, scores[k])
    for k in range(scores.shape[0] if common.size else 0):
        _add_score(common, products, scores[k])


@_inner
def _exponentiate(scores, top, total):
    """Turn scores into exponentials relative to each row's largest, and sum them."""
    top[:] = scores[0]
    for k in range(1, scores.shape[0]):
        score = scores[k]
        for t in range(top.size):
            top[t] = max(top[t], score[t])
    total[:] = 0
    for k in range(scores.shape[0]):
        score = scores[k]
        for t in range(top.size):
            e = _exponential(score[t] - top[t])
            score[t] = e
            total[t] += e


@_inner
def _log_likelihood(top, total, start, count, weights):
    """Return the weighted sum of top + log(total), with one logarithm for many unweighted rows."""
    result = 0.0
    if weights is None:
        product = 1.0
        for t in range(count):
            result += top[t]
            product *= total[t]
            if product > 1e250:
                result += math.log(product)
                product = 1.0
        return result + math.log(product)
    for t in range(count):
        result += weights[start + t] * (top[t] + math.log(total[t]))
    return result


@_inner
def _normalize(scores, total, start, count, weights):
    """Turn exponentials into weighted responsibilities; total becomes each row's factor."""
    one = np.ones(1, total.dtype)[0]
    for t in range(count):
        total[t] = one / total[t] if weights is None else weights[start + t] / total[t]
    for t in range(count, total.size):
        total[t] = 0
    for k in range(scores.shape[0]):
        score = scores[k]
        for t in range(total.size):
            score[t] *= total[t]


@_inner
def _add_moments(responsibility, phi, sums):
    """Add sum over rows of r phi[p] to sums[p], four features at a time."""
    zero = np.zeros(1, sums.dtype)[0]
    p, whole = 0, phi.shape[0] - phi.shape[0] % 4
    while p < whole:
        a, b, c, d = phi[p], phi[p + 1], phi[p + 2], phi[p + 3]
        sa, sb, sc, sd = zero, zero, zero, zero
        for t in range(responsibility.size):
            r = responsibility[t]
            sa += r * a[t]
            sb += r * b[t]
            sc += r * c[t]
            sd += r * d[t]
        sums[p] += sa
        sums[p + 1] += sb
        sums[p + 2] += sc
        sums[p + 3] += sd
        p += 4
    while p < phi.shape[0]:
        a, sa = phi[p], zero
        for t in range(responsibility.size):
            sa += responsibility[t] * a[t]
        sums[p] += sa
        p += 1


@_inner
def _accumulate(scores, n_gaussians, phi, products, sums, pooled, shared):
    """Add a tile's moments; shared is scratch for the responsibility of all Gaussians."""
    for k in range(scores.shape[0]):
        responsibility = scores[k]
        weight = responsibility[0]
        for t in range(1, responsibility.size):
            weight += responsibility[t]
        sums[k, 0] += weight
        _add_moments(responsibility, phi, sums[k, 1:])
    if pooled.size:
        shared[:] = 0
        for k in range(n_gaussians):
            for t in range(shared.size):
                shared[t] += scores[k, t]
        _add_moments(shared, products, pooled)


@_inner
def _flush(partial, result):
    """Move sums in working precision over to float64."""
    for index in np.ndindex(partial.shape):
        result[index] += partial[index]
        partial[index] = 0


@_entry
def fused_pass(
    rows, weights, origin, inverse_scale, theta, common, n_gaussians, full, result, pooled_result
):
    """Do the E-step and the sums of one block without ever storing its responsibilities.

    `rows` (n, D) are raw, `theta` (K', 1 + P) and `common` (Q,) or (0,) in the working precision;
    `result` (K', 1 + P) and `pooled_result` (Q,) or (0,) are float64 and added to. Components past
    `n_gaussians` are noise and do not count as pooled. Returns the log likelihood in working units.
    """
    n_rows, n_features = rows.shape
    kind = theta.dtype
    phi = np.empty((theta.shape[1] - 1, TILE), kind)
    products = np.empty((common.size, TILE), kind) if common.size else phi[n_features:]
    scores = np.empty((theta.shape[0], TILE), kind)
    top, total, shared = np.empty(TILE, kind), np.empty(TILE, kind), np.empty(TILE, kind)
    sums, pooled = np.zeros(result.shape, kind), np.zeros(pooled_result.shape, kind)
    log_likelihood = 0.0
    for tile, start in enumerate(range(0, n_rows, TILE), 1):
        count = min(TILE, n_rows - start)
        _load(rows, start, count, origin, inverse_scale, phi)
        _multiply(phi, n_features, full, products)
        _score(theta, common, phi, products, scores)
        _exponentiate(scores, top, total)
        log_likelihood += _log_likelihood(top, total, start, count, weights)
        _normalize(scores, total, start, count, weights)
        _accumulate(scores, n_gaussians, phi, products, sums, pooled, shared)
        if tile % _TILES_PER_FLUSH == 0 or start + TILE >= n_rows:
            _flush(sums, result)
            _flush(pooled, pooled_result)
    return log_likelihood


@_entry
def softmax_rows(scores, weights):
    """Turn log joint densities (n, K) into weighted responsibilities in place; return sum w log p.

    The same arithmetic as the fused pass, for blocks whose products BLAS has made.
    """
    one = np.ones(1, scores.dtype)[0]
    log_likelihood = 0.0
    for i in range(scores.shape[0]):
        score = scores[i]
        top, total = score[0], one - one
        for k in range(1, score.size):
            top = max(top, score[k])
        for k in range(score.size):
            score[k] = _exponential(score[k] - top)
            total += score[k]
        weight = 1.0 if weights is None else weights[i]
        log_likelihood += weight * (top + math.log(total))
        factor = one / total if weights is None else weight / total
        for k in range(score.size):
            score[k] *= factor
    return log_likelihood
