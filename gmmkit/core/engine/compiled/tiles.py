"""Compiled: what is done to one tile of rows; innermost loops run over rows and vectorize.

Notation as in fused.py.
"""

import math

from gmmkit.core.compiling import inner
from gmmkit.core.engine.compiled.exponential import exponential

# The product of so many sums stays below the largest number for up to 32,768 classes.
_ROWS_PER_LOGARITHM = 64
# As many features of a tile as stay in the first cache beside the scores, in fours.
_FEATURES_IN_CACHE = 24


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
def load_turned(rows, start, count, origin, inverse_scale, matrix, room, phi):
    """Fill phi's first D features with W z, W lower triangular; float64 until it is stored.

    Columns that are nearly alike cancel in W z. `room` (D + 1, width) is scratch.
    """
    load(rows, start, count, origin, inverse_scale, room)
    turned = room[len(matrix)]
    for i in range(len(matrix)):
        fill(turned, 0)
        for j in range(i + 1):
            factor, coordinate = matrix[i, j], room[j]
            for t in range(turned.size):
                turned[t] += factor * coordinate[t]
        feature = phi[i]
        for t in range(turned.size):
            feature[t] = turned[t]


@inner
def copy(tile, phi):
    """Fill phi's first features with coordinates that are laid out like them."""
    for d in range(tile.shape[0]):
        own, feature = tile[d], phi[d]
        for t in range(feature.size):
            feature[t] = own[t]


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
def _score_one(theta, k, phi, p, stop, score):
    """Add theta times some features to one score, four features at a time."""
    while p + 4 <= stop:
        a, b, c, d = phi[p], phi[p + 1], phi[p + 2], phi[p + 3]
        ua, ub, uc, ud = theta[k, p + 1], theta[k, p + 2], theta[k, p + 3], theta[k, p + 4]
        for t in range(score.size):
            score[t] += ua * a[t] + ub * b[t] + uc * c[t] + ud * d[t]
        p += 4
    while p < stop:
        a, ua = phi[p], theta[k, p + 1]
        for t in range(score.size):
            score[t] += ua * a[t]
        p += 1


@inner
def _score_four(theta, k, phi, p, stop, scores):
    """Add theta times some features to four scores, four features at a time."""
    one, two, three, four = scores[k], scores[k + 1], scores[k + 2], scores[k + 3]
    of_one, of_two, of_three, of_four = theta[k], theta[k + 1], theta[k + 2], theta[k + 3]
    while p + 4 <= stop:
        a, b, c, d = phi[p], phi[p + 1], phi[p + 2], phi[p + 3]
        ua, ub, uc, ud = of_one[p + 1], of_one[p + 2], of_one[p + 3], of_one[p + 4]
        va, vb, vc, vd = of_two[p + 1], of_two[p + 2], of_two[p + 3], of_two[p + 4]
        wa, wb, wc, wd = of_three[p + 1], of_three[p + 2], of_three[p + 3], of_three[p + 4]
        xa, xb, xc, xd = of_four[p + 1], of_four[p + 2], of_four[p + 3], of_four[p + 4]
        for t in range(one.size):
            one[t] += ua * a[t] + ub * b[t] + uc * c[t] + ud * d[t]
            two[t] += va * a[t] + vb * b[t] + vc * c[t] + vd * d[t]
            three[t] += wa * a[t] + wb * b[t] + wc * c[t] + wd * d[t]
            four[t] += xa * a[t] + xb * b[t] + xc * c[t] + xd * d[t]
        p += 4


@inner
def _within(span, first, last):
    """Return what of a span lies between two features."""
    return max(span[0], first), min(span[1], last)


@inner
def _rest(span, first, last, grouped):
    """Return what of a span lies between two features and is not done by fours of components."""
    p, stop = _within(span, first, last)
    return (stop - (stop - p) % 4 if grouped else p), stop


