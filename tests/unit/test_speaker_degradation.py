"""Noise at the ratio that was asked for, and channels within their bounds."""

import numpy as np
import pytest
from strategies import voice

from gmmkit.errors import InputError
from gmmkit.speaker.degradation import (
    babble,
    noise_with_babble,
    speech_power,
    through_channel,
    with_noise,
)

RATE = 16_000


def power_oracle(samples, rate=RATE):
    """The variance of 25 ms frames, every 10 ms, within 30 dB of the loud ones, one by one."""
    length, hop = round(0.025 * rate), round(0.01 * rate)
    starts = range(0, len(samples) - length + 1, hop)
    powers = np.array([np.var(samples[s : s + length].astype(float)) for s in starts])
    levels = 10 * np.log10(powers + 1e-10)
    return powers[levels >= np.percentile(levels, 99) - 30].mean()


def white(n, seed=0):
    return np.random.default_rng(seed).standard_normal(n).astype(np.float32)


@pytest.mark.parametrize("rate", [8_000, RATE, 44_100])
def test_the_power_of_speech_is_that_of_its_louder_frames(rate):
    spoken = voice(1.0, rate=rate)
    padded = np.concatenate([np.zeros(rate, np.float32) + 1e-7, spoken])
    assert speech_power(padded, rate) == pytest.approx(power_oracle(padded, rate), rel=1e-3)
    assert speech_power(padded, rate) == pytest.approx(speech_power(spoken, rate), rel=0.1)


@pytest.mark.parametrize("ratio", [-5.0, 0.0, 8.0, 15.0, 40.0])
def test_noise_lies_as_many_decibels_below_the_speech_as_were_asked_for(ratio):
    spoken = voice(1.5)
    added = with_noise(spoken, white(len(spoken)), ratio, RATE).astype(float) - spoken
    found = 10 * np.log10(power_oracle(spoken) / np.mean(added**2))
    assert found == pytest.approx(ratio, abs=0.01)


@pytest.mark.parametrize("gain", [1e-3, 1.0, 1e3])
def test_the_loudness_of_the_noise_given_does_not_matter(gain):
    spoken, noise = voice(), white(RATE)
    found = with_noise(spoken, np.float32(gain) * noise, 10.0, RATE)
    np.testing.assert_allclose(found, with_noise(spoken, noise, 10.0, RATE), atol=1e-6)


def test_pauses_do_not_change_how_loud_the_noise_is():
    spoken = voice()
    paused = np.concatenate([spoken, np.full(3 * RATE, 1e-6, np.float32)])
    noise = white(len(paused))
    added = with_noise(paused, noise, 10.0, RATE) - paused
    beside = with_noise(spoken, noise[: len(spoken)], 10.0, RATE) - spoken
    assert np.std(added) == pytest.approx(np.std(beside), rel=0.05)


@pytest.mark.parametrize("n_talkers", [1, 3, 6])
def test_a_babble_has_unit_power_however_many_talk(n_talkers):
    talkers = [(seed + 1) * voice(0.3, seed=seed) for seed in range(8)]
    mixed = babble(talkers, RATE, np.random.default_rng(0), n_talkers=n_talkers)
    assert mixed.shape == (RATE,)
    assert mixed.dtype == np.float32
    assert np.mean(mixed.astype(float) ** 2) == pytest.approx(1.0, rel=1e-4)


def test_nobody_talks_louder_than_others_in_a_babble():
    """A talker ten thousand times louder in the file is as loud as the other in the mix."""
    near, far = np.ones(100, np.float32), 1e-4 * np.tile([1.0, -1.0], 50).astype(np.float32)
    mixed = babble([near, far], 400, np.random.default_rng(0))
    np.testing.assert_allclose(np.abs(mixed), np.where(mixed > 0.5, np.sqrt(2), 0), atol=1e-3)


def test_a_babble_of_fewer_talkers_than_wanted_takes_them_all():
    mixed = babble([voice(0.2)], 5000, np.random.default_rng(0), n_talkers=6)
    assert np.mean(mixed.astype(float) ** 2) == pytest.approx(1.0, rel=1e-4)


def test_half_of_the_noise_is_babble():
    babbling = np.ones(200_000, np.float32)
    mixed = noise_with_babble(babbling, np.random.default_rng(0))
    assert mixed.mean() == pytest.approx(np.sqrt(0.5), abs=0.01)
    assert mixed.var() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    "degrade",
    [
        lambda random: babble([voice(0.2, seed=s) for s in range(7)], 4000, random),
        lambda random: noise_with_babble(np.ones(4000, np.float32), random),
        lambda random: through_channel(voice(0.2), RATE, random),
    ],
)
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(degrade):
    first, again, other = (degrade(np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def response(seed, rate=RATE):
    """The gains in dB of a random channel, and their frequencies."""
    click = np.zeros(4096, np.float32)
    click[2048] = 1.0
    heard = through_channel(click, rate, np.random.default_rng(seed))
    gains = 20 * np.log10(np.abs(np.fft.rfft(heard.astype(float))))
    return np.fft.rfftfreq(len(click), 1 / rate), gains


@pytest.mark.parametrize("rate", [8_000, RATE])
@pytest.mark.parametrize("seed", range(8))
def test_a_channel_stays_within_nine_decibels(seed, rate):
    gains = response(seed, rate)[1]
    assert np.abs(gains).max() <= 9.2


def test_channels_color_speech_and_differ_from_each_other():
    gains = np.array([response(seed)[1] for seed in range(8)])
    assert np.ptp(gains, axis=1).min() > 3.0
    assert gains.std(axis=0).max() > 3.0


def test_a_channel_is_smooth_on_the_scale_on_which_speech_is_heard():
    frequencies, gains = response(3)
    octave = np.abs(np.interp(2 * frequencies[64:1024], frequencies, gains) - gains[64:1024])
    step = np.abs(np.diff(gains))
    assert step.max() < 0.1 * octave.max()


def test_a_channel_neither_moves_nor_lengthens_a_recording():
    click = np.zeros(1001, np.float32)
    click[500] = 1.0
    heard = through_channel(click, RATE, np.random.default_rng(4))
    assert heard.shape == click.shape
    assert heard.dtype == np.float32
    np.testing.assert_allclose(heard, heard[::-1], atol=1e-6)


def test_less_than_a_frame_has_no_power_of_speech():
    with pytest.raises(InputError, match="too short"):
        speech_power(np.ones(100, np.float32), RATE)
    with pytest.raises(InputError, match="needed at least 400"):
        with_noise(np.ones(100, np.float32), white(100), 10.0, RATE)
