"""From a picture to its hierarchy: textons, cues, finest regions, merging."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from gmmkit.image.hierarchy.compiled import filters
from gmmkit.image.hierarchy.compiled.agglomeration import agglomerate
from gmmkit.image.hierarchy.cues import N_DIRECTIONS, boundary_cues
from gmmkit.image.hierarchy.model import RegionModel, region_model
from gmmkit.image.hierarchy.partition import RegionGraph, finest_regions, region_graph
from gmmkit.image.hierarchy.textons import texton_planes
from gmmkit.image.hierarchy.tree import Hierarchy
from gmmkit.image.hierarchy.upsampling import enlarged
from gmmkit.image.hierarchy.working import WorkingPicture, working_picture
from gmmkit.image.pixels import Float32Array, Float64Array, ImageLike, as_raster

if TYPE_CHECKING:
    from gmmkit.io.model import Model

Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Merging:
    """The steps of a merging.

    Parameters
    ----------
    merges : ndarray of shape (m, 2)
    odds : ndarray of shape (m,)
        Log odds that the two regions differ.
    evidence : ndarray of shape (m, F)
        What they were judged by.
    """

    merges: Int64Array
    odds: Float64Array
    evidence: Float64Array

    @property
    def heights(self) -> Float64Array:
        """Probabilities of differing, raised where they would fall."""
        heights: Float64Array = expit(np.maximum.accumulate(self.odds))
        return heights


def regions(
    image: ImageLike,
    *,
    model: "RegionModel | Model | str | Path | None" = None,
    mask: npt.ArrayLike | None = None,
    seed: int = 0,
    n_threads: int | None = None,
) -> Hierarchy:
    """Find the connected regions of a picture that people would outline, at every level of detail.

    A Gaussian mixture of the pixels' color and texture gives soft textons; their differences
    between the two sides of a pixel, near and far, and those of lightness and color give the
    strength of a border there. Its watershed is the finest partition, whose neighbors are merged,
    those first that least look like two things to people, by what was learned from the 200 training
    photos of BSDS500.

    Parameters
    ----------
    image : array_like of shape (H, W) or (H, W, C), Picture, str or Path
        As in `gmmkit.image.segment`: gray, color, or bands. Large pictures are brought down to
        about the size of the photos that were learned from; their borders are then refined.
    model : RegionModel, Model, str or Path, optional
        What `learn_regions` made. The one that comes with gmmkit by default.
    mask : array_like of shape (H, W), optional
        True where a pixel counts.
    seed : int
        Of the mixture's start. The same seed gives the same regions, for any number of threads.
    n_threads : int, optional
        All processors by default.

    Returns
    -------
    Hierarchy
        Cut it with ``.cut()``, ``.cut(threshold=t)`` or ``.cut(n_regions=n)``.

    Raises
    ------
    InputError
        If the picture or the mask cannot be used.
    ParameterError
        If the seed is none.
    FeatureContractError
        If the model is one of something else.

    Examples
    --------
    >>> picture = np.zeros((40, 60, 3), np.uint8)
    >>> picture[10:30, 20:40] = 220, 40, 30
    >>> labels = regions(picture).cut(n_regions=2)
    >>> int(labels[0, 0]), int(labels[20, 30])
    (0, 1)
    """
    chosen = region_model(model)
    raster = as_raster(image, mask)
    picture = working_picture(raster, n_threads)
    graph = build_graph(picture, chosen, seed=seed, n_threads=n_threads)
    merging = merge(graph, chosen)
    finest = enlarged(graph.labels, picture, raster, n_threads)
    merges = _renumbered(merging.merges, int(graph.labels.max()) + 1, int(finest.max()) + 1)
    return Hierarchy(finest, merges, merging.heights, chosen.threshold)


def _renumbered(merges: Int64Array, n_working: int, n_finest: int) -> Int64Array:
    """Make room for finest regions that only the full size has."""
    return np.where(merges < n_working, merges, merges + n_finest - n_working)


def build_graph(
    picture: WorkingPicture,
    model: RegionModel,
    *,
    seed: int = 0,
    n_threads: int | None = None,
) -> RegionGraph:
    """Return the finest regions of a picture and what merging needs to know of them."""
    textons = texton_planes(
        picture, model.n_textons, model.n_mixtures, seed=seed, n_threads=n_threads
    )
    cues = boundary_cues(picture, textons, model.radii, n_threads)
    strengths = border_strengths(cues, model)
    labels = finest_regions(strengths.max(axis=0), picture.mask)
    return region_graph(labels, picture, textons, cues, strengths)


def border_strengths(cues: Float32Array, model: RegionModel) -> Float32Array:
    """Return the probability of a border in every direction, (8, h, w), from its cues."""
    weights = model.cue_weights.astype(np.float32)
    return np.stack(
        [
            filters.logistic(cues[:, direction], weights, np.float32(model.cue_bias))
            for direction in range(N_DIRECTIONS)
        ]
    )


def merge(graph: RegionGraph, model: RegionModel) -> Merging:
    """Merge the finest regions by what a model says of neighbors."""
    return Merging(
        *agglomerate(graph.regions, graph.pairs, graph.borders, model.network, len(model.evidence))
    )
