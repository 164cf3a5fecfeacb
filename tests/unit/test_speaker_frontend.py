"""The front end as one value: its options, its contract, and what it says about a recording."""

import dataclasses
import pickle
import subprocess
import sys

import numpy as np
import pytest
from strategies import voice

from gmmkit.errors import (
    AudioError,
    AudioWarning,
    FeatureContractError,
    NoSpeechError,
    ParameterError,
)
from gmmkit.speaker import Frontend

PLAIN = {"activity": "none", "normalization": "none"}


def test_the_default_has_ninety_columns():
    assert Frontend()(voice(), 16000).shape[1] == 90


def test_features_are_float32_rows_in_c_order():
    frames = Frontend()(voice(), 16000)
    assert frames.dtype == np.float32
    assert frames.flags.c_contiguous


def test_every_column_has_a_name_of_its_own():
    frontend = Frontend()
    assert len(set(frontend.feature_names)) == frontend.n_features == 90


def test_names_follow_the_order_of_cepstra_slopes_and_their_slopes():
    names = Frontend(n_cepstra=2).feature_names
    assert names == ("c0", "c1", "delta c0", "delta c1", "delta-delta c0", "delta-delta c1")


def test_no_cepstra_means_the_filters_themselves():
    frontend = Frontend(n_cepstra=0, deltas=0, n_filters=24, **PLAIN)
    assert frontend.feature_names[0] == "filter 1"
    assert frontend(voice(), 16000).shape[1] == 24


def test_frames_that_do_not_fit_are_left_out():
    assert len(Frontend(**PLAIN)(voice()[: 400 + 3 * 160 - 1], 16000)) == 3


def test_one_frame_is_enough():
    assert len(Frontend()(voice()[6400:6800], 16000)) == 1


def test_statics_are_the_equations_written_out():
    samples = voice(0.1).astype(np.float64)
    x = samples - samples.mean()
    y = x - 0.97 * np.concatenate([x[:1], x[:-1]])
    frame = y[160:560] * np.hamming(400)
    power = np.array(
        [abs(sum(frame * np.exp(-2j * np.pi * k * np.arange(400) / 512))) ** 2 for k in range(257)]
    )
    edges = 700 * (10 ** (np.linspace(*mels(20, 7600), 42) / 2595) - 1)
    bins = np.arange(257) * 16000 / 512
    bands = [
        sum(power * np.interp(bins, edges[i : i + 3], [0, 1, 0], left=0, right=0))
        for i in range(40)
    ]
    log = np.log(np.array(bands) + 1e-12)
    expected = [
        np.sqrt((1 if n == 0 else 2) / 40)
        * sum(log * np.cos(np.pi * n * (np.arange(40) + 0.5) / 40))
        for n in range(30)
    ]
    found = Frontend(deltas=0, **PLAIN)(samples, 16000)[1]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def mels(*frequencies):
    return [2595 * np.log10(1 + f / 700) for f in frequencies]


def test_slopes_are_those_of_all_frames_before_silence_is_dropped():
    samples = np.concatenate([voice(0.4), np.zeros(4000, np.float32), voice(0.4, seed=1)])
    everything = Frontend(**PLAIN)(samples, 16000)
    speech = Frontend(normalization="none").analyze(samples, 16000)
    assert not speech.speech.all()
    np.testing.assert_array_equal(speech.frames, everything[speech.speech])


def test_normalization_over_all_frames_comes_before_silence_is_dropped():
    samples = np.concatenate([voice(0.4), np.zeros(4000, np.float32)])
    options = {"normalization": "mean", "normalize_over": "all"}
    everything = Frontend(activity="none", **options)(samples, 16000)
    speech = Frontend(**options).analyze(samples, 16000)
    np.testing.assert_array_equal(speech.frames, everything[speech.speech])


