"""Fit a mixture to rows: a start, EM from it, as often as asked, and the best of what came out."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import log

import numpy as np
import numpy.typing as npt

from gmmkit.core.beginning import Start, begin, expected_passes
from gmmkit.core.checks import (
    Float64Array,
    check_count,
    check_nonnegative,
    check_parameters,
    check_rows,
    check_weights,
    random_generator,
)
from gmmkit.core.em import EMResult, Iteration
from gmmkit.core.execution import ArraySource, Executor, SerialExecutor, threads
from gmmkit.core.families import Family, family
from gmmkit.core.mixture import Mixture
from gmmkit.core.preparation import Problem, prepare
from gmmkit.core.routes import route_named
from gmmkit.core.runs import OnIteration, Run, rank, sound
from gmmkit.core.validity import too_few_rows, too_thin
from gmmkit.errors import DataWarning, FitWarning, InputError, ParameterError

# Below this many numbers in the data a pool of threads costs more than it saves.
_THREADED_NUMBERS = 100_000


@dataclass(frozen=True, eq=False)
class FitResult:
    """A fitted mixture and how it came about.

    Attributes
    ----------
    mixture : Mixture
    log_likelihood : float
        The sum over rows of weight times log density, in nats, from a float64 pass.
    converged : bool
        Whether two successive gains were below ``tol``.
    n_iter : int
        Iterations of the run that won.
    trace : tuple of Iteration
        One entry an iteration of the run that won.
    valid : bool
        Whether every component has rows enough and is not collapsed.
    notes : tuple of str
        What a person should know: floors that acted, components that collapsed, data without
        spread.
    start_log_likelihoods : tuple of float
        What each start reached, in nats.
    weight : float
        The sum of the rows' weights: the n of BIC.

    Examples
    --------
    >>> import numpy as np
    >>> result = fit(np.arange(20.0)[:, None], 1)
    >>> bool(np.isclose(result.bic(), 2 * np.log(20) - 2 * result.log_likelihood))
    True
    """

    mixture: Mixture
    log_likelihood: float
    converged: bool
    n_iter: int
    trace: tuple[Iteration, ...]
    valid: bool
    notes: tuple[str, ...]
    start_log_likelihoods: tuple[float, ...]
    weight: float

    def bic(self) -> float:
        """Return the Bayesian information criterion (Schwarz 1978); lower is better."""
        return self.mixture.n_parameters * log(self.weight) - 2 * self.log_likelihood

    def aic(self) -> float:
        """Return Akaike's information criterion; lower is better."""
        return 2 * self.mixture.n_parameters - 2 * self.log_likelihood


def fit(
    X: npt.ArrayLike,
    n_components: int,
    *,
    covariance: str | Family = "full",
    sample_weight: npt.ArrayLike | None = None,
    seed: int | np.random.Generator | None = None,
    n_init: int = 1,
    start: str | Start | Mixture = "kmeans",
    tol: float = 1e-4,
    max_iter: int = 200,
    reg_covar: float | None = None,
    floor: npt.ArrayLike | None = None,
    precision: str = "auto",
    n_threads: int | None = None,
    on_iteration: OnIteration | None = None,
) -> FitResult:
    """Fit a Gaussian mixture by expectation-maximization (Dempster, Laird and Rubin 1977).

    Parameters
    ----------
    X : array_like of shape (N, D)
        Rows. Many float32 rows may be worked on in float32; log likelihoods are float64 all the
        same.
    n_components : int
        K. Fewer distinct rows than this give fewer components, with a warning.
    covariance : str
        ``"full"``, ``"tied"``, ``"diag"`` or ``"spherical"``.
    sample_weight : array_like of shape (N,), optional
        Frequencies; a row of weight zero counts as absent.
    seed : int, optional
        The same seed gives the same bits, whatever the number of threads.
    n_init : int
        How many starts to run to the end; the best valid fit is returned.
    start : str, Start or Mixture
        A method, a method with parts replaced, or a mixture to go on from.
    tol : float
        EM stops after two successive gains below this many nats per unit weight.
    max_iter : int
        Iterations over all rows; zero returns the start. Beyond 10,000 rows the start is where EM
        on a sample of that many leads, in as many iterations at most.
    reg_covar : float, optional
        Added to every variance, in squared data units, as in scikit-learn. The default adds
        nothing and relies on a floor relative to the data's own covariance.
    floor : array_like of shape (D,), optional
        The smallest believable standard deviation of each column, such as a quantization step.
    precision : str
        ``"auto"``, or at least ``"float32"``, ``"float64"`` or ``"centered"``.
    n_threads : int, optional
        The default uses every processor.
    on_iteration : callable, optional
        Called with the iteration's number and its :class:`~gmmkit.core.em.Iteration`.

    Returns
    -------
    FitResult

    Raises
    ------
    InputError
        If rows or weights are unusable, or there are fewer rows than components.
    ParameterError
        If an argument is out of range.

    Warns
    -----
    DataWarning
        If rows have no spread in some direction and no floor was given.
    FitWarning
        If there are fewer distinct rows than components, or a component lost its rows.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.concatenate([np.arange(9.0), 100 + np.arange(9.0)])[:, None]
    >>> sorted(fit(rows, 2, seed=0).mixture.means.round(3).ravel().tolist())
    [4.0, 104.0]
    """
    source = _source(X, sample_weight)
    kind = family(covariance)
    k = _check_components(n_components, source.n_rows)
    check_count(n_init, "n_init")
    floors = None if floor is None else _check_floor(floor, source.n_features)
    run = Run(
        tol=check_nonnegative(tol, "tol"),
        max_iter=check_count(max_iter, "max_iter", least=0),
        route=route_named(precision),
        on_iteration=on_iteration,
    )
    ridge = None if reg_covar is None else check_nonnegative(reg_covar, "reg_covar")
    random = random_generator(seed)
    with _executor(source, n_threads) as executor:
        problem = prepare(
            source, kind, executor, random, n_components=k, reg_covar=ridge, floor=floors
        )
        k = _reduced_components(problem, k)
        if not problem.floor_given:
            _warn_of_constant_data(problem)
        wanted = start if isinstance(start, Mixture | Start) else Start(start)
        wanted = wanted.settled(kind) if isinstance(wanted, Start) else wanted
        rounds = 1 if isinstance(wanted, Mixture) else n_init
        run = replace(run, expected_passes=expected_passes(problem, wanted, k, run))
        results = [
            run(problem, begin(problem, wanted, k, r, run), executor) for r in random.spawn(rounds)
        ]
    return _best(problem, results)


