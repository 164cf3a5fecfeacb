"""What version 1 of the front end gives, digit by digit: trained models depend on it.

A change of these numbers is a change of meaning, and needs another FRONTEND_VERSION.
"""

import numpy as np
import pytest

from gmmkit.speaker import Frontend
from gmmkit.speaker.features.frontend import FRONTEND_VERSION


def chirp(rate):
    """One second of 16-bit samples: half silence, half a chirp in noise, without random numbers."""
    i = np.arange(rate)
    time = i / rate
    noise = (i * i % 65_537 * 7_919 % 65_537) / 65_537 - 0.5
    sweep = np.sin(2 * np.pi * (200 * time + 1000 * time**2)) * np.sin(np.pi * 4 * time) ** 2
    samples = np.where(time < 0.5, 1e-3, 0.3) * (sweep + 0.05 * noise)
    return np.round(32_767 * samples).astype(np.int16)


PLAIN = {"activity": "none", "normalization": "none"}
COLUMNS = [0, 1, 2, 10, -41, -1]
CASES = {
    "cepstra": (Frontend(**PLAIN), 70, [-31.4601, -15.4884, -5.3406, -2.2856, 0.49, -0.1042]),
    "cepstra in silence": (
        Frontend(**PLAIN),
        20,
        [-101.6457, -12.5285, -1.8849, 2.0213, -0.2612, 0.024],
    ),
    "the default": (Frontend(), 20, [-0.6251, -0.3824, 0.9121, -0.6913, 1.4433, -0.9121]),
    "telephone": (
        Frontend.telephone(**PLAIN),
        70,
        [-22.659, -8.5013, -5.1964, 2.8038, -0.3551, 0.0069],
    ),
    "linear, by frame": (
        Frontend(filters="linear", preemphasize_over="frame", lifter=22.0, **PLAIN),
        70,
        [-23.1512, -13.9862, -8.3952, 27.5624, -1.5323, 0.3544],
    ),
    "HTK triangles": (
        Frontend(filters="mel-htk", **PLAIN),
        70,
        [-31.5054, -15.5467, -5.4008, -2.3451, 0.4799, -0.1007],
    ),
    "Slaney": (
        Frontend(filters="mel-slaney", **PLAIN),
        70,
        [-62.2178, -10.431, -5.664, -3.2041, 0.2844, 0.0308],
    ),
    "filters, cube root": (
        Frontend(n_cepstra=0, compression="root", **PLAIN),
        70,
        [0.0348, 0.0355, 0.0397, 0.0944, 0.0343, -0.0082],
    ),
    "power-normalized": (
        Frontend(compression="power-normalized", **PLAIN),
        70,
        [4.2502, -0.653, -0.2317, -0.1275, 0.0301, -0.0069],
    ),
    "sliding": (
        Frontend(normalization="sliding", normalization_window=0.3),
        20,
        [-0.9666, -0.7865, 1.2243, -0.4397, 1.2431, -0.9878],
    ),
    "warping in a window": (
        Frontend(normalization_window=0.3),
        20,
        [-0.8075, -0.7001, 1.2112, -0.3293, 1.2112, -0.9252],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_features_are_those_of_version_one(name):
    frontend, frame, expected = CASES[name]
    found = frontend(chirp(frontend.sample_rate), frontend.sample_rate)[frame, COLUMNS]
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_the_speech_of_version_one_is_the_second_half():
    speech = np.flatnonzero(Frontend().analyze(chirp(16_000), 16_000).speech)
    assert (len(speech), speech[0], speech[-1]) == (47, 50, 97)


def test_these_are_the_vectors_of_this_version():
    assert FRONTEND_VERSION == 1
