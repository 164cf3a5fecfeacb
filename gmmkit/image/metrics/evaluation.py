"""A data set by every measure: at its best threshold, at each picture's own, at one for all."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import add
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.errors import InputError, ParameterError
from gmmkit.image.metrics.boundary_counts import harmonic_mean
from gmmkit.image.metrics.scores import MEASURES, Measure, Scores
from gmmkit.image.pixels import Float64Array

_STEPS_BETWEEN_THRESHOLDS = 100
_RECALL_STEPS = 100


@dataclass(frozen=True)
class Best:
    """The best value of a measure and the threshold that it is reached at.

    Examples
    --------
    >>> from gmmkit.image.metrics import evaluate
    >>> evaluate([([[0, 0, 1]], [[0, 0, 1]])]).ods("covering")
    Best(value=1.0, threshold=1.0)
    """

    value: float
    threshold: float


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a method scores on pictures, at each of T thresholds.

    Parameters
    ----------
    names : tuple of str
        Of the pictures.
    scores : tuple of Scores
        Of each of them.
    thresholds : ndarray of shape (T,)
        Rising; for plain label maps their numbers, from 1.

    Examples
    --------
    >>> from gmmkit.image.metrics import evaluate
    >>> halves = np.repeat([[0, 0, 0, 0, 1, 1, 1, 1]], 8, axis=0)
    >>> whole = np.zeros((8, 8), int)
    >>> found = evaluate({"flag": ([whole, halves], [halves])})
    >>> found.ods("covering"), found.at_threshold(1.0)["covering"]
    (Best(value=1.0, threshold=2.0), 0.5)
    """

    names: tuple[str, ...]
    scores: tuple[Scores, ...]
    thresholds: Float64Array

    @cached_property
    def pooled(self) -> Scores:
        """Sum over all pictures."""
        return reduce(add, self.scores)

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What was measured."""
        return tuple(each for each in MEASURES if getattr(self.scores[0], each.kind) is not None)

    def ods(self, measure: str) -> Best:
        """Return the optimum over thresholds for the data set, one threshold for all pictures.

        Boundary F is interpolated between thresholds, as precision and recall are.

        Parameters
        ----------
        measure : str
            Such as "covering"; each measure has its own best threshold.

        Returns
        -------
        Best

        Raises
        ------
        ParameterError
            If it was not measured.
        """
        chosen = self._measure(measure)
        if chosen.name == "boundary_f":
            return self._best_between()
        index = chosen.best(self.pooled)
        return Best(float(chosen.of(self.pooled)[index]), float(self.thresholds[index]))

    def ois(self, measure: str) -> float:
        """Return the score if every picture may choose its own best threshold.

        Raises
        ------
        ParameterError
            If it was not measured.
        """
        chosen = self._measure(measure)
        return float(
            chosen.of(reduce(add, (each.at(chosen.best(each)) for each in self.scores)))[0]
        )

    def at_threshold(self, threshold: float | None = None) -> dict[str, float]:
        """Return every measure at one and the same threshold.

        Parameters
        ----------
        threshold : float, optional
            One of those evaluated; without it the one that is best for the first measure.

        Returns
        -------
        dict of str to float

        Raises
        ------
        ParameterError
            If it is none of the thresholds.
        """
        index = self.index_of(threshold)
        return {each.name: float(each.of(self.pooled)[index]) for each in self.measures}

    def index_of(self, threshold: float | None = None) -> int:
        """Return the place of a threshold, or of the best one for the first measure.

        Raises
        ------
        ParameterError
            If it is none of the thresholds.
        """
        if threshold is None:
            return self.measures[0].best(self.pooled)
        return place_of(threshold, self.thresholds)

    @property
    def best_covering(self) -> float:
        """Covering if every annotated region may choose its threshold.

        Raises
        ------
        ParameterError
            If regions were not measured.
        """
        self._measure("covering")
        return self.pooled.regions.best_covering if self.pooled.regions else 0.0

    @property
    def average_precision(self) -> float:
        """Area under precision over recall, on a grid of recalls .01 apart; 0 beyond the curve.

        Raises
        ------
        ParameterError
            If boundaries were not measured.
        """
        precision, recall = self.precision_recall()
        recall, places = np.unique(recall, return_index=True)
        if len(recall) < 2:
            return 0.0
        grid = np.linspace(0, 1, _RECALL_STEPS + 1)
        heights = np.interp(grid, recall, precision[places], left=0, right=0)
        return float(heights.sum() / _RECALL_STEPS)

    def precision_recall(self) -> tuple[Float64Array, Float64Array]:
        """Return precision and recall of boundaries at each threshold, both (T,).

        Raises
        ------
        ParameterError
            If boundaries were not measured.
        """
        self._measure("boundary_f")
        counts = self.pooled.boundaries
        return (counts.precision, counts.recall) if counts else (np.empty(0), np.empty(0))

    def table(self, threshold: float | None = None) -> dict[str, npt.NDArray[Any]]:
        """Return one row a picture: each measure at one threshold, at its own best, and where.

        Parameters
        ----------
        threshold : float, optional
            As in :meth:`at_threshold`.

        Returns
        -------
        dict of str to ndarray
            Columns "picture", "threshold", then for each measure NAME, NAME_best and
            NAME_best_threshold.
        """
        index = self.index_of(threshold)
        columns: dict[str, npt.NDArray[Any]] = {
            "picture": np.array(self.names, dtype=object),
            "threshold": np.full(len(self.names), self.thresholds[index]),
        }
        for measure in self.measures:
            values = np.array([measure.of(each) for each in self.scores])
            best = [measure.best(each) for each in self.scores]
            columns[measure.name] = values[:, index]
            columns[f"{measure.name}_best"] = values[np.arange(len(best)), best]
            columns[f"{measure.name}_best_threshold"] = self.thresholds[best]
        return columns

    def _measure(self, name: str) -> Measure:
        for each in self.measures:
            if each.name == name:
                return each
        raise ParameterError(
            "this was not measured",
            found=repr(name),
            needed="one of " + ", ".join(each.name for each in self.measures),
        )

    def _best_between(self) -> Best:
        share = np.linspace(0, 1, _STEPS_BETWEEN_THRESHOLDS + 1)
        places = (np.arange(len(self.thresholds) - 1)[:, None] + share).ravel()
        places = places if len(places) else np.zeros(1)
        whole = np.arange(len(self.thresholds))
        at = [
            np.interp(places, whole, each) for each in (*self.precision_recall(), self.thresholds)
        ]
        values = harmonic_mean(at[0], at[1])
        index = int(values.argmax())
        return Best(float(values[index]), float(at[2][index]))


def combine(scored: Mapping[str, tuple[Float64Array, Scores]]) -> Evaluation:
    """Return the evaluation of pictures that were scored one by one.

    Parameters
    ----------
    scored : mapping of str to (ndarray of shape (T,), Scores)
        Thresholds and scores of each picture.

    Returns
    -------
    Evaluation

    Raises
    ------
    InputError
        If there is none, or their thresholds differ.

    Examples
    --------
    >>> from gmmkit.image.metrics import score
    >>> combine({"a": (np.ones(1), score([[0, 1]], [[0, 1]]))}).names
    ('a',)
    """
    if not scored:
        raise InputError("there is no picture to evaluate", needed="at least one")
    every = [thresholds for thresholds, _ in scored.values()]
    for name, thresholds in zip(scored, every, strict=True):
        if not np.array_equal(thresholds, every[0]):
            raise InputError(
                f"{name} was cut at other thresholds than {next(iter(scored))}",
                found=f"{len(thresholds)} against {len(every[0])}",
                needed="the same thresholds, or as many label maps, for every picture",
            )
    return Evaluation(tuple(scored), tuple(scores for _, scores in scored.values()), every[0])


def place_of(threshold: float, thresholds: Float64Array) -> int:
    """Return the place of a threshold among those evaluated.

    Raises
    ------
    ParameterError
        If it is none of them, with the nearest.

    Examples
    --------
    >>> place_of(0.5, np.array([0.25, 0.5, 0.75]))
    1
    """
    index = int(np.abs(thresholds - threshold).argmin())
    if not np.isclose(thresholds[index], threshold, rtol=0, atol=1e-9):
        raise ParameterError(
            "nothing is evaluated at this threshold",
            found=f"{threshold:g}",
            needed=f"one of the {len(thresholds)} evaluated; the nearest is {thresholds[index]:g}",
        )
    return index
