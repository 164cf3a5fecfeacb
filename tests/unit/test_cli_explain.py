"""``gmmkit explain`` tells a story, draws it where that was asked for, and overwrites nothing."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import gmmkit

Run = Callable[..., Any]

# One bell stands after a step or two, so that there is little to draw.
QUICK = ("explain", "-k", "1", "--soft")


@pytest.fixture(scope="module", autouse=True)
def drawing() -> None:
    """Pictures need Matplotlib."""
    pytest.importorskip("matplotlib")


@pytest.fixture
def bodies(tmp_path: Path) -> Path:
    """A table of a person's own: two sorts of bodies, by height and mass."""
    random = np.random.default_rng(0)
    tall = random.normal((180, 80), (6, 8), size=(30, 2))
    small = random.normal((120, 25), (6, 4), size=(20, 2))
    lines = [f"{a:.1f},{b:.1f},someone" for a, b in np.concatenate([tall, small])]
    path = tmp_path / "bodies.csv"
    path.write_text("\n".join(["height_cm,mass_kg,name", *lines, ""]))
    return path


def test_the_basket_is_told_from_what_a_mixture_is_to_what_came_out(run_cli: Run) -> None:
    ended = run_cli("explain")
    assert (ended.code, ended.err) == (0, "")
    text = " ".join(ended.out.split())
    assert text.startswith("150 fruits, each measured by weight (g) and diameter (mm).")
    parts = ("A Gaussian mixture says", "E-step", "M-step", "Start:", "Soft assignment", "Step 1:")
    later = ("The bells stand after", "The least sure is fruit", "Hard assignment", "Soft or hard?")
    places = [text.index(part) for part in (*parts, *later)]
    assert places == sorted(places)


def test_groups_are_compared_with_the_names_that_em_never_saw(run_cli: Run) -> None:
    text = run_cli("explain").out
    assert "The column 'fruit' was not looked at." in text
    soft = next(line for line in text.splitlines() if line.startswith("  soft  "))
    counts = [int(word) for word in soft.replace(",", " ").split() if word.isdigit()]
    assert sum(counts) == 150
    assert "A 40 lemon" in soft


def test_the_same_seed_tells_the_same_story_and_another_one_another(run_cli: Run) -> None:
    one, same, other = (run_cli("explain", "--seed", seed).out for seed in ("4", "4", "5"))
    assert one == same
    assert one != other


def test_color_makes_the_groups_surer(run_cli: Run) -> None:
    two, three = (
        json.loads(run_cli("explain", "--soft", "--json", "--columns", columns).out)
        for columns in ("weight_g,diameter_mm", "weight_g,diameter_mm,hue_deg")
    )
    assert three["lessons"][0]["sure"]["rows"] > two["lessons"][0]["sure"]["rows"] + 10


def test_a_table_of_ones_own_is_told_in_its_columns_and_units(run_cli: Run, bodies: Path) -> None:
    ended = run_cli("explain", bodies, "-k", "2", "--hard")
    assert ended.code == 0
    assert "50 rows, each measured by height (cm) and mass (kg)." in ended.out
    assert "40 % of the rows, around 1" in ended.out
    assert "Soft assignment" not in ended.out


def test_json_is_one_object_whose_objective_never_falls(run_cli: Run) -> None:
    told = json.loads(run_cli("explain", "--json").out)
    assert (told["schema"], told["columns"]) == ("gmmkit.explain/1", ["weight_g", "diameter_mm"])
    assert [lesson["assignment"] for lesson in told["lessons"]] == ["soft", "hard"]
    for lesson in told["lessons"]:
        reached = [step["objective"] for step in lesson["steps"]] + [lesson["objective"]]
        assert (np.diff(reached) > -1e-7).all()
        assert sum(lesson["weights"]) == pytest.approx(1)
        assert np.shape(lesson["covariances"]) == (3, 2, 2)


def test_an_animation_holds_every_scene(run_cli: Run, tmp_path: Path) -> None:
    output = tmp_path / "lesson.gif"
    ended = run_cli(*QUICK, "-o", output)
    assert ended.code == 0
    assert ended.out.endswith(f"\nwrote {output}\n")
    with Image.open(output) as animation:
        assert animation.format == "GIF"
        assert animation.n_frames >= 5
        assert animation.size == (500, 580)


