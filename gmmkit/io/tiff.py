"""TIFF pages as pixels: their own types and bands through tifffile, the rest through Pillow.

tifffile fills missing strips with zeros and inflates without a limit, so every strip is checked
before it decodes anything (TIFF 6.0).
"""

import logging
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil, prod
from pathlib import Path
from typing import Any, BinaryIO, cast
from warnings import warn

import numpy as np
import numpy.typing as npt
from PIL.TiffImagePlugin import TiffImageFile
from tifffile import TIFF, TiffFile, TiffPage

from gmmkit.errors import GmmkitError, ImageError, ImageSizeError, ImageWarning
from gmmkit.io.formats import DECODER_FAILURES
from gmmkit.io.inflate import inflated_length
from gmmkit.io.mask import Mask, checked_mask
from gmmkit.io.pixels import (
    Picture,
    Pixels,
    check_finite_strips,
    check_pixels,
    check_shape,
    upright,
)
from gmmkit.io.raster import decode_raster, open_raster
from gmmkit.io.tiff_windows import CheckedFile, windowed_pixels, without_bands
from gmmkit.io.windows import WindowedPixels

_PHOTOMETRIC, _ORIENTATION = 262, 274
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
_PREMULTIPLIED, _ALPHA = 1, 2
_NO_COMPRESSION, _LZW, _PACKBITS = 1, 5, 32773
_DEFLATE = frozenset({8, 32946})
_OF_TIFFFILE = _DEFLATE | {_NO_COMPRESSION, _LZW, _PACKBITS}
_DEPTHS = frozenset({1, 8, 16, 32, 64})
_BYTES_PER_PIXEL = 16
_MOST_PAGES = 100_000


def read_tiff(
    stream: BinaryIO, path: Path, *, page: int | None, max_pixels: int, on_demand: bool = False
) -> Picture:
    """Read one page of a TIFF.

    Parameters
    ----------
    stream : BinaryIO
        The file, at its beginning.
    path : Path
        Its name.
    page : int or None
        Counted from 0 in the order of the file, reduced copies included; None is the first, with
        a warning when there are more.
    max_pixels : int
        The largest width times height accepted.
    on_demand : bool
        Leave the pixels of a large page in the file, where they can be.

    Returns
    -------
    Picture

    Raises
    ------
    ImageSizeError
        If the page has no pixels, or more than `max_pixels`.
    ImageError
        If it is damaged, has no such page, or is of a kind that is not read.

    Examples
    --------
    >>> import io, tifffile
    >>> stream = io.BytesIO()
    >>> tifffile.imwrite(stream, np.zeros((3, 4), np.uint16))
    >>> stream.seek(0)
    0
    >>> read_tiff(stream, Path("gray.tif"), page=0, max_pixels=100).pixels.dtype
    dtype('uint16')
    """
    label = str(path)
    with _opened(stream, label) as tiff:
        ifd = _select_page(tiff, page, label)
        _check_page(ifd, tiff.filehandle.size, label, max_pixels)
        if _is_for_pillow(ifd, label):
            return _read_with_pillow(stream, path, page or 0, (ifd.imagewidth, ifd.imagelength))
        left = _left_in_file(ifd, CheckedFile.of(stream, path)) if on_demand else None
        return _picture(ifd, path) if left is None else _windowed_picture(left, ifd, path)


def count_pages(stream: BinaryIO, label: str) -> int:
    """Return how many pages a TIFF has, reduced copies included.

    Parameters
    ----------
    stream : BinaryIO
        The file, at its beginning.
    label : str
        The file's name for errors.

    Returns
    -------
    int

    Raises
    ------
    ImageError
        If it is damaged, or its pages have no end.

    Examples
    --------
    >>> import io, tifffile
    >>> stream = io.BytesIO()
    >>> tifffile.imwrite(stream, np.zeros((3, 20, 30), np.uint8), photometric="minisblack")
    >>> stream.seek(0)
    0
    >>> count_pages(stream, "stack.tif")
    3
    """
    with _opened(stream, label) as tiff:
        return _count_pages(tiff, label)


@contextmanager
def _opened(stream: BinaryIO, label: str) -> Iterator[TiffFile]:
    # Its warnings about damaged tags would otherwise reach the terminal beside our own error.
    logging.getLogger("tifffile").addHandler(logging.NullHandler())
    try:
        with TiffFile(stream) as tiff:
            yield tiff
    except (GmmkitError, ImageWarning):
        raise
    except DECODER_FAILURES as error:
        raise _damaged(label, f"TIFF: {error}") from error


def _select_page(tiff: TiffFile, page: int | None, label: str) -> TiffPage:
    count = _count_pages(tiff, label)
    if page is None and count > 1:
        message = f"{label}: only the first of {count} pages was read; choose one by its number"
        warn(ImageWarning(message), stacklevel=5)
    if (page or 0) >= count:
        raise ImageError(
            f"{label} has no page {page}",
            found="1 page" if count == 1 else f"{count} pages",
            needed=f"a page from 0 to {count - 1}",
        )
    return tiff.pages[page or 0].aspage()


