"""Large pictures in classes and in regions, as a whole process: seconds and peak resident memory.

12 MP    4000 x 3000, 8-bit RGB
100 MP   12500 x 8000, 8-bit RGB deflated in strips; and eight bands of 16 bits, uncompressed

Each is segmented into five classes (`gmmkit segment`); the large one of colors is also cut into
regions (`gmmkit image regions`).

Pictures are made from a seed: slow gradients, noise, and a texture where the first band is light.
They take 0.3 GB and 1.6 GB of disk.
"""

import argparse
import sys
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reporting import Figure, parser, report
from segment_process import apart, run_process

NEEDED_MB = 1500.0
NEEDED_SECONDS = 25.0
STRIP_ROWS = 256
_GRID = 500
_NOISE = 0.01
_TEXTURE = 0.06
_CLASSES = ("segment", "-k", "5")
_REGIONS = ("image", "regions")
_FLAT_OUTPUTS = "labels,overlay,colors,gray,tiff,npz,coco,masks,table"


@dataclass(frozen=True)
class Subject:
    """A picture to make, and what is done with it."""

    name: str
    height: int
    width: int
    bands: int
    dtype: str
    deflated: bool
    out: str = "labels,overlay"
    seconds: float | None = None
    command: tuple[str, ...] = _CLASSES

    @property
    def file_name(self) -> str:
        """What the file is called; pictures that differ in outputs alone share one."""
        return f"{self.width}x{self.height}x{self.bands}-{self.dtype}.tif"


SUBJECTS = (
    Subject("12 MP RGB", 3000, 4000, 3, "uint8", True, seconds=NEEDED_SECONDS),
    Subject("100 MP RGB", 8000, 12500, 3, "uint8", True),
    Subject("100 MP RGB, nine outputs", 8000, 12500, 3, "uint8", True, _FLAT_OUTPUTS),
    Subject("100 MP RGB, regions", 8000, 12500, 3, "uint8", True, command=_REGIONS),
    Subject("100 MP, 8 bands of 16 bits", 8000, 12500, 8, "uint16", False),
)


def strips(subject: Subject) -> Iterator[Any]:
    """Yield the picture a few rows at a time."""
    import numpy as np
    from scipy import ndimage

    random = np.random.default_rng(0)
    shape = subject.height // _GRID + 4, subject.width // _GRID + 4, subject.bands
    coarse = ndimage.gaussian_filter(random.normal(size=shape), (1.2, 1.2, 0))
    coarse = ((coarse - coarse.min()) / np.ptp(coarse)).astype(np.float32)
    top = np.iinfo(subject.dtype).max
    columns = np.arange(subject.width) / _GRID + 1
    for start in range(0, subject.height, STRIP_ROWS):
        rows = np.arange(start, min(start + STRIP_ROWS, subject.height)) / _GRID + 1
        places = np.meshgrid(rows, columns, indexing="ij")
        planes = [
            ndimage.map_coordinates(plane, places, order=1) for plane in coarse.T.swapaxes(1, 2)
        ]
        values = np.stack(planes, axis=2)
        noise = random.standard_normal(values.shape, dtype=np.float32)
        values += noise * np.where(values[..., :1] > 0.5, _TEXTURE, _NOISE).astype(np.float32)
        yield (np.clip(values, 0, 1) * top).astype(subject.dtype)


def make(subject: Subject, folder: Path) -> Path:
    """Write the picture, unless it is there."""
    import tifffile

    path = folder / subject.file_name
    if path.exists():
        return path
    kinds: dict[str, Any] = {"photometric": "rgb"}
    if subject.bands != 3:
        kinds = {"photometric": "minisblack", "extrasamples": [0] * (subject.bands - 1)}
    stored = (strip.tobytes() for strip in strips(subject))
    if subject.deflated:
        stored = (zlib.compress(strip, 1) for strip in stored)
        kinds["compression"] = "zlib"
    shape = subject.height, subject.width, subject.bands
    tifffile.imwrite(
        path,
        stored,
        shape=shape,
        dtype=subject.dtype,
        planarconfig="contig",
        rowsperstrip=STRIP_ROWS,
        metadata=None,
        **kinds,
    )
    return path


def measure(subject: Subject, folder: Path) -> list[Figure]:
    """Return the seconds and the memory of one process."""
    path = apart(make, subject, folder)
    options = ["--out", subject.out, "-o", str(folder / "out"), "--force"]
    command = [sys.executable, "-m", "gmmkit", *subject.command, str(path), *options]
    outcome = run_process(command)
    remark = f"{path.stat().st_size / 1e6:.0f} MB on the disk; writes {subject.out}"
    return [
        Figure(subject.name, outcome.seconds, "s", at_most=subject.seconds, remark=remark),
        Figure(f"{subject.name}, peak resident", outcome.peak_mb, "MB", at_most=NEEDED_MB),
    ]


def main() -> int:
    """Measure all pictures and report."""
    command = parser(__doc__)
    command.add_argument("--folder", type=Path, help="where pictures go, and stay")
    command.add_argument("--smallest", action="store_true", help="12 megapixels alone")
    options: argparse.Namespace = command.parse_args()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        for subject in SUBJECTS[:1] if options.smallest else SUBJECTS:
            figures += measure(subject, folder)
    return report("large pictures", figures, options)


if __name__ == "__main__":
    sys.exit(main())