def test_liftering_weights_the_cepstra_by_a_raised_sine():
    options = {"deltas": 0, **PLAIN}
    plain = Frontend(**options)(voice(), 16000)
    weights = 1 + 11 * np.sin(np.pi * np.arange(30) / 22)
    lifted = Frontend(lifter=22.0, **options)(voice(), 16000)
    np.testing.assert_allclose(lifted, plain * weights, rtol=1e-4, atol=1e-4)


def test_preemphasis_by_frame_differs_in_the_first_sample_of_each_frame_alone():
    options = {"preemphasis": 0.9, "window": "rectangular", "deltas": 0, **PLAIN}
    samples = voice(0.1)
    samples[159] = samples[160]
    by_frame = Frontend(preemphasize_over="frame", **options)(samples, 16000)
    over_all = Frontend(**options)(samples, 16000)
    np.testing.assert_allclose(by_frame[1], over_all[1], rtol=1e-4, atol=1e-4)
    assert np.abs(by_frame[2] - over_all[2]).max() > 1e-3


def test_the_cube_root_has_the_third_of_the_logarithm():
    options = {"n_cepstra": 0, "deltas": 0, **PLAIN}
    root = Frontend(compression="root", **options)(voice(), 16000)
    log = Frontend(**options)(voice(), 16000)
    np.testing.assert_allclose(3 * np.log(root[10:20]), log[10:20], atol=1e-3)


def test_an_analysis_says_which_frames_are_speech_and_when():
    samples = np.concatenate([np.zeros(16000, np.float32), voice(1.0)])
    analysis = Frontend().analyze(samples, 16000)
    assert analysis.speech.shape == (198,)
    assert len(analysis.frames) == len(analysis.times) == analysis.speech.sum()
    assert analysis.times[0] > 0.98
    assert analysis.seconds == 2.0
    assert analysis.seconds_of_speech == pytest.approx(0.01 * analysis.speech.sum())


def test_times_are_the_middles_of_frames():
    times = Frontend(**PLAIN).analyze(voice(), 16000).times
    np.testing.assert_allclose(times[:2], [0.0125, 0.0225])


def test_the_telephone_works_at_its_rate_and_band():
    frontend = Frontend.telephone()
    assert (frontend.sample_rate, frontend.low_frequency, frontend.high_frequency) == (
        8000,
        300,
        3400,
    )
    assert frontend(voice(rate=8000), 8000).shape[1] == frontend.n_features == 60


def test_presets_can_be_changed():
    assert Frontend.telephone(n_cepstra=12).n_cepstra == 12
    assert Frontend.wideband(deltas=0) == Frontend(deltas=0)


def test_equal_options_make_equal_front_ends():
    assert Frontend(n_fft=512) == Frontend()
    assert hash(Frontend(n_fft=512)) == hash(Frontend())
    assert Frontend(n_fft=1024) != Frontend()


def test_a_front_end_can_be_sent_to_another_process():
    assert pickle.loads(pickle.dumps(Frontend.telephone())) == Frontend.telephone()


@pytest.mark.parametrize(
    "frontend",
    [
        Frontend(),
        Frontend.telephone(),
        Frontend(n_fft=1024, normalization_window=3.0, filters="linear", activity="two-gaussian"),
    ],
)
def test_a_contract_leads_back_to_its_front_end(frontend):
    assert Frontend.from_contract(frontend.contract()) == frontend


def test_a_contract_names_every_option_and_the_version():
    names = {each.name for each in dataclasses.fields(Frontend)}
    contract = Frontend().contract()
    assert contract.keys() == names | {"frontend_version"}
    assert all(type(value) in (str, int, float, bool) for value in contract.values())


@pytest.mark.parametrize(
    "change",
    [
        {"frontend_version": 2},
        {"frontend_version": None},
        {"dither": 1.0},
        {"n_filters": "40"},
        {"n_cepstra": 41},
        {"filters": "bark"},
    ],
)
def test_a_contract_that_cannot_be_kept_is_refused(change):
    with pytest.raises(FeatureContractError):
        Frontend.from_contract(Frontend().contract() | change)


