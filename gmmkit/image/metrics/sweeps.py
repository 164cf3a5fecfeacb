"""A result at many thresholds, as one finest map and what its regions merge into at each.

Label maps, hierarchies and maps of boundary strength all become the same value here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, cast, runtime_checkable

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import check_count
from gmmkit.errors import InputError, ParameterError
from gmmkit.image.metrics.label_maps import check_labels, check_same_size, joined
from gmmkit.image.metrics.strengths import (
    check_strengths,
    doubled_strengths,
    picture_strengths,
    regions_by_strength,
)
from gmmkit.image.pixels import Float64Array, Int32Array

DEFAULT_THRESHOLDS = 99


@runtime_checkable
class Cuttable(Protocol):
    """A hierarchy of regions, such as `gmmkit.image.regions` returns."""

    def cut(self, *, threshold: float) -> Int32Array:
        """Return the regions that no boundary of at most the threshold divides."""
        ...

    def boundary_strength(self) -> npt.NDArray[Any]:
        """Return how strong the boundary at each pixel is, from 0 to 1."""
        ...


@dataclass(frozen=True, eq=False)
class Sweep:
    """Regions of a picture at every threshold.

    Parameters
    ----------
    thresholds : ndarray of shape (T,)
        Rising. For plain label maps their numbers, from 1.
    finest : ndarray of shape (H, W)
        int32 regions from 0, or -1 where a pixel is excluded.
    parents : tuple of T ndarrays of shape (n_finest,)
        The region that each of the finest belongs to, numbered from 0.
    strengths : ndarray of shape (H, W) or None
        Where given, a boundary is where they reach the threshold; else where labels differ.

    Examples
    --------
    >>> sweep = sweep_of([[[0, 1, 2]], [[0, 0, 1]]])
    >>> sweep.thresholds.tolist(), [labels.tolist() for labels in sweep.maps()]
    ([1.0, 2.0], [[[0, 1, 2]], [[0, 0, 1]]])
    """

    thresholds: Float64Array
    finest: Int32Array
    parents: tuple[Int32Array, ...]
    strengths: npt.NDArray[np.floating[Any]] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the picture."""
        return int(self.finest.shape[0]), int(self.finest.shape[1])

    def maps(self) -> Iterator[Int32Array]:
        """Yield the label map of every threshold."""
        excluded = self.finest < 0
        for parents in self.parents:
            labels = parents[self.finest]
            labels[excluded] = -1
            yield labels


Result: TypeAlias = npt.ArrayLike | Sequence[npt.ArrayLike] | Cuttable | Sweep


def sweep_of(
    result: Result,
    thresholds: int | npt.ArrayLike = DEFAULT_THRESHOLDS,
    *,
    shape: tuple[int, int] | None = None,
) -> Sweep:
    """Return the regions of any result at every threshold.

    Parameters
    ----------
    result : array_like, sequence of array_like, hierarchy or Sweep
        Whole numbers of shape (H, W) or (T, H, W), or a sequence of label maps, are taken as they
        are; the thresholds then play no part. A hierarchy has ``cut(threshold=t)`` and
        ``boundary_strength()``. Floats are boundary strengths from 0 to 1: of shape (H, W), where
        a pixel has the strongest of the four edges about its lower right corner, or of shape
        (2H+1, 2W+1), with pixels in odd rows and columns and their edges between them. A sweep
        comes back as it is.
    thresholds : int or array_like
        How many, evenly inside 0 to 1 (99 are .01, .02, … .99), or the values themselves.
    shape : (int, int), optional
        Height and width of the picture, which tells the two kinds of strengths apart. Without it
        strengths are of the picture's size.

    Returns
    -------
    Sweep

    Raises
    ------
    InputError
        If the result is none of these, or has another size.
    ParameterError
        If thresholds are negative, not finite, or not rising.

    Examples
    --------
    >>> sweep_of(np.array([[0.0, 0.7, 0.0]]), 1).finest.tolist()
    [[0, 0, 1]]
    """
    if isinstance(result, Sweep):
        return result
    if isinstance(result, Cuttable):
        return _of_hierarchy(result, check_thresholds(thresholds), shape)
    array = _as_array(result)
    if array is not None and array.dtype.kind == "f":
        return _of_strengths(check_strengths(array), check_thresholds(thresholds), shape)
    maps = [array] if array is not None and array.ndim == 2 else list(cast("Any", result))
    labels = [check_labels(each, _name(number, len(maps))) for number, each in enumerate(maps)]
    if not labels:
        raise InputError("there is no segmentation", needed="a label map (H, W), or several")
    return _of_maps(np.arange(1.0, len(labels) + 1), labels, shape)