@inner
def score(theta, spans, phi, scores, n_grouped):
    """Fill scores with theta times phi; n_grouped of them, from the first on, have equal spans."""
    for k in range(scores.shape[0]):
        fill(scores[k], theta[k, 0])
    for first in range(0, phi.shape[0], _FEATURES_IN_CACHE):
        last = first + _FEATURES_IN_CACHE
        for k in range(0, n_grouped, 4):
            p, stop = _within(spans[k], first, last)
            _score_four(theta, k, phi, p, stop, scores)
        for k in range(scores.shape[0]):
            p, stop = _rest(spans[k], first, last, k < n_grouped)
            _score_one(theta, k, phi, p, stop, scores[k])


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
    one = total.dtype.type(1)
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
def _add(sums, p, a, b, c, d):
    """Add to the sums of four features."""
    sums[p + 1] += a
    sums[p + 2] += b
    sums[p + 3] += c
    sums[p + 4] += d


@inner
def _add_one(score, phi, p, stop, sums):
    """Add responsibility times some features to the sums of one, four features at a time."""
    zero = sums.dtype.type(0)
    while p + 4 <= stop:
        a, b, c, d = phi[p], phi[p + 1], phi[p + 2], phi[p + 3]
        ua = ub = uc = ud = zero
        for t in range(score.size):
            ua += score[t] * a[t]
            ub += score[t] * b[t]
            uc += score[t] * c[t]
            ud += score[t] * d[t]
        _add(sums, p, ua, ub, uc, ud)
        p += 4
    while p < stop:
        a, ua = phi[p], zero
        for t in range(score.size):
            ua += score[t] * a[t]
        sums[p + 1] += ua
        p += 1


@inner
def _add_four(scores, k, phi, p, stop, sums):
    """Add responsibility times some features to the sums of four, four features at a time."""
    zero = sums.dtype.type(0)
    one, two, three, four = scores[k], scores[k + 1], scores[k + 2], scores[k + 3]
    while p + 4 <= stop:
        a, b, c, d = phi[p], phi[p + 1], phi[p + 2], phi[p + 3]
        ua = ub = uc = ud = zero
        va = vb = vc = vd = zero
        wa = wb = wc = wd = zero
        xa = xb = xc = xd = zero
        for t in range(one.size):
            ua += one[t] * a[t]
            ub += one[t] * b[t]
            uc += one[t] * c[t]
            ud += one[t] * d[t]
            va += two[t] * a[t]
            vb += two[t] * b[t]
            vc += two[t] * c[t]
            vd += two[t] * d[t]
            wa += three[t] * a[t]
            wb += three[t] * b[t]
            wc += three[t] * c[t]
            wd += three[t] * d[t]
            xa += four[t] * a[t]
            xb += four[t] * b[t]
            xc += four[t] * c[t]
            xd += four[t] * d[t]
        _add(sums[k], p, ua, ub, uc, ud)
        _add(sums[k + 1], p, va, vb, vc, vd)
        _add(sums[k + 2], p, wa, wb, wc, wd)
        _add(sums[k + 3], p, xa, xb, xc, xd)
        p += 4


@inner
def accumulate(scores, spans, phi, sums, n_grouped):
    """Add responsibility times phi to the sums; n_grouped of them have equal spans."""
    for k in range(scores.shape[0]):
        responsibility, weight = scores[k], sums.dtype.type(0)
        for t in range(responsibility.size):
            weight += responsibility[t]
        sums[k, 0] += weight
    for first in range(0, phi.shape[0], _FEATURES_IN_CACHE):
        last = first + _FEATURES_IN_CACHE
        for k in range(0, n_grouped, 4):
            p, stop = _within(spans[k], first, last)
            _add_four(scores, k, phi, p, stop, sums)
        for k in range(scores.shape[0]):
            p, stop = _rest(spans[k], first, last, k < n_grouped)
            _add_one(scores[k], phi, p, stop, sums[k])


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
