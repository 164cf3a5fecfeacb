"""Passes on a cluster: the same result as in one process, and nothing but sums comes back."""

import pickle
import socket
import threading
import types
from concurrent.futures import CancelledError
from contextlib import suppress

import dask.array
import dask.sizeof
import numpy as np
import pytest
from clusters import (
    WORKERS,
    FileSource,
    Watching,
    assert_same_fit,
    chunked,
    fitted,
    framed,
    local_client,
    uncounted,
    until,
)
from distributed import KilledWorker
from distributed.comm import CommClosedError
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import blobs, make_mixture, stable

from gmmkit import fit, rows_from
from gmmkit.backends import connected, dask_rows, holding
from gmmkit.backends.cluster import ClusterExecutor
from gmmkit.backends.connecting import check_usable
from gmmkit.core.engine.routes import Route
from gmmkit.core.gaps.partial import make_partial_pass
from gmmkit.core.scanning import score
from gmmkit.core.sources.arrays import ArraySource
from gmmkit.core.sources.blocks import Block
from gmmkit.core.units import Units
from gmmkit.errors import ClusterError, InputError, ParameterError

ROWS = blobs(1200)
MIXTURE = make_mixture(k=3, d=2)


@pytest.fixture(scope="module")
def client():
    with local_client() as client:
        yield client


@pytest.fixture(scope="module")
def alone():
    return fitted(ROWS)


@pytest.fixture
def gathered(client, monkeypatch):
    """Everything that comes here from the cluster."""
    came, gather = [], client.gather

    def noting(futures):
        came.append(gather(futures))
        return came[-1]

    monkeypatch.setattr(client, "gather", noting)
    return came


def a_pass():
    return make_partial_pass(MIXTURE, Units.plain(2), Route.FLOAT64, 1200)


@settings(stable, max_examples=8)
@given(st.lists(st.integers(0, 1200), max_size=6), st.integers(1, 2), st.booleans())
def test_any_partitioning_has_the_result_of_one_process(client, cuts, width, persist):
    edges = np.diff([0, *sorted(cuts), 1200])
    array = dask.array.from_array(ROWS, chunks=(tuple(edges.tolist()), width))
    rows = dask_rows(array, client=client, persist=persist)
    sums, expected = ClusterExecutor(client).total(a_pass(), rows), a_pass()(Block(ROWS, None))
    np.testing.assert_allclose(sums.second, expected.second, rtol=1e-10)
    np.testing.assert_allclose(sums.log_likelihood, expected.log_likelihood, rtol=1e-10)
    assert float(sums.total) == pytest.approx(1200, rel=1e-12)


@pytest.mark.parametrize("collection", [chunked, uncounted, framed])
def test_rows_of_dask_are_fitted_on_the_current_clients_cluster(client, alone, collection):
    with client.as_current():
        rows = dask_rows(collection(ROWS))
        assert rows.on_cluster.client is client
        assert_same_fit(fitted(collection(ROWS)), alone)


def test_a_client_that_is_not_the_current_one_can_be_given(client, alone, gathered):
    assert_same_fit(fitted(chunked(ROWS), executor=client), alone)
    assert gathered


def test_partitions_need_not_be_kept(client, alone):
    rows = dask_rows(chunked(ROWS), client=client, persist=False)
    assert_same_fit(fitted(rows), alone)
    until(lambda: not any(client.has_what().values()))


def test_the_cluster_keeps_nothing_after_a_fit(client):
    fitted(chunked(ROWS), executor=client)
    fitted(ROWS, executor=client)
    until(lambda: not any(client.has_what().values()))


def test_of_an_iteration_one_set_of_sums_comes_back_from_each_worker(client, gathered):
    rows = dask_rows(chunked(blobs(12_000), (500, 2)), client=client)
    del gathered[:]
    result = fitted(rows)
    sample, apart, *passes = gathered
    assert sum(len(block.rows) for worker in sample for _, block in worker) == 10_000
    assert sum(map(len, apart)) == 24
    assert len(passes) == result.n_iter + 1
    statistics = 8 * (1 + 3 + 3 * 2 + 3 * 3)
    overhead = 1500  # class names, units and origin
    for each in passes:
        assert [len(sums) for sums in each] == [1] * WORKERS
        assert len(pickle.dumps(each)) < WORKERS * (statistics + overhead)


def test_a_pass_is_one_task_for_each_worker(client, monkeypatch):
    rows = dask_rows(chunked(ROWS), client=client)
    executor = ClusterExecutor(client)
    executor.total(a_pass(), rows)
    submitted, submit = [], client.submit
    monkeypatch.setattr(
        client, "submit", lambda *words, **more: submitted.append(more) or submit(*words, **more)
    )
    executor.total(a_pass(), rows)
    assert sorted(each["workers"][0] for each in submitted) == sorted(client.nthreads())


