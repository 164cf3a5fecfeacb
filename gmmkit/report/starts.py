"""How much the start decided: what the starts reached, how often the best, how alike the rest."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.core.fits.optima import Optimum, agreement
from gmmkit.errors import InputError
from gmmkit.report.columns import percent

# Beyond this many optima, the worst ones are not compared: their labels interest nobody.
_COMPARED = 10
# Labelings with a larger adjusted Rand index tell the same story.
_ALIKE = 0.9


@dataclass(frozen=True, eq=False)
class StartsReport:
    """What the starts of a fit came to.

    Attributes
    ----------
    optima : tuple of Optimum
        Distinct ones, the best valid one first.
    agreement : ndarray of shape (M, M) or None
        Adjusted Rand indices between the labelings by the first ten optima; None without rows.
    searched : bool
        Whether these are the finalists of a search, and not where single starts ended.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.mixture import Mixture
    >>> mixture = Mixture([1.0], [[0.0]], np.ones((1, 1, 1)))
    >>> optima = tuple(Optimum(value, True, 2, mixture) for value in (-5.0, -9.0))
    >>> StartsReport(optima, None).share_at_best
    0.5
    """

    optima: tuple[Optimum, ...]
    agreement: Float64Array | None
    searched: bool = False

    @property
    def n_starts(self) -> int:
        """How many starts were run."""
        return sum(optimum.starts for optimum in self.optima)

    @property
    def share_at_best(self) -> float:
        """The share of starts that ended at the best optimum."""
        return self.optima[0].starts / self.n_starts

    @property
    def sentence(self) -> str:
        """How sensitive the fit is to its start, in one sentence."""
        if self.optima[0].mixture.n_components == 1:
            return "One component has one optimum, wherever it starts."
        if self.searched:
            return self._about_the_search()
        if self.n_starts == 1:
            return "Only one start was run: how much it decided is not known (try n_init=10)."
        if len(self.optima) == 1:
            return f"All {self.n_starts} starts ended at one optimum: the start does not matter."
        best, share = self.optima[0].starts, percent(self.share_at_best)
        ended = f"{best} of {self.n_starts} starts ({share}) ended at the best optimum"
        return f"{ended}, {self._about_the_next()}: {self._verdict()}."

    def _about_the_search(self) -> str:
        how = "start='kmeans', n_init=20 tells how often a single start gets there"
        if len(self.optima) == 1:
            return f"All finalists of the search are one optimum ({how})."
        best = f"The search kept the best of {len(self.optima)} optima"
        return f"{best}, {self._about_the_next()} ({how})."

    def _about_the_next(self) -> str:
        best, following = self.optima[:2]
        if best.valid and not following.valid:
            return "and the others collapsed"
        gap = best.log_likelihood - following.log_likelihood
        alike = ""
        if self.agreement is not None:
            alike = f" and groups rows with an adjusted Rand index of {self.agreement[0, 1]:.2f}"
        return f"the next is {gap:.1f} nats below{alike}"

    def _verdict(self) -> str:
        if self.optima[0].starts == 1:
            return "found once only, so better ones may exist (try more starts)"
        if self.agreement is not None and (self.agreement[0, 1:] >= _ALIKE).all():
            return "the start matters little, the groups are much the same"
        often = self.share_at_best >= 0.5
        return "the start matters little" if often else "the start matters (keep several)"


def describe_starts(
    optima: Sequence[Optimum], rows: npt.ArrayLike | None = None, *, searched: bool = False
) -> StartsReport:
    """Report what the starts of a fit came to.

    Parameters
    ----------
    optima : sequence of Optimum
        Distinct ones, the best valid one first, as `distinct_optima` gives them.
    rows : array_like of shape (N, D), optional
        To say how alike their labelings are.
    searched : bool
        Whether they are the finalists of a search, such as `FitResult.searched` says.

    Raises
    ------
    InputError
        If there are no optima, or the rows cannot be used.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.mixture import Mixture
    >>> mixture = Mixture([0.5, 0.5], [[0.0], [9.0]], np.ones((2, 1, 1)))
    >>> describe_starts([Optimum(-5.0, True, 4, mixture)]).sentence
    'All 4 starts ended at one optimum: the start does not matter.'
    """
    if not optima:
        raise InputError("there are no optima to report", needed="at least one")
    alike = None if rows is None else agreement(optima[:_COMPARED], rows)
    return StartsReport(tuple(optima), alike, searched)
