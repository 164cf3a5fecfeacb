"""Regions as polygons along the edges of their pixels, for QuPath and geographic programs."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.image.export.labeled import Labeled, as_label_map
from gmmkit.image.pixels import Int32Array

Ring = list[list[int]]
_Places = npt.NDArray[np.int64]

# East, south, west and north, y going down: the steps along the top, the right, the bottom and the
# left side of a pixel; which neighbor, by row and column, is beyond; the corner to begin at.
_STEPS = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])
_BEYOND = ((-1, 0), (0, 1), (1, 0), (0, -1))
_CORNERS = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])


def outlines_geojson(labels: Labeled) -> str:
    """Return the outlines of classes or regions as GeoJSON (RFC 7946), exact to the pixel.

    Parameters
    ----------
    labels : Segmentation, LabelMap or array_like of shape (H, W)
        Whole numbers from 0; -1 where a pixel is excluded.

    Returns
    -------
    str
        A FeatureCollection with a Polygon or MultiPolygon for each label, in pixels: (0, 0) is the
        upper left corner of the picture, x to the right and y down, as QuPath has it. Pixels that
        touch with a corner alone are in different polygons. Takes about 30 bytes a pixel of memory.

    Examples
    --------
    >>> feature, = json.loads(outlines_geojson([[0, 0]]))["features"]
    >>> feature["geometry"]["coordinates"]
    [[[[0, 0], [2, 0], [2, 1], [0, 1], [0, 0]]]]
    """
    label_map = as_label_map(labels)
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "MultiPolygon", "coordinates": polygons},
            "properties": {
                "objectType": "annotation",
                "label": label,
                "name": label_map.names[label],
                "area": int(label_map.areas[label]),
                "classification": {
                    "name": label_map.names[label] if label_map.noun == "class" else "region",
                    "color": label_map.palette[label].tolist(),
                },
            },
        }
        for label, polygons in sorted(outlines(label_map.labels).items())
    ]
    document = {"type": "FeatureCollection", "features": features}
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False) + "\n"


def outlines(labels: Int32Array) -> dict[int, list[list[Ring]]]:
    """Return the polygons of every label: an outer ring and its holes for each connected part.

    Parameters
    ----------
    labels : ndarray of shape (H, W)
        -1 where a pixel is excluded.

    Returns
    -------
    dict of int to list
        Rings are closed lists of [x, y]; outer ones have a positive area by the shoelace formula,
        holes a negative one.

    Examples
    --------
    >>> ring = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]], np.int32)
    >>> outlines(ring)[0]
    [[[[0, 0], [3, 0], [3, 3], [0, 3], [0, 0]], [[1, 1], [1, 2], [2, 2], [2, 1], [1, 1]]]]
    """
    from skimage.measure import label as connected

    parts: npt.NDArray[Any] = connected(labels, background=-1, connectivity=1)  # type: ignore[no-untyped-call]
    rings = defaultdict(list)
    for part, pixel, ring in _rings(parts):
        rings[int(labels.flat[pixel]), part].append(ring)
    polygons: dict[int, list[list[Ring]]] = defaultdict(list)
    for (label, _), found in rings.items():
        polygons[label].append(sorted(found, key=_area, reverse=True))
    return dict(polygons)


@dataclass(frozen=True)
class _Sides:
    """The sides of pixels between different parts, by part, corner to begin at, and direction."""

    part: _Places
    pixel: _Places
    corner: _Places
    direction: _Places
    n_corners: int

    @property
    def key(self) -> _Places:
        """The number by which a side is found."""
        return self.find(self.part, self.corner, self.direction)

    def find(self, part: _Places, corner: _Places, direction: _Places) -> _Places:
        """Return the key of the side of a part that begins at a corner in a direction."""
        return (part * self.n_corners + corner) * 4 + direction

    def sorted(self) -> "_Sides":
        """Return the same sides, by rising keys."""
        order = np.argsort(self.key)
        return _Sides(
            self.part[order],
            self.pixel[order],
            self.corner[order],
            self.direction[order],
            self.n_corners,
        )


def _rings(parts: npt.NDArray[Any]) -> Iterator[tuple[int, int, Ring]]:
    """Walk around every part: its number, one of its pixels, and the corners of a ring."""
    sides, stride = _sides(parts), parts.shape[1] + 1
    follows = _followers(sides, stride)
    turns = (sides.direction != sides.direction[follows]).tolist()
    ends = (sides.corner + (_STEPS @ [1, stride])[sides.direction]).tolist()
    following, waiting = follows.tolist(), [True] * len(ends)
    for first in range(len(ends)):
        if waiting[first]:
            ring, side = [], first
            while waiting[side]:
                waiting[side] = False
                if turns[side]:
                    ring.append([ends[side] % stride, ends[side] // stride])
                side = following[side]
            # Begin at the corner that ends the last straight line.
            ring = [ring[-1], *ring]
            yield int(sides.part[first]), int(sides.pixel[first]), ring


def _sides(parts: npt.NDArray[Any]) -> _Sides:
    height, width = parts.shape
    padded = np.pad(parts.astype(np.int64), 1)
    inner, found = padded[1:-1, 1:-1], []
    for direction, (down, right) in enumerate(_BEYOND):
        beyond = padded[1 + down : 1 + down + height, 1 + right : 1 + right + width]
        rows, columns = np.nonzero((inner != beyond) & (inner > 0))
        corner_x, corner_y = _CORNERS[direction]
        corners = (rows + corner_y) * (width + 1) + columns + corner_x
        part, pixels = inner[rows, columns], rows * width + columns
        found.append(np.stack([part, pixels, corners, np.full_like(part, direction)]))
    table = np.concatenate(found, axis=1)
    part, pixels, corners, directions = table
    sides = _Sides(part, pixels, corners, directions, (height + 1) * (width + 1))
    return sides.sorted()


def _followers(sides: _Sides, stride: int) -> _Places:
    """Return the side that follows each: away from the part, straight on, or around its pixel.

    Where two pixels touch with a corner the walk stays with what lies outside, so that a ring
    never touches itself (simple features: a hole may touch its outer ring, at a point).
    """
    keys, ends = sides.key, sides.corner + (_STEPS @ [1, stride])[sides.direction]
    follows = np.full(len(keys), -1)
    for turn in (-1, 0, 1):
        wanted = sides.find(sides.part, ends, (sides.direction + turn) % 4)
        places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        hit = (follows < 0) & (keys[places] == wanted)
        follows[hit] = places[hit]
    return follows


def _area(ring: Ring) -> float:
    x, y = np.array(ring, dtype=float).T
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) / 2)
