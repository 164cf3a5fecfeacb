"""Cut an object out of a picture, given a rectangle around it, strokes on it, or both."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from warnings import warn

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import check_count, check_nonnegative, random_generator
from gmmkit.core.mixture import Mixture
from gmmkit.errors import FitWarning
from gmmkit.image.labeling import feature_map
from gmmkit.image.marking.alpha import soft_alpha
from gmmkit.image.marking.appearance import Learner
from gmmkit.image.marking.cutting import CutStep, Options, Progress, find_object
from gmmkit.image.marking.marks import Marks, as_marks
from gmmkit.image.marking.model import appearance_model, prepare_pair
from gmmkit.image.pixels import BoolArray, Float32Array, ImageLike, Raster, Uint8Array

if TYPE_CHECKING:
    from gmmkit.io.model import Model

DEFAULT_COMPONENTS = 5
DEFAULT_CONTRAST = 20.0
# A flat background is known by few pixels; the blur of an edge must not look like an object.
_NOISE_STEPS = 4.0


@dataclass(frozen=True, eq=False)
class Cutout:
    """An object cut out of a picture.

    Parameters
    ----------
    foreground : ndarray of shape (H, W)
        bool, True on the object; False where a pixel is excluded. Read-only.
    alpha : ndarray of shape (H, W)
        float32, how much of a pixel is object, from 0 to 1. Read-only.
    foreground_mixture, background_mixture : Mixture
        What the object and the rest look like.
    model : Model
        Both with their feature contract, for `gmmkit.save` and for other pictures.
    trace : tuple of CutStep
        One entry a cut.
    notes : tuple of str
        What a person should know.
    marks : Marks
        What was said.
    raster : Raster
        The picture.

    Examples
    --------
    >>> photo = np.zeros((12, 12, 3), np.uint8)
    >>> photo[4:8, 4:8] = 220, 40, 30
    >>> cutout = cut_out(photo, rectangle=(2, 2, 8, 8))
    >>> int(cutout.foreground.sum()), cutout.share.__round__(3)
    (16, 0.111)
    """

    foreground: BoolArray
    alpha: Float32Array
    foreground_mixture: Mixture
    background_mixture: Mixture
    model: "Model"
    trace: tuple[CutStep, ...]
    notes: tuple[str, ...]
    marks: Marks = field(repr=False)
    raster: Raster = field(repr=False)

    def __post_init__(self) -> None:
        self.foreground.flags.writeable = False
        self.alpha.flags.writeable = False

    @property
    def share(self) -> float:
        """The object's share of the pixels that count."""
        return float(np.count_nonzero(self.foreground) / self.raster.n_valid)

    @property
    def box(self) -> tuple[int, int, int, int]:
        """x, y, width and height of the smallest rectangle around the object; zeros if empty."""
        rows, columns = (np.flatnonzero(self.foreground.any(axis=axis)) for axis in (1, 0))
        if not len(rows):
            return 0, 0, 0, 0
        left, top = int(columns[0]), int(rows[0])
        return left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1

    @cached_property
    def colors(self) -> Uint8Array:
        """The picture with alpha as its fourth channel, (H, W, 4) uint8, to lay over others."""
        from gmmkit.image.export.display import display_colors

        opacity = (self.alpha * np.float32(255) + np.float32(0.5)).astype(np.uint8)
        return np.dstack([display_colors(self.raster), opacity])


