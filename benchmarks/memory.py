"""Peak anonymous memory that `gmmkit.fit` needs above the data, on rows mapped from a file.

Every fit runs in a process of its own, which first imports and compiles everything on a small fit.
This process watches RssAnon in /proc from outside, where no lock of the interpreter delays it; the
pages of the mapped file are not anonymous and do not count.
"""

import argparse
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector

import numpy as np
from reporting import Figure, parser, report

NEEDED_MB = 64.0
POLL_SECONDS = 0.001
SMALL_ROWS = 200_000
CHUNK_ROWS = 250_000
_READY, _GO, _DONE = "ready\n", "go\n", "done\n"


def make_rows(path: Path, n_rows: int, n_columns: int, dtype: str) -> None:
    """Write rows of five overlapping Gaussians, a chunk at a time."""
    random = np.random.default_rng(0)
    centers = random.normal(0.0, 2.0, (5, n_columns))
    rows = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=(n_rows, n_columns))
    for start in range(0, n_rows, CHUNK_ROWS):
        chunk = rows[start : start + CHUNK_ROWS]
        chunk[:] = random.standard_normal(chunk.shape, dtype=np.float32)
        chunk += centers[random.integers(5, size=len(chunk))]
    rows.flush()


def fit_on_request(path: Path, covariance: str, precision: str, max_iter: int) -> None:
    """Warm up, say so, wait to be asked, fit, and say so: the watched process."""
    import gmmkit

    rows = np.load(path, mmap_mode="r")
    fit = partial(gmmkit.fit, covariance=covariance, precision=precision, seed=0, tol=0.0)
    # Part of the map itself: a writable copy would compile kernels of its own.
    fit(rows[:SMALL_ROWS], 5, max_iter=2)
    print(_READY, end="", flush=True)
    sys.stdin.readline()
    result = fit(rows, 5, max_iter=max_iter)
    print(_DONE, end="", flush=True)
    print(f"{result.n_iter} iterations, {result.trace[-1].route}", flush=True)


def anonymous_mb(process_id: int) -> float:
    """Return the resident anonymous memory of a process, in MB of 2**20 bytes."""
    lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    kilobytes = next(line.split()[1] for line in lines if line.startswith("RssAnon:"))
    return int(kilobytes) / 1024


def watch(path: Path, options: argparse.Namespace) -> tuple[float, float, str]:
    """Return the memory before a fit, the peak during it, and what it did."""
    command = [sys.executable, __file__, "--fit", str(path), "--max-iter", str(options.max_iter)]
    command += ["--covariance", options.covariance, "--precision", options.precision]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        if child.stdout.readline() != _READY:
            raise SystemExit("the watched process ended before its fit")
        before = anonymous_mb(child.pid)
        child.stdin.write(_GO)
        child.stdin.flush()
        peak = _peak_until_output(child)
        if child.stdout.readline() != _DONE:
            raise SystemExit("the watched process ended within its fit")
        return before, peak, child.stdout.readline().strip()


def _peak_until_output(child: "subprocess.Popen[str]") -> float:
    peak = 0.0
    with DefaultSelector() as selector:
        selector.register(child.stdout or 0, EVENT_READ)
        while not selector.select(POLL_SECONDS):
            peak = max(peak, anonymous_mb(child.pid))
    return peak


def measure(folder: Path, n_rows: int, n_columns: int, options: argparse.Namespace) -> Figure:
    """Return the figure of one size."""
    path = folder / "rows.npy"
    make_rows(path, n_rows, n_columns, options.dtype)
    size = path.stat().st_size / 2**20
    before, peak, course = watch(path, options)
    path.unlink()
    return Figure(
        f"{n_rows} x {n_columns} {options.dtype}, {options.covariance}",
        peak - before,
        "MB",
        at_most=NEEDED_MB,
        remark=f"data {size:.0f} MB, {before:.0f} MB before the fit; {course}",
    )


def main() -> int:
    """Measure all sizes and report, or be the watched process."""
    command = parser(__doc__)
    command.add_argument("--rows", nargs="+", type=int, default=[1_000_000, 4_000_000])
    command.add_argument("--columns", nargs="+", type=int, default=[5, 30])
    command.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    command.add_argument("--covariance", default="full")
    command.add_argument("--precision", default="auto")
    command.add_argument("--max-iter", type=int, default=5, help="more do not need more memory")
    command.add_argument("--folder", type=Path, help="where the rows go, 480 MB by default sizes")
    command.add_argument("--fit", type=Path, help=argparse.SUPPRESS)
    options = command.parse_args()
    if options.fit is not None:
        fit_on_request(options.fit, options.covariance, options.precision, options.max_iter)
        return 0
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        figures = [
            measure(Path(folder), n_rows, n_columns, options)
            for n_columns in options.columns
            for n_rows in options.rows
        ]
    return report("Anonymous memory above the data, K = 5", figures, options)


if __name__ == "__main__":
    sys.exit(main())
