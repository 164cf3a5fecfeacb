"""Which pixels count: those that are not entirely transparent."""

from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.errors import ImageError

Mask = npt.NDArray[np.bool_]


def split_alpha(
    array: npt.NDArray[Any], key_color: int | tuple[int, ...] | None = None
) -> tuple[npt.NDArray[Any], Mask | None]:
    """Part decoded pixels into color and mask.

    Parameters
    ----------
    array : ndarray of shape (H, W) or (H, W, C)
        With two or four channels the last is alpha.
    key_color : int or tuple of int, optional
        A color that stands for transparency where there is no alpha.

    Returns
    -------
    pixels : ndarray of shape (H, W) or (H, W, 3)
    mask : ndarray of shape (H, W) or None
        True where a pixel is not entirely transparent; None where there is neither alpha nor key.

    Examples
    --------
    >>> import numpy as np
    >>> pixels, mask = split_alpha(np.array([[[9, 255], [7, 0]]], np.uint8))
    >>> pixels.tolist(), mask.tolist()
    ([[9, 7]], [[True, False]])
    """
    if array.ndim == 3 and array.shape[2] in (2, 4):
        color = array[:, :, :-1]
        color = color[:, :, 0] if color.shape[2] == 1 else color
        return color, array[:, :, -1] > 0
    if key_color is None:
        return array, None
    differs = array != np.asarray(key_color)
    return array, differs.any(axis=2) if array.ndim == 3 else differs


def checked_mask(mask: Mask, label: str) -> Mask | None:
    """Return the mask, None if every pixel counts; no pixel at all is refused.

    Parameters
    ----------
    mask : ndarray of shape (H, W)
        True where a pixel counts.
    label : str
        The file's name for the error.

    Raises
    ------
    ImageError
        If every pixel is transparent.

    Examples
    --------
    >>> import numpy as np
    >>> checked_mask(np.array([[True, True]]), "photo.png") is None
    True
    """
    if not mask.any():
        raise ImageError(
            f"{label} is entirely transparent",
            found="alpha 0 in every pixel",
            needed="at least one pixel that can be seen",
            hint="remove the alpha channel",
        )
    return None if mask.all() else mask
