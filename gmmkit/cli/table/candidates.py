"""Several fits to rows that are passed over block by block, compared by what each reached."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

from gmmkit.cli.progress import passes
from gmmkit.cli.table.following import Following
from gmmkit.core.sources.blocks import Source
from gmmkit.errors import FitWarning, InputError

if TYPE_CHECKING:
    from gmmkit.core.fits.result import FitResult
    from gmmkit.core.fits.selection import Candidate, Selection

# What of a fit alone tells how good it is; others look at rows again, or leave some out.
CRITERIA = ("bic", "aic")
_UNKNOWN = float("nan")


@dataclass(frozen=True, eq=False)
class Contest:
    """Fits of several families with several numbers of components to the same rows.

    Parameters
    ----------
    rows : Source
    components : sequence of int
    covariances : str or sequence of str, optional
        As `gmmkit.select` takes them.
    criterion : str
        One of `CRITERIA`.
    options : dict
        Of `gmmkit.fit`.
    """

    rows: Source
    components: Sequence[int]
    covariances: str | Sequence[str] | None
    criterion: str = CRITERIA[0]
    options: dict[str, Any] = field(default_factory=dict)

    def selection(self) -> "Selection":
        """Fit all of them, and return the best one beside what the others reached.

        Raises
        ------
        GmmkitError
            If there are fewer rows than components in any, or one cannot be fitted.

        Warns
        -----
        FitWarning
            If every fit has a collapsed component.

        Examples
        --------
        >>> import numpy as np
        >>> from gmmkit.core.sources.arrays import ArraySource
        >>> rows = np.concatenate([np.arange(9.0), 100 + np.arange(9.0)])[:, None]
        >>> contest = Contest(ArraySource(rows), [1, 2, 3], ["full"], options={"seed": 0})
        >>> contest.selection().chosen.n_components
        2
        """
        from gmmkit.core.fits.criteria import criterion_named
        from gmmkit.core.fits.selection import Selection

        order = criterion_named(self.criterion).order
        table: list[Candidate] = []
        best: tuple[Candidate, FitResult] | None = None
        for candidate, result in self._fits():
            table.append(candidate)
            if best is None or order(candidate) > order(best[0]):
                best = candidate, result
        if best is None:
            raise self._too_few_rows()
        if not best[0].valid:
            warnings.warn(
                FitWarning("every fit has a collapsed component: ask for fewer"), stacklevel=2
            )
        return Selection(best[1], tuple(table), self.criterion, best[0])

    def _fits(self) -> Iterator[tuple["Candidate", "FitResult"]]:
        from gmmkit.core.fits.fitting import fit

        possible = [k for k in sorted(set(self.components)) if k <= self.rows.n_rows]
        pairs = list(product(self._families(), possible))
        with passes() as shown:
            for number, (covariance, k) in enumerate(pairs, start=1):
                name = f"{number} of {len(pairs)}, {k} {covariance}"
                following = Following(shown, name)
                result = fit(
                    following.watched(self.rows),
                    k,
                    covariance=covariance,
                    on_iteration=following.on_iteration,
                    **self.options,
                )
                yield _candidate(result, k), result

    def _families(self) -> Sequence[str]:
        single = self.rows.n_features == 1
        if self.covariances is None:
            return ("E", "V") if single else ("full", "tied", "diag", "spherical")
        if self.covariances == "all":
            from gmmkit.core.families import parsimonious_names

            return ("E", "V") if single else parsimonious_names()
        return [self.covariances] if isinstance(self.covariances, str) else self.covariances

    def _too_few_rows(self) -> InputError:
        return InputError(
            "no number of components can be fitted",
            found=f"{self.rows.n_rows} rows, {min(self.components)} components or more",
            needed="at least one row a component",
        )


def _candidate(result: "FitResult", n_components: int) -> "Candidate":
    from gmmkit.core.fits.selection import Candidate

    return Candidate(
        covariance=result.mixture.covariance.family.name,
        n_components=n_components,
        log_likelihood=result.log_likelihood,
        n_parameters=result.mixture.n_parameters,
        bic=result.bic(),
        aic=result.aic(),
        icl=_UNKNOWN,
        held_out=_UNKNOWN,
        valid=result.valid,
    )
