"""Labels, masks and probabilities as PNG pictures that look right in any viewer."""

from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from gmmkit.errors import ParameterError
from gmmkit.image.export.labeled import Labeled, as_label_map
from gmmkit.image.export.palette import LARGEST_PALETTE, class_colors
from gmmkit.image.pixels import BoolArray, Float32Array, ImageLike, Int32Array, Uint8Array
from gmmkit.io.png import EXCLUDED_KEYWORD

# The value of an excluded pixel: transparent in a palette picture, beyond every class otherwise.
EXCLUDED = 255
EXCLUDED_16_BIT = 65535

# zlib's level 3 takes half the time of the default 6 on label pictures, for a tenth more bytes.
_COMPRESSION = 3
# Rows that are turned from fractions to whole numbers at once.
_ROWS = 256


def label_png(labels: Int32Array, palette: npt.ArrayLike | None = None) -> bytes:
    """Return a PNG whose pixel values are the labels, and which looks right in any viewer.

    Up to 255 classes make a palette picture; excluded pixels then have the value 255, which is
    transparent. More classes make a 16-bit gray picture as from `gray_png`, excluded pixels having
    65535. `gmmkit.io.segmentations` reads both back as they were.

    Parameters
    ----------
    labels : ndarray of shape (H, W)
        Whole numbers from 0, and -1 where a pixel is excluded.
    palette : array_like of shape (k, 3), optional
        uint8 colors; those of `class_colors` by default.

    Returns
    -------
    bytes

    Raises
    ------
    ParameterError
        If a label does not fit in 16 bits.

    Examples
    --------
    >>> picture = Image.open(BytesIO(label_png(np.array([[0, 1, -1]]))))
    >>> picture.mode, np.asarray(picture).tolist()
    ('P', [[0, 1, 255]])
    """
    largest = int(labels.max())
    if largest < LARGEST_PALETTE:
        return _palette_png(labels, palette, largest)
    return _sixteen_bit_png(labels, largest)


def gray_png(labels: Int32Array) -> bytes:
    """Return a plain gray PNG whose pixel values are the labels, as programs like it.

    It looks black: for people there are `label_png` and `colors_png`.

    Parameters
    ----------
    labels : ndarray of shape (H, W)
        Whole numbers from 0, and -1 where a pixel is excluded.

    Returns
    -------
    bytes
        8 bits, excluded pixels having 255; from 256 labels on 16 bits, and 65535. Where there are
        excluded pixels a text "gmmkit-excluded" holds that number, so that
        `gmmkit.io.segmentations` can tell it from a label; other programs ignore it.

    Raises
    ------
    ParameterError
        If a label does not fit in 16 bits.

    Examples
    --------
    >>> picture = Image.open(BytesIO(gray_png(np.array([[0, 1, -1]]))))
    >>> picture.mode, np.asarray(picture).tolist()
    ('L', [[0, 1, 255]])
    """
    largest = int(labels.max())
    if largest < LARGEST_PALETTE:
        return _gray_png(labels, EXCLUDED)
    return _sixteen_bit_png(labels, largest)


def colors_png(labels: Labeled, image: "ImageLike | None" = None) -> bytes:
    """Return a PNG in which every pixel has the color of its label, for any number of labels.

    Parameters
    ----------
    labels : Segmentation, LabelMap or array_like of shape (H, W)
        With an image, every label has the mean color of its pixels; a Segmentation has one.
    image : array_like, Picture, str or Path, optional
        The picture.

    Returns
    -------
    bytes
        Excluded pixels are transparent.

    Examples
    --------
    >>> picture = Image.open(BytesIO(colors_png([[0, 0]], np.array([[10, 30]], np.uint8))))
    >>> np.asarray(picture).tolist()
    [[[20, 20, 20], [20, 20, 20]]]
    """
    label_map = as_label_map(labels, image)
    colors = label_map.palette if label_map.raster is None else label_map.mean_colors
    if label_map.labels.min() >= 0:
        return png_bytes(Image.fromarray(colors[label_map.labels]))
    # The last entry answers to -1, the excluded pixels.
    table = np.zeros((label_map.count + 1, 4), dtype=np.uint8)
    table[:-1, :3], table[:-1, 3] = colors, 255
    return png_bytes(Image.fromarray(table[label_map.labels]))