def test_a_workers_task_uses_its_threads_and_one_of_blas_each(client, tmp_path, monkeypatch):
    monkeypatch.setattr("gmmkit.backends.totals._own_threads", lambda: 2)
    rows = dask_rows(chunked(blobs(90_000), (45_000, 2)), client=client)
    ClusterExecutor(client).total(Watching(a_pass(), tmp_path), rows)
    assert [path.name for path in tmp_path.iterdir()] == ["gmmkit 1"]


def test_an_array_is_sent_to_the_cluster_once(client, alone, monkeypatch):
    sent, scatter = [], client.scatter
    monkeypatch.setattr(
        client, "scatter", lambda *words, **more: sent.append(words) or scatter(*words, **more)
    )
    assert_same_fit(fitted(ROWS, executor=client), alone)
    assert len(sent) == 1


def test_chunks_are_sent_to_the_cluster_in_equal_shares(client, monkeypatch):
    sent, scatter = [], client.scatter
    monkeypatch.setattr(
        client, "scatter", lambda block, **more: sent.append(more) or scatter(block, **more)
    )
    rows = rows_from([blobs(100_000, 2), blobs(100_000, 2, seed=1)])
    assert float(ClusterExecutor(client).total(a_pass(), rows).total) == pytest.approx(200_000)
    to = [each["workers"][0] for each in sent]
    assert [to.count(worker) for worker in sorted(client.nthreads())] == [4, 4]


def test_pieces_of_a_file_are_read_by_the_workers(client, alone, tmp_path):
    source = FileSource(tmp_path / "rows.npy", ROWS, 200)
    assert_same_fit(fitted(source, executor=client), alone)
    readers = set((tmp_path / "readers").read_text().splitlines())
    assert "MainThread" not in readers
    assert len(readers) >= WORKERS


@pytest.mark.parametrize("options", [{"missing": "marginalize"}, {"trim": 0.1}], ids=str)
def test_what_needs_rows_in_memory_runs_on_a_cluster_too(client, options):
    rows = ROWS.copy()
    if "missing" in options:
        rows[::7, 0] = np.nan
    assert_same_fit(fitted(rows, executor=client, **options), fitted(rows, **options))


def test_rows_are_scored_where_they_are(client):
    rows = dask_rows(chunked(np.concatenate([ROWS, ROWS[:0]])), client=client)
    assert score(MIXTURE, rows).mean == pytest.approx(score(MIXTURE, ROWS).mean, rel=1e-12)


def test_single_rows_are_taken_in_the_order_asked_for(client):
    places = np.array([1199, 0, 700, 0, 251])
    for persist in (True, False):
        rows = dask_rows(chunked(ROWS), client=client, persist=persist)
        np.testing.assert_array_equal(rows.take(places).rows, ROWS[places])


def test_weights_count_on_a_cluster(client):
    weights = np.arange(1200) % 3
    rows = dask_rows(chunked(ROWS), weights=dask.array.from_array(weights), client=client)
    assert rows.weight == 1200
    assert_same_fit(fitted(rows), fitted(ROWS, sample_weight=weights))


def test_the_engine_is_told_what_rows_weigh():
    block = Block(np.zeros((1000, 10)), np.ones(1000))
    assert dask.sizeof.sizeof(block) == 8 * 11_000


def test_single_precision_is_for_those_who_ask_for_it(client):
    rows = blobs(300_000).astype(np.float32)
    source = dask_rows(chunked(rows, (100_000, 2)), client=client)
    usual = fit(source, 3, seed=0, max_iter=3, tol=0)
    assert {each.route for each in usual.trace} == {"float64"}
    assert_same_fit(usual, fit(rows, 3, seed=0, max_iter=3, tol=0, precision="float64"))
    single = fit(source, 3, seed=0, max_iter=3, tol=0, precision="float32")
    assert {each.route for each in single.trace} == {"float32"}


class Memory:
    """Keeps progress in this process."""

    def __init__(self):
        self.kept = None

    def load(self):
        return self.kept

    def save(self, progress, *, at_once):
        self.kept = progress


@pytest.mark.parametrize("kind", ["of dask", "sent", "in a file"])
def test_the_first_sums_have_the_same_bits_on_any_number_of_workers(
    client, tmp_path, monkeypatch, kind
):
    rows = blobs(200_000)
    sources = {
        "of dask": lambda: dask_rows(chunked(rows, (30_000, 2)), client=client),
        "sent": lambda: ArraySource(rows),
        "in a file": lambda: FileSource(tmp_path / "rows.npy", rows, 20_000),
    }
    source = sources[kind]()
    of_both = ClusterExecutor(client).total(a_pass(), source)
    monkeypatch.setattr(
        "gmmkit.backends.cluster.addresses", lambda client: sorted(client.nthreads())[:1]
    )
    monkeypatch.setattr(holding, "dealt", lambda held, workers: {workers[0]: [*range(len(held))]})
    of_one = ClusterExecutor(client).total(a_pass(), source)
    assert of_both.second.tobytes() == of_one.second.tobytes()


