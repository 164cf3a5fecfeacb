"""The search for a better optimum: many mixtures, random moves from the best, the valid-fit rule.

Every round keeps the best few distinct mixtures, fills the population with children one move away,
looks which of them get on, and runs EM on those for some iterations. It ends when nothing better
was found for some rounds, or the budget is spent; the best are then run to convergence.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from time import monotonic

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, check_count, check_nonnegative
from gmmkit.core.families import Family
from gmmkit.core.fits.validity import thin_components
from gmmkit.core.maximization import Parameters, Regularization
from gmmkit.core.noise import Noise
from gmmkit.core.search.beginnings import first_population
from gmmkit.core.search.moves import children
from gmmkit.core.search.population import PopulationEM, Standing, members
from gmmkit.core.starts.row_sets import RowSet

# Found on tables of 145 to 1,000 rows: so many mixtures begin, so many survive a round, and of so
# many children the more promising third goes on after a first look.
_POPULATION = 32
_FIRST_ITERATIONS = 15
_SURVIVORS = 12
_CHILDREN = 42
_PROMISING = 14
_LOOK = 3
_ITERATIONS = 10
_FINALISTS = 4
# A search that cannot afford as many rounds as this is none.
FEWEST_ROUNDS = 5
# Where so many of the first mixtures agree on the best optimum, it is an easy one.
_AGREEING = 6
_QUICK_PATIENCE = 1
_MOST_FINAL_ITERATIONS = 500
# Shares of a nat for each unit of weight: below the first, two mixtures count as one optimum; below
# the second they are on their way to one; below the third a round brought nothing; below the fourth
# in an iteration a mixture stands still, and below the fifth it has converged.
_SAME = 3e-4
_AGREEMENT = 1e-3
_PROGRESS = 1e-4
_STANDSTILL = 2e-5
_CONVERGED = 5e-7
# Log likelihoods nearer than this, for each unit of weight, rank as equal.
_EQUAL = 1e-8
# Added to variances, in shares of the rows' own: no mixture of a population may be singular.
_SEARCH_RIDGE = 1e-7
# What an exponential costs in multiply-adds, a component's matrices beside its own estimate, and
# what NumPy adds to an iteration of one mixture.
_EXPONENTIAL = 12
_MATRICES = 2_000
_FACTORS = 4
_OVERHEAD = 20_000


Indices = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Search:
    """A search for the best optimum, and what it may cost.

    Parameters
    ----------
    rounds : int
        At most so many rounds of moves.
    patience : int, optional
        The search ends after so many rounds without progress; by default 2 and two a component.
    work : float
        About so many multiply-adds, though five rounds at least, at a third of a nanosecond each.
    seconds : float, optional
        At most so long. What is found then depends on the machine's speed.

    Raises
    ------
    ParameterError
        If a number is out of range.

    Examples
    --------
    >>> Search(seconds=2.0).rounds
    60
    """

    rounds: int = 60
    patience: int | None = None
    work: float = 4.2e8
    seconds: float | None = None

    def __post_init__(self) -> None:
        check_count(self.rounds, "rounds", least=0)
        check_nonnegative(self.work, "work")
        if self.patience is not None:
            check_count(self.patience, "patience")
        if self.seconds is not None:
            check_nonnegative(self.seconds, "seconds")


USUAL_SEARCH = Search()


@dataclass(frozen=True, eq=False)
class Finalist:
    """A converged mixture of a search, in working coordinates.

    Attributes
    ----------
    parameters : Parameters
        Without leading axes.
    log_likelihood : float
        Of the rows searched, in working units.
    valid : bool
    """

    parameters: Parameters
    log_likelihood: float
    valid: bool


def round_work(rows: RowSet, k: int, family: Family) -> float:
    """Return the multiply-adds of one round of a search."""
    n, d = rows.rows.shape
    features = d if family.axis_aligned else d * (d + 1) // 2
    a_row = 2 * (1 + d + features) + _EXPONENTIAL
    matrices = _MATRICES + (0 if family.axis_aligned else _FACTORS * d**3)
    a_component = n * a_row + matrices + family.estimate_work(d)
    steps = (_SURVIVORS + _CHILDREN) * _LOOK + _PROMISING * _ITERATIONS
    return float(steps * (_OVERHEAD + k * a_component))


def hunt(
    rows: RowSet,
    family: Family,
    regularization: Regularization,
    k: int,
    *,
    plan: Search,
    random: np.random.Generator,
    noise: Noise | None = None,
    thin_allowed: bool = False,
) -> list[Finalist]:
    """Search for the best mixtures of k components.

    Parameters
    ----------
    rows : RowSet
        In working coordinates.
    family : Family
    regularization : Regularization
        In working units. Where components are independent the floor is added to their variances
        instead of clipping, which takes less time: a search may be off by so little.
    k : int
    plan : Search
    random : Generator
    noise : Noise, optional
        In working coordinates, with the weight to begin with.
    thin_allowed : bool
        Whether thin components are honest, because the caller gave a floor.

    Returns
    -------
    list of Finalist
        The best valid one first.
    """
    share = rows.weights / rows.weights.sum()
    variance = share @ (rows.rows - share @ rows.rows) ** 2
    least = _SEARCH_RIDGE * variance
    if regularization.floor is not None:
        least = least + np.diagonal(regularization.floor)
    if family.independent:
        milder = replace(regularization, floor=None, ridge=regularization.ridge + least)
    else:
        milder = replace(regularization, floor=np.diag(least))
    em = PopulationEM.of(rows, family, milder, noise)
    return _Hunt(em, rows, k, plan, thin_allowed, random)()


@dataclass(frozen=True, eq=False)
class _Hunt:
    """One search on one set of rows.

    Attributes
    ----------
    em : PopulationEM
    rows : RowSet
        In working coordinates.
    k : int
    plan : Search
    thin_allowed : bool
        Whether thin components are honest, because the caller gave a floor.
    random : Generator
    """

    em: PopulationEM
    rows: RowSet
    k: int
    plan: Search
    thin_allowed: bool
    random: np.random.Generator = field(repr=False)

    def __call__(self) -> list[Finalist]:
        """Return the finalists, the best valid one first."""
        population = first_population(self.em, self.rows, self.k, _POPULATION, self.random)
        standing = self.em.run(population, _FIRST_ITERATIONS)
        finalists: list[Finalist] = []
        if self.k > 1:
            easy = self._agreed(standing)
            if not easy:
                # A slow climber among the first may have been left behind by faster ones.
                first = self._best(standing, _FINALISTS)
                finalists += self._converged(members(standing.population, first))
            usual = _QUICK_PATIENCE if easy else 2 + 2 * self.k
            standing = self._moved(standing, self.plan.patience or usual)
        finalists += self._finished(standing)
        return sorted(finalists, key=lambda f: (f.valid, f.log_likelihood), reverse=True)

    def _agreed(self, standing: Standing) -> bool:
        """Tell whether many of the first mixtures came to one optimum, the best."""
        ranks = self._ranks(standing)
        return int((ranks > ranks.max() - _AGREEMENT * self._weight).sum()) >= _AGREEING

    def _moved(self, standing: Standing, patience: int) -> Standing:
        """Return where the population stands after rounds of moves."""
        best, waiting, started = -np.inf, 0, monotonic()
        for _ in range(self._affordable_rounds):
            reached = self._ranks(standing).max()
            waiting = 0 if reached > best + _PROGRESS * self._weight else waiting + 1
            best = max(best, reached)
            late = self.plan.seconds is not None and monotonic() - started > self.plan.seconds
            if late or waiting >= patience:
                break
            chosen = self._best(standing, _SURVIVORS)
            standing = self._next(members(standing.population, chosen))
        return standing

    def _next(self, parents: Parameters) -> Standing:
        """Return the parents and their most promising children, each further on its way."""
        born = children(parents, _CHILDREN, self.rows.rows, self.em.family, self.random)
        looked = self.em.run(born, _LOOK)
        order = np.argsort(-self._ranks(looked), kind="stable")[:_PROMISING]
        grown = self.em.run(members(looked.population, order), _ITERATIONS)
        return self.em.run(parents, _LOOK).with_others(grown)

    @property
    def _affordable_rounds(self) -> int:
        cost = round_work(self.rows, self.k, self.em.family)
        return int(min(self.plan.rounds, max(FEWEST_ROUNDS, self.plan.work // cost)))

    @property
    def _weight(self) -> float:
        return float(self.rows.weights.sum())

    def _ranks(self, standing: Standing) -> Float64Array:
        """Return log likelihoods, those of collapsed mixtures below all others.

        Rounded, so that the last digits of equal ones do not decide who is a parent: then neither
        the order of the rows nor their units change what a search finds.
        """
        step = _EQUAL * self._weight
        ranks = np.round(standing.log_likelihoods / step) * step
        valid = self._valid(standing.population)
        return np.where(valid, ranks, ranks - 2 * (step + np.ptp(ranks)))

    def _valid(self, population: Parameters) -> npt.NDArray[np.bool_]:
        weights, _, values = population
        family, d = self.em.family, self.em.n_features
        enough = weights.min(axis=1) * self._weight >= family.minimum_count(d)
        if self.thin_allowed:
            return np.asarray(enough)
        thin = thin_components(weights, values, family, (self.k, d))
        return np.asarray(enough & ~thin.any(axis=1))

    def _best(self, standing: Standing, number: int) -> list[int]:
        """Return the numbers of the best members of different likelihoods.

        Half of the places are for the best that stand still: what still moves may yet collapse,
        and on its way there it is likelier than any optimum.
        """
        order = np.argsort(-self._ranks(standing), kind="stable")
        still = standing.gains[order] < _STANDSTILL * self._weight
        chosen = self._different(standing, order[still], [], number // 2)
        return self._different(standing, order, chosen, number)

    def _different(
        self, standing: Standing, order: Indices, chosen: list[int], number: int
    ) -> list[int]:
        """Return the chosen and those after them that differ from all, up to a number."""
        found = list(chosen)
        for member in order:
            if len(found) == number:
                break
            apart = np.abs(standing.log_likelihoods[found] - standing.log_likelihoods[member])
            if (apart > _SAME * self._weight).all():
                found.append(int(member))
        return found

    def _finished(self, standing: Standing) -> list[Finalist]:
        """Run the best to convergence; where all of them collapse, the next that are valid yet."""
        finalists: list[Finalist] = []
        while not any(finalist.valid for finalist in finalists):
            chosen = self._best(standing, _FINALISTS)
            finalists += self._converged(members(standing.population, chosen))
            left = self._valid(standing.population)
            left[chosen] = False
            if not left.any():
                break
            standing = standing.reduced(np.flatnonzero(left))
        return finalists

    def _converged(self, population: Parameters) -> Iterator[Finalist]:
        """Yield members as their likelihood stands still, or the iterations run out."""
        before = np.full(len(population.weights), -np.inf)
        for iteration in range(_MOST_FINAL_ITERATIONS):
            following, log_likelihoods = self.em.step(population)
            last = iteration == _MOST_FINAL_ITERATIONS - 1
            done = (log_likelihoods - before < _CONVERGED * self._weight) | last
            finished = members(population, np.flatnonzero(done))
            yield from self._finalists(finished, log_likelihoods[done])
            if done.all():
                return
            population = members(following, np.flatnonzero(~done))
            before = log_likelihoods[~done]

    def _finalists(
        self, population: Parameters, log_likelihoods: Float64Array
    ) -> Iterator[Finalist]:
        if not len(log_likelihoods):
            return
        for number, valid in enumerate(self._valid(population)):
            parts = Parameters(*(part[number] for part in population))
            yield Finalist(parts, float(log_likelihoods[number]), bool(valid))
