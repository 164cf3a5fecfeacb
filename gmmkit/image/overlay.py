"""A segmentation for looking at: the photo tinted by class, outlined, with a legend below."""

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gmmkit.image.display import display_colors
from gmmkit.image.palette import class_colors
from gmmkit.image.pixels import BoolArray, Float32Array, Float64Array, Int32Array, Uint8Array

if TYPE_CHECKING:
    from gmmkit.image.classes import Segmentation

LARGEST_PIXELS = 4_000_000

_TINT = 0.55
_BLACK = 64
_LUMINANCE = np.array([[0.2125], [0.7154], [0.0721]], dtype=np.float32)
_CONTOUR = (255, 255, 255)
_PAPER = (250, 250, 250)
_INK = (30, 30, 30)
_CHECKERS = (205, 235)
_MOST_LISTED = 32
_NARROWEST = 160


def draw_overlay(segmentation: "Segmentation", *, full: bool = False) -> Uint8Array:
    """Return the tinted picture above its legend.

    Parameters
    ----------
    segmentation : Segmentation
        What `segment` returned.
    full : bool
        Keep every pixel instead of shrinking to 4 megapixels.

    Returns
    -------
    ndarray of shape (h, w, 3)
        uint8.

    Examples
    --------
    >>> from gmmkit.image import segment
    >>> draw_overlay(segment("sample:coffee", k=2)).shape[1]
    600
    """
    photo, labels = display_colors(segmentation.raster), segmentation.labels
    if not full:
        photo, labels = _shrunk(photo, labels)
    colors = class_colors(segmentation.k)
    picture = tinted(photo, labels, colors)
    legend = draw_legend(segmentation.shares, colors, picture.shape[1], min(picture.shape[:2]))
    return _stacked(picture, legend)


def _shrunk(photo: Uint8Array, labels: Int32Array) -> tuple[Uint8Array, Int32Array]:
    height, width = labels.shape
    scale = (LARGEST_PIXELS / labels.size) ** 0.5
    if scale >= 1:
        return photo, labels
    size = max(1, int(width * scale)), max(1, int(height * scale))
    reduced = Image.fromarray(np.ascontiguousarray(photo)).resize(
        size, Image.Resampling.BOX, reducing_gap=2.0
    )
    rows = (np.arange(size[1]) + 0.5) * (height / size[1])
    columns = (np.arange(size[0]) + 0.5) * (width / size[0])
    return np.asarray(reduced), labels[np.ix_(rows.astype(int), columns.astype(int))]


def tinted(photo: Uint8Array, labels: Int32Array, colors: Uint8Array) -> Uint8Array:
    """Return the photo's light and dark in the colors of the classes, outlined in white.

    Excluded pixels show a checkerboard.

    Parameters
    ----------
    photo : ndarray of shape (H, W, 3)
        uint8.
    labels : ndarray of shape (H, W)
        -1 where a pixel is excluded.
    colors : ndarray of shape (k, 3)
        uint8.

    Returns
    -------
    ndarray of shape (H, W, 3)
        uint8.

    Examples
    --------
    >>> gray = np.full((1, 1, 3), 100, np.uint8)
    >>> tinted(gray, np.array([[0]], np.int32), np.array([[200, 0, 0]], np.uint8)).tolist()
    [[[173, 63, 63]]]
    """
    # Blacks are lifted, so that a color can still be recognized on them.
    light = _BLACK + photo @ _LUMINANCE * np.float32(1 - _BLACK / 255)
    picture: Float32Array = light * np.float32(1 - _TINT) + colors[labels] * np.float32(_TINT)
    picture[contours(labels)] = _CONTOUR
    excluded = labels < 0
    if excluded.any():
        picture[excluded] = _checkers(labels.shape)[excluded, None]
    return (picture + np.float32(0.5)).astype(np.uint8)


def contours(labels: Int32Array) -> BoolArray:
    """Return the pixels whose right or lower neighbor has another label.

    Examples
    --------
    >>> contours(np.array([[0, 0, 1]], np.int32)).tolist()
    [[False, True, False]]
    """
    edges = np.zeros(labels.shape, dtype=bool)
    edges[:, :-1] = labels[:, :-1] != labels[:, 1:]
    edges[:-1] |= labels[:-1] != labels[1:]
    return edges


def _checkers(shape: tuple[int, ...]) -> Float32Array:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    dark = (rows // 8 + columns // 8) % 2 == 0
    return np.where(dark, *_CHECKERS).astype(np.float32)


def draw_legend(shares: Float64Array, colors: Uint8Array, width: int, side: int) -> Uint8Array:
    """Return a strip with a swatch, the number and the share of every class.

    Parameters
    ----------
    shares : ndarray of shape (k,)
        From 0 to 1.
    colors : ndarray of shape (k, 3)
        uint8.
    width : int
        How wide the strip is; a narrow one is widened until an entry fits.
    side : int
        The shorter side of the picture: text is a thirtieth of it, within bounds.

    Returns
    -------
    ndarray of shape (h, w, 3)
        uint8.

    Examples
    --------
    >>> draw_legend(np.array([1.0]), np.array([[0, 114, 178]], np.uint8), 300, 300).shape[1]
    300
    """
    size = min(48, max(13, side // 30))
    entries = [f"{number}   {share:.1%}" for number, share in enumerate(shares[:_MOST_LISTED])]
    cell = int(size * 6.5)
    width = max(width, _NARROWEST, cell)
    per_row = min(len(entries), max(1, width // cell))
    line = int(size * 1.7)
    hidden = len(shares) - len(entries)
    height = (-(-len(entries) // per_row) + (hidden > 0)) * line + size
    strip = Image.new("RGB", (width, height), _PAPER)
    draw, font = ImageDraw.Draw(strip), ImageFont.load_default(size)
    for i, text in enumerate(entries):
        x, y = size // 2 + i % per_row * cell, size // 2 + i // per_row * line
        box = (x, y + size // 4, x + int(size * 1.4), y + size + size // 4)
        draw.rectangle(box, fill=tuple(colors[i].tolist()), outline=_INK)
        draw.text((x + int(size * 1.9), y + line // 2), text, _INK, font, anchor="lm")
    if hidden:
        draw.text((size // 2, height - line), f"and {hidden} more", _INK, font)
    return np.asarray(strip)


def _stacked(picture: Uint8Array, legend: Uint8Array) -> Uint8Array:
    width = max(picture.shape[1], legend.shape[1])
    whole = np.full((len(picture) + len(legend), width, 3), _PAPER, dtype=np.uint8)
    whole[: len(picture), : picture.shape[1]] = picture
    whole[len(picture) :, : legend.shape[1]] = legend
    return whole