def test_a_fit_is_gone_on_with_when_partitions_lie_elsewhere(client, alone, monkeypatch):
    keeper = Memory()
    rows = dask_rows(chunked(ROWS), client=client)
    fitted(rows, checkpoint=keeper, max_iter=3)
    monkeypatch.setattr(holding, "dealt", lambda holders, workers: {workers[0]: [3, 1, 4, 0, 2]})
    seen = []
    result = fitted(rows, checkpoint=keeper, on_iteration=lambda number, _: seen.append(number))
    assert_same_fit(result, alone)
    assert seen[0] == 4


def test_an_interrupt_cancels_what_was_waited_for(client, monkeypatch):
    rows, cancelled, cancel = dask_rows(chunked(ROWS), client=client), [], client.cancel
    monkeypatch.setattr(client, "gather", interrupted)
    monkeypatch.setattr(
        client, "cancel", lambda futures: cancelled.extend(futures) or cancel(futures)
    )
    with pytest.raises(KeyboardInterrupt):
        ClusterExecutor(client).total(a_pass(), rows)
    assert [future.status for future in cancelled] == ["cancelled"] * WORKERS


def interrupted(futures):
    raise KeyboardInterrupt


def test_unusable_rows_are_refused_by_partition(client):
    rows = ROWS.copy()
    rows[507, 1] = np.nan
    with pytest.raises(InputError, match=r"partition 2: rows contain NaN .* in row 7"):
        fitted(chunked(rows), executor=client)


def test_no_rows_at_all_are_refused(client):
    with pytest.raises(InputError, match="there is nothing to work on"):
        dask_rows(chunked(ROWS)[:0], client=client)


def test_a_cluster_without_workers_is_refused(client, monkeypatch):
    monkeypatch.setattr(client, "nthreads", dict)
    with pytest.raises(ClusterError, match=r"no workers.* client\.wait_for_workers"):
        fitted(ROWS, executor=client)


def test_a_scheduler_that_does_not_answer_ends_the_fit_in_words(client, monkeypatch):
    def silent():
        raise OSError("timed out")

    monkeypatch.setattr(client, "nthreads", silent)
    with pytest.raises(
        ClusterError, match=r"cannot be reached any more: found timed out.* checkpoint"
    ):
        fitted(ROWS, executor=client)


def test_rows_that_get_lost_every_time_end_the_fit_in_words(client, monkeypatch):
    def lost(futures):
        raise CancelledError

    monkeypatch.setattr(client, "gather", lost)
    with pytest.raises(ClusterError, match="lost the rows again and again: found 3 attempts"):
        fitted(ROWS, executor=client)


@pytest.mark.parametrize(
    ("problem", "complaint"),
    [
        (
            KilledWorker("pass", types.SimpleNamespace(address="tcp://a"), 3),
            "make partitions smaller",
        ),
        (
            CommClosedError("stream closed"),
            "the cluster cannot be reached any more: found stream",
        ),
    ],
)
def test_a_cluster_that_breaks_down_ends_the_fit_in_words(client, monkeypatch, problem, complaint):
    def broken(futures):
        raise problem

    monkeypatch.setattr(client, "gather", broken)
    with pytest.raises(ClusterError, match=complaint):
        fitted(ROWS, executor=client)


@pytest.mark.parametrize(
    ("state", "error", "complaint"),
    [
        ({"asynchronous": True, "status": "running"}, ParameterError, "asynchronous"),
        ({"asynchronous": False, "status": "closed"}, ClusterError, "found status 'closed'"),
    ],
)
def test_a_client_that_cannot_be_used_is_refused(state, error, complaint):
    with pytest.raises(error, match=complaint):
        check_usable(types.SimpleNamespace(**state))


def test_a_cluster_is_connected_to_by_its_address(client):
    address = client.scheduler_info()["address"]
    with connected(address) as other:
        assert other.nthreads() == client.nthreads()
    assert other.status == "closed"


@pytest.mark.parametrize("said", [b"", b"HTTP/1.0 400 Bad Request\r\n"])
def test_a_server_that_is_no_scheduler_is_refused_in_time(said):
    def answer(server):
        line, _ = server.accept()
        with line, suppress(ConnectionError):
            line.sendall(said)
            line.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as server:
        answering = threading.Thread(target=answer, args=(server,))
        answering.start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ClusterError, match="no scheduler answers"):
            connected(address, timeout=0.3).__enter__()
        answering.join()


@pytest.mark.parametrize("address", ["tcp://127.0.0.1", "tcp://127.0.0.1:none", "tcp://"])
def test_an_address_without_a_port_is_refused(address):
    with pytest.raises(ClusterError, match="no scheduler answers"):
        connected(address, timeout=0.3).__enter__()
