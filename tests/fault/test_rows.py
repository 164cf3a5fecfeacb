"""Kills, full disks and files that change in a long fit: an error with words, or the same bits."""

import errno
import os
import random
import resource
import signal
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from processes import other_processes
from strategies import blobs

import gmmkit
from gmmkit.errors import FileAccessError, OutputWriteError, TableError
from gmmkit.io.rows import matrix_file

polars = pytest.importorskip("polars")

ROWS = blobs(70_000, 2)
ASKED = {"seed": 0, "start": ROWS[:3], "tol": 1e-12, "max_iter": 9}


@pytest.fixture
def paths(tmp_path):
    """The same rows as a file of each kind."""
    frame = polars.DataFrame(ROWS, schema=["a", "b"])
    np.save(tmp_path / "rows.npy", ROWS)
    frame.write_parquet(tmp_path / "rows.parquet", row_group_size=10_000, compression="zstd")
    frame.write_csv(tmp_path / "rows.csv")
    return {kind: tmp_path / f"rows.{kind}" for kind in ("npy", "parquet", "csv")}


@contextmanager
def files_of_at_most(n_bytes):
    """A disk that is full, as far as this process can tell."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def bits(fitted):
    mixture = fitted.mixture
    parts = mixture.weights, mixture.means, mixture.covariance.values
    return [part.tobytes() for part in parts], fitted.log_likelihood, fitted.trace


def during(iteration, action):
    """What does something in the middle of a fit."""

    def on_iteration(number, info):
        if number == iteration:
            action()

    return on_iteration


# Kills

_FITS_SLOWLY = """
import sys, time
import numpy as np
import gmmkit
rows = np.load(sys.argv[1])
def chunks():
    for chunk in np.array_split(rows, 7):
        time.sleep(0.01)
        yield chunk