def _count_pages(tiff: TiffFile, label: str) -> int:
    """Follow the chain of pages, refusing a ring, which tifffile would follow for ever."""
    layout, handle = tiff.tiff, tiff.filehandle
    offset, seen = tiff.pages.first.offset, set[int]()
    while 0 < offset < handle.size:
        if offset in seen or len(seen) == _MOST_PAGES:
            raise _damaged(label, f"a chain of pages that goes on after {len(seen)}", "an end")
        seen.add(offset)
        handle.seek(offset)
        tags = struct.unpack(layout.tagnoformat, handle.read(layout.tagnosize))[0]
        handle.seek(offset + layout.tagnosize + tags * layout.tagsize)
        offset = struct.unpack(layout.offsetformat, handle.read(layout.offsetsize))[0]
    return len(seen)


def _check_page(ifd: TiffPage, size: int, label: str, max_pixels: int) -> None:
    """Refuse what its tags alone rule out: sizes, missing strips, streams that inflate further."""
    check_shape(ifd.imagelength, ifd.imagewidth, label, max_pixels)
    if ifd.is_tiled:
        check_shape(ifd.tilelength, ifd.tilewidth, f"a tile of {label}", max_pixels)
    limit = _BYTES_PER_PIXEL * max_pixels
    if ifd.nbytes > limit:
        raise ImageSizeError(
            f"{label} is too large",
            found=f"{ifd.samplesperpixel} bands, {ifd.nbytes:,} bytes of pixels",
            needed=f"at most {limit:,} bytes",
            hint="raise max_pixels (--max-pixels), or read fewer bands",
        )
    if ifd.imagedepth != 1:
        raise _unsupported(label, f"a volume of {ifd.imagedepth} slices", "flat pages")
    _check_strips(ifd, size, label)
    if ifd.compression in _DEFLATE:
        _check_deflate(ifd, label)


def _check_strips(ifd: TiffPage, size: int, label: str) -> None:
    places = list(zip(ifd.dataoffsets, ifd.databytecounts, strict=True))
    needed = prod(ifd.chunked)
    if ifd.is_contiguous:
        places, needed = [(ifd.dataoffsets[0], ifd.nbytes)], 1
    whole = sum(min(offset, count) > 0 and offset + count <= size for offset, count in places)
    if whole < max(needed, len(places)):
        raise ImageError(
            f"{label} is incomplete",
            found=f"{whole} of {needed} strips or tiles",
            needed="every one inside the file",
            hint="copy or download the file again",
        )


def _check_deflate(ifd: TiffPage, label: str) -> None:
    """Refuse a strip that inflates to more than its pixels, before tifffile inflates it."""
    rows, columns = ifd.rowsperstrip, ifd.imagewidth
    if ifd.is_tiled:
        rows, columns = ifd.tilelength, ifd.tilewidth
    samples = ifd.samplesperpixel if ifd.planarconfig == 1 else 1
    limit = min(rows, max(ifd.imagelength, ifd.tilelength)) * ceil(
        columns * samples * ifd.bitspersample / 8
    )
    for offset, count in zip(ifd.dataoffsets, ifd.databytecounts, strict=True):
        ifd.parent.filehandle.seek(offset)
        length = inflated_length([ifd.parent.filehandle.read(count)], limit)
        if length > limit:
            raise _damaged(label, "a strip that inflates beyond its pixels", f"{limit:,} bytes")


def _is_for_pillow(ifd: TiffPage, label: str) -> bool:
    """Tell whether Pillow has to decode the page, or refuse what neither does faithfully."""
    if ifd.photometric not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR):
        raise _unsupported(label, f"{ifd.photometric!r}", "gray, RGB, palette, CMYK or YCbCr")
    if _suits_tifffile(ifd):
        return False
    one_band = ifd.samplesperpixel == 1
    if ifd.bitspersample > 8 and not (one_band and ifd.bitspersample in (16, 32)):
        raise _unsupported(label, f"{ifd.compression!r}, {ifd.bitspersample} bits", "deflate")
    if any(extra not in (_PREMULTIPLIED, _ALPHA) for extra in ifd.extrasamples):
        raise _unsupported(label, f"{ifd.compression!r} of many bands", "deflate")
    return True


def _suits_tifffile(ifd: TiffPage) -> bool:
    if ifd.photometric in (_CMYK, _YCBCR) or ifd.fillorder != 1:
        return False
    if ifd.bitspersample not in _DEPTHS or ifd.compression not in _OF_TIFFFILE:
        return False
    try:
        TIFF.DECOMPRESSORS[ifd.compression]
        TIFF.UNPREDICTORS[ifd.predictor]
    except KeyError:
        return False
    return True


def _read_with_pillow(
    stream: BinaryIO, path: Path, page: int, accepted: tuple[int, int]
) -> Picture:
    stream.seek(0)
    image = open_raster(TiffImageFile, stream, str(path))
    image.seek(page)
    # Where a tag stands twice the two readers may differ; sideways pages swap their sides.
    if sorted(image.size) != sorted(accepted):
        raise _damaged(str(path), f"two sizes, {accepted} and {image.size}", "one size")
    pixels, mask = decode_raster(image, str(path))
    return Picture(check_pixels(pixels, str(path)), mask, path.stem, path, pixels.ndim == 3)


