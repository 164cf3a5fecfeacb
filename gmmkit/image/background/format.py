"""What all frames of a video have in common, and a frame as shares of its full range."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.errors import InputError
from gmmkit.image.pixels import (
    BoolArray,
    Float32Array,
    ImageLike,
    Raster,
    as_raster,
    check_color_range,
)

_FULL_RANGE = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0, "float64": 1.0}

PIXEL_TYPES = tuple(_FULL_RANGE)


@dataclass(frozen=True)
class FrameFormat:
    """Size, channels and type of the pixels of a video.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    n_channels : int
        How many values a pixel has.
    pixels : str
        "uint8", "uint16", "float32" or "float64".

    Examples
    --------
    >>> print(FrameFormat((480, 640), 3, "uint8"))
    640 x 480, 3 channels of uint8
    """

    shape: tuple[int, int]
    n_channels: int
    pixels: str

    def __str__(self) -> str:
        height, width = self.shape
        channels = "1 channel" if self.n_channels == 1 else f"{self.n_channels} channels"
        return f"{width} x {height}, {channels} of {self.pixels}"


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame that was checked.

    Parameters
    ----------
    values : ndarray of shape (H, W, C)
        float32, as shares of the full range.
    mask : ndarray of shape (H, W) or None
        True where a pixel is not transparent; None when none is.
    format : FrameFormat
    """

    values: Float32Array
    mask: BoolArray | None
    format: FrameFormat


def as_frame(image: ImageLike, expected: FrameFormat | None = None) -> Frame:
    """Return an image as a frame of a video.

    Parameters
    ----------
    image : array_like of shape (H, W) or (H, W, C), Picture, str or Path
        uint8 and uint16 fill 0 to 1, so that 12 bits have to be scaled to 16; floating point is
        from 0 to 1 already.
    expected : FrameFormat, optional
        That of the frames before it.

    Raises
    ------
    InputError
        If it is no image, is of another format, or has values outside the range.

    Examples
    --------
    >>> as_frame(np.full((2, 3), 255, np.uint8)).values.max()
    np.float32(1.0)
    """
    raster = as_raster(image)
    check_color_range(raster, "a background")
    found = FrameFormat(raster.shape, raster.n_channels, raster.pixels.dtype.name)
    if expected is not None and found != expected:
        raise InputError(
            f"{raster.name} is no frame of this video",
            found=str(found),
            needed=f"{expected}, as in the frames before",
            hint="resize or convert it, or begin another model",
        )
    return Frame(_values(raster), raster.mask, found)


def _values(raster: Raster) -> Float32Array:
    scale = np.float32(1 / _FULL_RANGE[raster.pixels.dtype.name])
    values: Float32Array = np.multiply(raster.pixels, scale, dtype=np.float32, casting="same_kind")
    return np.ascontiguousarray(values)


def as_pixels(values: Float32Array, frame_format: FrameFormat) -> npt.NDArray[Any]:
    """Return shares of the full range as pixels of a video, (H, W) or (H, W, C).

    Examples
    --------
    >>> as_pixels(np.full((1, 1, 1), 0.2, np.float32), FrameFormat((1, 1), 1, "uint8"))
    array([[51]], dtype=uint8)
    """
    dtype = np.dtype(frame_format.pixels)
    scaled = np.clip(values, 0, 1) * np.float64(_FULL_RANGE[frame_format.pixels])
    pixels = (np.rint(scaled) if dtype.kind == "u" else scaled).astype(dtype)
    return pixels[:, :, 0] if frame_format.n_channels == 1 else pixels
