"""The E-step over all rows: soft or hard, of every row or of those that are not trimmed."""

from dataclasses import dataclass

from gmmkit.core.engine.passes import USUAL_PASSES
from gmmkit.core.engine.routes import Route
from gmmkit.core.engine.scoring import Scorer
from gmmkit.core.engine.turn import Turn
from gmmkit.core.execution import Executor
from gmmkit.core.gaps.partial import make_partial_pass
from gmmkit.core.mixture import Mixture
from gmmkit.core.sources.blocks import Source
from gmmkit.core.statistics import SufficientStatistics
from gmmkit.core.trimming import check_share, trimmed
from gmmkit.core.units import Units
from gmmkit.errors import ParameterError

ASSIGNMENTS = ("soft", "hard")


@dataclass(frozen=True)
class Expectation:
    """How rows are shared among components, and which rows count.

    Parameters
    ----------
    assignment : str
        ``"soft"``: a row belongs to every component as much as the posterior says. ``"hard"``: it
        belongs to the likeliest alone, and the log likelihood is the classification likelihood
        (Celeux and Govaert 1992).
    trim : float
        The share of the rows, in [0, 1), that count as contamination: the least likely ones.

    Raises
    ------
    ParameterError
        If there is no such assignment, or the share is out of range.

    Examples
    --------
    >>> Expectation("hard").trim
    0.0
    """

    assignment: str = "soft"
    trim: float = 0.0

    def __post_init__(self) -> None:
        if self.assignment not in ASSIGNMENTS:
            raise ParameterError(
                "there is no such assignment",
                found=repr(self.assignment),
                needed=" or ".join(map(repr, ASSIGNMENTS)),
            )
        check_share(self.trim)

    def __call__(
        self,
        source: Source,
        mixture: Mixture,
        units: Units,
        route: Route,
        executor: Executor,
        expected_passes: int = USUAL_PASSES,
        *,
        turn: Turn | None = None,
    ) -> SufficientStatistics:
        """Return the statistics of a source's rows under a working mixture."""
        kept = self.kept(source, mixture, units, executor)
        hard = self.assignment == "hard"
        passing = make_partial_pass(
            mixture, units, route, kept.n_rows, expected_passes, hard=hard, turn=turn
        )
        return executor.total(passing, kept)

    def kept(self, source: Source, mixture: Mixture, units: Units, executor: Executor) -> Source:
        """Return the rows that count under a working mixture."""
        if not self.trim:
            return source
        hard = self.assignment == "hard"
        return trimmed(source, Scorer.of(units.restore(mixture)), self.trim, executor, hard=hard)


SOFT = Expectation()
