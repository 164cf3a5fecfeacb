"""The compiled passes over one block of rows: every jitted function lives here.

Notation: z are working coordinates, phi the features of z beside the constant, theta the natural
parameters, so that log(w_k N_k) = theta[k, 0] + sum over p of theta[k, 1 + p] phi[p]. Each row of
theta only reads the features in its span. A tile holds some rows feature-major: the innermost loops
run over rows and vectorize. Rows past the end of a tile are zeros with responsibility zero.
"""

import math

import numpy as np
from numba import types
from numba.extending import overload

from gmmkit.core.compiling import FASTMATH, entry, inner
from gmmkit.core.engine.natural import NEGLIGIBLE_FLOAT32, NEGLIGIBLE_FLOAT64

# What one feature of a tile takes: all of a small problem's features then fit in the first cache.
TILE_BYTES = 1024

_TILES_PER_FLUSH = 16


def _exponential(x):
    """Return e to the x for x <= 0, inlined so that loops over it vectorize."""
    raise NotImplementedError("only inside compiled code")


@overload(_exponential, inline="always", jit_options={"fastmath": FASTMATH})
def _compile_exponential(x):
    return _exponential_float32 if x == types.float32 else _exponential_float64


def _exponential_float32(x):
    """Cody-Waite reduction and a degree 6 polynomial: relative error below 3e-7."""
    y = max(x, NEGLIGIBLE_FLOAT32)
    n = np.floor(y * np.float32(1.4426950408889634) + np.float32(0.5))
    r = y - n * np.float32(0.693359375) + n * np.float32(2.12194440e-4)
    p = np.float32(1 / 720)
    p = p * r + np.float32(1 / 120)
    p = p * r + np.float32(1 / 24)
    p = p * r + np.float32(1 / 6)
    p = p * r + np.float32(0.5)
    p = (p * r) * r + r + np.float32(1.0)
    exponent = np.int32(n) + np.int32(127)
    result = p * np.int32(exponent << np.int32(23)).view(np.float32)
    return result if x > NEGLIGIBLE_FLOAT32 else np.float32(0.0)


def _exponential_float64(x):
    """Cody-Waite reduction and a degree 12 Taylor polynomial.

    Relative error below 4e-16 + 1e-16 |x|: reassociation may merge the two steps of the reduction.
    """
    y = max(x, NEGLIGIBLE_FLOAT64)
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
    result = p * np.int64((np.int64(n) + 1023) << 52).view(np.float64)
    return result if x > NEGLIGIBLE_FLOAT64 else 0.0


@inner
def _load(rows, start, count, origin, inverse_scale, phi):
    """Fill phi's first D features with z = (x - origin) / scale."""
    for d in range(rows.shape[1]):
        o, s, feature = origin[d], inverse_scale[d], phi[d]
        for t in range(count):
            feature[t] = (rows[start + t, d] - o) * s
        for t in range(count, feature.size):
            feature[t] = 0


@inner
def _multiply(phi, n_features, full):
    """Fill phi's other features with the squares of the first D, or with all their products."""
    q = n_features
    for a in range(n_features):
        left = phi[a]
        for b in range(a, n_features if full else a + 1):
            right, product = phi[b], phi[q]
            for t in range(product.size):
                product[t] = left[t] * right[t]
            q += 1


@inner
def _fill(tile, value):
    """Set every row of a tile to one value."""
    for t in range(tile.size):
        tile[t] = value


@inner
def _score(theta, spans, phi, scores):
    """Fill scores with theta times phi, four features at a time."""
    for k in range(scores.shape[0]):
        score = scores[k]
        _fill(score, theta[k, 0])
        p, stop = spans[k]
        while p + 4 <= stop:
            a, b, c, d = phi[p], phi[p + 1], phi[p + 2], phi[p + 3]
            ta, tb, tc, td = theta[k, p + 1], theta[k, p + 2], theta[k, p + 3], theta[k, p + 4]
            for t in range(score.size):
                score[t] += ta * a[t] + tb * b[t] + tc * c[t] + td * d[t]
            p += 4
        while p < stop:
            a, ta = phi[p], theta[k, p + 1]
            for t in range(score.size):
                score[t] += ta * a[t]
            p += 1


@inner
def _share(scores, n_gaussians, n_classes):
    """Add the quadratic that all Gaussians share, a row past the classes, to each of them."""
    for shared in range(n_classes, scores.shape[0]):
        for k in range(n_gaussians):
            for t in range(scores.shape[1]):
                scores[k, t] += scores[shared, t]


