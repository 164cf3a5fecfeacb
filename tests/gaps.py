"""Rows with missing cells, and what they say of a mixture by plain loops over rows."""

import numpy as np
from strategies import Sums, log_sum_exp, positive_definite

from gmmkit import Covariance, Mixture
from gmmkit.core.families import Moments, family

OTHER_FAMILIES = ("EII", "EEI", "VEI", "EVI", "VEE", "EVV", "VVE", "EVE", "EEV", "VEV")


def with_gaps(rows, share=0.3, *, seed=0):
    """The rows with cells missing completely at random."""
    random = np.random.default_rng(seed + 1000)
    return np.where(random.random(np.shape(rows)) < share, np.nan, rows)


def mixture_of(name, k=3, d=3, *, seed=0):
    """A random mixture of any family: what its M-step makes of random scatters."""
    random, kind = np.random.default_rng(seed), family(name)
    scatter = np.array([positive_definite(random, d) for _ in range(k)])
    if kind.moments is Moments.DIAGONAL:
        scatter = np.diagonal(scatter, axis1=1, axis2=2)
    values = kind.estimate(scatter, np.ones(k))
    weights = random.dirichlet(np.full(k, 5.0))
    return Mixture(weights, random.standard_normal((k, d)), Covariance(kind, values))


def allowed_by(labels, n_rows, n_components):
    """Which components each row may be from, (N, K), by labels with -1 for any."""
    allowed = np.ones((n_rows, n_components), bool)
    if labels is not None:
        for n, label in enumerate(labels):
            if label >= 0:
                allowed[n] = np.arange(n_components) == label
    return allowed


def gaussian(row, mean, covariance):
    """log N of the observed cells, and mean and covariance (D, D) of all cells given them."""
    seen, lost = np.flatnonzero(~np.isnan(row)), np.flatnonzero(np.isnan(row))
    whole, spread = np.where(np.isnan(row), mean, row), np.zeros((len(row), len(row)))
    inverse = np.linalg.inv(covariance[np.ix_(seen, seen)])
    deviation = row[seen] - mean[seen]
    slopes = covariance[np.ix_(lost, seen)] @ inverse
    whole[lost] = mean[lost] + slopes @ deviation
    spread[np.ix_(lost, lost)] = (
        covariance[np.ix_(lost, lost)] - slopes @ covariance[np.ix_(seen, lost)]
    )
    constant = np.linalg.slogdet(2 * np.pi * covariance[np.ix_(seen, seen)])[1] if len(seen) else 0
    return -0.5 * (constant + deviation @ inverse @ deviation), whole, spread


def partial_sums(rows, mixture, weights=None, *, labels=None, origin=None):
    """What an expectation step has to add up over incomplete rows, one at a time."""
    k, d = mixture.means.shape
    weights = np.ones(len(rows)) if weights is None else weights
    origin = np.zeros(d) if origin is None else origin
    origins, allowed = np.broadcast_to(origin, (k, d)), allowed_by(labels, len(rows), k)
    first, second, weight, log_likelihood = np.zeros((k, d)), np.zeros((k, d, d)), np.zeros(k), 0.0
    for n, row in enumerate(np.asarray(rows, dtype=np.float64)):
        found = [gaussian(row, mixture.means[j], mixture.covariances[j]) for j in range(k)]
        joint = np.array([np.log(mixture.weights[j]) + found[j][0] for j in range(k)])
        joint[~allowed[n]] = -np.inf
        log_density = log_sum_exp(joint)
        log_likelihood += weights[n] * log_density
        for j in range(k):
            share = weights[n] * np.exp(joint[j] - log_density)
            z = found[j][1] - origins[j]
            weight[j] += share
            first[j] += share * z
            second[j] += share * (np.outer(z, z) + found[j][2])
    return Sums(log_likelihood, weight, first, second, 0.0)
