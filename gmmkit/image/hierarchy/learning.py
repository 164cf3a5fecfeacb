"""Learning from people's drawings which borders matter: pictures and their segmentations in.

Cues are weighed by logistic regression of the pixels that people drew a border at. Merging is
learned as it happens: regions are merged, every pair that was is compared with the drawings, what
tells the good merges from the bad is fitted to all pairs so far, and merging starts again with it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed
from scipy import ndimage

from gmmkit.core.checks import check_count, random_generator
from gmmkit.errors import InputError
from gmmkit.image.hierarchy.compiled.judgement import SIZE_UNIT, SMALLER_AREA, evidence_names
from gmmkit.image.hierarchy.cues import KINDS, boundary_cues, cue_names
from gmmkit.image.hierarchy.finding import Merging, build_graph, merge
from gmmkit.image.hierarchy.model import RegionModel
from gmmkit.image.hierarchy.network import Network, fit_network, mean_network
from gmmkit.image.hierarchy.partition import RegionGraph
from gmmkit.image.hierarchy.textons import texton_planes
from gmmkit.image.hierarchy.tree import Hierarchy
from gmmkit.image.hierarchy.working import WorkingPicture, working_picture
from gmmkit.image.metrics import RegionCounts, count_regions
from gmmkit.image.metrics.sweeps import check_thresholds
from gmmkit.image.metrics.thinning import boundaries_of
from gmmkit.image.pixels import Float32Array, Float64Array, ImageLike, Int32Array, as_raster

Annotations: TypeAlias = npt.NDArray[np.integer]
Progress: TypeAlias = Callable[[str], None]

DEFAULT_RADII = (2.5, 5.0, 10.0, 20.0)
# Pixels of a picture that cues are learned from: on borders, away from them, and anywhere.
_ON_BORDERS, _AWAY, _ANYWHERE = 600, 600, 800
_AWAY_DISTANCE = 4.0
# Of every picture the last merges count, where regions are large enough to mean something.
_LAST_MERGES = 400
# A wrong merge of larger regions costs more: the weight grows with this power of the smaller area.
_AREA_POWER = 0.5
_THRESHOLDS = 99
# Networks from different starts, whose mean the last round takes.
_NETWORKS = 3
# Weighing the cues needs about so many pictures; of more, every second or third is taken.
_CUE_PICTURES = 64


@dataclass(frozen=True, eq=False)
class Example:
    """A picture's finest regions, and how many pixels each shares with those that people drew.

    Parameters
    ----------
    graph : RegionGraph
    shared : tuple of ndarray of shape (n, g)
        For every drawing, pixels of finest region i in drawn region j.
    annotations : ndarray of shape (m, H, W)
    """

    graph: RegionGraph
    shared: tuple[Float64Array, ...]
    annotations: Annotations


def learn_regions(
    pictures: Sequence[ImageLike],
    annotations: Sequence[npt.ArrayLike],
    *,
    radii: tuple[float, ...] = DEFAULT_RADII,
    n_textons: int = 20,
    n_mixtures: int = 1,
    n_units: int = 24,
    n_rounds: int = 3,
    seed: int = 0,
    n_jobs: int | None = None,
    on_progress: Progress | None = None,
) -> RegionModel:
    """Learn from pictures and people's segmentations of them what regions are.

    Parameters
    ----------
    pictures : sequence of array_like, Picture, str or Path
        As in `regions`, at most 1.5 times the diagonal of a photo of 481 x 321.
    annotations : sequence of array_like of shape (m, H, W)
        For every picture one or more label maps of its size.
    radii : tuple of float
        Of the cues, in pixels of a photo of 481 x 321.
    n_textons, n_mixtures : int
        Components of a texton dictionary, and how many dictionaries.
    n_units : int
        Rectified units beside the direct sum.
    n_rounds : int
        How often pictures are merged anew with what was learned.
    seed : int
        The same seed gives the same model.
    n_jobs : int, optional
        Pictures at a time, as in joblib.
    on_progress : callable, optional
        Called with a few words before each step.

    Returns
    -------
    RegionModel
        For the `model` argument of `regions`; ``gmmkit.save(model.packed(), path)`` keeps it.

    Raises
    ------
    InputError
        If there is no picture, or annotations do not fit the pictures.
    ParameterError
        If a number is out of range.

    Examples
    --------
    >>> drawn = np.zeros((1, 24, 36), int)
    >>> drawn[:, 6:18, 10:26] = 1
    >>> noise = np.random.default_rng(0).integers(-4, 5, (24, 36))
    >>> picture = (60 + 120 * drawn[0] + noise).astype(np.uint8)
    >>> model = learn_regions([picture], [drawn], n_textons=4, n_units=2, n_rounds=1)
    >>> from gmmkit.image import regions
    >>> int(regions(picture, model=model).cut(n_regions=2)[12, 18])
    1
    """
    tell = on_progress or (lambda words: None)
    drawn = _checked(pictures, annotations)
    random = random_generator(seed)
    check_count(n_units, "n_units", least=0)
    check_count(n_rounds, "n_rounds")
    model = _untrained(tuple(radii), n_textons, n_mixtures)
    run = Parallel(n_jobs)
    tell("cues of borders")
    few = drawn[:: max(1, len(drawn) // _CUE_PICTURES)]
    model = _with_cues(model, run(delayed(_border_pixels)(*pair, model, seed) for pair in few))
    tell("finest regions")
    examples = run(delayed(_example)(*pair, model, seed) for pair in drawn)
    lessons: list[Lesson] = []
    for number in range(n_rounds):
        tell(f"merging, round {number + 1} of {n_rounds}")
        mergings = [merge(example.graph, model) for example in examples]
        lessons += [_lesson(*pair) for pair in zip(examples, mergings, strict=True)]
        n_networks = _NETWORKS if number == n_rounds - 1 else 1
        model = _with_network(model, _fit(lessons, n_units, n_networks, random))
    tell("threshold")
    return replace(model, threshold=_best_threshold(run, examples, model))


@dataclass(frozen=True, eq=False)
class Lesson:
    """Pairs that were merged: the evidence, how right it was to keep them apart, and its weight."""

    evidence: Float64Array
    targets: Float64Array
    weights: Float64Array


def _checked(
    pictures: Sequence[ImageLike], annotations: Sequence[npt.ArrayLike]
) -> list[tuple[ImageLike, Annotations]]:
    if not len(pictures) or len(pictures) != len(annotations):
        raise InputError(
            "there is nothing to learn from",
            found=f"{len(pictures)} pictures and {len(annotations)} sets of annotations",
            needed="one set of annotations for each of one picture or more",
        )
    sets = [_numbered(np.asarray(each), number) for number, each in enumerate(annotations)]
    return list(zip(pictures, sets, strict=True))


def _numbered(drawn: npt.NDArray[np.generic], number: int) -> Annotations:
    """Return label maps with contiguous labels, or raise InputError."""
    if drawn.ndim != 3 or not drawn.size or drawn.dtype.kind not in "iu":
        raise InputError(
            f"annotations {number} are no label maps",
            found=f"shape {drawn.shape} of {drawn.dtype}",
            needed="whole numbers of shape (m, H, W), one map or more",
        )
    lowest = int(drawn.min())
    if lowest < 0:
        raise InputError(
            f"annotations {number} have negative labels",
            found=f"{lowest}",
            needed="labels from 0 up; every pixel is in a region that somebody drew",
        )
    maps = [np.unique(each, return_inverse=True)[1].reshape(each.shape) for each in drawn]
    return np.stack(maps).astype(np.int32)


def _untrained(radii: tuple[float, ...], n_textons: int, n_mixtures: int) -> RegionModel:
    """Return a model that merges by the strength of a border and the textons beside it."""
    names = evidence_names((*cue_names(radii), "strength", "strongest"))
    direct = np.zeros(len(names))
    direct[[names.index("strength"), names.index("difference of textons")]] = 1.0
    direct[names.index("smaller area")] = 0.3
    none = np.zeros(0)
    hidden = np.zeros((0, len(names)))
    weights = np.zeros(len(KINDS) * len(radii))
    return RegionModel(
        radii, n_textons, n_mixtures, weights, 0.0, hidden, none, none, direct, 0.0, 0.5
    )


def _opened(image: ImageLike, drawn: Annotations, n_threads: int = 1) -> WorkingPicture:
    """Return a picture at its own size, refusing annotations of another."""
    raster = as_raster(image)
    picture = working_picture(raster, n_threads)
    if drawn.ndim != 3 or drawn.shape[1:] != picture.shape:
        raise InputError(
            f"annotations do not fit {raster.name}",
            found=f"annotations of shape {drawn.shape} for a picture of {raster.shape}",
            needed="(m, H, W), at a size that regions work at without shrinking",
        )
    return picture


def _border_pixels(
    image: ImageLike, drawn: Annotations, model: RegionModel, seed: int
) -> tuple[Float32Array, npt.NDArray[np.bool_]]:
    """Return the cues (n, C) of some pixels, each in its strongest direction, and what is drawn."""
    picture = _opened(image, drawn)
    textons = texton_planes(picture, model.n_textons, model.n_mixtures, seed=seed, n_threads=1)
    cues = boundary_cues(picture, textons, model.radii, 1)
    plain = [i for i in range(len(cues)) if KINDS[i % len(KINDS)] != "color"]
    strongest = cues[plain].sum(axis=0).argmax(axis=0)
    chosen, is_border = _chosen_pixels(drawn, np.random.default_rng(seed))
    pixels = cues.reshape(*cues.shape[:2], -1)[:, strongest.ravel()[chosen], chosen]
    return pixels.T, is_border


def _chosen_pixels(
    drawn: Annotations, random: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return pixels, and whether half of the people drew a border within a pixel of each."""
    borders = np.stack([boundaries_of(each.astype(np.int32)) for each in drawn])
    near = np.mean([ndimage.binary_dilation(each, np.ones((3, 3))) for each in borders], axis=0)
    is_border = near.ravel() >= 0.5
    away = ndimage.distance_transform_edt(~borders.any(axis=0)).ravel() > _AWAY_DISTANCE
    kinds = ((is_border, _ON_BORDERS), (away, _AWAY), (np.ones_like(away), _ANYWHERE))
    pixels = np.concatenate(
        [random.choice(np.flatnonzero(kind), n) for kind, n in kinds if kind.any()]
    )
    return pixels, is_border[pixels]


