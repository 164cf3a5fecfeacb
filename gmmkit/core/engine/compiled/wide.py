"""Compiled: what stands around the products of many components, each row's numbers along memory.

Of many components few have a share in any one row. What all others together have there is less
than the rounding of the largest share, and is left out: exact as far as the precision tells.

Notation as in fused.py; phi here has a column of ones before the features.
"""

import math

import numpy as np

from gmmkit.core.compiling import entry, inner
from gmmkit.core.engine.compiled.exponential import exponential

# Components are looked through in so many groups: k and k + 32 are in the same one.
GROUPS = 32


@entry
def expand(rows, origin, inverse_scale, full, phi):
    """Fill phi (n, 1 + P) with ones, z = (x - origin) / scale, and their squares or products."""
    n_features = rows.shape[1]
    for t in range(len(rows)):
        feature = phi[t]
        feature[0] = 1
        for d in range(n_features):
            feature[1 + d] = (rows[t, d] - origin[d]) * inverse_scale[d]
        z, products = feature[1 : 1 + n_features], feature[1 + n_features :]
        if not full:
            for d in range(n_features):
                products[d] = z[d] * z[d]
            continue
        q = 0
        for a in range(n_features):
            for b in range(a, n_features):
                products[q + b - a] = z[a] * z[b]
            q += n_features - a


@inner
def _fold(row, scratch):
    """Fill scratch's first numbers with the largest of each group, halving what is left to see."""
    size = GROUPS
    while 2 * size < row.size:
        size *= 2
    rest = row.size - size
    for k in range(rest):
        scratch[k] = max(row[k], row[size + k])
    for k in range(rest, size):
        scratch[k] = row[k]
    while size > GROUPS:
        size //= 2
        for k in range(size):
            scratch[k] = max(scratch[k], scratch[size + k])


@entry
def find_largest(scores, telling, groups, top):
    """Fill in the largest score of every row (n,), and of its groups (n, GROUPS).

    Returns how many groups in all reach `telling`, a negative number, below their row's largest.
    """
    scratch, found = np.empty(scores.shape[1], scores.dtype), 0
    for t in range(len(scores)):
        _fold(scores[t], scratch)
        own, largest = groups[t], scratch[0]
        for g in range(GROUPS):
            own[g] = scratch[g]
            largest = max(largest, own[g])
        top[t] = largest
        for g in range(GROUPS):
            found += own[g] >= largest + telling
    return found


@inner
def _telling(row, group, least, chosen):
    """Fill in which components of a row reach a score; return how many."""
    count = 0
    for g in range(GROUPS):
        if group[g] >= least:
            for k in range(g, row.size, GROUPS):
                chosen[count] = k
                count += row[k] >= least
    return count


@entry
def add_few(scores, telling, groups, top, weights, phi, sums):
    """Add weighted responsibilities times phi to the sums (K, 1 + P), of telling components alone.

    Returns the sum of w log p. Scores are used up.
    """
    chosen, log_likelihood = np.empty(scores.shape[1] + 1, np.intp), 0.0
    for t in range(len(scores)):
        row, feature, total = scores[t], phi[t], 0.0
        count = _telling(row, groups[t], top[t] + telling, chosen)
        for j in range(count):
            e = exponential(row[chosen[j]] - top[t])
            row[chosen[j]] = e
            total += e
        weight = 1.0 if weights is None else weights[t]
        log_likelihood += weight * (top[t] + math.log(total))
        for j in range(count):
            share, own = row.dtype.type(row[chosen[j]] * (weight / total)), sums[chosen[j]]
            for p in range(feature.size):
                own[p] += share * feature[p]
    return log_likelihood


@entry
def share_rows(scores, top, weights, phi):
    """Make products of both the sums of an M-step; return the sum of w log p.

    Scores (n, K) become exponentials relative to the row's largest, and a row of phi is multiplied
    by what turns those into weighted responsibilities.
    """
    log_likelihood = 0.0
    for t in range(len(scores)):
        row, feature, largest = scores[t], phi[t], top[t]
        total = row.dtype.type(0)
        for k in range(row.size):
            e = exponential(row[k] - largest)
            row[k] = e
            total += e
        weight = 1.0 if weights is None else weights[t]
        log_likelihood += weight * (largest + math.log(total))
        factor = row.dtype.type(weight / total)
        for p in range(feature.size):
            feature[p] *= factor
    return log_likelihood


@entry
def read_rows(scores, telling, groups, top, density, labels):
    """Fill in log densities (n,), or labels (n,), or both; none has length 0.

    Takes what find_largest says of the scores. The label is the first of the largest.
    """
    chosen = np.empty(scores.shape[1] + 1, np.intp)
    for t in range(len(scores)):
        row, group, largest = scores[t], groups[t], top[t]
        if labels.size:
            labels[t] = chosen[: _telling(row, group, largest, chosen)].min()
        if density.size:
            total = 0.0
            for j in range(_telling(row, group, largest + telling, chosen)):
                total += exponential(row[chosen[j]] - largest)
            density[t] = largest + math.log(total)
