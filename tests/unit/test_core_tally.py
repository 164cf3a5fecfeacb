"""A sum that several threads work on."""

import threading
from dataclasses import dataclass

import numpy as np
import pytest

from gmmkit.core.em import e_step
from gmmkit.core.execution import SerialExecutor, ThreadExecutor
from gmmkit.core.mixture import Mixture
from gmmkit.core.sources.arrays import ArraySource
from gmmkit.core.tally import Tally

MIXTURE = Mixture([0.5, 0.5], [[0.0], [3.0]], np.ones((2, 1, 1)))
ROWS = np.random.default_rng(0).normal(size=(300_000, 1)) + 1.5


def summed(block):
    return e_step(block.rows, MIXTURE)


@pytest.mark.parametrize("n_threads", [2, 3, 5])
def test_the_sum_has_the_bits_of_one_thread(n_threads):
    with SerialExecutor(hold_blas=True) as one, ThreadExecutor(n_threads) as many:
        alone, together = (
            one.total(summed, ArraySource(ROWS)),
            many.total(summed, ArraySource(ROWS)),
        )
    assert alone.log_likelihood == together.log_likelihood
    assert np.array_equal(alone.second, together.second)


def test_nobody_runs_further_ahead_than_is_allowed():
    source, held, alive = ArraySource(ROWS), threading.Event(), []

    def slow_at_first(block):
        if block.rows[0, 0] == ROWS[0, 0]:
            held.wait(10)
        alive.append(block)
        return summed(block)

    tally = Tally(slow_at_first, source, 3)
    workers = [threading.Thread(target=tally.work) for _ in range(2)]
    for worker in workers:
        worker.start()
    workers[1].join(0.2)
    ahead = len(alive)
    held.set()
    for worker in workers:
        worker.join()
    assert ahead <= 2
    assert tally.sum.total == len(ROWS)


@dataclass(frozen=True)
class Damaged(ArraySource):
    """Rows of which a block in the middle cannot be had."""

    def pieces(self):
        for number, piece in enumerate(super().pieces()):
            if number == 3:
                raise OSError("the disk is gone")
            yield piece


def test_what_goes_wrong_in_one_thread_is_raised_and_stops_the_others():
    seen = []

    def failing(block):
        seen.append(block)
        raise ZeroDivisionError("no such block")

    with ThreadExecutor(2) as executor, pytest.raises(ZeroDivisionError):
        executor.total(failing, ArraySource(ROWS))
    assert len(seen) <= 2


def test_a_source_that_fails_is_an_error_not_a_sum():
    with ThreadExecutor(2) as executor, pytest.raises(OSError, match="disk is gone"):
        executor.total(summed, Damaged(ROWS))
