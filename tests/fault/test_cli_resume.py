"""``gmmkit fit --checkpoint``: interrupted anywhere, it goes on to the bytes of a whole fit."""

import errno
import os
import time
from pathlib import Path

import numpy as np
import pytest
from processes import other_processes
from strategies import blobs
from things import write_model_of_things, write_things

from gmmkit.cli.table.following import Following
from gmmkit.io.checkpoint import Checkpoint

ROWS = np.random.default_rng(0).uniform(size=(3000, 2)) ** 2
WORDS = ("-k", 4, "--start", "random", "--iterations", 15)
_FIT = """
import sys
from gmmkit.cli.app import run
sys.exit(run(sys.argv[1:]))
"""


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def whole(run_cli):
    """The bytes of the model of a fit that nothing interrupted."""
    np.save("rows.npy", ROWS)
    assert run_cli("fit", "rows.npy", *WORDS, "-o", "whole.gmm").code == 0
    return Path("whole.gmm").read_bytes()


def interrupt_at(iteration, monkeypatch):
    """Let Ctrl-C come right after an iteration."""
    on_iteration = Following.on_iteration

    def interrupted(self, number, saw):
        on_iteration(self, number, saw)
        if number == iteration:
            raise KeyboardInterrupt

    monkeypatch.setattr(Following, "on_iteration", interrupted)


def fit(run_cli, *words, table="rows.npy"):
    return run_cli("fit", table, *WORDS, "--checkpoint", "c.progress", *words)


@pytest.mark.parametrize("iteration", [2, 7, 15])
@pytest.mark.parametrize("every", [0, 1000])
def test_a_fit_that_is_interrupted_goes_on_to_the_same_bytes(
    run_cli, whole, monkeypatch, iteration, every
):
    with monkeypatch.context() as patch:
        interrupt_at(iteration, patch)
        ended = fit(run_cli, "-o", "m.gmm", "--every", every)
    assert ended.code == 130
    assert "c.progress holds the progress" in ended.err
    assert not Path("m.gmm").exists()
    assert len(Checkpoint("c.progress").load().runs[-1].trace) == iteration - 1
    again = fit(run_cli, "-o", "m.gmm")
    assert again.code == 0
    assert f"going on after iteration {iteration - 1}, from c.progress" in again.err
    assert Path("m.gmm").read_bytes() == whole


def test_an_interrupt_before_the_first_iteration_leaves_no_checkpoint(run_cli, whole, monkeypatch):
    with monkeypatch.context() as patch:
        interrupt_at(1, patch)
        assert fit(run_cli).code == 130
    assert not Path("c.progress").exists()
    assert fit(run_cli, "-o", "m.gmm").code == 0
    assert Path("m.gmm").read_bytes() == whole


def test_an_interrupt_while_the_checkpoint_is_written_leaves_the_one_before(
    run_cli, whole, monkeypatch
):
    replace, calls = os.replace, []

    def interrupted(*paths):
        calls.append(paths)
        if len(calls) == 4:
            raise KeyboardInterrupt
        replace(*paths)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", interrupted)
        assert fit(run_cli, "--every", 0).code == 130
    assert fit(run_cli, "-o", "m.gmm").code == 0
    assert Path("m.gmm").read_bytes() == whole


def test_a_fit_that_had_ended_ends_at_once(run_cli, whole, monkeypatch):
    fit(run_cli, "-o", "m.gmm")
    numbers = []
    monkeypatch.setattr(Following, "on_iteration", lambda self, number, saw: numbers.append(number))
    again = fit(run_cli, "-o", "again.gmm")
    assert "going on after iteration 15" in again.err
    assert numbers == []
    assert Path("again.gmm").read_bytes() == whole


def test_more_iterations_go_on_where_fewer_ended(run_cli, whole):
    assert run_cli("fit", "rows.npy", *WORDS[:-1], 5, "--checkpoint", "c.progress").code == 0
    ended = fit(run_cli, "-o", "m.gmm")
    assert "going on after iteration 5" in ended.err
    assert Path("m.gmm").read_bytes() == whole


