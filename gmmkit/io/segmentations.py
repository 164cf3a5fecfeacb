"""Segmentations and annotations in files: BSDS ``.mat``, label images and NumPy archives.

Label images are read as numbers: the indices of a palette, never its colors. Which number is no
label but an excluded pixel is what the file itself says, or none.
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
from gmmkit.io.pixels import check_pixels, check_shape
from gmmkit.io.png import EXCLUDED_KEYWORD, check_png, read_png_header
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
_INT32 = np.iinfo(np.int32)
_MOST_DIGITS = 5


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
        `ucm2`; PNG or TIFF with one channel. Every value there is a label, but for transparent
        colors of a palette, pixels with alpha 0, the value that a TIFF's tag GDAL_NODATA names, and
        the one that a PNG's text "gmmkit-excluded" names: those become -1. So what
        `gmmkit.image.export` wrote is read back as it was.
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
        If it is damaged, holds no segmentation of the kind asked for, or labels in an image are
        beyond int32.

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
    array, use = _read_values(payload, path, kind, max_pixels)
    if array.ndim != 2:
        raise _colored(str(path), f"{array.shape[2]} channels")
    if array.dtype.kind == "f":
        array = check_pixels(array, str(path))
    if kind == "strength" or (kind == "auto" and array.dtype.kind == "f"):
        top = 1.0 if array.dtype.kind in "fb" else float(np.iinfo(array.dtype).max)
        return (), array / top
    return (_with_exclusions(_whole(array, str(path)), use, str(path)),), None


def _read_values(
    payload: bytes, path: Path, kind: Kind, max_pixels: int
) -> tuple[Array, Array | None]:
    """Return the numbers in an image, and which of them are not excluded if any are."""
    found = sniff_format(payload[:SNIFFED_BYTES], str(path))
    if found == "PNG":
        return _read_png(payload, str(path), max_pixels)
    # A picture of strengths is looked at; the numbers of labels need not be ones that can be.
    if found == "TIFF" and kind != "strength":
        from gmmkit.io.tiff import read_stored_values

        return read_stored_values(BytesIO(payload), path, max_pixels=max_pixels)
    from gmmkit.io.image import read_image

    picture = read_image(path, max_pixels=max_pixels)
    return picture.pixels, picture.mask


def _with_exclusions(labels: Array, use: Array | None, label: str) -> Array:
    """Return labels as int32, -1 where excluded; those of that type's range alone."""
    counted = labels if use is None else labels[use]
    for found in (int(counted.min()), int(counted.max())) if counted.size else ():
        if not _INT32.min <= found <= _INT32.max:
            raise ImageError(
                f"{label} has labels that are too large",
                found=f"label {found}",
                needed=f"at most {_INT32.max}",
                hint="number the regions anew; if it means excluded pixels, make it -1, or name it "
                "in the tag GDAL_NODATA",
            )
    numbers = labels.astype(np.int32)
    return numbers if use is None else np.where(use, numbers, np.int32(-1))


def _read_png(payload: bytes, label: str, max_pixels: int) -> tuple[Array, Array | None]:
    """Return gray values or indices of a palette, and which of them are not excluded."""
    from PIL.PngImagePlugin import PngImageFile

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
    excluded = _named_exclusion(image.info.get(EXCLUDED_KEYWORD), label)
    if header.color == _PALETTE:
        excluded += _transparent(image.info.get("transparency"))
    return array, ~np.isin(array, excluded) if excluded else None


def _transparent(alpha: object) -> list[int]:
    """Return the indices of a palette that are transparent; Pillow gives one, or alpha of each."""
    if isinstance(alpha, bytes):
        return [index for index, each in enumerate(alpha) if not each]
    return [alpha] if isinstance(alpha, int) else []


def _named_exclusion(text: object, label: str) -> list[int]:
    """Return the value that gmmkit's own gray pictures name as the one of excluded pixels."""
    if not isinstance(text, str):
        return []
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise ImageError(
            f"{label} does not say which value is excluded",
            found=f"{text[:40]!r} as its text {EXCLUDED_KEYWORD!r}",
            needed=f"a whole number of at most {_MOST_DIGITS} digits",
        )
    return [int(text)]


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
