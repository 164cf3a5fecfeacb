"""`gmmkit segment` as a whole process: beside scikit-learn, on its first run, on 12 megapixels.

pair    a 481 x 321 photo, in turns with scikit_learn_segment.py; compiled kernels are on the disk
first   the same photo with no compiled kernels on the disk, and with no compiled Python either
large   a photo of 4000 x 3000 pixels: wall time and peak memory
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from pairing import LEAST_ROUNDS, take_turns
from reporting import Figure, parser, report

PHOTOS = ("coffee", "astronaut")
PEER_SCRIPT = Path(__file__).with_name("scikit_learn_segment.py")
NEEDED_RATIO = 4.0
NEEDED_FIRST_SECONDS = 10.0
NEEDED_LARGE_SECONDS = 8.0
NEEDED_LARGE_MB = 1500.0
_FEATURE_TOLERANCE = 1e-3

Figures = tuple[list[Figure], dict[str, Any]]


@dataclass(frozen=True)
class Outcome:
    """What one process took."""

    seconds: float
    peak_mb: float


def run_process(command: Sequence[str], variables: Mapping[str, str] | None = None) -> Outcome:
    """Run a command to its end, and stop with what it said if that is an error."""
    with tempfile.TemporaryFile() as said:
        begin = perf_counter()
        child = subprocess.Popen(
            command, env={**os.environ, **(variables or {})}, stdout=said, stderr=said
        )
        _, status, usage = os.wait4(child.pid, 0)
        seconds = perf_counter() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        if child.returncode:
            raise SystemExit(f"{' '.join(command)}\n{said.read().decode()}")
    return Outcome(seconds, usage.ru_maxrss / 1024)


def wall_seconds(command: Sequence[str]) -> float:
    """Return the seconds of a command from its start to its end."""
    return run_process(command).seconds


def ours(photo: Path, folder: Path) -> list[str]:
    """Return gmmkit's command."""
    options = ["-k", "5", "-o", str(folder), "--force"]
    return [sys.executable, "-m", "gmmkit", "segment", str(photo), *options]


def theirs(photo: Path, folder: Path) -> list[str]:
    """Return scikit-learn's command."""
    return [sys.executable, str(PEER_SCRIPT), str(photo), str(folder)]


def apart(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a process of its own.

    Linux counts the memory of a parent into the peak of its children, so this process stays small.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def small_photo(name: str, folder: Path) -> Path:
    """Make the small photo, and check that both sides see the same features in it."""
    import numpy as np
    from photos import make_small
    from PIL import Image
    from scikit_learn_segment import features

    from gmmkit.image import compute_features

    path = make_small(name, folder)
    with Image.open(path) as photo:
        difference = np.abs(compute_features(str(path)) - features(np.asarray(photo))).max()
    if difference > _FEATURE_TOLERANCE:
        raise SystemExit(f"{name}: features differ by {difference:g}")
    return path


def large_photo(name: str, folder: Path) -> Path:
    """Make the large photo."""
    from photos import make_large

    return make_large(name, folder)


def measure_pairs(options: argparse.Namespace, folder: Path) -> Figures:
    """Both commands in turns; the call before the first round fills the cache of kernels."""
    figures: list[Figure] = []
    details: dict[str, Any] = {}
    for name in options.photos:
        photo = apart(small_photo, name, folder)
        commands = {"scikit-learn": theirs(photo, folder), "gmmkit": ours(photo, folder)}
        rounds = take_turns(
            {side: partial(wall_seconds, command) for side, command in commands.items()},
            options.pairs,
        )
        ratio, spread = rounds.ratio(*commands), f"rounds {rounds.extremes(*commands)}"
        figures += [
            Figure(f"{name} 481x321: {side}", rounds.median(side), "s") for side in commands
        ]
        figures.append(
            Figure(f"{name}: scikit-learn / gmmkit", ratio, "x", NEEDED_RATIO, None, spread)
        )
        details[name] = rounds.seconds
    return figures, details


def measure_first_run(options: argparse.Namespace, folder: Path) -> Figures:
    """The whole process where nothing was ever compiled."""
    photo = apart(small_photo, options.photos[0], folder)
    figures = []
    for label, variables in {
        "no compiled kernels": ["NUMBA_CACHE_DIR"],
        "nor any compiled Python": ["NUMBA_CACHE_DIR", "PYTHONPYCACHEPREFIX"],
    }.items():
        with tempfile.TemporaryDirectory(dir=folder) as empty:
            outcome = run_process(ours(photo, folder), dict.fromkeys(variables, empty))
        figures.append(
            Figure(f"first run, {label}", outcome.seconds, "s", at_most=NEEDED_FIRST_SECONDS)
        )
    return figures, {}


def measure_large(options: argparse.Namespace, folder: Path) -> Figures:
    """Twelve megapixels: the median time, the largest memory."""
    photo = apart(large_photo, options.photos[0], folder)
    command = ours(photo, folder)
    outcomes = [run_process(command) for _ in range(1 + options.large_runs)][1:]
    seconds = [outcome.seconds for outcome in outcomes]
    peak = max(outcome.peak_mb for outcome in outcomes)
    figures = [
        Figure("12 megapixels", median(seconds), "s", at_most=NEEDED_LARGE_SECONDS),
        Figure("12 megapixels, peak resident", peak, "MB", at_most=NEEDED_LARGE_MB),
    ]
    return figures, {"large seconds": seconds}


PARTS: dict[str, Callable[[argparse.Namespace, Path], Figures]] = {
    "pair": measure_pairs,
    "first": measure_first_run,
    "large": measure_large,
}


def main() -> int:
    """Run the parts that were asked for and report."""
    command = parser(__doc__)
    command.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    command.add_argument("--photos", nargs="+", default=list(PHOTOS), metavar="NAME")
    command.add_argument("--pairs", type=int, default=LEAST_ROUNDS)
    command.add_argument("--large-runs", type=int, default=3)
    options = command.parse_args()
    figures: list[Figure] = []
    details: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for part in options.parts:
            found, seconds = PARTS[part](options, Path(folder))
            figures += found
            details |= seconds
    return report("gmmkit segment, whole process", figures, options, details)


if __name__ == "__main__":
    sys.exit(main())
