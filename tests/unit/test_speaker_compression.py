"""The laws that make numbers out of the energies of filters."""

import numpy as np
import pytest
from strategies import voice

from gmmkit.speaker import Frontend
from gmmkit.speaker.features.compression import logarithm, power_normalized


def energies(frames=200, filters=40, seed=0):
    """Energies that rise and fall as those of speech do, (filters, frames), float32."""
    random = np.random.default_rng(seed)
    loudness = 10 ** (2 * np.sin(np.arange(frames) / 7.0))
    return (loudness * random.gamma(2.0, size=(filters, frames))).astype(np.float32)


def moving_mean(values, width, axis):
    """The mean of each value and its neighbors, edges mirrored, one value after the other."""
    half = width // 2
    padding = [(0, 0), (0, 0)]
    padding[axis] = (half, half)
    padded = np.pad(values.astype(float), padding, mode="symmetric")
    count = values.shape[axis]
    return sum(np.take(padded, range(i, i + count), axis) for i in range(width)) / width


def test_the_logarithm_of_silence_is_finite():
    assert logarithm(np.zeros((1, 1), np.float32))[0, 0] == pytest.approx(np.log(1e-12))


def test_power_normalization_is_its_formula_written_out():
    e = energies()
    smooth = moving_mean(e, 5, axis=1)
    noise = np.percentile(smooth, 10, axis=1)[:, None]
    gain = moving_mean(np.maximum(smooth - noise, 0.01 * smooth) / smooth, 9, axis=0)
    expected = (e * gain / e.mean(dtype=float)) ** (1 / 15)
    np.testing.assert_allclose(power_normalized(e), expected, rtol=1e-4)


@pytest.mark.parametrize("gain", [1e-6, 1e6])
def test_power_normalization_does_not_hear_how_loud_a_recording_is(gain):
    e = energies()
    np.testing.assert_allclose(
        power_normalized(e * np.float32(gain)), power_normalized(e), rtol=1e-4
    )


def test_steady_noise_moves_power_normalized_values_less_than_logarithms():
    e = energies()
    noisy = e + np.percentile(e, 50, axis=1, keepdims=True)

    def moved(law):
        before, after = law(e), law(noisy)
        return np.abs(after - before).mean() / before.std()

    assert moved(power_normalized) < 0.75 * moved(logarithm)


def test_digital_silence_is_a_number():
    assert np.isfinite(power_normalized(np.zeros((40, 30), np.float32))).all()


def test_the_front_end_offers_it_by_name():
    frontend = Frontend(compression="power-normalized", normalization="none")
    assert np.isfinite(frontend(voice(), 16_000)).all()
    assert Frontend.from_contract(frontend.contract()) == frontend
