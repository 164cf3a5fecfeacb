"""Boundary F of one segmentation: lines of two maps, matched pixel by pixel."""

from dataclasses import dataclass

import numpy.typing as npt

from gmmkit.errors import InputError
from gmmkit.image.metrics.boundary_counts import DEFAULT_TOLERANCE, count_matches, reach_of
from gmmkit.image.metrics.label_maps import (
    Annotations,
    check_labels,
    check_same_size,
    plain_array,
    split_annotations,
)
from gmmkit.image.metrics.thinning import boundaries_of, thinned
from gmmkit.image.pixels import BoolArray


@dataclass(frozen=True)
class BoundaryScore:
    """How well boundaries agree.

    Parameters
    ----------
    precision : float
        Share of the segmentation's boundary pixels that match some annotation.
    recall : float
        Share of the annotations' boundary pixels that are matched.
    f1 : float
        Harmonic mean of both.

    Examples
    --------
    >>> boundary_f([[0, 1]], [[0, 1]]).f1
    1.0
    """

    precision: float
    recall: float
    f1: float


def boundary_f(
    segmentation: npt.ArrayLike,
    annotations: Annotations,
    *,
    tolerance: float = DEFAULT_TOLERANCE,
) -> BoundaryScore:
    """Return the boundary F of a segmentation, with its precision and recall.

    Lines are thinned and matched one to one, as many pixels as possible at the least distance. A
    pixel drawn is right if it matches any annotation; recall counts the pixels of all annotations.

    Parameters
    ----------
    segmentation : array_like of shape (H, W)
        Labels, or booleans: a map that is True on boundaries. Excluded pixels, whose label is
        negative, are a region like any other.
    annotations : array_like of shape (H, W) or (n, H, W), or sequence of array_like
        One map or several, each of labels or of booleans.
    tolerance : float
        How far apart two pixels may be that match, as a share of the picture's diagonal.

    Returns
    -------
    BoundaryScore
        0 where boundaries stand on one side only; 1 throughout if there are none on either.

    Raises
    ------
    InputError
        If sizes differ, or something is no map.
    ParameterError
        If the tolerance is out of range.

    References
    ----------
    D. R. Martin, C. C. Fowlkes and J. Malik, "Learning to detect natural image boundaries using
    local brightness, color, and texture cues", IEEE Trans. PAMI 26 (2004).

    Examples
    --------
    >>> import numpy as np
    >>> halves = np.repeat([[0, 0, 0, 0, 1, 1, 1, 1]], 8, axis=0)
    >>> boundary_f(halves, halves)
    BoundaryScore(precision=1.0, recall=1.0, f1=1.0)
    >>> thirds = np.repeat([[0, 0, 0, 0, 1, 1, 2, 2]], 8, axis=0)
    >>> boundary_f(thirds, halves).precision
    0.5
    """
    drawn = thin_lines(segmentation, "the segmentation")
    truths = annotated_lines(annotations, drawn.shape)
    counts = count_matches([drawn], truths, reach_of(tolerance, drawn.shape))
    if not (counts.drawn[0] or counts.annotated[0]):
        return BoundaryScore(1.0, 1.0, 1.0)
    values = (counts.precision, counts.recall, counts.f1)
    return BoundaryScore(*(float(value[0]) for value in values))


def thin_lines(given: npt.ArrayLike, name: str) -> BoolArray:
    """Return the boundaries of labels, or those of a boolean map, as thin lines.

    Raises
    ------
    InputError
        If it is neither.

    Examples
    --------
    >>> thin_lines([[0, 0, 1]], "the segmentation").tolist()
    [[False, True, False]]
    """
    array = plain_array(given, name)
    if array.dtype != bool:
        return thinned(boundaries_of(check_labels(array, name)))
    if array.ndim != 2 or not array.size:
        raise InputError(
            f"{name} is no map of boundaries", found=f"shape {array.shape}", needed="(H, W)"
        )
    return thinned(array)


def annotated_lines(annotations: Annotations, shape: tuple[int, ...]) -> list[BoolArray]:
    """Return thin lines of every annotation, all of the size asked for.

    Raises
    ------
    InputError

    Examples
    --------
    >>> len(annotated_lines([[[0, 1]], [[1, 1]]], (1, 2)))
    2
    """
    maps = split_annotations(annotations)
    lines = [thin_lines(each, f"annotation {number}") for number, each in enumerate(maps)]
    for number, each in enumerate(lines):
        check_same_size(shape, each.shape, f"annotation {number}")
    return lines
