"""The finest regions of a picture, and what is known of them and of their borders.

The watershed of the boundary strength gives small regions whose borders follow its ridges; sums
over every region and every border are all that merging needs.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage import segmentation

from gmmkit.image.hierarchy.compiled import filters
from gmmkit.image.hierarchy.cues import N_DIRECTIONS, gaussian_taps
from gmmkit.image.hierarchy.working import WorkingPicture
from gmmkit.image.pixels import BoolArray, Float32Array, Float64Array, Int32Array

Int64Array = npt.NDArray[np.int64]

# The strength is blurred by this before it is flooded, in pixels.
_BLUR = 1.0
_DIGITS = 6


@dataclass(frozen=True, eq=False)
class RegionGraph:
    """Regions, which of them are neighbors, and sums over both.

    Parameters
    ----------
    labels : ndarray of shape (h, w)
        int32, 0 to n-1, or -1 where a pixel is excluded; every region is connected.
    regions : ndarray of shape (n, R)
        Sums over the pixels of each region, as `judgement` says.
    pairs : ndarray of shape (E, 2)
        Neighbors, the lower number first.
    borders : ndarray of shape (E, C + 1)
        Sums over the edges between two pixels along each border, and how many there are.
    """

    labels: Int32Array
    regions: Float64Array
    pairs: Int64Array
    borders: Float64Array


def finest_regions(strength: Float32Array, mask: BoolArray | None) -> Int32Array:
    """Return the watershed regions of a map of boundary strength.

    Parameters
    ----------
    strength : ndarray of shape (h, w)
    mask : ndarray of shape (h, w) or None
        True where a pixel counts.

    Returns
    -------
    ndarray of shape (h, w)
        int32; every region is connected through the sides of pixels.

    References
    ----------
    S. Beucher and F. Meyer, "The morphological approach to segmentation: the watershed
    transformation", in Mathematical Morphology in Image Processing (1993).

    Examples
    --------
    >>> ridge = np.zeros((9, 20), np.float32)
    >>> ridge[:, 10] = 1
    >>> int(finest_regions(ridge, None).max())
    1
    """
    # Rounded, so that a flat map stays flat: the last bits of a sum depend on where it is.
    blurred = np.round(filters.blur(strength, gaussian_taps(_BLUR)), _DIGITS)
    lowest = blurred == ndimage.minimum_filter(blurred, size=3)
    if mask is not None:
        # A region without a lowest pixel of its own, cut off by excluded ones, needs a marker too.
        lowest = (lowest & mask) | _first_pixels(mask)
    markers = ndimage.label(lowest)[0]
    flooded = segmentation.watershed(  # type: ignore[no-untyped-call]
        blurred, markers, connectivity=1, mask=mask
    )
    labels: Int32Array = flooded.astype(np.int32) - 1
    return labels


def _first_pixels(mask: BoolArray) -> BoolArray:
    """Return one pixel of every connected part of a mask."""
    parts = ndimage.label(mask)[0].ravel()
    first = np.zeros(parts.size, dtype=bool)
    first[np.unique(parts, return_index=True)[1]] = True
    chosen: BoolArray = (first & (parts > 0)).reshape(mask.shape)
    return chosen


def region_graph(
    labels: Int32Array,
    picture: WorkingPicture,
    textons: Float32Array,
    cues: Float32Array,
    strengths: Float32Array,
) -> RegionGraph:
    """Sum up regions and borders.

    Parameters
    ----------
    labels : ndarray of shape (h, w)
    picture : WorkingPicture
    textons : ndarray of shape (K, h, w)
    cues : ndarray of shape (C, 8, h, w)
        A border reads them in the direction at right angles to itself.
    strengths : ndarray of shape (8, h, w)
        Two more cues of a border: in its direction, and in the strongest.

    Returns
    -------
    RegionGraph
    """
    edges = _edges_between(labels)
    keys = edges.low.astype(np.int64) * (int(labels.max()) + 1) + edges.high
    found, border = np.unique(keys, return_inverse=True)
    pairs = np.stack(np.divmod(found, int(labels.max()) + 1), axis=1)
    sums = _border_sums(edges, border, len(found), cues, strengths)
    return RegionGraph(labels, _region_sums(labels, picture, textons), pairs, sums)


@dataclass(frozen=True, eq=False)
class _Edges:
    """Pairs of touching pixels of two regions, by raster number, and which way across is up."""

    one: Int64Array
    other: Int64Array
    low: Int32Array
    high: Int32Array
    right: Float64Array
    down: Float64Array


def _edges_between(labels: Int32Array) -> _Edges:
    numbers, flat = np.arange(labels.size).reshape(labels.shape), labels.ravel()
    sides = [(numbers[:, :-1], numbers[:, 1:]), (numbers[:-1], numbers[1:])]
    one, other, down = (
        np.concatenate(each)
        for each in zip(*(_across(*side, flat, i) for i, side in enumerate(sides)), strict=True)
    )
    low, high = np.minimum(flat[one], flat[other]), np.maximum(flat[one], flat[other])
    # From the lower to the higher number, so that the parts of one border add up.
    sign = np.where(flat[one] == low, 1.0, -1.0)
    return _Edges(one, other, low, high, sign * (1 - down), sign * down)


def _across(
    one: Int64Array, other: Int64Array, flat: Int32Array, down: int
) -> tuple[Int64Array, Int64Array, Int64Array]:
    differ = (flat[one] != flat[other]) & (flat[one] >= 0) & (flat[other] >= 0)
    return one[differ], other[differ], np.full(int(differ.sum()), down)


def _border_sums(
    edges: _Edges, border: Int64Array, n_borders: int, cues: Float32Array, strengths: Float32Array
) -> Float64Array:
    right = np.bincount(border, edges.right, n_borders)
    down = np.bincount(border, edges.down, n_borders)
    turns = np.arctan2(down, right) / np.pi * N_DIRECTIONS
    direction = (np.rint(turns).astype(int) % N_DIRECTIONS)[border]
    columns = [
        (plane[direction, edges.one] + plane[direction, edges.other]) / 2
        for plane in cues.reshape(len(cues), N_DIRECTIONS, -1)
    ]
    flat, strongest = strengths.reshape(N_DIRECTIONS, -1), strengths.max(axis=0).ravel()
    columns.append(np.maximum(flat[direction, edges.one], flat[direction, edges.other]))
    columns.append(np.maximum(strongest[edges.one], strongest[edges.other]))
    sums = [np.bincount(border, column, n_borders) for column in columns]
    return np.stack([*sums, np.bincount(border, minlength=n_borders).astype(float)], axis=1)


def _region_sums(
    labels: Int32Array, picture: WorkingPicture, textons: Float32Array
) -> Float64Array:
    height, width = picture.shape
    longer = max(height, width)
    y = np.repeat((np.arange(height) + 0.5) / longer, width)
    x = np.tile((np.arange(width) + 0.5) / longer, height)
    appearance = picture.planes.reshape(len(picture.planes), -1)
    columns = [y, x, *appearance, *(appearance**2), *textons.reshape(len(textons), -1)]
    # Excluded pixels are numbered 0, and that row is left out.
    numbers = labels.ravel() + 1
    count = int(numbers.max()) + 1
    sums = [np.bincount(numbers, column, count) for column in columns]
    return np.stack([np.bincount(numbers, minlength=count).astype(float), *sums], axis=1)[1:]
