"""``gmmkit image regions`` and ``gmmkit segment --regions``, as a person uses them."""

import json

import numpy as np
import pytest
from PIL import Image

from gmmkit.cli.app import run


@pytest.fixture
def photo(tmp_path, monkeypatch):
    """Write a photo of two boxes on a gray ground, and work beside it."""
    monkeypatch.chdir(tmp_path)
    pixels = np.full((60, 90, 3), 120, np.int64)
    pixels[10:40, 10:35], pixels[20:50, 50:80] = (220, 40, 30), (30, 60, 220)
    pixels += np.random.default_rng(0).integers(-3, 4, pixels.shape)
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save("boxes.png")
    return "boxes.png"


def test_regions_are_listed_and_two_files_are_written(photo, tmp_path, capsys):
    assert run(["image", "regions", photo, "-n", "3"]) == 0

    printed = capsys.readouterr().out
    assert "3 regions" in printed
    assert {"boxes.labels.png", "boxes.overlay.png"} <= {path.name for path in tmp_path.iterdir()}
    labels = np.asarray(Image.open("boxes.labels.png"))
    assert [labels[0, 0], len(np.unique(labels))] == [0, 3]


def test_the_shorthand_writes_the_same_labels(photo, tmp_path):
    assert run(["image", "regions", photo, "-n", "3", "-o", "one"]) == 0
    assert run(["segment", photo, "--regions=3", "-o", "other"]) == 0

    one, other = (tmp_path / name / "boxes.labels.png" for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()


def test_strength_is_a_16_bit_picture_that_is_dark_inside_and_light_at_the_border(photo):
    assert run(["image", "regions", photo, "--strength"]) == 0

    strength = np.asarray(Image.open("boxes.strength.png"))
    assert strength.dtype == np.uint16
    assert strength[25, 8:13].max() > 30_000 > strength[25, 20]


def test_json_tells_counts_threshold_and_files(photo, capsys):
    assert run(["image", "regions", photo, "--threshold", "0.9", "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    image = told["images"][0]
    assert told["schema"] == "gmmkit.image.regions/1"
    assert image["threshold"] == 0.9
    assert image["n_regions"] <= image["n_finest"]
    assert sum(entry["share"] for entry in image["regions"]) <= 1 + 1e-9


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["image", "regions", "boxes.png", "-n", "3", "--threshold", "0.5"], "exclude each other"),
        (["image", "regions", "boxes.png", "-n", "0"], "whole number from 1"),
        (["image", "regions", "boxes.png", "--threshold", "2"], "--threshold"),
        (["segment", "boxes.png", "--regions=3", "-k", "4"], "exclude each other"),
        (["segment", "boxes.png", "--regions=3", "--probabilities"], "exclude each other"),
        (["segment", "boxes.png", "--strength"], "add --regions"),
        (["segment", "--regions", "boxes.png"], "as in --regions=12"),
    ],
)
def test_words_that_contradict_each_other_are_wrong_usage(photo, words, said, capsys):
    assert run(words) == 2
    assert said in capsys.readouterr().err


def test_more_regions_than_there_are_is_told_with_the_largest_number(photo, capsys):
    assert run(["image", "regions", photo, "-n", "100000"]) == 3
    assert "needed" in capsys.readouterr().err.replace("needs", "needed")


def test_a_model_of_something_else_is_refused_before_any_work(photo, tmp_path, capsys):
    assert run(["segment", photo, "-k", "2", "--save-model", "classes.gmm"]) == 0
    assert run(["image", "regions", photo, "--model", "classes.gmm", "-o", "new"]) == 4

    assert "does not say how to merge regions" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_existing_files_are_found_before_any_work(photo, capsys):
    assert run(["image", "regions", photo]) == 0
    assert run(["image", "regions", photo]) == 3
    assert "--force" in capsys.readouterr().err


def test_a_bad_photo_among_good_ones_is_named_and_the_others_are_done(photo, tmp_path, capsys):
    (tmp_path / "bad.png").write_bytes(b"no picture")

    assert run(["image", "regions", "bad.png", photo]) == 3
    assert "bad.png" in capsys.readouterr().err
    assert (tmp_path / "boxes.labels.png").exists()


def test_automatic_classes_show_how_each_number_does(photo, capsys):
    assert run(["segment", photo, "-k", "auto"]) == 0

    printed = capsys.readouterr().out
    assert "by number of classes" in printed
    assert printed.count("# <") == 1


def test_one_model_of_many_photos_needs_a_number(photo, capsys):
    assert run(["segment", photo, "-k", "auto", "--shared-model"]) == 3
    assert "-k auto with --shared-model" in capsys.readouterr().err


def test_a_rectangle_makes_segment_cut_an_object_out(photo, tmp_path):
    assert run(["segment", photo, "--rect", "6,6,33,38"]) == 0
    assert run(["image", "cutout", photo, "--rect", "6,6,33,38", "-o", "other"]) == 0

    one, other = (tmp_path / name / "boxes.mask.png" for name in ("", "other"))
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("words", [["-k", "3"], ["--regions=2"], ["boxes.png", "other.png"]])
def test_a_rectangle_goes_with_one_image_and_no_classes(photo, words, capsys):
    assert run(["segment", photo, "--rect", "6,6,33,38", *words]) == 2
    assert "--rect" in capsys.readouterr().err


def test_a_second_run_over_the_folder_leaves_out_what_the_first_wrote(photo, tmp_path, capsys):
    assert run(["image", "regions", photo, "--strength"]) == 0
    assert run(["segment", photo, "--rect", "6,6,33,38", "--force"]) == 0
    capsys.readouterr()

    assert run(["image", "regions", ".", "-o", "again", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["images"]) == 1
