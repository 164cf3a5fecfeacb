"""A process that fits rows in a file, for others to watch: it prints what it found as JSON.

Every other timed iteration begins with nothing of the file in memory.
"""

import json
import os
import sys
from pathlib import Path

from engine_gaussians import Gaussians, Laps, run_laps

import gmmkit

_MEGABYTE = 1e6


def memory_mb(field: str, process: int | str = "self") -> float:
    """Return a line of /proc/PROCESS/status, in MB of 1e6 bytes; 0 if the process is ending."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    kilobytes = next((line.split()[1] for line in lines if line.startswith(f"{field}:")), "0")
    return int(kilobytes) * 1024 / _MEGABYTE


def drop_cache(path: Path) -> None:
    """Let the system forget what it holds of a file in memory."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def fit_from(path: Path, gaussians: Gaussians, rounds: int) -> Laps:
    """Return the iterations of a fit: cold, warm, cold, warm ..."""

    def before(number: int) -> None:
        if number % 2 == 0:
            drop_cache(path)

    return run_laps(gmmkit.open_rows(path), gaussians, 2 * rounds, before)


def main(path: str, components: str, columns: str, rounds: str) -> None:
    """Fit, and say how long iterations took and how much memory that was."""
    before = memory_mb("RssAnon")
    laps = fit_from(Path(path), Gaussians(int(components), int(columns)), int(rounds))
    found = {
        "cold": laps.seconds[0::2],
        "warm": laps.seconds[1::2],
        "routes": laps.routes,
        "anonymous_before_mb": before,
        "largest_resident_mb": memory_mb("VmHWM"),
    }
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
