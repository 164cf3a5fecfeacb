"""Mixtures, rows and Hypothesis strategies that many tests share, and plain-loop oracles.

The oracles are written from the equations, one row and one component at a time, with
numpy.linalg alone: slow, and independent of everything that they are compared with.
"""

import math
from dataclasses import dataclass

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from gmmkit import Covariance, Mixture, Noise
from gmmkit.core.families import Moments
from gmmkit.core.statistics import unpack_symmetric

FAMILIES = ("full", "tied", "diag", "spherical")

# The same examples in every run: a property that fails does so for everyone.
stable = settings(deadline=None, derandomize=True, max_examples=25)


def positive_definite(random, d, *, condition=10.0):
    """A random (D, D) covariance of about unit size with that condition number."""
    vectors, _ = np.linalg.qr(random.standard_normal((d, d)))
    eigenvalues = np.geomspace(1.0, 1.0 / condition, d)
    covariance = (vectors * eigenvalues) @ vectors.T
    return (covariance + covariance.T) / 2


def make_covariance(family, k, d, random, *, condition=10.0):
    """A random covariance value of a family."""
    spread = np.geomspace(1.0, 1.0 / condition, d)
    if family == "full":
        matrices = [positive_definite(random, d, condition=condition) for _ in range(k)]
        return Covariance(family, matrices)
    if family == "tied":
        return Covariance(family, positive_definite(random, d, condition=condition))
    if family == "diag":
        return Covariance(family, [random.permutation(spread) for _ in range(k)])
    return Covariance(family, random.uniform(0.3, 2.0, k))


def make_mixture(
    family="full", k=3, d=2, *, seed=0, spread=2.0, offset=0.0, condition=10.0, noise=None
):
    """A random mixture with means about `offset`, `spread` deviations apart."""
    random = np.random.default_rng(seed)
    weights = random.dirichlet(np.full(k, 5.0))
    means = offset + spread * random.standard_normal((k, d))
    covariance = make_covariance(family, k, d, random, condition=condition)
    if noise is None:
        return Mixture(weights, means, covariance)
    return Mixture(weights * (1 - noise), means, covariance, Noise(noise, -d * math.log(8.0)))


def blobs(n=120, d=2, k=3, *, seed=0, separation=6.0):
    """Rows from k round clusters of different sizes and widths, in random order."""
    random = np.random.default_rng(seed)
    centers = separation * random.standard_normal((k, d))
    labels = random.integers(k, size=n)
    return centers[labels] + random.uniform(0.5, 1.5, k)[labels, None] * random.standard_normal(
        (n, d)
    )


def log_joint_oracle(rows, mixture):
    """log(w_k N(x; mu_k, Sigma_k)) by the formula, one row and one component at a time."""
    joint = np.empty((len(rows), mixture.n_components))
    for k in range(mixture.n_components):
        covariance = mixture.covariances[k]
        sign, log_determinant = np.linalg.slogdet(2 * np.pi * covariance)
        assert sign == 1
        for n, row in enumerate(np.asarray(rows, dtype=np.float64)):
            deviation = row - mixture.means[k]
            distance = deviation @ np.linalg.solve(covariance, deviation)
            joint[n, k] = math.log(mixture.weights[k]) - (log_determinant + distance) / 2
    return joint


def posterior_oracle(rows, mixture):
    """Responsibilities (N, K) and log densities (N,) by Bayes' rule on the formula's values."""
    joint = log_joint_oracle(rows, mixture)
    if mixture.noise is not None:
        constant = math.log(mixture.noise.weight) + mixture.noise.log_density
        joint = np.column_stack([joint, np.full(len(joint), constant)])
    log_density = np.array([log_sum_exp(row) for row in joint])
    responsibilities = np.exp(joint - log_density[:, None])
    return responsibilities[:, : mixture.n_components], log_density


def log_sum_exp(values):
    """log of the sum of exponentials, about the largest."""
    top = max(values)
    return top + math.log(math.fsum(math.exp(value - top) for value in values))


@dataclass(frozen=True)
class Sums:
    """What an expectation step has to add up, second moments as (K, D, D) always."""

    log_likelihood: float
    weight: np.ndarray
    first: np.ndarray
    second: np.ndarray
    noise_weight: float


def sums_oracle(rows, mixture, weights=None, *, origin=None):
    """The weighted sums of r, r (x - o) and r (x - o)(x - o)ᵀ, row by row."""
    k, d = mixture.means.shape
    rows = np.asarray(rows, dtype=np.float64)
    weights = np.ones(len(rows)) if weights is None else weights
    origins = np.broadcast_to(np.zeros(d) if origin is None else origin, (k, d))
    responsibilities, log_density = posterior_oracle(rows, mixture)
    first, second, weight = np.zeros((k, d)), np.zeros((k, d, d)), np.zeros(k)
    for n, row in enumerate(rows):
        for j in range(k):
            share, z = weights[n] * responsibilities[n, j], row - origins[j]
            weight[j] += share
            first[j] += share * z
            second[j] += share * np.outer(z, z)
    noise = float(weights @ (1 - responsibilities.sum(axis=1)))
    return Sums(float(weights @ log_density), weight, first, second, noise)


