"""Distributions over mixing weights: Dirichlet, and broken sticks (the Dirichlet process)."""

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np

from gmmkit.core.bayes.frozen import freeze
from gmmkit.core.checks import Float64Array
from gmmkit.errors import ParameterError


class Concentration(Protocol):
    """A distribution over mixing weights that counts of rows update in closed form.

    Examples
    --------
    >>> from gmmkit.core.bayes import Concentration
    >>> prior: Concentration = Sticks.symmetric(1.0, 2)
    >>> prior.updated(np.array([5.0, 1.0])).divergence(prior) > 0
    True
    """

    @property
    def weights(self) -> Float64Array:
        """The expected weights of the components, made to sum to one, (K,)."""

    @property
    def log_weights(self) -> Float64Array:
        """The expected logarithms of the weights, (K,)."""

    @property
    def parameters(self) -> Float64Array | tuple[Float64Array, Float64Array]:
        """The numbers it is made of, as scikit-learn keeps them."""

    @property
    def prior_number(self) -> float:
        """The one number that a symmetric prior is made of."""

    def updated(self, counts: Float64Array) -> Self:
        """Return the distribution after that many rows of each component, (K,)."""

    def divergence(self, prior: Self) -> float:
        """Return the Kullback-Leibler divergence from this to a prior, in nats."""


@dataclass(frozen=True, eq=False)
class Dirichlet:
    """Exchangeable weights of a fixed number of components (Bishop 2006, section 10.2).

    Parameters
    ----------
    concentration : ndarray of shape (K,)
        Positive; as if that many rows of each component had been seen.

    Examples
    --------
    >>> Dirichlet.symmetric(1.0, 2).updated(np.array([5.0, 1.0])).weights
    array([0.75, 0.25])
    """

    concentration: Float64Array

    def __post_init__(self) -> None:
        freeze(self, "concentration")

    @classmethod
    def symmetric(cls, number: float, n_components: int) -> "Dirichlet":
        """Return the prior in which no component is preferred.

        Examples
        --------
        >>> Dirichlet.symmetric(0.5, 2).concentration
        array([0.5, 0.5])
        """
        return cls(np.full(n_components, number))

    @property
    def weights(self) -> Float64Array:
        """The expected weights, (K,)."""
        weights: Float64Array = self.concentration / self.concentration.sum()
        return weights

    @property
    def log_weights(self) -> Float64Array:
        """The expected logarithms of the weights, (K,): Bishop's equation 10.66."""
        from scipy.special import digamma

        expected: Float64Array = digamma(self.concentration) - digamma(self.concentration.sum())
        return expected

    @property
    def parameters(self) -> Float64Array:
        """A copy of the concentration, (K,)."""
        return self.concentration.copy()

    @property
    def prior_number(self) -> float:
        """The concentration of the first component, which a symmetric prior gives to all."""
        return float(self.concentration[0])

    def updated(self, counts: Float64Array) -> "Dirichlet":
        """Return the distribution after that many rows of each component: equation 10.58."""
        return Dirichlet(self.concentration + counts)

    def divergence(self, prior: "Dirichlet") -> float:
        """Return the Kullback-Leibler divergence from this to a prior, in nats."""
        gained = (self.concentration - prior.concentration) @ self.log_weights
        return float(gained + _log_dirichlet(self) - _log_dirichlet(prior))


def _log_dirichlet(of: Dirichlet) -> float:
    """Return the logarithm of a Dirichlet density's normalizer: Bishop's equation B.23."""
    from scipy.special import gammaln

    return float(gammaln(of.concentration.sum()) - gammaln(of.concentration).sum())


@dataclass(frozen=True, eq=False)
class Sticks:
    """Weights broken off one stick after another: a Dirichlet process seen for K components.

    Component k takes the share v_k of what the components before it left, v_k ~ Beta(first_k,
    second_k). Rows are explained by K components only; what the last one leaves belongs to
    components that nobody has seen (Blei and Jordan 2006, who instead let the last take all).

    Parameters
    ----------
    first, second : ndarray of shape (K,)

    Examples
    --------
    >>> Sticks.symmetric(1.0, 2).updated(np.array([5.0, 1.0])).first
    array([6., 2.])
    """

    first: Float64Array
    second: Float64Array

    def __post_init__(self) -> None:
        freeze(self, "first", "second")

    @classmethod
    def symmetric(cls, number: float, n_components: int) -> "Sticks":
        """Return the prior of a process with that concentration.

        Examples
        --------
        >>> Sticks.symmetric(0.5, 2).second
        array([0.5, 0.5])
        """
        return cls(np.ones(n_components), np.full(n_components, number))

    @property
    def weights(self) -> Float64Array:
        """The expected weights of the K components, made to sum to one, (K,)."""
        both = self.first + self.second
        left = np.multiply.accumulate(self.second / both)
        weights: Float64Array = self.first / both * _shifted(left, 1.0)
        return weights / float(weights.sum())

    @property
    def log_weights(self) -> Float64Array:
        """The expected logarithms of the weights, (K,): Blei and Jordan's section 3.2."""
        taken, left = self._log_shares()
        return taken + _shifted(np.cumsum(left), 0.0)

    @property
    def parameters(self) -> tuple[Float64Array, Float64Array]:
        """Copies of both parameters of the shares, (K,) each."""
        return self.first.copy(), self.second.copy()

    @property
    def prior_number(self) -> float:
        """The concentration of the process, in a prior."""
        return float(self.second[0])

    def updated(self, counts: Float64Array) -> "Sticks":
        """Return the distribution after that many rows of each component: their equation 18."""
        later = _shifted(np.cumsum(counts[::-1]), 0.0)[::-1]
        return Sticks(self.first + counts, self.second + later)

    def divergence(self, prior: "Sticks") -> float:
        """Return the Kullback-Leibler divergence from this to a prior, in nats."""
        from scipy.special import betaln

        taken, left = self._log_shares()
        gained = (self.first - prior.first) @ taken + (self.second - prior.second) @ left
        norms = betaln(prior.first, prior.second) - betaln(self.first, self.second)
        return float(gained + norms.sum())

    def _log_shares(self) -> tuple[Float64Array, Float64Array]:
        """Return the expected logarithms of v and of 1 - v."""
        from scipy.special import digamma

        both = digamma(self.first + self.second)
        return digamma(self.first) - both, digamma(self.second) - both


def _shifted(values: Float64Array, initial: float) -> Float64Array:
    """Return the values one place later, behind an initial one."""
    return np.concatenate([[initial], values[:-1]])


_KINDS: dict[str, type[Dirichlet] | type[Sticks]] = {
    "dirichlet_process": Sticks,
    "dirichlet_distribution": Dirichlet,
}


def symmetric_concentration(kind: str, number: float, n_components: int) -> Concentration:
    """Return the prior over weights of a kind that scikit-learn names.

    Parameters
    ----------
    kind : str
        ``"dirichlet_process"`` or ``"dirichlet_distribution"``.
    number : float
        Positive; small ones leave superfluous components empty.
    n_components : int

    Raises
    ------
    ParameterError
        If there is no such kind.

    Examples
    --------
    >>> symmetric_concentration("dirichlet_distribution", 2.0, 3).prior_number
    2.0
    """
    if kind not in _KINDS:
        raise ParameterError(
            "weight_concentration_prior_type is not usable",
            found=repr(kind),
            needed="one of " + ", ".join(map(repr, _KINDS)),
        )
    return _KINDS[kind].symmetric(number, n_components)
