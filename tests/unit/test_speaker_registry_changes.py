"""Registries that are made, opened, added to and taken from."""

import numpy as np
import pytest
import soundfile
from voices import (
    PEOPLE,
    SOMEONE,
    long_sound,
    quick,
    recordings_of,
    sound,
)

from gmmkit.errors import (
    AlreadyEnrolledError,
    AudioWarning,
    FeatureContractError,
    FileAccessError,
    InputError,
    LittleSpeechError,
    NotEnrolledError,
    ParameterError,
    RegistryError,
    RegistryWarning,
)
from gmmkit.io.audio import as_recording
from gmmkit.speaker.calibration import Calibration
from gmmkit.speaker.recognition import FEATURES, N_SCORES
from gmmkit.speaker.registry import Registry


def test_appending_is_enrolling_together(tmp_path):
    first, second = recordings_of("ana"), recordings_of("carla")
    parts = Registry.open(tmp_path / "parts.db", background="fast")
    parts.enroll("both", first)
    parts.enroll("both", second, existing="append")
    whole = Registry.open(tmp_path / "whole.db", background="fast")
    whole.enroll("both", first + second)
    appended, together = parts.record("both"), whole.record("both")
    for name, array in together.arrays.items():
        close = 1e-5 * np.abs(array).max()
        np.testing.assert_allclose(appended.arrays[name], array, rtol=1e-5, atol=close)
    assert appended.facts["n_recordings"] == together.facts["n_recordings"] == 6
    assert appended.fingerprints == together.fingerprints
    ratios = [registry.verify("both", SOMEONE).llr for registry in (parts, whole)]
    assert ratios[0] == pytest.approx(ratios[1], abs=1e-3)


@pytest.mark.parametrize("order", [[1, 2, 0], [2, 1, 0]])
def test_neither_order_of_recordings_nor_of_people_matters(tmp_path, order):
    everyone = {
        name: [sound(5.0, seed=10 * n + i) for i in range(3)] for n, name in enumerate("abc")
    }
    forwards = Registry.open(tmp_path / "forwards.db", background=quick())
    otherwise = Registry.open(tmp_path / "otherwise.db", background=quick())
    for name, recordings in everyone.items():
        forwards.enroll(name, recordings)
    for index in order:
        name = "abc"[index]
        otherwise.enroll(name, [everyone[name][i] for i in order])
    assert otherwise.names() == forwards.names() == ("a", "b", "c")
    assert otherwise.scores(sound()) == pytest.approx(forwards.scores(sound()), abs=1e-4)


def test_a_second_enrollment_of_a_name_changes_nothing_unless_told_to(copy):
    before = copy.scores(SOMEONE)
    with pytest.raises(AlreadyEnrolledError, match=r"(?i)'ana'"):
        copy.enroll("Ana", recordings_of("ben"))
    assert copy.scores(SOMEONE) == before


def test_a_replaced_person_is_known_by_the_new_recordings_alone(copy):
    copy.remove("ben")
    copy.enroll("ana", recordings_of("ben"), existing="replace")
    assert [each.name for each in copy.identify("sample:test-ben") if each.accepted] == ["ana"]
    assert copy.verify("ana", SOMEONE).llr < 0


@pytest.mark.parametrize("existing", ["append", "replace"])
def test_whoever_is_new_is_enrolled_whatever_was_to_happen_to_the_old(small, existing):
    small.enroll("ana", long_sound(1), existing=existing)
    assert small.names() == ("ana",)


def test_a_renamed_person_keeps_the_voice(copy):
    before = copy.scores(SOMEONE)
    copy.rename("ana", "anna")
    assert copy.names() == ("anna", *PEOPLE[1:])
    assert copy.scores(SOMEONE)["anna"] == pytest.approx(before["ana"], abs=1e-6)
    with pytest.raises(NotEnrolledError):
        copy.verify("ana", SOMEONE)


def test_a_removed_person_is_nobody_that_a_recording_can_be_of(copy):
    before = copy.identify(SOMEONE)[0]
    copy.remove("ana")
    assert (before.name, copy.names()) == ("ana", PEOPLE[1:])
    assert "ana" not in copy.scores(SOMEONE)
    assert copy.identify(SOMEONE)[0].llr < before.llr - 10


def test_changes_by_another_registry_of_the_same_file_are_noticed(copy):
    assert "ana" in copy.scores(SOMEONE)
    Registry.open(copy.path).remove("ana")
    assert "ana" not in copy.scores(SOMEONE)


def test_another_registry_in_the_place_of_the_first_is_noticed(small, tmp_path):
    """In the very place on the disk, and changed as often."""
    small.enroll("ana", long_sound(1))
    assert small.identify(sound())[0].name == "ana"
    other = Registry.open(tmp_path / "other.db", background=quick())
    other.enroll("ben", long_sound(2))
    small.path.write_bytes(other.path.read_bytes())
    assert small.identify(sound())[0].name == "ben"


def test_a_recording_under_two_names_is_warned_of_with_the_other_name(small):
    small.enroll("ana", long_sound(1))
    with pytest.warns(RegistryWarning, match="'ben' is enrolled as 'ana' too"):
        small.enroll("ben", [long_sound(1), sound(seed=2)])
    assert small.names() == ("ana", "ben")


