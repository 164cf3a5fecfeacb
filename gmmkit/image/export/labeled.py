"""What every export starts from: a map of labels, what a label is called, and its color."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from gmmkit.errors import InputError, ParameterError
from gmmkit.image.pixels import (
    Float32Array,
    Float64Array,
    ImageLike,
    Int32Array,
    Raster,
    Uint8Array,
    as_raster,
)

if TYPE_CHECKING:
    from gmmkit.image.classes import Segmentation

Labeled: TypeAlias = "Segmentation | LabelMap | npt.ArrayLike"

# Tables of colors and areas have an entry for every number up to the largest.
LARGEST_LABEL = 16_777_214
_STRIP_ROWS = 256


@dataclass(frozen=True, eq=False)
class LabelMap:
    """A label for every pixel, and what is needed to show them.

    Parameters
    ----------
    labels : ndarray of shape (H, W)
        int32, 0 to `count` - 1, or -1 where a pixel is excluded.
    count : int
        How many labels there are, those without a pixel included.
    names : tuple of str
        One for each label.
    noun : str
        What a label stands for: "class" or "region".
    raster : Raster, optional
        The picture.
    colors : str or ndarray of shape (count, 3)
        "distinct", "mean", or uint8 colors of one's own.
    read_probabilities : callable, optional
        Returns the probability of each label at each pixel, (H, W, count) float32.

    Examples
    --------
    >>> label_map = as_label_map([[0, 0, 1]])
    >>> label_map.names, label_map.shares.round(2).tolist()
    (('region 0', 'region 1'), [0.67, 0.33])
    """

    labels: Int32Array = field(repr=False)
    count: int
    names: tuple[str, ...] = field(repr=False)
    noun: str = "region"
    raster: Raster | None = field(default=None, repr=False)
    colors: str | Uint8Array = field(default="distinct", repr=False)
    read_probabilities: Callable[[], Float32Array] | None = field(default=None, repr=False)

    @cached_property
    def areas(self) -> npt.NDArray[np.intp]:
        """The number of pixels of each label, (count,)."""
        return label_areas(self.labels, self.count)

    @property
    def shares(self) -> Float64Array:
        """The share of each label among the pixels that have one, (count,)."""
        shares: Float64Array = self.areas / self.areas.sum()
        return shares

    @property
    def numbers(self) -> list[int]:
        """The labels that get a file of their own: every class, and regions that have a pixel."""
        present: list[int] = self.areas.nonzero()[0].tolist()
        return list(range(self.count)) if self.noun == "class" else present

    @cached_property
    def mean_colors(self) -> Uint8Array:
        """The mean color of each label as the picture is displayed, (count, 3); black if absent.

        Raises
        ------
        ParameterError
            If there is no picture.
        """
        from gmmkit.image.export.display import Display

        display = Display(self.picture("the mean colors"))
        sums = np.zeros((self.count, 3))
        for rows in self.strips():
            sums += sums_by_label(display.colors(rows), self.labels[rows], self.count)
        return (sums / np.maximum(self.areas, 1)[:, None] + 0.5).astype(np.uint8)

    @cached_property
    def palette(self) -> Uint8Array:
        """The color that stands for each label, (count, 3)."""
        from gmmkit.image.export.palette import class_colors

        if not isinstance(self.colors, str):
            return self.colors
        return self.mean_colors if self.colors == "mean" else class_colors(self.count)

    @cached_property
    def probabilities(self) -> Float32Array:
        """The probability of each label at each pixel, (H, W, count).

        Raises
        ------
        ParameterError
            If the labels came without any.
        """
        if self.read_probabilities is None:
            raise ParameterError(
                "these labels have no probabilities",
                found=f"labels of {self.count} {plural_of(self.noun)} alone",
                needed="what gmmkit.image.segment returned",
            )
        return self.read_probabilities()

    def picture(self, purpose: str) -> Raster:
        """Return the picture, which `purpose` needs.

        Raises
        ------
        ParameterError
            If there is none.

        Examples
        --------
        >>> as_label_map([[0]], np.zeros((1, 1), np.uint8)).picture("the overlay").shape
        (1, 1)
        """
        if self.raster is None:
            raise ParameterError(
                f"{purpose} cannot be made of labels alone",
                needed="the picture that they belong to",
                hint="pass image=",
            )
        return self.raster

    def strips(self) -> list[slice]:
        """Return slices of rows, so that no step takes memory for every pixel.

        Examples
        --------
        >>> as_label_map(np.zeros((300, 1), int)).strips()
        [slice(0, 256, None), slice(256, 300, None)]
        """
        return _strips(len(self.labels))


def as_label_map(
    labels: Labeled,
    image: "ImageLike | None" = None,
    *,
    noun: str = "region",
    names: Sequence[str] | None = None,
    colors: "str | npt.ArrayLike" = "distinct",
) -> LabelMap:
    """Return labels of any origin as what exports start from.

    Parameters
    ----------
    labels : Segmentation, LabelMap or array_like of shape (H, W)
        Whole numbers from 0; -1 where a pixel is excluded.
    image : array_like, Picture, str or Path, optional
        The picture they belong to, of the same height and width. A Segmentation brings its own.
    noun : str
        What a label of an array stands for; those of a Segmentation are classes.
    names : sequence of str, optional
        One for each label; "class 0" and so on by default.
    colors : str or array_like of shape (n, 3)
        "distinct" (told apart by everyone), "mean" (of the pixels), or uint8 colors.

    Returns
    -------
    LabelMap

    Raises
    ------
    InputError
        If the labels are no such map, or the picture has another size.
    ParameterError
        If there are fewer names or colors than labels.

    Examples
    --------
    >>> as_label_map([[0, 2]], names=["sea", "sand", "sky"], noun="class")
    LabelMap(count=3, noun='class')
    """
    if isinstance(labels, LabelMap):
        return labels
    if hasattr(labels, "mixture") and hasattr(labels, "raster"):
        return _of_segmentation(cast("Segmentation", labels), names, colors)
    checked = check_labels(labels)
    count = int(checked.max()) + 1
    raster = None if image is None else _raster_for(checked, image)
    return LabelMap(
        checked, count, _names(names, noun, count), noun, raster, _colors(colors, count)
    )


def _of_segmentation(
    segmentation: "Segmentation", names: Sequence[str] | None, colors: "str | npt.ArrayLike"
) -> LabelMap:
    return LabelMap(
        segmentation.labels,
        segmentation.k,
        _names(names, "class", segmentation.k),
        "class",
        segmentation.raster,
        _colors(colors, segmentation.k),
        lambda: segmentation.probabilities,
    )


def check_labels(labels: npt.ArrayLike) -> Int32Array:
    """Return labels as int32, if they are a map of labels.

    Parameters
    ----------
    labels : array_like of shape (H, W)
        Whole numbers from -1 to 16,777,214, not all -1.

    Raises
    ------
    InputError
        If they are not.

    Examples
    --------
    >>> check_labels(np.array([[True, False]])).tolist()
    [[1, 0]]
    """
    array = _label_array(labels)
    low, high = int(array.min()), int(array.max())
    if low < -1 or high > LARGEST_LABEL:
        raise InputError(
            "these are no labels",
            found=f"values from {low} to {high}",
            needed=f"0 to {LARGEST_LABEL}, and -1 where a pixel is excluded",
            hint="number them anew, as skimage.segmentation.relabel_sequential does",
        )
    if high < 0:
        raise InputError("no pixel has a label", found="-1 everywhere", needed="one label or more")
    return array.astype(np.int32, copy=False)


def _label_array(labels: npt.ArrayLike) -> npt.NDArray[Any]:
    try:
        array = np.asarray(labels)
    except (TypeError, ValueError) as error:
        raise InputError("the labels are no array", found=str(error), needed="(H, W)") from error
    if array.ndim != 2 or array.size == 0:
        raise InputError("the labels are no map", found=f"shape {array.shape}", needed="(H, W)")
    if array.dtype.kind not in "bui":
        raise InputError(
            "the labels are no whole numbers",
            found=array.dtype.name,
            needed="a type such as int32",
            hint="labels.astype(numpy.int32)",
        )
    return array


def _raster_for(labels: Int32Array, image: ImageLike) -> Raster:
    raster = as_raster(image)
    if raster.shape != labels.shape:
        raise InputError(
            f"the labels do not fit {raster.name}",
            found=f"labels of shape {labels.shape}, a picture of shape {raster.shape}",
            needed="the same height and width",
        )
    return raster


def _names(names: Sequence[str] | None, noun: str, count: int) -> tuple[str, ...]:
    if names is None:
        return tuple(f"{noun} {number}" for number in range(count))
    if len(names) < count or isinstance(names, str):
        raise ParameterError(
            "there are too few names", found=f"{len(names)}", needed=f"{count}, one for each label"
        )
    return tuple(str(name) for name in names[:count])


def _colors(colors: "str | npt.ArrayLike", count: int) -> str | Uint8Array:
    if isinstance(colors, str):
        if colors not in ("distinct", "mean"):
            raise ParameterError(
                "these colors are not known", found=repr(colors), needed='"distinct" or "mean"'
            )
        return colors
    table = np.asarray(colors)
    whole = table.dtype.kind in "bui" and table.ndim == 2 and table.shape[1] == 3
    if not whole or len(table) < count or table.min() < 0 or table.max() > 255:
        raise ParameterError(
            "these are no colors of the labels",
            found=f"{table.dtype.name}, shape {table.shape}",
            needed=f"whole numbers from 0 to 255, shape ({count}, 3)",
        )
    return table[:count].astype(np.uint8)


def plural_of(noun: str) -> str:
    """Return the plural of "class", "region" and the like.

    Examples
    --------
    >>> plural_of("class"), plural_of("region")
    ('classes', 'regions')
    """
    return f"{noun}es" if noun.endswith("s") else f"{noun}s"


def sums_by_label(values: npt.NDArray[Any], labels: Int32Array, count: int) -> Float64Array:
    """Return the sum of each channel over the pixels of each label, (count, C).

    Examples
    --------
    >>> sums_by_label(np.array([[[1], [2], [4]]]), np.array([[1, -1, 1]], np.int32), 2).tolist()
    [[0.0], [5.0]]
    """
    flat = labels.ravel()
    # Runs first: neighbors mostly share a label, and adding up along memory is fast.
    starts = np.append(0, np.flatnonzero(flat[1:] != flat[:-1]) + 1)
    runs = np.add.reduceat(values.reshape(-1, values.shape[2]), starts, axis=0, dtype=np.float64)
    kinds = flat[starts] + 1
    sums = [np.bincount(kinds, weights=plane, minlength=count + 1)[1:] for plane in runs.T]
    return np.stack(sums, axis=1)


def label_areas(labels: Int32Array, count: int) -> npt.NDArray[np.intp]:
    """Return the number of pixels of each label, (count,).

    Examples
    --------
    >>> label_areas(np.array([[0, 2, -1]], np.int32), 3).tolist()
    [1, 0, 1]
    """
    areas = np.zeros(count, dtype=np.intp)
    for rows in _strips(len(labels)):
        areas += np.bincount(labels[rows].ravel() + 1, minlength=count + 1)[1:]
    return areas


def _strips(height: int) -> list[slice]:
    starts = range(0, height, _STRIP_ROWS)
    return [slice(start, min(start + _STRIP_ROWS, height)) for start in starts]
