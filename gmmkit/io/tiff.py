"""TIFF pages as pixels: their own types and bands through tifffile, the rest through Pillow."""

from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile
from tifffile import TiffPage

from gmmkit.io.mask import Mask, checked_mask
from gmmkit.io.pixels import (
    Picture,
    Pixels,
    check_finite_strips,
    check_pixels,
    upright,
)
from gmmkit.io.raster import decode_raster, open_raster
from gmmkit.io.tiff_checks import check_page, is_for_pillow, unsupported_tiff
from gmmkit.io.tiff_pages import damaged_tiff, opened_tiff, page_offsets, select_page
from gmmkit.io.tiff_windows import CheckedFile, windowed_pixels, without_bands
from gmmkit.io.windows import WindowedPixels

__all__ = ["count_pages", "read_stored_values", "read_tiff"]

_PHOTOMETRIC, _ORIENTATION = 262, 274
# Of GDAL: a text, the value of pixels that have none.
_NO_DATA = 42113
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE = 0, 1, 2, 3
_PREMULTIPLIED, _ALPHA = 1, 2


def read_tiff(
    stream: BinaryIO,
    path: Path,
    *,
    page: int | None,
    max_pixels: int,
    on_demand: bool = False,
    offset: int | None = None,
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
    offset : int, optional
        Where the page begins, if `gmmkit.io.tiff_pages` has told.

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
    with opened_tiff(stream, label) as tiff:
        ifd = select_page(tiff, page, label, offset=offset)
        check_page(ifd, tiff.filehandle.size, label, max_pixels)
        if is_for_pillow(ifd, label):
            return _read_with_pillow(ifd, stream, path, page or 0)
        left = _left_in_file(ifd, CheckedFile.of(stream, path)) if on_demand else None
        return _picture(ifd, path) if left is None else _windowed_picture(left, ifd, path)


def read_stored_values(
    stream: BinaryIO, path: Path, *, max_pixels: int
) -> tuple[npt.NDArray[Any], Mask | None]:
    """Return the numbers in the first page of a TIFF as they are stored, whatever they look like.

    Parameters
    ----------
    stream : BinaryIO
        The file, at its beginning.
    path : Path
        Its name.
    max_pixels : int
        The largest width times height accepted.

    Returns
    -------
    values : ndarray of shape (H, W) or (H, W, C)
        Upright; of any type. Indices of a palette stay indices, and alpha is left out.
    mask : ndarray of shape (H, W) or None
        False where alpha is 0 or the value is the one that the tag GDAL_NODATA names; None if
        there is neither.

    Raises
    ------
    ImageError
        As in `read_tiff`.

    Warns
    -----
    ImageWarning
        If there are more pages.

    Examples
    --------
    >>> import io, tifffile
    >>> stream = io.BytesIO()
    >>> tags = [(42113, "s", 0, "9", True)]
    >>> tifffile.imwrite(stream, np.array([[5, 9]], np.uint32), extratags=tags)
    >>> _ = stream.seek(0)
    >>> values, mask = read_stored_values(stream, Path("labels.tif"), max_pixels=100)
    >>> values.tolist(), mask.tolist()
    ([[5, 9]], [[True, False]])
    """
    label = str(path)
    with opened_tiff(stream, label) as tiff:
        ifd = select_page(tiff, None, label)
        check_page(ifd, tiff.filehandle.size, label, max_pixels)
        for_pillow = is_for_pillow(ifd, label)
        bands = _bands_by_pillow(ifd, stream, path) if for_pillow else _upright_bands(ifd)
        values, mask = _without_alpha(bands, ifd.extrasamples)
        no_data = _no_data(ifd)
    values = values[:, :, 0] if values.shape[2] == 1 else values
    if no_data is None or values.ndim != 2:
        return values, mask
    known = _other_than(values, no_data)
    return values, known if mask is None else mask & known


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
    return len(page_offsets(stream, label))


def _read_with_pillow(ifd: TiffPage, stream: BinaryIO, path: Path, page: int) -> Picture:
    label = str(path)
    image = _opened_by_pillow(ifd, stream, path, page)
    if image.mode == "I":
        # Decoding would cut these to 16 bits; uncompressed ones are refused for their type too.
        check_pixels(np.zeros((1, 1), dtype=ifd.dtype), label)
    pixels, mask = decode_raster(image, label)
    return Picture(check_pixels(pixels, label), mask, path.stem, path, pixels.ndim == 3)


def _opened_by_pillow(ifd: TiffPage, stream: BinaryIO, path: Path, page: int) -> ImageFile:
    stream.seek(0)
    image = open_raster(TiffImageFile, stream, str(path))
    image.seek(page)
    accepted = ifd.imagewidth, ifd.imagelength
    # Where a tag stands twice the two readers may differ; sideways pages swap their sides.
    if sorted(image.size) != sorted(accepted):
        raise damaged_tiff(str(path), f"two sizes, {accepted} and {image.size}", "one size")
    return image


def _bands_by_pillow(ifd: TiffPage, stream: BinaryIO, path: Path) -> npt.NDArray[Any]:
    """Return (H, W, C) upright, without any conversion between color models."""
    image = _opened_by_pillow(ifd, stream, path, 0)
    image.load()
    orientation = image.getexif().get(_ORIENTATION, 1)
    bands = np.atleast_3d(np.asarray(image))
    # Pillow has no unsigned type of 32 bits, and shows the same bits as one with a sign.
    unsigned = image.mode == "I" and np.dtype(ifd.dtype).kind == "u"
    return upright(bands.view(np.uint32) if unsigned else bands, orientation)


def _upright_bands(ifd: TiffPage) -> npt.NDArray[Any]:
    return upright(_bands(ifd), int(ifd.tags.valueof(_ORIENTATION, 1)))


def _no_data(ifd: TiffPage) -> float | None:
    """Return the value that stands for pixels without one, or None where no number is named."""
    try:
        return float(ifd.tags.valueof(_NO_DATA))
    except (TypeError, ValueError):
        return None


def _other_than(values: npt.NDArray[Any], value: float) -> Mask:
    if values.dtype.kind in "biu":
        # Whole numbers are compared as such, which needs no copy of them as floats.
        return np.asarray(
            values != int(value) if value.is_integer() else np.ones(values.shape, bool)
        )
    return np.asarray(values.astype(np.float64) != value)


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
        raise damaged_tiff(label, "a palette without the color of some pixel", "a color for each")
    # Some writers fill the 16-bit table with 8-bit values.
    table = colormap >> 8 if colormap.max() > 255 else colormap
    return np.take(table.T.astype(np.uint8), indices, axis=0)


def _inverted(bands: npt.NDArray[Any], label: str) -> npt.NDArray[Any]:
    if bands.dtype.kind not in "ub":
        raise unsupported_tiff(label, f"{bands.dtype.name} where zero is white", "zero as black")
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
