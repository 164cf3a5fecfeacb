"""``gmmkit speaker``: enroll, identify, verify and compare, and the people in a registry."""

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

import gmmkit
from gmmkit.io.samples import sample_path
from gmmkit.speaker.recognition import identification_threshold
from gmmkit.speaker.registry import Registry

ANA = [f"sample:ana-{i}" for i in (1, 2, 3)]
FAST = ("--background", "fast")
BEN = [f"sample:ben-{i}" for i in (1, 2, 3)]


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A registry of ana and ben, made once."""
    path = tmp_path_factory.mktemp("made") / "people.db"
    registry = Registry.open(path, background="fast")
    registry.enroll("ana", ANA)
    registry.enroll("ben", BEN)
    return path


@pytest.fixture
def people(made, tmp_path):
    """A copy of it, to be changed."""
    return Path(shutil.copy(made, tmp_path / "people.db"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A registry of plain mixtures, which nobody calibrated."""
    path = tmp_path_factory.mktemp("plain") / "plain.db"
    registry = Registry.open(path, model="gmm")
    registry.enroll("ana", ANA)
    registry.enroll("ben", BEN)
    return path


def sample(name):
    return soundfile.read(sample_path(name, kind="recording"))


# Enrolling


def test_a_new_registry_is_made_and_said_to_be_no_lock(run_cli):
    ended = run_cli("speaker", "enroll", "new.db", "ana", *ANA, "--background", "fast")
    assert ended.code == 0
    assert "not an authentication factor" in ended.err
    assert "made new.db, a new registry: model gmm-ubm, background model fast" in ended.err
    assert Registry.open("new.db", read_only=True).names() == ("ana",)


def test_the_second_enrollment_does_not_say_it_again(run_cli, people):
    ended = run_cli("speaker", "enroll", people, "carla", *[f"sample:carla-{i}" for i in (1, 2, 3)])
    assert ended.code == 0
    assert ended.err == ""


def test_the_help_of_enroll_says_that_it_is_no_lock(run_cli):
    assert "not an authentication factor" in run_cli("speaker", "enroll", "--help").out


def test_speech_is_shown_for_each_recording_and_in_all(run_cli, people):
    ended = run_cli("speaker", "enroll", people, "ana", *ANA, "--replace", "--json")
    (person,) = json.loads(ended.out)["people"]
    assert person["action"] == "replaced"
    assert [each["recording"] for each in person["recordings"]] == ANA
    assert person["seconds"] == pytest.approx(sum(e["seconds"] for e in person["recordings"]))
    record = Registry.open(people, read_only=True).record("ana")
    assert person["seconds_in_all"] == pytest.approx(record.facts["seconds"])
    assert person["seconds"] == pytest.approx(person["seconds_in_all"])


def test_appended_speech_is_added_to_what_was_there(run_cli, people):
    before = Registry.open(people, read_only=True).record("ben").facts
    ended = run_cli("speaker", "enroll", people, "ben", "sample:test-ben", "--append")
    after = Registry.open(people, read_only=True).record("ben").facts
    assert ended.code == 0
    assert after["n_recordings"] == before["n_recordings"] + 1 == 4
    assert f"{after['seconds']:.1f} s of speech in all" in ended.out


def test_an_enrolled_name_is_refused_with_the_options_that_would_take_it(run_cli, people):
    before = people.read_bytes()
    ended = run_cli("speaker", "enroll", people, "ANA", "sample:ben-1")
    assert ended.code == 3
    assert "--append" in ended.err
    assert "--replace" in ended.err
    assert people.read_bytes() == before


def test_a_recording_appended_twice_is_told(run_cli, people):
    ended = run_cli("speaker", "enroll", people, "ana", "sample:ana-1", "--append")
    assert "sample:ana-1 is in the record of 'ana' already: it counts twice" in ended.err