def _picture(ifd: TiffPage, path: Path) -> Picture:
    label = str(path)
    bands = _bands(ifd)
    if ifd.photometric == _PALETTE:
        bands = _colored(bands[:, :, 0], ifd.colormap, label)
    elif ifd.photometric == _WHITE_IS_ZERO and _PHOTOMETRIC in ifd.tags:
        bands = _inverted(bands, label)
    pixels, mask = _without_alpha(bands, ifd.extrasamples)
    orientation = int(ifd.tags.valueof(_ORIENTATION, 1))
    if mask is not None:
        mask = checked_mask(upright(mask, orientation), label)
    colors = ifd.photometric in (_RGB, _PALETTE) and pixels.shape[2] == 3
    return Picture(check_pixels(upright(pixels, orientation), label), mask, path.stem, path, colors)


def _left_in_file(ifd: TiffPage, file: CheckedFile) -> WindowedPixels | None:
    """Return pixels on demand where nothing has to be done to them but leaving out alpha."""
    as_stored = ifd.photometric in (_BLACK_IS_ZERO, _RGB) and _PREMULTIPLIED not in ifd.extrasamples
    if not as_stored or int(ifd.tags.valueof(_ORIENTATION, 1)) not in (0, 1):
        return None
    return windowed_pixels(ifd, file)


def _windowed_picture(bands: WindowedPixels, ifd: TiffPage, path: Path) -> Picture:
    label = str(path)
    alphas = _alphas(bands.shape[2], ifd.extrasamples)
    pixels, mask = bands, None
    if alphas:
        alpha = alphas[0]
        pixels = without_bands(bands, alphas)
        mask = np.concatenate([strip[:, :, alpha] > 0 for _, strip in bands.strips()])
        mask = checked_mask(mask, label)
    check_finite_strips((strip for _, strip in pixels.strips()), pixels.dtype, label)
    colors = ifd.photometric == _RGB and pixels.shape[2] == 3
    return Picture(cast("Pixels", pixels), mask, path.stem, path, colors)


def _bands(ifd: TiffPage) -> npt.NDArray[Any]:
    """Return (H, W, C), whether the file keeps its bands together or apart."""
    planes = ifd.asarray(squeeze=False, maxworkers=1)[:, 0]
    bands: npt.NDArray[Any] = planes[0] if len(planes) == 1 else np.moveaxis(planes[..., 0], 0, -1)
    return bands


def _colored(
    indices: npt.NDArray[Any], colormap: npt.NDArray[np.uint16] | None, label: str
) -> npt.NDArray[np.uint8]:
    if colormap is None or indices.max() >= colormap.shape[1]:
        raise _damaged(label, "a palette without the color of some pixel", "a color for each")
    # Some writers fill the 16-bit table with 8-bit values.
    table = colormap >> 8 if colormap.max() > 255 else colormap
    return np.take(table.T.astype(np.uint8), indices, axis=0)


def _inverted(bands: npt.NDArray[Any], label: str) -> npt.NDArray[Any]:
    if bands.dtype.kind not in "ub":
        raise _unsupported(label, f"{bands.dtype.name} where zero is white", "zero as black")
    return ~bands


def _without_alpha(
    bands: npt.NDArray[Any], extra: tuple[int, ...]
) -> tuple[npt.NDArray[Any], Mask | None]:
    alphas = _alphas(bands.shape[2], extra)
    if not alphas:
        return bands, None
    alpha = bands[:, :, alphas[0]]
    pixels = np.delete(bands, alphas, axis=2)
    if extra[alphas[0] - bands.shape[2]] == _PREMULTIPLIED:
        pixels = _straight(pixels, alpha)
    return pixels, alpha > 0


def _alphas(n_bands: int, extra: tuple[int, ...]) -> list[int]:
    """Return which bands are alpha: the tag tells of the last ones."""
    first = n_bands - len(extra)
    return [first + i for i, kind in enumerate(extra) if kind in (_PREMULTIPLIED, _ALPHA)]


def _straight(pixels: npt.NDArray[Any], alpha: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Divide premultiplied color by its alpha."""
    largest = 1.0 if pixels.dtype.kind == "f" else float(np.iinfo(pixels.dtype).max)
    share = np.where(alpha > 0, alpha / largest, 1.0)[:, :, None]
    color = np.minimum(pixels / share, largest)
    return (color if pixels.dtype.kind == "f" else np.rint(color)).astype(pixels.dtype)


def _damaged(label: str, found: str, needed: str = "a whole file") -> ImageError:
    return ImageError(
        f"{label} is damaged", found=found, needed=needed, hint="copy or download the file again"
    )


def _unsupported(label: str, found: str, needed: str) -> ImageError:
    return ImageError(
        f"{label} is a kind of TIFF that gmmkit does not read",
        found=found,
        needed=needed,
        hint="save it as TIFF with deflate or no compression, or as PNG",
    )
