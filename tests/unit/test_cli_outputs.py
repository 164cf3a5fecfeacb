"""Names of outputs, and what is refused before any work."""

from pathlib import Path

import pytest

from gmmkit.cli.inputs import Source
from gmmkit.cli.outputs import check_outputs, name_outputs
from gmmkit.errors import InputError, OutputExistsError, OutputWriteError


def sources(*paths: str | Path) -> list[Source]:
    return [Source(str(path), Path(path)) for path in paths]


def stems(*paths: str) -> list[str]:
    found = name_outputs(sources(*paths), Path("out"))
    return [outputs.labels.name.removesuffix(".labels.png") for outputs in found]


def test_outputs_are_named_after_the_stem_in_the_output_folder() -> None:
    (outputs,) = name_outputs(sources("in/photo.v2.jpg"), Path("out"), probabilities=True)
    assert outputs.paths() == {
        "labels": Path("out/photo.v2.labels.png"),
        "overlay": Path("out/photo.v2.overlay.png"),
        "probabilities": Path("out/photo.v2.probabilities.npz"),
    }


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