@inner
def _exponentiate(scores, n_classes, top, total):
    """Turn scores into exponentials relative to each row's largest, and sum them."""
    for t in range(top.size):
        top[t] = scores[0, t]
    for k in range(1, n_classes):
        score = scores[k]
        for t in range(top.size):
            top[t] = max(top[t], score[t])
    _fill(total, 0)
    for k in range(n_classes):
        score = scores[k]
        for t in range(top.size):
            e = _exponential(score[t] - top[t])
            score[t] = e
            total[t] += e


@inner
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


@inner
def _normalize(scores, n_gaussians, n_classes, total, start, count, weights):
    """Turn exponentials into weighted responsibilities; a shared row gets the Gaussians' sum."""
    one = np.ones(1, total.dtype)[0]
    for t in range(count):
        total[t] = one / total[t] if weights is None else weights[start + t] / total[t]
    for t in range(count, total.size):
        total[t] = 0
    for k in range(n_classes):
        score = scores[k]
        for t in range(total.size):
            score[t] *= total[t]
    for shared in range(n_classes, scores.shape[0]):
        _fill(scores[shared], 0)
        for k in range(n_gaussians):
            for t in range(total.size):
                scores[shared, t] += scores[k, t]


@inner
def _accumulate(scores, spans, phi, sums):
    """Add responsibility times phi to the sums, four features at a time."""
    zero = np.zeros(1, sums.dtype)[0]
    for k in range(scores.shape[0]):
        responsibility, weight = scores[k], zero
        for t in range(responsibility.size):
            weight += responsibility[t]
        sums[k, 0] += weight
        p, stop = spans[k]
        while p + 4 <= stop:
            a, b, c, d = phi[p], phi[p + 1], phi[p + 2], phi[p + 3]
            sa, sb, sc, sd = zero, zero, zero, zero
            for t in range(responsibility.size):
                r = responsibility[t]
                sa += r * a[t]
                sb += r * b[t]
                sc += r * c[t]
                sd += r * d[t]
            sums[k, p + 1] += sa
            sums[k, p + 2] += sb
            sums[k, p + 3] += sc
            sums[k, p + 4] += sd
            p += 4
        while p < stop:
            a, sa = phi[p], zero
            for t in range(responsibility.size):
                sa += responsibility[t] * a[t]
            sums[k, p + 1] += sa
            p += 1


@inner
def _flush(partial, result):
    """Move sums in working precision over to float64."""
    for k in range(partial.shape[0]):
        for p in range(partial.shape[1]):
            result[k, p] += partial[k, p]
            partial[k, p] = 0


@entry
def fused_pass(
    rows, weights, origin, inverse_scale, theta, spans, n_gaussians, n_classes, full, result
):
    """Do the E-step and the sums of one block without ever storing its responsibilities.

    `rows` (n, D) are raw, and moved in the precision of `origin`. `theta` (R, 1 + P) is in the
    working precision and `result` (R, 1 + P) in float64, added to. Row k of both reads the features
    from spans[k, 0] to spans[k, 1]. The first `n_gaussians` rows are components, those up to
    `n_classes` noise, and one past them, if any, what all Gaussians share. Returns the log
    likelihood in working units.
    """
    n_rows, kind, width = len(rows), theta.dtype, TILE_BYTES // theta.itemsize
    phi = np.empty((theta.shape[1] - 1, width), kind)
    scores = np.empty((theta.shape[0], width), kind)
    top, total = np.empty(width, kind), np.empty(width, kind)
    sums = np.zeros(result.shape, kind)
    log_likelihood = 0.0
    for tile, start in enumerate(range(0, n_rows, width), 1):
        count = min(width, n_rows - start)
        _load(rows, start, count, origin, inverse_scale, phi)
        _multiply(phi, rows.shape[1], full)
        _score(theta, spans, phi, scores)
        _share(scores, n_gaussians, n_classes)
        _exponentiate(scores, n_classes, top, total)
        log_likelihood += _log_likelihood(top, total, start, count, weights)
        _normalize(scores, n_gaussians, n_classes, total, start, count, weights)
        _accumulate(scores, spans, phi, sums)
        if tile % _TILES_PER_FLUSH == 0 or start + width >= n_rows:
            _flush(sums, result)
    return log_likelihood


@inner
def _choose(scores, n_classes, start, count, labels):
    """Fill in the class of the largest score of each row, the first of equal ones."""
    for t in range(count):
        best, found = scores[0, t], 0
        for k in range(1, n_classes):
            if scores[k, t] > best:
                best, found = scores[k, t], k
        labels[start + t] = found


