"""The worked applications do what their pages say, on the samples that come with gmmkit."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

from gmmkit.io.samples import sample_path

_APPS = Path(__file__).parents[2] / "apps"


def script(name: str) -> ModuleType:
    """The script of an application, loaded from its file."""
    path = _APPS / name / f"{name}.py"
    if not path.exists():
        pytest.skip("the project's applications are not beside these tests")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What who_is_speaking prints with the quick background model, and where it ran."""
    return run_in(tmp_path_factory.mktemp("app"), script("who_is_speaking"))


def run_in(folder: Path, module: ModuleType, *words: str) -> tuple[str, Path]:
    """Run a script's story in a folder, and return what it prints."""
    from contextlib import chdir, redirect_stdout
    from io import StringIO

    printed = StringIO()
    with chdir(folder), redirect_stdout(printed), pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BACKGROUND", "fast")
        module.main(*words)
    return printed.getvalue(), folder


def answers(text: str) -> dict[str, str]:
    """Who is said to speak in which recording."""
    lines = (line.split() for line in text.splitlines() if " is " in line)
    return {words[0]: words[2] for words in lines}


def test_everyone_is_known_by_name_and_the_stranger_by_none(told: tuple[str, Path]) -> None:
    assert answers(told[0]) == {
        "someone": "ana",
        "test-ben": "ben",
        "test-carla": "carla",
        "test-dmitri": "dmitri",
        "test-emeka": "emeka",
        "stranger": "unknown",
    }


def test_a_true_claim_is_accepted_and_a_false_one_rejected(told: tuple[str, Path]) -> None:
    assert "someone as ana: accepted" in told[0]
    assert "someone as ben: rejected" in told[0]


def test_two_recordings_are_compared_without_a_registry(told: tuple[str, Path]) -> None:
    assert "ana-1 and someone: the same voice" in told[0]
    assert "ana-1 and stranger: different voices" in told[0]


def test_the_evidence_is_drawn_and_nothing_else_is_left_behind(told: tuple[str, Path]) -> None:
    assert [path.name for path in told[1].iterdir()] == ["who_is_speaking.png"]
    with Image.open(told[1] / "who_is_speaking.png") as picture:
        assert min(picture.size) > 300


def test_people_can_be_enrolled_from_folders_of_their_own(tmp_path: Path) -> None:
    for name in ("ana", "ben", "carla"):
        for number in (1, 2, 3):
            source = sample_path(f"{name}-{number}", kind="recording")
            (tmp_path / "people" / name).mkdir(parents=True, exist_ok=True)
            (tmp_path / "people" / name / source.name).symlink_to(source)
    test = str(sample_path("test-ben", kind="recording"))
    text, _ = run_in(tmp_path, script("who_is_speaking"), "people", test)
    assert answers(text) == {"test-ben": "ben"}


def test_the_page_shows_what_the_script_prints(told: tuple[str, Path]) -> None:
    page = (_APPS / "who_is_speaking" / "README.md").read_text("utf-8")
    block = page.split("```")[3]
    assert words_of(block) == words_of(told[0])


def words_of(text: str) -> list[str]:
    """The words of a text without numbers, and without whom a stranger sounds like."""
    kept = [line.split("LLR")[0] if "unknown" in line else line for line in text.splitlines()]
    return [
        word for word in " ".join(kept).split() if not word.strip("+-.,").replace(".", "").isdigit()
    ]