def dense_second(statistics):
    """Second moments of statistics as (K, D, D), (D, D) if pooled, or (K, D) if diagonal."""
    if statistics.moments is Moments.DIAGONAL:
        return statistics.second
    return unpack_symmetric(statistics.second, statistics.first.shape[1])


def reduce_second(second, moments):
    """The oracle's (K, D, D) second moments in the layout of `moments`."""
    if moments is Moments.DIAGONAL:
        return np.diagonal(second, axis1=1, axis2=2)
    return second.sum(axis=0) if moments is Moments.POOLED else second


def assert_sums_agree(statistics, expected, *, rtol, atol=0.0):
    """Statistics hold the oracle's sums to a tolerance."""
    np.testing.assert_allclose(
        statistics.log_likelihood, expected.log_likelihood, rtol=rtol, atol=atol
    )
    np.testing.assert_allclose(statistics.weight, expected.weight, rtol=rtol, atol=atol)
    np.testing.assert_allclose(statistics.first, expected.first, rtol=rtol, atol=atol)
    second = reduce_second(expected.second, statistics.moments)
    np.testing.assert_allclose(dense_second(statistics), second, rtol=rtol, atol=atol)
    np.testing.assert_allclose(
        statistics.noise_weight, expected.noise_weight, rtol=rtol, atol=atol + 1e-12
    )


def families():
    """The names of the four families."""
    return st.sampled_from(FAMILIES)


@st.composite
def mixtures(draw, *, most_components=4, most_features=4):
    """Mixtures of any family, well to badly conditioned."""
    return make_mixture(
        draw(families()),
        draw(st.integers(1, most_components)),
        draw(st.integers(1, most_features)),
        seed=draw(st.integers(0, 2**20)),
        spread=draw(st.sampled_from([0.0, 0.5, 3.0, 20.0])),
        condition=draw(st.sampled_from([1.0, 10.0, 1e4])),
    )


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows worth fitting, with or without weights, and how many components to ask for."""

    rows: np.ndarray
    weights: np.ndarray | None
    n_components: int

    def __repr__(self):
        weighted = "unweighted" if self.weights is None else "weighted"
        return f"<{self.rows.shape} {weighted} rows, {self.n_components} components>"


@st.composite
def datasets(draw, *, most_components=4, weighted=None):
    """Clustered, overlapping, quantized or unequally scaled rows."""
    seed, d = draw(st.integers(0, 2**20)), draw(st.integers(1, 4))
    n = draw(st.sampled_from([30, 77, 200]))
    rows = blobs(n, d, draw(st.integers(1, 4)), seed=seed, separation=draw(separations()))
    if draw(st.booleans()):
        rows = rows * 10.0 ** np.random.default_rng(seed).uniform(-3, 3, d)
    if draw(st.booleans()):
        step = rows.std(axis=0) / 8
        rows = np.round(rows / step) * step
    has_weights = draw(st.booleans()) if weighted is None else weighted
    weights = np.random.default_rng(seed + 1).uniform(0.2, 3.0, n) if has_weights else None
    return Rows(rows, weights, draw(st.integers(1, most_components)))


def separations():
    """From one lump to well apart."""
    return st.sampled_from([0.5, 3.0, 10.0])


def make_record(name="ana", value=1.0, *, size=4, fingerprints=()):
    """A speaker's record whose numbers are all `value`."""
    from gmmkit.speaker.storage.record import Record

    arrays = {"weight": np.full(size, value), "first": np.full((size, 3), value, np.float32)}
    facts = {"seconds": float(value), "fingerprints": list(fingerprints)}
    return Record(name, arrays, np.full(8, value, np.float16), facts)


def voice(seconds=1.0, *, seed=0, rate=16_000):
    """Samples with what a front end looks for in speech: harmonics that glide, and syllables."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    pitch = random.uniform(90, 220) * (1 + 0.1 * np.sin(2 * np.pi * 0.7 * time))
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    tilt = random.uniform(0.6, 1.4)
    harmonics = sum(np.sin(n * phase) / n**tilt for n in range(1, 16))
    syllables = 0.03 + np.sin(np.pi * 2.5 * time) ** 4
    breath = 0.05 * random.standard_normal(len(time))
    return (0.1 * syllables * (harmonics + breath)).astype(np.float32)