def test_one_bad_recording_among_good_ones_enrolls_nobody(run_cli, people):
    soundfile.write("short.wav", sample("ana-1")[0][:9000], 16000)
    ended = run_cli("speaker", "enroll", people, "carla", "sample:carla-1", "short.wav")
    assert ended.code == 3
    assert "short.wav holds too little speech" in ended.err
    assert Registry.open(people, read_only=True).names() == ("ana", "ben")


def test_conversions_are_noted(run_cli, people):
    samples, _ = sample("someone")
    soundfile.write("stereo.wav", np.stack([samples[::2], samples[::2]], axis=1), 8000)
    ended = run_cli("speaker", "identify", people, "stereo.wav")
    assert "gmmkit: note: stereo.wav: mixed from 2 channels\n" in ended.err
    assert "gmmkit: note: stereo.wav: resampled from 8000 to 16000 Hz\n" in ended.err


def test_folders_become_people(run_cli, tmp_path):
    for name in ("ana", "ben"):
        (tmp_path / "voices" / name).mkdir(parents=True)
        for number in (1, 2, 3):
            file = sample_path(f"{name}-{number}", kind="recording")
            shutil.copy(file, tmp_path / "voices" / name)
    (tmp_path / "voices" / "nobody").mkdir()
    words = ("--from-dirs", "voices", "--background", "fast")
    ended = run_cli("speaker", "enroll", "new.db", *words)
    assert ended.code == 0
    assert Registry.open("new.db", read_only=True).names() == ("ana", "ben")
    assert "left out, as folders without recordings: nobody" in ended.err


def test_a_folder_that_fails_does_not_keep_the_others_out(run_cli, tmp_path, people):
    for name in ("carla", "zoe"):
        (tmp_path / "voices" / name).mkdir(parents=True)
    (tmp_path / "voices" / "carla" / "a.wav").write_bytes(b"no sound")
    for number in (1, 2, 3):
        shutil.copy(sample_path(f"emeka-{number}", kind="recording"), "voices/zoe")
    ended = run_cli("speaker", "enroll", people, "--from-dirs", "voices", "--json")
    carla, zoe = json.loads(ended.out)["people"]
    assert ended.code == 3
    assert (carla["name"], carla["error"]["code"]) == ("carla", "audio.format")
    assert zoe["action"] == "enrolled"


# Identifying


def test_an_enrolled_voice_is_named_with_a_ranked_list(run_cli, people):
    ended = run_cli("speaker", "identify", people, "sample:someone")
    answer, _, first, second = ended.out.splitlines()
    assert ended.code == 0
    assert answer.startswith("sample:someone: ana  (")
    assert answer.endswith(" s of speech)")
    assert first.split()[:2] == ["1", "ana"]
    assert second.split()[:2] == ["2", "ben"]


def test_a_stranger_is_unknown_and_that_is_no_failure(run_cli, people):
    ended = run_cli("speaker", "identify", people, "sample:stranger")
    assert ended.code == 0
    assert ended.out.startswith("sample:stranger: unknown (best: ")


def test_the_object_holds_the_numbers_of_the_library(run_cli, people):
    ended = run_cli("speaker", "identify", people, "sample:someone", "--json")
    (report,) = json.loads(ended.out)["recordings"]
    expected = Registry.open(people, read_only=True).identify("sample:someone")
    assert [(c["name"], c["llr"]) for c in report["candidates"]] == [
        (candidate.name, candidate.llr) for candidate in expected
    ]
    assert report["threshold"] == identification_threshold(2)
    assert (report["decision"], report["answer"]) == ("named", "ana")


def test_in_a_closed_set_there_is_always_a_name(run_cli, people):
    words = ("speaker", "identify", people, "sample:stranger", "--json", "--closed-set")
    (report,) = json.loads(run_cli(*words).out)["recordings"]
    assert report["answer"] == report["candidates"][0]["name"]


def test_only_as_many_candidates_are_listed_as_asked_for(run_cli, people):
    ended = run_cli("speaker", "identify", people, "sample:someone", "--top", 1)
    assert len(ended.out.splitlines()) == 3


