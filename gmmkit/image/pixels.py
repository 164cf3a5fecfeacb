"""What a picture is to the rest of this package: pixels, which of them count, and a name.

A raster holds pixels as they came; features read them through ``working_values``, where integer
types fill 0 to 1 and floating point stays as it is.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from gmmkit.errors import InputError

if TYPE_CHECKING:
    from gmmkit.io.image import Picture

Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Int32Array = npt.NDArray[np.int32]
Uint8Array = npt.NDArray[np.uint8]
ImageLike: TypeAlias = "npt.ArrayLike | Picture | Raster | str | Path"

# Rounding in a resize or a conversion leaves floats this far outside 0..1.
_RANGE_TOLERANCE = 1e-6
_STRIP_PIXELS = 1 << 20
# Nearly every picture has enough colors in its first few rows.
_PEELED_PIXELS = 1 << 15


@dataclass(frozen=True, eq=False)
class Raster:
    """Pixels, which of them to use, and what to call them in a message.

    Parameters
    ----------
    pixels : ndarray of shape (H, W, C)
        uint8, uint16, float32 or float64; never written to. Those of a large file may still be in
        it (`gmmkit.io.windows`): take rectangles out of them, never the whole.
    mask : ndarray of shape (H, W), optional
        True where a pixel counts; None when all do.
    name : str
        For messages.
    colors : bool
        Whether three channels are red, green and blue.

    Examples
    --------
    >>> raster = as_raster(np.zeros((2, 3), np.uint8))
    >>> raster.shape, raster.n_channels, raster.n_valid
    ((2, 3), 1, 6)
    """

    pixels: npt.NDArray[Any]
    mask: BoolArray | None = None
    name: str = "the image"
    colors: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return int(self.pixels.shape[0]), int(self.pixels.shape[1])

    @property
    def n_channels(self) -> int:
        """How many values a pixel has."""
        return int(self.pixels.shape[2])

    @property
    def n_valid(self) -> int:
        """How many pixels count."""
        if self.mask is None:
            return self.shape[0] * self.shape[1]
        return int(np.count_nonzero(self.mask))

    def strips(self, n_pixels: int = _STRIP_PIXELS) -> list[slice]:
        """Return slices of rows from top to bottom, each of about so many pixels.

        Examples
        --------
        >>> as_raster(np.zeros((5, 2), np.uint8)).strips(n_pixels=6)
        [slice(0, 3, None), slice(3, 5, None)]
        """
        height, width = self.shape
        step = max(1, n_pixels // width)
        return [slice(start, min(start + step, height)) for start in range(0, height, step)]

    def valid(self, rows: slice = slice(None)) -> npt.NDArray[Any]:
        """Return the pixels that count, in raster order, (n, C)."""
        pixels = self.pixels[rows]
        return pixels.reshape(-1, self.n_channels) if self.mask is None else pixels[self.mask[rows]]


def as_raster(
    image: ImageLike,
    mask: npt.ArrayLike | None = None,
    *,
    as_bands: bool = False,
) -> Raster:
    """Return a raster of an array, a picture that was read, or a path.

    Parameters
    ----------
    image : array_like of shape (H, W) or (H, W, C), Picture, str or Path
        Gray, color, color with alpha (C = 4; alpha 0 excludes a pixel, its color is kept), or C
        bands. A string is a path or ``sample:NAME``.
    mask : array_like of shape (H, W), optional
        True where a pixel counts.
    as_bands : bool
        Four channels of an array are four bands instead of color with alpha.

    Returns
    -------
    Raster

    Raises
    ------
    InputError
        If the array is no image, its type has no known range, the mask does not fit, no pixel is
        left, or a pixel that counts is not finite.

    Examples
    --------
    >>> as_raster(np.full((4, 5, 4), 255, np.uint8)).n_channels
    3
    """
    if isinstance(image, str | Path):
        from gmmkit.io.image import open_image

        image = open_image(image)
    if hasattr(image, "pixels") and hasattr(image, "mask"):
        picture = cast("Picture", image)
        pixels, alpha, name = picture.pixels, picture.mask, picture.name
        if pixels.ndim == 2:
            pixels = pixels[:, :, None]
        colors = picture.colors
    else:
        pixels, alpha = _from_array(cast("npt.ArrayLike", image), mask, as_bands)
        name, colors = "the image", pixels.shape[2] == 3
    return Raster(pixels, _joined(alpha, mask, pixels.shape[:2], name), name, colors)


def _from_array(
    image: npt.ArrayLike, mask: npt.ArrayLike | None, as_bands: bool
) -> tuple[npt.NDArray[Any], BoolArray | None]:
    from gmmkit.io.pixels import check_pixels

    pixels = np.atleast_3d(check_pixels(_filled(image, mask)))
    if pixels.shape[2] != 4 or as_bands:
        return pixels, None
    return pixels[..., :3], pixels[..., 3] > 0


def _filled(image: npt.ArrayLike, mask: npt.ArrayLike | None) -> npt.ArrayLike:
    """Return the image with 0 where a mask excludes what may be no number."""
    use = np.asarray(True if mask is None else mask)
    if not isinstance(image, np.ndarray) or image.dtype.kind != "f" or use.dtype != bool:
        return image
    if use.shape != image.shape[:2] or use.all():
        return image
    return np.where(use if image.ndim == 2 else use[:, :, None], image, image.dtype.type(0))


def _joined(
    alpha: BoolArray | None, mask: npt.ArrayLike | None, shape: tuple[int, ...], name: str
) -> BoolArray | None:
    """Return what alpha and mask both let through; None when that is every pixel."""
    use = alpha
    if mask is not None:
        chosen = _checked_mask(np.asarray(mask), shape)
        use = chosen if alpha is None else alpha & chosen
    if use is None or use.all():
        return None
    if not use.any():
        raise InputError(
            f"no pixel of {name} is left to use",
            found="every pixel transparent or masked out",
            needed="at least one pixel that counts",
        )
    return use


def _checked_mask(mask: npt.NDArray[Any], shape: tuple[int, ...]) -> BoolArray:
    if mask.shape != shape or mask.dtype != bool:
        raise InputError(
            "the mask does not fit the image",
            found=f"dtype {mask.dtype}, shape {mask.shape}",
            needed=f"bool, shape {shape}",
        )
    return mask


def check_color_range(raster: Raster, feature: str) -> None:
    """Raise InputError when floating-point pixels are no colors, that is, outside 0..1."""
    if raster.pixels.dtype.kind != "f":
        return
    lowest, highest = value_range(raster)
    low, high = float(lowest.min()), float(highest.max())
    if low < -_RANGE_TOLERANCE or high > 1 + _RANGE_TOLERANCE:
        raise InputError(
            f"floating-point pixels of {raster.name} are no colors, which {feature} needs",
            found=f"values from {low:g} to {high:g}",
            needed="values from 0 to 1",
            hint='divide by the largest possible value, or use features="bands"',
        )


def value_range(
    raster: Raster, channels: int | None = None
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return the smallest and the largest value of the first channels, over the pixels that count.

    Examples
    --------
    >>> low, high = value_range(as_raster(np.array([[3, 9]], np.uint8)))
    >>> low.tolist(), high.tolist()
    ([3], [9])
    """
    parts = (raster.valid(rows)[:, :channels] for rows in raster.strips())
    ends = [(part.min(axis=0), part.max(axis=0)) for part in parts if len(part)]
    lows, highs = zip(*ends, strict=True)
    return np.min(lows, axis=0), np.max(highs, axis=0)


