"""Large TIFF pages left in their file: a window reads the strips or tiles that it touches.

The file is opened anew for every read, and has to be the one whose pages were checked.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from tifffile import TiffPage

from gmmkit.errors import GmmkitError, ImageError
from gmmkit.io.formats import DECODER_FAILURES
from gmmkit.io.reading import open_regular_file, read_bytes
from gmmkit.io.windows import Array, BlockPixels, Blocks, Place, WindowedPixels

# Smaller pages are read whole: that is faster, and the labels alone take as much.
LARGEST_WHOLE_BYTES = 64 << 20
_LARGEST_BLOCK_BYTES = 16 << 20
_TYPES = ("u1", "u2", "f4", "f8")


@dataclass(frozen=True)
class CheckedFile:
    """A file that was looked at, to be opened again as long as it is the same.

    Parameters
    ----------
    path : Path
        Its name.
    identity : tuple of int
        Device, number, size and time of the last change.

    Examples
    --------
    >>> with open_regular_file(__file__) as stream:
    ...     checked = CheckedFile.of(stream, Path(__file__))
    >>> with checked.opened() as stream:
    ...     len(stream.read(3))
    3
    """

    path: Path
    identity: tuple[int, ...]

    @classmethod
    def of(cls, stream: BinaryIO, path: Path) -> "CheckedFile":
        """Return what identifies an open file."""
        status = os.fstat(stream.fileno())
        return cls(path, (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns))

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open it again.

        Raises
        ------
        ImageError
            If it is another file now.
        """
        with open_regular_file(self.path) as stream:
            if CheckedFile.of(stream, self.path) != self:
                raise ImageError(
                    f"{self.path} changed while it was read",
                    needed="the same file until the end",
                    hint="run again once it is whole",
                )
            yield stream


def windowed_pixels(ifd: TiffPage, file: CheckedFile) -> WindowedPixels | None:
    """Return the bands of a checked page as windows, or None if they have to be read whole.

    Parameters
    ----------
    ifd : TiffPage
        Of a kind that tifffile decodes.
    file : CheckedFile
        Where it is.

    Returns
    -------
    WindowedPixels or None
        None for pages of at most `LARGEST_WHOLE_BYTES`, and for ones in larger strips than can
        be kept.
    """
    if ifd.nbytes <= LARGEST_WHOLE_BYTES or ifd.dtype is None or ifd.dtype.str[1:] not in _TYPES:
        return None
    if ifd.is_contiguous:
        return _ContiguousPixels(ifd, file)
    blocks = _blocks(ifd)
    channels = 1 if blocks.planes > 1 else ifd.samplesperpixel
    if blocks.rows * blocks.columns * channels * ifd.dtype.itemsize > _LARGEST_BLOCK_BYTES:
        return None
    return BlockPixels(_shape(ifd), _native(ifd), blocks, _BlockReader(ifd, file, blocks))


def without_bands(pixels: WindowedPixels, dropped: list[int]) -> WindowedPixels:
    """Return pixels without some of their channels."""
    return _FewerBands(pixels, [i for i in range(pixels.shape[2]) if i not in dropped])


def _shape(ifd: TiffPage) -> tuple[int, int, int]:
    return ifd.imagelength, ifd.imagewidth, ifd.samplesperpixel


def _native(ifd: TiffPage) -> np.dtype[Any]:
    return np.dtype(ifd.dtype).newbyteorder("=")


def _planes(ifd: TiffPage) -> int:
    return 1 if ifd.planarconfig == 1 else int(ifd.samplesperpixel)


def _blocks(ifd: TiffPage) -> Blocks:
    if ifd.is_tiled:
        return Blocks(ifd.tilelength, ifd.tilewidth, _planes(ifd))
    return Blocks(min(ifd.rowsperstrip, ifd.imagelength), ifd.imagewidth, _planes(ifd))


class _FewerBands(WindowedPixels):
    """Some channels of other pixels."""

    def __init__(self, pixels: WindowedPixels, kept: list[int]) -> None:
        super().__init__((*pixels.shape[:2], len(kept)), pixels.dtype)
        self._pixels, self._bands = pixels, kept

    def window(self, rows: slice, columns: slice) -> Array:
        return self._pixels.window(rows, columns)[:, :, self._bands]


class _ContiguousPixels(WindowedPixels):
    """Uncompressed pixels in the order of the file, of which rows are read in part."""

    def __init__(self, ifd: TiffPage, file: CheckedFile) -> None:
        super().__init__(_shape(ifd), _native(ifd))
        self._file, self._offset = file, int(ifd.dataoffsets[0])
        self._stored = _native(ifd).newbyteorder(ifd.parent.byteorder)
        self._planes = _planes(ifd)

    def window(self, rows: slice, columns: slice) -> Array:
        height, width, channels = self.shape
        samples = channels // self._planes
        pixel_bytes = samples * self._stored.itemsize
        shape = self._planes, rows.stop - rows.start, columns.stop - columns.start, samples
        stored = np.empty(shape, dtype=self._stored)
        with self._file.opened() as stream:
            for plane, part in enumerate(stored):
                for number, line in enumerate(part, start=plane * height + rows.start):
                    stream.seek(self._offset + (number * width + columns.start) * pixel_bytes)
                    self._read_into(stream, line)
        pixels = stored[0] if self._planes == 1 else np.moveaxis(stored[..., 0], 0, -1)
        return np.ascontiguousarray(pixels, dtype=self.dtype)

    def _read_into(self, stream: BinaryIO, line: npt.NDArray[Any]) -> None:
        payload = read_bytes(stream, line.nbytes, self._file.path)
        line[:] = np.frombuffer(payload, dtype=self._stored).reshape(line.shape)


@dataclass(frozen=True)
class _BlockReader:
    """Reads one strip or tile and lets tifffile decode it."""

    ifd: TiffPage
    file: CheckedFile
    blocks: Blocks

    def __call__(self, place: Place) -> Array:
        height, width, _ = _shape(self.ifd)
        down, across = -(-height // self.blocks.rows), -(-width // self.blocks.columns)
        plane, i, j = place
        block = self._decoded((plane * down + i) * across + j)
        needed = (
            min(self.blocks.rows, height - i * self.blocks.rows),
            min(self.blocks.columns, width - j * self.blocks.columns),
        )
        if block.shape[0] < needed[0] or block.shape[1] < needed[1]:
            raise self._damaged(f"a strip or tile of {block.shape[0]} rows instead of {needed[0]}")
        return block.astype(_native(self.ifd), copy=False)

    def _decoded(self, index: int) -> Array:
        try:
            with self.file.opened() as stream:
                stream.seek(self.ifd.dataoffsets[index])
                payload = read_bytes(stream, self.ifd.databytecounts[index], self.file.path)
            block: Array = np.asarray(self.ifd.decode(payload, index)[0])[0]
        except GmmkitError:
            raise
        except DECODER_FAILURES as error:
            raise self._damaged(f"TIFF: {error}") from error
        return block

    def _damaged(self, found: str) -> ImageError:
        return ImageError(
            f"{self.file.path} is damaged",
            found=found,
            needed="a whole file",
            hint="copy or download the file again",
        )
