"""The EM core beside its peers and the machine's limits, on the same rows, in one run.

photo, saturated, texture, speech, transactions
              one EM iteration from the same start, beside scikit-learn, pomegranate, mlpack,
              OpenCV 4 and Armadillo
scoring       log densities and labels
growth        slopes of the time over rows, columns and components
threads       two threads against one
routes        each of gmmkit's ways to compute, under three regularizations, on two photos
disk          an iteration on 4 GB of rows in a file, beside reading alone and arithmetic alone
cluster       two workers of Dask against one, and what they send

What large products and copies of memory reach is measured first. Peers that are not installed are
named as absent.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping
from math import nan
from pathlib import Path

from engine_cluster import measure_cluster
from engine_contest import (
    Found,
    Settings,
    gather,
    measure_photo,
    measure_saturated,
    measure_speech,
    measure_texture,
    measure_transactions,
)
from engine_disk import measure_disk
from engine_growth import measure_growth
from engine_limits import measure_limits
from engine_plot import write_plot
from engine_routes import measure_routes
from engine_scoring import measure_scoring
from engine_threads import measure_threads
from pairing import LEAST_ROUNDS
from reporting import Figure, parser, report

PARTS: Mapping[str, Callable[[Found, Settings], None]] = {
    "photo": measure_photo,
    "saturated": measure_saturated,
    "texture": measure_texture,
    "speech": measure_speech,
    "transactions": measure_transactions,
    "scoring": measure_scoring,
    "growth": measure_growth,
    "threads": measure_threads,
    "routes": measure_routes,
    "disk": measure_disk,
    "cluster": measure_cluster,
}
_QUICK_ROUNDS = 2


def options_of() -> argparse.Namespace:
    """Return the options of the command line."""
    command = parser(__doc__)
    add = command.add_argument
    add("--parts", nargs="+", choices=list(PARTS), default=list(PARTS), metavar="PART")
    add("--rounds", type=int, help=f"default {LEAST_ROUNDS}, or {_QUICK_ROUNDS} with --quick")
    add("--quick", action="store_true", help="tiny sizes: shows that everything runs, no more")
    add("--plot", type=Path, metavar="FILE", help="draw the ratios as PNG; needs matplotlib")
    add("--without", nargs="+", default=[], metavar="PEER", help="peers that take no part")
    add("--speech-rows", type=int, default=1_000_000, help="gmmkit and scikit-learn, float32")
    add("--speech-double-rows", type=int, default=250_000, help="the same, float64")
    add("--speech-slow-rows", type=int, default=100_000, help="gmmkit and Armadillo")
    add("--speech-slowest-rows", type=int, default=10_000, help="gmmkit and all other peers")
    add("--scoring-speech-rows", type=int, default=100_000, help="everyone that scores")
    add("--threads-speech-rows", type=int, default=250_000, help="gmmkit alone")
    add("--disk-rows", type=int, default=100_000_000, help="40 bytes each")
    add("--disk-folder", type=_folder, help="where those go, on a disk and not in memory")
    add("--cluster-rows", type=int, default=2_000_000, help="drawn on the workers")
    options = command.parse_args()
    options.rounds = options.rounds or (_QUICK_ROUNDS if options.quick else LEAST_ROUNDS)
    return options


def _folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {text}")
    return Path(text)


def run(options: argparse.Namespace, folder: Path) -> Found:
    """Measure what was asked for."""
    peers, absent = gather(folder)
    peers = [peer for peer in peers if peer.name not in options.without]
    absent |= dict.fromkeys(options.without, "left out by --without")
    found, settings = Found(), Settings(peers, options)
    found.details["peers"] = {peer.name: peer.version() for peer in peers}
    found.figures += [Figure(name, nan, "absent", remark=why) for name, why in absent.items()]
    tell("; ".join(f"{name} {release}" for name, release in found.details["peers"].items()))
    tell("limits")
    figures, details = measure_limits(options.quick, options.rounds)
    found.figures += figures
    found.details |= details
    for part in options.parts:
        tell(part)
        PARTS[part](found, settings)
    return found


def tell(text: str) -> None:
    """Say what is going on."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Measure, draw and report."""
    options = options_of()
    with tempfile.TemporaryDirectory() as folder:
        found = run(options, Path(folder))
    if options.plot is not None:
        write_plot(found.ratios, options.plot)
    return report("The EM core beside its peers", found.figures, options, found.details)


if __name__ == "__main__":
    sys.exit(main())
