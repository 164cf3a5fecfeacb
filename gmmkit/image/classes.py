"""Segment a picture into k classes of pixels: one Gaussian of color and texture each."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import check_count
from gmmkit.core.mixture import Mixture
from gmmkit.image.export.labeled import as_label_map, label_areas
from gmmkit.image.features import DEFAULT_FEATURES, FeatureSet, FeaturesLike, feature_text
from gmmkit.image.labeling import FeatureMap, feature_map, label_pixels, label_probabilities
from gmmkit.image.models import (
    DEFAULT_FIT_PIXELS,
    FIT_TOLERANCE,
    MIXTURE_NAME,
    class_model,
    prepare,
    prepare_for_model,
    sample_rows,
    supported_classes,
)
from gmmkit.image.pixels import (
    Float32Array,
    Float64Array,
    ImageLike,
    Int32Array,
    Raster,
    Uint8Array,
)
from gmmkit.image.smoothing import DEFAULT_SMOOTHNESS, check_smoothness

if TYPE_CHECKING:
    from gmmkit.core.fits.result import FitResult
    from gmmkit.image.choosing import ClassCurve
    from gmmkit.io.model import Model


@dataclass(frozen=True, eq=False)
class Segmentation:
    """A picture divided into classes of pixels.

    Parameters
    ----------
    labels : ndarray of shape (H, W)
        int32, 0 to k-1, or -1 where a pixel is excluded. Read-only. Class 0 is the largest, unless
        a given model numbers the classes.
    mixture : Mixture
        Component number i is class i.
    model : Model
        The mixture with its feature contract, for `gmmkit.save`.
    fit : FitResult or None
        How the fit went; None with a given model.
    notes : tuple of str
        What was done differently from what was asked, or on only some of the pixels.
    smoothness : float
        Strength of the prior over neighbors.
    raster : Raster
        The picture.
    features : FeatureSet
        What the mixture's columns are.
    n_threads : int or None
        For what is computed on demand.
    curve : ClassCurve or None
        How each number of classes did, where the number was left to the picture.

    Examples
    --------
    >>> segmentation = segment("sample:coffee", k=3)
    >>> segmentation.labels.shape, segmentation.shares.argmax()
    ((400, 600), np.int64(0))
    """

    labels: Int32Array
    mixture: Mixture
    model: "Model"
    fit: "FitResult | None"
    notes: tuple[str, ...]
    smoothness: float
    raster: Raster = field(repr=False)
    features: FeatureSet
    n_threads: int | None = None
    curve: "ClassCurve | None" = None

    def __post_init__(self) -> None:
        self.labels.flags.writeable = False

    @property
    def k(self) -> int:
        """The number of classes, absent ones included."""
        return self.mixture.n_components

    @cached_property
    def shares(self) -> Float64Array:
        """The share of each class among the pixels that count, (k,); 0 where it is absent."""
        return as_label_map(self).shares

    @cached_property
    def mean_colors(self) -> Uint8Array:
        """The mean color of each class as the picture is displayed, (k, 3); black if absent."""
        return as_label_map(self).mean_colors

    @cached_property
    def probabilities(self) -> Float32Array:
        """The probability of each class at each pixel, (H, W, k), computed when first asked for.

        float32, after smoothing, summing to one, largest at the pixel's label; all zero where a
        pixel is excluded.
        """
        rows = feature_map(self.raster, self.features, self.n_threads)
        return label_probabilities(rows, self.mixture, self.smoothness, self.labels, self.n_threads)


def segment(
    image: ImageLike,
    k: int | Literal["auto"] = 5,
    *,
    features: FeaturesLike = DEFAULT_FEATURES,
    covariance: str = "full",
    smoothness: float = DEFAULT_SMOOTHNESS,
    model: "Model | str | Path | None" = None,
    mask: npt.ArrayLike | None = None,
    seed: int | None = 0,
    n_init: int = 1,
    max_fit_pixels: int = DEFAULT_FIT_PIXELS,
    n_threads: int | None = None,
    on_iteration: Any = None,
) -> Segmentation:
    """Divide a picture into k classes of pixels, whatever differs most in color and texture.

    A Gaussian mixture is fitted to the features of the pixels; every pixel gets the class that is
    most probable for it and, through a Potts prior, for its neighbors.

    Parameters
    ----------
    image : array_like of shape (H, W) or (H, W, C), Picture, str or Path
        uint8, uint16, or floating point from 0 to 1. Gray; color; color with alpha (C = 4: pixels
        with alpha 0 are excluded); any other C is bands. A string is a path or ``sample:NAME``.
    k : int or "auto"
        Number of classes. A picture with fewer different colors gets fewer, with a warning. "auto"
        takes the number, 2 to 9, whose connected parts agree best with `gmmkit.image.regions`, and
        keeps what was tried in ``.curve``.
    features : str, Feature, or sequence of them
        As in `compute_features`: names of `gmmkit.image.features.FEATURES` joined by "+", with
        parameters in parentheses if wanted, or a list of names and of what `own_feature` returns.
        The default gives way: to the features of a given model, and to "bands+texture" for bands.
        Gray has the first column of a color space only.
    covariance : str
        "full", "tied", "diag" or "spherical".
    smoothness : float
        Strength of the prior over the eight neighbors, 0 (none) to 10.
    model : Model, str or Path, optional
        Classes that were fitted before; nothing is fitted then, k, covariance, seed and
        `max_fit_pixels` do not matter, and classes keep the model's numbers.
    mask : array_like of shape (H, W), optional
        bool, True where a pixel counts.
    seed : int or None
        The same seed gives the same bytes, for any number of threads.
    n_init : int
        Number of starts; the best fit counts.
    max_fit_pixels : int
        The mixture is fitted to at most so many pixels, chosen by the seed; all are labeled.
    n_threads : int, optional
        All processors by default.
    on_iteration : callable, optional
        Passed to `gmmkit.fit`.

    Returns
    -------
    Segmentation

    Raises
    ------
    InputError
        If the picture, the mask or an argument cannot be used.
    FeatureContractError
        If the picture does not have what a given model was fitted to.

    Warns
    -----
    FitWarning
        If there are fewer classes than asked for.

    Examples
    --------
    >>> picture = np.zeros((8, 12, 3), np.uint8)
    >>> picture[:, 8:] = 220, 40, 30
    >>> segment(picture, k=2, features="rgb").labels[0].tolist()
    [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1]
    """
    strength = check_smoothness(smoothness)
    if model is not None:
        return _segment_by(model, image, features, mask, strength, n_threads)
    if k == "auto":
        from gmmkit.image.choosing import segment_by_curve

        return segment_by_curve(
            image,
            features=features,
            covariance=covariance,
            smoothness=smoothness,
            mask=mask,
            seed=seed,
            n_init=n_init,
            max_fit_pixels=max_fit_pixels,
            n_threads=n_threads,
            on_iteration=on_iteration,
        )
    largest, wanted = check_count(max_fit_pixels, "max_fit_pixels"), check_count(k, "k")
    raster, chosen = prepare(image, features, mask)
    rows = feature_map(raster, chosen, n_threads)
    result = _fit(
        rows,
        sample_rows(rows, largest, seed, n_threads),
        supported_classes(raster, wanted),
        covariance=covariance,
        seed=seed,
        n_init=n_init,
        n_threads=n_threads,
        on_iteration=on_iteration,
    )
    labels = label_pixels(rows, result.mixture, strength, n_threads)
    labels, mixture = _by_area(labels, result.mixture)
    notes = _notes(raster, chosen, features, min(largest, raster.n_valid), wanted, mixture, seed)
    classes = class_model(mixture, chosen, {"notes": "; ".join(notes)})
    return Segmentation(
        labels, mixture, classes, result, notes, strength, raster, chosen, n_threads
    )


def _segment_by(
    given: "Model | str | Path",
    image: ImageLike,
    features: FeaturesLike,
    mask: npt.ArrayLike | None,
    smoothness: float,
    n_threads: int | None,
) -> Segmentation:
    model, raster, chosen = prepare_for_model(image, given, features, mask)
    mixture = model.mixtures[MIXTURE_NAME]
    rows = feature_map(raster, chosen, n_threads)
    labels = label_pixels(rows, mixture, smoothness, n_threads)
    return Segmentation(labels, mixture, model, None, (), smoothness, raster, chosen, n_threads)


def _fit(rows: FeatureMap, sample: Float32Array, k: int, **arguments: Any) -> "FitResult":
    from gmmkit.core.fits.fitting import fit

    floor = rows.features.floor(rows.raster.pixels.dtype, rows.raster.shape)
    return fit(sample, k, start="kmeans", floor=floor, tol=FIT_TOLERANCE, **arguments)


def _by_area(labels: Int32Array, mixture: Mixture) -> tuple[Int32Array, Mixture]:
    """Number classes by area, ties by weight and then by the order of the fit; in place."""
    order = np.lexsort((-mixture.weights, -label_areas(labels, mixture.n_components)))
    numbers = np.empty(len(order) + 1, dtype=np.int32)
    numbers[order] = np.arange(len(order))
    # The last entry answers to -1, the excluded pixels.
    numbers[-1] = -1
    for row in labels:
        row[:] = numbers[row]
    return labels, mixture.reordered(order.tolist())


def _notes(
    raster: Raster,
    chosen: FeatureSet,
    asked: FeaturesLike,
    n_fitted: int,
    wanted: int,
    mixture: Mixture,
    seed: int | None,
) -> tuple[str, ...]:
    notes = []
    if n_fitted < raster.n_valid:
        notes.append(f"fitted on {n_fitted:,} of {raster.n_valid:,} pixels, chosen by seed {seed}")
    if chosen.text != feature_text(asked):
        found = f"{chosen.text} instead of {feature_text(asked)}"
        notes.append(f"{raster.n_channels} bands: features {found}")
    if mixture.n_components < wanted:
        notes.append(f"{mixture.n_components} of {wanted} classes: fewer different pixels")
    return tuple(notes)