def check_thresholds(thresholds: int | npt.ArrayLike) -> Float64Array:
    """Return thresholds as rising numbers; a count means so many evenly inside 0 to 1.

    Raises
    ------
    ParameterError

    Examples
    --------
    >>> check_thresholds(3).tolist(), check_thresholds([0.5]).tolist()
    ([0.25, 0.5, 0.75], [0.5])
    """
    if np.ndim(cast("Any", thresholds)) == 0:
        count = check_count(thresholds, "thresholds")
        return np.linspace(1 / (count + 1), 1 - 1 / (count + 1), count)
    try:
        values = np.asarray(thresholds, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise _bad_thresholds(str(error)) from error
    rising = values.ndim == 1 and values.size and (np.diff(values) > 0).all()
    if not rising or not np.isfinite(values).all() or values[0] < 0:
        raise _bad_thresholds(np.array2string(values.ravel(), threshold=6))
    return values


def _bad_thresholds(found: str) -> ParameterError:
    return ParameterError(
        "thresholds are not usable",
        found=found,
        needed="how many, or rising numbers of at least 0",
    )


def _as_array(result: Any) -> npt.NDArray[Any] | None:
    """Return one array where the result is one; a sequence of maps may have maps of two sizes."""
    if isinstance(result, Sequence) and not isinstance(result, str):
        nested = bool(result) and all(np.ndim(row) == 1 for row in result)
        return np.asarray(result) if nested else None
    array = np.asarray(result)
    if array.ndim in (2, 3) and array.size:
        return array
    raise InputError(
        "this is no segmentation",
        found=f"{type(result).__name__} of shape {array.shape}",
        needed="labels (H, W), several of them, boundary strengths, or a hierarchy",
    )


def _name(number: int, count: int) -> str:
    return "the segmentation" if count == 1 else f"segmentation {number}"


def _of_hierarchy(
    hierarchy: Cuttable, thresholds: Float64Array, shape: tuple[int, int] | None
) -> Sweep:
    cuts = [check_labels(hierarchy.cut(threshold=float(each))) for each in thresholds]
    swept = _of_maps(thresholds, cuts, shape)
    strengths = check_strengths(np.asarray(hierarchy.boundary_strength()))
    check_same_size(swept.shape, strengths.shape, "the hierarchy's map of boundary strengths")
    return Sweep(swept.thresholds, swept.finest, swept.parents, strengths)


def _of_maps(
    thresholds: Float64Array, maps: Sequence[Int32Array], shape: tuple[int, int] | None
) -> Sweep:
    for labels in maps:
        check_same_size(labels.shape, shape or maps[0].shape, "the annotation")
    finest = maps[0]
    for labels in maps[1:]:
        if not _divides(finest, labels):
            finest = joined(finest, labels)
    first = _first_pixels(finest)
    return Sweep(thresholds, finest, tuple(labels.ravel()[first] for labels in maps))


def _first_pixels(labels: Int32Array) -> npt.NDArray[np.int64]:
    """Return the flat index of some pixel of every region."""
    flat = labels.ravel()
    places = np.flatnonzero(flat >= 0)
    pixels = np.empty(int(flat.max()) + 1, dtype=np.int64)
    pixels[flat[places]] = places
    return pixels


def _divides(finest: Int32Array, labels: Int32Array) -> bool:
    """Tell whether each region of the first lies inside one of the second."""
    if ((finest < 0) != (labels < 0)).any():
        return False
    counts = finest >= 0
    own = labels.ravel()[_first_pixels(finest)]
    return bool((own[finest[counts]] == labels[counts]).all())


def _of_strengths(
    strengths: npt.NDArray[np.floating[Any]],
    thresholds: Float64Array,
    shape: tuple[int, int] | None,
) -> Sweep:
    height, width = strengths.shape
    doubled = shape is not None and (height, width) == (2 * shape[0] + 1, 2 * shape[1] + 1)
    if shape is not None and not doubled:
        check_same_size((height, width), shape, "the annotation")
    edges = strengths if doubled else doubled_strengths(strengths)
    finest, parents = regions_by_strength(edges, thresholds)
    return Sweep(thresholds, finest, parents, picture_strengths(edges) if doubled else strengths)