def mask_png(mask: BoolArray) -> bytes:
    """Return a mask as a PNG of 0 and 255.

    Parameters
    ----------
    mask : ndarray of shape (H, W)
        bool.

    Returns
    -------
    bytes

    Examples
    --------
    >>> np.asarray(Image.open(BytesIO(mask_png(np.array([[False, True]]))))).tolist()
    [[0, 255]]
    """
    values: Uint8Array = np.where(mask, np.uint8(255), np.uint8(0))
    return png_bytes(Image.fromarray(values))


def probability_png(probabilities: Float32Array, *, bits: int = 8) -> bytes:
    """Return the probability of one class as a gray PNG: black is 0, white is 1.

    Parameters
    ----------
    probabilities : ndarray of shape (H, W)
        From 0 to 1.
    bits : int
        8 or 16 for each pixel.

    Returns
    -------
    bytes

    Raises
    ------
    ParameterError
        If `bits` is something else.

    Examples
    --------
    >>> plane = np.array([[0.0, 0.5, 1.0]], np.float32)
    >>> np.asarray(Image.open(BytesIO(probability_png(plane)))).tolist()
    [[0, 128, 255]]
    """
    if bits not in (8, 16):
        raise ParameterError("bits are not usable", found=repr(bits), needed="8 or 16")
    top = np.float32((1 << bits) - 1)
    values = np.empty(probabilities.shape, np.uint8 if bits == 8 else np.uint16)
    for start in range(0, len(values), _ROWS):
        rows = slice(start, start + _ROWS)
        # Rounding in a soft-max leaves a value this side or that of 0 and 1.
        values[rows] = np.clip(probabilities[rows], 0, 1, dtype=np.float32) * top + np.float32(0.5)
    return png_bytes(Image.fromarray(values))


def _sixteen_bit_png(labels: Int32Array, largest: int) -> bytes:
    if largest >= EXCLUDED_16_BIT:
        raise ParameterError(
            "there are too many labels for a PNG",
            found=f"label {largest}",
            needed=f"at most {EXCLUDED_16_BIT - 1}",
            hint="write a TIFF, which holds any label",
        )
    return _gray_png(labels, EXCLUDED_16_BIT)


def _gray_png(labels: Int32Array, excluded: int) -> bytes:
    # -1 becomes the largest value by itself, which is the excluded one.
    image = Image.fromarray(labels.astype(np.min_scalar_type(excluded)))
    if labels.min() >= 0:
        return png_bytes(image)
    about = PngInfo()
    about.add_text(EXCLUDED_KEYWORD, str(excluded))
    return png_bytes(image, pnginfo=about)


def _palette_png(labels: Int32Array, palette: npt.ArrayLike | None, largest: int) -> bytes:
    colors = np.asarray(class_colors(largest + 1 if largest > 0 else 1))
    if palette is not None:
        colors = np.asarray(palette, dtype=np.uint8)
    entries = np.zeros((256, 3), dtype=np.uint8)
    entries[: len(colors)] = colors[:LARGEST_PALETTE]
    # -1 becomes 255 by itself.
    image = Image.fromarray(labels.astype(np.uint8))
    image.putpalette(entries.tobytes())
    if labels.min() < 0:
        return png_bytes(image, transparency=EXCLUDED)
    return png_bytes(image)


def png_bytes(image: Image.Image, **options: Any) -> bytes:
    """Return a picture as a PNG file.

    Examples
    --------
    >>> png_bytes(Image.new("L", (1, 1)))[1:4]
    b'PNG'
    """
    stream = BytesIO()
    image.save(stream, format="PNG", compress_level=_COMPRESSION, **options)
    return stream.getvalue()


def overlay_png(labels: Labeled, image: "ImageLike | None" = None, *, full: bool = False) -> bytes:
    """Return the picture with its classes or regions drawn over it, as a PNG.

    Classes are tinted, outlined and listed below; regions are drawn in their mean colors.

    Parameters
    ----------
    labels : Segmentation, LabelMap or array_like of shape (H, W)
        What is drawn.
    image : array_like, Picture, str or Path, optional
        The picture; a Segmentation brings its own.
    full : bool
        Keep every pixel instead of shrinking to 4 megapixels.

    Returns
    -------
    bytes

    Raises
    ------
    ParameterError
        If there is no picture.

    Examples
    --------
    >>> from gmmkit.image import segment
    >>> overlay_png(segment("sample:coffee", k=2))[:4]
    b'\\x89PNG'
    """
    from gmmkit.image.export.overlay import draw_overlay

    return png_bytes(Image.fromarray(draw_overlay(as_label_map(labels, image), full=full)))
