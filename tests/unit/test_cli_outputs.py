"""Names of outputs, and what is refused before any work."""

from pathlib import Path

import pytest

from gmmkit.cli.inputs import Source
from gmmkit.cli.outputs import check_outputs, numbered_files, output_stems
from gmmkit.errors import InputError, OutputExistsError, OutputWriteError


def sources(*paths: str | Path) -> list[Source]:
    return [Source(str(path), Path(path)) for path in paths]


def stems(*paths: str) -> list[str]:
    return [stem.name for stem in output_stems(sources(*paths), Path("out"))]


def test_outputs_are_named_after_the_stem_in_the_output_folder() -> None:
    assert output_stems(sources("in/photo.v2.jpg"), Path("out")) == [Path("out/photo.v2")]


def test_pages_are_named_by_their_numbers() -> None:
    pages = [page for source in sources("a.tif", "b.tif") for page in source.pages(2)]
    names = [stem.name for stem in output_stems(pages, Path("out"))]
    assert names == ["a.page-0000", "a.page-0001", "b.page-0000", "b.page-0001"]


def test_pages_of_two_files_with_one_stem_keep_their_extensions() -> None:
    pages = [page for source in sources("a.tif", "a.tiff") for page in source.pages(2)]
    names = [stem.name for stem in output_stems(pages, Path("out"))]
    assert names[1:3] == ["a.tif.page-0001", "a.tiff.page-0000"]


def test_two_images_with_one_stem_keep_their_extensions() -> None:
    assert stems("a.jpg", "b.jpg", "a.png") == ["a.jpg", "b", "a.png"]


def test_stems_that_differ_only_in_case_keep_their_extensions() -> None:
    assert stems("A.jpg", "a.png") == ["A.jpg", "a.png"]


def test_one_name_from_two_folders_is_refused_naming_both() -> None:
    with pytest.raises(InputError, match=r"x/a\.png, y/a\.png"):
        stems("x/a.png", "y/a.png")


def test_a_stem_that_equals_a_kept_name_is_refused() -> None:
    with pytest.raises(InputError, match="would write the same files"):
        stems("a.jpg", "a.png", "a.jpg.tif")


def test_an_existing_output_is_refused_with_advice(tmp_path: Path) -> None:
    there = tmp_path / "a.labels.png"
    there.touch()
    with pytest.raises(OutputExistsError, match=r"a\.labels\.png.*--force"):
        check_outputs([there], [], tmp_path, force=False)


def test_an_existing_output_is_accepted_with_force(tmp_path: Path) -> None:
    there = tmp_path / "a.labels.png"
    there.touch()
    check_outputs([there], [], tmp_path, force=True)


def test_an_output_that_is_an_input_is_refused_even_with_force(tmp_path: Path) -> None:
    there = tmp_path / "a.labels.png"
    there.touch()
    with pytest.raises(OutputExistsError, match="one of the inputs"):
        check_outputs([there], sources(there), tmp_path, force=True)


def test_a_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputWriteError, match="file"):
        check_outputs([], [], tmp_path / "file" / "out", force=False)


def test_a_folder_that_is_still_to_be_made_is_accepted_and_not_made(tmp_path: Path) -> None:
    check_outputs([], [], tmp_path / "new" / "deep", force=False)
    assert not (tmp_path / "new").exists()


def test_files_with_numbers_are_found_for_the_stems_asked_for(tmp_path: Path) -> None:
    for name in ("a-1.png", "a-12.png", "b-1.png", "a-x.png", "xa-1.png", "a-1.png.txt"):
        (tmp_path / name).touch()
    found = numbered_files(tmp_path, [tmp_path / "a"], [r"-\d+\.png"])
    assert [path.name for path in found] == ["a-1.png", "a-12.png"]


def test_no_files_with_numbers_are_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert numbered_files(tmp_path / "none", [Path("a")], [r"-\d+\.png"]) == []
