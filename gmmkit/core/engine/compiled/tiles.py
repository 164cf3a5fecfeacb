"""Compiled: what is done to one tile of rows; innermost loops run over rows and vectorize.

Notation as in fused.py.
"""

import math

import numpy as np

from gmmkit.core.compiling import inner
from gmmkit.core.engine.compiled.exponential import exponential

# The product of so many sums stays below the largest number for up to 32,768 classes.
_ROWS_PER_LOGARITHM = 64


@inner
def load(rows, start, count, origin, inverse_scale, phi):
    """Fill phi's first D features with z = (x - origin) / scale."""
    for d in range(rows.shape[1]):
        o, s, feature = origin[d], inverse_scale[d], phi[d]
        for t in range(count):
            feature[t] = (rows[start + t, d] - o) * s
        for t in range(count, feature.size):
            feature[t] = 0


@inner
def multiply(phi, n_features, full):
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
def fill(tile, value):
    """Set every row of a tile to one value."""
    for t in range(tile.size):
        tile[t] = value


@inner
def _score_pairs(theta, spans, phi, scores, n_paired):
    """Add theta times phi to the first scores, two rows of theta and four features at a time."""
    for k in range(0, n_paired, 2):
        one, two = scores[k], scores[k + 1]
        p, stop = spans[k]
        while p + 4 <= stop:
            a, b, c, d = phi[p], phi[p + 1], phi[p + 2], phi[p + 3]
            oa, ob, oc, od = theta[k, p + 1], theta[k, p + 2], theta[k, p + 3], theta[k, p + 4]
            other = theta[k + 1]
            ta, tb, tc, td = other[p + 1], other[p + 2], other[p + 3], other[p + 4]
            for t in range(one.size):
                one[t] += oa * a[t] + ob * b[t] + oc * c[t] + od * d[t]
                two[t] += ta * a[t] + tb * b[t] + tc * c[t] + td * d[t]
            p += 4


@inner
def score(theta, spans, phi, scores, n_paired):
    """Fill scores with theta times phi; n_paired of them, from the first on, have equal spans."""
    for k in range(scores.shape[0]):
        fill(scores[k], theta[k, 0])
    _score_pairs(theta, spans, phi, scores, n_paired)
    for k in range(scores.shape[0]):
        score = scores[k]
        p, stop = _rest(spans[k], k < n_paired)
        while p + 2 <= stop:
            a, b = phi[p], phi[p + 1]
            ta, tb = theta[k, p + 1], theta[k, p + 2]
            for t in range(score.size):
                score[t] += ta * a[t] + tb * b[t]
            p += 2
        while p < stop:
            a, ta = phi[p], theta[k, p + 1]
            for t in range(score.size):
                score[t] += ta * a[t]
            p += 1


@inner
def _rest(span, paired):
    """Return the features of a span that taking pairs of rows by fours leaves."""
    first, stop = span
    return (stop - (stop - first) % 4 if paired else first), stop


@inner
def share(scores, n_gaussians, n_classes):
    """Add the quadratic that all Gaussians share, a row past the classes, to each of them."""
    for shared in range(n_classes, scores.shape[0]):
        for k in range(n_gaussians):
            for t in range(scores.shape[1]):
                scores[k, t] += scores[shared, t]


@inner
def exponentiate(scores, n_classes, top, total):
    """Turn scores into exponentials relative to each row's largest, and sum them."""
    for t in range(top.size):
        top[t] = scores[0, t]
    for k in range(1, n_classes):
        score = scores[k]
        for t in range(top.size):
            top[t] = max(top[t], score[t])
    fill(total, 0)
    for k in range(n_classes):
        score = scores[k]
        for t in range(top.size):
            e = exponential(score[t] - top[t])
            score[t] = e
            total[t] += e


@inner
def log_density_sum(top, total, start, count, weights):
    """Return the weighted sum of top + log(total), with one logarithm for many unweighted rows.

    A total is at least one and at most the number of classes, so that no product overflows.
    """
    result = 0.0
    if weights is None:
        for t in range(count):
            result += top[t]
        for first in range(0, count, _ROWS_PER_LOGARITHM):
            product = 1.0
            for t in range(first, min(first + _ROWS_PER_LOGARITHM, count)):
                product *= total[t]
            result += math.log(product)
        return result
    for t in range(count):
        result += weights[start + t] * (top[t] + math.log(total[t]))
    return result


@inner
def normalize(scores, n_gaussians, n_classes, total, start, count, weights):
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
        fill(scores[shared], 0)
        for k in range(n_gaussians):
            for t in range(total.size):
                scores[shared, t] += scores[k, t]


@inner
def _accumulate_pairs(scores, spans, phi, sums, n_paired):
    """Add responsibility times phi to the sums, two components and four features at a time."""
    zero = np.zeros(1, sums.dtype)[0]
    for k in range(0, n_paired, 2):
        one, two = scores[k], scores[k + 1]
        p, stop = spans[k]
        while p + 4 <= stop:
            a, b, c, d = phi[p], phi[p + 1], phi[p + 2], phi[p + 3]
            oa, ob, oc, od = zero, zero, zero, zero
            ta, tb, tc, td = zero, zero, zero, zero
            for t in range(one.size):
                oa += one[t] * a[t]
                ob += one[t] * b[t]
                oc += one[t] * c[t]
                od += one[t] * d[t]
                ta += two[t] * a[t]
                tb += two[t] * b[t]
                tc += two[t] * c[t]
                td += two[t] * d[t]
            sums[k, p + 1] += oa
            sums[k, p + 2] += ob
            sums[k, p + 3] += oc
            sums[k, p + 4] += od
            sums[k + 1, p + 1] += ta
            sums[k + 1, p + 2] += tb
            sums[k + 1, p + 3] += tc
            sums[k + 1, p + 4] += td
            p += 4


@inner
def accumulate(scores, spans, phi, sums, n_paired):
    """Add responsibility times phi to the sums; n_paired of them have equal spans."""
    _accumulate_pairs(scores, spans, phi, sums, n_paired)
    zero = np.zeros(1, sums.dtype)[0]
    for k in range(scores.shape[0]):
        responsibility, weight = scores[k], zero
        for t in range(responsibility.size):
            weight += responsibility[t]
        sums[k, 0] += weight
        p, stop = _rest(spans[k], k < n_paired)
        while p + 2 <= stop:
            a, b, sa, sb = phi[p], phi[p + 1], zero, zero
            for t in range(responsibility.size):
                sa += responsibility[t] * a[t]
                sb += responsibility[t] * b[t]
            sums[k, p + 1] += sa
            sums[k, p + 2] += sb
            p += 2
        while p < stop:
            a, sa = phi[p], zero
            for t in range(responsibility.size):
                sa += responsibility[t] * a[t]
            sums[k, p + 1] += sa
            p += 1


@inner
def flush(partial, result):
    """Move sums in working precision over to float64."""
    for k in range(partial.shape[0]):
        for p in range(partial.shape[1]):
            result[k, p] += partial[k, p]
            partial[k, p] = 0


@inner
def choose(scores, n_classes, top, start, count, labels):
    """Fill in the class of the largest score of each row, the first of equal ones; top is lost."""
    for t in range(count):
        top[t] = scores[0, t]
        labels[start + t] = 0
    for k in range(1, n_classes):
        score = scores[k]
        for t in range(count):
            if score[t] > top[t]:
                top[t] = score[t]
                labels[start + t] = k
