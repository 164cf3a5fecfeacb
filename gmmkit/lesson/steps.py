"""A fit kept whole: every mixture on the way, and how much each row belonged to each component.

Made for a few hundred rows that a person looks at; `gmmkit.fit` keeps nothing of this.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, check_count, check_nonnegative
from gmmkit.core.em import e_step, m_step
from gmmkit.core.maximization import Regularization
from gmmkit.core.mixture import Mixture
from gmmkit.core.statistics import SufficientStatistics
from gmmkit.core.units import Units
from gmmkit.errors import ParameterError
from gmmkit.lesson.beginning import checked_rows, spread_of, start_by_chance

Assignment = Literal["soft", "hard"]

# A bell narrower than a hundredth of the data's own spread is not worth looking at.
_FLOOR = 1e-4
_NEARLY_ONE = 1e-6


@dataclass(frozen=True, eq=False)
class Step:
    """One expectation and the maximization that follows it.

    Attributes
    ----------
    number : int
        From 1.
    before : Mixture
        What the expectation goes by.
    responsibilities : ndarray of shape (N, K)
        How much each row belongs to each component of `before`; only 0 and 1 if assigned hard.
    log_likelihood : float
        Of the rows under `before`, in nats. Assigned hard, each row counts its own component alone
        (the classification likelihood of Celeux and Govaert 1992, which hard assignment raises).
    after : Mixture
        What the maximization makes of it.

    Examples
    --------
    >>> lesson, = teach([[0.0], [1.0], [8.0], [9.0], [7.0]], 2, assignments=["hard"])
    >>> first = lesson.steps[0]
    >>> first.number, first.responsibilities[0].tolist(), first.after.weights.round(1).tolist()
    (1, [1.0, 0.0], [0.4, 0.6])
    """

    number: int
    before: Mixture
    responsibilities: Float64Array
    log_likelihood: float
    after: Mixture


@dataclass(frozen=True, eq=False)
class Lesson:
    """A fit from its start to where it stands.

    Attributes
    ----------
    rows : ndarray of shape (N, D)
    assignment : str
        "soft" or "hard".
    start, mixture : Mixture
        The first and the last one.
    steps : tuple of Step
    responsibilities : ndarray of shape (N, K)
        Under the last mixture.
    log_likelihood : float
        Of the rows under the last mixture, as in `Step`.
    settled : bool
        Whether the last steps changed next to nothing.

    Examples
    --------
    >>> import numpy as np
    >>> lesson, = teach(np.array([[0.0], [1.0], [8.0], [9.0], [7.0]]), 2, assignments=["soft"])
    >>> lesson.settled, lesson.mixture.means.round(1).tolist()
    (True, [[0.5], [8.0]])
    """

    rows: Float64Array
    assignment: Assignment
    start: Mixture
    mixture: Mixture
    steps: tuple[Step, ...]
    responsibilities: Float64Array
    log_likelihood: float
    settled: bool

    @property
    def collapsed(self) -> tuple[int, ...]:
        """Components of the last mixture that lost all rows, or that the floor holds up."""
        whole = np.linalg.cholesky(spread_of(self.rows))
        relative = np.linalg.solve(whole, self.mixture.covariances)
        relative = np.linalg.solve(whole, relative.transpose(0, 2, 1))
        thin = np.linalg.eigvalsh(relative).min(axis=1) <= _FLOOR * (1 + _NEARLY_ONE)
        return tuple(np.flatnonzero(thin | (self.mixture.weights == 0)).tolist())


def follow(
    rows: npt.ArrayLike,
    start: Mixture,
    *,
    assignment: Assignment = "soft",
    tol: float = 1e-4,
    max_iter: int = 200,
) -> Lesson:
    """Repeat expectation and maximization from a start, and keep every step.

    Parameters
    ----------
    rows : array_like of shape (N, D)
        At most 5,000.
    start : Mixture
        Without noise.
    assignment : str
        "soft": a row belongs to each component in part. "hard": to its likeliest one alone.
    tol : float
        Ends after two successive gains below this many nats a row, or when nothing changes.
    max_iter : int

    Returns
    -------
    Lesson

    Raises
    ------
    InputError
        If rows are unusable, too many, or do not vary.
    ParameterError
        If an argument is out of range.

    Examples
    --------
    >>> rows = [[0.0], [1.0], [2.0], [7.0], [8.0], [9.0]]
    >>> lesson = follow(rows, start_by_chance(rows, 2, seed=0))
    >>> bool(lesson.log_likelihood > lesson.steps[0].log_likelihood)
    True
    """
    array = checked_rows(rows, start.n_features)
    if assignment not in ("soft", "hard"):
        raise ParameterError(
            "assignment is not usable", found=repr(assignment), needed="'soft' or 'hard'"
        )
    least = check_nonnegative(tol, "tol") * len(array)
    most = check_count(max_iter, "max_iter", least=0)
    method = _Method.of(array, start, assignment)
    steps: list[Step] = []
    here, quiet = method.expect(start), 0
    while len(steps) < most and quiet < 2:
        there = method.expect(method.maximize(here))
        steps.append(_step(len(steps) + 1, here, there))
        quiet = quiet + 1 if there.log_likelihood - here.log_likelihood < least else 0
        still = np.array_equal(there.responsibilities, here.responsibilities)
        here, quiet = there, 2 if still else quiet
    return Lesson(
        rows=array,
        assignment=assignment,
        start=start,
        mixture=here.mixture,
        steps=tuple(steps),
        responsibilities=here.responsibilities,
        log_likelihood=here.log_likelihood,
        settled=quiet >= 2,
    )


def teach(
    rows: npt.ArrayLike,
    n_components: int,
    *,
    assignments: Sequence[Assignment] = ("soft", "hard"),
    seed: int | np.random.Generator | None = 0,
    max_iter: int = 200,
) -> tuple[Lesson, ...]:
    """Follow one start by chance under each kind of assignment.

    Components are ordered by where the first kind leaves their centers in the first column.

    Parameters
    ----------
    rows : array_like of shape (N, D)
        At most 5,000.
    n_components : int
    assignments : sequence of str
        Of "soft" and "hard".
    seed : int, optional
    max_iter : int
        Of each kind.

    Returns
    -------
    tuple of Lesson
        One for each assignment, all from the same start.

    Raises
    ------
    InputError
        If rows are unusable, too many or too few, or do not vary.

    Examples
    --------
    >>> soft, hard = teach([[0.0], [1.0], [2.0], [4.0], [5.0], [6.0]], 2, seed=1)
    >>> soft.start is hard.start
    True
    """
    start = start_by_chance(rows, n_components, seed=seed)
    first = follow(rows, start, assignment=assignments[0], max_iter=max_iter)
    order = np.argsort(first.mixture.means[:, 0], kind="stable").tolist()
    ordered = start.reordered(order)
    return tuple(follow(rows, ordered, assignment=a, max_iter=max_iter) for a in assignments)


@dataclass(frozen=True, eq=False)
class _Expected:
    """A mixture and what the expectation under it says about the rows."""

    mixture: Mixture
    responsibilities: Float64Array
    statistics: SufficientStatistics

    @property
    def log_likelihood(self) -> float:
        return self.statistics.log_likelihood


@dataclass(frozen=True, eq=False)
class _Method:
    """The core's two steps, in units and above a floor that the rows settle once."""

    rows: Float64Array
    assignment: Assignment
    units: Units
    regularization: Regularization

    @classmethod
    def of(cls, rows: Float64Array, start: Mixture, assignment: Assignment) -> "_Method":
        covariance = spread_of(rows)
        symmetry = start.covariance.family.symmetry
        units = Units.of(rows.mean(axis=0), np.diagonal(covariance), symmetry)
        floor = _FLOOR * covariance / np.multiply.outer(units.scale, units.scale)
        return cls(rows, assignment, units, Regularization(floor, np.zeros(len(floor))))

    def expect(self, mixture: Mixture) -> _Expected:
        shares = mixture.responsibilities(self.rows)
        if self.assignment == "hard":
            shares = np.eye(mixture.n_components)[mixture.labels(self.rows)]
        statistics = e_step(self.rows, mixture, units=self.units, assignment=self.assignment)
        return _Expected(mixture, shares, statistics)

    def maximize(self, here: _Expected) -> Mixture:
        return m_step(
            here.statistics,
            here.mixture.covariance.family,
            regularization=self.regularization,
            previous=here.mixture,
        )


def _step(number: int, here: _Expected, there: _Expected) -> Step:
    return Step(number, here.mixture, here.responsibilities, here.log_likelihood, there.mixture)
