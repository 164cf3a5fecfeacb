"""How many classes a picture has: the number whose parts agree best with its regions.

Criteria such as BIC take pixels for independent observations, which they are not, and go on
splitting. Connected regions know where people would draw a line; the right number of classes is the
one whose connected parts come closest to them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gmmkit.core.checks import check_count
from gmmkit.errors import ParameterError
from gmmkit.image.classes import Segmentation, segment
from gmmkit.image.features import DEFAULT_FEATURES, reads_bands
from gmmkit.image.hierarchy.finding import regions
from gmmkit.image.hierarchy.working import shrunk
from gmmkit.image.metrics import covering
from gmmkit.image.parts import connected_regions
from gmmkit.image.pixels import ImageLike, Int32Array, Raster, as_raster, distinct_colors

DEFAULT_COUNTS = range(2, 10)
# What matters to the fit that counts, and not to the choice.
_OF_LAST_FIT = ("on_iteration", "max_fit_pixels", "n_init")
# Regions from fine to coarse, as people differ in how much they draw.
_THRESHOLDS = (0.3, 0.45, 0.6, 0.75, 0.9)
# Above this the choice is made on a smaller copy, and the classes on the picture.
_LARGEST_PIXELS = 2_000_000


@dataclass(frozen=True)
class ClassCurve:
    """How well each number of classes agrees with the regions of a picture.

    Parameters
    ----------
    counts : tuple of int
        Numbers of classes.
    agreement : tuple of float
        Covering of the regions, fine and coarse, by the connected parts of the classes, 0 to 1.

    Examples
    --------
    >>> ClassCurve((2, 3, 4), (0.4, 0.6, 0.5)).best
    3
    """

    counts: tuple[int, ...]
    agreement: tuple[float, ...]

    @property
    def best(self) -> int:
        """The number of classes that agrees best; of equals the smallest."""
        return self.counts[self.agreement.index(max(self.agreement))]


def class_curve(
    image: ImageLike,
    counts: Iterable[int] = DEFAULT_COUNTS,
    *,
    mask: Any = None,
    seed: int = 0,
    n_threads: int | None = None,
    **arguments: Any,
) -> ClassCurve:
    """Try several numbers of classes and compare each with the regions of the picture.

    Parameters
    ----------
    image : array_like of shape (H, W) or (H, W, C), Picture, str or Path
        As in `segment`.
    counts : iterable of int
        Which numbers to try; those beyond the number of different colors are left out.
    mask : array_like of shape (H, W), optional
    seed : int
        Of the regions and of the classes.
    n_threads : int, optional
    **arguments
        As in `segment`: features, covariance, smoothness ….

    Returns
    -------
    ClassCurve

    Raises
    ------
    InputError
        If the picture cannot be used.
    ParameterError
        If there is no number to try, or one is none.

    Examples
    --------
    >>> import numpy as np
    >>> picture = np.zeros((30, 60, 3), np.uint8)
    >>> picture[:, 20:40], picture[:, 40:] = (220, 40, 30), (240, 240, 240)
    >>> class_curve(picture, (2, 3), features="rgb").best
    3
    """
    tried = tuple(check_count(count, "counts") for count in counts)
    if not tried:
        raise ParameterError("there is no number to try", found="none", needed="one or more")
    as_bands = reads_bands(arguments.get("features", DEFAULT_FEATURES))
    small = _small(as_raster(image, mask, as_bands=as_bands))
    n_colors = distinct_colors(small, limit=max(tried))
    tried = tuple(count for count in tried if count <= n_colors) or (n_colors,)
    hierarchy = regions(small, seed=seed, n_threads=n_threads)
    outlines = [hierarchy.cut(threshold) for threshold in _THRESHOLDS]
    segmented = (
        segment(small, count, seed=seed, n_threads=n_threads, **arguments) for count in tried
    )
    return ClassCurve(tried, tuple(_agreement(each.labels, outlines) for each in segmented))


def segment_by_curve(image: ImageLike, **arguments: Any) -> Segmentation:
    """Return the classes of a picture, as many as agree best with its regions.

    Parameters
    ----------
    image : array_like of shape (H, W) or (H, W, C), Picture, str or Path
    **arguments
        As in `segment`, except for `k`.

    Returns
    -------
    Segmentation
        With the curve.
    """
    tried = {name: value for name, value in arguments.items() if name not in _OF_LAST_FIT}
    curve = class_curve(image, **tried)
    segmentation = segment(image, curve.best, **arguments)
    found = f"{segmentation.k} classes of {curve.counts[0]} to {curve.counts[-1]}"
    note = f"{found}: agree best with the regions ({max(curve.agreement):.2f})"
    return replace(segmentation, notes=(*segmentation.notes, note), curve=curve)


def _agreement(labels: Int32Array, outlines: Sequence[Int32Array]) -> float:
    return covering(connected_regions(labels), outlines)


def _small(raster: Raster) -> Raster:
    factor = 1
    while raster.n_valid > _LARGEST_PIXELS * factor**2:
        factor += 1
    return shrunk(raster, factor)
