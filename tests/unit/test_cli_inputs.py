"""Words on the command line become images."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gmmkit.cli.inputs import Found, find_sources


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with files of several kinds; only their names matter here."""
    names = ["b.JPG", "a.png", "c.tiff", "notes.txt", ".hidden.png", "a.labels.png"]
    for name in [*names, "a.overlay.png", "odd[1].png"]:
        (tmp_path / name).touch()
    (tmp_path / "inner.png").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(found: Found) -> list[str]:
    return [source.path.name for source in found.sources]


def test_a_folder_means_its_images_sorted_without_earlier_results(folder: Path) -> None:
    assert names(find_sources([str(folder)])) == ["a.png", "b.JPG", "c.tiff", "odd[1].png"]


def test_a_quoted_glob_means_what_it_matches(folder: Path) -> None:
    assert names(find_sources(["[bc].*"])) == ["b.JPG", "c.tiff"]


def test_a_file_whose_name_looks_like_a_glob_is_that_file(folder: Path) -> None:
    assert names(find_sources(["odd[1].png"])) == ["odd[1].png"]


def test_a_file_named_in_three_ways_is_done_once(folder: Path) -> None:
    assert names(find_sources(["a.png", "./a.png", str(folder / "a.png")])) == ["a.png"]


def test_the_order_of_the_words_is_kept(folder: Path) -> None:
    assert names(find_sources(["c.tiff", "a.png"])) == ["c.tiff", "a.png"]


def test_a_sample_means_the_photo_that_was_installed() -> None:
    (source,) = find_sources(["sample:coffee"]).sources
    assert source.path.is_file()
    assert source.argument == "sample:coffee"


def test_an_unknown_sample_fails_with_the_names_that_are_there() -> None:
    (failure,) = find_sources(["sample:nothing"]).failures
    assert "coffee" in str(failure.error)


@pytest.mark.parametrize("word", ["*.nothing", "empty"])
def test_a_word_that_means_no_image_fails_and_the_others_are_kept(folder: Path, word: str) -> None:
    (folder / "empty").mkdir()
    found = find_sources([word, "a.png"])
    assert names(found) == ["a.png"]
    assert found.failures[0].argument == word
    assert found.failures[0].error.exit_code == 3


def test_a_missing_file_is_left_to_the_reader(folder: Path) -> None:
    assert names(find_sources(["missing.png"])) == ["missing.png"]


def test_a_folder_in_a_glob_means_its_images(
    folder: Path, make_photo: Callable[[Path], Path]
) -> None:
    make_photo(folder / "trip" / "one.png")
    assert names(find_sources(["tri*"])) == ["one.png"]
