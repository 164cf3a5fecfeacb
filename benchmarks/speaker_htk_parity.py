"""Cepstra beside HTK's own, for every configuration of HTK that the front end has options for.

Needs ``speech/htk-reference`` below the directory that GMMKIT_REFERENCE_DATA names: ``test.wav``
and what HTK's HCopy made of it (they come with Kaldi, in src/feat/test_data).

HTK differs in form: samples keep their 16-bit scale; c0 is the square root of 2 larger and stands
behind the others; where its last static column is the energy of the frame instead of c0, that
column is not compared. The configurations that warp the frequency axis (hcopy5, fbank3, fbank4)
have no counterpart here.
"""

import os
import sys
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from reporting import Figure, parser, report

from gmmkit.speaker import Frontend

NEEDED = 1e-3
VARIABLE = "GMMKIT_REFERENCE_DATA"

Rows = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """One file of HTK's, and the front end that its configuration describes."""

    file: str
    frontend: Frontend
    has_c0: bool = True

    @property
    def n_static(self) -> int:
        """How many columns are no slopes."""
        return self.frontend.n_features // (self.frontend.deltas + 1)


def htk(**options: float) -> Frontend:
    """Return the front end that does as HTK does."""
    settings = {
        "remove_offset": False,
        "preemphasize_over": "frame",
        "preemphasis": 0.0,
        "filters": "mel-htk",
        "n_filters": 23,
        "low_frequency": 0.0,
        "high_frequency": 8_000.0,
        "n_cepstra": 13,
        "lifter": 22.0,
        "activity": "none",
        "normalization": "none",
    }
    return Frontend(**(settings | options))


CASES = (
    Case("test.wav.fea_htk.1", htk()),
    Case("test.wav.fea_htk.2", htk(), has_c0=False),
    Case("test.wav.fea_htk.3", htk(low_frequency=20.0), has_c0=False),
    Case("test.wav.fea_htk.4", htk(preemphasis=0.97), has_c0=False),
    Case(
        "test.wav.fea_htk.6",
        htk(preemphasis=0.97, low_frequency=125.0, high_frequency=7_800.0, n_filters=24),
    ),
    Case("test.wav.fbank_htk.1", htk(n_cepstra=0, deltas=0)),
    Case("test.wav.fbank_htk.2", htk(n_cepstra=0, deltas=0, low_frequency=25.0)),
)


def read_wave(path: Path) -> tuple[Rows, int]:
    """Return 16-bit samples on their own scale, and the rate."""
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return samples.astype(np.float64), file.getframerate()


def read_htk(path: Path) -> Rows:
    """Return the rows of a parameter file: a header of 12 bytes, then big-endian float32."""
    content = path.read_bytes()
    n_rows = int.from_bytes(content[:4], "big")
    return np.frombuffer(content, ">f4", offset=12).reshape(n_rows, -1).astype(np.float64)


def as_htk(case: Case, rows: Rows) -> Rows:
    """Return our columns in HTK's order and scale."""
    if case.frontend.n_cepstra == 0:
        return rows
    parts = np.split(rows * 1.0, case.frontend.deltas + 1, axis=1)
    for part in parts:
        part[:, 0] *= np.sqrt(2)
    return np.concatenate([np.roll(part, -1, axis=1) for part in parts], axis=1)


def compare(case: Case, folder: Path) -> Iterator[Figure]:
    """Yield the largest difference in the statics, and in their slopes of each order."""
    theirs = read_htk(folder / case.file)
    ours = as_htk(case, case.frontend(*read_wave(folder / "test.wav")).astype(np.float64))
    difference = np.abs(ours - theirs)
    n = case.n_static
    kept = n if case.has_c0 else n - 1
    for order, name in enumerate(("statics", "deltas", "delta-deltas")[: ours.shape[1] // n]):
        part = difference[:, order * n : order * n + kept]
        remark = f"{part.shape[0]} frames, {kept} columns, values to {np.abs(theirs).max():.3g}"
        yield Figure(f"{case.file} {name}", float(part.max()), "", at_most=NEEDED, remark=remark)


def main() -> int:
    """Compare every case, and end with 1 if one is off."""
    options = parser(__doc__).parse_args()
    if VARIABLE not in os.environ:
        print(f"set {VARIABLE} to the directory that has speech/htk-reference", file=sys.stderr)
        return 2
    folder = Path(os.environ[VARIABLE]) / "speech" / "htk-reference"
    figures = [figure for case in CASES for figure in compare(case, folder)]
    return report("largest absolute difference to HTK", figures, options)


if __name__ == "__main__":
    sys.exit(main())
