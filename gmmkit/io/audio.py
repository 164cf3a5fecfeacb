"""The gate for recordings: a regular file, a format told by content, a length cap, then samples."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gmmkit.errors import (
    AudioError,
    AudioSizeError,
    AudioWarning,
    IncompleteAudioWarning,
    NoSpeechError,
    ParameterError,
)
from gmmkit.io.channels import ChannelSums, read_channel
from gmmkit.io.reading import checked_path, file_size, open_regular_file
from gmmkit.io.recording import Recording, array_blocks, check_samples, checked_rate
from gmmkit.io.samples import SAMPLE_PREFIX, sample_path
from gmmkit.io.sound import Block, Sound, open_sound

__all__ = ["Recording", "RecordingSource", "as_recording", "read_recording"]

RecordingSource = str | Path | tuple[npt.ArrayLike, int] | Recording

LONGEST_SECONDS = 4 * 3600.0
_MOST_BYTES = 8 << 30
# Four hours at 48 kHz, 2.8 GB in memory.
_MOST_SAMPLES = 4 * 3600 * 48_000
_ARRAY = "<array>"
_CLIPPED_SHARE = 0.05
# Decoders of compressed sound overshoot full scale; no recording does so by more than this.
_LARGEST_PEAK = 2.0


@dataclass(frozen=True)
class _Finding:
    """Something to say about a recording, and the warning to give with it if it is trouble."""

    text: str
    trouble: type[AudioWarning] | None = None


def read_recording(
    source: str | Path, *, channel: int | None = None, max_seconds: float = LONGEST_SECONDS
) -> Recording:
    """Read one recording from a file, as one channel at the rate at which it was recorded.

    WAV (PCM, floating point, A-law and µ-law), FLAC, Ogg with Vorbis or Opus, MP3 and NIST SPHERE
    are told apart by content. Two channels are mixed, and a note says so; floating-point samples
    far beyond full scale are scaled to it.

    Parameters
    ----------
    source : str or Path
        A file, or ``sample:NAME`` for a recording that comes with gmmkit.
    channel : int, optional
        Which channel to take, counted from 0. With more than two it has to be said.
    max_seconds : float
        The longest recording accepted; where the header tells the length, before any decoding.

    Returns
    -------
    Recording

    Raises
    ------
    FileAccessError
        If the file is missing, unreadable or no regular file.
    AudioFormatError
        If it is none of the five formats.
    AudioSizeError
        If it has no samples, or is longer than `max_seconds`.
    NoSpeechError
        If every sample is the same.
    AudioError
        If it is damaged, compressed in another way, not finite, or has no such channel.

    Warns
    -----
    IncompleteAudioWarning
        If it holds less than its header promises.
    AudioWarning
        If more than 5 % of the samples are clipped, one of the channels that were mixed is silent,
        it ends in part of a sample, or its samples were scaled down. Each is among the notes too.

    Examples
    --------
    >>> recording = read_recording("sample:ana-1")
    >>> recording.sample_rate, recording.samples.dtype, round(recording.seconds)
    (16000, dtype('float32'), 6)
    """
    recording, findings = _read(source, channel, max_seconds)
    _warn_of(findings, str(source))
    return recording


def as_recording(source: RecordingSource, *, channel: int | None = None) -> Recording:
    """Return a recording from a file, from samples with their rate, or as it is.

    Parameters
    ----------
    source : str, Path, (samples, sample_rate) or Recording
        Samples are of shape (n,) or (n, n_channels): int16, int32, uint8 or floating point, full
        scale 1 for the last. They are copied, and treated as :func:`read_recording` treats a file.
    channel : int, optional
        Which channel to take, counted from 0.

    Returns
    -------
    Recording

    Raises
    ------
    AudioError
        As :func:`read_recording`, or if the array cannot be samples.
    ParameterError
        If the source is none of these, or the sample rate no whole number.

    Examples
    --------
    >>> import numpy as np
    >>> stereo = np.random.default_rng(0).uniform(-0.5, 0.5, (16000, 2))
    >>> as_recording((stereo, 16000)).notes
    ('mixed from 2 channels',)
    """
    if isinstance(source, Recording):
        _choose_channel(channel, 1, source.name)
        return source
    if isinstance(source, tuple):
        recording, findings = _from_array(source, channel)
        _warn_of(findings, _ARRAY)
        return recording
    recording, findings = _read(source, channel, LONGEST_SECONDS)
    _warn_of(findings, str(source))
    return recording


def _read(
    source: str | Path, channel: int | None, max_seconds: float
) -> tuple[Recording, list[_Finding]]:
    _check_arguments(channel, max_seconds)
    path = _resolve(source)
    label = str(path)
    with open_regular_file(path) as stream:
        _check_file_size(file_size(stream), label)
        with open_sound(stream, label) as sound:
            _check_length(sound.n_frames or 0, sound.sample_rate, max_seconds, label)
            chosen = _choose_channel(channel, sound.n_channels, label)
            samples, sums = read_channel(_capped(sound, max_seconds, label), chosen, label)
    _check_constant(samples, label)
    findings = [*_incomplete(sound, len(samples)), *_judge(samples, sums, chosen, sound.n_channels)]
    return _recording(samples, sound.sample_rate, path.name, sound.n_channels, findings), findings


def _from_array(
    source: tuple[npt.ArrayLike, int], channel: int | None
) -> tuple[Recording, list[_Finding]]:
    _check_arguments(channel, LONGEST_SECONDS)
    if len(source) != 2:
        raise _source_error(f"a tuple of {len(source)}")
    sample_rate = checked_rate(source[1], "the array")
    frames = check_samples(source[0], "the array")
    n_channels = frames.shape[1]
    _check_length(len(frames), sample_rate, LONGEST_SECONDS, "the array")
    chosen = _choose_channel(channel, n_channels, "the array")
    samples, sums = read_channel(array_blocks(frames), chosen, "the array")
    _check_constant(samples, "the array")
    findings = _judge(samples, sums, chosen, n_channels)
    return _recording(samples, sample_rate, _ARRAY, n_channels, findings), findings


def _recording(
    samples: npt.NDArray[np.float32],
    sample_rate: int,
    name: str,
    n_channels: int,
    findings: Iterable[_Finding],
) -> Recording:
    notes = tuple(finding.text for finding in findings)
    return Recording(samples, sample_rate, name, n_channels, notes)


def _warn_of(findings: Iterable[_Finding], label: str) -> None:
    for finding in findings:
        if finding.trouble is not None:
            warnings.warn(finding.trouble(f"{label}: {finding.text}"), stacklevel=3)


def _judge(
    samples: npt.NDArray[np.float32], sums: ChannelSums, chosen: int | None, n_channels: int
) -> list[_Finding]:
    """Return what there is to say of the samples, scaling them in place if they need it."""
    findings = _channel_findings(sums, chosen, n_channels)
    peak = max(float(samples.max()), -float(samples.min()))
    clipped = float(sums.clipped.max())
    if peak > _LARGEST_PEAK:
        samples /= np.float32(peak)
        text = f"scaled down: its largest sample is {peak:,.6g}, and full scale is 1"
        findings.append(_Finding(text, AudioWarning))
    elif clipped > _CLIPPED_SHARE:
        text = f"clipped: {100 * clipped:.0f} % of its samples lie at full scale; record it softer"
        findings.append(_Finding(text, AudioWarning))
    return findings


def _channel_findings(sums: ChannelSums, chosen: int | None, n_channels: int) -> list[_Finding]:
    if n_channels == 1:
        return []
    if chosen is not None:
        return [_Finding(f"channel {chosen} of {n_channels} taken")]
    silent = [
        _Finding(
            f"channel {index} is silent: name the other one, channel={1 - index}", AudioWarning
        )
        for index in sums.dead
    ]
    return [_Finding(f"mixed from {n_channels} channels"), *silent]


def _incomplete(sound: Sound, n_frames: int) -> list[_Finding]:
    findings: list[_Finding] = []
    if sound.lacks_end:
        text = "incomplete: it breaks off before the mark of its end"
        findings.append(_Finding(text, IncompleteAudioWarning))
    if n_frames < sound.promised_frames:
        found, promised = (count / sound.sample_rate for count in (n_frames, sound.promised_frames))
        text = f"incomplete: {found:,.2f} s of the {promised:,.2f} s that its header promises"
        findings.append(_Finding(text, IncompleteAudioWarning))
    if sound.stray_bytes:
        text = f"ends in part of a sample: {sound.stray_bytes} byte(s) left out"
        findings.append(_Finding(text, AudioWarning))
    return findings


def _capped(sound: Sound, max_seconds: float, label: str) -> Iterable[Block]:
    """Pass blocks on until they last too long, whatever the header says."""
    n_frames = 0
    for block in sound.blocks:
        n_frames += len(block)
        _check_length(n_frames, sound.sample_rate, max_seconds, label)
        yield block


def _check_length(n_frames: int, sample_rate: int, max_seconds: float, label: str) -> None:
    seconds = n_frames / sample_rate
    if seconds > max_seconds:
        raise AudioSizeError(
            f"{label} is too long",
            found=f"{seconds:,.1f} seconds or more",
            needed=f"at most {max_seconds:,g} seconds",
            hint="cut it into parts, or raise max_seconds",
        )
    if n_frames > _MOST_SAMPLES:
        raise AudioSizeError(
            f"{label} is too long at this sample rate",
            found=f"{n_frames:,} samples at {sample_rate:,} Hz or more",
            needed=f"at most {_MOST_SAMPLES:,}",
            hint="cut it into parts, or resample it to 16 kHz",
        )


def _check_file_size(size: int, label: str) -> None:
    if size > _MOST_BYTES:
        raise AudioSizeError(
            f"{label} is too large",
            found=f"a file of {size:,} bytes",
            needed=f"at most {_MOST_BYTES:,}",
            hint="cut it into parts",
        )


def _check_constant(samples: npt.NDArray[np.float32], label: str) -> None:
    if samples.min() == samples.max():
        raise NoSpeechError(
            f"{label} is silent throughout",
            found=f"{len(samples):,} samples, each {float(samples[0]):.4g}",
            needed="speech",
            hint="check the microphone, or take another channel",
        )


def _choose_channel(channel: int | None, n_channels: int, label: str) -> int | None:
    """Return which channel to take, None for the mean of two."""
    if channel is None and n_channels > 2:
        raise AudioError(
            f"{label} has {n_channels} channels",
            found="no choice among them",
            needed=f"the number of one, from 0 to {n_channels - 1}",
            hint="channel=0 (--channel 0)",
        )
    if channel is not None and channel >= n_channels:
        raise AudioError(
            f"{label} has no channel {channel}",
            found="one channel" if n_channels == 1 else f"{n_channels} channels",
            needed=f"a channel from 0 to {n_channels - 1}",
        )
    return channel


def _check_arguments(channel: int | None, max_seconds: float) -> None:
    whole = isinstance(channel, Integral) and not isinstance(channel, bool) and channel >= 0
    if channel is not None and not whole:
        raise ParameterError(
            "channel is not usable", found=repr(channel), needed="a whole number of at least 0"
        )
    if isinstance(max_seconds, bool) or not isinstance(max_seconds, Real) or not max_seconds > 0:
        raise ParameterError(
            "max_seconds is not usable", found=repr(max_seconds), needed="a number above 0"
        )


def _resolve(source: str | Path) -> Path:
    if isinstance(source, str) and source.startswith(SAMPLE_PREFIX):
        return sample_path(source, kind="recording")
    if not isinstance(source, (str, Path)):
        raise _source_error(type(source).__name__)
    return checked_path(source)


def _source_error(found: str) -> ParameterError:
    return ParameterError(
        "this is no recording",
        found=found,
        needed="a path, (samples, sample_rate) or a Recording",
        hint="pass samples together with their rate: (samples, 16000)",
    )
