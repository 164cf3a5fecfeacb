"""Evaluate a method on a data set: one picture after the other, or several at a time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy.typing as npt

from gmmkit.image.metrics.boundary_counts import DEFAULT_TOLERANCE
from gmmkit.image.metrics.evaluation import Evaluation, combine
from gmmkit.image.metrics.label_maps import Annotations, check_labels, split_annotations
from gmmkit.image.metrics.scores import KINDS, Scores, check_kinds, score
from gmmkit.image.metrics.sweeps import DEFAULT_THRESHOLDS, Result, sweep_of
from gmmkit.image.pixels import Float64Array

Pictures: TypeAlias = (
    Mapping[str, tuple[Result, Annotations]] | Iterable[tuple[Result, Annotations]]
)


def evaluate(
    pictures: Pictures,
    thresholds: int | npt.ArrayLike = DEFAULT_THRESHOLDS,
    *,
    kinds: Sequence[str] = KINDS,
    tolerance: float = DEFAULT_TOLERANCE,
    n_jobs: int = 1,
) -> Evaluation:
    """Compare results on many pictures with their annotations.

    Parameters
    ----------
    pictures : mapping of str to (result, annotations), or iterable of such pairs
        A result is a label map (H, W), several of them from fine to coarse, a hierarchy with
        ``cut(threshold=t)`` and ``boundary_strength()``, or a map of boundary strengths from 0 to
        1, of the picture's size or doubled. Annotations are one label map or several.
    thresholds : int or array_like
        How many, evenly inside 0 to 1 (99 are usual), or the values; label maps are taken as they
        are, and every picture then needs as many.
    kinds : sequence of str
        Some of "regions" (covering, PRI, VoI, GCE), "boundaries" (F) and "displacement" (BDE).
    tolerance : float
        How far apart boundary pixels may be that match, as a share of the diagonal.
    n_jobs : int
        How many processes; -1 for one a core. The result does not depend on it.

    Returns
    -------
    Evaluation

    Raises
    ------
    InputError
        If there are no pictures, sizes differ, or something is no segmentation.
    ParameterError
        If thresholds, tolerance or kinds are unusable.

    References
    ----------
    P. Arbeláez et al., "Contour detection and hierarchical image segmentation", IEEE Trans.
    PAMI 33 (2011), section 3.

    Examples
    --------
    >>> import numpy as np
    >>> strengths = np.zeros((8, 8))
    >>> strengths[:, 3] = 0.7
    >>> truth = np.repeat([[0, 0, 0, 0, 1, 1, 1, 1]], 8, axis=0)
    >>> found = evaluate([(strengths, truth)], [0.5, 0.9])
    >>> found.ods("boundary_f"), found.ois("variation_of_information")
    (Best(value=1.0, threshold=0.5), 0.0)
    """
    from joblib import Parallel, delayed

    check_kinds(kinds)
    names: list[str] = []

    def work() -> Iterator[Any]:
        """Yield one task a picture, when its turn comes: results may be made on the way."""
        for name, pair in _named(pictures):
            names.append(name)
            yield delayed(_scored)(*pair, thresholds, kinds, tolerance)

    scored = Parallel(n_jobs=n_jobs)(work())
    return combine(dict(zip(names, scored, strict=True)))


def _named(pictures: Pictures) -> Iterator[tuple[str, tuple[Result, Annotations]]]:
    if isinstance(pictures, Mapping):
        yield from pictures.items()
    else:
        for number, pair in enumerate(pictures):
            yield f"picture {number}", pair


def _scored(
    result: Result,
    annotations: Annotations,
    thresholds: int | npt.ArrayLike,
    kinds: Sequence[str],
    tolerance: float,
) -> tuple[Float64Array, Scores]:
    """Score one picture; its annotations tell maps of boundary strengths from doubled ones."""
    maps = split_annotations(annotations)
    height, width = check_labels(maps[0], "annotation 0").shape
    swept = sweep_of(result, thresholds, shape=(height, width))
    return swept.thresholds, score(swept, maps, kinds=kinds, tolerance=tolerance)