def cut_out(
    image: ImageLike,
    *,
    rectangle: Sequence[int] | None = None,
    marks: npt.ArrayLike | str | Path | None = None,
    mask: npt.ArrayLike | None = None,
    features: str | None = None,
    n_components: int = DEFAULT_COMPONENTS,
    contrast: float = DEFAULT_CONTRAST,
    location: float = 1.0,
    iterations: int = 4,
    model: "Model | str | Path | None" = None,
    soft: bool = True,
    seed: int | None = 0,
    n_threads: int | None = None,
) -> Cutout:
    """Cut an object out of a picture.

    Two Gaussian mixtures say what the object and the rest look like; a minimum cut says which
    pixels are it, its outline along edges of the picture; in turns (GrabCut: Rother, Kolmogorov
    and Blake 2004). With z the features of pixels and x = 1 on the object, every cut minimizes

        sum over p of x_p (log b(z_p) - log f(z_p) - location * L_p)
        + contrast * sum over neighbors p, q of [x_p != x_q] exp(-|z_p - z_q|² / 2s²) / dist(p, q),

    f and b the two mixtures' densities, s² the mean of |z_p - z_q|², and L the log odds that a
    pixel at such a place of a rectangle is of the object, 0 without a rectangle.

    Parameters
    ----------
    image : array_like of shape (H, W) or (H, W, C), Picture, str or Path
        As in `gmmkit.image.segment`.
    rectangle : tuple of int, optional
        x, y, width and height in pixels. Outside is background; a part beyond the picture is cut
        off. A rectangle of the whole picture takes its rim for background.
    marks : array_like of shape (H, W), str or Path, optional
        Whole numbers: 0 background, 1 foreground, 2 probably background, 3 probably foreground,
        -1 unknown; or a picture of strokes, as in `read_marks`. Within a rectangle one kind is
        enough, and a mark outside of it counts.
    mask : array_like of shape (H, W), optional
        bool, True where a pixel counts.
    features : str, optional
        What pixels are compared by, as in `segment`; "lab(0)" by default, "bands" for bands.
    n_components : int
        Of each mixture. Fewer pixels than 20 a component, or fewer colors, get fewer.
    contrast : float
        In nats: more makes smoother, longer outlines along edges.
    location : float
        How much the place within a rectangle counts; 0 not at all.
    iterations : int
        Cuts at most; fewer when they settle.
    model : Model, str or Path, optional
        Mixtures of an earlier cutout, used as they are: nothing is learned, and `n_components` and
        seed do not matter. Neither rectangle nor marks are needed then.
    soft : bool
        Find alpha by the colors along the outline; else it is 0 and 1.
    seed : int or None
        The same seed gives the same bytes.
    n_threads : int, optional
        Has no influence on the result.

    Returns
    -------
    Cutout

    Raises
    ------
    InputError
        If the picture, the rectangle, the marks or an argument cannot be used: the message says
        which, and what is needed.
    FeatureContractError
        If the picture does not have what a given model was fitted to.

    Warns
    -----
    FitWarning
        If nothing in the rectangle looks different from what is around it: the middle of the
        rectangle is returned then.

    Examples
    --------
    >>> photo = np.zeros((12, 12, 3), np.uint8)
    >>> photo[4:8, 4:8] = 220, 40, 30
    >>> strokes = np.full((12, 12), -1)
    >>> strokes[5, 5], strokes[0] = 1, 0
    >>> cut_out(photo, marks=strokes).foreground.nonzero()[0].tolist() == [4] * 4 + [5] * 4 + (
    ...     [6] * 4 + [7] * 4)
    True
    """
    options = Options(
        check_nonnegative(contrast, "contrast"),
        check_nonnegative(location, "location"),
        check_count(iterations, "iterations"),
    )
    wanted = check_count(n_components, "n_components")
    random_generator(seed)
    raster, chosen, given = prepare_pair(image, features, mask, model)
    said = as_marks(raster, rectangle, _read(marks, raster), optional=given is not None)
    rows = feature_map(raster, chosen, n_threads)
    floor = _NOISE_STEPS * chosen.floor(raster.pixels.dtype, raster.shape)
    learner = Learner(wanted, floor, seed)
    progress = find_object(rows, said, options, learner, given)
    notes = _notes(progress, said, raster)
    alpha = progress.foreground.astype(np.float32)
    if soft:
        alpha = soft_alpha(raster, progress.foreground, ~said.undecided, n_threads)
    return Cutout(
        progress.foreground,
        alpha,
        progress.appearance.foreground,
        progress.appearance.background,
        appearance_model(progress.appearance, chosen, notes),
        progress.trace,
        notes,
        said,
        raster,
    )


def _read(marks: npt.ArrayLike | str | Path | None, raster: Raster) -> npt.ArrayLike | None:
    if not isinstance(marks, str | Path):
        return marks
    from gmmkit.image.marking.strokes import read_marks

    return read_marks(marks, shape=raster.shape)


def _notes(progress: Progress, marks: Marks, raster: Raster) -> tuple[str, ...]:
    notes = []
    if marks.rectangle is not None and marks.inside.all():
        notes.append("the rectangle covers the picture: its rim was taken for background")
    if progress.lost or not progress.foreground.any():
        what = f"no object was found in {raster.name}: nothing marked looks different from the rest"
        warn(FitWarning(what), stacklevel=3)
        notes.append("no object was found; " + _instead(progress, marks))
    return tuple(notes)


def _instead(progress: Progress, marks: Marks) -> str:
    if not progress.foreground.any():
        return "the mask is empty"
    if marks.rectangle is not None:
        return "the mask is the middle of the rectangle"
    return "the mask is what was marked"
