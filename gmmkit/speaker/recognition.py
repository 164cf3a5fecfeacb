"""From frames to scores, and from scores to log-likelihood ratios that mean something.

Everything that compares a recording with people goes through here, so that the same pair gets the
same number wherever it is asked for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.core.execution import threads
from gmmkit.speaker.background import FEATURES, N_SCORES, BackgroundModel
from gmmkit.speaker.enrollment import Enrollment, Heard
from gmmkit.speaker.evaluation.operating_points import OperatingPoint
from gmmkit.speaker.score_normalization import registry_t_norm
from gmmkit.speaker.scoring import JudgedFrames, ModelBank, judged, log_likelihood_ratios

__all__ = ["FEATURES", "N_SCORES", "VERIFICATION_POINT", "Banks", "Scores", "banks_of"]

# How decidedly the better of a speaker's clean and noisy models wins, per nat and frame.
_SHARPNESS = 4.0
# Scoring fewer people than this takes less time than starting threads.
_FEWEST_FOR_THREADS = 200
# Verification's threshold unless told otherwise: one claim in twenty is true, errors cost the same.
VERIFICATION_POINT = OperatingPoint("default", 0.05)
# A ratio reaches log(N / share) for one of N people on a stranger's test in at most this share of
# tests, by Markov's inequality; in one of twenty, as measured on people held out.
_STRANGER_SHARE = 0.2

Banks = tuple[Mapping[str, ModelBank], ...]


@dataclass(frozen=True, eq=False)
class Scores:
    """One recording against everyone.

    Attributes
    ----------
    scores : ndarray of shape (S,)
        Log-likelihood ratios of a frame, fused over subsystems; comparable within a test only.
    normalized : ndarray of shape (S,)
        Relative to what others score on this test.
    llr : ndarray of shape (S,), or None
        Calibrated, in nats; None without a calibration.
    seconds : float
        Of speech in the recording.
    """

    scores: Float64Array
    normalized: Float64Array
    llr: Float64Array | None
    seconds: float

    @property
    def ranked_by(self) -> Float64Array:
        """What people are ranked by: the ratios, or the normalized scores without any."""
        return self.normalized if self.llr is None else self.llr


def banks_of(background: BackgroundModel, enrollments: Iterable[Enrollment]) -> Banks:
    """Return the models of some enrollments, by subsystem and condition."""
    offsets = [_single(enrollment.offsets(background.relevance)) for enrollment in enrollments]
    return tuple(
        {
            condition: ModelBank.of(subsystem.ubm, [of[index][condition] for of in offsets])
            for condition in background.conditions
        }
        for index, subsystem in enumerate(background.subsystems)
    )


def _single(
    offsets: tuple[Mapping[str, Float64Array], ...],
) -> list[dict[str, npt.NDArray[np.float32]]]:
    return [{name: each.astype(np.float32) for name, each in of.items()} for of in offsets]


def score(
    heard: Heard,
    background: BackgroundModel,
    banks: Banks,
    *,
    counted: npt.NDArray[np.bool_] | None = None,
    n_threads: int | None = None,
) -> Scores:
    """Return the scores of one recording against everyone in the banks.

    Parameters
    ----------
    heard : Heard
    background : BackgroundModel
    banks : Banks
    counted : ndarray of bool, shape (S,), optional
        As in :func:`gmmkit.speaker.score_normalization.registry_t_norm`.
    n_threads : int, optional
    """
    return score_in_parts(heard, background, [banks], counted=counted, n_threads=n_threads)


def score_in_parts(
    heard: Heard,
    background: BackgroundModel,
    parts: Iterable[Banks],
    *,
    counted: npt.NDArray[np.bool_] | None = None,
    n_threads: int | None = None,
) -> Scores:
    """Return what `score` would of all the parts' people, with one part in memory at a time."""
    ready = ready_to_score(heard, background)
    enrolled = np.concatenate([fused_scores(ready, part, n_threads=n_threads) for part in parts])
    cohort = fused_scores(ready, background.cohort_banks, n_threads=n_threads)
    return calibrated_scores(enrolled, cohort, heard.seconds, background, counted)


def ready_to_score(heard: Heard, background: BackgroundModel) -> list[JudgedFrames]:
    """Return a recording's frames with the components that each subsystem judges them by."""
    return [
        judged(frames, subsystem.ubm, scorer=subsystem.scorer)
        for frames, subsystem in zip(heard.frames, background.subsystems, strict=True)
    ]


def calibrated_scores(
    enrolled: Float64Array,
    cohort: Float64Array,
    seconds: float,
    background: BackgroundModel,
    counted: npt.NDArray[np.bool_] | None = None,
) -> Scores:
    """Return fused scores with what the cohort and the calibration make of them."""
    normalized = registry_t_norm(enrolled, cohort, counted=counted)
    llr = None
    if background.calibration is not None:
        llr = background.calibration.apply(features_of(enrolled, normalized, seconds))
    return Scores(enrolled, normalized, llr, seconds)


def features_of(
    scores: Float64Array, normalized: Float64Array, seconds: float | Float64Array
) -> Float64Array:
    """Return what a calibration reads, (S, 3): see ``FEATURES``.

    Examples
    --------
    >>> features_of(np.array([0.5]), np.array([2.0]), 1.0).tolist()
    [[0.5, 2.0, 0.0]]
    """
    columns = np.broadcast_arrays(scores, normalized, np.log(seconds))
    return np.stack(columns, axis=-1)


def fused_scores(
    frames: Sequence[JudgedFrames], banks: Banks, *, n_threads: int | None = None
) -> Float64Array:
    """Return the mean over subsystems of each speaker's score, whichever model it is nearer to."""
    pairs = [(heard, bank) for heard, of in zip(frames, banks, strict=True) for bank in of.values()]
    few = pairs[0][1].n_speakers < _FEWEST_FOR_THREADS
    with threads(1 if few else n_threads) as executor:
        each = list(executor.map(lambda pair: log_likelihood_ratios(*pair, n_threads=1), pairs))
    n_conditions = len(banks[0])
    starts = range(0, len(each), n_conditions)
    by_subsystem = [_soft_maximum(each[start : start + n_conditions]) for start in starts]
    return np.asarray(np.mean(by_subsystem, axis=0))


def _soft_maximum(scores: Sequence[Float64Array]) -> Float64Array:
    """Return log mean exp of the conditions' scores, sharpened.

    The log of the mean likelihood over conditions, if frames that depend on each other so much
    that only a few of a test's count as separate evidence were all there is.
    """
    stacked = _SHARPNESS * np.asarray(scores)
    return np.asarray((np.logaddexp.reduce(stacked, axis=0) - log(len(stacked))) / _SHARPNESS)


def identification_threshold(n_enrolled: int, share: float = _STRANGER_SHARE) -> float:
    """Return the ratio, in nats, from which on the best of N people gets a test.

    A calibrated ratio is at or above a threshold t for a wrong person with a probability of at most
    exp(-t), and for any of N wrong ones of at most N exp(-t). At log(N / share) that is `share`.

    Parameters
    ----------
    n_enrolled : int
    share : float
        The largest share of strangers' tests that may get a name, where the calibration holds.

    Examples
    --------
    >>> round(identification_threshold(10), 3)
    3.912
    """
    return log(max(n_enrolled, 1) / share)
