"""A Potts prior over neighboring pixels, applied to posteriors by mean-field iteration.

Neighboring pixels tend to be of one class (Geman & Geman 1984). In the mean-field approximation
(Zhang 1992) a pixel hears its neighbors' probabilities instead of their unknown labels.
"""

import numpy as np

from gmmkit.errors import ParameterError
from gmmkit.image.pixels import BoolArray, Float32Array

# Sweeps over the picture; also how far a pixel can hear, and so the halo of a tile.
ITERATIONS = 8
DEFAULT_SMOOTHNESS = 2.0
# Votes sum to at most 6.83, so that exp(10 · 6.83) is still a float32.
LARGEST_SMOOTHNESS = 10.0

_ROOT = np.float32(2**0.5)


def smooth(
    probabilities: Float32Array,
    smoothness: float = DEFAULT_SMOOTHNESS,
    *,
    mask: BoolArray | None = None,
    iterations: int = ITERATIONS,
) -> Float32Array:
    """Return posteriors in which neighbors pull each other toward a common class.

    With p the posteriors and S the smoothness, every iteration sets, for all pixels at once,

        q_k(i) proportional to p_k(i) exp(S * sum over the 8 neighbors j of w_ij q_k(j)),

    starting from q = p; w is 1 for the four nearest neighbors and 1/sqrt(2), the inverse of
    their distance, for the diagonal ones.

    Parameters
    ----------
    probabilities : ndarray of shape (K, H, W)
        float32, summing to one over K; read, not changed.
    smoothness : float
        S, the strength of the prior in nats a neighbor, from 0 (none: the same array comes back)
        to 10.
    mask : ndarray of shape (H, W), optional
        True where a pixel counts. The others neither vote nor change.
    iterations : int
        How many times; a pixel's result depends on pixels at most so far away.

    Returns
    -------
    ndarray of shape (K, H, W)
        float32, summing to one over K wherever a pixel counts.

    Raises
    ------
    ParameterError
        If the smoothness is out of range.

    References
    ----------
    S. Geman and D. Geman, "Stochastic relaxation, Gibbs distributions, and the Bayesian
    restoration of images", IEEE Trans. PAMI 6 (1984). J. Zhang, "The mean field theory in
    EM procedures for Markov random fields", IEEE Trans. Signal Processing 40 (1992).

    Examples
    --------
    >>> speck = np.full((2, 3, 3), [[[0.9]], [[0.1]]], np.float32)
    >>> speck[:, 1, 1] = 0.2, 0.8
    >>> smooth(speck, 1.0)[:, 1, 1].astype(float).round(3).tolist()
    [0.995, 0.005]
    """
    strength = check_smoothness(smoothness)
    if strength == 0 or iterations == 0:
        return probabilities
    scale = np.float32(strength) / _ROOT
    voters = probabilities.copy()
    if mask is not None:
        voters *= mask
    for _ in range(iterations):
        _iterate(voters, probabilities, scale, mask)
    if mask is not None:
        voters[:, ~mask] = probabilities[:, ~mask]
    return voters


def check_smoothness(smoothness: float) -> float:
    """Return the smoothness as a float, or raise ParameterError."""
    if isinstance(smoothness, bool) or not 0 <= smoothness <= LARGEST_SMOOTHNESS:
        raise ParameterError(
            "smoothness is out of range",
            found=repr(smoothness),
            needed=f"a number from 0 (none) to {LARGEST_SMOOTHNESS:g}",
        )
    return float(smoothness)


def _iterate(
    voters: Float32Array, prior: Float32Array, scale: np.float32, mask: BoolArray | None
) -> None:
    """Replace q by that of the next iteration, one class after the other.

    Excluded pixels stay 0, and so have no vote.
    """
    total = np.zeros(prior.shape[1:], dtype=np.float32)
    across = np.empty_like(total)
    for plane, own in zip(voters, prior, strict=True):
        votes = _vote(plane, across)
        votes *= scale
        np.exp(votes, out=votes)
        np.multiply(votes, own, out=plane)
        total += plane
    if mask is not None:
        total[~mask] = np.inf
    voters /= total


def _vote(plane: Float32Array, across: Float32Array) -> Float32Array:
    """Return sqrt(2) times the weighted sum over the 8 neighbors; beyond the border is nobody.

    The outer product of (1, sqrt(2), 1) with itself is 1 diagonally, sqrt(2) beside the center
    and 2 in it: sqrt(2) times the weights, once the center is taken out.
    """
    np.multiply(plane, _ROOT, out=across)
    across[:, :-1] += plane[:, 1:]
    across[:, 1:] += plane[:, :-1]
    votes = across * _ROOT
    votes[:-1] += across[1:]
    votes[1:] += across[:-1]
    votes -= plane
    votes -= plane
    return votes
