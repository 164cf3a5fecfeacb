"""mclust's fourteen families as free numbers, written from their definition, and random scatters.

A covariance is volume x orientation diag(shape) orientationᵀ; three letters say which of the three
is the same for all components (E), each its own (V), or the identity (I).
"""

import numpy as np

from gmmkit.core.families import Moments, family

DIAGONAL = ("EII", "VII", "EEI", "VEI", "EVI", "VVI")
FOURTEEN = (*DIAGONAL, "EEE", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV", "VVV")
CONSTRAINED = tuple(name for name in FOURTEEN if name not in ("VVV", "VVI", "VII"))
# The families whose values are not bound to any form by what is stored.
FORMED = ("VEI", "EVI", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV")


def rotation(angles, d):
    """An orthogonal matrix from one angle for every pair of axes."""
    product, pairs = np.eye(d), [(a, b) for a in range(d) for b in range(a + 1, d)]
    for (a, b), angle in zip(pairs, angles, strict=True):
        turn = np.eye(d)
        turn[a, a] = turn[b, b] = np.cos(angle)
        turn[b, a], turn[a, b] = np.sin(angle), -np.sin(angle)
        product = product @ turn
    return product


def member(name, numbers, k, d):
    """The (K, D, D) covariances of a family that some free numbers stand for."""
    numbers = list(numbers)

    def taken(letter, size):
        if letter == "I":
            return [None] * k
        groups = [[numbers.pop(0) for _ in range(size)] for _ in range(k if letter == "V" else 1)]
        return groups * (1 if letter == "V" else k)

    volumes = taken(name[0], 1)
    shapes = taken(name[1], d - 1)
    turns = taken(name[2], d * (d - 1) // 2)
    assert not numbers
    covariances = []
    for volume, shape, angles in zip(volumes, shapes, turns, strict=True):
        logs = np.zeros(d) if shape is None else np.array([*shape, -sum(shape)])
        axes = np.eye(d) if angles is None else rotation(angles, d)
        covariances.append((axes * np.exp(volume[0] + logs)) @ axes.T)
    return np.array(covariances)


def random_member(name, k, d, random, spread=0.7):
    """Random covariances (K, D, D) of a family, symmetric to the last bit."""
    count = family(name).n_parameters(k, d)
    covariances = member(name, spread * random.standard_normal(count), k, d)
    return 0.5 * (covariances + covariances.swapaxes(1, 2))


def scatters(k, d, random, *, batch=()):
    """Random sums of squares (..., K, D, D) of very unlike components, and their counts."""
    counts = random.uniform(10, 60, (*batch, k))
    roots = random.standard_normal((*batch, k, d, d + 1))
    roots *= np.exp(random.normal(0, 0.7, (*batch, k, d, 1)))
    return counts[..., None, None] * roots @ roots.swapaxes(-1, -2), counts


def in_layout(scatter, kind):
    """Sums of squares as a family's pass gathers them."""
    if kind.moments is Moments.DIAGONAL:
        return np.diagonal(scatter, axis1=-2, axis2=-1)
    return scatter.sum(axis=-3) if kind.moments is Moments.POOLED else scatter


def expected_log_likelihood(covariances, scatter, counts):
    """sum over k of -1/2 (n_k log|Sigma_k| + trace(Sigma_k^-1 S_k)): what an M-step maximizes."""
    return -0.5 * sum(
        n * np.linalg.slogdet(sigma)[1] + np.trace(np.linalg.solve(sigma, s))
        for n, sigma, s in zip(counts, covariances, scatter, strict=True)
    )
