"""Pixels as the rest of gmmkit takes them: one array type, one mask, upright."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.errors import ImageError, ImageSizeError

Pixels = npt.NDArray[np.uint8 | np.uint16 | np.float32 | np.float64]

_PIXEL_TYPES = (np.uint8, np.uint16, np.float32, np.float64)
_ADVICE = {
    "b": "image.astype(numpy.uint8)",
    "i": "image.astype(numpy.uint16) if nothing is negative, else astype(numpy.float32)",
    "u": "image.astype(numpy.float32)",
    "f": "image.astype(numpy.float64)",
    "c": "numpy.abs(image)",
    "O": "numpy.asarray(image, dtype=numpy.float32)",
}


@dataclass(frozen=True, eq=False)
class Picture:
    """An image that was read: its pixels, which of them count, and what it is called.

    Parameters
    ----------
    pixels : ndarray of shape (H, W) or (H, W, C)
        uint8, uint16, float32 or float64, upright. Alpha is not among the channels. Where a large
        picture is opened (`gmmkit.io.image.open_image`) they stay in the file: rectangles taken
        out of them are read as they are needed.
    mask : ndarray of shape (H, W) or None
        True where a pixel counts (its alpha is above 0); None when all do.
    name : str
        The file's name without folder and extension, or the sample's name.
    path : Path or None
        The file it came from.
    colors : bool
        Whether three channels are red, green and blue; spectral bands are not.

    Examples
    --------
    >>> import numpy as np
    >>> Picture(np.zeros((2, 3), np.uint8), None, "dark", None).shape
    (2, 3)
    """

    pixels: Pixels
    mask: npt.NDArray[np.bool_] | None
    name: str
    path: Path | None
    colors: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width = self.pixels.shape[:2]
        return height, width


def check_pixels(image: npt.ArrayLike, label: str = "the image") -> Pixels:
    """Return an array as pixels: of a type that is read, in native byte order, C-contiguous.

    The array given is never changed, and only copied where it has to be: booleans become 0 and
    255, float16 becomes float32, a last axis of length one is dropped.

    Parameters
    ----------
    image : array_like of shape (H, W) or (H, W, C)
        bool, uint8, uint16, float16, float32 or float64; any memory order or byte order.
    label : str
        What to call it in errors.

    Returns
    -------
    ndarray of shape (H, W) or (H, W, C)

    Raises
    ------
    ImageError
        If the type or the number of axes is another, or a value is NaN or infinite.
    ImageSizeError
        If there is no pixel.

    Examples
    --------
    >>> import numpy as np
    >>> check_pixels(np.array([[True, False]])).tolist()
    [[255, 0]]
    """
    array = _plain_array(image, label)
    array = _native(_supported(array, label))
    _check_axes(array, label)
    check_finite(array, label)
    return array[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else array


def check_finite(array: npt.NDArray[Any], label: str) -> None:
    """Refuse NaN and infinity, saying how many there are.

    Parameters
    ----------
    array : ndarray
        Any shape; whole numbers pass at once.
    label : str
        What to call it in the error.

    Raises
    ------
    ImageError
        With the count.

    Examples
    --------
    >>> import numpy as np
    >>> check_finite(np.zeros((2, 2), np.float32), "photo.tif")
    """
    check_finite_strips([array], array.dtype, label)


def check_finite_strips(
    strips: Iterable[npt.NDArray[Any]], dtype: np.dtype[Any], label: str
) -> None:
    """Refuse NaN and infinity in pixels that come a part at a time.

    Parameters
    ----------
    strips : iterable of ndarray
        All parts; whole numbers are not even looked at.
    dtype : dtype
        Their type.
    label : str
        What to call the whole in the error.

    Raises
    ------
    ImageError
        With the count.

    Examples
    --------
    >>> import numpy as np
    >>> check_finite_strips([np.zeros((2, 2), np.float32)], np.dtype("f4"), "photo.tif")
    """
    if dtype.kind != "f":
        return
    size = count = 0
    for strip in strips:
        size += strip.size
        count += strip.size - int(np.count_nonzero(np.isfinite(strip)))
    if count:
        raise ImageError(
            f"{label} holds values that are no numbers",
            found=f"{count:,} of {size:,} values NaN or infinite",
            needed="finite values",
            hint="fill them, or mask those pixels before reading",
        )


def upright(array: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """Return the view that a viewer shows for an EXIF orientation, as a contiguous array.

    Parameters
    ----------
    array : ndarray of shape (H, W, ...)
        As stored.
    orientation : int
        EXIF and TIFF tag 274, from 1 to 8 (TIFF 6.0, p. 36); others mean 1.

    Returns
    -------
    ndarray of shape (H, W, ...) or (W, H, ...)

    Examples
    --------
    >>> import numpy as np
    >>> upright(np.array([[1, 2], [3, 4]]), 6).tolist()
    [[3, 1], [4, 2]]
    """
    if orientation in (5, 6, 7, 8):
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return np.ascontiguousarray(array)


def check_shape(height: int, width: int, label: str, max_pixels: int) -> None:
    """Refuse an image without pixels, or with more than the cap.

    Parameters
    ----------
    height, width : int
        As the header declares them, before anything is decoded.
    label : str
        The file's name for the error.
    max_pixels : int
        The cap.

    Raises
    ------
    ImageSizeError
        Naming the size and the cap.

    Examples
    --------
    >>> check_shape(3000, 4000, "photo.jpg", 128_000_000)
    """
    if height < 1 or width < 1:
        raise ImageSizeError(
            f"{label} has no pixels",
            found=f"{width}×{height}",
            needed="at least one row and one column",
        )
    if height * width > max_pixels:
        raise ImageSizeError(
            f"{label} is too large",
            found=f"{width}×{height}, {height * width / 1e6:,.1f} megapixels",
            needed=f"at most {max_pixels / 1e6:,g} megapixels",
            hint="raise max_pixels (--max-pixels) if the memory is there, or scale it down",
        )


def _plain_array(image: npt.ArrayLike, label: str) -> npt.NDArray[Any]:
    if isinstance(image, np.ma.MaskedArray):
        raise ImageError(
            f"{label} is a masked array",
            found=f"{int(np.ma.getmaskarray(image).sum()):,} masked values",
            needed="a plain array, and the mask beside it",
            hint="pass image.filled(0) and mask=~numpy.ma.getmaskarray(image)",
        )
    try:
        return np.asarray(image)
    except (TypeError, ValueError) as error:
        raise ImageError(
            f"{label} is no array", found=str(error), needed="shape (H, W) or (H, W, C)"
        ) from error


def _supported(array: npt.NDArray[Any], label: str) -> npt.NDArray[Any]:
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype == np.float16:
        return array.astype(np.float32)
    if array.dtype.newbyteorder("=") in _PIXEL_TYPES:
        return array
    raise ImageError(
        f"{label} has values of a type that is no pixel type",
        found=array.dtype.name,
        needed="bool, uint8, uint16, float32 or float64",
        hint=_ADVICE.get(array.dtype.kind, "pass numbers"),
    )


def _native(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))


def _check_axes(array: npt.NDArray[Any], label: str) -> None:
    if array.ndim not in (2, 3):
        raise ImageError(
            f"{label} has {array.ndim} axes",
            found=f"shape {array.shape}",
            needed="(H, W) or (H, W, C)",
            hint="pass one picture at a time",
        )
    if 0 in array.shape:
        raise ImageSizeError(
            f"{label} has no pixels", found=f"shape {array.shape}", needed="at least one value"
        )