def test_a_table_that_is_read_whole_has_a_checkpoint_too(run_cli, monkeypatch):
    table = write_things(Path("t.csv"))
    words = ("-k", 2, "--columns", "length,width", "--start", "random")
    assert run_cli("fit", table, *words, "-o", "whole.gmm").code == 0
    with monkeypatch.context() as patch:
        interrupt_at(2, patch)
        assert run_cli("fit", table, *words, "--checkpoint", "c.progress").code == 130
    ended = run_cli("fit", table, *words, "--checkpoint", "c.progress", "-o", "m.gmm")
    assert "going on after iteration 1," in ended.err
    assert Path("m.gmm").read_bytes() == Path("whole.gmm").read_bytes()


def test_the_checkpoint_of_another_fit_is_refused_and_stays(run_cli, whole):
    fit(run_cli)
    before = Path("c.progress").read_bytes()
    np.save("other.npy", blobs(3000, 2))
    for ended in (fit(run_cli, "--seed", 1), fit(run_cli, table="other.npy")):
        assert ended.code == 3
        assert "c.progress is the checkpoint of another fit" in ended.err
        assert "--iterations" in ended.err
        assert "going on" not in ended.err
    assert Path("c.progress").read_bytes() == before


def test_another_file_is_never_taken_for_a_checkpoint(run_cli, whole):
    write_model_of_things(Path("m.gmm"))
    Path("notes.txt").write_text("precious")
    for name, code in (("m.gmm", 4), ("notes.txt", 4), ("rows.npy", 3)):
        before = Path(name).read_bytes()
        assert run_cli("fit", "rows.npy", *WORDS, "--checkpoint", name).code == code
        assert Path(name).read_bytes() == before


def test_a_checkpoint_and_a_model_in_one_file_are_refused(run_cli, whole):
    ended = run_cli("fit", "rows.npy", *WORDS, "--checkpoint", "./m.gmm", "-o", "m.gmm")
    assert ended.code == 3
    assert "two names" in ended.err


def test_a_checkpoint_without_a_folder_is_found_before_the_table_is_read(run_cli):
    ended = run_cli("fit", "no-such.npy", "-k", 2, "--checkpoint", "no/c.progress")
    assert ended.code == 3
    assert "make the folder no first" in ended.err


def test_a_disk_that_is_full_is_an_error_and_the_checkpoint_stays(run_cli, whole, monkeypatch):
    run_cli("fit", "rows.npy", *WORDS[:-1], 5, "--checkpoint", "c.progress")
    before = Path("c.progress").read_bytes()

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        ended = fit(run_cli, "--every", 0)
    assert ended.code == 3
    assert "c.progress was not written: found No space left on device" in ended.err
    assert Path("c.progress").read_bytes() == before
    assert fit(run_cli, "-o", "m.gmm").code == 0
    assert Path("m.gmm").read_bytes() == whole


def test_a_process_that_is_killed_goes_on_to_the_same_bytes(run_cli, whole):
    np.save("rows.npy", np.tile(ROWS, (60, 1)))
    long = ("fit", "rows.npy", *WORDS[:-1], 40)
    with other_processes(_FIT) as begin:
        killed = begin("", *long, "--checkpoint", "c.progress", "--every", 0)
        for _ in range(2000):
            if Path("c.progress").exists():
                break
            time.sleep(0.01)
        killed.kill()
        killed.wait()
    assert len(Checkpoint("c.progress").load().runs[-1].trace) < 40
    assert run_cli(*long, "--checkpoint", "c.progress", "-o", "m.gmm").code == 0
    assert run_cli(*long, "-o", "long.gmm").code == 0
    assert Path("m.gmm").read_bytes() == Path("long.gmm").read_bytes()
