"""``gmmkit image background`` from the words on the command line to masks and exit codes."""

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from videos import make_video

import gmmkit


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def video():
    return make_video("moving", n_frames=12, shape=(40, 50))[0]


@pytest.fixture
def frames(video):
    """Twelve frames as files whose order by text is another."""
    Path("frames").mkdir()
    for number, frame in enumerate(video):
        Image.fromarray(frame).save(f"frames/f{number}.png")
    return Path("frames")


def pixels(path):
    return np.asarray(Image.open(path))


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def test_a_folder_becomes_a_mask_for_each_frame(run_cli, frames, video):
    ended = run_cli("image", "background", frames, "-o", "masks")
    assert ended.code == 0
    assert names("masks") == sorted(f"f{number}.foreground.png" for number in range(12))
    expected = list(gmmkit.image.subtract_background(video))
    found = [pixels(f"masks/f{number}.foreground.png") for number in range(12)]
    assert np.array_equal(found, expected)
    assert "12 masks of 12 frames" in ended.out


def test_frames_are_taken_in_the_order_of_their_numbers(run_cli, frames):
    files = [f"frames/f{number}.png" for number in (10, 2, 1, 0, 11)]
    whole = json.loads(run_cli("image", "background", *files, "--json").out)
    order = [str(Path("frames", f"f{number}.png")) for number in (0, 1, 2, 10, 11)]
    assert [entry["frame"] for entry in whole["frames"]] == order


def test_the_object_says_how_much_moves(run_cli, frames):
    ended = run_cli("image", "background", frames, "-o", "masks", "--json")
    whole = json.loads(ended.out)
    assert (whole["schema"], whole["learned"]) == ("gmmkit.background/1", 12)
    mask = pixels("masks/f11.foreground.png")
    last = whole["frames"][-1]
    assert last["foreground"] == pytest.approx(np.mean(mask == 255))
    assert last["files"] == {"mask": str(Path("masks/f11.foreground.png"))}


def test_a_warm_up_has_no_masks(run_cli, frames):
    assert run_cli("image", "background", frames, "-o", "masks", "--warm-up", 10).code == 0
    assert names("masks") == ["f10.foreground.png", "f11.foreground.png"]


def test_pages_become_pages(run_cli, video):
    tifffile.imwrite("scan.tif", video, photometric="rgb")
    assert run_cli("image", "background", "scan.tif", "--tiff", "masks.tif").code == 0
    expected = list(gmmkit.image.subtract_background(video))
    assert np.array_equal(tifffile.imread("masks.tif"), expected)
    assert names(".") == ["masks.tif", "scan.tif"]


def test_the_background_and_overlays_are_written(run_cli, frames):
    words = ["-o", "masks", "--overlay", "--background-image", "empty.png"]
    assert run_cli("image", "background", frames, *words).code == 0
    assert pixels("empty.png").shape == pixels("masks/f3.overlay.png").shape == (40, 50, 3)


def test_a_saved_model_goes_on_where_it_was(run_cli, frames, video):
    run_cli("image", "background", "frames/f[0-5].png", "-o", "one", "--save-model", "yard.gmm")
    ended = run_cli("image", "background", "frames/f6.png", "-o", "two", "--model", "yard.gmm")
    assert ended.code == 0
    expected = list(gmmkit.image.subtract_background(video[:7]))[-1]
    assert np.array_equal(pixels("two/f6.foreground.png"), expected)


def test_options_reach_the_model(run_cli, frames, video):
    words = ["--no-shadows", "--smoothing", 0, "--threshold", 30, "--history", 20]
    words += ["--learning-rate", 0.2, "--no-lighting"]
    assert run_cli("image", "background", frames, "-o", "masks", *words).code == 0
    expected = gmmkit.image.subtract_background(
        video,
        learning_rate=0.2,
        detect_shadows=False,
        smoothing=0,
        variance_threshold=30.0,
        history=20,
        adapt_lighting=False,
    )
    found = [pixels(f"masks/f{number}.foreground.png") for number in range(12)]
    assert np.array_equal(found, list(expected))


def test_a_frame_that_can_not_be_used_is_named_and_the_others_are_done(run_cli, frames):
    Image.new("RGB", (7, 8)).save("frames/f3.png")
    Path("frames/f5.png").write_bytes(b"not a picture")
    ended = run_cli("image", "background", frames, "-o", "masks")
    assert ended.code == 3
    assert "f5.png is no image" in ended.err
    assert "7 x 8" in ended.err
    assert "50 x 40" in ended.err
    assert len(names("masks")) == 10
    assert "10 masks of 12 frames" in ended.out


def test_masks_of_an_earlier_run_are_no_frames(run_cli, frames):
    assert run_cli("image", "background", frames, "-o", frames).code == 0
    assert run_cli("image", "background", frames, "-o", frames, "--force").code == 0
    assert len(names(frames)) == 24


def test_outputs_that_exist_are_found_before_any_work(run_cli, frames):
    Path("masks").mkdir()
    Path("masks/f11.foreground.png").write_bytes(b"mine")
    ended = run_cli("image", "background", frames, "-o", "masks")
    assert (ended.code, names("masks")) == (3, ["f11.foreground.png"])
    assert "--force" in ended.err


def test_frames_are_never_overwritten(run_cli, frames):
    before = Path("frames/f0.png").read_bytes()
    words = ["--background-image", "frames/f0.png", "--force"]
    assert run_cli("image", "background", frames, "-o", "masks", *words).code == 3
    assert Path("frames/f0.png").read_bytes() == before


def test_frames_of_the_same_name_are_refused(run_cli, frames):
    Path("other").mkdir()
    Path("other/f0.png").write_bytes(Path("frames/f0.png").read_bytes())
    ended = run_cli("image", "background", "frames/f0.png", "other/f0.png", "-o", "masks")
    assert ended.code == 3
    assert "same files" in ended.err
    assert not Path("masks").exists()


def test_nothing_is_written_where_there_is_no_frame(run_cli):
    ended = run_cli("image", "background", "none.png", "-o", "masks", "--save-model", "yard.gmm")
    assert ended.code == 3
    assert names(".") == []


@pytest.mark.parametrize(
    "words",
    [
        ("--model", "m.gmm", "--history", "9"),
        ("--model", "m.gmm", "--no-shadows"),
        ("--learning-rate", "2"),
        ("--smoothing", "11"),
        ("--save-model", "yard.txt"),
        ("--tiff", "m.tif", "--overlay"),
    ],
)
def test_words_that_contradict_each_other_or_their_range_are_wrong_usage(run_cli, words):
    assert run_cli("image", "background", "f.png", *words).code == 2


def test_a_model_of_something_else_is_a_bad_model_file(run_cli, frames):
    mixture = gmmkit.Mixture([1.0], [[0.0]], np.ones((1, 1, 1)))
    gmmkit.save(mixture, "other.gmm")
    ended = run_cli("image", "background", frames, "-o", "masks", "--model", "other.gmm")
    assert (ended.code, Path("masks").exists()) == (4, False)
