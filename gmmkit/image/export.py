"""Labels and probabilities as the bytes of files that any program opens."""

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

from gmmkit.errors import ParameterError
from gmmkit.image.palette import LARGEST_PALETTE, class_colors
from gmmkit.image.pixels import Float32Array, Int32Array

if TYPE_CHECKING:
    from gmmkit.image.classes import Segmentation

# The value of an excluded pixel: transparent in a palette picture, beyond every class otherwise.
EXCLUDED = 255
EXCLUDED_16_BIT = 65535

# zlib's level 3 takes half the time of the default 6 on label pictures, for a tenth more bytes.
_COMPRESSION = 3


def label_png(labels: Int32Array, palette: npt.ArrayLike | None = None) -> bytes:
    """Return a PNG whose pixel values are the labels, and which looks right in any viewer.

    Up to 255 classes make a palette picture; excluded pixels then have the value 255, which is
    transparent. More classes make a 16-bit gray picture, excluded pixels having 65535.

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
    if largest >= EXCLUDED_16_BIT:
        raise ParameterError(
            "there are too many labels for a PNG",
            found=f"label {largest}",
            needed=f"at most {EXCLUDED_16_BIT - 1}",
            hint="save the array with numpy.save",
        )
    # -1 becomes 65535 by itself.
    return _png_bytes(Image.fromarray(labels.astype(np.uint16)))


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
        return _png_bytes(image, transparency=EXCLUDED)
    return _png_bytes(image)


def _png_bytes(image: Image.Image, **options: int) -> bytes:
    stream = BytesIO()
    image.save(stream, format="PNG", compress_level=_COMPRESSION, **options)
    return stream.getvalue()


def overlay_png(segmentation: "Segmentation", *, full: bool = False) -> bytes:
    """Return the picture with its classes tinted, outlined and listed below, as a PNG.

    Parameters
    ----------
    segmentation : Segmentation
        What `segment` returned.
    full : bool
        Keep every pixel instead of shrinking to 4 megapixels.

    Returns
    -------
    bytes

    Examples
    --------
    >>> from gmmkit.image import segment
    >>> overlay_png(segment("sample:coffee", k=2))[:4]
    b'\\x89PNG'
    """
    from gmmkit.image.overlay import draw_overlay

    return _png_bytes(Image.fromarray(draw_overlay(segmentation, full=full)))


def probabilities_npz(probabilities: Float32Array) -> bytes:
    """Return a compressed NumPy archive with one array, ``probabilities``.

    Parameters
    ----------
    probabilities : ndarray of shape (H, W, k)
        float32.

    Returns
    -------
    bytes
        The same for the same probabilities.

    Examples
    --------
    >>> archive = np.load(BytesIO(probabilities_npz(np.ones((2, 3, 1), np.float32))))
    >>> archive["probabilities"].shape
    (2, 3, 1)
    """
    stream = BytesIO()
    np.savez_compressed(stream, probabilities=probabilities)
    return stream.getvalue()
