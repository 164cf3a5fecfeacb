"""What newcomers type: every refusal has its exit code, names what is wrong and gives advice."""

import os
import socket
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gmmkit.io.samples import sample_path
from gmmkit.speaker.registry import Registry
from gmmkit.speaker.storage.store import Store

COMMANDS = {
    "identify": ("identify", "REG", "sample:someone"),
    "verify": ("verify", "REG", "ana", "sample:someone"),
    "list": ("list", "REG"),
    "show": ("show", "REG"),
    "rename": ("rename", "REG", "ana", "anna"),
    "remove": ("remove", "REG", "ana", "--yes"),
    "export": ("export", "REG", "out.db"),
    "import": ("import", "REG", "people.db"),
    "calibrate": ("calibrate", "REG", "--trials", "trials.txt"),
    "score": ("score", "REG", "--trials", "trials.txt", "-o", "scores.txt"),
    "doctor": None,
}


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trials.txt").write_text("ana a.wav target\n")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("made") / "people.db"
    Registry.open(path, background="fast").enroll("ana", [f"sample:ana-{i}" for i in (1, 2, 3)])
    return path


@pytest.fixture
def people(made, tmp_path):
    target = tmp_path / "people.db"
    target.write_bytes(made.read_bytes())
    return target


def words_of(command, registry):
    if command == "doctor":
        return ("doctor", "--registry", registry)
    return ("speaker", *(registry if word == "REG" else word for word in COMMANDS[command]))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_mistyped_registry_is_refused_and_never_made(run_cli, command):
    before = sorted(os.listdir())
    ended = run_cli(*words_of(command, "poeple.db"))
    assert ended.code == 3
    assert "poeple.db does not exist" in ended.err
    assert ended.out == ""
    assert sorted(os.listdir()) == before


@pytest.mark.parametrize("command", COMMANDS)
def test_a_recording_in_the_place_of_the_registry_gets_advice(run_cli, command):
    recording = sample_path("ana-1", kind="recording")
    ended = run_cli(*words_of(command, recording))
    assert ended.code == 4
    assert "Try: " in ended.err


@pytest.mark.parametrize("command", ["identify", "list"])
def test_a_folder_in_the_place_of_the_registry_gets_advice(run_cli, tmp_path, command):
    ended = run_cli(*words_of(command, tmp_path))
    assert ended.code == 3
    assert "Try: " in ended.err


def test_an_empty_registry_says_that_nobody_is_enrolled(run_cli, people):
    run_cli("speaker", "remove", people, "ana", "--yes")
    assert (
        run_cli("speaker", "list", people).err == f"gmmkit: note: nobody is enrolled in {people}\n"
    )
    for words in (
        ("identify", people, "sample:someone"),
        ("verify", people, "ana", "sample:someone"),
    ):
        ended = run_cli("speaker", *words)
        assert ended.code == 3
        assert "enroll" in ended.err


@pytest.mark.parametrize("words", [("verify", "anna", "sample:someone"), ("show", "anna")])
def test_a_name_that_nobody_has_comes_with_one_that_is_near(run_cli, people, words):
    ended = run_cli("speaker", words[0], people, *words[1:])
    assert ended.code == 3
    assert "'anna' is not enrolled" in ended.err
    assert "Try: 'ana'" in ended.err


@pytest.fixture
def unusable(request, tmp_path):
    """Something that is no recording, by what it is."""
    samples = np.random.default_rng(0).normal(scale=0.1, size=(16000, 8))
    path = tmp_path / "x.wav"
    match request.param:
        case "folder":
            path.mkdir()
        case "text":
            path.write_text("hello")
        case "picture":
            path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
        case "nothing in it":
            path.write_bytes(b"")
        case "silence":
            soundfile.write(path, np.zeros(32000), 16000)
        case "50 ms":
            soundfile.write(path, samples[:800, 0], 16000)
        case "8 channels":
            soundfile.write(path, samples, 16000)
        case "fifo":
            os.mkfifo(path)
        case "socket":
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(path))
    return path


KINDS = ["missing", "folder", "text", "picture", "nothing in it", "silence", "50 ms", "8 channels"]
KINDS += ["fifo", "socket"]


@pytest.mark.parametrize("unusable", KINDS, indirect=True)
@pytest.mark.parametrize("command", ["identify", "verify", "compare", "enroll"])
def test_what_is_no_recording_is_refused_by_name_with_advice(run_cli, people, unusable, command):
    before = people.read_bytes()
    words = {
        "identify": ("identify", people, unusable),
        "verify": ("verify", people, "ana", unusable),
        "compare": ("compare", "sample:ana-1", unusable, "--background", "fast"),
        "enroll": ("enroll", people, "zoe", unusable),
    }[command]
    ended = run_cli("speaker", *words)
    assert ended.code == 3
    assert unusable.name in ended.err
    assert "needed" in ended.err
    assert ended.out == ""
    assert people.read_bytes() == before


