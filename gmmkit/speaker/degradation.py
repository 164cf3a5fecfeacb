"""Noise and channels put on clean speech, from a seed: so that models know them beforehand."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gmmkit.errors import InputError
from gmmkit.speaker.features.activity import frame_levels, within_range

Float32Array = npt.NDArray[np.float32]

BABBLE_TALKERS = 6
# Where the random equalizer has its knots: a microphone's and a room's coloring, from bass to hiss.
_LOWEST_KNOT, _HIGHEST_KNOT, _N_KNOTS = 100.0, 7500.0, 6
_LARGEST_GAIN = 9.0
_TAPS = 257
_SPEECH_RANGE = 30.0
_TINY = float(np.finfo(np.float32).tiny)


def speech_power(samples: Float32Array, sample_rate: int) -> float:
    """Return the mean square of the frames within 30 dB of the loudest.

    Examples
    --------
    >>> tone = np.sin(np.arange(16000, dtype=np.float32))
    >>> round(speech_power(tone, 16000), 2)
    0.5
    """
    length, hop = round(0.025 * sample_rate), round(0.010 * sample_rate)
    if len(samples) < length:
        raise InputError(
            "too short to measure its speech",
            found=f"{len(samples)} samples",
            needed=f"at least {length}",
        )
    levels = frame_levels(samples, length, hop)
    speech = levels[within_range(levels, _SPEECH_RANGE)]
    return float(np.mean(10 ** (speech / 10))) if len(speech) else 0.0


def babble(
    talkers: Sequence[Float32Array],
    n_samples: int,
    random: np.random.Generator,
    *,
    n_talkers: int = BABBLE_TALKERS,
) -> Float32Array:
    """Return people talking at once, of unit power.

    Parameters
    ----------
    talkers : sequence of ndarray
        One recording each; `n_talkers` of them are drawn and looped from a random place.
    n_samples : int
    random : Generator
    n_talkers : int

    Returns
    -------
    ndarray of shape (n_samples,)

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> voices = [random.normal(size=500).astype(np.float32) for _ in range(8)]
    >>> round(float((babble(voices, 1000, random) ** 2).mean()), 3)
    1.0
    """
    mixed = np.zeros(n_samples, np.float32)
    for index in random.choice(len(talkers), min(n_talkers, len(talkers)), replace=False):
        voice = talkers[int(index)]
        looped = np.resize(np.roll(voice, -int(random.integers(len(voice)))), n_samples)
        mixed += _unit_power(looped)
    return _unit_power(mixed)


def _unit_power(samples: Float32Array) -> Float32Array:
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    return np.asarray(samples / np.float32(np.sqrt(power) + _TINY))


def noise_with_babble(babbling: Float32Array, random: np.random.Generator) -> Float32Array:
    """Return equal powers of white noise and of a babble of unit power.

    Examples
    --------
    >>> noise_with_babble(np.ones(4, np.float32), np.random.default_rng(0)).shape
    (4,)
    """
    white = random.standard_normal(len(babbling), dtype=np.float32)
    return np.float32(np.sqrt(0.5)) * (white + babbling)


def with_noise(
    samples: Float32Array, noise: Float32Array, snr: float, sample_rate: int
) -> Float32Array:
    """Return samples with noise at a ratio, in dB, to the power of the frames that are speech.

    Examples
    --------
    >>> tone = np.sin(np.arange(16000, dtype=np.float32))
    >>> noisy = with_noise(tone, np.ones(16000, np.float32), 20.0, 16000)
    >>> round(float((noisy - tone).mean()), 4)
    0.0707
    """
    power = speech_power(samples, sample_rate) / 10 ** (snr / 10)
    return np.asarray(samples + np.float32(np.sqrt(power)) * _unit_power(noise))


def through_channel(
    samples: Float32Array, sample_rate: int, random: np.random.Generator
) -> Float32Array:
    """Return samples through a smooth random equalizer of up to 9 dB up or down.

    Examples
    --------
    >>> click = np.zeros(1000, np.float32)
    >>> click[500] = 1.0
    >>> through_channel(click, 16000, np.random.default_rng(0)).shape
    (1000,)
    """
    from scipy.signal import fftconvolve, firwin2

    half = sample_rate / 2
    knots = np.geomspace(_LOWEST_KNOT, min(_HIGHEST_KNOT, 0.95 * half), _N_KNOTS)
    gains = random.uniform(-_LARGEST_GAIN, _LARGEST_GAIN, _N_KNOTS)
    frequencies = np.linspace(0, half, 129)
    # Hearing is about logarithmic above some tens of Hz, and knots are to be as wide as it hears.
    decibels = np.interp(np.log(frequencies + 30), np.log(knots + 30), gains)
    taps = firwin2(_TAPS, frequencies, 10 ** (decibels / 20), fs=sample_rate)
    return np.asarray(fftconvolve(samples, taps, mode="same"), np.float32)
