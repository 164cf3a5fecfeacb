"""The command line finds the compiler a place to keep its work."""

import os
from pathlib import Path

import pytest

from gmmkit.cli import compiler_cache
from gmmkit.cli.compiler_cache import (
    cache_candidates,
    is_temporary,
    usable_compiler_cache,
    writable_cache,
)


@pytest.fixture
def nothing_writable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every candidate lies below a regular file, where not even a superuser can write."""
    (tmp_path / "file").touch()
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(compiler_cache, "cache_candidates", lambda: (tmp_path / "file" / "x",))


def test_the_directory_that_the_user_names_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "mine"))
    assert cache_candidates()[0] == tmp_path / "mine"
    assert writable_cache() == tmp_path / "mine"


def test_a_writable_directory_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    with usable_compiler_cache():
        assert "NUMBA_CACHE_DIR" not in os.environ


@pytest.mark.usefixtures("nothing_writable")
def test_a_temporary_directory_serves_when_nothing_is_writable() -> None:
    with usable_compiler_cache():
        directory = Path(os.environ["NUMBA_CACHE_DIR"])
        assert directory.is_dir()
        assert is_temporary(directory)
    assert not directory.exists()
    assert "NUMBA_CACHE_DIR" not in os.environ


@pytest.mark.usefixtures("nothing_writable")
def test_the_directory_that_the_user_named_is_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = str(tmp_path / "file" / "mine")
    monkeypatch.setenv("NUMBA_CACHE_DIR", named)
    with usable_compiler_cache():
        assert os.environ["NUMBA_CACHE_DIR"] != named
    assert os.environ["NUMBA_CACHE_DIR"] == named
