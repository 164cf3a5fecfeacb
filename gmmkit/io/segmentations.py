"""Segmentations and annotations in files: BSDS ``.mat``, label images and NumPy archives.

Label images are read as numbers: the indices of a palette, never its colors.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from gmmkit.errors import ImageError, ParameterError
from gmmkit.io.archives import MAGIC, read_archive
from gmmkit.io.formats import DECODER_FAILURES, SNIFFED_BYTES, sniff_format
from gmmkit.io.matlab import is_matlab, read_matlab
from gmmkit.io.pixels import check_shape
from gmmkit.io.reading import checked_path, read_regular_file

Array = npt.NDArray[Any]
Kind = Literal["auto", "labels", "strength"]
Found = tuple[tuple[Array, ...], Array | None]

KINDS = ("auto", "labels", "strength")
SUFFIXES = frozenset({".mat", ".npz", ".png", ".tif", ".tiff"})

_LARGEST_FILE = 512 << 20
_LARGEST_WHOLE = 2.0**53
_LABELS = ("segmentations", "labels", "segs")
_STRENGTHS = ("ucm2", "ucm", "strength", "boundary_strength")
_ANNOTATIONS = "groundTruth"
# Color types of PNG.
_GRAY, _PALETTE = 0, 3


@dataclass(frozen=True, eq=False)
class SegmentationFile:
    """What a file says about the regions of one picture: label maps, or boundary strengths.

    Parameters
    ----------
    path : Path
        The file.
    maps : tuple of ndarray of shape (H, W)
        Whole numbers; negative where a pixel is excluded. Empty where strengths are given.
    strengths : ndarray or None
        Floats of shape (H, W), or (2H+1, 2W+1) as in BSDS's ``ucm2``.
    """

    path: Path
    maps: tuple[Array, ...]
    strengths: Array | None = None


def read_segmentation(
    path: str | os.PathLike[str], *, kind: Kind = "auto", max_pixels: int = 128_000_000
) -> SegmentationFile:
    """Read one picture's segmentations from a file that is told by its content.

    Parameters
    ----------
    path : str or path-like
        ``.mat`` with `groundTruth`, `segs` or `ucm2`; ``.npz`` with `segmentations`, `labels` or
        `ucm2`; PNG or TIFF with one channel, where a transparent color of a palette excludes its
        pixels and every other value is a label.
    kind : {"auto", "labels", "strength"}
        What numbers mean. By itself, the name of a variable tells, and in images whole numbers
        are labels and floats boundary strengths. An image of whole numbers read as strengths
        counts its largest possible value as 1.
    max_pixels : int
        The largest width times height accepted.

    Returns
    -------
    SegmentationFile

    Raises
    ------
    FileAccessError
        If the file is missing, unreadable, no regular file or beyond half a gigabyte.
    ImageFormatError
        If it is of another format.
    ImageError
        If it is damaged, or holds no segmentation of the kind asked for.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(Path(folder, "a.npz"), labels=np.array([[0, 0, 1]]))
    ...     read_segmentation(Path(folder, "a.npz")).maps[0].tolist()
    [[0, 0, 1]]
    """
    if kind not in KINDS:
        raise ParameterError(
            "kind is not usable", found=repr(kind), needed="one of " + ", ".join(map(repr, KINDS))
        )
    name = checked_path(path)
    payload = read_regular_file(name, _LARGEST_FILE)
    if is_matlab(payload[:SNIFFED_BYTES]):
        found = _from_matlab(payload, str(name), kind)
    elif payload.startswith(MAGIC):
        found = _from_archive(payload, str(name), kind)
    else:
        found = _from_image(payload, name, kind, max_pixels)
    maps, strengths = found
    _check_shapes([*maps] if strengths is None else [strengths], str(name), max_pixels)
    return SegmentationFile(name, maps, strengths)


def read_annotations(
    path: str | os.PathLike[str], *, max_pixels: int = 128_000_000
) -> tuple[Array, ...]:
    """Read what people marked in one picture: one label map an annotator.

    Parameters
    ----------
    path : str or path-like
        As in :func:`read_segmentation`.
    max_pixels : int
        The largest width times height accepted.

    Returns
    -------
    tuple of ndarray of shape (H, W)

    Raises
    ------
    InputError
        As in :func:`read_segmentation`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(Path(folder, "a.npz"), segmentations=np.zeros((5, 2, 3), np.uint16))
    ...     len(read_annotations(Path(folder, "a.npz")))
    5
    """
    return read_segmentation(path, kind="labels", max_pixels=max_pixels).maps


def _from_matlab(payload: bytes, label: str, kind: Kind) -> Found:
    names = _names(kind, (_ANNOTATIONS, *_LABELS), _STRENGTHS)
    found = read_matlab(payload, names, label)
    name = next(each for each in names if each in found)
    value = found[name]
    if name in _STRENGTHS:
        return (), _as_strengths(value, label)
    cells = value if isinstance(value, list) else _pages(value)
    if name == _ANNOTATIONS:
        cells = [_annotated(cell, label) for cell in cells]
    return tuple(_whole(cell, label) for cell in cells), None


def _pages(value: Any) -> list[Any]:
    """Return the label maps of an array, along MATLAB's third dimension if it has one."""
    return _stack(np.moveaxis(value, 2, 0) if getattr(value, "ndim", 0) == 3 else value)


