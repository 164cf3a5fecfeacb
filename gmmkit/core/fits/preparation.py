"""What is decided about the data before the first iteration: its units, floors and start sample."""

from dataclasses import dataclass, replace

import numpy as np

from gmmkit.core.checks import LARGEST_MAGNITUDE, Float64Array
from gmmkit.core.execution import Executor
from gmmkit.core.expectation import SOFT, Expectation
from gmmkit.core.families import Family, Moments
from gmmkit.core.fits.data import Data, Places, robust_core
from gmmkit.core.maximization import Regularization
from gmmkit.core.mixture import Mixture
from gmmkit.core.noise import Noise
from gmmkit.core.sources.arrays import ArraySource
from gmmkit.core.sources.blocks import Block, Source
from gmmkit.core.starts.clusters import Labels
from gmmkit.core.starts.row_sets import RowSet, row_sample
from gmmkit.core.statistics import SufficientStatistics, pack_symmetric
from gmmkit.core.units import Units
from gmmkit.errors import InputError, ParameterError

# The relative floor on eigenvalues sits where float64's expanded form stops being exact.
RELATIVE_FLOOR = 1e-10
# Added to it, so that no covariance is too nearly singular for a Cholesky factor in float64.
_REPRESENTABLE_FLOOR = 1e-13
# A direction with less of the working variance than this is taken for constant.
_CONSTANT_DIRECTION = 1e-12


@dataclass(frozen=True, eq=False)
class Problem:
    """Rows to fit, and everything about them that every start shares.

    Attributes
    ----------
    source : Source
    family : Family
    units : Units
    regularization : Regularization
        In working units.
    sample : RowSet
        The weighted set of rows that starts are made from, in working coordinates.
    weight : float
        The sum of all rows' weights.
    constant_directions : int
        How many directions of the data have no spread.
    floor_given : bool
        Whether the caller said how small a standard deviation can be.
    summary : SufficientStatistics
        Of all rows as one component, in the data's units.
    complete : Source
        The rows with every gap filled.
    index : ndarray of shape (n,), or slice
        Where each of those stood in what the caller gave.
    n_given : int
        How many rows the caller gave.
    labels : ndarray of shape (n,)
        The one component that each may be from, or -1.
    expectation : Expectation
        Soft or hard, of all rows or of those not trimmed.
    noise : Noise, optional
        To begin with, in working coordinates.
    fixed : Mixture, optional
        Components whose means and covariances stay, in working coordinates.
    """

    source: Source
    family: Family
    units: Units
    regularization: Regularization
    sample: RowSet
    weight: float
    constant_directions: int
    floor_given: bool
    summary: SufficientStatistics
    complete: Source
    index: Places
    n_given: int
    labels: Labels
    expectation: Expectation = SOFT
    noise: Noise | None = None
    fixed: Mixture | None = None

    @property
    def held_up(self) -> bool:
        """Whether something that the caller gave keeps variances from vanishing."""
        return self.floor_given or self.regularization.prior is not None

    @property
    def anchored(self) -> bool:
        """Whether components have numbers of their own, because some are fixed or named."""
        return self.fixed is not None or bool((self.labels >= 0).any())

    def labeled_rows(self) -> tuple[RowSet, Labels]:
        """Return rows to build a start around, with the components that are known of them."""
        if isinstance(self.complete, ArraySource):
            return self.complete_rows(), self.labels
        return self.sample, np.full(len(self.sample), -1)

    def complete_rows(self) -> RowSet:
        """Return all rows with every gap filled, in working coordinates, in their order."""
        if not isinstance(self.complete, ArraySource):
            raise ParameterError(
                "labels to start from need all rows in memory",
                found="rows that come in chunks",
                needed="an array of rows",
                hint="start from means (K, D), or from the mixture of a fit to a sample",
            )
        every = self.complete.take(np.arange(self.complete.n_rows))
        counted = np.ones(len(every.rows)) if every.weights is None else every.weights
        return RowSet(self.units.apply(every.rows), counted)


