"""A table of what each class or region is like, summed strip by strip in memory that stays flat."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.image.export.labeled import Labeled, LabelMap, as_label_map, sums_by_label
from gmmkit.image.pixels import Float64Array, ImageLike, Int32Array, Raster

Columns = dict[str, npt.NDArray[Any]]
Places = npt.NDArray[np.intp]

# Labels beyond the border of the picture: another than any, and than that of excluded pixels.
_OUTSIDE = -2
_COLOR_BANDS = ("red", "green", "blue")
# What a border pixel adds to the perimeter, by how many border pixels touch it with an edge and how
# many with a corner; combinations that are not there add nothing.
_WEIGHTS = np.zeros((5, 5))
_WEIGHTS[[2, 3, 2, 3, 2, 3], [0, 0, 1, 1, 2, 2]] = 1
_WEIGHTS[[0, 1], [2, 3]] = 2**0.5
_WEIGHTS[[1, 1], [1, 2]] = (1 + 2**0.5) / 2


def region_table(labels: Labeled, image: "ImageLike | None" = None) -> Columns:
    """Return what each class or region is like, as columns of a table.

    Lengths are in pixels, positions are those of pixel centers counted from 0, x to the right and
    y down. Shapes are those of `skimage.measure.regionprops`.

    Parameters
    ----------
    labels : Segmentation, LabelMap or array_like of shape (H, W)
        Whole numbers from 0; -1 where a pixel is excluded.
    image : array_like, Picture, str or Path, optional
        The picture, for the mean of each band; a Segmentation brings its own.

    Returns
    -------
    dict of str to ndarray of shape (n,)
        A row for each label that has a pixel. ``label``; ``name``; ``area``; ``share`` of the
        pixels that have a label; ``left``, ``top``, ``width``, ``height`` of the bounding box;
        ``centroid_x``, ``centroid_y``; ``major_axis``, ``minor_axis``, ``eccentricity`` and
        ``orientation`` (radians from the vertical, counterclockwise) of the ellipse with the same
        second moments; ``perimeter`` (Benkrid and Crookes 2000); ``neighbors``, how many other
        labels share an edge with it; ``touches_border``; and the mean of each band in the
        picture's own units, ``mean_red`` and so on.

    Raises
    ------
    InputError
        If the labels are no such map, or the picture has another size.

    Examples
    --------
    >>> table = region_table([[0, 0, 1], [0, 0, 1]])
    >>> table["area"].tolist(), table["perimeter"].tolist(), table["neighbors"].tolist()
    ([4, 2], [4.0, 0.0], [1, 1])
    """
    label_map = as_label_map(labels, image)
    present = np.flatnonzero(label_map.areas)
    columns = {
        "label": np.arange(label_map.count),
        "name": np.array(label_map.names, dtype=object),
        "area": label_map.areas,
        "share": label_map.shares,
        **_places_and_shapes(label_map),
        "perimeter": _perimeters(label_map),
        "neighbors": _neighbor_counts(label_map),
        "touches_border": _at_border(label_map),
        **_means(label_map),
    }
    return {name: column[present] for name, column in columns.items()}


def _places_and_shapes(label_map: LabelMap) -> Columns:
    """Return bounding boxes, centroids, and ellipses of the same second moments."""
    count, (height, width) = label_map.count, label_map.labels.shape
    sums = np.zeros((5, count))
    first, last = np.full((2, count), max(height, width)), np.full((2, count), -1)
    for strip in label_map.strips():
        labels, rows, starts, stops = _runs(label_map.labels[strip], strip.start)
        for index, terms in enumerate(_moments(rows, starts, stops)):
            sums[index] += np.bincount(labels, weights=terms, minlength=count)
        for index, (low, high) in enumerate(((rows, rows), (starts, stops - 1))):
            np.minimum.at(first[index], labels, low)
            np.maximum.at(last[index], labels, high)
    y, x, yy, xx, yx = sums / np.maximum(label_map.areas, 1)
    box = {
        "left": first[1],
        "top": first[0],
        "width": last[1] - first[1] + 1,
        "height": last[0] - first[0] + 1,
    }
    # Rounding leaves a variance of nothing this side or that of zero.
    variances = np.maximum(yy - y * y, 0), np.maximum(xx - x * x, 0)
    return box | {"centroid_x": x, "centroid_y": y} | _ellipses(*variances, yx - y * x)


def _runs(labels: Int32Array, first_row: int) -> tuple[Int32Array, Places, Places, Places]:
    """Return label, row, first column and end of every run of one label in a row."""
    new = np.ones(labels.shape, dtype=bool)
    new[:, 1:] = labels[:, 1:] != labels[:, :-1]
    rows, starts = np.nonzero(new)
    stops = np.append(starts[1:], 0)
    stops[stops == 0] = labels.shape[1]
    kinds = labels[rows, starts]
    used = kinds >= 0
    return kinds[used], rows[used] + first_row, starts[used], stops[used]


def _moments(rows: Places, starts: Places, stops: Places) -> Iterator[Float64Array]:
    """Return the sums of y, x, y², x² and y x over each run."""
    lengths = stops - starts
    x = (starts + stops - 1) * lengths / 2
    yield rows * lengths
    yield x
    yield rows * rows * lengths
    # The squares below n add up to (n - 1) n (2 n - 1) / 6.
    yield _squares_below(stops) - _squares_below(starts)
    yield rows * x


def _squares_below(number: Places) -> Float64Array:
    squares: Float64Array = (number - 1) * number * (2 * number - 1) / 6
    return squares


def _ellipses(rows: Float64Array, columns: Float64Array, mixed: Float64Array) -> Columns:
    """Return axes and angles from central second moments (eigenvalues of a 2 × 2 matrix)."""
    middle, spread = (rows + columns) / 2, np.hypot((rows - columns) / 2, mixed)
    major, minor = middle + spread, np.maximum(middle - spread, 0)
    ratio = np.divide(minor, major, out=np.ones_like(major), where=major > 0)
    return {
        "major_axis": 4 * np.sqrt(major),
        "minor_axis": 4 * np.sqrt(minor),
        "eccentricity": np.sqrt(1 - ratio),
        "orientation": np.arctan2(2 * mixed, rows - columns) / 2,
    }


def _perimeters(label_map: LabelMap) -> Float64Array:
    """Sum the weights of border pixels, by how their border goes on (Benkrid and Crookes 2000)."""
    perimeters = np.zeros(label_map.count)
    for strip in label_map.strips():
        labels, weights = _border_weights(_with_halo(label_map.labels, strip, 2))
        perimeters += np.bincount(labels, weights=weights, minlength=label_map.count)
    return perimeters


def _with_halo(labels: Int32Array, strip: slice, halo: int) -> Int32Array:
    top, bottom = max(0, strip.start - halo), min(len(labels), strip.stop + halo)
    missing = (halo - (strip.start - top), halo - (bottom - strip.stop))
    return np.pad(labels[top:bottom], (missing, (halo, halo)), constant_values=_OUTSIDE)


def _border_weights(padded: Int32Array) -> tuple[Int32Array, Float64Array]:
    """Return the label and the weight of each border pixel that is not in the halo of two."""
    width = padded.shape[1]
    flat = padded.ravel()
    border = np.zeros(padded.shape, dtype=bool)
    inner = padded[1:-1, 1:-1]
    for other in (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]):
        border[1:-1, 1:-1] |= inner != other
    border &= padded >= 0
    rows, columns = np.nonzero(border[2:-2, 2:-2])
    places = (rows + 2) * width + columns + 2
    labels, flags = flat[places], border.ravel()

    def going_on(*steps: int) -> Places:
        """Count in how many directions the border of the same label goes on."""
        same = [flags[places + step] & (flat[places + step] == labels) for step in steps]
        counts: Places = np.sum(same, axis=0)
        return counts

    beside = going_on(-1, 1, -width, width)
    diagonal = going_on(-width - 1, -width + 1, width - 1, width + 1)
    return labels, _WEIGHTS[beside, diagonal]


def _neighbor_counts(label_map: LabelMap) -> npt.NDArray[np.intp]:
    pairs = np.zeros(0, dtype=np.int64)
    for strip in label_map.strips():
        # The row above belongs to the strip, or edges between strips would be missed.
        part = label_map.labels[max(0, strip.start - 1) : strip.stop]
        beside = _pairs(part[:, :-1], part[:, 1:], label_map.count)
        below = _pairs(part[:-1], part[1:], label_map.count)
        pairs = np.unique(np.concatenate([pairs, beside, below]))
    both = np.concatenate(np.divmod(pairs, label_map.count))
    return np.bincount(both, minlength=label_map.count)


def _pairs(one: Int32Array, other: Int32Array, count: int) -> npt.NDArray[np.int64]:
    differ = (one != other) & (one >= 0) & (other >= 0)
    first, second = one[differ].astype(np.int64), other[differ]
    return np.unique(np.minimum(first, second) * count + np.maximum(first, second))


def _at_border(label_map: LabelMap) -> npt.NDArray[np.bool_]:
    labels = label_map.labels
    touches = np.zeros(label_map.count + 1, dtype=bool)
    for line in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        # The last entry answers to -1, the excluded pixels.
        touches[line] = True
    return touches[:-1]


def _means(label_map: LabelMap) -> Columns:
    raster = label_map.raster
    if raster is None:
        return {}
    sums = np.zeros((label_map.count, raster.n_channels))
    for strip in label_map.strips():
        sums += sums_by_label(raster.pixels[strip], label_map.labels[strip], label_map.count)
    means = sums / np.maximum(label_map.areas, 1)[:, None]
    return {f"mean_{name}": means[:, i] for i, name in enumerate(_band_names(raster))}


def _band_names(raster: Raster) -> tuple[str, ...]:
    if raster.colors:
        return _COLOR_BANDS
    if raster.n_channels == 1:
        return ("gray",)
    return tuple(f"band_{number}" for number in range(raster.n_channels))