def _annotated(cell: Any, label: str) -> Any:
    """Return the label map of one of BSDS's annotations, a structure with two fields."""
    structure = cell[0] if isinstance(cell, list) and len(cell) == 1 else cell
    fields = list(structure) if isinstance(structure, dict) else []
    if "Segmentation" not in fields:
        raise ImageError(
            f"{label} has an annotation without a label map",
            found=f"fields {', '.join(fields)}" if fields else "no structure",
            needed="a field Segmentation",
        )
    return structure["Segmentation"]


def _from_archive(payload: bytes, label: str, kind: Kind) -> Found:
    name, array = read_archive(payload, _names(kind, _LABELS, _STRENGTHS), label)
    if name in _STRENGTHS:
        return (), _as_strengths(array, label)
    return tuple(_whole(each, label) for each in _stack(array)), None


def _from_image(payload: bytes, path: Path, kind: Kind, max_pixels: int) -> Found:
    if sniff_format(payload[:SNIFFED_BYTES], str(path)) == "PNG":
        array, use = _read_png(payload, str(path), max_pixels)
    else:
        from gmmkit.io.image import read_image

        picture = read_image(path, max_pixels=max_pixels)
        array, use = picture.pixels, picture.mask
    if array.ndim != 2:
        raise _colored(str(path), f"{array.shape[2]} channels")
    if kind == "strength" or (kind == "auto" and array.dtype.kind == "f"):
        top = 1.0 if array.dtype.kind in "fb" else float(np.iinfo(array.dtype).max)
        return (), array / top
    labels = _whole(array, str(path)).astype(np.int64)
    return (labels if use is None else np.where(use, labels, -1),), None


def _read_png(payload: bytes, label: str, max_pixels: int) -> tuple[Array, Array | None]:
    """Return gray values or indices of a palette, and which of them are not transparent."""
    from PIL.PngImagePlugin import PngImageFile

    from gmmkit.io.png import check_png, read_png_header
    from gmmkit.io.raster import open_raster

    stream = BytesIO(payload)
    header = read_png_header(stream, label)
    check_shape(header.height, header.width, label, max_pixels)
    check_png(stream, header, label)
    if header.color not in (_GRAY, _PALETTE):
        raise _colored(label, "colors")
    stream.seek(0)
    image = open_raster(PngImageFile, stream, label)
    try:
        image.load()
        array = np.asarray(image)
    except DECODER_FAILURES as error:
        raise ImageError(f"{label} cannot be decoded", found=f"PNG: {error}") from error
    alpha = image.info.get("transparency")
    if header.color != _PALETTE or not isinstance(alpha, bytes | int):
        return array, None
    clear = [alpha] if isinstance(alpha, int) else [n for n, each in enumerate(alpha) if not each]
    return array, ~np.isin(array, clear)


def _names(kind: Kind, labels: Sequence[str], strengths: Sequence[str]) -> tuple[str, ...]:
    """Return the variables that a kind may be in, the likeliest first."""
    wanted = {"labels": labels, "strength": strengths, "auto": (*labels, *strengths)}
    return tuple(wanted[kind])


def _stack(array: Any) -> list[Any]:
    return list(array) if getattr(array, "ndim", 0) == 3 else [array]


def _whole(array: Any, label: str) -> Array:
    """Return labels as integers; MATLAB keeps whole numbers as floats."""
    given = array if isinstance(array, np.ndarray) else np.empty(0, dtype=object)
    if given.dtype.kind in "iub":
        return given
    if given.dtype.kind == "f" and (np.abs(given) < _LARGEST_WHOLE).all():
        whole = given.astype(np.int64)
        if (whole == given).all():
            return whole
    raise ImageError(
        f"{label} has labels that are no whole numbers",
        found=f"an array of {given.dtype.name}" if given.size else "something else",
        needed="integers",
        hint="if they are boundary strengths, say so (--kind strength)",
    )


def _as_strengths(array: Any, label: str) -> Array:
    if isinstance(array, np.ndarray) and array.dtype.kind == "f":
        return array
    raise ImageError(
        f"{label} has boundary strengths that are no floats",
        found=f"an array of {array.dtype.name}" if isinstance(array, np.ndarray) else "cells",
        needed="floats from 0 to 1",
    )


def _check_shapes(arrays: Sequence[Array], label: str, max_pixels: int) -> None:
    if not arrays:
        raise ImageError(
            f"{label} holds no label map", found="an empty list", needed="at least one"
        )
    for array in arrays:
        if array.ndim != 2:
            raise ImageError(
                f"{label} holds no label map", found=f"shape {array.shape}", needed="(H, W)"
            )
        # A doubled map has four values a pixel, and a frame.
        check_shape(int(array.shape[0]), int(array.shape[1]), label, 5 * max_pixels)


def _colored(label: str, found: str) -> ImageError:
    return ImageError(
        f"{label} is no label image",
        found=found,
        needed="one channel: gray, or a palette whose indices are the labels",
        hint="save the labels as gray or palette PNG, or as npz",
    )
