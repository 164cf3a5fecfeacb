"""The project's pages keep what they promise: two commands, exit codes, links, options."""

import re
from pathlib import Path

import pytest

import gmmkit
from gmmkit import errors
from gmmkit.cli.app import root

ROOT = Path(__file__).parents[2]
PACKAGE = Path(gmmkit.__file__).parent
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")


@pytest.fixture(scope="module")
def readme() -> str:
    return (ROOT / "README.md").read_text("utf-8")


def place_of(target: str) -> Path:
    """Where a link leads; the package is wherever it is installed."""
    first, *rest = Path(target).parts
    return PACKAGE.joinpath(*rest) if first == "gmmkit" else ROOT / target


def places_of(name: str) -> tuple[Path, ...]:
    """The architecture page names files as seen from the package, and from its core."""
    return place_of(name), PACKAGE / name, PACKAGE / "core" / name


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
    text = (ROOT / page).read_text("utf-8")
    targets = re.findall(r"\]\((?!https?://)([^)#]+)\)", text)
    assert [target for target in targets if not place_of(target).exists()] == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "gmmkit/README.md"])
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    text = place_of(page).read_text("utf-8")
    named = set(re.findall(r"`([a-z_/]+\.py)`", text))
    assert [name for name in named if not any(p.exists() for p in places_of(name))] == []


def test_every_option_in_the_examples_exists(readme: str) -> None:
    known = {option for p in root.commands["segment"].params for option in p.opts} | {"--help"}
    lines = [line for line in readme.splitlines() if line.startswith("gmmkit segment")]
    used = {word for line in lines for word in line.split("#")[0].split() if word[0] == "-"}
    assert used <= known
    assert len(lines) >= 4


def test_the_exit_codes_in_the_table_are_those_of_the_errors(readme: str) -> None:
    table = {int(code) for code in re.findall(r"^\| (\d+)\b", readme, flags=re.MULTILINE)}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    raised = {kind.exit_code for kind in kinds if issubclass(kind, errors.GmmkitError)}
    assert raised <= table
