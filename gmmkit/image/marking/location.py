"""Where an object is likely: in the middle of a rectangle, or nearer to its strokes."""

import numpy as np

from gmmkit.image.marking.marks import (
    BACKGROUND,
    FOREGROUND,
    PROBABLY_BACKGROUND,
    PROBABLY_FOREGROUND,
    Int8Array,
    Rectangle,
)
from gmmkit.image.pixels import BoolArray, Float64Array

# The share of objects' pixels at a distance d of the rectangle's middle follows, on photos with
# outlines by hand, the logistic function of a - b d^e; d is the p-norm, 1 at the sides.
_LOGIT_AT_CENTER = 1.35
_FALL = 2.7
_EXPONENT = 3.0
_NORM = 4.0
# What a stroke says of the pixels next to it.
_LOGIT_AT_STROKES = 2.0


def distance_from_middle(
    shape: tuple[int, int], rectangle: Rectangle, factor: int = 1
) -> Float64Array:
    """Return how far pixels are from the middle of a rectangle: 0 there, 1 at its sides.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns of the picture, reduced by `factor`.
    rectangle : tuple of int
        x, y, width and height, not reduced.
    factor : int
        How many pixels across one of these is.

    Returns
    -------
    ndarray of shape (h, w)
        Beyond the sides 1 is the most that a direction adds.

    Examples
    --------
    >>> distance_from_middle((1, 3), (0, 0, 3, 1)).round(2).tolist()
    [[0.67, 0.0, 0.67]]
    """
    x, y, width, height = rectangle
    across = _from_middle(shape[1], factor, x, width)
    down = _from_middle(shape[0], factor, y, height)
    distance: Float64Array = (across[None] ** _NORM + down[:, None] ** _NORM) ** (1 / _NORM)
    return distance


def location_log_odds(
    shape: tuple[int, int], rectangle: Rectangle, factor: int = 1
) -> Float64Array:
    """Return the logarithm of how much likelier object than background is by place alone.

    Parameters
    ----------
    shape, rectangle, factor
        As in `distance_from_middle`.

    Returns
    -------
    ndarray of shape (h, w)
        In nats.

    Examples
    --------
    >>> location_log_odds((1, 3), (0, 0, 3, 1)).round(2).tolist()
    [[0.55, 1.35, 0.55]]
    """
    distance = distance_from_middle(shape, rectangle, factor)
    return _LOGIT_AT_CENTER - _FALL * distance**_EXPONENT


def stroke_log_odds(marks: Int8Array) -> Float64Array:
    """Return how much likelier object than background is by the distances to strokes alone.

    It is c (b - f) / (b + f), f and b the distances to the nearest mark of either kind.

    Parameters
    ----------
    marks : ndarray of shape (h, w)
        As in `Marks`.

    Returns
    -------
    ndarray of shape (h, w)
        In nats; 0 where one kind is missing.

    Examples
    --------
    >>> stroke_log_odds(np.array([[1, -1, -1, -1, 0]], np.int8)).tolist()
    [[2.0, 1.0, 0.0, -1.0, -2.0]]
    """
    foreground = np.isin(marks, (FOREGROUND, PROBABLY_FOREGROUND))
    background = np.isin(marks, (BACKGROUND, PROBABLY_BACKGROUND))
    if not (foreground.any() and background.any()):
        return np.zeros(marks.shape)
    to_object, to_rest = _distance_to(foreground), _distance_to(background)
    return _LOGIT_AT_STROKES * (to_rest - to_object) / (to_rest + to_object)


def _distance_to(marked: BoolArray) -> Float64Array:
    from scipy.ndimage import distance_transform_edt

    distance: Float64Array = np.asarray(distance_transform_edt(~marked), dtype=np.float64)
    return distance


def _from_middle(length: int, factor: int, start: int, extent: int) -> Float64Array:
    centers = (np.arange(length) + 0.5) * factor
    return np.minimum(np.abs((centers - start) / extent * 2 - 1), 1.0)