def test_a_contract_without_an_option_is_refused():
    contract = Frontend().contract()
    del contract["lifter"]
    with pytest.raises(FeatureContractError, match="lifter"):
        Frontend.from_contract(contract)


@pytest.mark.parametrize(
    "options",
    [
        {"sample_rate": 0},
        {"sample_rate": 16000.0},
        {"sample_rate": True},
        {"frame_length": 0.0},
        {"frame_length": float("nan")},
        {"frame_length": 2.0},
        {"hop_length": 0.0},
        {"hop_length": "10"},
        {"preemphasis": 1.5},
        {"preemphasize_over": "word"},
        {"remove_offset": 1},
        {"window": "kaiser"},
        {"n_fft": 256},
        {"filters": "bark"},
        {"filters": ["mel"]},
        {"n_filters": 0},
        {"low_frequency": -1.0},
        {"low_frequency": 7600.0},
        {"high_frequency": 8001.0},
        {"compression": "none"},
        {"n_cepstra": 41},
        {"n_cepstra": -1},
        {"lifter": -1.0},
        {"deltas": 3},
        {"deltas": True},
        {"delta_width": 0},
        {"activity": "neural"},
        {"activity_range": 0.0},
        {"normalization": "rasta"},
        {"normalization_window": 0.0},
        {"normalization": "none", "normalization_window": 3.0},
        {"normalize_over": "silence"},
    ],
)
def test_an_option_out_of_range_is_refused_by_name(options):
    with pytest.raises(ParameterError) as refused:
        Frontend(**options)
    named = ("filters", *options)
    assert any(name in refused.value.problem for name in named)
    assert refused.value.needed


def test_half_the_sample_rate_bounds_the_filters_and_the_telephone_is_proposed():
    with pytest.raises(ParameterError, match=r"telephone"):
        Frontend(sample_rate=8000)


def test_filters_between_two_bins_are_refused():
    with pytest.raises(ParameterError, match="n_fft=512"):
        Frontend(n_filters=300, n_cepstra=20)(voice(), 16000)


def test_a_recording_shorter_than_a_frame_is_refused_with_the_least_length():
    with pytest.raises(AudioError, match=r"24\.9 ms.*at least 25 ms"):
        Frontend()(voice()[:399], 16000)


@pytest.mark.parametrize("activity", ["energy", "two-gaussian", "none"])
@pytest.mark.parametrize("level", [0.0, 0.5, 1e-7])
def test_silence_with_or_without_an_offset_holds_no_speech(activity, level):
    with pytest.raises(NoSpeechError) as refused:
        Frontend(activity=activity)(np.full(16000, level), 16000)
    assert refused.value.code == "audio.no_speech"


def test_a_recording_without_the_band_of_the_filters_is_warned_of_and_used():
    with pytest.warns(AudioWarning, match=r"recorded at 4000 Hz.*above 2000 Hz.*up to 7600 Hz"):
        frames = Frontend()(voice(rate=4000), 4000)
    assert np.isfinite(frames).all()


@pytest.mark.parametrize("kind", ["tone", "noise"])
def test_a_sustained_tone_or_noise_is_warned_of(kind):
    time = np.arange(32000) / 16000
    noise = np.random.default_rng(0).normal(scale=0.1, size=32000)
    samples = np.sin(2 * np.pi * 440 * time) if kind == "tone" else noise
    with pytest.warns(AudioWarning, match="may be no speech"):
        Frontend()(samples, 16000)


def test_a_warning_points_to_the_line_that_called():
    with pytest.warns(AudioWarning) as given:
        Frontend()(voice(rate=4000), 4000)
    assert given[0].filename == __file__


def test_mel_filters_do_not_wait_for_a_compiler():
    program = (
        "import sys, numpy as np; from gmmkit.speaker import Frontend;"
        "Frontend()(np.sin(np.arange(800) ** 1.5), 16000);"
        "print('librosa.filters' in sys.modules, 'librosa.util.utils' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["True", "False"]