def test_without_a_calibration_nobody_is_named_and_nothing_looks_like_evidence(run_cli, plain):
    ended = run_cli("speaker", "identify", plain, "sample:someone")
    assert ended.code == 0
    assert ended.out.startswith("sample:someone: most like ana, and not decided")
    assert "evidence" not in ended.out
    assert "LLR" not in ended.out
    assert "is not calibrated" in ended.err


def test_a_bad_recording_among_many_is_told_and_the_others_are_done(run_cli, people):
    ended = run_cli("speaker", "identify", people, "gone.wav", "sample:someone")
    assert ended.code == 3
    assert "gone.wav does not exist" in ended.err
    assert "sample:someone: ana" in ended.out


# Verifying and comparing


def test_a_true_claim_is_accepted(run_cli, people):
    ended = run_cli("speaker", "verify", people, "ana", "sample:someone")
    assert ended.code == 0
    assert "accepted as ana" in ended.out


def test_a_false_claim_ends_with_7(run_cli, people):
    ended = run_cli("speaker", "verify", people, "ben", "sample:someone")
    assert ended.code == 7
    assert "rejected as ben" in ended.out


def test_a_threshold_decides(run_cli, people):
    llr = Registry.open(people, read_only=True).verify("ben", "sample:someone").llr
    words = ("speaker", "verify", people, "ben", "sample:someone", "--threshold")
    assert run_cli(*words, llr - 0.01).code == 0
    assert run_cli(*words, llr + 0.01).code == 7


@pytest.mark.parametrize(
    ("point", "threshold"), [("0.5", 0.0), ("0.5:1:20", np.log(20)), ("sre16", np.log(99))]
)
def test_an_operating_point_is_a_threshold(run_cli, people, point, threshold):
    words = ("speaker", "verify", people, "ana", "sample:someone", "--json")
    report = json.loads(run_cli(*words, "--operating-point", point).out)
    assert report["threshold"] == pytest.approx(threshold)


def test_without_a_calibration_no_claim_is_decided(run_cli, plain):
    ended = run_cli("speaker", "verify", plain, "ana", "sample:someone")
    assert ended.code == 3
    assert "gmmkit speaker calibrate" in ended.err
    assert ended.out == ""


def test_two_recordings_of_a_voice_are_the_same(run_cli):
    words = ("sample:ana-1", "sample:ana-2", *FAST, "--exit-status")
    ended = run_cli("speaker", "compare", *words)
    assert ended.code == 0
    assert ended.out.startswith("the same voice")


@pytest.mark.parametrize(("option", "code"), [((), 0), (("--exit-status",), 7)])
def test_two_voices_differ_and_the_exit_code_says_so_on_request(run_cli, option, code):
    ended = run_cli("speaker", "compare", "sample:ana-1", "sample:dmitri-1", *FAST, *option)
    assert ended.code == code
    assert ended.out.startswith("different voices")


# The people in a registry


def test_names_are_listed_one_a_line(run_cli, people):
    assert run_cli("speaker", "list", people).out == "ana\nben\n"


def test_the_long_list_shows_speech_and_recordings(run_cli, people):
    seconds = Registry.open(people, read_only=True).record("ana").facts["seconds"]
    rows = [line.split() for line in run_cli("speaker", "list", people, "--long").out.splitlines()]
    assert rows[1] == ["ana", f"{seconds:.1f}", "s", "3"]


def test_what_is_kept_of_a_person_is_shown(run_cli, people):
    report = json.loads(run_cli("speaker", "show", people, "Ana", "--json").out)
    assert (report["name"], report["recordings"], report["background"]) == ("ana", 3, "fast")
    assert report["calibrated"] is True


def test_a_registry_is_shown_with_what_it_was_made_with(run_cli, plain):
    shown = run_cli("speaker", "show", plain).out
    assert "people      2" in shown
    assert "model       gmm" in shown
    assert "calibrated  no" in shown


