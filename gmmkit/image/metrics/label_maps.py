"""Label maps as they are compared: whole numbers, numbered from 0, all of one size."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from gmmkit.errors import InputError, InputTypeError
from gmmkit.image.pixels import Int32Array

# One annotation (H, W), or several of them.
Annotations: TypeAlias = npt.ArrayLike | Sequence[npt.ArrayLike]

_LARGEST_TABLE = 1 << 20


def check_labels(labels: npt.ArrayLike, name: str = "the segmentation") -> Int32Array:
    """Return a label map numbered from 0 in the order of its labels; negative ones become -1.

    Parameters
    ----------
    labels : array_like of shape (H, W)
        Whole numbers or booleans. A negative label excludes a pixel from comparison.
    name : str
        What to call it in errors.

    Returns
    -------
    ndarray of shape (H, W)
        int32: -1, or 0 to n-1 with every number in use.

    Raises
    ------
    InputError
        If it has another number of axes, no pixel, only excluded pixels, or no whole numbers.

    Examples
    --------
    >>> check_labels([[7, 7, 2], [-5, 2, 2]]).tolist()
    [[1, 1, 0], [-1, 0, 0]]
    """
    array = plain_array(labels, name)
    if array.ndim != 2 or not array.size:
        raise InputError(
            f"{name} is no label map", found=f"shape {array.shape}", needed="(H, W), not empty"
        )
    if array.dtype.kind not in "iub":
        raise _not_whole(array, name)
    numbered = _numbered(array)
    if numbered.max() < 0:
        raise InputError(
            f"{name} excludes every pixel",
            found="only negative labels",
            needed="a label of at least 0",
        )
    return numbered


def check_annotations(annotations: Annotations, shape: tuple[int, ...]) -> tuple[Int32Array, ...]:
    """Return every annotation as a label map of the size that is asked for.

    Parameters
    ----------
    annotations : array_like of shape (H, W) or (n, H, W), or sequence of array_like
        What people, or other programs, found in the picture.
    shape : (int, int)
        H and W of what they are compared with.

    Returns
    -------
    tuple of ndarray of shape (H, W)
        Each as from :func:`check_labels`.

    Raises
    ------
    InputError
        If there are none, one is no label map, or one has another size.

    Examples
    --------
    >>> len(check_annotations([[[0, 1]], [[3, 3]]], (1, 2)))
    2
    """
    maps = split_annotations(annotations)
    checked = tuple(check_labels(each, f"annotation {n}") for n, each in enumerate(maps))
    for number, each in enumerate(checked):
        check_same_size(shape, each.shape, f"annotation {number}")
    return checked


def split_annotations(annotations: Annotations) -> list[npt.NDArray[Any]]:
    """Return one array an annotation, from one map, a stack of them or a sequence.

    Raises
    ------
    InputError
        If there are none, or something is no array.

    Examples
    --------
    >>> [each.shape for each in split_annotations(np.zeros((2, 3, 4), int))]
    [(3, 4), (3, 4)]
    """
    if isinstance(annotations, Sequence) and not isinstance(annotations, str):
        maps = [plain_array(each, f"annotation {n}") for n, each in enumerate(annotations)]
        if maps and all(each.ndim == 1 for each in maps):
            maps = [plain_array(annotations, "the annotation")]
    else:
        array = plain_array(annotations, "the annotation")
        maps = [array] if array.ndim == 2 else list(array) if array.ndim == 3 else []
    if not maps:
        raise InputError(
            "there is nothing to compare with",
            found="no annotation",
            needed="a label map (H, W), or several",
        )
    return maps


def plain_array(values: Any, name: str) -> npt.NDArray[Any]:
    """Return anything as an array; what is ragged or masked is refused.

    Raises
    ------
    InputError

    Examples
    --------
    >>> plain_array([[0, 1]], "the segmentation").shape
    (1, 2)
    """
    if isinstance(values, np.ma.MaskedArray):
        raise InputError(
            f"{name} is a masked array",
            needed="a plain array",
            hint="fill what is masked with -1, which excludes it",
        )
    try:
        return np.asarray(values)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} is no array", found=str(error), needed="shape (H, W)") from error


def check_same_size(shape: tuple[int, ...], other: tuple[int, ...], name: str) -> None:
    """Refuse two maps of different sizes, naming both.

    Raises
    ------
    InputError

    Examples
    --------
    >>> check_same_size((2, 3), (2, 3), "annotation 0")
    """
    if shape != other:
        raise InputError(
            f"{name} is not as large as the segmentation",
            found=f"shape {other} against {shape}",
            needed="the same height and width",
            hint="compare maps of the same picture at the same scale, neither of them turned",
        )


def joined(first: Int32Array, second: Int32Array) -> Int32Array:
    """Return the coarsest map that divides pixels wherever one of two maps does.

    Examples
    --------
    >>> joined(np.array([[0, 0, 1]], np.int32), np.array([[0, 1, 1]], np.int32)).tolist()
    [[0, 1, 2]]
    """
    width = int(second.max()) + 1
    keys = first.astype(np.int64) * width + second
    keys[(first < 0) | (second < 0)] = -1
    return _numbered(keys)


def _not_whole(array: npt.NDArray[Any], name: str) -> InputTypeError:
    hint = "a map of boundary strengths goes to gmmkit.image.metrics.evaluate"
    return InputTypeError(
        f"{name} has labels that are no whole numbers",
        found=f"dtype {array.dtype.name}",
        needed="integers",
        hint=hint if array.dtype.kind == "f" else "number the regions",
    )


def _numbered(labels: npt.NDArray[Any]) -> Int32Array:
    if labels.dtype == np.uint64:
        return _ranked(labels)
    shifted = np.maximum(labels.astype(np.int64), -1) + 1
    top = int(shifted.max())
    if top > max(4 * labels.size, _LARGEST_TABLE):
        return _ranked(shifted) - np.int32(shifted.min() == 0)
    used = np.zeros(top + 1, dtype=np.int32)
    used[shifted] = 1
    used[0] = 0
    numbers = np.cumsum(used, dtype=np.int32) - np.int32(1)
    numbered: Int32Array = numbers[shifted]
    return numbered


def _ranked(values: npt.NDArray[Any]) -> Int32Array:
    _, ranks = np.unique(values, return_inverse=True)
    numbers: Int32Array = ranks.reshape(values.shape).astype(np.int32)
    return numbers
