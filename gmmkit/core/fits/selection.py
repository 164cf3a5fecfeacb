"""How many components, and which family: fits of all, compared by one criterion."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, FloatArray, check_count, check_rows, check_weights
from gmmkit.core.families import Family, family, parsimonious_names
from gmmkit.core.fits.criteria import Criterion, criterion_named, icl
from gmmkit.core.fits.fitting import fit
from gmmkit.core.fits.result import FitResult
from gmmkit.core.gaps.incomplete import log_density
from gmmkit.core.gaps.known import check_incomplete_rows
from gmmkit.core.sources.adapters import source_of
from gmmkit.errors import FitWarning, InputError, ParameterError

OnCandidate = Callable[[int, int, "Candidate"], None]
Rows = npt.NDArray[np.intp]

_Said = tuple[type[Warning], str]

_COMPONENTS = range(1, 10)
_USUAL = ("full", "tied", "diag", "spherical")
_USUAL_OF_ONE_COLUMN = ("E", "V")


@dataclass(frozen=True)
class Candidate:
    """One family with one number of components, fitted.

    Attributes
    ----------
    covariance : str
    n_components : int
    log_likelihood : float
        In nats, summed over rows.
    n_parameters : int
    bic, aic, icl : float
        Lower is better.
    held_out : float
        The mean log density of rows that were not fitted, in nats; NaN unless it is the criterion.
    valid : bool
        Whether every component has rows enough and is not collapsed.
    """

    covariance: str
    n_components: int
    log_likelihood: float
    n_parameters: int
    bic: float
    aic: float
    icl: float
    held_out: float
    valid: bool


@dataclass(frozen=True, eq=False)
class Selection:
    """What a selection came to.

    Attributes
    ----------
    best : FitResult
        The fit of the best valid candidate.
    table : tuple of Candidate
        Every candidate, family by family.
    criterion : str
        What was compared.
    chosen : Candidate
        The best one.

    Examples
    --------
    >>> rows = np.concatenate([np.arange(9.0), 100 + np.arange(9.0)])[:, None]
    >>> selection = select(rows, range(1, 4), seed=0)
    >>> selection.chosen.n_components
    2
    """

    best: FitResult
    table: tuple[Candidate, ...]
    criterion: str
    chosen: Candidate

    def ranked(self) -> tuple[Candidate, ...]:
        """Return the candidates, the best valid one first and collapsed ones last."""
        return tuple(sorted(self.table, key=criterion_named(self.criterion).order, reverse=True))

    def __repr__(self) -> str:
        chosen = self.chosen
        return (
            f"<Selection by {self.criterion} of {len(self.table)}: {chosen.n_components} "
            f"{chosen.covariance} components>"
        )

    def _repr_html_(self) -> str:
        from gmmkit.core.notebook.cards import selection_card

        return selection_card(self)


def select(
    X: npt.ArrayLike,
    n_components: int | Iterable[int] = _COMPONENTS,
    covariances: str | Iterable[str | Family] | None = None,
    criterion: str = "bic",
    *,
    sample_weight: npt.ArrayLike | None = None,
    n_folds: int = 5,
    seed: int | None = None,
    n_jobs: int | None = None,
    on_candidate: OnCandidate | None = None,
    **options: Any,
) -> Selection:
    """Fit every family with every number of components, and choose by a criterion.

    Parameters
    ----------
    X : array_like of shape (N, D)
        Rows; with ``missing="marginalize"`` NaN where a cell is missing.
    n_components : int or iterable of int
    covariances : str or iterable of str, optional
        Families, or ``"all"`` for mclust's fourteen (E and V in one column). The default is
        scikit-learn's four (E and V in one column).
    criterion : str
        ``"bic"`` (Schwarz 1978), ``"aic"`` (Akaike 1974), ``"icl"`` (Biernacki, Celeux and Govaert
        2000) or ``"held_out"``: the mean log density of rows not fitted, by cross-validation.
    sample_weight : array_like of shape (N,), optional
        Frequencies.
    n_folds : int
        Of the cross-validation.
    seed : int, optional
        The same seed gives the same answer, however many processes work.
    n_jobs : int, optional
        Processes, -1 for one a processor; the default works in this one.
    on_candidate : callable, optional
        Called with how many are done, how many there are, and the candidate just fitted.
    **options
        Passed to :func:`~gmmkit.core.fits.fitting.fit`, such as ``prior="default"``.

    Returns
    -------
    Selection

    Raises
    ------
    InputError
        If rows are unusable, or none of the candidates can be fitted to so few.
    ParameterError
        If an argument is out of range.

    Warns
    -----
    FitWarning
        If every fit has a collapsed component.

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal(size=(200, 2)) * [1.0, 9.0]
    >>> select(rows, range(1, 3), seed=0).chosen.covariance
    'diag'
    """
    wanted = criterion_named(criterion)
    _check_in_memory(X)
    marginalize = options.get("missing") == "marginalize"
    rows = check_incomplete_rows(X) if marginalize else check_rows(X)
    weights = check_weights(sample_weight, len(rows))
    kinds = _families(covariances, rows.shape[1])
    n_rows = len(rows) if weights is None else int((weights > 0).sum())
    counts = _counts(n_components, n_rows)
    folds = check_count(n_folds, "n_folds", least=2)
    trial = _Trial(rows, weights, wanted, folds, seed, options)
    pairs = list(product(kinds, counts))
    outcomes = list(_carried_out(trial, pairs, n_jobs, on_candidate))
    table = tuple(candidate for candidate, _ in outcomes)
    place = max(range(len(table)), key=lambda number: wanted.order(table[number]))
    if not table[place].valid:
        warnings.warn(
            FitWarning("every fit has a collapsed component: ask for fewer"), stacklevel=2
        )
    return Selection(outcomes[place][1], table, wanted.name, table[place])


def _check_in_memory(rows: object) -> None:
    if source_of(rows) is not None:
        raise ParameterError(
            "many fits need all rows in memory",
            found=f"rows that are elsewhere ({type(rows).__name__})",
            needed="an array",
            hint="select on a sample of the rows, and fit all of them with what it chooses",
        )


def _families(covariances: str | Iterable[str | Family] | None, n_features: int) -> list[Family]:
    single = n_features == 1
    if covariances is None:
        covariances = _USUAL_OF_ONE_COLUMN if single else _USUAL
    elif isinstance(covariances, str):
        every = _USUAL_OF_ONE_COLUMN if single else parsimonious_names()
        covariances = every if covariances == "all" else (covariances,)
    kinds = [family(name) for name in covariances]
    if not kinds:
        raise ParameterError("there is no family to select", needed="at least one")
    for kind in kinds:
        kind.check_width(n_features)
    return kinds


def _counts(n_components: int | Iterable[int], n_rows: int) -> list[int]:
    given = [n_components] if isinstance(n_components, int) else list(n_components)
    counts = sorted({check_count(count, "n_components") for count in given})
    possible = [count for count in counts if count <= n_rows]
    if not possible:
        raise InputError(
            "no number of components can be fitted",
            found=f"n_samples = {n_rows} rows, {counts or 'no number'} components",
            needed="at least one row a component",
        )
    return possible


@dataclass(frozen=True, eq=False)
class _Trial:
    """What every candidate is fitted to."""

    rows: FloatArray
    weights: Float64Array | None
    criterion: Criterion
    n_folds: int
    seed: int | None
    options: dict[str, Any]

    def __call__(self, kind: Family, k: int) -> tuple[Candidate, FitResult, tuple[_Said, ...]]:
        """Fit one candidate; return it, its fit, and what fitting warned of."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = self._fitted(np.arange(len(self.rows)), kind, k)
            held_out = self._held_out(kind, k) if self.criterion.held_out else np.nan
        candidate = Candidate(
            covariance=kind.name,
            n_components=k,
            log_likelihood=result.log_likelihood,
            n_parameters=result.mixture.n_parameters,
            bic=result.bic(),
            aic=result.aic(),
            icl=icl(result, self.rows, self.weights),
            held_out=held_out,
            valid=result.valid,
        )
        said = tuple((warning.category, str(warning.message)) for warning in caught)
        return candidate, result, said

    def _fitted(self, chosen: Rows, kind: Family, k: int) -> FitResult:
        weights = None if self.weights is None else self.weights[chosen]
        rows, seed = self.rows[chosen], self.seed
        return fit(rows, k, covariance=kind, sample_weight=weights, seed=seed, **self.options)

    def _held_out(self, kind: Family, k: int) -> float:
        """Return the weighted mean log density of every row under a fit to the other folds."""
        n = len(self.rows)
        order = np.random.default_rng(self.seed).permutation(n)
        weights = np.ones(n) if self.weights is None else self.weights
        total = 0.0
        for fold in range(min(self.n_folds, n)):
            left_out, others = (
                order[fold :: self.n_folds],
                np.delete(order, np.s_[fold :: self.n_folds]),
            )
            result = self._fitted(np.sort(others), kind, k)
            total += float(weights[left_out] @ log_density(self.rows[left_out], result.mixture))
        return total / float(weights.sum())


def _carried_out(
    trial: _Trial,
    pairs: Sequence[tuple[Family, int]],
    n_jobs: int | None,
    on_candidate: OnCandidate | None,
) -> Iterator[tuple[Candidate, FitResult]]:
    """Yield candidates in order; say once whatever their fits warned of."""
    from joblib import Parallel, delayed

    said: set[_Said] = set()
    parallel = Parallel(n_jobs=n_jobs, return_as="generator")
    outcomes = parallel(delayed(trial)(kind, k) for kind, k in pairs)
    for done, (candidate, result, warned) in enumerate(outcomes, 1):
        for category, message in warned:
            if (category, message) not in said:
                warnings.warn(message, category, stacklevel=4)
            said.add((category, message))
        if on_candidate is not None:
            on_candidate(done, len(pairs), candidate)
        yield candidate, result
