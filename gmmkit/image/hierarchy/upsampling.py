"""Regions found in a small copy of a picture, brought back to its full size along its own borders.

Every pixel near a border goes to the region of that neighbor in the small copy which is closest in
place and color (joint bilateral upsampling; Kopf, Cohen, Lischinski and Uyttendaele, 2007), and
what that cuts off from its region goes to a neighbor.
"""

import numpy as np
import numpy.typing as npt

from gmmkit.core.execution import threads
from gmmkit.image.hierarchy.compiled.enlargement import closest_regions
from gmmkit.image.hierarchy.working import WorkingPicture, shrunk
from gmmkit.image.parts import extents, grow_over, label_parts
from gmmkit.image.pixels import BoolArray, Float32Array, Int32Array, Raster, working_values

Int64Array = npt.NDArray[np.int64]

# Differences of color, in fractions of the whole range, that count like one pixel of the copy.
_COLOR_UNIT = 0.05
# Every thread holds so many pixels as floats.
_STRIP_PIXELS = 1 << 19


def enlarged(
    labels: Int32Array, picture: WorkingPicture, raster: Raster, n_threads: int | None = None
) -> Int32Array:
    """Return regions of a working picture as regions of the picture that it stands for.

    Parameters
    ----------
    labels : ndarray of shape (h, w)
    picture : WorkingPicture
    raster : Raster
        Of shape (H, W).
    n_threads : int, optional
        Has no influence on the result.

    Returns
    -------
    ndarray of shape (H, W)
        int32; every region is connected, and none is lost. What excluded pixels cut off from its
        region is one more region, numbered after the others.
    """
    if picture.factor == 1:
        return labels
    means = shrunk(raster, picture.factor).pixels
    whole = np.empty(raster.shape, np.int32)
    _assign(labels, means, raster, picture.factor, whole, n_threads)
    if raster.mask is not None:
        whole[~raster.mask] = -1
    _restore(whole, labels, picture.factor)
    _reconnect(whole)
    return whole


def _assign(
    labels: Int32Array,
    means: Float32Array,
    raster: Raster,
    factor: int,
    whole: Int32Array,
    n_threads: int | None,
) -> None:
    spread_of_values = float(means.max() - means.min())
    unit = np.float32(_COLOR_UNIT * max(spread_of_values, 1e-30))

    def fill(rows: slice) -> None:
        values = working_values(raster.pixels[rows])
        closest_regions(labels, means / unit, values / unit, rows.start, factor, whole[rows])

    with threads(n_threads) as executor:
        list(executor.map(fill, raster.strips(_STRIP_PIXELS)))


def _restore(whole: Int32Array, labels: Int32Array, factor: int) -> None:
    """Give regions that were left without a pixel their squares back.

    Excluded pixels take them, or the border of the picture, which may cut a square in half.
    """
    n_regions = int(labels.max()) + 1
    areas, _ = extents(whole, n_regions)
    for region in np.flatnonzero(areas == 0):
        for y, x in np.argwhere(labels == region):
            square = whole[y * factor : (y + 1) * factor, x * factor : (x + 1) * factor]
            square[square >= 0] = region


def _reconnect(whole: Int32Array) -> None:
    """Leave every region its largest connected part, and let neighbors grow over the others."""
    parts = label_parts(whole)
    areas, first = extents(parts, int(parts.max()) + 1)
    # The last entry answers to -1, the excluded pixels.
    regions = np.append(whole.ravel()[first], np.int32(-1))
    are_left = np.append(~_are_largest(areas, regions[:-1]), False)
    islands = grow_over(parts, are_left)
    regions[islands] = int(whole.max()) + 1 + np.arange(len(islands))
    for part, into in zip(parts, whole, strict=True):
        into[:] = regions[part]


def _are_largest(areas: Int64Array, regions: Int32Array) -> BoolArray:
    """Return which parts are the largest of their region; the last of several."""
    order = np.lexsort((areas, regions))
    are_largest = np.zeros(len(areas), dtype=bool)
    are_largest[order[np.append(np.diff(regions[order]) > 0, True)]] = True
    return are_largest
