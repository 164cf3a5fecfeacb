"""Pixels out of Pillow: one plugin, stated conversions, nothing that depends on the viewer."""

from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

from gmmkit.errors import ImageError, ImageSizeError
from gmmkit.io.formats import DECODER_FAILURES
from gmmkit.io.mask import checked_mask, split_alpha
from gmmkit.io.pixels import upright

_ORIENTATION = 274
_KEPT = frozenset({"L", "RGB", "I;16", "F"})
_CONVERTED = {
    "1": "L",
    "LA": "LA",
    "P": "RGB",
    "PA": "RGBA",
    "RGBA": "RGBA",
    "RGBX": "RGB",
    "CMYK": "RGB",
    "YCbCr": "RGB",
    "I;16B": "I;16",
    "I": "I",
}


def open_raster(
    plugin: type[ImageFile.ImageFile], stream: BinaryIO, label: str
) -> ImageFile.ImageFile:
    """Return an image whose header is parsed and whose pixels are not decoded yet.

    Parameters
    ----------
    plugin : type
        The Pillow class of the format; no other format is tried.
    stream : BinaryIO
        The file, at its beginning.
    label : str
        The file's name for errors.

    Returns
    -------
    PIL.ImageFile.ImageFile

    Raises
    ------
    ImageError
        If the header cannot be parsed.

    Examples
    --------
    >>> from PIL.JpegImagePlugin import JpegImageFile
    >>> from gmmkit.io.samples import sample_path
    >>> with open(sample_path("rocket"), "rb") as stream:
    ...     open_raster(JpegImageFile, stream, "rocket").size
    (640, 427)
    """
    try:
        return plugin(stream)
    except Image.DecompressionBombError as error:
        # WebP's plugin has a cap of its own, which ours cannot raise.
        raise ImageSizeError(
            f"{label} is too large", found=str(error), hint="save it as TIFF or PNG"
        ) from error
    except DECODER_FAILURES as error:
        raise _undecodable(label, plugin.format, error) from error


def decode_raster(
    image: ImageFile.ImageFile, label: str, *, depth: int = 8, mode: str | None = None
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_] | None]:
    """Return upright pixels, and which of them are not transparent.

    Parameters
    ----------
    image : PIL.ImageFile.ImageFile
        From :func:`open_raster`, its size already accepted.
    label : str
        The file's name for errors.
    depth : int
        Bits per sample in the file.
    mode : str, optional
        The Pillow mode to convert to, where the plugin's own choice loses what the file is.

    Returns
    -------
    pixels : ndarray of shape (H, W) or (H, W, 3)
        uint8, or uint16 for gray of 16 bits, or float32.
    mask : ndarray of shape (H, W) or None

    Raises
    ------
    ImageError
        If the pixels cannot be decoded, have another color model, or are all transparent.

    Examples
    --------
    >>> from PIL.JpegImagePlugin import JpegImageFile
    >>> from gmmkit.io.samples import sample_path
    >>> with open(sample_path("rocket"), "rb") as stream:
    ...     pixels, mask = decode_raster(open_raster(JpegImageFile, stream, "rocket"), "rocket")
    >>> pixels.shape, mask
    ((427, 640, 3), None)
    """
    wanted = mode or _wanted_mode(image, label)
    try:
        image.load()
        orientation = image.getexif().get(_ORIENTATION, 1)
        array = np.asarray(image if image.mode == wanted else image.convert(wanted))
    except DECODER_FAILURES as error:
        raise _undecodable(label, image.format, error) from error
    if array.dtype == np.int32:
        array = array.astype(np.uint16)
    pixels, mask = split_alpha(array, _key_color(image, depth))
    if mask is not None:
        mask = checked_mask(upright(mask, orientation), label)
    return upright(pixels, orientation), mask


def _wanted_mode(image: ImageFile.ImageFile, label: str) -> str:
    if image.mode == "P" and "transparency" in image.info:
        return "RGBA"
    if image.mode in _KEPT:
        return image.mode
    if image.mode in _CONVERTED:
        return _CONVERTED[image.mode]
    raise ImageError(
        f"{label} has a color model that gmmkit does not convert",
        found=f"mode {image.mode}",
        needed="gray, RGB, palette, CMYK or YCbCr",
        hint="save it as RGB",
    )


def _key_color(image: ImageFile.ImageFile, depth: int) -> int | tuple[int, ...] | None:
    """Return the one color that a PNG marks as transparent, in the units of the decoded pixels."""
    key = image.info.get("transparency")
    if image.mode == "P" or not isinstance(key, (int, tuple)):
        return None
    if isinstance(key, int) and 1 < depth < 8:
        # Decoders widen 2- and 4-bit gray to 8 bits, but not the color they mark.
        return key * 255 // ((1 << depth) - 1)
    return key


def _undecodable(label: str, format_name: str | None, error: Exception) -> ImageError:
    return ImageError(
        f"{label} cannot be decoded",
        found=f"{format_name}: {error}" if str(error) else str(format_name),
        needed="a whole file",
        hint="copy or download the file again, or save it anew",
    )
