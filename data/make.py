"""Make every file in this folder again: `python data/make.py [FOLDER]`.

Only whole-number arithmetic, so that every machine makes the same pixels.
"""

import io
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

Whole = npt.NDArray[np.int64]
_HEIGHT, _WIDTH = 160, 240


def scattered(rows: int, columns: int, seed: int) -> Whole:
    """Return unrelated values from 0 to 255, (rows, columns): a multiplicative hash."""
    y, x = np.mgrid[:rows, :columns].astype(np.uint64)
    value = x * np.uint64(0x9E3779B1) + y * np.uint64(0x85EBCA77) + np.uint64(seed * 0xC2B2AE3D)
    for shift in (15, 13, 16):
        value = (value ^ (value >> np.uint64(shift))) * np.uint64(0x27D4EB2F)
    return ((value >> np.uint64(24)) & np.uint64(255)).astype(np.int64)


def clouds(rows: int, columns: int, cell: tuple[int, int], seed: int) -> Whole:
    """Return values from 0 to 255 that vary slowly: scattered values, interpolated."""
    down, across = cell
    grid = scattered(rows // down + 2, columns // across + 2, seed)
    y, x = np.mgrid[:rows, :columns]
    row, column, dy, dx = y // down, x // across, y % down, x % across
    top = grid[row, column] * (across - dx) + grid[row, column + 1] * dx
    bottom = grid[row + 1, column] * (across - dx) + grid[row + 1, column + 1] * dx
    return (top * (down - dy) + bottom * dy) // (down * across)


def lakeside() -> npt.NDArray[np.uint8]:
    """Return a landscape, (160, 240, 3): sky, hills, lake and a meadow, each with its texture."""
    y, x = np.mgrid[:_HEIGHT, :_WIDTH]
    ridge = 62 - clouds(1, _WIDTH, (1, 48), seed=3) // 8 - clouds(1, _WIDTH, (1, 12), seed=4) // 32
    shore = 118 + clouds(1, _WIDTH, (1, 60), seed=5) // 12 - x[:1] // 12
    grain = scattered(_HEIGHT, _WIDTH, seed=1)[..., None] - 128
    sky = _color(
        120 + y // 2, 165 + y // 3, 220, clouds(_HEIGHT, _WIDTH, (24, 60), 6) // 5, grain // 40
    )
    hills = _color(70, 84, 78, clouds(_HEIGHT, _WIDTH, (9, 9), 7) // 6 - 20, grain // 16)
    lake = _color(46, 92, 118, clouds(_HEIGHT, _WIDTH, (3, 40), 8) // 5 - 20, grain // 24)
    meadow = _color(104, 132, 52, clouds(_HEIGHT, _WIDTH, (4, 4), 9) // 4 - 32, grain // 5)
    layers = np.where((y < ridge)[..., None], sky, np.where((y < 86)[..., None], hills, lake))
    layers = np.where((y > shore)[..., None], meadow, layers)
    return np.clip(layers, 0, 255).astype(np.uint8)


def _color(
    red: Whole | int, green: Whole | int, blue: Whole | int, light: Whole, grain: Whole
) -> Whole:
    channels = [channel + light for channel in (red, green, blue)]
    return np.stack(channels, axis=-1) + grain


def files() -> dict[str, bytes]:
    """Return the bytes of every file, by name."""
    stream = io.BytesIO()
    Image.fromarray(lakeside()).save(stream, "PNG", optimize=True)
    return {"lakeside.png": stream.getvalue()}


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for name, payload in files().items():
        (folder / name).write_bytes(payload)
