"""Background models as values, as files, and as they ship."""

from dataclasses import replace

import numpy as np
import pytest
from strategies import make_mixture, voice
from voices import CALIBRATION, FRONTENDS, small_background, small_subsystem

import gmmkit
from gmmkit.errors import FileAccessError, OutputExistsError, ParameterError
from gmmkit.io.audio import as_recording
from gmmkit.speaker.background import Subsystem
from gmmkit.speaker.background_file import (
    background_bytes,
    background_from_bytes,
    read_background,
    save_background,
)
from gmmkit.speaker.enrollment import enroll_one, hear
from gmmkit.speaker.presets import PRESETS, load_background
from gmmkit.speaker.recognition import FEATURES, banks_of, score


def scores_under(background):
    """Scores of a voice against itself and another."""
    sounds = [as_recording((voice(1.5, seed=seed), 16_000)) for seed in (0, 1)]
    enrolled = [enroll_one(sound, background) for sound in sounds]
    return score(hear(sounds[0], background), background, banks_of(background, enrolled))


def changed(background, **changes):
    """A background model with changes in its first subsystem."""
    first = replace(background.subsystems[0], **changes)
    return replace(background, subsystems=(first, *background.subsystems[1:]))


def moved(ubm, **parts):
    """The UBM with some parts replaced."""
    old = {"weights": ubm.weights, "means": ubm.means, "covariance": ubm.covariance}
    return gmmkit.Mixture(**(old | parts))


CHANGES = {
    "relevance": lambda b: replace(b, relevance=9.0),
    "babble": lambda b: replace(b, babble=b.babble[::-1]),
    "weights": lambda b: changed(
        b, ubm=moved(b.subsystems[0].ubm, weights=b.subsystems[0].ubm.weights[::-1])
    ),
    "means": lambda b: changed(
        b, ubm=moved(b.subsystems[0].ubm, means=b.subsystems[0].ubm.means + 1e-9)
    ),
    "variances": lambda b: changed(
        b,
        ubm=moved(
            b.subsystems[0].ubm,
            covariance=gmmkit.Covariance("diag", b.subsystems[0].ubm.covariance.values * 1.001),
        ),
    ),
    "frontend": lambda b: changed(b, frontend=replace(FRONTENDS[0], activity_range=25.0)),
    "cohort": lambda b: changed(
        b, cohort={c: -offsets for c, offsets in b.subsystems[0].cohort.items()}
    ),
    "number of subsystems": lambda b: replace(b, subsystems=b.subsystems[:1]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_identity_is_another_when_anything_that_enrollments_depend_on_is(change):
    background = small_background(2)
    assert CHANGES[change](background).identity != background.identity


def test_the_identity_does_not_change_with_what_enrollments_do_not_depend_on():
    background = small_background(2)
    assert background.calibrated(None).identity == background.identity
    assert replace(background, notes={}).identity == background.identity
    assert small_background(2).identity == background.identity


def test_a_calibrated_background_is_the_same_but_for_the_calibration():
    bare = small_background(calibration=None)
    again = bare.calibrated(CALIBRATION)
    assert bare.calibration is None
    assert again.calibration is CALIBRATION
    assert again.subsystems is bare.subsystems


def test_a_front_end_of_another_width_than_the_mixture_is_refused():
    cohort = {"clean": np.zeros((3, 2, 4), np.float16)}
    with pytest.raises(ParameterError, match="do not fit together"):
        Subsystem(FRONTENDS[1], make_mixture("diag", 2, 4), cohort)


@pytest.mark.parametrize(
    "cohort",
    [
        {"clean": np.zeros((3, 2, 4), np.float16)},
        {"clean": np.zeros((3, 4), np.float16)},
        {"clean": np.zeros((3, 4, 4), np.float16), "noisy": np.zeros((2, 4, 4), np.float16)},
        {},
    ],
)
def test_a_cohort_of_another_shape_than_the_mixture_is_refused(cohort):
    with pytest.raises(ParameterError, match="cohort does not fit"):
        Subsystem(FRONTENDS[0], make_mixture("diag", 4, 4), cohort)


@pytest.mark.parametrize("second", [{"conditions": ("clean",)}, {"n_cohort": 3}, None])
def test_subsystems_that_do_not_fit_together_are_refused(second):
    background = small_background()
    pair = (
        ()
        if second is None
        else (background.subsystems[0], small_subsystem(FRONTENDS[1], **second))
    )
    with pytest.raises(ParameterError, match="subsystems of a background model"):
        replace(background, subsystems=pair)


def test_nothing_in_a_background_model_can_be_reassigned():
    background = small_background()
    with pytest.raises(TypeError):
        background.subsystems[0].cohort["clean"] = np.zeros(1)
    with pytest.raises(TypeError):
        background.notes["made"] = "elsewhere"


@pytest.mark.parametrize("calibration", [CALIBRATION, None])
def test_a_file_gives_back_the_same_model_and_the_same_bits_of_every_score(tmp_path, calibration):
    background = small_background(2, calibration=calibration)
    save_background(background, tmp_path / "own.gmm")
    again = read_background(tmp_path / "own.gmm")
    assert again.identity == background.identity
    assert (again.name, again.notes) == (background.name, background.notes)
    assert again.calibration == calibration
    found, expected = scores_under(again), scores_under(background)
    np.testing.assert_array_equal(found.scores, expected.scores)
    np.testing.assert_array_equal(found.normalized, expected.normalized)
    np.testing.assert_array_equal(found.llr, expected.llr)


def test_bytes_are_what_the_file_holds_and_the_same_every_time(tmp_path):
    background = small_background(2)
    save_background(background, tmp_path / "own.gmm")
    payload = background_bytes(background)
    assert (tmp_path / "own.gmm").read_bytes() == payload == background_bytes(background)
    assert background_bytes(background_from_bytes(payload, "again")) == payload


def test_a_file_is_overwritten_only_when_told_to(tmp_path):
    target = tmp_path / "own.gmm"
    save_background(small_background(), target)
    with pytest.raises(OutputExistsError):
        save_background(small_background(2), target)
    assert read_background(target).n_subsystems == 1
    save_background(small_background(2), target, force=True)
    assert read_background(target).n_subsystems == 2


def test_a_background_model_is_loaded_by_its_path(tmp_path):
    save_background(small_background(), tmp_path / "own.gmm")
    assert load_background(tmp_path / "own.gmm").name == "small"
    assert load_background(str(tmp_path / "own.gmm")).name == "small"


@pytest.mark.parametrize("wrong", ["slow", "own.wav", ""])
def test_what_is_neither_a_preset_nor_a_model_file_is_refused(wrong):
    with pytest.raises(ParameterError, match="no such background model") as caught:
        load_background(wrong)
    assert all(preset in caught.value.needed for preset in PRESETS)


def test_a_missing_model_file_is_refused_as_missing(tmp_path):
    with pytest.raises(FileAccessError):
        load_background(tmp_path / "none.gmm")


@pytest.mark.parametrize("preset", PRESETS)
def test_what_ships_is_calibrated_on_the_features_that_scores_have(preset):
    background = load_background(preset)
    assert background.name == preset
    assert background.calibration.features == FEATURES
    assert background.notes
    assert load_background(preset) is background


def test_the_fast_preset_listens_through_one_of_the_front_ends_of_the_default():
    fast, default = load_background("fast"), load_background("default")
    assert (fast.n_subsystems, default.n_subsystems) == (1, 3)
    assert fast.subsystems[0].frontend in [each.frontend for each in default.subsystems]