def _with_cues(
    model: RegionModel, pixels: Sequence[tuple[Float32Array, npt.NDArray[np.bool_]]]
) -> RegionModel:
    from sklearn.linear_model import LogisticRegression

    cues, is_border = (np.concatenate(part) for part in zip(*pixels, strict=True))
    if is_border.all() or not is_border.any():
        raise InputError(
            "there is nothing to learn from",
            found="no border" if not is_border.any() else "nothing but borders",
            needed="annotations in which half of the people agree on some borders",
        )
    fitted = LogisticRegression(max_iter=1000).fit(cues, is_border)
    return replace(model, cue_weights=fitted.coef_[0], cue_bias=float(fitted.intercept_[0]))


def _example(image: ImageLike, drawn: Annotations, model: RegionModel, seed: int) -> Example:
    graph = build_graph(_opened(image, drawn), model, seed=seed, n_threads=1)
    return Example(graph, tuple(_shared(graph.labels, each) for each in drawn), drawn)


def _shared(labels: Int32Array, drawn: Annotations) -> Float64Array:
    """Return how many pixels each pair of a finest and a drawn region shares."""
    n_drawn = int(drawn.max()) + 1
    both = labels.ravel().astype(np.int64) * n_drawn + drawn.ravel()
    counts = np.bincount(both, minlength=(int(labels.max()) + 1) * n_drawn)
    return counts.reshape(-1, n_drawn).astype(float)


