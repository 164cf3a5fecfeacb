"""Moves from one local optimum toward others: a component leaves, and comes back elsewhere.

Random swap (Zhao, Hautamaki, Karkkainen and Franti 2012) and split-and-merge (Ueda, Nakano,
Ghahramani and Hinton 2000), for many mixtures at once. A move need not keep a family's form: the
M-step after it restores that.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.core.families import Family
from gmmkit.core.maximization import Parameters
from gmmkit.core.search.population import members

Indices = npt.NDArray[np.intp]

# How much narrower than usual a component comes back, and how far apart halves are put: measured on
# real tables, no single choice finds what the range does.
_NARROWEST = 10**-1.5
_STEPS = 0.5, 1.2
_NESTING = 1.5, 4.0


@dataclass(frozen=True, eq=False)
class Change:
    """What a move works on: copies of parents, who leaves, who stays beside, and where to go.

    Attributes
    ----------
    children : Parameters
        Of S mixtures; changed in place.
    leaving, partner : ndarray of shape (S,)
        Numbers of two different components of each.
    rows : ndarray of shape (S, D)
        One row of the data for each.
    family : Family
    random : Generator
    """

    children: Parameters
    leaving: Indices
    partner: Indices
    rows: Float64Array
    family: Family
    random: np.random.Generator

    @property
    def each(self) -> Indices:
        """The numbers of the mixtures."""
        return np.arange(len(self.rows))

    def place(self, means: Float64Array, weights: Float64Array | float) -> None:
        """Put the leaving components at `means`."""
        self.children.means[self.each, self.leaving] = means
        self.children.weights[self.each, self.leaving] = weights

    def cover(self, values: Float64Array, factor: Float64Array | float = 1.0) -> None:
        """Give the leaving components covariances, where they have one of their own."""
        if self.family.per_component:
            self.children.values[self.each, self.leaving] = _times(factor, values)

    @property
    def average(self) -> Float64Array:
        """The weighted mean of all components' covariances."""
        weights, _, values = self.children
        if not self.family.per_component:
            return values
        return np.asarray(_times(weights, values).sum(axis=1))

    @property
    def partner_values(self) -> Float64Array:
        """The covariances of the partners."""
        values = self.children.values
        return values[self.each, self.partner] if self.family.per_component else values

    def halve_partner(self) -> Float64Array:
        """Take half of the partners' weights, and return it."""
        halves = 0.5 * self.children.weights[self.each, self.partner]
        self.children.weights[self.each, self.partner] = halves
        return np.asarray(halves)


def _times(factor: Float64Array | float, values: Float64Array) -> Float64Array:
    """Multiply values by a factor along their first axes."""
    factor = np.asarray(factor)
    return factor.reshape(factor.shape + (1,) * (values.ndim - factor.ndim)) * values


def _return_wide(change: Change) -> None:
    """Come back at a row, as wide as components are on average."""
    change.cover(change.average)
    change.place(change.rows, 1.0 / change.children.weights.shape[1])


def _return_narrow(change: Change) -> None:
    """Come back at a row, narrower than components are on average."""
    factor = _NARROWEST ** change.random.random(len(change.rows))
    change.cover(change.average, factor)
    change.place(change.rows, 1.0 / change.children.weights.shape[1])


def _return_alike(change: Change) -> None:
    """Come back at a row, with the covariance of another component."""
    change.cover(change.partner_values)
    change.place(change.rows, 1.0 / change.children.weights.shape[1])


def _split_partner(change: Change) -> None:
    """Come back as one half of another component, both moved apart in a direction of its own."""
    means, (n, d) = change.children.means, change.rows.shape
    k = means.shape[1]
    dense = change.family.dense(change.children.values, k, d)[change.each, change.partner]
    direction = change.random.standard_normal((n, d))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    step = (np.linalg.cholesky(dense) @ direction[..., None])[..., 0]
    step *= change.random.uniform(*_STEPS, size=(n, 1))
    center = means[change.each, change.partner].copy()
    change.cover(change.partner_values)
    change.place(center + step, change.halve_partner())
    means[change.each, change.partner] = center - step


def _nest_in_partner(change: Change) -> None:
    """Come back around another component: one wide and one narrow at the same place."""
    factor = change.random.uniform(*_NESTING, size=len(change.rows))
    values = change.partner_values.copy()
    change.cover(values, factor)
    if change.family.per_component:
        change.children.values[change.each, change.partner] = _times(1.0 / factor, values)
    center = change.children.means[change.each, change.partner]
    change.place(center, change.halve_partner())


_MOVES: tuple[Callable[[Change], None], ...] = (
    _return_wide,
    _return_narrow,
    _return_alike,
    _split_partner,
    _nest_in_partner,
)


def children(
    parents: Parameters,
    number: int,
    rows: Float64Array,
    family: Family,
    random: np.random.Generator,
) -> Parameters:
    """Return mixtures that are each one random move away from a random parent.

    Parameters
    ----------
    parents : Parameters
        Of two components at least.
    number : int
        How many to make.
    rows : ndarray of shape (N, D)
        Where components may come back.
    family : Family
    random : Generator
    """
    size, k = parents.weights.shape
    copies = members(parents, random.integers(size, size=number))
    leaving = random.integers(k, size=number)
    partner = (leaving + 1 + random.integers(k - 1, size=number)) % k
    places = rows[random.integers(len(rows), size=number)]
    kinds = random.integers(len(_MOVES), size=number)
    changed = []
    for kind, move in enumerate(_MOVES):
        chosen = np.flatnonzero(kinds == kind)
        part = members(copies, chosen)
        move(Change(part, leaving[chosen], partner[chosen], places[chosen], family, random))
        changed.append(part)
    weights, means, values = map(np.concatenate, zip(*changed, strict=True))
    # What noise takes beside the components stays its own.
    before = copies.weights.sum(axis=1)[np.argsort(kinds, kind="stable")]
    total = np.maximum(weights.sum(axis=1), np.finfo(float).tiny)
    return Parameters(weights * (before / total)[:, None], means, values)