@entry
def fused_scores(
    rows, origin, inverse_scale, theta, spans, n_gaussians, n_classes, full, density, labels
):
    """Fill in log densities (n,) in working units, or labels (n,), or both; none has length 0.

    The other arguments are those of fused_pass.
    """
    n_rows, kind, width = len(rows), theta.dtype, TILE_BYTES // theta.itemsize
    phi = np.empty((theta.shape[1] - 1, width), kind)
    scores = np.empty((theta.shape[0], width), kind)
    top, total = np.empty(width, kind), np.empty(width, kind)
    for start in range(0, n_rows, width):
        count = min(width, n_rows - start)
        _load(rows, start, count, origin, inverse_scale, phi)
        _multiply(phi, rows.shape[1], full)
        _score(theta, spans, phi, scores)
        _share(scores, n_gaussians, n_classes)
        if labels.size:
            _choose(scores, n_classes, start, count, labels)
        if density.size:
            _exponentiate(scores, n_classes, top, total)
            for t in range(count):
                density[start + t] = top[t] + math.log(total[t])


@entry
def likeliest(scores, labels):
    """Fill in the class of the largest score of each column of (K, n)."""
    _choose(scores, len(scores), 0, len(labels), labels)


@entry
def log_sum(scores, result):
    """Fill in log sum exp over components (K, n) of each row, and use up the scores."""
    total = np.empty(len(result), scores.dtype)
    _exponentiate(scores, len(scores), result, total)
    for t in range(len(result)):
        result[t] += math.log(total[t])


@inner
def _deviate(z, means, k, phi):
    """Fill phi's first D features with deviations from the mean of component k."""
    for d in range(z.shape[0]):
        feature, own, mean = phi[d], z[d], means[k, d]
        for t in range(feature.size):
            feature[t] = own[t] - mean


@inner
def _subtract_distance(phi, factors, k, scratch, score):
    """Subtract half the squared length of the deviations times the factor of component k.

    One row of a factor stands for a diagonal; else it is upper triangular.
    """
    dense = factors.shape[1] > 1
    for j in range(factors.shape[2]):
        _fill(scratch, 0)
        for i in range(0 if dense else j, j + 1):
            deviation, factor = phi[i], factors[k, i if dense else 0, j]
            for t in range(score.size):
                scratch[t] += factor * deviation[t]
        for t in range(score.size):
            score[t] -= 0.5 * scratch[t] * scratch[t]


@entry
def centered_pass(
    rows, weights, origin, inverse_scale, constants, means, factors, spans, full, result
):
    """Do what fused_pass does, about each mean: nothing cancels, at twice the work.

    `constants` (K') are log normalizers, those past the K `means` noise. `factors` are upper
    (K, D, D) with precision P Pᵀ, or inverse deviations (K, 1, D). `result` (K', 1 + P) gets
    moments about the means.
    """
    n_rows, width, n_gaussians = len(rows), TILE_BYTES // means.itemsize, len(means)
    z, phi = np.empty((rows.shape[1], width)), np.empty((result.shape[1] - 1, width))
    scores, scratch = np.empty((len(constants), width)), np.empty(width)
    top, total = np.empty(width), np.empty(width)
    log_likelihood = 0.0
    for start in range(0, n_rows, width):
        count = min(width, n_rows - start)
        _load(rows, start, count, origin, inverse_scale, z)
        for k in range(len(constants)):
            _fill(scores[k], constants[k])
            if k < n_gaussians:
                _deviate(z, means, k, phi)
                _subtract_distance(phi, factors, k, scratch, scores[k])
        _exponentiate(scores, len(constants), top, total)
        log_likelihood += _log_likelihood(top, total, start, count, weights)
        _normalize(scores, n_gaussians, len(constants), total, start, count, weights)
        for k in range(len(constants)):
            if k < n_gaussians:
                _deviate(z, means, k, phi)
                _multiply(phi, rows.shape[1], full)
            _accumulate(scores[k : k + 1], spans[k : k + 1], phi, result[k : k + 1])
    return log_likelihood


@entry
def softmax(scores, weights):
    """Turn log joint densities (K, n) into weighted responsibilities in place; return sum w log p.

    The same arithmetic as the fused pass, for blocks whose products BLAS has made.
    """
    classes, count = scores.shape
    top, total = np.empty(count, scores.dtype), np.empty(count, scores.dtype)
    _exponentiate(scores, classes, top, total)
    log_likelihood = _log_likelihood(top, total, 0, count, weights)
    _normalize(scores, classes, classes, total, 0, count, weights)
    return log_likelihood
