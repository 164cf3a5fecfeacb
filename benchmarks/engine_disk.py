"""Rows that stay on the disk: what an iteration costs beside reading alone and arithmetic alone.

A process of its own fits, and its anonymous memory is watched from outside. Reading is that of the
same blocks by as many threads, with the file out of the system's cache (cold) and in it (warm).
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from errno import EAGAIN
from functools import partial
from math import nan
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from statistics import median
from typing import Any

import numpy as np
from engine_contest import Found, Settings
from engine_disk_fit import drop_cache, memory_mb
from engine_gaussians import Gaussians, run_laps
from pairing import Rounds, stopwatch, take_turns
from reporting import Figure

import gmmkit
from gmmkit.core.execution import threads

GAUSSIANS = Gaussians(components=8, columns=10)
LARGEST_MB = 500.0
_QUICK_ROWS = 200_000
_CHUNK_ROWS = 1_000_000
_SPARE_BYTES = 100_000_000
_POLL_SECONDS = 0.01
_MEMORY_SHARE = 4
_PROBES = 64
_FIT = Path(__file__).with_name("engine_disk_fit.py")


@dataclass(frozen=True)
class Costs:
    """What was measured, in seconds for all rows.

    Attributes
    ----------
    reading : Rounds
        Of "read" and "load", each "cold" and "warm".
    fit : mapping
        What the watched process said, and its peak of anonymous memory.
    memory : float
        An iteration on rows in memory, scaled.
    rows_in_memory : int
        How many those were.
    cached : mapping of str to str
        How much of the file was in memory before reading cold and warm.
    """

    reading: Rounds
    fit: Mapping[str, Any]
    memory: float
    rows_in_memory: int
    cached: Mapping[str, str]


def measure_disk(found: Found, settings: Settings) -> None:
    """Write rows, read them, fit them where they are, and fit as many as memory takes."""
    n_rows = _QUICK_ROWS if settings.quick else settings.options.disk_rows
    label = f"disk {GAUSSIANS.label(n_rows)}"
    with tempfile.TemporaryDirectory(dir=settings.options.disk_folder) as folder:
        path = Path(folder) / "rows.npy"
        why_not = _no_room(path.parent, n_rows) or _written(path, n_rows)
        if why_not:
            found.figures.append(Figure(label, nan, "absent", remark=why_not))
            return
        costs = _costs(path, n_rows, settings.rounds)
    found.details[label] = {"reading": costs.reading.seconds, "fit": costs.fit}
    found.figures += _figures(label, n_rows, costs, settings)


def _no_room(folder: Path, n_rows: int) -> str:
    needed = _bytes(n_rows) + _SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if free >= needed:
        return ""
    told = f"{needed / 1e9:.1f} GB are needed in {folder.parent}, {free / 1e9:.1f} are free"
    return f"{told}: name another --disk-folder, or fewer --disk-rows"


def _bytes(n_rows: int) -> int:
    return n_rows * GAUSSIANS.columns * np.dtype(np.float32).itemsize


def _written(path: Path, n_rows: int) -> str:
    """Write rows a chunk at a time; return why that failed, or nothing."""
    shape = (n_rows, GAUSSIANS.columns)
    head = {"descr": "<f4", "fortran_order": False, "shape": shape}
    try:
        with path.open("wb") as stream:
            np.lib.format.write_array_header_1_0(stream, head)
            for start in range(0, n_rows, _CHUNK_ROWS):
                chunk = GAUSSIANS.draw(min(_CHUNK_ROWS, n_rows - start), start)
                stream.write(chunk.astype("<f4", copy=False).data)
            stream.flush()
            # What is not on the disk yet would stay in memory.
            os.fsync(stream.fileno())
    except OSError as problem:
        return f"rows could not be written: {problem}"
    return ""


def _costs(path: Path, n_rows: int, rounds: int) -> Costs:
    reading = take_turns(dict(_readers(path)), rounds)
    cached = {"warm": cached_share(path)}
    drop_cache(path)
    cached["cold"] = cached_share(path)
    fit = _watched_fit(path, rounds)
    some = min(n_rows, _available_bytes() // _MEMORY_SHARE // (_bytes(n_rows) // n_rows))
    rows = np.array(np.load(path, mmap_mode="r")[:some])
    in_memory = median(run_laps(rows, GAUSSIANS, rounds).seconds)
    return Costs(reading, fit, in_memory * n_rows / some, some, cached)


def _readers(path: Path) -> Iterator[tuple[str, Callable[[], float]]]:
    """Yield what measures reading: by bare calls of the system, and as gmmkit does, checked."""
    for name, read in (("read", partial(_read, path)), ("load", _load)):
        yield f"{name} cold", partial(_reading_seconds, path, read, cold=True)
        yield f"{name} warm", partial(_reading_seconds, path, read, cold=False)


def _reading_seconds(path: Path, read: Callable[[Any], int], *, cold: bool) -> float:
    source = gmmkit.open_rows(path)
    if cold:
        drop_cache(path)
    with threads() as executor:
        return stopwatch(lambda: sum(executor.map(read, source.pieces())))


def _read(path: Path, piece: Any) -> int:
    width = GAUSSIANS.columns
    block = np.empty((piece.stop - piece.start, width), np.float32)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        place = piece.file.offset + piece.start * width * block.itemsize
        return os.preadv(descriptor, [block.reshape(-1).view(np.uint8).data], place)
    finally:
        os.close(descriptor)


def _load(piece: Any) -> int:
    return int(piece.load().rows.nbytes)


def cached_share(path: Path) -> str:
    """Return how much of a file is in memory, by places that are read only if they are."""
    places = np.linspace(0, path.stat().st_size - 1, _PROBES, dtype=np.int64).tolist()
    descriptor = os.open(path, os.O_RDONLY)
    try:
        there = sum(_is_cached(descriptor, place) for place in places)
    except OSError as problem:
        return f"share in memory unknown: {problem.strerror}"
    finally:
        os.close(descriptor)
    return f"{100 * there / _PROBES:.0f} % in memory before"


def _is_cached(descriptor: int, place: int) -> bool:
    try:
        return os.preadv(descriptor, [bytearray(1)], place, os.RWF_NOWAIT) == 1
    except OSError as problem:
        if problem.errno == EAGAIN:
            return False
        raise


def _available_bytes() -> int:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith("MemAvailable:")))


def _watched_fit(path: Path, rounds: int) -> dict[str, Any]:
    """Return what the process that fits says, with the peak of its anonymous memory."""
    sizes = (GAUSSIANS.components, GAUSSIANS.columns, rounds)
    command = [sys.executable, str(_FIT), str(path), *map(str, sizes)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        peak = _peak_until_output(child)
        said = child.stdout.read() if child.stdout else ""
    if child.returncode:
        return {"failure": f"the watched process ended with status {child.returncode}"}
    return {**json.loads(said), "peak_anonymous_mb": peak}


def _peak_until_output(child: "subprocess.Popen[str]") -> float:
    peak = 0.0
    with DefaultSelector() as selector:
        selector.register(child.stdout or 0, EVENT_READ)
        while not selector.select(_POLL_SECONDS):
            peak = max(peak, memory_mb("RssAnon", child.pid))
    return peak


def _figures(label: str, n_rows: int, costs: Costs, settings: Settings) -> Iterator[Figure]:
    most, fit = settings.bound(LARGEST_MB), costs.fit
    name = f"{label}: peak anonymous memory"
    if "failure" in fit:
        yield Figure(name, nan, "failed", at_most=most, remark=fit["failure"])
        return
    told = f"{fit['anonymous_before_mb']:.0f} MB before the fit"
    told += f"; {fit['largest_resident_mb']:.0f} MB with pages of files (VmHWM); {fit['routes']}"
    yield Figure(name, fit["peak_anonymous_mb"], "MB", at_most=most, remark=told)
    rate = partial(_rate, n_rows)
    for state in ("cold", "warm"):
        seconds = median(fit[state])
        yield Figure(f"{label}: {state}", seconds, "s/iteration", remark=rate(seconds))
    scaled = f"{costs.rows_in_memory} rows, scaled; {rate(costs.memory)}"
    yield Figure(f"{label}: rows in memory", costs.memory, "s/iteration", remark=scaled)
    for task, what in (("read", "reading alone"), ("load", "reading and checking alone")):
        for state in ("cold", "warm"):
            seconds = costs.reading.median(f"{task} {state}")
            remark = f"{rate(seconds)}; {costs.cached[state]}"
            yield Figure(f"{label}: {what}, {state}", seconds, "s", remark=remark)
    yield from _verdict(label, n_rows, costs)


def _verdict(label: str, n_rows: int, costs: Costs) -> Iterator[Figure]:
    """Yield which of the two is the cost, and whether one waits for the other."""
    reading, iteration = costs.reading.median("read cold"), median(costs.fit["cold"])
    gigabytes = _bytes(n_rows) / 1e9
    asked, given = gigabytes / costs.memory, gigabytes / reading
    cost = "reading" if reading > costs.memory else "arithmetic"
    told = f"{cost} is the cost: it asks for {asked:.3g} GB/s, the disk gives {given:.3g}"
    yield Figure(f"{label}: reading / arithmetic, cold", reading / costs.memory, "x", remark=told)
    larger = max(reading, costs.memory)
    told = "1 where each goes on while the other does"
    told += f"; {(reading + costs.memory) / larger:.3g} where they take turns"
    yield Figure(f"{label}: iteration / {cost} alone, cold", iteration / larger, "x", remark=told)


def _rate(n_rows: int, seconds: float) -> str:
    return f"{n_rows / seconds / 1e6:.3g}e6 rows/s, {_bytes(n_rows) / seconds / 1e9:.3g} GB/s"
