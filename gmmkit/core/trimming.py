"""Trimming: a fit to the rows that it finds likeliest, so that contamination has no say.

Cuesta-Albertos, Gordaliza and Matran, "Trimmed k-means", Annals of Statistics 25 (1997); Neykov,
Filzmoser, Dimova and Neytchev, "Robust fitting of mixtures using the trimmed likelihood
estimator", Computational Statistics and Data Analysis 52 (2007). Choosing the likeliest rows and
an iteration of EM on them both raise the trimmed log likelihood, the sum over kept rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, check_nonnegative, check_weights
from gmmkit.core.engine.scoring import Scorer
from gmmkit.core.execution import Executor
from gmmkit.core.sources.blocks import Block, Source
from gmmkit.errors import InputError, ParameterError

# Shares such as 0.9 are not exact: what they keep must not round up to one row more.
_ROUNDING = 1e-12


def kept_weights(
    log_density: npt.ArrayLike, weights: npt.ArrayLike | None, share_trimmed: float
) -> Float64Array:
    """Return what is left of every row's weight once the least likely share is trimmed, (N,).

    The rows of highest density keep theirs, up to a total of h = ceil((1 - share) sum w). The row
    on the border keeps the part that fills h, so that a weight of two is two rows.

    Parameters
    ----------
    log_density : array_like of shape (N,)
        Of rows over the same columns; minus infinity is least likely. Of equal ones the first
        rows are kept.
    weights : array_like of shape (N,), optional
        Frequencies; one a row by default.
    share_trimmed : float
        In [0, 1).

    Raises
    ------
    ParameterError
        If the share is out of range.
    InputError
        If densities are not numbers, or weights unusable.

    Examples
    --------
    >>> kept_weights([-1.0, -9.0, -2.0, -3.0], None, 0.5).tolist()
    [1.0, 0.0, 1.0, 0.0]
    >>> kept_weights([-1.0, -9.0, -2.0], [2, 1, 3], 0.5).tolist()
    [2.0, 0.0, 1.0]
    """
    density = np.asarray(log_density, dtype=np.float64)
    if density.ndim != 1 or not len(density) or np.isnan(density).any():
        raise InputError(
            "log densities cannot be ordered",
            found=f"shape {density.shape} with {int(np.isnan(density).sum())} NaN",
            needed="one number a row",
        )
    counted = check_weights(weights, len(density))
    counted = np.ones(len(density)) if counted is None else counted
    whole = float(counted.sum())
    target = min(whole, float(np.ceil((1 - check_share(share_trimmed)) * whole * (1 - _ROUNDING))))
    order = np.argsort(-density, kind="stable")
    before = np.cumsum(counted[order]) - counted[order]
    kept = np.empty(len(density))
    kept[order] = np.clip(target - before, 0.0, counted[order])
    return kept


def check_share(share_trimmed: object) -> float:
    """Return the share to trim as a float in [0, 1).

    Raises
    ------
    ParameterError
        If it is anything else.

    Examples
    --------
    >>> check_share(0.05)
    0.05
    """
    share = check_nonnegative(share_trimmed, "the share to trim")
    if share >= 1:
        raise ParameterError(
            "the share to trim leaves nothing",
            found=repr(share_trimmed),
            needed="a number of at least 0 and below 1",
            hint="trim a little more than the share of bad rows, such as 0.05",
        )
    return share


@dataclass(frozen=True, eq=False)
class TrimmedSource(Source):
    """The rows of another source that are kept, with the weights that they keep.

    Parameters
    ----------
    source : Source
    kept : ndarray of shape (N,)
        One weight for each row of the source, in its order; zero leaves a row out.

    Examples
    --------
    >>> from gmmkit.core.sources.arrays import ArraySource
    >>> source = TrimmedSource(ArraySource(np.array([[1.0], [2.0]])), np.array([0.0, 1.0]))
    >>> [block.rows.tolist() for block in source]
    [[[2.0]]]
    """

    source: Source
    kept: Float64Array

    @cached_property
    def _places(self) -> npt.NDArray[np.intp]:
        return np.flatnonzero(self.kept)

    @property
    def n_rows(self) -> int:
        """How many rows are kept, in whole or in part."""
        return len(self._places)

    @property
    def n_features(self) -> int:
        """The number of columns D."""
        return self.source.n_features

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the rows."""
        return self.source.dtype

    def pieces(self) -> Iterator[Block]:
        """Yield what is kept of the other source's blocks."""
        start = 0
        for block in self.source:
            weights = self.kept[start : start + len(block.rows)]
            start += len(block.rows)
            chosen = weights > 0
            if chosen.all():
                yield Block(block.rows, weights, block.known)
            elif chosen.any():
                yield Block(block.rows[chosen], weights[chosen], block.known)

    def take(self, indices: npt.NDArray[np.intp]) -> Block:
        """Return the kept rows at the given indices, copied."""
        places = self._places[indices]
        return Block(self.source.take(places).rows, self.kept[places])


def trimmed(
    source: Source,
    scorer: Scorer,
    share_trimmed: float,
    executor: Executor,
    *,
    hard: bool = False,
) -> TrimmedSource:
    """Return the rows of a source that a mixture finds likeliest.

    One vector of N log densities is held; the rows are not copied.

    Parameters
    ----------
    source : Source
        Of complete rows without labels: densities over different columns do not compare.
    scorer : Scorer
        Of the mixture in the data's units.
    share_trimmed : float
        In [0, 1).
    executor : Executor
    hard : bool
        Whether a row counts by its likeliest component alone, as in a fit by hard assignment.

    Raises
    ------
    ParameterError
        If the share is out of range, or something of the rows is missing or labeled.

    Examples
    --------
    >>> from gmmkit.core.execution import SerialExecutor
    >>> from gmmkit.core.sources.arrays import ArraySource
    >>> from gmmkit.core.mixture import Mixture
    >>> rows, scorer = np.array([[0.0], [90.0]]), Scorer.of(Mixture([1.0], [[0.0]], [[[1.0]]]))
    >>> trimmed(ArraySource(rows), scorer, 0.5, SerialExecutor()).kept.tolist()
    [1.0, 0.0]
    """
    log_density, weights = np.empty(source.n_rows), np.ones(source.n_rows)
    pieces = executor.map(partial(_scored, scorer=scorer, hard=hard), source)
    stop = 0
    for scores, own in pieces:
        start, stop = stop, stop + len(scores)
        log_density[start:stop] = scores
        if own is not None:
            weights[start:stop] = own
    return TrimmedSource(source, kept_weights(log_density, weights, share_trimmed))


def _scored(block: Block, scorer: Scorer, hard: bool) -> tuple[Float64Array, Float64Array | None]:
    """Return what the rows of a block are ordered by, and their weights."""
    if block.known is not None and not block.known.ordinary:
        raise ParameterError(
            "rows cannot be trimmed by densities that do not compare",
            found="missing cells or labels",
            needed="complete rows without labels",
            hint="fill the rows first, or fit without trimming",
        )
    # Noise would add the same to every density, and so has no say in their order.
    joint = scorer.log_joint(block.rows)
    top: Float64Array = joint.max(axis=0)
    if hard:
        return top, block.weights
    joint -= top
    return top + np.log(np.exp(joint, out=joint).sum(axis=0)), block.weights
