"""``gmmkit image cutout`` from the words on the command line to files and exit codes."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def disk():
    """A gray picture with a light square."""
    pixels = np.full((20, 24), 60, np.uint8)
    pixels[6:14, 8:16] = 200
    Image.fromarray(pixels).save("disk.png")
    return Path("disk.png")


RECTANGLE = ("--rect", "5,3,14,14")


def read(name):
    return np.asarray(Image.open(name))


def test_a_rectangle_leads_to_mask_alpha_cutout_and_overlay(run_cli, disk):
    ended = run_cli("image", "cutout", disk, *RECTANGLE)
    assert ended.code == 0
    assert np.array_equal(np.unique(read("disk.mask.png")), [0, 255])
    assert np.count_nonzero(read("disk.mask.png")) == 64
    assert read("disk.alpha.png").dtype == np.uint8
    assert read("disk.cutout.png").shape == (20, 24, 4)
    assert read("disk.overlay.png").shape == (20, 24, 3)
    assert "object 13.3 %, 8 x 8 pixels at 8, 6" in ended.out


def test_strokes_do_the_same(run_cli, disk):
    strokes = np.zeros((20, 24, 4), np.uint8)
    strokes[9:11, 10:14], strokes[1, 2:20] = (0, 255, 0, 255), (255, 0, 0, 255)
    Image.fromarray(strokes).save("strokes.png")
    assert run_cli("image", "cutout", disk, "--scribbles", "strokes.png", "-o", "out").code == 0
    assert np.count_nonzero(read("out/disk.mask.png")) == 64


def test_the_object_says_everything(run_cli, disk):
    whole = json.loads(run_cli("image", "cutout", disk, *RECTANGLE, "--json").out)
    assert whole["schema"] == "gmmkit.image.cutout/1"
    assert whole["box"] == [8, 6, 8, 8]
    assert whole["rectangle"] == [5, 3, 14, 14]
    assert set(whole["files"]) == {"mask", "alpha", "cutout", "overlay"}


def test_sixteen_bits_of_alpha_on_request(run_cli, disk):
    run_cli("image", "cutout", disk, *RECTANGLE, "--alpha-bits", 16)
    assert read("disk.alpha.png").max() == 65535


def test_a_saved_model_gives_the_same_mask(run_cli, disk):
    run_cli("image", "cutout", disk, *RECTANGLE, "-o", "one", "--save-model", "disk.gmm")
    ended = run_cli("image", "cutout", disk, *RECTANGLE, "-o", "two", "--model", "disk.gmm")
    assert ended.code == 0
    assert Path("one/disk.mask.png").read_bytes() == Path("two/disk.mask.png").read_bytes()


def test_existing_outputs_are_left_alone(run_cli, disk):
    Path("disk.alpha.png").write_text("mine")
    assert run_cli("image", "cutout", disk, *RECTANGLE).code == 3
    assert Path("disk.alpha.png").read_text() == "mine"
    assert not Path("disk.mask.png").exists()
    assert run_cli("image", "cutout", disk, *RECTANGLE, "--force").code == 0


@pytest.mark.parametrize("words", [(), ("--rect", "1,2,3"), ("--rect", "a,b,c,d")])
def test_wrong_usage_ends_with_two(run_cli, disk, words):
    assert run_cli("image", "cutout", disk, *words).code == 2


@pytest.mark.parametrize(
    "words",
    [("--rect", "1,2,0,4"), ("--rect", "90,2,4,4"), ("--scribbles", "none.png")],
)
def test_what_can_not_be_used_ends_with_three_and_writes_nothing(run_cli, disk, words):
    ended = run_cli("image", "cutout", disk, *words, "-o", "out")
    assert ended.code == 3
    assert ended.err.startswith("gmmkit: error: ")
    assert not Path("out").exists()


def test_a_damaged_model_ends_with_four(run_cli, disk):
    Path("bad.gmm").write_bytes(b"nonsense")
    assert run_cli("image", "cutout", disk, *RECTANGLE, "--model", "bad.gmm").code == 4


def test_a_folder_is_more_than_one_image(run_cli, disk):
    Image.open(disk).save("other.png")
    assert run_cli("image", "cutout", ".", *RECTANGLE).code == 2
