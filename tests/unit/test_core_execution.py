"""Where passes run: results in order, few of them alive, BLAS restored, no thread left behind."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from strategies import make_mixture
from threadpoolctl import OpenBLASController, threadpool_info, threadpool_limits

from gmmkit import fit
from gmmkit.core.em import e_step
from gmmkit.core.execution import SerialExecutor, ThreadExecutor, single_threaded_blas, threads
from gmmkit.core.sources.arrays import ArraySource
from gmmkit.core.sources.blocks import block_rows
from gmmkit.errors import ParameterError


def blas_threads():
    """The number of threads of every BLAS in the process."""
    return [info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"]


def own_threads():
    """The living threads of our pools."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("gmmkit")]


@pytest.fixture
def free_blas():
    """What BLAS has where nobody limits it; put back, so that a failure here stays here."""
    give_up_control()
    before = blas_threads()
    yield before
    give_up_control()
    threadpool_limits(before[0], user_api="blas")
    give_up_control()


def give_up_control():
    """Let any thread limit OpenBLAS, which newer threadpoolctl grants to one thread at a time."""
    getattr(OpenBLASController, "clear_controlling_thread", lambda force: None)(force=True)


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_results_come_in_the_order_of_the_items(n_threads):
    def slow_first(item):
        time.sleep(0.02 if item == 0 else 0.0)
        return item * item

    with threads(n_threads) as executor:
        assert list(executor.map(slow_first, range(20))) == [i * i for i in range(20)]


@pytest.mark.parametrize("n_threads", [2, 3])
def test_at_most_two_more_items_than_threads_are_alive(n_threads):
    taken = []

    def items():
        for item in range(30):
            taken.append(item)
            yield item

    with ThreadExecutor(n_threads) as executor:
        for done, _ in enumerate(executor.map(lambda item: item, items()), 1):
            assert len(taken) - done <= n_threads + 2
            time.sleep(0.001)


def test_several_items_are_worked_on_at_once():
    meeting = threading.Barrier(2, timeout=10)
    with ThreadExecutor(2) as executor:
        assert len(list(executor.map(lambda _: meeting.wait(), range(2)))) == 2


@pytest.mark.parametrize("n_threads", [1, 2])
def test_what_a_function_raises_comes_through(n_threads):
    def fail_at_five(item):
        if item == 5:
            raise ZeroDivisionError("five")
        return item

    done = []
    with pytest.raises(ZeroDivisionError, match="five"), threads(n_threads) as executor:
        done.extend(executor.map(fail_at_five, range(100)))
    assert not own_threads()


def test_no_thread_is_left_after_the_with_statement():
    with ThreadExecutor(3) as executor:
        list(executor.map(abs, range(10)))
        assert own_threads()
    assert not own_threads()


def test_no_thread_is_left_when_results_are_abandoned():
    with ThreadExecutor(2) as executor:
        next(executor.map(abs, range(100)))
    assert not own_threads()


def test_a_pool_cannot_be_used_outside_its_with_statement():
    with pytest.raises(RuntimeError, match="with statement"):
        list(ThreadExecutor(2).map(abs, [1]))
    with ThreadExecutor(2) as executor:
        pass
    with pytest.raises(RuntimeError):
        list(executor.map(abs, [1]))


def test_no_items_give_no_results():
    with ThreadExecutor(2) as executor:
        assert list(executor.map(abs, [])) == []


def test_blas_is_held_to_one_thread_and_restored(free_blas):
    with single_threaded_blas():
        assert set(blas_threads()) == {1}
    assert blas_threads() == free_blas


def test_blas_is_restored_after_an_error(free_blas):
    with pytest.raises(ZeroDivisionError), ThreadExecutor(2):
        raise ZeroDivisionError
    assert blas_threads() == free_blas


def test_overlapping_guards_restore_blas_when_the_last_is_gone(free_blas):
    """First in, first out, which nested limits of threadpoolctl alone would not survive."""
    first, second = single_threaded_blas(), single_threaded_blas()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert set(blas_threads()) == {1}
    second.__exit__(None, None, None)
    assert blas_threads() == free_blas


