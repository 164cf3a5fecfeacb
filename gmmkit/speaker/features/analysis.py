"""From a recording to rows: the steps of the front end, in their order."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gmmkit.errors import AudioError, NoSpeechError
from gmmkit.speaker.features.activity import ACTIVITIES, frame_levels
from gmmkit.speaker.features.cepstra import (
    cosine_transform,
    frames_of,
    power_spectra,
    preemphasize,
    with_deltas,
)
from gmmkit.speaker.features.compression import COMPRESSIONS
from gmmkit.speaker.features.normalization import NORMALIZATIONS
from gmmkit.speaker.features.waveform import Waveform, as_waveform

if TYPE_CHECKING:
    from gmmkit.speaker.features.frontend import Frontend

Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

# Spectra of this many frames stay in cache.
_FRAMES_AT_ONCE = 512
# The middle half of the frames of speech spreads over more; that of a tone or a fan over less.
_STEADY_DECIBELS = 1.0
_FEWEST_FRAMES_TO_JUDGE = 50


@dataclass(frozen=True, eq=False)
class Analysis:
    """What the front end made of a recording.

    Attributes
    ----------
    frames : ndarray of shape (n_speech, n_features)
        float32, one row a frame of speech.
    speech : ndarray of shape (n_frames,)
        Which of all frames are speech.
    times : ndarray of shape (n_speech,)
        The middle of each frame of speech, in seconds from the start.
    seconds_of_speech : float
        Frames of speech times the hop.
    seconds : float
        The whole recording.
    notes : tuple of str
        Conversions that a person should know of, such as resampling.
    doubts : tuple of str
        Why the recording may not be what the front end is for.

    Examples
    --------
    >>> from gmmkit.speaker.features.frontend import Frontend
    >>> samples = np.random.default_rng(0).normal(scale=0.1, size=4000)
    >>> Frontend().analyze(samples, sample_rate=16000).speech.shape
    (23,)
    """

    frames: Float32Array
    speech: BoolArray
    times: Float64Array
    seconds_of_speech: float
    seconds: float
    notes: tuple[str, ...]
    doubts: tuple[str, ...]


def analyze_recording(frontend: "Frontend", samples: npt.ArrayLike, sample_rate: float) -> Analysis:
    """Return what `Frontend.analyze` returns, without warning of the doubts."""
    heard = as_waveform(samples, sample_rate, target_rate=frontend.sample_rate)
    _check_length(frontend, heard)
    levels = frame_levels(heard.samples, frontend.frame_samples, frontend.hop_samples)
    speech = ACTIVITIES[frontend.activity](levels, frontend.activity_range)
    _check_speech(speech, levels)
    features = _features(frontend, heard.samples, speech)
    starts = np.flatnonzero(speech) * frontend.hop_samples
    return Analysis(
        frames=np.ascontiguousarray(features.T),
        speech=speech,
        times=(starts + frontend.frame_samples / 2) / frontend.sample_rate,
        seconds_of_speech=len(starts) * frontend.hop_samples / frontend.sample_rate,
        seconds=len(heard.samples) / frontend.sample_rate,
        notes=heard.notes,
        doubts=tuple(_doubts(frontend, heard, levels[speech])),
    )


def _features(frontend: "Frontend", samples: Float32Array, speech: BoolArray) -> Float32Array:
    """Return normalized features of the frames of speech, (n_features, n_speech)."""
    features = with_deltas(_statics(frontend, samples), frontend.deltas, frontend.delta_width)
    normalize = NORMALIZATIONS[frontend.normalization]
    if frontend.normalize_over == "all":
        return normalize(features, frontend.window_frames)[:, speech]
    return normalize(features[:, speech], frontend.window_frames)


def _statics(frontend: "Frontend", samples: Float32Array) -> Float32Array:
    """Return the cepstra of all frames, (n_cepstra, n_frames)."""
    if frontend.remove_offset:
        samples = samples - np.float32(samples.mean(dtype=np.float64))
    per_frame = frontend.preemphasize_over == "frame"
    emphasized = samples if per_frame else preemphasize(samples, frontend.preemphasis)
    frames = frames_of(emphasized, frontend.frame_samples, frontend.hop_samples)
    starts = range(0, len(frames), _FRAMES_AT_ONCE)
    blocks = (frames[start : start + _FRAMES_AT_ONCE] for start in starts)
    if per_frame:
        blocks = (preemphasize(block, frontend.preemphasis) for block in blocks)
    energies = np.concatenate([_energies(frontend, block) for block in blocks], axis=1)
    compressed = COMPRESSIONS[frontend.compression](energies)
    if frontend.n_cepstra == 0:
        return compressed
    return cosine_transform(frontend.n_filters, frontend.n_cepstra, frontend.lifter) @ compressed


def _energies(frontend: "Frontend", frames: Float32Array) -> Float32Array:
    power = power_spectra(frames, frontend.window, frontend.fft_length)
    energies: Float32Array = frontend.filter_bank.weights() @ power.T
    return energies


def _check_length(frontend: "Frontend", heard: Waveform) -> None:
    if len(heard.samples) < frontend.frame_samples:
        raise AudioError(
            "the recording is too short for one frame",
            found=f"{1000 * len(heard.samples) / heard.sample_rate:.1f} ms",
            needed=f"at least {1000 * frontend.frame_length:g} ms",
            hint="record a few seconds of speech",
        )


def _check_speech(speech: BoolArray, levels: Float64Array) -> None:
    if not speech.any():
        raise NoSpeechError(
            "nothing in the recording can be speech",
            found=f"{len(levels)} frames, the loudest at {levels.max():.0f} dB of full scale",
            needed="at least one frame of speech above -97 dB",
            hint="check that the microphone was on and the right channel was recorded",
        )


def _doubts(frontend: "Frontend", heard: Waveform, levels: Float64Array) -> Iterator[str]:
    """Say why a recording may not be what the front end is for; `levels` are those of speech."""
    if heard.source_rate / 2 < frontend.high_frequency:
        yield (
            f"recorded at {heard.source_rate} Hz: there is nothing above "
            f"{heard.source_rate / 2:g} Hz, where the front end listens up to "
            f"{frontend.high_frequency:g} Hz"
        )
    if len(levels) >= _FEWEST_FRAMES_TO_JUDGE:
        spread = float(np.subtract(*np.percentile(levels, [75, 25])))
        if spread < _STEADY_DECIBELS:
            yield (
                f"the level is as steady as that of a tone or a fan (half of the frames within "
                f"{spread:.1f} dB): this may be no speech, or speech under noise"
            )