def test_a_person_is_renamed_and_recognized_under_the_new_name(run_cli, people):
    assert run_cli("speaker", "rename", people, "ana", "Anaïs").code == 0
    assert "sample:someone: Anaïs" in run_cli("speaker", "identify", people, "sample:someone").out


def test_without_a_terminal_removing_needs_a_yes(run_cli, people):
    ended = run_cli("speaker", "remove", people, "ana")
    assert ended.code == 2
    assert "--yes" in ended.err
    assert run_cli("speaker", "list", people).out == "ana\nben\n"


def test_who_is_removed_is_gone(run_cli, people):
    assert run_cli("speaker", "remove", people, "ana", "--yes").code == 0
    assert run_cli("speaker", "list", people).out == "ben\n"


def test_on_a_terminal_removing_asks(run_cli, people, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.confirm", lambda *words, **options: False)
    assert run_cli("speaker", "remove", people, "ana").code == 0
    assert run_cli("speaker", "list", people).out == "ana\nben\n"


def test_people_travel_by_export_and_import(run_cli, people):
    assert run_cli("speaker", "export", people, "one.db", "ana").code == 0
    run_cli("speaker", "remove", people, "ana", "--yes")
    ended = run_cli("speaker", "import", people, "one.db")
    assert (ended.code, ended.out) == (0, "ana: added\n")
    assert run_cli("speaker", "list", people).out == "ana\nben\n"


@pytest.mark.parametrize(
    ("option", "fate"), [("--skip-existing", "skipped"), ("--replace-existing", "replaced")]
)
def test_names_that_are_taken_are_skipped_or_replaced_on_request(run_cli, people, option, fate):
    run_cli("speaker", "export", people, "copy.db")
    assert run_cli("speaker", "import", people, "copy.db").code == 3
    assert (
        run_cli("speaker", "import", people, "copy.db", option).out == f"ana: {fate}\nben: {fate}\n"
    )


def test_an_export_does_not_overwrite_unless_forced(run_cli, people):
    Path("there.db").write_bytes(b"mine")
    assert run_cli("speaker", "export", people, "there.db").code == 3
    assert Path("there.db").read_bytes() == b"mine"
    assert run_cli("speaker", "export", people, "there.db", "--force").code == 0


# The doctor


def test_the_doctor_finds_the_background_models_and_a_sound_registry(run_cli, people):
    ended = run_cli("doctor", "--registry", people)
    assert ended.code == 0
    assert "voices, default   ready" in ended.out
    assert "sound, 2 enrolled" in ended.out


def test_the_doctor_names_a_damaged_record_and_ends_with_4(run_cli, people):
    connection = sqlite3.connect(people)
    with connection:
        connection.execute("UPDATE records SET payload = zeroblob(100) WHERE id = 1")
    connection.close()
    ended = run_cli("doctor", "--registry", people, "--json")
    report = json.loads(ended.out)["registry"]
    assert ended.code == 4
    assert [each["name"] for each in report["damage"]] == ["ana"]


# Starting


def loaded_by(*words, among):
    """Which of some modules a command line loads, in a process of its own."""
    script = (
        f"from gmmkit.cli.app import run; run({list(map(str, words))!r}); import sys; "
        f"print([name for name in {among!r} if name in sys.modules])"
    )
    root = Path(gmmkit.__file__).parents[1]
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True
    )
    return ended.stdout.splitlines()[-1]


def test_the_help_of_the_group_loads_nothing_heavy():
    heavy = ("numpy", "scipy", "rich", "soundfile")
    assert loaded_by("speaker", "--help", among=heavy) == "[]"


def test_identifying_loads_no_plotting_and_no_learning_package(people):
    heavy = ("sklearn", "matplotlib", "skimage", "PIL")
    words = ("speaker", "identify", people, "sample:someone")
    assert loaded_by(*words, among=heavy) == "[]"