def test_guards_overlapping_in_living_threads_restore_blas(free_blas):
    """The thread that set the limit is not the one that has to lift it, and has not ended yet."""
    entered, left = threading.Event(), threading.Event()
    first = ThreadPoolExecutor(1)

    def hold_until_the_other_has_entered():
        with single_threaded_blas():
            entered.wait(10)
        left.set()

    waiting = first.submit(hold_until_the_other_has_entered)
    with single_threaded_blas():
        entered.set()
        left.wait(10)
        assert set(blas_threads()) == {1}
    waiting.result()
    assert blas_threads() == free_blas
    first.shutdown()


def test_guards_overlapping_in_many_threads_hold_and_restore_blas(free_blas):
    def hold(seconds):
        with single_threaded_blas():
            time.sleep(seconds)
            return set(blas_threads())

    with ThreadPoolExecutor(6) as pool:
        seen = list(pool.map(hold, [0.002 * (i % 4) for i in range(24)]))
        assert seen == [{1}] * 24
        assert blas_threads() == free_blas


def test_a_fit_leaves_threads_and_blas_as_they_were(free_blas):
    rows = make_mixture("full", 2, 2).sample(60_000, seed=0)
    fit(rows, 2, seed=0, max_iter=2, tol=0, n_threads=2)
    assert blas_threads() == free_blas
    assert not own_threads()


def test_fits_in_several_threads_at_once_agree_with_one_alone(free_blas):
    rows = make_mixture("full", 2, 2).sample(60_000, seed=0)

    def run():
        found.append(fit(rows, 2, seed=0, max_iter=2, tol=0, n_threads=2).log_likelihood)

    found = []
    runners = [threading.Thread(target=run) for _ in range(3)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()
    run()
    assert len(set(found)) == 1
    assert len(found) == 4
    assert blas_threads() == free_blas


def test_one_thread_is_the_calling_thread():
    with threads(1) as executor:
        assert isinstance(executor, SerialExecutor)
        (name,) = executor.map(lambda _: threading.current_thread().name, [0])
    assert name == threading.current_thread().name


@pytest.mark.parametrize("n_threads", [0, -1, 2.0, True, "2"])
def test_a_number_of_threads_that_is_no_count_is_refused_with_it(n_threads):
    with pytest.raises(ParameterError, match="n_threads"):
        threads(n_threads)


def test_a_fit_refuses_a_bad_number_of_threads_however_small_it_is():
    with pytest.raises(ParameterError, match="n_threads"):
        fit(np.arange(9.0)[:, None], 1, n_threads=0)


@pytest.mark.parametrize("n_features", [1, 31, 60, 500, 10_000])
@pytest.mark.parametrize("n_rows", [1, 1000, 40_000, 10**6, 10**9])
def test_a_block_is_whole_tiles_of_rows_and_no_more_numbers_than_its_bound(n_rows, n_features):
    rows = block_rows(n_rows, n_features)
    assert rows % 256 == 0
    assert 256 <= rows <= 32_768
    assert rows * n_features <= 2**19 or rows <= 256


@pytest.mark.parametrize("n_rows", [140_000, 240_000, 10**6])
def test_many_blocks_divide_evenly_among_two_four_and_eight_threads(n_rows):
    sizes = [len(block.rows) for block in ArraySource(np.zeros((n_rows, 1)))]
    assert len(sizes) % 8 == 0
    assert sum(sizes) == n_rows


def test_a_source_can_be_walked_over_twice_and_is_cut_by_its_size_alone():
    rows = np.arange(40_000.0)[:, None]
    source = ArraySource(rows, np.ones(40_000))
    walks = [[len(block.rows) for block in source] for _ in range(2)]
    assert walks[0] == walks[1] == [20_224, 19_776]
    assert np.concatenate([block.rows for block in source]).tolist() == rows.tolist()
    assert [len(block.weights) for block in source] == walks[0]


def test_rows_taken_from_a_source_are_copies_with_their_weights():
    source = ArraySource(np.arange(5.0)[:, None], np.arange(1.0, 6.0))
    block = source.take(np.array([3, 0]))
    block.rows[:] = 0
    assert block.weights.tolist() == [4.0, 1.0]
    assert source.rows.ravel().tolist() == [0, 1, 2, 3, 4]


def test_a_total_is_the_sum_in_block_order():
    mixture = make_mixture("full", 2, 1)
    source = ArraySource(mixture.sample(80_000, seed=1))
    parts = [e_step(block.rows, mixture) for block in source]
    with ThreadExecutor(2) as executor:
        whole = executor.total(lambda block: e_step(block.rows, mixture), source)
    assert whole.first.tobytes() == (parts[0] + parts[1] + parts[2]).first.tobytes()