def _source(X: npt.ArrayLike, sample_weight: npt.ArrayLike | None) -> ArraySource:
    rows = check_rows(X)
    weights = check_weights(sample_weight, len(rows))
    if weights is not None and not weights.all():
        rows, weights = rows[weights > 0], weights[weights > 0]
    return ArraySource(rows, weights)


def _check_components(n_components: int, n_rows: int) -> int:
    k = check_count(n_components, "n_components")
    if n_rows < k:
        raise InputError(
            "there are fewer rows than components",
            found=f"n_samples = {n_rows} rows of positive weight, {k} components",
            needed="at least one row a component",
            hint=f"ask for at most {n_rows}",
        )
    return k


def _check_floor(floor: npt.ArrayLike, n_features: int) -> Float64Array:
    array = check_parameters(floor, "floor")
    if array.shape not in ((), (n_features,)) or (array < 0).any():
        raise ParameterError(
            "floor is not usable",
            found=f"shape {array.shape}",
            needed=f"one standard deviation, or {n_features} of them, at least 0",
        )
    return np.broadcast_to(array, (n_features,))


def _executor(source: ArraySource, n_threads: int | None) -> Executor:
    executor = threads(n_threads)
    small = source.n_rows * source.n_features < _THREADED_NUMBERS
    return SerialExecutor() if small else executor


def _reduced_components(problem: Problem, k: int) -> int:
    distinct = len(problem.sample)
    if distinct >= k:
        return k
    warnings.warn(
        FitWarning(
            f"only {distinct} distinct rows for {k} components: fitting {distinct} "
            "(ask for fewer components to avoid this warning)"
        ),
        stacklevel=3,
    )
    return distinct


def _warn_of_constant_data(problem: Problem) -> None:
    if problem.constant_directions:
        warnings.warn(DataWarning(_constant_note(problem)), stacklevel=3)


def _constant_note(problem: Problem) -> str:
    columns = np.flatnonzero(problem.units.constant).tolist()
    which = f"columns {columns} are constant" if columns else "columns are linearly dependent"
    return f"{which}: variances there stand at the floor (leave such columns out, or use 'diag')"


def _best(problem: Problem, results: list[EMResult]) -> FitResult:
    best = max(results, key=lambda result: rank(problem, result))
    empty = int((best.mixture.weights == 0).sum())
    if empty:
        warnings.warn(FitWarning(_empty_note(empty)), stacklevel=3)
    return FitResult(
        mixture=best.mixture,
        log_likelihood=best.log_likelihood,
        converged=best.converged,
        n_iter=best.n_iter,
        trace=best.trace,
        valid=sound(problem, best),
        notes=tuple(_notes(problem, best)),
        start_log_likelihoods=tuple(result.log_likelihood for result in results),
        weight=problem.weight,
    )


def _empty_note(empty: int) -> str:
    hint = "ask for fewer, or for more starts (n_init)"
    return f"{_counted(empty, 'component')} lost all rows: {hint}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _notes(problem: Problem, result: EMResult) -> Iterator[str]:
    if problem.constant_directions and not problem.floor_given:
        yield _constant_note(problem)
    if result.trace and result.trace[-1].floored:
        held = _counted(result.trace[-1].floored, "variance")
        yield f"the floor holds up {held}: some rows are as good as equal there"
    empty = int((result.mixture.weights == 0).sum())
    if empty:
        yield _empty_note(empty)
    few = too_few_rows(result.statistics.weight, problem.family, problem.source.n_features)
    if few.any():
        yield f"fewer rows than a covariance needs: in {_counted(int(few.sum()), 'component')}"
    thin = too_thin(result.working_mixture)
    if thin.any() and not problem.floor_given:
        yield f"collapsed in some direction: {_counted(int(thin.sum()), 'component')}"
