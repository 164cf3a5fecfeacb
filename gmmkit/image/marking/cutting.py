"""The cut and what it is made of, in turns, at a fraction of the size; then along the outline.

Mixtures say which pixels look like the object, the cut says which of them are it, and the next
mixtures are fitted to those (GrabCut: Rother, Kolmogorov and Blake, SIGGRAPH 2004).
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gmmkit.image.marking.appearance import Appearance, Learner
from gmmkit.image.marking.graph import Links, cut_pixels, neighbor_links
from gmmkit.image.marking.levels import Level, enlarged, level_factors, make_level
from gmmkit.image.marking.location import (
    distance_from_middle,
    location_log_odds,
    stroke_log_odds,
)
from gmmkit.image.marking.marks import (
    BACKGROUND,
    FOREGROUND,
    PROBABLY_BACKGROUND,
    PROBABLY_FOREGROUND,
    Marks,
    Rectangle,
)
from gmmkit.image.pixels import BoolArray, Float64Array

if TYPE_CHECKING:
    from gmmkit.image.labeling import FeatureMap

# Background is learned this far around a rectangle, in shares of its longer side: what is next to
# an object says more about what is behind it than what is far away.
_RING = 0.1
_LEAST_RING = 100
# Beyond this distance of its middle, a rectangle that covers the picture shows background.
_RIM = 0.95
# A cut that leaves less of the undecided pixels than this has lost the object.
_LEAST_SHARE = 0.02
_SETTLED = 0.003
_BAND = 2


@dataclass(frozen=True)
class Options:
    """How an object is cut out.

    Parameters
    ----------
    smoothness : float
        What it costs, in nats, to part two neighbors of one color.
    location : float
        How much the place within a rectangle counts.
    iterations : int
        Cuts at most, before the outline is followed.
    """

    smoothness: float
    location: float
    iterations: int


@dataclass(frozen=True)
class CutStep:
    """One cut: pixels that changed and that are foreground, in pixels of its level.

    Parameters
    ----------
    factor : int
        The level's.
    n_changed, n_foreground : int
    """

    factor: int
    n_changed: int
    n_foreground: int


@dataclass(frozen=True, eq=False)
class Progress:
    """Where cutting stands.

    Parameters
    ----------
    foreground : ndarray of shape (h, w)
        bool.
    appearance : Appearance
    trace : tuple of CutStep
    lost : bool
        Whether a cut found (nearly) nothing, so that what was there before it was kept.
    """

    foreground: BoolArray
    appearance: Appearance
    trace: tuple[CutStep, ...] = ()
    lost: bool = False


def find_object(
    rows: "FeatureMap",
    marks: Marks,
    options: Options,
    learner: Learner,
    given: Appearance | None = None,
) -> Progress:
    """Return the object's pixels and its appearance.

    Parameters
    ----------
    rows : FeatureMap
        Features of the picture.
    marks : Marks
        What was said.
    options : Options
    learner : Learner
    given : Appearance, optional
        Mixtures to use as they are.

    Returns
    -------
    Progress
        Its labels in the size of the picture.
    """
    undecided = marks.undecided if rows.raster.mask is None else marks.undecided & rows.raster.mask
    factors = level_factors(int(np.count_nonzero(undecided)))
    level = make_level(rows, marks, factors[0])
    progress = _iterate(level, marks.rectangle, options, learner, given)
    for factor in factors[1:]:
        progress = _follow(rows, marks, options, progress, factor, factors[0])
    return progress


def _iterate(
    level: Level,
    rectangle: Rectangle | None,
    options: Options,
    learner: Learner,
    given: Appearance | None,
) -> Progress:
    place = _place(level, rectangle, options.location)
    background = _surely_background(level, rectangle)
    links = _weighted(level, level.undecided, options.smoothness)
    progress = _beginning(level, _place(level, rectangle, 1.0), background, learner, given)
    for _ in range(options.iterations):
        before, progress = progress, _cut(level, links, place, progress)
        settled = progress.trace[-1].n_changed <= _SETTLED * np.count_nonzero(level.undecided)
        if progress.lost or settled:
            break
        if given is None:
            progress = _learn(level, background, learner, progress)
    return progress if not progress.lost else replace(before, lost=True)


def _beginning(
    level: Level,
    place: Float64Array,
    background: BoolArray,
    learner: Learner,
    given: Appearance | None,
) -> Progress:
    """Fit where the marks and the place say that each kind is."""
    likely = _likely(level, place)
    foreground = likely > 0.5
    if given is None:
        appearance = Appearance(
            learner.fitted(level.rows, likely.reshape(-1)),
            learner.fitted(level.rows, background.reshape(-1).astype(np.float64)),
        )
    else:
        appearance = given
    return Progress(foreground & level.counted, appearance)


def _likely(level: Level, place: Float64Array) -> Float64Array:
    """Return how much each pixel counts as foreground before anything is known of colors."""
    marked = np.isin(level.marks, (FOREGROUND, PROBABLY_FOREGROUND)) & level.counted
    if marked.any():
        return marked.astype(np.float64)
    return np.where(level.undecided, 1 / (1 + np.exp(-place)), 0.0)


def _surely_background(level: Level, rectangle: Rectangle | None) -> BoolArray:
    """Return the pixels that background is learned from, whatever a cut says.

    A stroke that corrects a cut often has the object's colors: beside a ring it is not learned.
    """
    background = (level.marks == BACKGROUND) & level.counted
    if rectangle is not None:
        near = background & _ring(level, rectangle)
        background = near if np.count_nonzero(near) >= _LEAST_RING else background
    if not background.any():
        background = (level.marks == PROBABLY_BACKGROUND) & level.counted
    if not background.any() and rectangle is not None:
        rim = distance_from_middle(level.counted.shape, rectangle, level.factor) > _RIM
        background = rim & level.undecided
    return background if background.any() else level.undecided


def _ring(level: Level, rectangle: Rectangle) -> BoolArray:
    margin = _RING * max(rectangle[2:]) / level.factor
    ring = np.zeros(level.counted.shape, dtype=bool)
    ring[_grown_rectangle(rectangle, level.factor, margin)] = True
    ring[_grown_rectangle(rectangle, level.factor, 0.0)] = False
    return ring


def _grown_rectangle(rectangle: Rectangle, factor: int, margin: float) -> tuple[slice, slice]:
    x, y, width, height = (length / factor for length in rectangle)
    return (
        slice(max(0, int(y - margin)), int(np.ceil(y + height + margin))),
        slice(max(0, int(x - margin)), int(np.ceil(x + width + margin))),
    )


def _place(level: Level, rectangle: Rectangle | None, strength: float) -> Float64Array:
    if rectangle is None:
        return strength * stroke_log_odds(level.marks)
    return strength * location_log_odds(level.counted.shape, rectangle, level.factor)


def _weighted(level: Level, undecided: BoolArray, smoothness: float) -> Links:
    links = neighbor_links(level.features, level.counted, undecided)
    return replace(links, weights=smoothness * links.weights)


def _cut(level: Level, links: Links, place: Float64Array, progress: Progress) -> Progress:
    undecided = level.undecided
    gain = place.copy()
    gain[undecided] += progress.appearance.log_ratio(level.features[undecided])
    return _after_cut(level, links, gain, undecided, progress)


def _after_cut(
    level: Level, links: Links, gain: Float64Array, undecided: BoolArray, progress: Progress
) -> Progress:
    sure = (level.marks == FOREGROUND) & level.counted
    decided = np.where(level.undecided, progress.foreground, sure)
    foreground = cut_pixels(gain, links, undecided, decided & ~undecided)
    step = CutStep(
        level.factor,
        int(np.count_nonzero(foreground ^ progress.foreground)),
        int(np.count_nonzero(foreground)),
    )
    found = np.count_nonzero(foreground & level.undecided) + np.count_nonzero(sure)
    lost = not found or found < _LEAST_SHARE * np.count_nonzero(level.undecided)
    trace = (*progress.trace, step)
    return Progress(foreground, progress.appearance, trace, bool(lost and not sure.any()))


def _learn(level: Level, background: BoolArray, learner: Learner, progress: Progress) -> Progress:
    rows, foreground = level.rows, progress.foreground
    rest = background | (level.undecided & ~foreground)
    appearance = Appearance(
        learner.refitted(progress.appearance.foreground, rows, foreground.reshape(-1)),
        learner.refitted(progress.appearance.background, rows, rest.reshape(-1)),
    )
    return replace(progress, appearance=appearance)


def _follow(
    rows: "FeatureMap",
    marks: Marks,
    options: Options,
    progress: Progress,
    factor: int,
    coarsest: int,
) -> Progress:
    """Cut again at twice the size, where the outline was."""
    shape = tuple(-(-side // factor) for side in rows.raster.shape)
    before = enlarged(progress.foreground, (shape[0], shape[1]))
    near = _near_outline(before)
    level = make_level(rows, marks, factor, near)
    progress = replace(progress, foreground=before & level.counted)
    undecided = near & level.undecided
    links = _weighted(level, undecided, options.smoothness)
    gain = np.zeros(before.shape)
    # Neighbors at this level agree more than their number says: they count as at the first one.
    share = factor / coarsest
    gain[undecided] = share * progress.appearance.log_ratio(level.features[undecided])
    followed = _after_cut(level, links, gain, undecided, progress)
    kept = progress.foreground if followed.lost else followed.foreground
    return replace(followed, foreground=kept, lost=progress.lost)


def _near_outline(foreground: BoolArray) -> BoolArray:
    from scipy.ndimage import binary_dilation, binary_erosion

    square = np.ones((3, 3), dtype=bool)
    outer = binary_dilation(foreground, square, iterations=_BAND)
    inner = binary_erosion(foreground, square, iterations=_BAND, border_value=1)
    near: BoolArray = np.asarray(outer & ~inner)
    return near
