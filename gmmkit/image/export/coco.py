"""Labels as COCO annotations: one for each label and image, its pixels as run lengths."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gmmkit.errors import ParameterError
from gmmkit.image.export.labeled import Labeled, as_label_map
from gmmkit.image.pixels import Int32Array
from gmmkit.io.run_lengths import Counts, rle_text

Annotation = dict[str, Any]

_STRIP_COLUMNS = 256


@dataclass(frozen=True)
class CocoImage:
    """One image of a COCO document, its pixels already run lengths.

    Parameters
    ----------
    file_name : str
        Of the picture.
    height, width : int
        In pixels.
    categories : tuple of str
        What the annotations may be of.
    annotations : tuple of dict
        One for each label that has a pixel: all of an annotation but its numbers, and
        ``category``, an index into `categories`.

    Examples
    --------
    >>> coco_image([[0, 1]], "two.png").categories
    ('region',)
    """

    file_name: str
    height: int
    width: int
    categories: tuple[str, ...]
    annotations: tuple[Annotation, ...] = field(repr=False)


def coco_image(labels: Labeled, file_name: str, *, compressed: bool = True) -> CocoImage:
    """Return what a COCO document says of one image.

    Parameters
    ----------
    labels : Segmentation, LabelMap or array_like of shape (H, W)
        Classes become categories; regions are instances of one category "region".
    file_name : str
        Of the picture.
    compressed : bool
        Write run lengths as compressed text, as pycocotools does, rather than as numbers.

    Returns
    -------
    CocoImage

    Examples
    --------
    >>> coco_image([[0, 1], [0, 1]], "two.png").annotations[1]["bbox"]
    [1, 0, 1, 2]
    """
    label_map = as_label_map(labels)
    height, width = label_map.labels.shape
    regions = label_map.noun == "region"
    annotations = tuple(
        _annotation(label, counts, (height, width), compressed=compressed)
        | {"category": 0 if regions else label}
        for label, counts in run_lengths(label_map.labels)
    )
    categories = ("region",) if regions else label_map.names
    return CocoImage(file_name, height, width, categories, annotations)


def coco_json(images: CocoImage | Sequence[CocoImage]) -> str:
    """Return a COCO document.

    Parameters
    ----------
    images : CocoImage or sequence of CocoImage
        From `coco_image`, all with the same categories up to the number of classes found.

    Returns
    -------
    str
        JSON. Images, categories and annotations are numbered from 1, as COCO's tools want; each
        annotation tells its own label beside, counted from 0.

    Raises
    ------
    ParameterError
        If a category means different things in two images.

    Examples
    --------
    >>> document = json.loads(coco_json([coco_image([[0, 1]], "a.png")]))
    >>> sorted(document), len(document["annotations"])
    (['annotations', 'categories', 'images', 'info'], 2)
    """
    given = [images] if isinstance(images, CocoImage) else list(images)
    categories = _common_categories(given)
    document = {
        "info": {"description": "segmented by gmmkit"},
        "images": [
            {"id": i, "file_name": image.file_name, "height": image.height, "width": image.width}
            for i, image in enumerate(given, 1)
        ],
        "categories": [{"id": i, "name": name} for i, name in enumerate(categories, 1)],
        "annotations": list(_numbered(given)),
    }
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False) + "\n"


def run_lengths(labels: Int32Array) -> Iterator[tuple[int, Counts]]:
    """Return the run lengths of every label that has a pixel, by label.

    Parameters
    ----------
    labels : ndarray of shape (H, W)
        -1 where a pixel is excluded.

    Yields
    ------
    tuple of int and ndarray
        The label, and its counts as `gmmkit.io.run_lengths.rle_encode` gives them.

    Examples
    --------
    >>> [(label, counts.tolist()) for label, counts in run_lengths(np.array([[0, 1, 0]], np.int32))]
    [(0, [0, 1, 1, 1]), (1, [1, 1, 1])]
    """
    run_labels, starts = _runs(labels)
    stops = np.append(starts[1:], labels.size)
    order = np.argsort(run_labels, kind="stable")
    run_labels, starts, stops = run_labels[order], starts[order], stops[order]
    firsts = np.flatnonzero(np.append(True, run_labels[1:] != run_labels[:-1]))
    for first, last in zip(firsts, np.append(firsts[1:], len(order)), strict=True):
        if run_labels[first] >= 0:
            ends = np.stack([starts[first:last], stops[first:last]], axis=1).ravel()
            counts = np.diff(ends, prepend=0, append=labels.size)
            yield int(run_labels[first]), counts if counts[-1] else counts[:-1]


def _runs(labels: Int32Array) -> tuple[Int32Array, Counts]:
    """Return the label and the place of the first pixel of every run, column by column."""
    height, width = labels.shape
    kinds, starts = [], []
    # Strips of columns, because a large map is not to be turned as a whole.
    for left in range(0, width, _STRIP_COLUMNS):
        flat = labels[:, left : left + _STRIP_COLUMNS].T.ravel()
        places = np.append(0, np.flatnonzero(flat[1:] != flat[:-1]) + 1)
        kinds.append(flat[places])
        starts.append(places + left * height)
    run_labels, firsts = np.concatenate(kinds), np.concatenate(starts)
    new = np.append(True, run_labels[1:] != run_labels[:-1])
    return run_labels[new], firsts[new]


def _annotation(
    label: int, counts: Counts, shape: tuple[int, int], *, compressed: bool
) -> Annotation:
    return {
        "label": label,
        "segmentation": {
            "size": list(shape),
            "counts": rle_text(counts) if compressed else counts.tolist(),
        },
        "area": int(counts[1::2].sum()),
        "bbox": _bounding_box(counts, shape[0]),
        "iscrowd": 0,
    }


def _bounding_box(counts: Counts, height: int) -> list[int]:
    """Return left, top, width and height from run lengths alone."""
    ends = np.cumsum(counts)
    first, last = ends[:-1:2] if len(counts) % 2 else ends[::2], ends[1::2] - 1
    left, right = first // height, last // height
    # A run that goes on into another column reaches both the bottom and the top.
    whole = bool((left != right).any())
    top = 0 if whole else int((first % height).min())
    bottom = height - 1 if whole else int((last % height).max())
    return [
        int(left.min()),
        top,
        int(right.max() - left.min()) + 1,
        bottom - top + 1,
    ]


def _common_categories(images: Sequence[CocoImage]) -> tuple[str, ...]:
    """Return the categories of all; an image may know fewer of them than another."""
    longest = max((image.categories for image in images), key=len, default=())
    for image in images:
        if image.categories != longest[: len(image.categories)]:
            raise ParameterError(
                f"the categories of {image.file_name} are not those of the other images",
                found=", ".join(image.categories),
                needed=", ".join(longest[: len(image.categories)]),
                hint="write one document for each",
            )
    return longest


def _numbered(images: Sequence[CocoImage]) -> Iterator[Annotation]:
    number = 0
    for image_number, image in enumerate(images, 1):
        for annotation in image.annotations:
            number += 1
            plain = {key: value for key, value in annotation.items() if key != "category"}
            category = annotation["category"] + 1
            yield {"id": number, "image_id": image_number, "category_id": category} | plain
