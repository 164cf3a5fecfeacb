"""Whatever a file or an array holds, the answer is a sound recording or a typed error."""

import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recordings import (
    RATE,
    encoded,
    extensible_format,
    int16_bytes,
    sphere_file,
    tone,
    wave_file,
    wave_format,
)

from gmmkit.errors import AudioWarning, InputError
from gmmkit.io.audio import as_recording, read_recording

SHORT = tone(0.1)
SEEDS = {
    "wav": wave_file(int16_bytes(SHORT)),
    "extensible": wave_file(int16_bytes(SHORT), extensible_format()),
    "float": wave_file(SHORT.astype("<f4").tobytes(), wave_format(tag=3, bits=32)),
    "sphere": sphere_file(int16_bytes(SHORT)),
    "flac": encoded("FLAC", SHORT),
    "vorbis": encoded("OGG", SHORT, subtype="VORBIS"),
    "opus": encoded("OGG", SHORT, subtype="OPUS"),
}
mutated = settings(
    max_examples=60,
    deadline=2000,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@st.composite
def damages(draw, payload):
    """A file with some bytes changed, mostly of its header, and perhaps cut."""
    damaged = bytearray(payload)
    for _ in range(draw(st.integers(1, 6))):
        limit = draw(st.sampled_from([48, 128, len(damaged)])) - 1
        damaged[draw(st.integers(0, min(limit, len(damaged) - 1)))] = draw(st.integers(0, 255))
    if draw(st.booleans()):
        del damaged[draw(st.integers(0, len(damaged))) :]
    return bytes(damaged)


@pytest.mark.parametrize("kind", SEEDS)
@mutated
@given(data=st.data())
def test_a_damaged_file_is_refused_or_read_as_finite_samples(tmp_path, kind, data):
    path = tmp_path / "voice.wav"
    path.write_bytes(data.draw(damages(SEEDS[kind])))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AudioWarning)
        try:
            recording = read_recording(path)
        except InputError:
            return
    assert recording.samples.dtype == np.float32
    assert recording.samples.ndim == 1
    assert len(recording.samples) > 0
    assert np.isfinite(recording.samples).all()
    assert np.abs(recording.samples).max() <= 2.0


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**20),
    st.integers(2, 300),
    st.sampled_from([1, 2]),
    st.sampled_from(["PCM_16", "PCM_24", "FLOAT"]),
)
def test_a_file_and_its_array_are_the_same_recording(seed, n_frames, n_channels, subtype):
    integers = np.random.default_rng(seed).integers(-20_000, 20_000, (n_frames, n_channels))
    sound = (integers / 32768).astype(np.float32)
    payload = encoded("WAV", sound, subtype=subtype)
    from_array = as_recording((integers.astype(np.int16), RATE))
    np.testing.assert_array_equal(_read(payload).samples, from_array.samples)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**20), st.sampled_from([3.0, 1e3, 1e6, 1e30]))
def test_a_huge_gain_changes_nothing_but_the_scale(seed, gain):
    sound = tone(0.05, peak=1.0, seed=seed).astype(np.float32)
    with pytest.warns(AudioWarning, match="scaled down"):
        recording = as_recording((sound * np.float32(gain), RATE))
    np.testing.assert_allclose(recording.samples, sound[:, 0], rtol=1e-5, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**20), st.permutations(range(2)))
def test_the_order_of_two_channels_does_not_matter(seed, order):
    sound = np.random.default_rng(seed).uniform(-0.9, 0.9, (200, 2))
    swapped = as_recording((sound[:, order], RATE))
    np.testing.assert_array_equal(swapped.samples, as_recording((sound, RATE)).samples)


def _read(payload):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "voice.wav"
        path.write_bytes(payload)
        return read_recording(path)
