"""COCO documents come in: checked JSON, run lengths that fit their image, never a polygon guess."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.errors import GmmkitError, InputError, ParameterError
from gmmkit.io.pixels import check_shape
from gmmkit.io.reading import read_regular_file
from gmmkit.io.run_lengths import Counts, rle_counts, rle_decode

_LARGEST_FILE = 1 << 30
_FIELDS: dict[str, dict[str, type]] = {
    "images": {"id": int, "file_name": str, "height": int, "width": int},
    "annotations": {"image_id": int, "category_id": int},
    "categories": {"id": int, "name": str},
}


@dataclass(frozen=True, eq=False)
class CocoFile:
    """A COCO document that was read.

    Parameters
    ----------
    path : Path
        Where it was read.
    images, annotations, categories : tuple of dict
        As they stand in the file.
    max_pixels : int
        The largest image that is decoded.

    Examples
    --------
    >>> CocoFile(Path("a.json"), (), (), (), 100).file_names
    ()
    """

    path: Path
    images: tuple[dict[str, Any], ...] = field(repr=False)
    annotations: tuple[dict[str, Any], ...] = field(repr=False)
    categories: tuple[dict[str, Any], ...] = field(repr=False)
    max_pixels: int = field(default=128_000_000, repr=False)

    @property
    def file_names(self) -> tuple[str, ...]:
        """The names of the pictures, in the order of the file."""
        return tuple(str(image["file_name"]) for image in self.images)

    def masks(self, file_name: str) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
        """Return the category and the mask of each annotation of an image.

        Parameters
        ----------
        file_name : str
            One of `file_names`.

        Yields
        ------
        tuple of str and ndarray of shape (H, W)
            In the order of the file.

        Raises
        ------
        InputError
            If there is no such image, or an annotation is a polygon or does not fit it.

        Examples
        --------
        >>> list(CocoFile(Path("a.json"), ({"id": 1, "file_name": "a.png", "height": 2,
        ...                                 "width": 2},), (), (), 100).masks("a.png"))
        []
        """
        image = self._image(file_name)
        names = {category["id"]: str(category["name"]) for category in self.categories}
        shape = image["height"], image["width"]
        check_shape(*shape, f"{file_name} in {self.path}", self.max_pixels)
        for annotation in self.annotations:
            if annotation["image_id"] == image["id"]:
                mask = self._mask(annotation, shape)
                yield names.get(annotation["category_id"], ""), mask

    def labels(self, file_name: str) -> npt.NDArray[np.int32]:
        """Return the annotations of an image as one map.

        Parameters
        ----------
        file_name : str
            One of `file_names`.

        Returns
        -------
        ndarray of shape (H, W)
            int32: the label that gmmkit wrote beside an annotation, or else its place among those
            of the image; -1 where there is none. The later of two that overlap wins.

        Raises
        ------
        InputError
            As `masks`.

        Examples
        --------
        >>> CocoFile(Path("a.json"), ({"id": 1, "file_name": "a.png", "height": 1,
        ...                            "width": 2},), (), (), 100).labels("a.png").tolist()
        [[-1, -1]]
        """
        image = self._image(file_name)
        own = [item for item in self.annotations if item["image_id"] == image["id"]]
        check_shape(image["height"], image["width"], f"{file_name} in {self.path}", self.max_pixels)
        labels = np.full((image["height"], image["width"]), -1, dtype=np.int32)
        masks = self.masks(file_name)
        for place, (annotation, (_, mask)) in enumerate(zip(own, masks, strict=True)):
            labels[mask] = self._label(annotation, place)
        return labels

    def _image(self, file_name: str) -> dict[str, Any]:
        found = next((image for image in self.images if image["file_name"] == file_name), None)
        if found is None:
            raise ParameterError(
                f"{self.path} has no image {file_name!r}",
                found=", ".join(self.file_names[:5]) or "none",
                needed="one of its images",
            )
        return found

    def _label(self, annotation: dict[str, Any], place: int) -> int:
        label = annotation.get("label", place)
        if type(label) is int and 0 <= label <= np.iinfo(np.int32).max:
            return label
        raise InputError(
            f"annotation {annotation.get('id')} of {self.path} has no usable label",
            found=f"{label!r:.60}",
            needed="a whole number from 0",
        )

    def _mask(self, annotation: dict[str, Any], shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
        number = annotation.get("id")
        try:
            return rle_decode(_counts(annotation.get("segmentation"), shape), shape)
        except GmmkitError as error:
            problem = f"annotation {number} of {self.path}: {error.problem}"
            raise error.reworded(problem=problem) from error


def read_coco(path: str | os.PathLike[str], *, max_pixels: int = 128_000_000) -> CocoFile:
    """Read a COCO document with run-length annotations.

    Parameters
    ----------
    path : str or path-like
        A JSON file of at most a gigabyte.
    max_pixels : int
        The largest image that is decoded later.

    Returns
    -------
    CocoFile

    Raises
    ------
    FileAccessError
        If it cannot be read.
    InputError
        If it is no COCO document.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.json"
    ...     _ = path.write_text('{"images": [], "annotations": [], "categories": []}')
    ...     read_coco(path).file_names
    ()
    """
    document = _parsed(read_regular_file(path, _LARGEST_FILE), str(path))
    parts = {part: _records(document, part, str(path)) for part in _FIELDS}
    return CocoFile(Path(path), **parts, max_pixels=max_pixels)


def _parsed(payload: bytes, label: str) -> dict[str, Any]:
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise _no_document(label, f"{error}") from error
    if not isinstance(document, dict):
        raise _no_document(label, f"a JSON {type(document).__name__}")
    return document


def _records(document: dict[str, Any], part: str, label: str) -> tuple[dict[str, Any], ...]:
    records = document.get(part)
    if not isinstance(records, list):
        raise _no_document(label, f"no list {part!r}")
    for place, record in enumerate(records):
        for name, kind in _FIELDS[part].items():
            value = record.get(name) if isinstance(record, dict) else None
            if not isinstance(value, kind) or isinstance(value, bool):
                raise _no_document(label, f"{part}[{place}] without a usable {name!r}")
    return tuple(records)


def _counts(segmentation: Any, shape: tuple[int, int]) -> Counts | list[Any]:
    if not isinstance(segmentation, dict) or "counts" not in segmentation:
        raise InputError(
            "it is kept as a polygon or not at all",
            found=type(segmentation).__name__,
            needed="run lengths, {size, counts}",
            hint="convert it with pycocotools.mask.frPyObjects",
        )
    if segmentation.get("size") != list(shape):
        raise InputError(
            "its size is not that of the image",
            found=f"{segmentation.get('size')!r:.60}",
            needed=f"{list(shape)}",
        )
    counts = segmentation["counts"]
    if isinstance(counts, str):
        return rle_counts(counts)
    if isinstance(counts, list) and all(type(count) is int for count in counts):
        return counts
    raise InputError("its counts are none", found=f"{counts!r:.60}", needed="a text or a list")


def _no_document(label: str, found: str) -> InputError:
    return InputError(
        f"{label} is no COCO document",
        found=found,
        needed="JSON with lists of images, annotations and categories",
    )
