"""What the front end hears: one channel of float32 samples at the rate that it works at."""

from dataclasses import dataclass
from math import gcd
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.errors import AudioError
from gmmkit.io.channels import read_channel
from gmmkit.io.recording import array_blocks, check_samples, checked_rate

Float32Array = npt.NDArray[np.float32]

LOWEST_RATE, HIGHEST_RATE = 1_000, 768_000
# Far above any scale that samples come in, and its square is far inside float32.
LARGEST_SAMPLE = 1e9
_LABEL = "the recording"


@dataclass(frozen=True, eq=False)
class Waveform:
    """One channel of samples, and what was done to get there.

    Parameters
    ----------
    samples : ndarray of shape (n,)
        float32; full scale is -1 to 1.
    sample_rate : int
        In Hz.
    source_rate : int
        The rate before resampling.
    notes : tuple of str
        Conversions that a person should know of.

    Examples
    --------
    >>> heard = as_waveform(np.zeros((800, 2), np.int16), 8000, target_rate=16000)
    >>> heard.samples.shape, heard.notes
    ((1600,), ('2 channels mixed', 'resampled from 8000 to 16000 Hz'))
    """

    samples: Float32Array
    sample_rate: int
    source_rate: int
    notes: tuple[str, ...] = ()


def as_waveform(samples: npt.ArrayLike, sample_rate: float, *, target_rate: int) -> Waveform:
    """Return samples as one channel of float32 at a rate.

    Parameters
    ----------
    samples : array_like of shape (n,) or (n, channels)
        Integers of 8, 16 or 32 bits, or floating point with full scale at -1 to 1. Two channels
        are averaged.
    sample_rate, target_rate : int
        In Hz.

    Returns
    -------
    Waveform

    Raises
    ------
    AudioError
        If the samples are no recording of one or two channels, are not finite, or two channels
        cancel each other, or the rate is out of range.
    ParameterError
        If the rate is no whole number.

    Examples
    --------
    >>> as_waveform(np.array([0, 16384], np.int16), 16000, target_rate=16000).samples.tolist()
    [0.0, 0.5]
    """
    rate = checked_rate(sample_rate, _LABEL)
    frames = check_samples(samples, _LABEL)
    mono = _mixed(frames)
    notes = [f"{frames.shape[1]} channels mixed"] if frames.shape[1] > 1 else []
    if rate != target_rate:
        mono = resample(mono, rate, target_rate)
        notes.append(f"resampled from {rate} to {target_rate} Hz")
    return Waveform(mono, target_rate, rate, tuple(notes))


def resample(samples: Float32Array, rate: int, target_rate: int) -> Float32Array:
    """Return one channel at another rate, band-limited, by the SoX resampler at high quality.

    Examples
    --------
    >>> resample(np.zeros(441, np.float32), 44100, 16000).shape
    (160,)
    """
    import soxr

    common = gcd(rate, target_rate)
    resampled = soxr.resample(samples, rate // common, target_rate // common, quality="HQ")
    return np.ascontiguousarray(resampled, dtype=np.float32)


def _mixed(frames: npt.NDArray[Any]) -> Float32Array:
    if frames.shape[1] > 2:
        raise AudioError(
            f"{_LABEL} has more channels than can be mixed",
            found=f"{frames.shape[1]} channels",
            needed="one or two",
            hint="choose one: samples[:, 0]",
        )
    samples, _ = read_channel(array_blocks(frames), None, _LABEL)
    peak = float(np.abs(samples).max())
    if peak > LARGEST_SAMPLE:
        raise AudioError(
            f"{_LABEL} is too loud to be one",
            found=f"values up to {peak:.3g}",
            needed="full scale at -1 to 1",
        )
    return samples
