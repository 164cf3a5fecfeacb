"""From features to a class for every pixel, tile by tile, in bounded memory on all threads."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from gmmkit.core.engine.scoring import Scorer
from gmmkit.core.execution import threads
from gmmkit.core.mixture import Mixture
from gmmkit.image.features import FeatureSet
from gmmkit.image.pixels import BoolArray, Float32Array, Float64Array, Int32Array, Raster
from gmmkit.image.smoothing import ITERATIONS, smooth
from gmmkit.image.tiles import Tile, cut

Result = TypeVar("Result")

# Features of up to 26 megapixels at five columns are kept between the fit and the labeling;
# those of larger pictures are computed twice.
_LARGEST_STORE_BYTES = 512 << 20


@dataclass(frozen=True, eq=False)
class FeatureMap:
    """The features of every pixel of a picture, computed once or as often as they are asked for.

    Parameters
    ----------
    raster : Raster
        The picture.
    features : FeatureSet
        Which ones.
    stored : ndarray of shape (H, W, D), optional
        All of them, when there is room.
    """

    raster: Raster
    features: FeatureSet
    stored: Float32Array | None = None

    def at(self, tile: Tile) -> Float32Array:
        """Return the features of a tile, (h, w, D)."""
        if self.stored is None:
            return self.features.compute(self.raster, tile)
        return self.stored[tile.window]

    def mask(self, tile: Tile) -> BoolArray | None:
        """Return which pixels of a tile count; None when all do."""
        return None if self.raster.mask is None else self.raster.mask[tile.window]


def feature_map(raster: Raster, features: FeatureSet, n_threads: int | None = None) -> FeatureMap:
    """Return the features of a picture, stored if they fit in half a gigabyte.

    Examples
    --------
    >>> from gmmkit.image.features import parse_features
    >>> from gmmkit.image.pixels import as_raster
    >>> picture = as_raster(np.zeros((4, 6), np.uint8))
    >>> feature_map(picture, parse_features("lab", 1)).stored.shape
    (4, 6, 1)
    """
    computed = FeatureMap(raster, features)
    shape = (*raster.shape, len(features.columns))
    if int(np.prod(shape)) * 4 > _LARGEST_STORE_BYTES:
        return computed
    stored = np.empty(shape, dtype=np.float32)
    each_tile(raster.shape, computed.at, stored, n_threads)
    return FeatureMap(raster, features, stored)


def each_tile(
    shape: tuple[int, int],
    function: Callable[[Tile], npt.NDArray[Any]],
    into: npt.NDArray[Any],
    n_threads: int | None = None,
) -> None:
    """Fill an array (H, W, ...) with what a function makes of every tile.

    Examples
    --------
    >>> sizes = np.zeros((2, 3), int)
    >>> each_tile((2, 3), lambda tile: np.full(tile.shape, 7), sizes, 1)
    >>> sizes.tolist()
    [[7, 7, 7], [7, 7, 7]]
    """
    tiles = cut(shape)
    with threads(1 if len(tiles) == 1 else n_threads) as executor:
        for tile, result in zip(tiles, executor.map(function, tiles), strict=True):
            into[tile.window] = result


def label_pixels(
    rows: FeatureMap, mixture: Mixture, smoothness: float, n_threads: int | None = None
) -> Int32Array:
    """Return the most probable component of every pixel, -1 where one is excluded.

    Parameters
    ----------
    rows : FeatureMap
        What the mixture was fitted to.
    mixture : Mixture
        With as many columns as the features.
    smoothness : float
        Strength of the prior over neighbors.
    n_threads : int, optional
        Has no influence on the result.

    Returns
    -------
    ndarray of shape (H, W)
        int32, numbered as the mixture's components; ties go to the lower number.
    """

    scorer = Scorer.of(mixture)

    def labels(tile: Tile) -> Int32Array:
        planes: Float32Array | Float64Array
        if smoothness == 0:
            planes = scorer.log_joint(_flat(rows.at(tile))).reshape(-1, *tile.shape)
        else:
            planes = posteriors(rows, scorer, smoothness, tile)
        numbers = _most_probable(planes)
        mask = rows.mask(tile)
        return (numbers if mask is None else np.where(mask, numbers, -1)).astype(np.int32)

    everywhere = np.empty(rows.raster.shape, dtype=np.int32)
    each_tile(rows.raster.shape, labels, everywhere, n_threads)
    return everywhere


def label_probabilities(
    rows: FeatureMap,
    mixture: Mixture,
    smoothness: float,
    labels: Int32Array,
    n_threads: int | None = None,
) -> Float32Array:
    """Return the probability of every component at every pixel, consistent with the labels.

    Parameters
    ----------
    rows, mixture, smoothness, n_threads
        As in `label_pixels`.
    labels : ndarray of shape (H, W)
        What `label_pixels` found, in the mixture's numbers.

    Returns
    -------
    ndarray of shape (H, W, K)
        float32, summing to one; all zero where a pixel is excluded.
    """

    scorer = Scorer.of(mixture)

    def probabilities(tile: Tile) -> Float32Array:
        planes = posteriors(rows, scorer, smoothness, tile)
        return _agreeing(np.moveaxis(planes, 0, 2), labels[tile.window])

    everywhere = np.empty((*rows.raster.shape, mixture.n_components), dtype=np.float32)
    each_tile(rows.raster.shape, probabilities, everywhere, n_threads)
    return everywhere


def posteriors(rows: FeatureMap, scorer: Scorer, smoothness: float, tile: Tile) -> Float32Array:
    """Return the smoothed posteriors of a tile, (K, h, w), exactly as the whole picture has them.

    They are 0 where a pixel is excluded.
    """
    outer = tile.grown(ITERATIONS if smoothness > 0 else 0, rows.raster.shape)
    joint = scorer.log_joint(_flat(rows.at(outer)))
    planes = softmax(joint).reshape(-1, *outer.shape)
    mask = rows.mask(outer)
    if mask is not None:
        planes *= mask
    planes = smooth(planes, smoothness, mask=mask)
    return planes[:, *tile.inside(outer)]


def softmax(joint: Float64Array) -> Float32Array:
    """Return float32 posteriors of float64 log densities, (K, n): the differences are exact."""
    joint -= joint.max(axis=0)
    planes = joint.astype(np.float32)
    np.exp(planes, out=planes)
    planes /= planes.sum(axis=0)
    return planes


def _most_probable(planes: Float32Array | Float64Array) -> npt.NDArray[np.intp]:
    """Return the argmax over the first axis, a tenth of NumPy's time; ties to the lower number."""
    best = planes[0].copy()
    numbers = np.zeros(best.shape, dtype=np.intp)
    for number, plane in enumerate(planes[1:], start=1):
        numbers[plane > best] = number
        np.maximum(best, plane, out=best)
    return numbers


def _flat(window: Float32Array) -> Float32Array:
    return window.reshape(-1, window.shape[2])


def _agreeing(probabilities: Float32Array, labels: Int32Array) -> Float32Array:
    """Where classes tie to rounding, let the one that the label names be first by a hair."""
    row, column = np.nonzero((probabilities.argmax(axis=2) != labels) & (labels >= 0))
    if len(row):
        probabilities = probabilities.copy()
        top = probabilities[row, column].max(axis=1)
        probabilities[row, column, labels[row, column]] = np.nextafter(top, np.float32(2))
    return probabilities
