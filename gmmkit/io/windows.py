"""Pixels that stay in their file until a window of them is asked for.

To code that takes rectangles out of an array, `pixels[rows, columns]`, they look like an array.
"""

import threading
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
# Plane, row and column of a block.
Place: TypeAlias = tuple[int, int, int]

_STRIP_BYTES = 16 << 20


class WindowedPixels(ABC):
    """Pixels of shape (H, W, C) that are read a rectangle at a time.

    Parameters
    ----------
    shape : tuple of int
        Rows, columns, channels.
    dtype : dtype
        In native byte order.
    """

    ndim = 3

    def __init__(self, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> None:
        self.shape = shape
        self.dtype = dtype

    @abstractmethod
    def window(self, rows: slice, columns: slice) -> Array:
        """Return a new array (h, w, C); both slices have their two ends, and no step."""

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> Array:
        rows, columns, rest = _split_key(key)
        pixels = self.window(_whole(rows, self.shape[0]), _whole(columns, self.shape[1]))
        return pixels[(slice(None), slice(None), *rest)] if rest else pixels

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Array:
        if copy is False:
            raise ValueError("pixels in a file cannot become an array without a copy")
        return self[:].astype(dtype or self.dtype, copy=False)

    def strips(self) -> Iterator[tuple[slice, Array]]:
        """Yield the pixels from top to bottom, some 16 MB at a time, with the rows they are."""
        height, width, channels = self.shape
        step = max(1, _STRIP_BYTES // max(1, width * channels * self.dtype.itemsize))
        for start in range(0, height, step):
            rows = slice(start, min(start + step, height))
            yield rows, self[rows]


def _split_key(key: Any) -> tuple[slice, slice, tuple[Any, ...]]:
    """Return the slices of rows and columns, and what is left for the channels."""
    parts = list(key) if isinstance(key, tuple) else [key]
    if parts and parts[0] is Ellipsis:
        parts[:1] = [slice(None)] * (4 - len(parts))
    parts += [slice(None)] * (2 - len(parts))
    rows, columns, *rest = parts
    stepped = [s for s in (rows, columns) if not isinstance(s, slice) or s.step not in (None, 1)]
    if stepped or len(rest) > 1:
        raise TypeError(f"pixels in a file are read by slices of rows and columns, not {key!r}")
    return rows, columns, tuple(rest)


def _whole(part: slice, length: int) -> slice:
    start, stop, _ = part.indices(length)
    return slice(start, max(start, stop))


@dataclass(frozen=True)
class Blocks:
    """How pixels are cut into blocks that can only be read whole.

    Parameters
    ----------
    rows, columns : int
        The size of a block; those at the end may be smaller, or reach beyond the picture.
    planes : int
        1, or as many as there are channels where each is stored for itself.

    Examples
    --------
    >>> Blocks(256, 100, 1).kept(256, 1000)
    20
    """

    rows: int
    columns: int
    planes: int

    def kept(self, rows: int, width: int) -> int:
        """Return how many blocks touch any `rows` successive rows, at most."""
        down, across = -(-(rows - 1) // self.rows) + 1, -(-width // self.columns)
        return self.planes * down * across


class BlockPixels(WindowedPixels):
    """Pixels stored in blocks; those of the latest rows are kept.

    Parameters
    ----------
    shape, dtype
        As of `WindowedPixels`.
    blocks : Blocks
        How they are cut.
    read : callable
        The plane, row and column of a block to the block, (h, w, C), or (h, w, 1) of one plane.
        It is called from several threads.
    kept_rows : int
        Blocks are kept so that a walk by tiles with so many rows, halos included, reads every
        block once.

    Examples
    --------
    >>> picture = np.arange(24).reshape(4, 6, 1)
    >>> def read(place):
    ...     return picture[2 * place[1] : 2 * place[1] + 2, 3 * place[2] : 3 * place[2] + 3]
    >>> pixels = BlockPixels((4, 6, 1), picture.dtype, Blocks(2, 3, 1), read)
    >>> pixels[1:3, 2:4, 0].tolist()
    [[8, 9], [14, 15]]
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        dtype: np.dtype[Any],
        blocks: Blocks,
        read: Callable[[Place], Array],
        kept_rows: int = 512,
    ) -> None:
        super().__init__(shape, dtype)
        self._blocks = blocks
        self._kept = _Kept(read, blocks.kept(min(kept_rows, shape[0]), shape[1]))

    def window(self, rows: slice, columns: slice) -> Array:
        """Return a rectangle, put together of the blocks that it touches."""
        shape = rows.stop - rows.start, columns.stop - columns.start, self.shape[2]
        pixels = np.empty(shape, dtype=self.dtype)
        for plane in range(self._blocks.planes):
            part = pixels if self._blocks.planes == 1 else pixels[:, :, plane : plane + 1]
            for i, into_rows, from_rows in _overlaps(rows, self._blocks.rows):
                for j, into_columns, from_columns in _overlaps(columns, self._blocks.columns):
                    block = self._kept.at((plane, i, j))
                    part[into_rows, into_columns] = block[from_rows, from_columns]
        return pixels


def _overlaps(part: slice, size: int) -> Iterator[tuple[int, slice, slice]]:
    """Yield the blocks along one axis: number, where in the window, and where in the block."""
    if part.stop <= part.start:
        return
    for number in range(part.start // size, -(-part.stop // size)):
        begin = number * size
        start, stop = max(part.start, begin), min(part.stop, begin + size)
        yield (
            number,
            slice(start - part.start, stop - part.start),
            slice(start - begin, stop - begin),
        )


@dataclass
class _Block:
    lock: threading.Lock = field(default_factory=threading.Lock)
    pixels: Array | None = None


class _Kept:
    """The blocks that were asked for last; two threads that want one read it once."""

    def __init__(self, read: Callable[[Place], Array], most: int) -> None:
        self._read, self._most = read, most
        self._lock = threading.Lock()
        self._blocks: OrderedDict[Place, _Block] = OrderedDict()

    def at(self, place: Place) -> Array:
        block = self._latest(place)
        # Whoever comes second waits here, and tries again if the first one failed.
        with block.lock:
            if block.pixels is None:
                block.pixels = self._read(place)
            return block.pixels

    def _latest(self, place: Place) -> _Block:
        with self._lock:
            block = self._blocks.setdefault(place, _Block())
            self._blocks.move_to_end(place)
            while len(self._blocks) > self._most:
                self._blocks.popitem(last=False)
            return block
