"""Clusters on this machine, and what runs on their workers in tests: these can import this file."""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dask.array
import dask.dataframe
import numpy as np
import pandas as pd
from distributed import Client, LocalCluster
from threadpoolctl import threadpool_info

from gmmkit import FitResult, fit
from gmmkit.core.sources.blocks import Block, Source

WORKERS = 2


def until(condition: Callable[[], bool]) -> None:
    """Wait for what happens elsewhere."""
    for _ in range(2000):
        if condition():
            return
        time.sleep(0.01)
    raise TimeoutError("nothing came of it in twenty seconds")


@contextmanager
def local_client(*, processes: bool = False) -> Iterator[Client]:
    """A client, not Dask's current one, of a cluster that says nothing."""
    with (
        LocalCluster(
            n_workers=WORKERS,
            threads_per_worker=1,
            processes=processes,
            silence_logs=logging.CRITICAL + 1,
            # Any free port, and only for this machine: several test processes run side by side.
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
            worker_dashboard_address=None,
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


@dataclass(frozen=True, eq=False)
class Waiting:
    """A pass that, on a worker, notes its process in a folder, and waits until it may go."""

    function: Callable[[Block], Any]
    folder: Path
    home: int = field(default_factory=os.getpid)

    def __call__(self, block: Block) -> Any:
        if os.getpid() != self.home:
            (self.folder / f"{os.getpid()}.begun").touch()
            until((self.folder / "go").exists)
        return self.function(block)

    def wait_for(self, n_processes: int) -> list[int]:
        """The processes that are at it, once there are so many."""
        until(lambda: len(list(self.folder.glob("*.begun"))) >= n_processes)
        return [int(path.stem) for path in self.folder.glob("*.begun")]


@dataclass(frozen=True, eq=False)
class Watching:
    """A pass that notes by which threads it was called, and how many BLAS may use."""

    function: Callable[[Block], Any]
    folder: Path

    def __call__(self, block: Block) -> Any:
        blas = [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]
        name = f"{threading.current_thread().name.rpartition('_')[0]} {max(blas)}"
        (self.folder / name).touch()
        return self.function(block)


@dataclass(frozen=True)
class FilePiece:
    """Some rows of a .npy file; who loads them is noted beside it."""

    path: Path
    start: int
    stop: int

    def load(self) -> Block:
        with (self.path.parent / "readers").open("a") as readers:
            readers.write(f"{threading.current_thread().name}\n")
        return Block(np.load(self.path)[self.start : self.stop], None)


class FileSource(Source):
    """Rows of a .npy file in pieces that a worker can load."""

    n_rows, n_features, dtype = 0, 0, np.dtype(np.float64)

    def __init__(self, path: Path, rows: np.ndarray, step: int) -> None:
        np.save(path, rows)
        self.path, self.step = path, step
        self.n_rows, self.n_features = rows.shape

    def pieces(self) -> Iterator[FilePiece]:
        for start in range(0, self.n_rows, self.step):
            yield FilePiece(self.path, start, min(start + self.step, self.n_rows))

    def take(self, indices: np.ndarray) -> Block:
        return Block(np.load(self.path)[indices], None)


def chunked(rows: np.ndarray, chunks: tuple[int, int] = (250, 1)) -> dask.array.Array:
    """Rows as an array of Dask's, cut along both axes."""
    return dask.array.from_array(rows, chunks=chunks)


def uncounted(rows: np.ndarray) -> dask.array.Array:
    """Rows in partitions of which nobody knows how many rows they have."""
    whole = chunked(np.concatenate([np.full((300, rows.shape[1]), np.inf), rows]))
    return whole[whole[:, 0] < np.inf]


def framed(rows: np.ndarray, n_partitions: int = 4) -> Any:
    """Rows as a data frame of Dask's."""
    frame = pd.DataFrame(rows, columns=list("abcdefgh"[: rows.shape[1]]))
    return dask.dataframe.from_pandas(frame, npartitions=n_partitions)


def fitted(rows: Any, **options: Any) -> FitResult:
    """A fit that takes some iterations over all rows."""
    return fit(rows, 3, **{"seed": 0, "start": "kmeans", "tol": 1e-7, "max_iter": 5} | options)


def assert_same_fit(one: FitResult, other: FitResult, rtol: float = 1e-10) -> None:
    """Two fits went the same way, up to rounding."""
    assert one.n_iter == other.n_iter > 2
    np.testing.assert_allclose(one.log_likelihood, other.log_likelihood, rtol=rtol)
    for name in ("weights", "means", "covariances"):
        left, right = getattr(one.mixture, name), getattr(other.mixture, name)
        np.testing.assert_allclose(left, right, rtol=rtol, atol=rtol)


def first_of(block):
    """What a worker can be asked of a block: here, because workers import this file by its name."""
    return block.rows[0, 0]
