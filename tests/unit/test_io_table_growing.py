"""Tables that are written as their rows come: the whole table or none."""

import errno
import os

import numpy as np
import pytest

from gmmkit.errors import InputError, OutputExistsError, OutputWriteError, ParameterError
from gmmkit.io import table_growing
from gmmkit.io.table import read_table
from gmmkit.io.table_growing import growing_table
from gmmkit.io.table_writing import write_table

NAMES = ("a", 'b "x", y', "=c")
SUFFIXES = (".csv", ".tsv", ".parquet")


def parts():
    """Three parts of a table, of ten rows each."""
    values = np.random.default_rng(0).normal(size=(3, 10, 3))
    return [dict(zip(NAMES, part.T, strict=True)) for part in values]


def grow(path, **options):
    with growing_table(path, **options) as add:
        for part in parts():
            add(part)


@pytest.fixture(autouse=True)
def _parquet_in_several_parts(monkeypatch):
    pytest.importorskip("polars")
    monkeypatch.setattr(table_growing, "_PART_ROWS", 15)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_table_in_parts_is_the_table_at_once(tmp_path, suffix):
    grow(tmp_path / f"grown{suffix}")
    whole = {name: np.concatenate([part[name] for part in parts()]) for name in NAMES}
    write_table(whole, tmp_path / f"whole{suffix}")
    if suffix != ".parquet":
        ends = [(tmp_path / f"{name}{suffix}").read_bytes() for name in ("grown", "whole")]
        assert ends[0] == ends[1]
    grown = read_table(tmp_path / f"grown{suffix}")
    for name, other in zip(grown.names, NAMES, strict=True):
        assert np.array_equal(grown.columns[name], whole[other])
    assert sorted(os.listdir(tmp_path)) == [f"grown{suffix}", f"whole{suffix}"]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("stop", [KeyboardInterrupt, InputError("a bad row")])
def test_what_stops_in_the_middle_leaves_what_was_there(tmp_path, suffix, stop):
    path = tmp_path / f"t{suffix}"
    path.write_text("precious")

    def stopped():
        with growing_table(path, force=True) as add:
            add(parts()[0])
            add(parts()[1])
            raise stop

    with pytest.raises(stop if isinstance(stop, type) else type(stop)):
        stopped()
    assert path.read_text() == "precious"
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_is_told_and_nothing_is_left(tmp_path, suffix, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputWriteError, match=r"was not written: found No space left"):
        grow(tmp_path / f"t{suffix}")
    assert os.listdir(tmp_path) == []


def test_polars_own_failures_are_told_too(tmp_path, monkeypatch):
    import polars

    def refused(*arguments, **options):
        raise polars.exceptions.ComputeError("no room")

    monkeypatch.setattr(polars, "scan_parquet", refused)
    with pytest.raises(OutputWriteError, match="no room"):
        grow(tmp_path / "t.parquet")
    assert os.listdir(tmp_path) == []


def test_a_file_is_replaced_only_when_forced_and_keeps_its_permissions(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("precious")
    path.chmod(0o640)
    with pytest.raises(OutputExistsError):
        grow(path)
    assert path.read_text() == "precious"
    grow(path, force=True)
    assert read_table(path).n_rows == 30
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_file_that_appears_meanwhile_is_not_replaced(tmp_path):
    path = tmp_path / "t.csv"

    def overtaken():
        with growing_table(path) as add:
            add(parts()[0])
            path.write_text("precious")

    with pytest.raises(OutputExistsError):
        overtaken()
    assert path.read_text() == "precious"


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(OutputWriteError, match="No such file or directory"):
        grow(tmp_path / "no" / "t.csv")


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(ParameterError, match=r"\.csv, \.tsv, \.parquet"):
        grow(tmp_path / "t.npy")
