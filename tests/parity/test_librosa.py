"""The same cepstra as librosa's, where it frames, windows and filters as the front end does.

`librosa.feature` is loaded in one test only, with what it takes to compile.
"""

import numpy as np
import pytest
from scipy.fft import dct
from strategies import voice

from gmmkit.speaker import Frontend
from gmmkit.speaker.features.cepstra import delta
from gmmkit.speaker.features.filters import BANKS, FilterBank

librosa = pytest.importorskip("librosa")

PLAIN = {"activity": "none", "normalization": "none", "deltas": 0, "remove_offset": False}


def librosa_edges(bank, *, htk):
    return librosa.mel_frequencies(bank.n_filters + 2, fmin=bank.low, fmax=bank.high, htk=htk)


def triangle_by_triangle(bank, edges):
    """Triangles of height one over Hz, one after the other."""
    return np.array(
        [
            np.interp(bank.bins, edges[i : i + 3], [0, 1, 0], left=0, right=0)
            for i in range(bank.n_filters)
        ]
    )


BANDS = [(40, 20, 7600, 512, 16000), (24, 300, 3400, 256, 8000), (26, 0, 8000, 1024, 16000)]


def make_bank(kind, band):
    n_filters, low, high, n_fft, rate = band
    return FilterBank(
        kind=kind, n_filters=n_filters, low=low, high=high, n_fft=n_fft, sample_rate=rate
    )


@pytest.mark.parametrize("band", BANDS)
def test_mel_filters_are_triangles_over_hertz_of_height_one(band):
    bank = make_bank("mel", band)
    expected = triangle_by_triangle(bank, librosa_edges(bank, htk=True))
    np.testing.assert_allclose(bank.weights(), expected, atol=1e-6)


@pytest.mark.parametrize("band", BANDS)
def test_slaney_filters_have_equal_areas(band):
    bank = make_bank("mel-slaney", band)
    edges = librosa_edges(bank, htk=False)
    expected = triangle_by_triangle(bank, edges) * 2 / (edges[2:] - edges[:-2])[:, None]
    np.testing.assert_allclose(bank.weights(), expected, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("kind", BANKS)
def test_filters_are_computed_once_and_cannot_be_changed(kind):
    bank = make_bank(kind, BANDS[0])
    assert bank.weights() is make_bank(kind, BANDS[0]).weights()
    with pytest.raises(ValueError, match="read-only"):
        bank.weights()[0, 0] = 1.0


def test_cepstra_are_those_of_librosa():
    from librosa.feature import melspectrogram

    samples = voice(2.0) + 1e-3 * np.random.default_rng(0).standard_normal(32000).astype("f4")
    energies = melspectrogram(
        y=samples,
        sr=16000,
        n_fft=512,
        hop_length=160,
        # librosa centers a shorter window in the transform, which moves the frame: 56 on each side.
        win_length=400,
        window=np.hamming(400),
        center=False,
        power=2.0,
        n_mels=40,
        fmin=20,
        fmax=7600,
        htk=True,
        norm=None,
    )
    expected = dct(np.log(energies + 1e-12), type=2, norm="ortho", axis=0)[:30].T
    found = Frontend(preemphasis=0.0, **PLAIN)(samples[56:], 16000)
    np.testing.assert_allclose(found[: len(expected)], expected, atol=1e-3)


def test_the_slope_is_a_least_squares_fit_away_from_the_edges():
    from scipy.signal import savgol_filter

    values = np.random.default_rng(0).normal(size=(3, 50)).astype(np.float32)
    expected = savgol_filter(values, 5, 1, deriv=1, axis=1)
    np.testing.assert_allclose(delta(values, 2)[:, 2:-2], expected[:, 2:-2], atol=1e-5)