gmmkit.fit(
    gmmkit.rows_from(chunks), 3, seed=0, start=rows[:3], tol=1e-12, max_iter=10_000,
    checkpoint=gmmkit.Checkpoint(sys.argv[2], every=0),
    on_iteration=lambda number, info: print(number, flush=True),
)
"""


def test_a_fit_that_was_killed_goes_on_to_the_same_bits(paths, tmp_path):
    checkpoint = gmmkit.Checkpoint(tmp_path / "fit.gmm")
    with other_processes("") as start:
        process = start(_FITS_SLOWLY, paths["npy"], checkpoint.path)
        while process.stdout.readline() != "5\n":
            assert process.poll() is None, process.stderr.read()
        # Wherever in its next pass or write it is.
        process.kill()
        process.wait()
    assert process.returncode == -signal.SIGKILL
    (run,) = checkpoint.load().runs
    assert len(run.trace) in (4, 5)
    again = gmmkit.fit(gmmkit.open_rows(paths["npy"]), 3, **ASKED, checkpoint=checkpoint)
    assert bits(again) == bits(gmmkit.fit(ROWS, 3, **ASKED))


# Full disks


def test_a_full_disk_at_a_checkpoint_is_an_error_and_the_old_checkpoint_stays(tmp_path):
    path = tmp_path / "fit.gmm"
    kept = []

    def fill():
        kept.append(path.read_bytes())
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))

    keeper = gmmkit.Checkpoint(path, every=0)
    with (
        files_of_at_most(resource.RLIM_INFINITY),
        pytest.raises(OutputWriteError, match=r"fit\.gmm was not written: .*free some space"),
    ):
        gmmkit.fit(ROWS, 3, **ASKED, checkpoint=keeper, on_iteration=during(4, fill))
    assert path.read_bytes() == kept[0]
    assert os.listdir(tmp_path) == ["fit.gmm"]
    (run,) = keeper.load().runs
    assert len(run.trace) == 3
    again = gmmkit.fit(ROWS, 3, **ASKED, checkpoint=keeper)
    assert bits(again) == bits(gmmkit.fit(ROWS, 3, **ASKED))


@pytest.mark.parametrize("n_bytes", [50, 500_000])
def test_a_full_disk_for_the_numbers_of_a_text_is_an_error_that_leaves_nothing(
    paths, tmp_path, n_bytes
):
    folder = tmp_path / "scratch"
    folder.mkdir()
    with (
        files_of_at_most(n_bytes),
        pytest.raises(OutputWriteError, match=r"cannot be kept as numbers in .*scratch: .*Try: "),
    ):
        gmmkit.open_rows(paths["csv"], scratch=folder)
    assert os.listdir(folder) == []


# Blocks that are corrupt


@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_corrupt_block_in_the_middle_of_a_matrix_is_named(paths, n_threads):
    with open(paths["npy"], "r+b") as stream:
        stream.seek(-40_000 * 16, os.SEEK_END)
        stream.write(b"\xff" * 4096)
    source = gmmkit.open_rows(paths["npy"])
    with pytest.raises(TableError, match=r"rows\.npy .* row 30000, .*among rows 23552 to 47103"):
        for _ in gmmkit.scan(gmmkit.fit(ROWS[:99], 2, seed=0).mixture, source, n_threads=n_threads):
            pass
    with pytest.raises(TableError, match=r"rows\.npy .* row 30000"):
        gmmkit.fit(source, 3, **ASKED, n_threads=n_threads)


def test_a_corrupt_block_in_the_middle_of_parquet_is_named(paths, monkeypatch):
    monkeypatch.setattr("gmmkit.io.rows.parquet._CHUNK_BYTES", 400_000)
    size = paths["parquet"].stat().st_size
    with open(paths["parquet"], "r+b") as stream:
        stream.seek(size // 2)
        stream.write(random.Random(0).randbytes(20_000))
    source = gmmkit.open_rows(paths["parquet"])
    with pytest.raises(TableError) as caught:
        gmmkit.fit(source, 3, **ASKED)
    message = str(caught.value)
    assert "rows.parquet is a damaged Parquet file" in message
    assert "in rows 23552 to 47103" in message


def test_a_corrupt_line_in_the_middle_of_a_text_is_named(paths):
    lines = paths["csv"].read_bytes().split(b"\n")
    lines[40_000] = b"1.5,\xff"
    paths["csv"].write_bytes(b"\n".join(lines))
    with pytest.raises(TableError, match=r"line 40001 of .*rows\.csv is no text in UTF-8"):
        gmmkit.open_rows(paths["csv"])


# Files that change


def kept_numbers(source, path):
    """The file that is read in every pass."""
    return source.file.path if path.suffix == ".csv" else path


@pytest.mark.parametrize("kind", ["npy", "parquet", "csv"])
def test_a_file_that_is_cut_short_in_a_fit_is_an_error(paths, kind):
    source = gmmkit.open_rows(paths[kind])
    cut = during(3, lambda: os.truncate(kept_numbers(source, paths[kind]), 100_000))
    with pytest.raises(FileAccessError, match=rf"rows\.{kind}.* changed .*100,000 bytes.*rows \d+"):
        gmmkit.fit(source, 3, **ASKED, on_iteration=cut)


@pytest.mark.parametrize("kind", ["npy", "parquet"])
def test_a_file_that_is_replaced_in_a_fit_is_an_error(paths, tmp_path, kind):
    def put_another_there():
        (tmp_path / "new").write_bytes(paths[kind].read_bytes())
        os.replace(tmp_path / "new", paths[kind])

    source = gmmkit.open_rows(paths[kind])
    with pytest.raises(FileAccessError, match=rf"rows\.{kind} changed .* a later version"):
        gmmkit.fit(source, 3, **ASKED, on_iteration=during(3, put_another_there))


@pytest.mark.parametrize("kind", ["npy", "parquet"])
def test_a_file_that_is_removed_in_a_fit_is_an_error(paths, kind):
    source = gmmkit.open_rows(paths[kind])
    with pytest.raises(FileAccessError, match=rf"rows\.{kind} does not exist"):
        gmmkit.fit(source, 3, **ASKED, on_iteration=during(3, paths[kind].unlink))


def test_a_text_may_change_once_it_is_kept_as_numbers(paths):
    source = gmmkit.open_rows(paths["csv"])
    fitted = gmmkit.fit(source, 3, **ASKED, on_iteration=during(3, paths["csv"].unlink))
    assert bits(fitted) == bits(gmmkit.fit(ROWS, 3, **ASKED))


def test_a_matrix_that_ends_early_though_nothing_changed_is_an_error(paths):
    # A stamp taken after the cut, as when a file was cut before its header was read again.
    source = gmmkit.open_rows(paths["npy"])
    os.truncate(paths["npy"], 500_000)
    with open(paths["npy"], "rb") as stream:
        stamp = matrix_file.Stamp.of(stream)
    late = replace(source, file=replace(source.file, stamp=stamp))
    with pytest.raises(TableError, match=r"rows\.npy ends before rows 23552 to 47103 do"):
        list(late)


def test_a_disk_that_cannot_be_read_is_an_error_that_names_the_rows(paths, monkeypatch):
    def fail(stream, target):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    source = gmmkit.open_rows(paths["npy"])
    monkeypatch.setattr(matrix_file, "_read_into", fail)
    with pytest.raises(FileAccessError, match=r"rows 0 to 23551 of .*rows\.npy cannot be read"):
        list(source)
