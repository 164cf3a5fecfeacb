"""Pictures as the bytes of files: an animated GIF, or a PNG for each."""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from gmmkit.errors import InputError

Uint8Array = npt.NDArray[np.uint8]

# A GIF has 256 colors; one palette for all pictures keeps what stands still from flickering.
_COLORS = 255
_WHITE = 255
_PICTURES_FOR_PALETTE = 6


def gif_bytes(pictures: Sequence[Uint8Array], seconds: Sequence[float]) -> bytes:
    """Return pictures as one GIF that repeats for ever.

    Parameters
    ----------
    pictures : sequence of ndarray of shape (H, W, 3)
        uint8, all of one size.
    seconds : sequence of float
        How long each is shown, in hundredths at best.

    Returns
    -------
    bytes

    Raises
    ------
    InputError
        If there are no pictures, they differ in size, or there are not as many durations.

    Examples
    --------
    >>> dark, light = np.zeros((2, 3, 3), np.uint8), np.full((2, 3, 3), 255, np.uint8)
    >>> animation = Image.open(BytesIO(gif_bytes([dark, light], [0.5, 1.0])))
    >>> animation.n_frames, animation.size, animation.info["duration"]
    (2, (3, 2), 500)
    """
    if len({picture.shape for picture in pictures}) != 1 or len(pictures) != len(seconds):
        raise InputError(
            "these pictures make no animation",
            found=f"{len(pictures)} pictures and {len(seconds)} durations",
            needed="at least one picture, all of one size, and a duration for each",
        )
    palette = _palette(pictures)
    first, *others = (_indexed(picture, palette) for picture in pictures)
    stream = BytesIO()
    first.save(
        stream,
        format="GIF",
        save_all=True,
        append_images=others,
        duration=[round(1000 * each) for each in seconds],
        loop=0,
    )
    return stream.getvalue()


def png_bytes(picture: Uint8Array) -> bytes:
    """Return a picture as a PNG.

    Parameters
    ----------
    picture : ndarray of shape (H, W, 3)
        uint8.

    Examples
    --------
    >>> Image.open(BytesIO(png_bytes(np.zeros((2, 3, 3), np.uint8)))).size
    (3, 2)
    """
    stream = BytesIO()
    Image.fromarray(picture).save(stream, format="PNG", optimize=True)
    return stream.getvalue()


def _palette(pictures: Sequence[Uint8Array]) -> Image.Image:
    step = max(1, len(pictures) // _PICTURES_FOR_PALETTE)
    chosen = np.concatenate([*pictures[::step], pictures[-1]])
    return Image.fromarray(chosen).quantize(_COLORS, method=Image.Quantize.MEDIANCUT)


def _indexed(picture: Uint8Array, palette: Image.Image) -> Image.Image:
    """Return a picture in the colors of a palette, and white after them."""
    near = Image.fromarray(picture).quantize(palette=palette, dither=Image.Dither.NONE)
    # Nearly white is the nearest color of the palette, and would tint the page.
    indices = np.where((picture == _WHITE).all(axis=2), _COLORS, np.asarray(near))
    colors = np.full((_COLORS + 1, 3), _WHITE, dtype=np.uint8)
    given = np.array(palette.getpalette(), dtype=np.uint8).reshape(-1, 3)[:_COLORS]
    colors[: len(given)] = given
    image = Image.fromarray(indices.astype(np.uint8))
    image.putpalette(colors.tobytes())
    return image
