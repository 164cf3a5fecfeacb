"""EM's pass over rows with missing cells or labels, in groups of which the same is known.

A group goes through the ordinary pass, over its observed columns and under its allowed components;
what comes out is completed to statistics of all columns and components, to be added to any others.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, FloatArray, check_weights
from gmmkit.core.engine.passes import USUAL_PASSES, make_pass
from gmmkit.core.engine.routes import Route
from gmmkit.core.engine.turn import Turn
from gmmkit.core.execution import Pass
from gmmkit.core.families import Moments
from gmmkit.core.gaps.known import Indices, Known, check_incomplete_rows, check_labels, grouped
from gmmkit.core.gaps.restriction import Restriction, Restrictions
from gmmkit.core.mixture import Mixture
from gmmkit.core.sources.arrays import HeldRows
from gmmkit.core.sources.blocks import Block, block_rows
from gmmkit.core.statistics import SufficientStatistics, pack_symmetric, unpack_symmetric
from gmmkit.core.units import Units
from gmmkit.errors import InputError


@dataclass(frozen=True, eq=False)
class KnownSource(HeldRows):
    """Rows of which not everything is known, as a source of blocks of which the same is known.

    Attributes
    ----------
    rows : ndarray of shape (N, D)
        float32 or float64, group after group; NaN where a cell is missing.
    weights : ndarray of shape (N,) or None
    groups : tuple of (Known, int, int)
        What is known from one row up to another.
    index : ndarray of shape (N,)
        Where each row stood in what the caller gave.
    n_left_out : int
        How many rows say nothing: every cell is missing, and there is no label.
    """

    rows: FloatArray
    weights: Float64Array | None
    groups: tuple[tuple[Known, int, int], ...]
    index: Indices
    n_left_out: int

    @classmethod
    def of(
        cls,
        rows: npt.ArrayLike,
        weights: npt.ArrayLike | None = None,
        *,
        labels: npt.ArrayLike | None = None,
        n_components: int,
    ) -> "KnownSource":
        """Return the source of rows that may lack cells, and may be labeled.

        Parameters
        ----------
        rows : array_like of shape (N, D)
            NaN where a cell is missing.
        weights : array_like of shape (N,), optional
            Frequencies; rows of weight zero count as absent.
        labels : array_like of shape (N,) or (N, K), optional
            As in :func:`~gmmkit.core.gaps.known.check_labels`.
        n_components : int
            K.

        Raises
        ------
        InputError
            If rows, weights or labels are unusable, or no row says anything.

        Examples
        --------
        >>> source = KnownSource.of([[1.0, np.nan], [np.nan, np.nan], [2.0, 3.0]], n_components=1)
        >>> source.n_rows, source.n_left_out
        (2, 1)
        """
        array = check_incomplete_rows(rows)
        counted = check_weights(weights, len(array))
        named = check_labels(labels, len(array), n_components)
        present = np.ones(len(array), bool) if counted is None else counted > 0
        silent = np.isnan(array).all(axis=1)
        if named is not None:
            silent &= named.index < 0
        index = np.flatnonzero(present & ~silent)
        if not len(index):
            raise InputError("no row holds a value", needed="at least one observed cell in one row")
        found = list(
            grouped(array[index], None if named is None else named.kept(index), n_components)
        )
        stops = np.cumsum([len(group.indices) for group in found]).tolist()
        bounds = zip(found, [0, *stops], stops, strict=False)
        order = index[np.concatenate([group.indices for group in found])]
        return cls(
            rows=array[order],
            weights=None if counted is None else counted[order],
            groups=tuple((group.known, start, stop) for group, start, stop in bounds),
            index=order,
            n_left_out=int((present & silent).sum()),
        )

    def pieces(self) -> Iterator[Block]:
        """Yield blocks of rows of which the same is known."""
        step = block_rows(self.n_rows, self.n_features)
        for known, first, last in self.groups:
            for start in range(first, last, step):
                stop = min(start + step, last)
                weights = None if self.weights is None else self.weights[start:stop]
                yield Block(self.rows[start:stop], weights, known)


@dataclass(frozen=True, eq=False)
class PartialPass:
    """The function from a block to its statistics, whatever is known of the block.

    Parameters
    ----------
    mixture : Mixture
        In the working coordinates of `units`.
    units : Units
    route : Route
    n_rows, n_passes : int
        As in :func:`~gmmkit.core.engine.passes.make_pass`.
    hard : bool
        Whether a row belongs to its likeliest component alone.
    turn : Turn or None
        As in :func:`~gmmkit.core.engine.passes.make_pass`, for rows known in all columns.
    """

    mixture: Mixture
    units: Units
    route: Route
    n_rows: int
    n_passes: int
    hard: bool = False
    turn: Turn | None = None

    def __call__(self, block: Block) -> SufficientStatistics:
        if block.known is None or block.known.ordinary:
            return self._ordinary(block)
        restriction = self._restrictions.of(block.known)
        return self._whole(restriction, self._observed(restriction, block))

    def _observed(self, restriction: Restriction, block: Block) -> SufficientStatistics:
        """Return the statistics of observed cells, about the means of allowed components."""
        observed = restriction.known.observed
        units = _units_of_columns(self.units, observed)
        if restriction.marginal is None:
            return self._of_no_cells(restriction, block, units)
        go = self._pass(restriction.marginal, units)
        found = go(Block(np.take(block.rows, observed, axis=1), block.weights))
        return found.recentered(restriction.marginal.means)

    def _of_no_cells(
        self, restriction: Restriction, block: Block, units: Units
    ) -> SufficientStatistics:
        """Return the statistics of rows that have labels alone: the shares of what is allowed."""
        weight = float(len(block.rows) if block.weights is None else block.weights.sum())
        shares, moments = restriction.weights, self._moments
        log_density, nothing = 0.0, np.zeros((len(shares), 0))
        if self.hard:
            log_density = float(np.log(shares.max()))
            shares = (np.arange(len(shares)) == shares.argmax()).astype(np.float64)
        return SufficientStatistics(
            log_likelihood=weight * log_density,
            weight=weight * shares,
            first=nothing,
            second=np.zeros(0) if moments is Moments.POOLED else nothing,
            moments=moments,
            units=units,
            origin=nothing,
        )

    def _whole(self, restriction: Restriction, found: SufficientStatistics) -> SufficientStatistics:
        """Complete statistics of observed cells to all columns and components."""
        (k, d), allowed = self.mixture.means.shape, restriction.known.allowed
        weight, first = np.zeros(k), np.zeros((k, d))
        weight[allowed] = found.weight
        first[allowed] = restriction.completed(found.first)
        second = _completed_squares(restriction, found)
        if self._moments is not Moments.POOLED:
            spread = np.zeros((k, second.shape[1]))
            spread[allowed] = second
            second = spread
        whole = replace(
            found,
            log_likelihood=found.log_likelihood + found.total * restriction.log_share,
            weight=weight,
            first=first,
            second=second,
            units=self.units,
            origin=self.mixture.means,
        )
        return whole if self.route is Route.CENTERED else whole.recentered(np.zeros(d))

    @property
    def _moments(self) -> Moments:
        return self.mixture.covariance.family.moments

    @cached_property
    def _restrictions(self) -> Restrictions:
        return Restrictions(self.mixture)

    @cached_property
    def _ordinary(self) -> Pass:
        return self._pass(self.mixture, self.units, self.turn)

    def _pass(self, mixture: Mixture, units: Units, turn: Turn | None = None) -> Pass:
        n_rows, n_passes = self.n_rows, self.n_passes
        return make_pass(mixture, units, self.route, n_rows, n_passes, hard=self.hard, turn=turn)


def _units_of_columns(units: Units, columns: Indices) -> Units:
    return Units(units.origin[columns], units.scale[columns], units.constant[columns])


def _completed_squares(restriction: Restriction, found: SufficientStatistics) -> Float64Array:
    """Return second moments about the means over all columns, packed as the family keeps them."""
    slopes, weight, known = restriction.slopes, found.weight, restriction.known
    squares = cast("Float64Array", found.second)  # every pass over rows gathers them
    covariances = restriction.conditional_covariances
    if slopes is None:
        whole = np.zeros(restriction.means.shape)
        whole[:, known.observed] = squares
        whole[:, known.missing] = weight[:, None] * covariances
        return whole
    pooled = found.moments is Moments.POOLED
    seen, missing = known.observed, known.missing
    observed = unpack_symmetric(squares[None] if pooled else squares, len(seen))
    counts = np.array([weight.sum()]) if pooled else weight
    mixed = slopes @ observed
    whole = np.empty((len(observed), *[len(known.columns)] * 2))
    whole[:, seen[:, None], seen] = observed
    whole[:, missing[:, None], seen] = mixed
    whole[:, seen[:, None], missing] = mixed.swapaxes(1, 2)
    expected = mixed @ slopes.swapaxes(1, 2)
    whole[:, missing[:, None], missing] = expected + counts[:, None, None] * covariances
    packed = pack_symmetric(whole)
    return packed[0] if pooled else packed


def make_partial_pass(
    mixture: Mixture,
    units: Units,
    route: Route,
    n_rows: int,
    n_passes: int = USUAL_PASSES,
    *,
    hard: bool = False,
    turn: Turn | None = None,
) -> Pass:
    """Return the function from a block of raw rows to its statistics under a working mixture.

    As :func:`~gmmkit.core.engine.passes.make_pass`, and for blocks partly known too.

    Parameters
    ----------
    mixture : Mixture
        In the working coordinates of `units`.
    units : Units
    route : Route
    n_rows, n_passes : int
        Rows in the whole source, and how many passes over them are expected.
    hard : bool
        Whether a row belongs to its likeliest component alone.
    turn : Turn, optional
        As in :func:`~gmmkit.core.engine.passes.make_pass`, for rows known in all columns.

    Examples
    --------
    >>> mixture = Mixture([1.0], [[0.0, 5.0]], [[[1.0, 0.5], [0.5, 1.0]]])
    >>> go = make_partial_pass(mixture, Units.plain(2), Route.FLOAT64, 1)
    >>> go(Block(np.array([[2.0, np.nan]]), None, Known((True, False), (True,)))).first.tolist()
    [[2.0, 6.0]]
    """
    return PartialPass(mixture, units, route, n_rows, n_passes, hard, turn)
