"""What a registry answers: who it may be, and whether it is who it is said to be."""

from dataclasses import dataclass

from gmmkit.speaker.recognition import Scores


@dataclass(frozen=True)
class Candidate:
    """Someone who may be the speaker of a recording.

    Attributes
    ----------
    name : str
    llr : float or None
        Calibrated log-likelihood ratio in nats; None without a calibration.
    accepted : bool or None
        Whether this is the answer, at most one of a list; None where nobody calibrated.
    score : float
        Normalized, not calibrated: not to be compared between registries.
    seconds : float
        Of speech in the recording.

    Examples
    --------
    >>> Candidate("ana", llr=8.2, accepted=True, score=4.1, seconds=3.6).name
    'ana'
    """

    name: str
    llr: float | None
    accepted: bool | None
    score: float
    seconds: float


@dataclass(frozen=True)
class Verification:
    """Whether a recording is of the person claimed.

    Attributes
    ----------
    llr : float or None
        Calibrated log-likelihood ratio in nats; None without a calibration.
    accepted : bool or None
        Whether it is at or above the threshold; None without a calibration.
    score : float
    seconds : float
        Of speech in the recording.
    threshold : float

    Examples
    --------
    >>> Verification(llr=-1.0, accepted=False, score=0.2, seconds=3.6, threshold=2.9).accepted
    False
    """

    llr: float | None
    accepted: bool | None
    score: float
    seconds: float
    threshold: float


def candidate(
    scores: Scores, index: int, name: str, threshold: float, *, is_best: bool
) -> Candidate:
    """Return one line of an identification; only the best scorer may be accepted."""
    return Candidate(
        name=name,
        llr=llr_at(scores, index),
        accepted=_reaches(scores, index, threshold, may=is_best),
        score=float(scores.normalized[index]),
        seconds=scores.seconds,
    )


def verification(scores: Scores, index: int, threshold: float) -> Verification:
    """Return the answer to one claim."""
    return Verification(
        llr=llr_at(scores, index),
        accepted=_reaches(scores, index, threshold, may=True),
        score=float(scores.normalized[index]),
        seconds=scores.seconds,
        threshold=threshold,
    )


def llr_at(scores: Scores, index: int) -> float | None:
    """Return one person's log-likelihood ratio, None without a calibration."""
    return None if scores.llr is None else float(scores.llr[index])


def _reaches(scores: Scores, index: int, threshold: float, *, may: bool) -> bool | None:
    if scores.llr is None:
        return None
    return bool(may and scores.llr[index] >= threshold)
