"""A picture of strokes, drawn over a photo in any program, as marks of its pixels."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.errors import InputError
from gmmkit.image.export.display import display_colors
from gmmkit.image.marking.marks import (
    BACKGROUND,
    FOREGROUND,
    PROBABLY_FOREGROUND,
    UNKNOWN,
    Int8Array,
    check_marks_shape,
)
from gmmkit.image.pixels import BoolArray, ImageLike, Uint8Array, as_raster

# Brushes blend at their rims, and JPEG shifts colors: what is nearly a color counts as it.
_STRONG, _WEAK = 160, 96
_WHITE, _BLACK = 224, 31


def read_marks(path: str | Path, *, shape: Sequence[int] | None = None) -> Int8Array:
    """Read a picture of strokes.

    Parameters
    ----------
    path : str or Path
        PNG, JPEG, WebP, BMP or TIFF, of the photo's size.
    shape : tuple of int, optional
        Rows and columns of the photo.

    Returns
    -------
    ndarray of shape (H, W)
        int8, as `marks_of_picture` makes it.

    Raises
    ------
    InputError
        If the file cannot be read, has another size, or has no stroke.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("RGB", (2, 1), (0, 255, 0)).save(folder + "/marks.png")
    ...     read_marks(folder + "/marks.png").tolist()
    [[1, 1]]
    """
    return marks_of_picture(path, shape=shape)


def marks_of_picture(image: ImageLike, *, shape: Sequence[int] | None = None) -> Int8Array:
    """Return what the colors of strokes say.

    Green strokes are foreground and red ones background. In a picture without green and red,
    white is foreground and black background, gray undecided, as in trimaps. A gray picture of the
    values 0 to 3 alone has OpenCV's meanings. Whatever else, and what is transparent, is unknown.

    Parameters
    ----------
    image : array_like of shape (H, W) or (H, W, C), Picture, str or Path
        The strokes, of the photo's size.
    shape : tuple of int, optional
        Rows and columns of the photo.

    Returns
    -------
    ndarray of shape (H, W)
        int8: 0 background, 1 foreground, 2 probably background, 3 probably foreground, -1 unknown.

    Raises
    ------
    InputError
        If the picture has another size, or no stroke.

    Examples
    --------
    >>> strokes = np.full((1, 3, 3), 128, np.uint8)
    >>> strokes[0, 0], strokes[0, 2] = (0, 255, 0), (255, 0, 0)
    >>> marks_of_picture(strokes).tolist()
    [[1, -1, 0]]
    """
    raster = as_raster(image)
    if shape is not None:
        check_marks_shape(raster.shape, shape, raster.name)
    visible = np.ones(raster.shape, dtype=bool) if raster.mask is None else raster.mask
    if raster.n_channels == 1 and _has_codes(raster.pixels, visible):
        codes = np.asarray(raster.pixels[..., 0]).astype(np.int64)
        return np.where(visible, codes, UNKNOWN).astype(np.int8)
    marks = _of_colors(display_colors(raster), visible)
    if (marks == UNKNOWN).all():
        raise _no_strokes(raster.name)
    return marks


def _has_codes(pixels: npt.NDArray[Any], visible: BoolArray) -> bool:
    values = pixels[..., 0][visible]
    return pixels.dtype.kind == "u" and 0 < int(values.max()) <= PROBABLY_FOREGROUND


def _of_colors(colors: Uint8Array, visible: BoolArray) -> Int8Array:
    red, green, blue = np.moveaxis(colors, 2, 0)
    weak_blue = blue <= _WEAK
    foreground = visible & weak_blue & (green >= _STRONG) & (red <= _WEAK)
    background = visible & weak_blue & (red >= _STRONG) & (green <= _WEAK)
    if not (foreground.any() or background.any()):
        foreground = visible & (colors.min(axis=2) >= _WHITE)
        background = visible & (colors.max(axis=2) <= _BLACK)
    marks = np.full(visible.shape, UNKNOWN, dtype=np.int8)
    marks[foreground], marks[background] = FOREGROUND, BACKGROUND
    return marks


def _no_strokes(name: str) -> InputError:
    return InputError(
        f"{name} has no strokes",
        found="nothing green or red, white or black",
        needed="green strokes on the object and red ones beside it",
        hint="draw with full colors, without transparency",
    )
