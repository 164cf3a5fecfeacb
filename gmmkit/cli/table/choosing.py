"""Which covariance with how many components: fits of all compared, and the best of them told."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from gmmkit.cli.progress import stages
from gmmkit.cli.results import Report, columns, plural
from gmmkit.cli.session import collected_warnings
from gmmkit.cli.table.candidates import Contest
from gmmkit.cli.table.data import Data
from gmmkit.cli.table.demands import FitWords, fit_arguments
from gmmkit.cli.table.outcomes import check_strictly, in_order
from gmmkit.cli.table.wording import Wording
from gmmkit.core.sources.blocks import Source
from gmmkit.errors import GmmkitWarning

if TYPE_CHECKING:
    from gmmkit.core.checks import Float64Array
    from gmmkit.core.fits.result import FitResult
    from gmmkit.core.fits.selection import Candidate, Selection

_TITLES = {"bic": "BIC", "aic": "AIC", "icl": "ICL", "held_out": "held-out log density"}
_HIGHER_IS_BETTER = frozenset({"held_out"})
# Through the entropies of three numbers of groups two lines go exactly, and say nothing.
_FEWEST_COMBINED = 4


@dataclass(frozen=True, eq=False)
class Choice:
    """The best of many fits, and how it stands among them.

    Parameters
    ----------
    selection : Selection
    result : FitResult
        The best one, its largest component first.
    groups : tuple of tuple of int
        Its components put together that share their rows, one for each group.
    """

    selection: "Selection"
    result: "FitResult"
    groups: tuple[tuple[int, ...], ...]

    @property
    def title(self) -> str:
        """What the criterion is called."""
        return _TITLES[self.selection.criterion]

    @property
    def lower_is_better(self) -> bool:
        """Which end of the criterion is the best."""
        return self.selection.criterion not in _HIGHER_IS_BETTER

    @property
    def notes(self) -> dict[str, str]:
        """What a model file keeps of the choice."""
        chosen_by = f"{self.title} among {plural(len(self.selection.table), 'fit')}"
        return {"chosen by": chosen_by} | ({"groups": self._grouped} if self._combines else {})

    def value(self, candidate: "Candidate") -> float:
        """Return what a candidate is compared by."""
        return float(getattr(candidate, self.selection.criterion))

    def sentences(self) -> Iterator[str]:
        """Say what was chosen, by how much, and what else there is to know."""
        best, *others = self.selection.ranked()
        better = "lower" if self.lower_is_better else "higher"
        told = f"{plural(best.n_components, f'{best.covariance} component')} by {self.title}"
        ahead = "" if not others or not others[0].valid else f", {self._ahead_of(others[0])}"
        yield f"best of {plural(len(others) + 1, 'fit')}: {told} ({better} is better){ahead}"
        collapsed = sum(not candidate.valid for candidate in self.selection.table)
        if collapsed:
            yield f"  {plural(collapsed, 'fit')} collapsed and cannot be chosen"
        if self._combines:
            yield (
                f"  by entropy, the components make {plural(len(self.groups), 'group')}: "
                f"{self._grouped} (those joined by + share their rows)"
            )

    def table(self, most: int) -> str:
        """Return the best candidates as aligned text, the best one marked."""
        ranked = self.selection.ranked()
        header = ("", "covariance", "components", self.title, "behind", "parameters", "")
        rows = [self._cells(candidate) for candidate in ranked[:most]]
        text = columns([header, *rows], right=[2, 3, 4, 5])
        left = len(ranked) - most
        return f"{text}\n  and {left:,} more (--top {len(ranked)})" if left > 0 else text

    def values(self) -> Report:
        """Return the choice as plain values, every candidate among them, the best one first."""
        return {
            "criterion": self.selection.criterion,
            "chosen": asdict(self.selection.chosen),
            "candidates": [asdict(candidate) for candidate in self.selection.ranked()],
            "groups": [list(group) for group in self.groups],
        }

    @property
    def _combines(self) -> bool:
        return len(self.groups) < self.result.mixture.n_components

    @property
    def _grouped(self) -> str:
        return ", ".join("+".join(map(str, group)) for group in self.groups)

    def _behind(self, candidate: "Candidate") -> float:
        return abs(self.value(candidate) - self.value(self.selection.chosen))

    def _ahead_of(self, candidate: "Candidate") -> str:
        gap = self._number(self._behind(candidate))
        return f"{gap} ahead of {candidate.n_components} {candidate.covariance}"

    def _cells(self, candidate: "Candidate") -> Sequence[str]:
        is_best = candidate is self.selection.chosen
        return (
            "*" if is_best else "",
            candidate.covariance,
            str(candidate.n_components),
            self._number(self.value(candidate)),
            "" if is_best or not candidate.valid else self._number(self._behind(candidate)),
            str(candidate.n_parameters),
            "" if candidate.valid else "collapsed",
        )

    def _number(self, value: float) -> str:
        return f"{value:,.1f}" if self.lower_is_better else f"{value:,.3f}"


def chosen(
    words: FitWords,
    data: Data,
    covariances: str | Sequence[str] | None,
    criterion: str = "bic",
    *,
    folds: int = 5,
    jobs: int | None = None,
    executor: object = None,
) -> tuple[Choice, list[GmmkitWarning]]:
    """Fit every covariance with every number of components; return the choice, and what was warned.

    Raises
    ------
    GmmkitError
        If none can be fitted, or the best is degenerate and that is not to be.
    """
    options = {"seed": words.seed, "executor": executor} | fit_arguments(words, data)
    with collected_warnings(Wording(data.columns).among_candidates) as warned:
        if isinstance(data.rows, Source):
            options["n_threads"] = words.threads
            contest = Contest(data.rows, words.components, covariances, criterion, options)
            selection = contest.selection()
        else:
            options |= {"n_threads": words.threads if jobs is None else 1}
            options |= {"n_folds": folds, "n_jobs": jobs, "sample_weight": data.weights}
            selection = _selected(data.rows, words.components, covariances, criterion, options)
        if words.strict:
            check_strictly(selection.best, [])
    result = in_order(selection.best, data)
    return Choice(selection, result, _groups(result, data)), warned


def _selected(
    rows: "Float64Array",
    components: Sequence[int],
    covariances: str | Sequence[str] | None,
    criterion: str,
    options: dict[str, Any],
) -> "Selection":
    from gmmkit.core.fits.selection import select

    with stages() as tell_stage:
        tell_stage("fitting", 0, len(components))
        return select(
            rows,
            components,
            covariances,
            criterion,
            on_candidate=lambda done, whole, last: tell_stage(_named(last), done, whole),
            **options,
        )


def _named(candidate: "Candidate") -> str:
    return f"fitted {candidate.n_components} {candidate.covariance}"


def _groups(result: "FitResult", data: Data) -> tuple[tuple[int, ...], ...]:
    """Return the components that entropy puts together, each alone where it suggests nothing."""
    from gmmkit.core.algebra.merging import combine_by_entropy
    from gmmkit.core.gaps.incomplete import responsibilities

    k = result.mixture.n_components
    rows, weights = data.matrix, data.weights
    if rows is None or k < _FEWEST_COMBINED:
        return tuple((number,) for number in range(k))
    if result.kept is not None:
        rows, weights = rows[result.kept], None if weights is None else weights[result.kept]
    combination = combine_by_entropy(responsibilities(rows, result.mixture), weights)
    homes = combination.into(combination.suggested).tolist()
    members = [[k for k, home in enumerate(homes) if home == group] for group in set(homes)]
    return tuple(sorted(map(tuple, members)))