def working_values(pixels: npt.NDArray[Any], mask: BoolArray | None = None) -> Float32Array:
    """Return pixels as float32: integer types fill 0 to 1, floats stay; 0 where excluded.

    Examples
    --------
    >>> working_values(np.array([[[0], [51], [255]]], np.uint8)).ravel().tolist()
    [0.0, 0.20000000298023224, 1.0]
    """
    if pixels.dtype.kind == "f":
        values = pixels.astype(np.float32)
    else:
        values = _lookup(pixels.dtype.str)[pixels]
    if mask is not None:
        values[~mask] = 0
    return values


@cache
def _lookup(dtype: str) -> Float32Array:
    top = quantization_levels(np.dtype(dtype))
    return np.arange(top + 1, dtype=np.float32) / np.float32(top)


def quantization_levels(dtype: np.dtype[Any]) -> int:
    """Return the number of steps between 0 and 1; for floats that of 16 bits.

    Floating-point pictures come from cameras and converters with at most 16 bits a channel, and
    a step that is too small does no harm: the floor made of it only has to be above zero.
    """
    return 255 if dtype == np.uint8 else 65535


def distinct_colors(raster: Raster, limit: int) -> int:
    """Return how many different values the pixels that count have, or `limit` if no fewer.

    Examples
    --------
    >>> distinct_colors(as_raster(np.array([[0, 1], [1, 0]], np.uint8)), limit=5)
    2
    """
    known = np.empty((0, raster.n_channels), dtype=raster.pixels.dtype)
    for rows in raster.strips(_PEELED_PIXELS):
        known = _with_new(known, raster.valid(rows), limit)
        if len(known) == limit:
            break
    return len(known)


def _with_new(known: npt.NDArray[Any], rows: npt.NDArray[Any], limit: int) -> npt.NDArray[Any]:
    """Return the known rows and the others among `rows`, at most `limit` of them in all."""
    for row in known:
        rows = rows[(rows != row).any(axis=1)]
    while len(rows) and len(known) < limit:
        known = np.concatenate([known, rows[:1]])
        rows = rows[(rows != rows[0]).any(axis=1)]
    return known
