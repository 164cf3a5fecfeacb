"""``gmmkit segment`` from the words on the command line to files, tables and exit codes."""

import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from gmmkit import __main__ as start

Run = Callable[..., Any]
MakePhoto = Callable[[Path], Path]


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A picture of one color."""
    path = tmp_path / "plain.png"
    Image.new("RGB", (12, 9), (10, 20, 30)).save(path)
    return path


def labels(name: str | Path) -> np.ndarray:
    return np.asarray(Image.open(name))


def save_bands(name: str, photo: Path) -> None:
    """Write six bands, the colors of a photo twice."""
    pixels = np.asarray(Image.open(photo))
    options = {"photometric": "minisblack", "planarconfig": "contig"}
    tifffile.imwrite(name, np.dstack([pixels, pixels]), **options)


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# What it does


def test_a_photo_becomes_a_mask_an_overlay_and_a_table(run_cli: Run, photo: Path) -> None:
    ended = run_cli("segment", photo, "-k", 3, "--features", "lab")
    assert ended.code == 0
    assert files(photo.parent) == {"photo.png", "photo.labels.png", "photo.overlay.png"}
    shares = re.findall(r"^ +\d +([\d.]+) %  #[0-9a-f]{6} +0\.\d{3}$", ended.out, re.MULTILINE)
    assert [round(float(share)) for share in shares] == [50, 33, 17]
    assert "wrote photo.labels.png, photo.overlay.png" in ended.out


def test_the_mask_has_the_classes_where_they_are(run_cli: Run, photo: Path) -> None:
    run_cli("segment", photo, "-k", 3, "--features", "lab")
    mask = labels("photo.labels.png")
    assert mask.shape == (24, 36)
    assert [mask[12, column] for column in (5, 25, 33)] == [0, 1, 2]


def test_segment_is_image_segment(run_cli: Run, photo: Path) -> None:
    run_cli("segment", photo, "-o", "one")
    run_cli("image", "segment", photo, "-o", "two")
    assert Path("one/photo.labels.png").read_bytes() == Path("two/photo.labels.png").read_bytes()


def test_the_object_says_everything_and_nothing_else_is_printed(run_cli: Run, photo: Path) -> None:
    ended = run_cli("segment", photo, "-k", 3, "--json", "--seed", 7)
    whole = json.loads(ended.out)
    assert set(whole) == {"schema", "gmmkit_version", "seed", "model", "images"}
    assert (whole["schema"], whole["seed"]) == ("gmmkit.segment/1", 7)
    (image,) = whole["images"]
    assert (image["image"], image["width"], image["height"]) == (str(photo), 36, 24)
    assert [entry["class"] for entry in image["classes"]] == [0, 1, 2]
    assert sum(entry["share"] for entry in image["classes"]) == pytest.approx(1)
    assert image["files"] == {"labels": "photo.labels.png", "overlay": "photo.overlay.png"}
    assert image["fit"]["converged"] is True
    assert image["fit"]["precision"] in {"float32", "float64", "centered"}


def test_the_same_seed_gives_the_same_bytes_on_one_and_two_threads(
    run_cli: Run, photo: Path
) -> None:
    for threads in (1, 2):
        words = ("--probabilities", "--seed", 3, "--threads", threads)
        run_cli("segment", photo, "-o", f"run{threads}", *words, "--save-model", f"{threads}.gmm")
    for name in files(Path("run1")):
        assert Path("run1", name).read_bytes() == Path("run2", name).read_bytes(), name
    assert Path("1.gmm").read_bytes() == Path("2.gmm").read_bytes()


def test_probabilities_are_written_on_request(run_cli: Run, photo: Path) -> None:
    run_cli("segment", photo, "-k", 3, "--probabilities")
    probabilities = np.load("photo.probabilities.npz")["probabilities"]
    assert probabilities.shape == (24, 36, 3)
    assert np.array_equal(probabilities.argmax(axis=2), labels("photo.labels.png"))


def test_two_images_with_one_stem_keep_their_extensions(
    run_cli: Run, make_photo: MakePhoto
) -> None:
    make_photo(Path("a.png"))
    make_photo(Path("a.bmp"))
    assert run_cli("segment", "a.png", "a.bmp", "-o", "out").code == 0
    assert {"a.png.labels.png", "a.bmp.labels.png"} < files(Path("out"))


# Models


def test_a_saved_model_gives_the_same_mask(run_cli: Run, photo: Path) -> None:
    ended = run_cli("segment", photo, "-k", 3, "--save-model", "m.gmm", "-o", "one")
    assert "m.gmm" in ended.out
    assert run_cli("segment", photo, "--model", "m.gmm", "-o", "two").code == 0
    assert Path("one/photo.labels.png").read_bytes() == Path("two/photo.labels.png").read_bytes()


def test_a_class_of_the_model_that_is_absent_is_listed(run_cli: Run, photo: Path) -> None:
    run_cli("segment", photo, "-k", 3, "--save-model", "m.gmm", "--features", "lab")
    Image.open(photo).crop((0, 0, 14, 24)).save("left.png")
    ended = run_cli("segment", "left.png", "--model", "m.gmm", "--json")
    entries = json.loads(ended.out)["images"][0]["classes"]
    assert [entry["share"] for entry in entries] == [1, 0, 0]
    assert entries[1]["mean_color"] is None
    assert "absent" in run_cli("segment", "left.png", "--model", "m.gmm", "--force").out


def test_a_shared_model_gives_a_class_one_meaning(run_cli: Run, photo: Path) -> None:
    Image.open(photo).crop((15, 0, 36, 24)).save("right.png")
    words = ("--shared-model", "-k", 3, "--features", "lab", "--save-model", "m.gmm")
    assert run_cli("segment", photo, "right.png", *words).code == 0
    assert np.array_equal(labels("photo.labels.png")[:, 20:], labels("right.labels.png")[:, 5:])
    assert Path("m.gmm").exists()


def test_a_damaged_model_ends_with_four_and_writes_nothing(run_cli: Run, photo: Path) -> None:
    Path("m.gmm").write_bytes(b"nonsense")
    ended = run_cli("segment", photo, "--model", "m.gmm")
    assert ended.code == 4
    assert "m.gmm" in ended.err
    assert files(photo.parent) == {"photo.png", "m.gmm"}


def test_a_model_of_gray_pictures_ends_with_four_on_color(run_cli: Run, photo: Path) -> None:
    Image.open(photo).convert("L").save("gray.png")
    run_cli("segment", "gray.png", "--save-model", "gray.gmm")
    ended = run_cli("segment", photo, "--model", "gray.gmm", "-o", "out")
    assert ended.code == 4
    assert "color" in ended.err
    assert not Path("out").exists()


def test_a_model_of_color_ends_with_four_on_bands(run_cli: Run, photo: Path) -> None:
    save_bands("bands.tif", photo)
    run_cli("segment", photo, "--save-model", "color.gmm", "--features", "lab")
    ended = run_cli("segment", "bands.tif", "--model", "color.gmm", "-o", "out")
    assert ended.code == 4
    assert "found a model for channels='color'" in ended.err
    assert not Path("out").exists()


def test_a_model_of_bands_ends_with_four_on_color(run_cli: Run, photo: Path) -> None:
    save_bands("bands.tif", photo)
    run_cli("segment", "bands.tif", "--save-model", "bands.gmm")
    ended = run_cli("segment", photo, "--model", "bands.gmm", "-o", "out")
    assert ended.code == 4
    assert "found a model for channels='bands'" in ended.err
    assert not Path("out").exists()


# What goes wrong


def test_a_missing_file_ends_with_three_and_is_named(run_cli: Run) -> None:
    ended = run_cli("segment", "missing.png")
    assert ended.code == 3
    assert ended.out == ""
    assert re.fullmatch(r"gmmkit: error: .*missing\.png.*\n", ended.err)


def test_a_bad_file_among_good_ones_is_reported_and_the_others_are_done(
    run_cli: Run, photo: Path, make_photo: MakePhoto
) -> None:
    Path("bad.png").write_text("no picture")
    make_photo(Path("other.png"))
    ended = run_cli("segment", photo, "bad.png", "missing.png", "other.png", "--json", "-o", "out")
    assert ended.code == 3
    assert len(ended.err.splitlines()) == 2
    images = json.loads(ended.out)["images"]
    assert [image.get("error", {}).get("code") for image in images] == [
        None,
        "image.format",
        "file.unreadable",
        None,
    ]
    assert "other.labels.png" in files(Path("out"))


def test_a_bad_file_is_left_out_of_a_shared_model(run_cli: Run, photo: Path) -> None:
    Path("bad.png").write_text("no picture")
    ended = run_cli("segment", "bad.png", photo, "--shared-model", "-k", 3)
    assert ended.code == 3
    assert len(ended.err.splitlines()) == 1
    assert Path("photo.labels.png").exists()


def test_a_shared_model_of_bad_files_alone_is_no_bug(run_cli: Run) -> None:
    ended = run_cli("segment", "a.png", "b.png", "--shared-model", "--save-model", "m.gmm")
    assert ended.code == 3
    assert len(ended.err.splitlines()) == 2
    assert not Path("m.gmm").exists()


def test_an_existing_output_is_found_before_any_work(
    run_cli: Run, photo: Path, make_photo: MakePhoto
) -> None:
    make_photo(Path("other.png"))
    Path("photo.overlay.png").write_text("precious")
    ended = run_cli("segment", "other.png", photo)
    assert ended.code == 3
    assert "photo.overlay.png" in ended.err
    assert "--force" in ended.err
    assert files(photo.parent) == {"photo.png", "other.png", "photo.overlay.png"}
    assert Path("photo.overlay.png").read_text() == "precious"


def test_force_replaces_what_is_there(run_cli: Run, photo: Path) -> None:
    Path("photo.labels.png").write_text("old")
    assert run_cli("segment", photo, "--force").code == 0
    assert labels("photo.labels.png").shape == (24, 36)


def test_an_output_never_replaces_an_input(run_cli: Run, make_photo: MakePhoto) -> None:
    make_photo(Path("a.png"))
    before = make_photo(Path("a.labels.png")).read_bytes()
    assert run_cli("segment", "a.png", "a.labels.png", "--force").code == 3
    assert Path("a.labels.png").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "about"),
    [
        ([], "IMAGE"),
        (["p.png", "-k", "0"], "classes"),
        (["p.png", "-k", "many"], "classes"),
        (["p.png", "--covariance", "round"], "covariance"),
        (["p.png", "--smoothness", "-1"], "smoothness"),
        (["p.png", "--smoothness", "1e9"], "smoothness"),
        (["p.png", "--no-such-option"], "no-such-option"),
        (["p.png", "--model", "m.gmm", "-k", "3"], "--classes and --model"),
        (["p.png", "--model", "m.gmm", "--shared-model"], "--shared-model and --model"),
        (["p.png", "--model", "m.gmm", "--save-model", "n.gmm"], "--save-model and --model"),
        (["p.png", "q.png", "--save-model", "m.gmm"], "--shared-model"),
    ],
)
def test_wrong_words_end_with_two_in_one_line(run_cli: Run, words: list[str], about: str) -> None:
    ended = run_cli("segment", *words)
    assert ended.code == 2
    assert ended.out == ""
    assert about in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize("words", [["--features", "lab+smell"], ["--smoothness", "nan"]])
def test_a_value_that_the_library_refuses_ends_with_three_and_writes_nothing(
    run_cli: Run, photo: Path, words: list[str]
) -> None:
    assert run_cli("segment", photo, *words, "-o", "out").code == 3
    assert not Path("out").exists()


def test_fewer_colors_than_classes_is_told_once_and_done(run_cli: Run, plain: Path) -> None:
    ended = run_cli("segment", plain, "--json")
    assert ended.code == 0
    (warning,) = json.loads(ended.out)["images"][0]["warnings"]
    assert warning["code"] == "fit.degenerate"
    assert ended.err == f"gmmkit: warning: {warning['message']}\n"


def test_fewer_colors_than_classes_is_an_error_when_strict(run_cli: Run, plain: Path) -> None:
    ended = run_cli("segment", plain, "--strict", "-o", "out")
    assert ended.code == 5
    assert "gmmkit: error: the fit is degenerate" in ended.err
    assert not Path("out").exists()


def test_a_larger_image_than_allowed_is_refused(run_cli: Run, photo: Path) -> None:
    ended = run_cli("segment", photo, "--max-pixels", 800)
    assert ended.code == 3
    assert re.search(r"found 36\D+24", ended.err)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_with_its_code_and_leaves_nothing_behind(
    photo: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, code: int
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        os.kill(os.getpid(), number)
        time.sleep(60)  # until another thread, which may have got the signal, has passed it on

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr("gmmkit.image.export.overlay_png", interrupted)
    monkeypatch.setattr(sys, "argv", ["gmmkit", "segment", str(photo)])
    try:
        ended = start.main()
    except SystemExit as exit_:
        ended = exit_.code
    finally:
        signal.signal(signal.SIGTERM, before)
    assert ended == code
    assert files(photo.parent) == {"photo.png"}


# A process of its own


def test_the_command_runs_as_a_module_and_keeps_results_and_messages_apart(
    gmmkit_process: Run, photo: Path
) -> None:
    ended = gmmkit_process("segment", photo, "missing.png", "-k", 3, "--json", cwd=photo.parent)
    assert ended.returncode == 3
    assert len(json.loads(ended.stdout)["images"]) == 2
    assert ended.stderr.startswith("gmmkit: error: ")
    assert len(ended.stderr.splitlines()) == 1


def test_a_reader_that_goes_away_ends_the_run_quietly(gmmkit_process: Run, photo: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = gmmkit_process("segment", photo, "--json", cwd=photo.parent, stdout=writing)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, "")


@pytest.mark.parametrize(("no_color", "block"), [("", True), ("1", False)])
def test_colors_are_shown_on_terminals_that_want_them(
    run_cli: Run, photo: Path, monkeypatch: pytest.MonkeyPatch, no_color: str, block: bool
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setattr("click.utils.should_strip_ansi", lambda *_: False)
    ended = run_cli("segment", photo)
    assert ("\u2588" in ended.out) is block


def test_progress_is_shown_on_a_terminal_and_leaves_no_trace_in_the_results(
    run_cli: Run, make_photo: MakePhoto, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = make_photo(Path("a name far too long for one line" * 5 + ".png"))
    monkeypatch.setattr("gmmkit.cli.progress.on_terminal", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    ended = run_cli("segment", photo, "--json")
    assert len(json.loads(ended.out)["images"]) == 1
    assert "1/1" in ended.err
