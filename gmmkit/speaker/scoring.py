"""Scores of many adapted models at once, as a few matrix products a recording.

With the UBM's component k at mean mu and variance v, and a speaker's mean moved by d, the log ratio
of the adapted component to the old one at a frame x is linear in x: (x - mu) d / v - d² / (2 v).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, check_count
from gmmkit.core.engine.leading import Indices, compiled_for, leading
from gmmkit.core.engine.scoring import Scorer
from gmmkit.core.execution import threads
from gmmkit.core.mixture import Mixture
from gmmkit.core.statistics import SufficientStatistics
from gmmkit.errors import ParameterError

Float32Array = npt.NDArray[np.float32]

# Reynolds (2000) found the five best components of each frame to be enough.
TOP_COMPONENTS = 5
# A component's ratio is held within e^-80 and e^80: beyond, single precision has no number for it,
# and one odd frame would decide for all.
_LARGEST_LOG_RATIO = np.float32(80.0)
# Frames and speakers at once: their ratios stay in cache.
_FRAMES_AT_ONCE = 1024
_SPEAKERS_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class ModelBank:
    """The adapted means of many speakers, ready to be scored together.

    Attributes
    ----------
    coefficients : ndarray of shape (K, D + 2, S)
        float32. For each component, what a frame's deviation from the UBM's mean, a one and a
        logarithm are multiplied by: the offset divided by the variance, minus half of the sum of
        squared offsets over variances, and one.
    """

    coefficients: Float32Array

    @classmethod
    def of(cls, ubm: Mixture, offsets: Sequence[npt.NDArray[np.floating]]) -> "ModelBank":
        """Return the bank of speakers whose means lie `offsets` (K, D) beside the UBM's.

        Examples
        --------
        >>> from gmmkit.core.covariance import Covariance
        >>> ubm = Mixture([1.0], [[0.0]], Covariance("diag", [[4.0]]))
        >>> ModelBank.of(ubm, [np.array([[2.0]])]).coefficients.ravel().tolist()
        [0.5, -0.5, 1.0]
        """
        k, d = ubm.means.shape
        precisions = _precisions(ubm).astype(np.float32)
        coefficients = np.ones((k, d + 2, len(offsets)), np.float32)
        stacked = np.array(offsets, np.float32).reshape(len(offsets), k, d)
        # One component at a time stays in cache while its speakers are laid side by side.
        for component in range(k):
            moved = stacked[:, component]
            slopes = moved * precisions[component]
            coefficients[component, :d] = slopes.T
            coefficients[component, d] = -0.5 * (slopes * moved).sum(axis=1)
        return cls(coefficients)

    @property
    def n_speakers(self) -> int:
        """How many models there are."""
        return int(self.coefficients.shape[2])

    def part(self, speakers: slice) -> "ModelBank":
        """Return the bank of some of the speakers, without copying."""
        return ModelBank(self.coefficients[:, :, speakers])


@dataclass(frozen=True, eq=False)
class JudgedFrames:
    """A recording's frames, with the UBM's components that each of them is judged by.

    Attributes
    ----------
    blocks : tuple
        For each block of frames how many there are, and the components chosen for them.
    n_frames : int
    """

    blocks: tuple[tuple[int, "_TopComponents"], ...]
    n_frames: int


@dataclass(frozen=True, eq=False)
class _TopComponents:
    """Pairs of a frame and one of its best components, sorted by component.

    `frames` says which frame, `inputs` (pairs, D + 2) what a bank's coefficients are multiplied
    by, and `starts` (K + 1) where each component's pairs begin.
    """

    frames: npt.NDArray[np.intp]
    inputs: Float32Array
    starts: npt.NDArray[np.intp]


def judged(
    frames: Float32Array,
    ubm: Mixture,
    *,
    top: int | None = TOP_COMPONENTS,
    scorer: Scorer | None = None,
) -> JudgedFrames:
    """Return frames made ready for any number of banks.

    Parameters
    ----------
    frames : ndarray of shape (n, D)
        Of one recording; at least one.
    ubm : Mixture
        Axis-aligned.
    top : int, optional
        How many of the UBM's components, the likeliest of each frame, both likelihoods run over;
        None for all of them, which is exact.
    scorer : Scorer, optional
        The UBM's, if it is at hand.

    Examples
    --------
    >>> judged(np.zeros((3, 1), np.float32), Mixture([1.0], [[0.0]], [[[1.0]]])).n_frames
    3
    """
    count = len(ubm.weights) if top is None else min(check_count(top, "top"), len(ubm.weights))
    scorer = Scorer.of(ubm) if scorer is None else scorer
    compiled = compiled_for(len(frames) * ubm.n_components)
    starts = range(0, len(frames), _FRAMES_AT_ONCE)
    blocks = (frames[start : start + _FRAMES_AT_ONCE] for start in starts)
    means = ubm.means.astype(np.float32)
    chosen = tuple(
        (len(block), _paired(block, means, *_judges(block, scorer, count, compiled=compiled)))
        for block in blocks
    )
    return JudgedFrames(chosen, len(frames))


def log_likelihood_ratios(
    frames: JudgedFrames, bank: ModelBank, *, n_threads: int | None = None
) -> Float64Array:
    """Return the mean log-likelihood ratio of a frame for every speaker, in nats.

    Parameters
    ----------
    frames : JudgedFrames
    bank : ModelBank
        Of the same UBM.
    n_threads : int, optional

    Returns
    -------
    ndarray of shape (S,)

    References
    ----------
    Reynolds, Quatieri and Dunn (2000), section 3.5.

    Examples
    --------
    >>> from gmmkit.core.covariance import Covariance
    >>> ubm = Mixture([1.0], [[0.0]], Covariance("diag", [[1.0]]))
    >>> bank = ModelBank.of(ubm, [np.array([[1.0]]), np.array([[-1.0]])])
    >>> frames = judged(np.array([[1.0]], np.float32), ubm)
    >>> log_likelihood_ratios(frames, bank).round(6).tolist()
    [0.5, -1.5]
    """

    def total(speakers: slice) -> Float64Array:
        part = bank.part(speakers)
        sums = (_sum_of_ratios(count, chosen, part) for count, chosen in frames.blocks)
        return np.asarray(np.sum(list(sums), axis=0))

    pieces = range(0, bank.n_speakers, _SPEAKERS_AT_ONCE)
    slices = [slice(start, start + _SPEAKERS_AT_ONCE) for start in pieces]
    with threads(1 if len(slices) < 2 else n_threads) as executor:
        totals = list(executor.map(total, slices))
    return np.asarray(np.concatenate([np.empty(0), *totals]) / frames.n_frames)


def linear_scores(
    statistics: SufficientStatistics, ubm: Mixture, offsets: Sequence[npt.NDArray[np.floating]]
) -> Float64Array:
    """Return linear scores from a test's statistics alone, a frame's worth each.

    Parameters
    ----------
    statistics : SufficientStatistics
        Of the test, about the UBM's means.
    ubm : Mixture
        Axis-aligned.
    offsets : sequence of ndarray of shape (K, D)
        One for each speaker.

    Returns
    -------
    ndarray of shape (S,)
        The sum of offset times first-order statistics over variance, divided by the frames.

    References
    ----------
    Glembek et al., "Comparison of scoring methods used in speaker recognition with joint factor
    analysis", ICASSP 2009, linear scoring.

    Examples
    --------
    >>> from gmmkit.core.adapt import mean_statistics
    >>> from gmmkit.core.covariance import Covariance
    >>> ubm = Mixture([1.0], [[0.0]], Covariance("diag", [[4.0]]))
    >>> linear_scores(mean_statistics([[1.0], [3.0]], ubm), ubm, [np.array([[2.0]])]).tolist()
    [1.0]
    """
    weighted = (statistics.first * _precisions(ubm)).ravel()
    supervectors = np.reshape(offsets, (len(offsets), -1)).astype(np.float64)
    return np.asarray(supervectors @ weighted / statistics.weight.sum())


def _precisions(ubm: Mixture) -> Float64Array:
    if not ubm.covariance.family.axis_aligned:
        raise ParameterError(
            "this model cannot be a universal background model",
            found=repr(ubm.covariance.family),
            needed="axis-aligned covariances, such as 'diag'",
        )
    return ubm.factors**2


def _judges(
    frames: Float32Array, scorer: Scorer, count: int, *, compiled: bool
) -> tuple[Indices, Float64Array]:
    """Return the components that frames are judged by, (n, C), and their log joint densities."""
    if count < scorer.mixture.n_components:
        return leading(scorer, frames, count, compiled=compiled)
    log_joint = scorer.log_joint(frames).T
    return np.broadcast_to(np.arange(count), log_joint.shape), log_joint


def _paired(
    frames: Float32Array, means: Float32Array, chosen: Indices, log_joint: Float64Array
) -> _TopComponents:
    """Pair frames with their chosen components (n, C), sorted by component."""
    log_shares = log_joint - np.logaddexp.reduce(log_joint, axis=1, keepdims=True)
    order = np.argsort(chosen, axis=None, kind="stable")
    components, rows = chosen.ravel()[order], order // chosen.shape[1]
    inputs = np.empty((len(rows), frames.shape[1] + 2), np.float32)
    inputs[:, :-2] = frames[rows] - means[components]
    inputs[:, -2] = 1.0
    inputs[:, -1] = log_shares.ravel()[order]
    return _TopComponents(rows, inputs, np.searchsorted(components, np.arange(len(means) + 1)))


def _sum_of_ratios(n_frames: int, chosen: _TopComponents, bank: ModelBank) -> Float64Array:
    """Return the sum over frames of log sum_k share_k exp(ratio_k), (S,)."""
    likelihoods = np.zeros((n_frames, bank.n_speakers), np.float32)
    for k, (start, stop) in enumerate(pairwise(chosen.starts)):
        if start == stop:
            continue
        # Some BLAS raise flags for what lies in a register beyond the end of a matrix.
        with np.errstate(invalid="ignore", over="ignore"):
            ratios = chosen.inputs[start:stop] @ bank.coefficients[k]
        np.clip(ratios, -_LARGEST_LOG_RATIO, _LARGEST_LOG_RATIO, out=ratios)
        np.exp(ratios, out=ratios)
        likelihoods[chosen.frames[start:stop]] += ratios
    np.log(likelihoods, out=likelihoods)
    return np.asarray(likelihoods.sum(axis=0, dtype=np.float64))
