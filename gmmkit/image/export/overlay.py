"""Labels for looking at: the photo tinted by class with a legend, or drawn in its regions."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gmmkit.image.export.display import Display
from gmmkit.image.export.labeled import Labeled, as_label_map
from gmmkit.image.pixels import BoolArray, Float32Array, Float64Array, Int32Array, Uint8Array

LARGEST_PIXELS = 4_000_000

_TINT = 0.55
_FLATTENED = 0.75
_BLACK = 64
_LUMINANCE = np.array([[0.2125], [0.7154], [0.0721]], dtype=np.float32)
_CONTOUR = (255, 255, 255)
_DARK_CONTOUR = (40, 40, 40)
_LIGHT = 150
_PAPER = (250, 250, 250)
_INK = (30, 30, 30)
_CHECKERS = (205, 235)
_MOST_LISTED = 32
_NARROWEST = 160


def draw_overlay(labels: Labeled, *, full: bool = False) -> Uint8Array:
    """Return the picture of the classes above their legend, or that of the regions.

    Parameters
    ----------
    labels : Segmentation or LabelMap
        With its picture.
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
    label_map = as_label_map(labels)
    display, shown = Display(label_map.picture("the overlay")), label_map.labels
    if full or shown.size <= LARGEST_PIXELS:
        photo = display.colors()
    else:
        photo, shown = _shrunk(display, shown)
    if label_map.noun == "region":
        return flattened(photo, shown, label_map.mean_colors)
    picture = tinted(photo, shown, label_map.palette)
    legend = draw_legend(
        label_map.shares, label_map.palette, picture.shape[1], min(picture.shape[:2])
    )
    return _stacked(picture, legend)


def _shrunk(display: Display, labels: Int32Array) -> tuple[Uint8Array, Int32Array]:
    height, width = labels.shape
    scale = (LARGEST_PIXELS / labels.size) ** 0.5
    size = max(1, int(width * scale)), max(1, int(height * scale))
    factor = max(1, int(0.5 / scale))
    reduced = Image.fromarray(_reduced(display, factor)).resize(
        size, Image.Resampling.BOX, box=(0, 0, width / factor, height / factor)
    )
    rows = (np.arange(size[1]) + 0.5) * (height / size[1])
    columns = (np.arange(size[0]) + 0.5) * (width / size[0])
    return np.asarray(reduced), labels[np.ix_(rows.astype(int), columns.astype(int))]


def _reduced(display: Display, factor: int) -> Uint8Array:
    """Return means over squares of pixels, a strip at a time: Pillow copies what it is given."""
    rows, height = 64 * factor, display.raster.shape[0]
    strips = (
        np.ascontiguousarray(display.colors(slice(start, start + rows)))
        for start in range(0, height, rows)
    )
    return np.concatenate([np.asarray(Image.fromarray(strip).reduce(factor)) for strip in strips])


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
    return _finished(picture, labels)


def flattened(photo: Uint8Array, labels: Int32Array, colors: Uint8Array) -> Uint8Array:
    """Return the photo drawn toward the color of each region, outlined in white.

    Where it is light, outlines are dark instead. Excluded pixels show a checkerboard.

    Parameters
    ----------
    photo : ndarray of shape (H, W, 3)
        uint8.
    labels : ndarray of shape (H, W)
        -1 where a pixel is excluded.
    colors : ndarray of shape (n, 3)
        uint8, the mean color of each region.

    Returns
    -------
    ndarray of shape (H, W, 3)
        uint8.

    Examples
    --------
    >>> photo = np.array([[[100] * 3, [200] * 3]], np.uint8)
    >>> flattened(photo, np.zeros((1, 2), np.int32), np.array([[150] * 3], np.uint8))[0, :, 0]
    array([138, 163], dtype=uint8)
    """
    share = np.float32(_FLATTENED)
    picture = photo * (1 - share) + colors[labels] * share
    lines = contours(labels)
    light = picture[lines] @ _LUMINANCE > _LIGHT
    picture[lines] = np.where(light, _DARK_CONTOUR, _CONTOUR)
    return _finished(picture, labels)


def _finished(picture: Float32Array, labels: Int32Array) -> Uint8Array:
    """Round to whole colors, a checkerboard where pixels are excluded."""
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
