"""What is kept of a person: sums of statistics, to which more recordings only add."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from operator import add
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from gmmkit.core.adapt import mean_offsets, mean_statistics
from gmmkit.core.checks import Float64Array
from gmmkit.core.execution import threads
from gmmkit.core.statistics import SufficientStatistics
from gmmkit.errors import (
    AudioError,
    FeatureContractError,
    InputError,
    LittleSpeechError,
)
from gmmkit.io.audio import Recording, RecordingSource, as_recording
from gmmkit.speaker.background import CLEAN, NOISY, BackgroundModel
from gmmkit.speaker.degradation import noise_with_babble, with_noise
from gmmkit.speaker.features.analysis import analyze_recording
from gmmkit.speaker.features.frontend import Frontend
from gmmkit.speaker.features.waveform import as_waveform
from gmmkit.speaker.notices import warn_of_doubts

Float32Array = npt.NDArray[np.float32]

LEAST_SECONDS = 1.0
# What the noisy model hears, in dB of signal to noise.
NOISY_RATIOS = (15.0, 8.0)
_BABBLE_RATE = 16_000


@dataclass(frozen=True, eq=False)
class Heard:
    """A recording as all the subsystems hear it.

    Attributes
    ----------
    frames : tuple of ndarray of shape (n, D)
        One for each subsystem.
    seconds : float
        Of speech, as the first subsystem's front end finds it.
    name : str
    notes : tuple of str
        What was done to the recording.
    doubts : tuple of str
        Why it may be no recording of speech.
    """

    frames: tuple[Float32Array, ...]
    seconds: float
    name: str
    notes: tuple[str, ...]
    doubts: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Enrollment:
    """Statistics of someone's recordings under a background model.

    Attributes
    ----------
    statistics : tuple of mapping of str to SufficientStatistics
        For each subsystem, by condition; means only, about the UBM's means.
    seconds : float
        Of speech.
    fingerprints : tuple of str
        Digests of the recordings, to notice the same one again.
    doubts : tuple of str
        Why recordings may be no speech.

    Examples
    --------
    >>> (Enrollment((), 2.5, ("a1",)) + Enrollment((), 4.0, ("b2",))).fingerprints
    ('a1', 'b2')
    """

    statistics: tuple[Mapping[str, SufficientStatistics], ...]
    seconds: float
    fingerprints: tuple[str, ...]
    doubts: tuple[str, ...] = ()

    def __add__(self, other: "Enrollment") -> "Enrollment":
        summed = (
            MappingProxyType({condition: mine[condition] + theirs[condition] for condition in mine})
            for mine, theirs in zip(self.statistics, other.statistics, strict=True)
        )
        return Enrollment(
            tuple(summed),
            self.seconds + other.seconds,
            self.fingerprints + other.fingerprints,
            self.doubts + other.doubts,
        )

    def offsets(self, relevance: float) -> tuple[Mapping[str, Float64Array], ...]:
        """Return how far each subsystem's means move, (K, D) by condition."""
        return tuple(
            {
                condition: mean_offsets(statistics, relevance=relevance)
                for condition, statistics in of_subsystem.items()
            }
            for of_subsystem in self.statistics
        )


def hear(recording: Recording, background: BackgroundModel) -> Heard:
    """Return a recording's frames for every subsystem.

    Raises
    ------
    LittleSpeechError
        If there is under one second of speech.

    Examples
    --------
    >>> from gmmkit.speaker.presets import load_background
    >>> heard = hear(as_recording("sample:someone"), load_background("fast"))
    >>> heard.frames[0].shape[1], heard.seconds > 3
    (90, True)
    """
    return hear_with([subsystem.frontend for subsystem in background.subsystems], recording)


