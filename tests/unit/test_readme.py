"""The project's pages keep what they promise: two commands, exit codes, links, options."""

import re
import shlex
from collections.abc import Callable
from glob import glob
from pathlib import Path
from typing import Any

import click
import pytest

import gmmkit
from gmmkit import errors
from gmmkit.cli.app import root

ROOT = Path(__file__).parents[2]
PACKAGE = Path(gmmkit.__file__).parent
PAGES = (
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "gmmkit/README.md", "data/README.md"),
    "docs/images.md",
    "docs/large.md",
    "docs/mixtures.md",
    *(f"apps/{name}/README.md" for name in ("who_is_speaking", "fruit_basket", "fraud_alerts")),
    *(f"apps/{name}/README.md" for name in ("customer_segments", "robot_map")),
)


Run = Callable[..., Any]


@pytest.fixture(scope="module")
def readme() -> str:
    return (ROOT / "README.md").read_text("utf-8")


def place_of(target: str) -> Path:
    """Where a link leads; the package is wherever it is installed."""
    first, *rest = Path(target).parts
    return PACKAGE.joinpath(*rest) if first == "gmmkit" else ROOT / target


def places_of(name: str) -> tuple[Path, ...]:
    """The architecture page names files as seen from the package and from parts of it."""
    parts = ("", "core", "image/features", "speaker")
    return place_of(name), *(PACKAGE / part / name for part in parts)


def command(readme: str, mark: str) -> str:
    """The block that .ci/run takes for a mark."""
    found = re.findall(rf"<!-- ci:{mark} -->\n```sh\n(.*?)\n```", readme, flags=re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def test_the_first_command_installs_and_segments_a_photo(readme: str) -> None:
    assert "\n" not in command(readme, "install")
    assert command(readme, "install").endswith("gmmkit segment sample:coffee -k 5")


def test_the_second_command_installs_the_test_tools_and_runs_all_tests(readme: str) -> None:
    assert re.fullmatch(r'pip install "\.\[test\]" && pytest( -n \w+)?', command(readme, "test"))


@pytest.mark.parametrize("page", PAGES)
def test_every_local_link_leads_somewhere(page: str) -> None:
    targets = re.findall(r"\]\((?!https?://)([^)#]+)\)", place_of(page).read_text("utf-8"))
    folder = Path(page).parent
    assert [target for target in targets if not place_of(str(folder / target)).exists()] == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "gmmkit/README.md"])
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    text = place_of(page).read_text("utf-8")
    named = set(re.findall(r"`([a-z_/]+\.py)`", text))
    assert [name for name in named if not any(p.exists() for p in places_of(name))] == []


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that some words call, and what they give it."""
    found: click.Command = root
    while isinstance(found, click.Group):
        found, words = found.commands[words[0]], words[1:]
    return found, words


def test_every_option_in_the_examples_exists(readme: str) -> None:
    lines = [line.split("#")[0] for line in readme.splitlines() if line.startswith("gmmkit ")]
    for line in lines:
        called, given = command_of(shlex.split(line)[1:])
        known = {option for p in called.params for option in p.opts} | {"--help"}
        assert {word for word in given if word.startswith("-")} <= known, line
    assert len(lines) >= 12


def test_the_speakers_story_goes_as_the_page_shows_it(
    readme: str, run_cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (ROOT / "data" / "speech").is_dir():
        pytest.skip("the project's data folder is not beside these tests")
    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(tmp_path)
    commands, shown = story(readme)
    ends = [run_cli(*expanded(command)) for command in commands]
    assert [end.code for end in ends] == [0] * 5
    assert without_numbers("".join(end.out for end in ends)) == without_numbers(shown)


def story(readme: str) -> tuple[list[str], str]:
    """The commands of the speakers' story, and the output that the page shows for them."""
    found = re.findall(r"<!-- story:speaker -->\n```sh\n(.*?)\n```\n\n```\n(.*?)```", readme, re.S)
    assert len(found) == 1
    commands, shown = found[0]
    return commands.splitlines(), shown


def expanded(command: str) -> list[str]:
    """The words after `gmmkit`, as a shell would hand them over."""
    words = shlex.split(command, comments=True)[1:]
    return [name for word in words for name in sorted(glob(word)) or [word]]


def without_numbers(text: str) -> list[str]:
    """The words of a text; another processor may round numbers differently."""
    return re.sub(r"[+-]?\d+\.\d+", "#", text).split()


def test_the_exit_codes_in_the_table_are_those_of_the_errors(readme: str) -> None:
    table = {int(code) for code in re.findall(r"^\| (\d+)\b", readme, flags=re.MULTILINE)}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    raised = {kind.exit_code for kind in kinds if issubclass(kind, errors.GmmkitError)}
    assert raised <= table
