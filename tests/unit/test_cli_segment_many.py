"""``gmmkit segment`` on folders, on pages, on large files, and with outputs of every kind."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from gmmkit.cli.inputs import find_sources
from gmmkit.io import tiff_windows

Run = Callable[..., Any]

LEVELS = np.repeat(np.uint8([20, 120, 230]), [12, 8, 4])[:, None] + np.zeros((24, 36), np.uint8)
QUICK = ("-k", 3, "--features", "gray")


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def stack() -> Path:
    """A TIFF of three pages: stripes, nothing that is a number, stripes upside down."""
    pages = [LEVELS, np.full((24, 36), np.nan), LEVELS[::-1]]
    for number, page in enumerate(pages):
        pixels = page.astype(np.float32) / 255
        tifffile.imwrite("stack.tif", pixels, append=number > 0, photometric="minisblack")
    return Path("stack.tif")


def files(folder: str | Path = "out") -> set[str]:
    return {path.name for path in Path(folder).iterdir()}


def labels(name: str) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(Path("out", name)))


# What is written


def test_the_kinds_that_are_asked_for_are_written_and_no_others(run_cli: Run, photo: Path) -> None:
    ended = run_cli("segment", photo, *QUICK, "--out", "tiff,masks,table", "-o", "out", "--json")
    assert files() == {f"photo.{end}" for end in ("labels.tif", "table.csv")} | {
        f"photo.class-{number}.png" for number in range(3)
    }
    (image,) = json.loads(ended.out)["images"]
    assert image["files"]["class-2"] == str(Path("out", "photo.class-2.png"))


def test_probabilities_come_beside_what_else_is_asked_for(run_cli: Run, photo: Path) -> None:
    run_cli("segment", photo, *QUICK, "--out", "gray", "--probabilities", "-o", "out")
    assert files() == {"photo.gray.png", "photo.probabilities.npz"}


def test_an_unknown_kind_ends_with_three_and_names_those_that_there_are(
    run_cli: Run, photo: Path
) -> None:
    ended = run_cli("segment", photo, "--out", "labels,jpeg", "-o", "out")
    assert (ended.code, Path("out").exists()) == (3, False)
    assert "'jpeg'; needed some of labels, overlay" in ended.err


def test_photos_of_one_run_share_a_coco_file(run_cli: Run, photo: Path) -> None:
    Image.open(photo).rotate(180).save("other.png")
    words = ("segment", photo, "other.png", *QUICK, "--out", "coco", "-o", "out")
    ended = run_cli(*words, "--json")
    assert files() == {"all.coco.json"}
    assert json.loads(ended.out)["files"] == {"coco": str(Path("out", "all.coco.json"))}
    images = json.loads(Path("out/all.coco.json").read_text())["images"]
    assert [image["file_name"] for image in images] == ["photo.png", "other.png"]
    assert "all.coco.json of all images" in run_cli(*words, "--force").out


def test_masks_that_are_there_are_found_before_any_work(run_cli: Run, photo: Path) -> None:
    words = ("segment", photo, *QUICK, "--out", "masks", "-o", "out")
    assert (run_cli(*words).code, run_cli(*words).code) == (0, 3)


def test_a_second_run_over_a_folder_leaves_out_every_result_of_the_first(
    run_cli: Run, photo: Path
) -> None:
    run_cli("segment", photo, *QUICK, "--out", "labels,overlay,colors,gray,tiff,masks,soft")
    assert len(files(".")) == 12
    assert [source.path.name for source in find_sources(["."]).sources] == ["photo.png"]


# Pages


def test_every_page_becomes_a_picture_of_its_own_and_a_bad_one_stops_none(
    run_cli: Run, stack: Path
) -> None:
    ended = run_cli("segment", stack, "--page", "all", *QUICK, "-o", "out", "--json")
    assert ended.code == 3
    images = json.loads(ended.out)["images"]
    assert [image["image"] for image in images] == [f"stack.tif page {i}" for i in range(3)]
    assert ["error" in image for image in images] == [False, True, False]
    assert files() == {
        f"stack.page-000{i}.{kind}.png" for i in (0, 2) for kind in ("labels", "overlay")
    }
    np.testing.assert_array_equal(
        labels("stack.page-0000.labels.png"), labels("stack.page-0002.labels.png")[::-1]
    )


def test_pages_share_a_model(run_cli: Run, stack: Path) -> None:
    words = ("--page", "all", "--shared-model", "--save-model", "m.gmm")
    assert run_cli("segment", stack, *words, *QUICK, "-o", "out").code == 3
    assert len(files()) == 4
    assert Path("m.gmm").exists()


def test_one_page_is_named_after_the_file(run_cli: Run, stack: Path) -> None:
    assert run_cli("segment", stack, "--page", 2, *QUICK, "-o", "out").code == 0
    assert files() == {"stack.labels.png", "stack.overlay.png"}


def test_a_file_of_one_page_keeps_its_name(run_cli: Run, photo: Path) -> None:
    assert run_cli("segment", photo, "--page", "all", *QUICK, "-o", "out").code == 0
    assert "photo.labels.png" in files()


def test_without_a_choice_the_first_page_is_done_with_a_warning(run_cli: Run, stack: Path) -> None:
    ended = run_cli("segment", stack, *QUICK, "-o", "out")
    assert (ended.code, len(files())) == (0, 2)
    assert "only the first of 3 pages" in ended.err


@pytest.mark.parametrize("page", ["-1", "first", "1.5", ""])
def test_a_page_that_is_no_number_ends_with_two(run_cli: Run, page: str) -> None:
    ended = run_cli("segment", "a.tif", f"--page={page}")
    assert ended.code == 2
    assert "--page" in ended.err


def test_a_file_that_is_no_image_fails_alone_among_pages(run_cli: Run, photo: Path) -> None:
    Path("bad.tif").write_bytes(b"II*\0")
    ended = run_cli("segment", "bad.tif", photo, "--page", "all", *QUICK, "-o", "out")
    assert (ended.code, len(files())) == (3, 2)
    assert len(ended.err.splitlines()) == 1


# Large files


def test_a_file_that_is_left_on_the_disk_gives_the_same_files(
    run_cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(0)
    bands = np.repeat(LEVELS[:, :, None], 5, axis=2) + random.integers(0, 9, (24, 36, 5))
    tifffile.imwrite(
        "bands.tif",
        (bands * 200).astype(np.uint16),
        photometric="minisblack",
        planarconfig="contig",
        extrasamples=[0] * 4,
        compression="zlib",
        rowsperstrip=3,
    )
    words = ("segment", "bands.tif", "-k", 3, "--out", "labels,overlay,colors,table,tiff")
    assert run_cli(*words, "-o", "whole").code == 0
    monkeypatch.setattr(tiff_windows, "LARGEST_WHOLE_BYTES", 0)
    assert run_cli(*words, "-o", "parts").code == 0
    for name in files("whole"):
        assert Path("whole", name).read_bytes() == Path("parts", name).read_bytes(), name


def test_a_damaged_strip_of_a_large_file_fails_alone(
    run_cli: Run, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiff_windows, "LARGEST_WHOLE_BYTES", 0)
    tifffile.imwrite("bad.tif", LEVELS, compression="zlib", rowsperstrip=3)
    with tifffile.TiffFile("bad.tif") as tiff:
        place = tiff.pages.first.dataoffsets[4]
    content = bytearray(Path("bad.tif").read_bytes())
    content[place : place + 4] = b"\xff" * 4
    Path("bad.tif").write_bytes(content)
    ended = run_cli("segment", "bad.tif", photo, *QUICK, "-o", "out")
    assert (ended.code, files()) == (3, {"photo.labels.png", "photo.overlay.png"})
    assert "bad.tif is damaged" in ended.err
