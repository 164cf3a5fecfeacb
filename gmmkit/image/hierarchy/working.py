"""A picture at the size that the merging was learned at: five planes of appearance.

Borders that people draw do not depend on how many pixels a camera has. Pictures far above the size
of the photos that were learned from are averaged down to about that size; what is left of a
difference in size scales every radius.
"""

from dataclasses import dataclass, replace
from math import ceil, hypot

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from gmmkit.image.features import FeatureSet, parse_features
from gmmkit.image.labeling import feature_map
from gmmkit.image.pixels import BoolArray, Float32Array, Raster, working_values
from gmmkit.image.tiles import Tile

# The diagonal of a photo of 481 x 321 pixels, at which the radii are what the model says.
REFERENCE_DIAGONAL = hypot(481, 321)
LARGEST_SCALE = 1.5
_SMALLEST_SCALE = 0.5
# Standard deviation of what stands for lightness in bands, close to that of L in photos.
_BAND_DEVIATION = 20.0
_MIDDLE_LIGHTNESS = 50.0


@dataclass(frozen=True, eq=False)
class WorkingPicture:
    """What regions are found in.

    Parameters
    ----------
    planes : ndarray of shape (5, h, w)
        float32: lightness and two of color as in CIELAB, fine and coarse texture. Excluded pixels
        repeat the nearest one that counts.
    mask : ndarray of shape (h, w) or None
        True where a pixel counts; None when all do.
    scale : float
        By which radii are multiplied.
    factor : int
        How many pixels of the picture a pixel stands for, along each side.
    """

    planes: Float32Array
    mask: BoolArray | None
    scale: float
    factor: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.planes.shape[1], self.planes.shape[2]


def working_picture(raster: Raster, n_threads: int | None = None) -> WorkingPicture:
    """Return a picture at working size.

    Examples
    --------
    >>> from gmmkit.image.pixels import as_raster
    >>> picture = working_picture(as_raster(np.zeros((1000, 1500, 3), np.uint8)))
    >>> picture.factor, picture.shape
    (3, (334, 500))
    """
    factor = ceil(hypot(*raster.shape) / (LARGEST_SCALE * REFERENCE_DIAGONAL))
    reduced = shrunk(raster, factor)
    scale = max(hypot(*reduced.shape) / REFERENCE_DIAGONAL, _SMALLEST_SCALE)
    planes = np.moveaxis(_appearance(reduced, scale, n_threads), 2, 0)
    return WorkingPicture(_filled(planes, reduced.mask), reduced.mask, scale, factor)


def shrunk(raster: Raster, factor: int) -> Raster:
    """Return a raster of the means of squares of pixels, excluded ones left out.

    Parameters
    ----------
    raster : Raster
    factor : int
        The side of a square; those at the right and lower border may be cut.

    Returns
    -------
    Raster
        float32; a pixel counts if any of its square does.
    """
    if factor == 1:
        return raster
    # A whole number of squares at a time, so that a large picture is never held as floats.
    strips = [
        _strip_means(raster, slice(start, start + 16 * factor), factor)
        for start in range(0, raster.shape[0], 16 * factor)
    ]
    pixels = np.concatenate([means for means, _ in strips])
    mask = None if raster.mask is None else np.concatenate([counts > 0 for _, counts in strips])
    return replace(raster, pixels=pixels, mask=mask)


def _strip_means(
    raster: Raster, rows: slice, factor: int
) -> tuple[Float32Array, npt.NDArray[np.float32]]:
    mask = None if raster.mask is None else raster.mask[rows]
    values = working_values(raster.pixels[rows], mask)
    counts = np.ones(values.shape[:2], np.float32) if mask is None else mask.astype(np.float32)
    weight = _block_sums(counts, factor)
    sums = np.stack([_block_sums(band, factor) for band in np.moveaxis(values, 2, 0)], axis=2)
    return (sums / np.maximum(weight, 1)[:, :, None]).astype(np.float32), weight


def _block_sums(plane: Float32Array, factor: int) -> Float32Array:
    for axis in (0, 1):
        starts = np.arange(0, plane.shape[axis], factor)
        plane = np.add.reduceat(plane, starts, axis=axis)
    return plane


def _appearance(raster: Raster, scale: float, n_threads: int | None) -> Float32Array:
    """Return lightness, two of color, fine and coarse texture, (h, w, 5)."""
    texture = f"texture({2 * scale:.3g}, {4 * scale:.3g})"
    if raster.n_channels not in (1, 3) or (raster.n_channels == 3 and not raster.colors):
        return _appearance_of_bands(raster, scale, texture, n_threads)
    features = parse_features(f"lab({scale:.3g})+{texture}", raster.n_channels)
    features.check(raster)
    planes = _computed(raster, features, n_threads)
    if raster.n_channels == 1:
        planes = np.insert(planes, [1, 1], 0, axis=2)
    return planes


def _appearance_of_bands(
    raster: Raster, scale: float, texture: str, n_threads: int | None
) -> Float32Array:
    """Let the three principal components of the bands stand for lightness and color."""
    values = raster.valid().astype(np.float64)
    mean = values.mean(axis=0)
    variances, directions = np.linalg.eigh(np.cov(values.T, bias=True).reshape(len(mean), -1))
    unit = _BAND_DEVIATION / np.sqrt(max(variances[-1], np.finfo(float).tiny))
    axes = directions[:, ::-1][:, :3] * unit
    projected = (np.asarray(raster.pixels) - mean) @ axes
    planes = np.zeros((3, *raster.shape), np.float32)
    planes[: projected.shape[2]] = np.moveaxis(projected, 2, 0)
    planes[0] += _MIDDLE_LIGHTNESS
    planes = _filled(planes, raster.mask)
    # Features of bands take their mean as lightness, in hundredths.
    lightness = replace(raster, pixels=planes[0, :, :, None] / 100, colors=False)
    textures = _computed(lightness, parse_features(f"bands+{texture}", 1), n_threads)[:, :, 1:]
    blurred = np.stack([ndimage.gaussian_filter(plane, scale) for plane in planes], axis=2)
    return np.concatenate([blurred, textures], axis=2)


def _computed(raster: Raster, features: FeatureSet, n_threads: int | None) -> Float32Array:
    stored = feature_map(raster, features, n_threads).stored
    whole = Tile(slice(0, raster.shape[0]), slice(0, raster.shape[1]))
    return features.compute(raster, whole) if stored is None else stored


def _filled(planes: Float32Array, mask: BoolArray | None) -> Float32Array:
    """Return planes whose excluded pixels repeat the nearest one that counts."""
    if mask is not None:
        rows, columns = ndimage.distance_transform_edt(
            ~mask, return_distances=False, return_indices=True
        )
        planes = planes[:, rows, columns]
    return np.ascontiguousarray(planes, dtype=np.float32)