def hear_with(frontends: Sequence[Frontend], recording: Recording) -> Heard:
    """Return a recording's frames for some front ends; the first one counts the speech.

    Raises
    ------
    LittleSpeechError
        If there is under one second of speech.
    """
    with _naming(recording.name):
        analyses = [
            analyze_recording(frontend, recording.samples, recording.sample_rate)
            for frontend in frontends
        ]
    seconds = analyses[0].seconds_of_speech
    if seconds < LEAST_SECONDS:
        raise LittleSpeechError(
            f"{recording.name} holds too little speech",
            found=f"{seconds:.2f} s of speech in {recording.seconds:.2f} s",
            needed=f"at least {LEAST_SECONDS:g} s",
            hint="record a sentence or two",
        )
    notes = (*recording.notes, *analyses[0].notes)
    frames = tuple(each.frames for each in analyses)
    return Heard(frames, seconds, recording.name, notes, analyses[0].doubts)


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Say of which recording an error is."""
    try:
        yield
    except AudioError as error:
        raise error.reworded(problem=f"{name}: {error.problem}") from error


def enroll(recordings: Sequence[RecordingSource], background: BackgroundModel) -> Enrollment:
    """Return the enrollment of one person.

    Parameters
    ----------
    recordings : sequence of path, (samples, sample_rate) or Recording
        At least one; together ten seconds of speech or more make a good model.
    background : BackgroundModel

    Raises
    ------
    InputError
        If there are no recordings.
    AudioError
        If one cannot be read or holds under a second of speech.

    Warns
    -----
    AudioWarning
        If a recording may be no speech.

    Examples
    --------
    >>> from gmmkit.speaker.presets import load_background
    >>> ana = [f"sample:ana-{i}" for i in (1, 2, 3)]
    >>> round(enroll(ana, load_background("fast")).seconds)
    14
    """
    heard = [as_recording(source) for source in recordings]
    if not heard:
        raise InputError("nothing to enroll", needed="at least one recording")
    with threads() as executor:
        enrollments = list(executor.map(lambda each: enroll_one(each, background), heard))
    for enrollment in enrollments:
        warn_of_doubts(enrollment.doubts, stacklevel=4)
    return reduce(add, enrollments)


def enroll_one(recording: Recording, background: BackgroundModel) -> Enrollment:
    """Return the enrollment of one recording, however little speech beyond a second it holds."""
    by_condition, digest = {CLEAN: [hear(recording, background)]}, fingerprint(recording)
    if NOISY in background.conditions:
        copies = _noisy_copies(recording, background, digest)
        by_condition[NOISY] = [hear(copy, background) for copy in copies]
    statistics = tuple(
        MappingProxyType(
            {
                condition: mean_statistics(
                    np.concatenate([heard.frames[index] for heard in copies]), subsystem.ubm
                )
                for condition, copies in by_condition.items()
            }
        )
        for index, subsystem in enumerate(background.subsystems)
    )
    heard = by_condition[CLEAN][0]
    doubts = tuple(f"{recording.name}: {doubt}" for doubt in heard.doubts)
    return Enrollment(statistics, heard.seconds, (digest,), doubts)


def _noisy_copies(
    recording: Recording, background: BackgroundModel, digest: str
) -> Iterable[Recording]:
    """Yield the recording in noise; which noise depends on the recording's digest alone."""
    heard = as_waveform(recording.samples, recording.sample_rate, target_rate=_BABBLE_RATE)
    random = np.random.default_rng(int(digest[:16], 16))
    loop = background.babble.astype(np.float32) / np.float32(np.std(background.babble))
    for ratio in NOISY_RATIOS:
        start = int(random.integers(len(loop)))
        noise = noise_with_babble(np.resize(np.roll(loop, -start), len(heard.samples)), random)
        samples = with_noise(heard.samples, noise, ratio, _BABBLE_RATE)
        yield Recording(samples, _BABBLE_RATE, recording.name, 1, ())


def fingerprint(recording: Recording) -> str:
    """Return a digest of a recording's samples and rate, the same for the same sound.

    Examples
    --------
    >>> fingerprint(Recording(np.zeros(3, np.float32), 8000, "a", 1, ()))[:8]
    'bdd2d2dd'
    """
    digest = hashlib.sha256(str(recording.sample_rate).encode())
    digest.update(np.ascontiguousarray(recording.samples, "<f4").tobytes())
    return digest.hexdigest()


def enrollment_arrays(enrollment: Enrollment) -> dict[str, npt.NDArray[np.float32]]:
    """Return an enrollment's sums by name, in single precision, for keeping.

    Examples
    --------
    >>> enrollment_arrays(Enrollment((), 0.0, ()))
    {}
    """
    arrays = {}
    for index, of_subsystem in enumerate(enrollment.statistics):
        for condition, statistics in of_subsystem.items():
            arrays[f"{index}.{condition}.weight"] = statistics.weight.astype(np.float32)
            arrays[f"{index}.{condition}.first"] = statistics.first.astype(np.float32)
    return arrays


def enrollment_from_arrays(
    arrays: Mapping[str, npt.NDArray[np.floating]],
    background: BackgroundModel,
    *,
    seconds: float,
    fingerprints: Sequence[str],
) -> Enrollment:
    """Return the enrollment that `enrollment_arrays` took apart.

    Raises
    ------
    FeatureContractError
        If the arrays are not of this background model.
    """
    return Enrollment(
        tuple(
            MappingProxyType(
                {
                    condition: _kept(arrays, f"{index}.{condition}", subsystem.ubm.means)
                    for condition in background.conditions
                }
            )
            for index, subsystem in enumerate(background.subsystems)
        ),
        float(seconds),
        tuple(fingerprints),
    )


def _kept(
    arrays: Mapping[str, npt.NDArray[np.floating]], key: str, means: Float64Array
) -> SufficientStatistics:
    from gmmkit.core.units import Units

    weight, first = arrays.get(f"{key}.weight"), arrays.get(f"{key}.first")
    if (
        weight is None
        or first is None
        or first.shape != means.shape
        or weight.shape != means.shape[:1]
    ):
        raise FeatureContractError(
            "a speaker's statistics are not of this background model",
            found=f"{key}: {None if first is None else first.shape}",
            needed=f"{means.shape}",
        )
    return SufficientStatistics(
        log_likelihood=0.0,
        weight=weight.astype(np.float64),
        first=first.astype(np.float64),
        second=None,
        moments=None,
        units=Units.plain(means.shape[1]),
        origin=means,
    )
