"""``gmmkit doctor`` tells what is there and what is missing."""

import json
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from gmmkit.cli import doctor
from gmmkit.cli.app import root
from gmmkit.errors import InputError


@pytest.fixture(scope="module")
def report() -> dict[str, object]:
    result = CliRunner().invoke(root, ["doctor", "--json"])
    assert result.exit_code == 0
    return dict(json.loads(result.stdout))


def test_the_versions_are_those_that_are_imported(report: dict[str, object]) -> None:
    packages = report["packages"]
    assert isinstance(packages, dict)
    assert packages["numpy"] == np.__version__


def test_threads_and_blas_are_counted(report: dict[str, object]) -> None:
    assert isinstance(report["cpu_threads"], int)
    assert report["cpu_threads"] >= 1
    assert isinstance(report["blas"], list)


def test_the_samples_are_listed(report: dict[str, object]) -> None:
    assert isinstance(report["samples"], list)
    assert "coffee" in report["samples"]


def test_the_samples_of_tables_and_recordings_are_listed_beside_the_photos(
    report: dict[str, object],
) -> None:
    assert "fruit-basket" in doctor.describe(report)
    assert "ana-1" in doctor.describe(report)


def test_samples_that_are_not_installed_are_said_to_be_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(kind: str) -> None:
        raise InputError(f"no {kind} is installed")

    monkeypatch.setattr("gmmkit.io.samples.sample_names", refuse)
    report = doctor.examine()
    assert (report["samples"], report["sample_tables"]) == ([], [])
    assert "none found; install gmmkit again" in doctor.describe(report)


def test_the_text_tells_the_same_as_the_object(report: dict[str, object]) -> None:
    text = doctor.describe(report)
    assert f"numpy             {np.__version__}" in text
    assert "compiler cache" in text


def test_a_missing_extra_comes_with_the_command_that_adds_it(report: dict[str, object]) -> None:
    text = doctor.describe(report | {"extras": {"plot": {"matplotlib": None}}})
    assert 'without matplotlib; add with: pip install "gmmkit[plot]"' in text


def test_a_missing_package_comes_with_the_command_that_adds_it(report: dict[str, object]) -> None:
    text = doctor.describe(report | {"packages": {"scipy": None}})
    assert "scipy             MISSING" in text
    assert text.endswith("Repair with: pip install scipy")


def test_requirements_and_extras_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    extras = ['matplotlib>=3.8; extra == "plot"', "pytest>=8; extra == 'test'"]
    declared = ["numpy>=1.26,<3", "scikit-image", *extras]
    monkeypatch.setattr(metadata, "requires", lambda name: declared)
    monkeypatch.setattr(metadata, "version", lambda name: "1")
    report = doctor.examine()
    assert list(report["packages"]) == ["numpy", "scikit-image"]
    assert report["extras"] == {"plot": {"matplotlib": "1"}}


@pytest.mark.parametrize(
    ("cache", "words"),
    [
        ({"directory": None, "temporary": False, "warm": False}, "compiled anew in every run"),
        ({"directory": "/x", "temporary": True, "warm": False}, "compiled anew in every run"),
        ({"directory": "/x", "temporary": False, "warm": True}, "/x (warm)"),
        ({"directory": "/x", "temporary": False, "warm": False}, "/x (cold"),
    ],
)
def test_the_state_of_the_compiler_cache_is_said(
    report: dict[str, object], cache: dict[str, object], words: str
) -> None:
    assert words in doctor.describe(report | {"compiler_cache": cache})


def test_a_cache_with_compiled_kernels_is_warm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "core_0").mkdir()
    (tmp_path / "core_0" / "kernels.step-1.nbi").touch()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert doctor.examine()["compiler_cache"]["warm"]
