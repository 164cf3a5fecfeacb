"""The compiled passes over one block of rows, and what is read of its scores.

Notation: z are working coordinates, phi the features of z beside the constant, theta the natural
parameters, so that log(w_k N_k) = theta[k, 0] + sum over p of theta[k, 1 + p] phi[p]. Each row of
theta only reads the features in its span. A tile holds some rows feature-major: the innermost loops
run over rows and vectorize. Rows past the end of a tile are zeros with responsibility zero.
"""

import numpy as np

from gmmkit.core.compiling import entry, inner
from gmmkit.core.engine.compiled.logarithm import logarithm
from gmmkit.core.engine.compiled.tiles import (
    accumulate,
    choose,
    copy,
    exponentiate,
    fill,
    flush,
    load,
    load_turned,
    log_density_sum,
    multiply,
    normalize,
    score,
    share,
)
from gmmkit.core.engine.compiled.vectors import use_widest_vectors
from gmmkit.core.engine.frame import TILE_BYTES

_TILES_PER_FLUSH = 16


@entry
def fused_pass(
    tiles, n_rows, weights, theta, spans, n_gaussians, n_classes, full, room, sums, result
):
    """Do the E-step and the sums of one block without ever storing its responsibilities.

    `tiles` (tiles, D, width) are `n_rows` coordinates as make_tiles lays them out. `theta`
    (R, 1 + P) is in their precision and `result` (R, 1 + P) in float64, added to. Row k of both
    reads the features from spans[k, 0] to spans[k, 1]. The first `n_gaussians` rows are components,
    those up to `n_classes` noise, and one past them, if any, what all Gaussians share. Returns the
    log likelihood in working units. `room` (1 + P + R, width) is scratch, and `sums` are zeros like
    `theta`.
    """
    use_widest_vectors()
    n_features, n_products, n_scores = tiles.shape[1], theta.shape[1] - 1, theta.shape[0]
    phi, scores = room[:n_products], room[n_products : n_products + n_scores]
    top, total = room[n_products + n_scores], room[n_products + n_scores + 1]
    n_grouped = n_classes - n_classes % 4
    log_likelihood = 0.0
    for tile in range(len(tiles)):
        start = tile * top.size
        count = min(top.size, n_rows - start)
        copy(tiles[tile], phi)
        multiply(phi, n_features, full)
        score(theta, spans, phi, scores, n_grouped)
        share(scores, n_gaussians, n_classes)
        exponentiate(scores, n_classes, top, total)
        log_likelihood += log_density_sum(top, total, start, count, weights)
        normalize(scores, n_gaussians, n_classes, total, start, count, weights)
        accumulate(scores, spans, phi, sums, n_grouped)
        if tile % _TILES_PER_FLUSH == _TILES_PER_FLUSH - 1 or tile + 1 == len(tiles):
            flush(sums, result)
    return log_likelihood


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
        fill(scratch, 0)
        for i in range(0 if dense else j, j + 1):
            deviation, factor = phi[i], factors[k, i if dense else 0, j]
            for t in range(score.size):
                scratch[t] += factor * deviation[t]
        for t in range(score.size):
            score[t] -= 0.5 * scratch[t] * scratch[t]


@entry
def fused_scores(
    rows,
    origin,
    inverse_scale,
    matrix,
    turning_room,
    theta,
    spans,
    n_gaussians,
    n_classes,
    full,
    blurred,
    constants,
    means,
    factors,
    room,
    density,
    labels,
):
    """Fill in log densities (n,) in working units, or labels (n,), or both; none has length 0.

    `rows` (n, D) are raw, moved in the precision of `origin`, and turned if `matrix` is not empty.
    Of the components `blurred` scores are taken about their means, from `constants`, `means` and
    `factors` as in centered_pass. `room` (2 + P + R + D, width) is scratch. The other arguments are
    those of fused_pass.
    """
    use_widest_vectors()
    n_features, n_products, n_scores = rows.shape[1], theta.shape[1] - 1, theta.shape[0]
    phi, scores = room[:n_products], room[n_products : n_products + n_scores]
    top, total = room[n_products + n_scores], room[n_products + n_scores + 1]
    deviations = room[n_products + n_scores + 2 :]
    n_grouped = n_classes - n_classes % 4
    for start in range(0, len(rows), top.size):
        count = min(top.size, len(rows) - start)
        if matrix.size:
            load_turned(rows, start, count, origin, inverse_scale, matrix, turning_room, phi)
        else:
            load(rows, start, count, origin, inverse_scale, phi)
        multiply(phi, n_features, full)
        score(theta, spans, phi, scores, n_grouped)
        share(scores, n_gaussians, n_classes)
        for k in blurred:
            fill(scores[k], constants[k])
            _deviate(phi[:n_features], means, k, deviations)
            _subtract_distance(deviations, factors, k, total, scores[k])
        if labels.size:
            choose(scores, n_classes, total, start, count, labels)
        if density.size:
            exponentiate(scores, n_classes, top, total)
            for t in range(count):
                density[start + t] = top[t] + logarithm(total[t])


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
        load(rows, start, count, origin, inverse_scale, z)
        for k in range(len(constants)):
            fill(scores[k], constants[k])
            if k < n_gaussians:
                _deviate(z, means, k, phi)
                _subtract_distance(phi, factors, k, scratch, scores[k])
        exponentiate(scores, len(constants), top, total)
        log_likelihood += log_density_sum(top, total, start, count, weights)
        normalize(scores, n_gaussians, len(constants), total, start, count, weights)
        for k in range(len(constants)):
            if k < n_gaussians:
                _deviate(z, means, k, phi)
                multiply(phi, rows.shape[1], full)
            accumulate(scores[k : k + 1], spans[k : k + 1], phi, result[k : k + 1], 0)
    return log_likelihood
