"""What people say of pixels before anything is computed: a rectangle, strokes, or both."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral

import numpy as np
import numpy.typing as npt

from gmmkit.errors import InputError, ParameterError
from gmmkit.image.pixels import BoolArray, Raster

Int8Array = npt.NDArray[np.int8]
Rectangle = tuple[int, int, int, int]

# OpenCV's values, and one for pixels of which nothing is said.
BACKGROUND, FOREGROUND, PROBABLY_BACKGROUND, PROBABLY_FOREGROUND = 0, 1, 2, 3
UNKNOWN = -1

_HOW = "green strokes (1) on the object and red ones (0) beside it, or a rectangle around it"


@dataclass(frozen=True, eq=False)
class Marks:
    """What is said of the pixels of one picture.

    Parameters
    ----------
    values : ndarray of shape (H, W)
        int8: 0 background, 1 foreground, 2 probably background, 3 probably foreground, -1 nothing.
    rectangle : tuple of int, optional
        x, y, width and height in pixels, inside the picture: what is outside is background, unless
        a value says otherwise.

    Examples
    --------
    >>> marks = Marks(np.full((1, 4), -1, np.int8), (1, 0, 2, 1))
    >>> marks.combined.tolist(), marks.undecided.tolist()
    ([[0, -1, -1, 0]], [[False, True, True, False]])
    """

    values: Int8Array
    rectangle: Rectangle | None = None

    @property
    def combined(self) -> Int8Array:
        """Strokes and rectangle in one array."""
        if self.rectangle is None:
            return self.values
        marks = self.values.copy()
        marks[(marks == UNKNOWN) & ~self.inside] = BACKGROUND
        return marks

    @property
    def inside(self) -> BoolArray:
        """Which pixels the rectangle covers."""
        covered = np.zeros(self.values.shape, dtype=bool)
        rows, columns = self.values.shape
        x, y, width, height = self.rectangle or (0, 0, columns, rows)
        covered[y : y + height, x : x + width] = True
        return covered

    @property
    def undecided(self) -> BoolArray:
        """Which pixels a cut has to decide."""
        sure = np.isin(self.combined, (BACKGROUND, FOREGROUND))
        return ~sure


def as_marks(
    raster: Raster,
    rectangle: Sequence[int] | None,
    marks: npt.ArrayLike | None,
    *,
    optional: bool = False,
) -> Marks:
    """Return marks that fit a picture.

    Parameters
    ----------
    raster : Raster
        The picture; what is said of its excluded pixels is not heard.
    rectangle : sequence of int, optional
        x, y, width and height.
    marks : array_like of shape (H, W), optional
        Whole numbers as in `Marks`.
    optional : bool
        Whether it is enough to leave some pixels open.

    Raises
    ------
    InputError
        If there are none, of one kind only, of another size, or if they leave nothing open.

    Examples
    --------
    >>> from gmmkit.image.pixels import as_raster
    >>> as_marks(as_raster(np.zeros((4, 6), np.uint8)), (1, 1, 9, 2), None).rectangle
    (1, 1, 5, 2)
    """
    if rectangle is None and marks is None and not optional:
        raise InputError(
            f"nothing is said about {raster.name}", found="neither rectangle nor marks", needed=_HOW
        )
    box = None if rectangle is None else _rectangle(rectangle, raster)
    values = np.full(raster.shape, UNKNOWN, dtype=np.int8)
    if marks is not None:
        values = _values(marks, raster)
    if raster.mask is not None:
        values[~raster.mask] = UNKNOWN
    given = Marks(values, box)
    present = _present(given, raster)
    _check_open(present, raster)
    if box is None and not optional:
        _check_kinds(present, raster)
    return given


def check_marks_shape(found: Sequence[int], shape: Sequence[int], name: str) -> None:
    """Raise InputError when marks are not of the picture's size.

    Examples
    --------
    >>> check_marks_shape((3, 4), (3, 4), "marks.png")
    """
    if tuple(found) != tuple(shape):
        raise InputError(
            f"{name} does not have the size of the picture",
            found=f"{tuple(found)[::-1]} pixels across and down",
            needed=f"{tuple(shape)[::-1]}",
            hint="draw the strokes on a layer of the photo itself",
        )


def _values(marks: npt.ArrayLike, raster: Raster) -> Int8Array:
    try:
        array = np.asarray(marks)
    except ValueError as error:
        raise InputError(
            "marks are no array", found=str(error), needed=f"shape {raster.shape}"
        ) from error
    if array.ndim != 2 or array.dtype.kind not in "iu":
        raise InputError(
            "marks are no whole numbers in the picture's shape",
            found=f"dtype {array.dtype}, shape {array.shape}",
            needed=f"whole numbers, shape {raster.shape}",
            hint="a picture of strokes becomes marks by gmmkit.image.read_marks",
        )
    check_marks_shape(array.shape, raster.shape, "marks")
    low, high = int(array.min()), int(array.max())
    if low < UNKNOWN or high > PROBABLY_FOREGROUND:
        raise InputError(
            "marks have a value without meaning",
            found=f"values from {low} to {high}",
            needed="0 background, 1 foreground, 2 and 3 probably so, -1 unknown",
            hint="a picture of strokes becomes marks by gmmkit.image.read_marks",
        )
    return array.astype(np.int8)


def _rectangle(given: Sequence[int], raster: Raster) -> Rectangle:
    numbers = list(given) if isinstance(given, Iterable) else []
    whole = all(isinstance(n, Integral) and not isinstance(n, bool) for n in numbers)
    if len(numbers) != 4 or not whole or min(numbers[2:]) < 1:
        raise ParameterError(
            "the rectangle is not usable",
            found=repr(tuple(numbers) if isinstance(given, Iterable) else given),
            needed="x, y, width and height, whole numbers, the last two at least 1",
        )
    x, y, width, height = map(int, numbers)
    left, top = max(0, x), max(0, y)
    right, bottom = min(raster.shape[1], x + width), min(raster.shape[0], y + height)
    if left >= right or top >= bottom:
        raise InputError(
            f"the rectangle lies outside {raster.name}",
            found=repr((x, y, width, height)),
            needed=f"a part of {raster.shape[1]} x {raster.shape[0]} pixels",
        )
    return left, top, right - left, bottom - top


def _present(marks: Marks, raster: Raster) -> set[int]:
    combined = marks.combined
    counted = combined if raster.mask is None else combined[raster.mask]
    return set(np.unique(counted).tolist())


def _check_open(present: set[int], raster: Raster) -> None:
    if present <= {BACKGROUND, FOREGROUND}:
        raise InputError(
            f"the marks leave no pixel of {raster.name} to decide",
            found="every pixel surely foreground or background",
            needed="pixels without a mark",
            hint="draw strokes on a transparent layer, or on gray",
        )


def _check_kinds(present: set[int], raster: Raster) -> None:
    foreground = present & {FOREGROUND, PROBABLY_FOREGROUND}
    background = present & {BACKGROUND, PROBABLY_BACKGROUND}
    if foreground and background:
        return
    kind = "background" if background else "foreground"
    raise InputError(
        f"the marks on {raster.name} are of one kind",
        found=f"pixels of {kind} alone" if foreground or background else "no mark",
        needed=_HOW,
    )