def _lesson(example: Example, merging: Merging) -> Lesson:
    """Compare the last merges with the drawings.

    The target is the probability that a pixel of the one region and a pixel of the other were drawn
    apart, over pixels and people.
    """
    if not len(merging.merges):
        return Lesson(merging.evidence, np.zeros(0), np.zeros(0))
    together = np.mean([_together(shared, merging.merges) for shared in example.shared], axis=0)
    last = slice(-_LAST_MERGES, None)
    weights = np.exp(merging.evidence[last, SMALLER_AREA] / SIZE_UNIT * _AREA_POWER)
    return Lesson(merging.evidence[last], 1 - together[last], weights)


def _together(shared: Float64Array, merges: npt.NDArray[np.int64]) -> Float64Array:
    """Return the probability that pixels of the two regions of each merge were drawn as one."""
    n_finest, total = len(shared), np.zeros((len(shared) + len(merges), shared.shape[1]))
    total[:n_finest] = shared
    for step, (one, other) in enumerate(merges):
        total[n_finest + step] = total[one] + total[other]
    one, other = total[merges[:, 0]], total[merges[:, 1]]
    same: Float64Array = (one * other).sum(axis=1) / (one.sum(axis=1) * other.sum(axis=1))
    return same


def _fit(
    lessons: Sequence[Lesson], n_units: int, n_networks: int, random: np.random.Generator
) -> Network:
    rows = np.concatenate([lesson.evidence for lesson in lessons])
    if not len(rows):
        raise InputError(
            "there is nothing to learn from",
            found="pictures without any structure",
            needed="pictures that have more than one region at the finest",
        )
    targets = np.concatenate([lesson.targets for lesson in lessons])
    weights = np.concatenate([lesson.weights for lesson in lessons])
    return mean_network(
        [fit_network(rows, targets, weights, n_units, random) for _ in range(n_networks)]
    )


def _with_network(model: RegionModel, network: Network) -> RegionModel:
    return replace(
        model,
        hidden=network.hidden,
        hidden_bias=network.hidden_bias,
        output=network.output,
        direct=network.direct,
        bias=float(network.bias),
    )


def _best_threshold(run: Parallel, examples: Sequence[Example], model: RegionModel) -> float:
    """Return the threshold of the best covering, of all regions that people drew."""
    counts: list[RegionCounts] = run(delayed(_counts)(example, model) for example in examples)
    total = sum(counts[1:], start=counts[0])
    return float(check_thresholds(_THRESHOLDS)[np.argmax(total.covering)])


def _counts(example: Example, model: RegionModel) -> RegionCounts:
    merging = merge(example.graph, model)
    hierarchy = Hierarchy(example.graph.labels, merging.merges, merging.heights, 0.5)
    return count_regions(hierarchy, example.annotations, _THRESHOLDS)
