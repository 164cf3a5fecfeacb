"""Background models trained on a few synthetic voices."""

from dataclasses import replace

import numpy as np
import pytest
from strategies import voice
from voices import FRONTENDS

from gmmkit.errors import AudioWarning, InputError, ParameterError
from gmmkit.io.audio import as_recording
from gmmkit.speaker.background_file import background_bytes, background_from_bytes
from gmmkit.speaker.enrollment import enroll_one, hear
from gmmkit.speaker.presets import load_background
from gmmkit.speaker.recognition import banks_of, score
from gmmkit.speaker.training import FRONTENDS as SHIPPED_FRONTENDS
from gmmkit.speaker.training import Training, train_background

TINY = Training(
    frontends={"first": FRONTENDS[0], "second": FRONTENDS[1]},
    n_components=4,
    n_cohort=3,
    max_iter=3,
)
RATE = 16_000


def voices(n_speakers=4, n_recordings=2, *, seconds=1.5):
    """(speaker, recording) pairs of made-up voices."""
    return [
        (f"speaker {speaker}", (voice(seconds, seed=10 * speaker + number), RATE))
        for speaker in range(n_speakers)
        for number in range(n_recordings)
    ]


@pytest.fixture(scope="module")
def trained():
    return train_background(voices(), TINY, name="tiny", notes={"of": "made-up voices"})


def test_a_trained_model_has_what_was_asked_for(trained):
    assert (trained.name, dict(trained.notes)) == ("tiny", {"of": "made-up voices"})
    assert trained.calibration is None
    assert trained.relevance == TINY.relevance
    assert trained.conditions == ("clean", "noisy")
    assert [each.frontend for each in trained.subsystems] == list(TINY.frontends.values())
    for subsystem in trained.subsystems:
        assert subsystem.ubm.n_components == 4
        assert subsystem.n_cohort == 3
        assert subsystem.ubm.covariance.family.name == "diag"


def test_a_trained_model_describes_speech_better_than_one_gaussian(trained):
    heard = hear(as_recording((voice(3.0, seed=99), RATE)), trained)
    for frames, subsystem in zip(heard.frames, trained.subsystems, strict=True):
        plain = -0.5 * np.log(2 * np.pi * np.e * frames.var(axis=0)).sum()
        assert subsystem.ubm.log_density(frames).mean() > plain - 0.5


def test_a_trained_model_recognizes_a_recording_of_itself(trained):
    """The very recording: what a model that knows nothing of anybody must manage."""
    sounds = [as_recording((voice(3.0, seed=seed), RATE)) for seed in (50, 60, 70)]
    banks = banks_of(trained, [enroll_one(sound, trained) for sound in sounds])
    for index, sound in enumerate(sounds):
        found = score(hear(sound, trained), trained, banks)
        assert found.llr is None
        assert np.argmax(found.scores) == index


@pytest.mark.parametrize("start", ["kmeans", "splitting"])
def test_any_number_of_threads_gives_the_same_bytes(start):
    plan = replace(TINY, start=start)
    one, two = (
        background_bytes(train_background(voices(), plan, n_threads=count)) for count in (1, 2)
    )
    assert one == two


def test_another_seed_gives_another_model_and_the_same_seed_the_same(trained):
    again = train_background(voices(), TINY, name="tiny")
    other = train_background(voices(), replace(TINY, seed=1), name="tiny")
    assert again.identity == trained.identity
    assert other.identity != trained.identity


def test_a_file_gives_back_a_trained_model(trained):
    again = background_from_bytes(background_bytes(trained), "tiny")
    heard = hear(as_recording((voice(2.0, seed=5), RATE)), trained)
    enrolled = [
        enroll_one(as_recording((voice(2.0, seed=5), RATE)), each) for each in (trained, again)
    ]
    found = [
        score(heard, model, banks_of(model, [one])).scores
        for model, one in zip((trained, again), enrolled, strict=True)
    ]
    assert again.identity == trained.identity
    np.testing.assert_array_equal(*found)


def test_training_on_clean_speech_alone_gives_no_noisy_models():
    clean = train_background(voices(), replace(TINY, degraded=False))
    assert clean.conditions == ("clean",)


def test_a_cohort_larger_than_there_are_speakers_is_all_of_them():
    everyone = train_background(voices(), replace(TINY, n_cohort=50))
    assert everyone.subsystems[0].n_cohort == 4


def test_no_deviation_is_below_a_tenth_of_the_whole():
    """A tone, of which every frame is like the last, has a component of its own."""
    time = np.arange(3 * RATE) / RATE
    tone = (0.3 * np.sin(2 * np.pi * 400 * time)).astype(np.float32)
    recordings = [*voices(), ("tone", (tone, RATE))]
    frontend = replace(FRONTENDS[0], normalization="none")
    plan = replace(TINY, frontends={"one": frontend}, degraded=False, max_iter=10)
    model = train_background(recordings, plan)
    sounds = [as_recording(recording) for _, recording in recordings]
    frames = np.concatenate([hear(sound, model).frames[0] for sound in sounds])
    deviations = np.sqrt(model.subsystems[0].ubm.covariance.values) / frames.std(axis=0)
    assert deviations.min() == pytest.approx(0.1, rel=1e-3)


def test_the_babble_has_a_place_for_everyone_and_does_not_clip(trained):
    assert trained.babble.dtype == np.int16
    assert len(trained.babble) == 20 * RATE
    assert np.abs(trained.babble.astype(int)).max() < 2**15 - 1
    assert trained.babble.std() == pytest.approx(2**15 / 8, rel=0.01)


def test_recordings_without_speech_are_left_out_with_a_warning(trained):
    time = np.arange(RATE) / RATE
    quiet = 1e-7 * np.sin(2 * np.pi * 300 * time).astype(np.float32)
    with pytest.warns(AudioWarning, match="is left out"):
        found = train_background([*voices(), ("speaker 9", (quiet, RATE))], TINY, name="tiny")
    assert found.identity == trained.identity


def test_progress_is_told_from_nothing_to_all_of_every_stage():
    told = []
    train_background(voices(3, 1), TINY, on_progress=lambda *what: told.append(what))
    stages = {stage for stage, _, _ in told}
    assert {"reading", "first: hearing", "second: cohort", "first: mixture"} <= stages
    assert [done for stage, done, _ in told if stage == "reading"] == [1, 2, 3]
    assert all(0 < done <= whole for _, done, whole in told)


@pytest.mark.parametrize("n_speakers", [0, 1, 2])
def test_fewer_than_three_people_are_refused(n_speakers):
    with pytest.raises(InputError, match="too few people") as caught:
        train_background(voices(n_speakers), TINY)
    assert caught.value.hint


def test_fewer_frames_than_components_are_refused():
    plan = replace(TINY, n_components=5000)
    with pytest.raises(InputError):
        train_background(voices(3, 1), plan)


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_components": 0},
        {"n_cohort": 1},
        {"max_iter": 0},
        {"start": "random"},
        {"frontends": {}},
        {"seed": -1},
        {"relevance": 0.0},
        {"relevance": float("nan")},
    ],
)
def test_a_plan_out_of_range_is_refused_before_any_work(wrong):
    with pytest.raises(ParameterError):
        Training(**wrong)


def test_the_plan_listens_as_what_ships_does():
    shipped = [each.frontend for each in load_background("default").subsystems]
    assert list(Training().frontends.values()) == list(SHIPPED_FRONTENDS.values()) == shipped