def test_a_recording_appended_to_its_own_person_is_not_under_two_names(small):
    small.enroll("ana", long_sound(1))
    small.enroll("ANA", long_sound(1), existing="append")
    assert small.names() == ("ana",)


def test_an_enrollment_that_cannot_be_makes_no_file(small):
    with pytest.raises(LittleSpeechError):
        small.enroll("ana", sound(0.4))
    assert not small.path.exists()
    assert small.names() == ()


def test_doubts_about_what_is_enrolled_are_warned_of(small):
    time = np.arange(13 * 16_000) / 16_000
    tone = (0.3 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    with pytest.warns(AudioWarning, match="as steady as that of a tone"):
        small.enroll("tone", (tone, 16_000))


def test_under_ten_seconds_of_speech_in_all_are_warned_of(small):
    with pytest.warns(AudioWarning, match=r"enrolled from [56]\.\d s of speech; 10 s or more"):
        small.enroll("ana", sound(7.0, seed=1))
    small.enroll("ana", sound(7.0, seed=2), existing="append")
    assert 10 < small.record("ana").facts["seconds"] < 14


def test_several_recordings_may_come_as_any_kind_of_source(small, tmp_path):
    samples, rate = sound(5.0, seed=3)
    soundfile.write(tmp_path / "three.wav", samples, rate)
    given = [sound(5.0, seed=1), as_recording(sound(5.0, seed=2)), tmp_path / "three.wav"]
    small.enroll("ana", given)
    assert small.record("ana").facts["n_recordings"] == 3


# Opening.


def test_a_registry_of_another_background_model_is_refused_and_both_are_named(people):
    with pytest.raises(FeatureContractError) as caught:
        Registry.open(people.path, background="default")
    assert "'fast'" in caught.value.found
    assert "'default'" in caught.value.needed


def test_a_background_model_of_the_same_name_and_other_content_is_refused(small, tmp_path):
    small.enroll("ana", long_sound(1))
    with pytest.raises(FeatureContractError, match="identity"):
        Registry.open(small.path, background=quick(k=5))


def test_a_background_model_of_ones_own_travels_with_the_registry(small):
    small.enroll("ana", long_sound(1))
    expected = small.scores(sound())
    assert Registry.open(small.path).scores(sound()) == expected


def test_the_background_that_a_registry_was_made_with_may_be_named_again(people):
    assert Registry.open(people.path, background="fast").names() == PEOPLE


@pytest.mark.parametrize("model", ["gmm", "i-vector"])
def test_another_kind_of_model_than_the_registry_has_is_refused(people, model):
    with pytest.raises((FeatureContractError, ParameterError)):
        Registry.open(people.path, model=model)


@pytest.mark.parametrize("options", [{"model": "i-vector"}, {"model": "gmm", "background": "fast"}])
def test_a_new_registry_of_an_unknown_kind_is_refused(tmp_path, options):
    with pytest.raises(ParameterError, match="no such way to model a speaker"):
        Registry.open(tmp_path / "new.db", **options)


def test_opening_makes_no_file(tmp_path):
    Registry.open(tmp_path / "new.db", background="fast")
    assert not (tmp_path / "new.db").exists()


def test_a_mistyped_path_to_be_read_is_missing_and_stays_so(tmp_path):
    with pytest.raises(FileAccessError):
        Registry.open(tmp_path / "new.db", read_only=True)
    assert not (tmp_path / "new.db").exists()


def test_what_was_opened_to_be_read_is_not_written_to(people):
    registry = Registry.open(people.path, read_only=True)
    for act in (
        lambda: registry.enroll("new", recordings_of("ana")),
        lambda: registry.remove("ana"),
        lambda: registry.rename("ana", "new"),
        lambda: registry.calibrate(Calibration(0.0, (1.0, 1.0, 0.0), FEATURES, N_SCORES)),
    ):
        with pytest.raises(RegistryError, match="read only"):
            act()
    assert registry.names() == PEOPLE


# Nobody, and nobody of that name.


def test_nobody_can_be_asked_for_where_nobody_is_enrolled(small):
    for ask in (small.identify, small.scores):
        with pytest.raises(NotEnrolledError, match="nobody is enrolled"):
            ask(sound())
    small.enroll("ana", long_sound(1))
    small.remove("ana")
    for ask in (small.identify, small.scores):
        with pytest.raises(NotEnrolledError, match="nobody is enrolled"):
            ask(sound())


def test_someone_who_is_not_enrolled_cannot_be_claimed_removed_or_renamed(copy):
    for act in (
        lambda: copy.verify("zoe", SOMEONE),
        lambda: copy.remove("zoe"),
        lambda: copy.rename("zoe", "zoë"),
        lambda: copy.record("zoe"),
    ):
        with pytest.raises(NotEnrolledError, match="zoe"):
            act()


@pytest.mark.parametrize("existing", ["add", "", None])
def test_what_to_do_with_an_enrolled_name_is_one_of_three(small, existing):
    with pytest.raises(ParameterError, match="'error', 'append' or 'replace'"):
        small.enroll("ana", long_sound(1), existing=existing)


def test_nothing_to_enroll_is_refused(small):
    with pytest.raises(InputError, match="at least one recording"):
        small.enroll("ana", [])