def prepare(
    data: Data,
    family: Family,
    executor: Executor,
    random: np.random.Generator,
    *,
    n_components: int,
    reg_covar: float | None,
    floor: Float64Array | None,
    expectation: Expectation = SOFT,
) -> Problem:
    """Return the problem of fitting a family to some data.

    Parameters
    ----------
    data : Data
    family : Family
    executor : Executor
    random : Generator
        Draws the start sample where there are more rows than it holds.
    n_components : int
        How many different rows starts need.
    reg_covar : float or None
        Added to every variance, in the data's squared units.
    floor : ndarray of shape (D,) or None
        The smallest believable standard deviation of each column, in the data's units.
    expectation : Expectation
        What is trimmed has no say in units, floors and starts either.
    """
    trim = expectation.trim
    believed = robust_core(data.complete, trim) if trim else data.complete
    sample = row_sample(believed, random, n_components)
    _check_spread(sample)
    summary = summarize(believed, family, sample.rows[0], executor)
    units = _units_of_summary(summary, family)
    covariance = _total_covariance(summary, units)
    relative, constant = _relative_floor(covariance)
    if floor is not None:
        relative = relative + np.diag((floor / units.scale) ** 2)
    ridge = np.full(len(units.scale), reg_covar or 0.0) / units.scale**2
    return Problem(
        source=data.source,
        family=family,
        units=units,
        regularization=Regularization(relative, ridge),
        sample=replace(sample, rows=units.apply(sample.rows)),
        weight=data.complete.weight,
        constant_directions=constant,
        floor_given=floor is not None,
        summary=summary,
        complete=data.complete,
        index=data.index,
        n_given=data.n_given,
        labels=data.labels,
        expectation=expectation,
    )


def _check_spread(sample: RowSet) -> None:
    spread = np.ptp(sample.rows, axis=0)
    small = (spread > 0) & (spread < 1 / LARGEST_MAGNITUDE)
    if small.any():
        raise InputError(
            "rows are too close together to square their differences",
            found=f"a spread of {spread[small].min():.1e} in column {int(np.argmax(small))}",
            needed=f"at least {1 / LARGEST_MAGNITUDE:.0e}",
            hint="multiply the columns by a constant",
        )


def summarize(
    source: Source, family: Family, origin: Float64Array, executor: Executor
) -> SufficientStatistics:
    """Return the statistics of all rows as one component, about a point among them.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.covariance import family
    >>> from gmmkit.core.execution import SerialExecutor
    >>> from gmmkit.core.sources.arrays import ArraySource
    >>> source = ArraySource(np.array([[1.0], [3.0]]))
    >>> summarize(source, family("full"), np.zeros(1), SerialExecutor()).means
    array([[2.]])
    """
    return executor.total(_SummaryPass(family, Units.plain(len(origin)), origin), source)


@dataclass(frozen=True, eq=False)
class _SummaryPass:
    family: Family
    units: Units
    origin: Float64Array

    def __call__(self, block: Block) -> SufficientStatistics:
        rows = block.rows - self.origin
        weights = np.ones(len(rows)) if block.weights is None else block.weights
        weighted = rows if block.weights is None else rows * weights[:, None]
        diagonal = self.family.moments is Moments.DIAGONAL
        second = (
            np.einsum("nd,nd->d", weighted, rows) if diagonal else pack_symmetric(weighted.T @ rows)
        )
        return SufficientStatistics(
            log_likelihood=0.0,
            weight=np.array([weights.sum()]),
            first=(weights @ rows)[None],
            second=second[None],
            moments=Moments.DIAGONAL if diagonal else Moments.FULL,
            units=self.units,
            origin=self.origin,
        )


def _units_of_summary(summary: SufficientStatistics, family: Family) -> Units:
    scatter = summary.scatter()[0]
    squares = scatter if scatter.ndim == 1 else np.diagonal(scatter)
    variance = np.maximum(squares, 0.0) / summary.total
    return Units.of(summary.means[0], variance, family.symmetry)


def _total_covariance(summary: SufficientStatistics, units: Units) -> Float64Array:
    """Return the covariance of all rows in working units, or its diagonal as a matrix."""
    scatter = summary.scatter()[0] / summary.total
    dense = np.diag(scatter) if scatter.ndim == 1 else scatter
    covariance: Float64Array = dense / np.multiply.outer(units.scale, units.scale)
    return covariance


def _relative_floor(covariance: Float64Array) -> tuple[Float64Array, int]:
    """Return a small share of the total covariance, and how many directions had none to share."""
    eigenvalues, vectors = np.linalg.eigh(covariance)
    constant = eigenvalues <= _CONSTANT_DIRECTION
    filled = np.where(constant, 1.0, eigenvalues)
    floor = RELATIVE_FLOOR * (vectors * filled) @ vectors.T
    return 0.5 * (floor + floor.T) + _REPRESENTABLE_FLOOR * np.eye(len(floor)), int(constant.sum())