def test_a_channel_makes_many_channels_usable(run_cli, people):
    samples, rate = soundfile.read(sample_path("someone", kind="recording"))
    quiet = np.random.default_rng(0).normal(scale=1e-3, size=(len(samples), 3))
    quiet[:, 2] = samples
    soundfile.write("three.wav", quiet, rate)
    assert run_cli("speaker", "identify", people, "three.wav", "--channel", 2).code == 0
    assert run_cli("speaker", "identify", people, "three.wav", "--channel", 3).code == 3


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("enroll",), "Missing argument 'REGISTRY'"),
        (("enroll", "x.db"), "NAME RECORDING"),
        (("enroll", "x.db", "ana"), "no recording of 'ana'"),
        (("enroll", "x.db", "trials.txt", "a.wav"), "name of a person should be"),
        (("enroll", "x.db", "ana", "a.wav", "--from-dirs", "."), "leave NAME out"),
        (("enroll", "x.db", "ana", "a.wav", "--append", "--replace"), "exclude each other"),
        (("enroll", "x.db", "ana", "a.wav", "--model", "gmm", "--background", "fast"), "leave"),
        (("identify", "x.db"), "Missing argument 'RECORDING...'"),
        (("identify", "x.db", "a.wav", "--top", "0"), "--top"),
        (("verify", "x.db", "ana", "a.wav", "--threshold", "nan"), "finite"),
        (("compare", "a.wav"), "SECOND"),
        (("compare", "a.wav", "b.wav", "--threshold", "1", "--operating-point", "0.1"), "exclude"),
        (("import", "x.db", "y.db", "--skip-existing", "--replace-existing"), "exclude"),
        (("train-ubm", ".", "-o", "ubm.npz"), ".gmm"),
        (("score", "x.db", "--trials", "trials.txt", "-o", "s", "--background", "fast"), "leave"),
        (("evaluate", "s.txt", "trials.txt", "--det", "det.jpg"), ".png or .svg"),
        (("recognize",), "No such command"),
    ],
)
def test_wrong_usage_ends_with_2_before_anything_is_touched(run_cli, words, told):
    before = sorted(os.listdir())
    ended = run_cli("speaker", *words)
    assert ended.code == 2
    assert told in ended.err
    assert sorted(os.listdir()) == before


@pytest.mark.parametrize("name", ["a\nb", "", " ana", "x" * 101, "\u202eana"])
def test_a_name_that_cannot_be_one_is_refused(run_cli, people, name):
    ended = run_cli("speaker", "enroll", people, name, "sample:ben-1")
    assert ended.code == 3
    assert "1 to 100 printable characters" in ended.err


def test_a_name_never_becomes_a_path(run_cli, people):
    words = [f"sample:ben-{i}" for i in (1, 2, 3)]
    assert run_cli("speaker", "enroll", people, "../../x", *words).code == 0
    assert run_cli("speaker", "list", people).out == "../../x\nana\n"
    assert sorted(os.listdir()) == ["people.db", "trials.txt"]


@pytest.mark.parametrize(
    ("background", "code"), [("nope", 3), ("nope.gmm", 3), ("damaged.gmm", 4), ("default", 4)]
)
def test_a_background_model_that_does_not_fit_is_refused(run_cli, people, background, code):
    Path("damaged.gmm").write_bytes(b"\x08" + bytes(7) + b"{}      ")
    before = people.read_bytes()
    words = ("ben", "sample:ben-1", "--background", background)
    ended = run_cli("speaker", "enroll", people, *words)
    assert ended.code == code
    assert people.read_bytes() == before


def test_another_kind_of_model_than_the_registry_has_is_refused(run_cli, people):
    ended = run_cli("speaker", "enroll", people, "ben", "sample:ben-1", "--model", "gmm")
    assert ended.code == 4
    assert "gmm-ubm" in ended.err


def test_a_registry_in_a_folder_that_is_not_there_is_refused_before_any_work(run_cli):
    ended = run_cli("speaker", "enroll", "no/people.db", "ana", "sample:ana-1")
    assert ended.code == 3
    assert "make the folder no first" in ended.err
    assert "speech" not in ended.err


def test_a_registry_that_somebody_writes_to_is_busy(run_cli, people, monkeypatch):
    monkeypatch.setattr("gmmkit.io.database.BUSY_SECONDS", 0.2, raising=False)
    with Store.open(people, read_only=False) as store, store._database.writing():
        ended = run_cli("speaker", "rename", people, "ana", "anna")
    assert ended.code == 6


def test_an_export_onto_the_registry_itself_is_refused(run_cli, people):
    before = people.read_bytes()
    assert run_cli("speaker", "export", people, people, "--force").code == 3
    assert people.read_bytes() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="a superuser may write anywhere")
def test_a_registry_that_may_not_be_written_to_is_refused(run_cli, people):
    people.chmod(0o444)
    ended = run_cli("speaker", "rename", people, "ana", "anna")
    assert ended.code == 3
    assert "read-only" in ended.err
