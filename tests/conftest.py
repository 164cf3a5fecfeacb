"""What every test may use: shared strategies, a photo to work on, and the command line."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import numpy as np
import pytest

# The first call of a kernel compiles it, which no deadline foresees.
hypothesis.settings.register_profile("gmmkit", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("gmmkit")

Process = subprocess.CompletedProcess[str]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A small PNG of three noisy areas: half blue, a third green, the rest orange."""
    return write_photo(tmp_path / "photo.png")


@pytest.fixture
def make_photo() -> Callable[[Path], Path]:
    """A function that writes such a photo where it is told."""
    return write_photo


@dataclass(frozen=True)
class Ended:
    """How a command line ended, and what it printed."""

    code: int
    out: str
    err: str


@pytest.fixture
def run_cli(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ended]:
    """Run a command line in this process."""
    from gmmkit.cli.app import run

    monkeypatch.setattr(sys, "excepthook", sys.excepthook)

    def ended(*words: str | Path) -> Ended:
        capsys.readouterr()
        code = run([str(word) for word in words])
        printed = capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    return ended


@pytest.fixture
def gmmkit_process() -> Callable[..., Process]:
    """Run ``python -m gmmkit`` in a process of its own."""

    def run(
        *words: str | Path,
        cwd: Path | None = None,
        stdout: int = subprocess.PIPE,
        **environment: str,
    ) -> Process:
        return subprocess.run(
            [sys.executable, "-m", "gmmkit", *map(str, words)],
            cwd=cwd,
            env=os.environ | _package_on_path() | environment,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
        )

    return run


def write_photo(path: Path, *, height: int = 24, width: int = 36) -> Path:
    """Write the photo of the `photo` fixture, in the format that the name ends in."""
    from PIL import Image

    colors = np.array([[40, 70, 190], [60, 160, 70], [230, 150, 40]], dtype=np.float64)
    column = np.arange(width) / width
    area = np.digitize(column, [1 / 2, 5 / 6])
    noise = np.random.default_rng(0).normal(scale=6, size=(height, width, 3))
    pixels = np.clip(colors[area] + noise, 0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def _package_on_path() -> dict[str, str]:
    """Let a process elsewhere import the same gmmkit as this one, installed or not."""
    import gmmkit

    return {"PYTHONPATH": str(Path(gmmkit.__file__).parent.parent)}
