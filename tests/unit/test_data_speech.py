"""The recordings in data/speech are what their recipe says, and small."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gmmkit.io.audio import read_recording

_SPEECH = Path(__file__).parents[2] / "data" / "speech"
_VERSION = "1.51"


@pytest.fixture(scope="module")
def recipe():
    if not _SPEECH.is_dir():
        pytest.skip("the project's data folder is not beside these tests")
    spec = importlib.util.spec_from_file_location("make_speech", _SPEECH / "make.py")
    module = importlib.util.module_from_spec(spec)
    # A dataclass looks itself up among the modules.
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "make_speech", module)
        spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def recordings(recipe):
    return {
        name: read_recording(_SPEECH / name)
        for sentences in recipe.SENTENCES.values()
        for name in sentences
    }


def test_every_recording_in_the_folder_has_a_recipe(recordings):
    kept = {path.name for path in _SPEECH.iterdir() if path.suffix in {".wav", ".flac"}}
    assert kept == set(recordings)


def test_no_sentence_is_said_twice(recipe):
    said = [text for sentences in recipe.SENTENCES.values() for text in sentences.values()]
    assert len(set(said)) == len(said)


def test_everyone_who_enrolls_has_three_recordings_and_one_to_be_known_by(recipe):
    people = {who: list(files) for who, files in recipe.SENTENCES.items() if who != "a stranger"}
    assert len(people) >= 5
    for who, files in people.items():
        assert [Path(name).stem for name in files[:3]] == [f"{who}-{n}" for n in (1, 2, 3)]
        assert not files[3].startswith(who)


def test_the_files_of_the_examples_are_there(recordings):
    assert {"ana-1.wav", "ben-1.wav", "someone.wav", "stranger.wav"} <= set(recordings)


def test_each_is_five_to_twelve_seconds_of_one_channel_at_16_khz(recordings):
    for recording in recordings.values():
        assert 5 <= recording.seconds <= 12
        assert (recording.sample_rate, recording.n_channels) == (16_000, 1)


def test_pauses_are_quiet_and_not_digital_silence(recordings):
    for recording in recordings.values():
        power = (recording.samples[:4000].astype(float) ** 2).mean()
        whole = (recording.samples.astype(float) ** 2).mean()
        assert -45 < 10 * np.log10(power / whole) < -25


def test_the_folder_stays_small(recordings):
    assert sum((_SPEECH / name).stat().st_size for name in recordings) < 3_000_000


def test_the_recipe_makes_the_same_samples(recipe, recordings, tmp_path):
    speaker = shutil.which("espeak-ng")
    if speaker is None:
        pytest.skip("espeak-ng is needed to make the recordings, and only for that")
    told = subprocess.run([speaker, "--version"], capture_output=True, text=True, check=True).stdout
    if f" {_VERSION} " not in told:
        pytest.skip(f"espeak-ng {_VERSION} made them; another version speaks differently")
    made = recipe.files()
    assert set(made) == set(recordings)
    for name, payload in made.items():
        (tmp_path / name).write_bytes(payload)
        again = read_recording(tmp_path / name).samples
        # Resampling may round differently on another processor.
        np.testing.assert_allclose(again, recordings[name].samples, atol=1.01 / 32768)
