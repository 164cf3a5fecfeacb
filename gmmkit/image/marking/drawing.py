"""A cutout for looking at: the object as it is, the rest dimmed, an outline between them."""

from typing import TYPE_CHECKING

import numpy as np

from gmmkit.image.export.display import display_colors
from gmmkit.image.export.overlay import contours
from gmmkit.image.pixels import Float32Array, Uint8Array

if TYPE_CHECKING:
    from gmmkit.image.marking.cutout import Cutout

_DIMMED = np.float32(0.3)
_OUTLINE = (255, 220, 0)
_STRIP_ROWS = 256


def draw_cutout(cutout: "Cutout") -> Uint8Array:
    """Return the picture with everything but the object dimmed.

    Parameters
    ----------
    cutout : Cutout
        What `cut_out` returned.

    Returns
    -------
    ndarray of shape (H, W, 3)
        uint8.

    Examples
    --------
    >>> from gmmkit.image.marking.cutout import cut_out
    >>> photo = np.full((24, 24), 200, np.uint8)
    >>> photo[6:18, 6:18] = 40
    >>> drawn = draw_cutout(cut_out(photo, rectangle=(4, 4, 16, 16)))
    >>> drawn[0, 0].tolist(), drawn[12, 12].tolist()
    ([60, 60, 60], [40, 40, 40])
    """
    drawn = display_colors(cutout.raster).copy()
    for start in range(0, len(drawn), _STRIP_ROWS):
        strip = slice(start, start + _STRIP_ROWS)
        light: Float32Array = _DIMMED + (1 - _DIMMED) * cutout.alpha[strip, :, None]
        drawn[strip] = (drawn[strip] * light + np.float32(0.5)).astype(np.uint8)
    drawn[contours(cutout.foreground.astype(np.int32))] = _OUTLINE
    return drawn
