"""What a person should know about a mixture, and what to do about it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.core.fits.validity import too_few_rows, too_thin
from gmmkit.core.mixture import Mixture
from gmmkit.report.columns import counted

# Two components whose Bhattacharyya coefficient is larger could as well be one.
NEARLY_EQUAL = 0.9


@dataclass(frozen=True)
class Advice:
    """A doubt about a fit, and what to try.

    Attributes
    ----------
    code : str
        ``"empty"``, ``"few_rows"``, ``"nearly_equal"``, ``"collapsed"``, ``"floored"``,
        ``"not_converged"`` or ``"rare_optimum"``.
    components : tuple of int
        Which are concerned; empty where it is the whole fit.
    problem : str
    remedy : str
        What to do, as an imperative.

    Examples
    --------
    >>> print(Advice("empty", (2,), "component 2 has lost all its rows", "ask for fewer"))
    component 2 has lost all its rows: ask for fewer
    """

    code: str
    components: tuple[int, ...]
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.problem}: {self.remedy}"


def advice_on_mixture(
    mixture: Mixture, overlap: Float64Array, counts: Float64Array | None = None
) -> Iterator[Advice]:
    """Give advice that the mixture alone, and the rows that each component explains, call for.

    Parameters
    ----------
    mixture : Mixture
    overlap : ndarray of shape (K, K)
        Bhattacharyya coefficients.
    counts : ndarray of shape (K,), optional
        Effective numbers of rows.

    Examples
    --------
    >>> mixture = Mixture([0.5, 0.5], [[0.0], [0.1]], np.ones((2, 1, 1)))
    >>> [advice.code for advice in advice_on_mixture(mixture, np.ones((2, 2)))]
    ['nearly_equal']
    """
    empty = mixture.weights == 0
    if empty.any():
        yield _empty(empty)
    if counts is not None:
        yield from _few_rows(mixture, counts, empty)
    yield from _nearly_equal(overlap, empty)
    thin = too_thin(mixture) & ~empty
    if thin.any():
        yield _collapsed(thin)


def _empty(flags: npt.NDArray[np.bool_]) -> Advice:
    problem = f"{_named(flags)} lost all rows"
    return Advice("empty", _indices(flags), problem, "ask for fewer components, or more starts")


def _few_rows(
    mixture: Mixture, counts: Float64Array, empty: npt.NDArray[np.bool_]
) -> Iterator[Advice]:
    family = mixture.covariance.family
    few = too_few_rows(counts, family, mixture.n_features) & ~empty
    if few.any():
        needed = family.minimum_count(mixture.n_features)
        sizes = ", ".join(f"{count:.1f}" for count in counts[few])
        problem = f"{_named(few)} too few rows ({sizes} where {needed:g} are needed)"
        simpler = "" if family.axis_aligned else ", or for a simpler covariance ('diag', 'tied')"
        remedy = f"ask for fewer components{simpler}"
        yield Advice("few_rows", _indices(few), problem, remedy)


def _nearly_equal(overlap: Float64Array, empty: npt.NDArray[np.bool_]) -> Iterator[Advice]:
    alike = np.triu(overlap > NEARLY_EQUAL, k=1) & ~empty[:, None] & ~empty
    for first, second in np.argwhere(alike).tolist():
        problem = f"components {first} and {second} are nearly equal"
        problem += f" (overlap {overlap[first, second]:.2f})"
        remedy = "ask for one component less, or read the two as one group"
        yield Advice("nearly_equal", (first, second), problem, remedy)


def _collapsed(flags: npt.NDArray[np.bool_]) -> Advice:
    problem = f"{_named(flags)} collapsed onto almost no volume in some direction"
    remedy = (
        "look whether its rows are copies or rounded, and if so give floor=; "
        "else ask for fewer components, or more starts"
    )
    return Advice("collapsed", _indices(flags), problem, remedy)


def not_converged(n_iter: int) -> Advice:
    """Return advice for a fit that ran out of iterations.

    Examples
    --------
    >>> print(not_converged(200))
    not converged after 200 iterations: raise max_iter, or go on from this mixture (start=)
    """
    problem = f"not converged after {counted(n_iter, 'iteration')}"
    return Advice(
        "not_converged", (), problem, "raise max_iter, or go on from this mixture (start=)"
    )


def floored(count: int) -> Advice:
    """Return advice for a fit in which a floor holds up variances.

    Examples
    --------
    >>> floored(2).problem
    'the floor holds up 2 variances'
    """
    remedy = (
        "look for columns or rows that are constant, copied or rounded; if their step is known, "
        "give it as floor="
    )
    return Advice("floored", (), f"the floor holds up {counted(count, 'variance')}", remedy)


def _indices(flags: npt.NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(np.flatnonzero(flags).tolist())


def _named(flags: npt.NDArray[np.bool_]) -> str:
    """Return which components, with the verb."""
    numbers = [str(index) for index in _indices(flags)]
    if len(numbers) == 1:
        return f"component {numbers[0]} has"
    return f"components {', '.join(numbers[:-1])} and {numbers[-1]} have"