def test_a_folder_gets_a_picture_of_each_scene_in_order(run_cli: Run, tmp_path: Path) -> None:
    ended = run_cli(*QUICK, "-o", tmp_path / "frames")
    names = sorted(path.name for path in (tmp_path / "frames").iterdir())
    assert ended.code == 0
    assert names[:3] == [
        "step-000-0-rows.png",
        "step-000-1-start.png",
        "step-001-1-expectation.png",
    ]
    assert names[-1].endswith("-3-end.png")
    assert f"wrote {len(names)} pictures to {tmp_path / 'frames'}" in ended.out


def test_an_animation_that_is_there_is_replaced_only_by_force(run_cli: Run, tmp_path: Path) -> None:
    output = tmp_path / "lesson.gif"
    output.write_bytes(b"mine")
    refused = run_cli(*QUICK, "-o", output)
    assert (refused.code, refused.out) == (3, "")
    assert "Try: --force to replace it, or another name." in refused.err
    assert output.read_bytes() == b"mine"
    assert run_cli(*QUICK, "-o", output, "--force").code == 0
    assert output.read_bytes().startswith(b"GIF8")


def test_a_picture_that_is_there_stops_the_others(run_cli: Run, tmp_path: Path) -> None:
    (tmp_path / "step-000-0-rows.png").write_bytes(b"mine")
    refused = run_cli(*QUICK, "-o", tmp_path)
    assert (refused.code, refused.out) == (3, "")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"mine"]


@pytest.mark.parametrize("name", ["lesson.mp4", "lesson.GIF.zip", "taken"])
def test_an_output_that_is_neither_gif_nor_folder_is_refused(
    run_cli: Run, tmp_path: Path, name: str
) -> None:
    (tmp_path / "taken").touch()
    refused = run_cli(*QUICK, "-o", tmp_path / name)
    assert (refused.code, refused.out) == (3, "")
    assert "needed NAME.gif for an animation, or a folder for pictures" in refused.err


def test_a_folder_that_is_not_there_takes_no_animation(run_cli: Run, tmp_path: Path) -> None:
    refused = run_cli(*QUICK, "-o", tmp_path / "no" / "lesson.gif")
    assert refused.code == 3
    assert "make the folder" in refused.err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--columns", "weight_g,fruit"], "found 'apple' in row"),
        (["--columns", "weight"], "has no column 'weight'"),
        (["--columns", "weight_g,weight_g"], "columns say the same"),
        (["--columns", "weight_g", "-o", "one.gif"], "a picture needs two columns"),
        (["sample:fruits"], "Try: sample:fruit-basket"),
        (["no such.csv"], "no such.csv does not exist"),
    ],
)
def test_what_cannot_be_told_is_refused_in_one_line(
    run_cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = run_cli("explain", *words)
    assert (refused.code, refused.out) == (3, "")
    assert reason in refused.err
    assert len(refused.err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_text_column_is_refused_with_columns_to_try(run_cli: Run) -> None:
    assert "Try: --columns weight_g,diameter_mm." in run_cli("explain", "--columns", "fruit").err


def test_a_table_of_text_alone_is_refused(run_cli: Run, tmp_path: Path) -> None:
    (tmp_path / "names.csv").write_text("first,last\nana,lee\nben,ray\n")
    refused = run_cli("explain", tmp_path / "names.csv")
    assert refused.code == 3
    assert "found 2 columns of text" in refused.err


@pytest.mark.parametrize("k", ["0", "8", "2.5"])
def test_a_number_of_groups_without_colors_is_wrong_usage(run_cli: Run, k: str) -> None:
    assert run_cli("explain", "-k", k).code == 2


def test_without_matplotlib_the_story_waits_for_the_command_that_installs_it(
    tmp_path: Path,
) -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from gmmkit.cli.app import run\n"
        "sys.exit(run(['explain', '-o', 'lesson.gif']))"
    )
    here = Path(gmmkit.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(here)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert 'pip install "gmmkit[plot]"' in done.stderr
    assert not list(tmp_path.iterdir())
