"""Two recordings and no registry: is it the same voice?"""

from dataclasses import dataclass

import numpy as np

from gmmkit.io.audio import Recording, RecordingSource, as_recording
from gmmkit.speaker.background import BackgroundModel
from gmmkit.speaker.enrollment import enroll_one, hear
from gmmkit.speaker.notices import warn_of_test
from gmmkit.speaker.presets import DEFAULT, load_background
from gmmkit.speaker.recognition import VERIFICATION_POINT, Scores, banks_of, score


@dataclass(frozen=True)
class Comparison:
    """What two recordings say of their speakers.

    Attributes
    ----------
    llr : float or None
        Calibrated log-likelihood ratio, in nats, of one speaker to two; None without a
        calibration.
    same : bool or None
        Whether it is at or above the threshold; None without a calibration.
    score : float
        Normalized, not calibrated.
    seconds : tuple of float
        Of speech in either recording.
    threshold : float

    Examples
    --------
    >>> Comparison(llr=8.2, same=True, score=4.1, seconds=(4.2, 3.6), threshold=2.9).same
    True
    """

    llr: float | None
    same: bool | None
    score: float
    seconds: tuple[float, float]
    threshold: float


def compare(
    first: RecordingSource,
    second: RecordingSource,
    *,
    background: BackgroundModel | None = None,
    threshold: float | None = None,
) -> Comparison:
    """Tell whether two recordings are of the same voice.

    Each is enrolled and the other scored, and the two answers are averaged, so that the order of
    the recordings does not matter.

    Parameters
    ----------
    first, second : path, (samples, sample_rate) or Recording
    background : BackgroundModel, optional
        The default is the shipped one.
    threshold : float, optional
        As in :meth:`gmmkit.speaker.Registry.verify`.

    Raises
    ------
    AudioError
        If a recording cannot be read, or holds under one second of speech.

    Warns
    -----
    AudioWarning
        If one holds under three seconds of speech, or may be no speech.

    Examples
    --------
    >>> from gmmkit.speaker.presets import load_background
    >>> fast = load_background("fast")
    >>> compare("sample:ana-1", "sample:ana-2", background=fast).same
    True
    """
    model = load_background(DEFAULT) if background is None else background
    sounds = as_recording(first), as_recording(second)
    ways = [_one_way(*pair, model) for pair in (sounds, sounds[::-1])]
    limit = VERIFICATION_POINT.threshold if threshold is None else float(threshold)
    llr = None
    if model.calibration is not None:
        llr = float(np.mean([way.llr for way in ways]))
    return Comparison(
        llr=llr,
        same=None if llr is None else llr >= limit,
        score=float(np.mean([way.normalized for way in ways])),
        seconds=(ways[1].seconds, ways[0].seconds),
        threshold=limit,
    )


def _one_way(enrolled: Recording, test: Recording, background: BackgroundModel) -> Scores:
    models = banks_of(background, [enroll_one(enrolled, background)])
    heard = hear(test, background)
    warn_of_test(heard.name, heard.seconds, heard.doubts, stacklevel=5)
    return score(heard, background, models)
