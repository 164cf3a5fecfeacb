"""``fit_bayes``: everything between an array and a posterior over mixtures."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gmmkit.core.bayes.inference import (
    BayesIteration,
    BayesState,
    Inference,
    begin_from_mixture,
    begin_from_posterior,
    run_bayes,
)
from gmmkit.core.bayes.posterior import BayesPosterior
from gmmkit.core.bayes.priors import BayesPrior, PriorRequest
from gmmkit.core.checks import check_count, check_nonnegative, random_generator
from gmmkit.core.engine.routes import Route, route_named
from gmmkit.core.execution import Executor
from gmmkit.core.families import Family, family
from gmmkit.core.fits.arguments import check_components, executor_for, reduced_components
from gmmkit.core.fits.data import read_data
from gmmkit.core.fits.preparation import Problem, prepare
from gmmkit.core.fits.runs import Run
from gmmkit.core.mixture import Mixture
from gmmkit.core.starts.beginning import Start, begin
from gmmkit.errors import DataWarning, ParameterError

# What EM on the start sample stops at, where there are more rows than it holds.
_START_TOL = 1e-4


@dataclass(frozen=True, eq=False)
class BayesResult:
    """A posterior over mixtures, and how it came about.

    Attributes
    ----------
    posterior : BayesPosterior
        In the data's units.
    prior : BayesPrior
        As it was used, in the data's units.
    lower_bound : float
        Of the log evidence, constants included, in nats, from a float64 pass.
    converged : bool
        Whether two successive gains were below ``tol``.
    n_iter : int
        Updates of the run that won.
    trace : tuple of BayesIteration
        One entry an update of the run that won.
    notes : tuple of str
        What a person should know: data without spread, floors that acted.
    start_lower_bounds : tuple of float
        What each start reached, in nats.
    weight : float
        The sum of the rows' weights.

    Examples
    --------
    >>> rows = np.concatenate([np.arange(9.0), 100 + np.arange(9.0)])[:, None]
    >>> result = fit_bayes(rows, 3, seed=0)
    >>> int((result.mixture.weights > 0.05).sum())
    2
    """

    posterior: BayesPosterior
    prior: BayesPrior
    lower_bound: float
    converged: bool
    n_iter: int
    trace: tuple[BayesIteration, ...]
    notes: tuple[str, ...]
    start_lower_bounds: tuple[float, ...]
    weight: float

    @property
    def mixture(self) -> Mixture:
        """The mixture of expected weights, means and precisions."""
        return self.posterior.mixture


def fit_bayes(
    X: npt.ArrayLike,
    n_components: int,
    *,
    covariance: str | Family = "full",
    weight_concentration_prior_type: str = "dirichlet_process",
    weight_concentration_prior: float | None = None,
    mean_precision_prior: float | None = None,
    mean_prior: npt.ArrayLike | None = None,
    degrees_of_freedom_prior: float | None = None,
    covariance_prior: npt.ArrayLike | None = None,
    sample_weight: npt.ArrayLike | None = None,
    missing: str = "refuse",
    labels: npt.ArrayLike | None = None,
    seed: int | np.random.Generator | None = None,
    n_init: int = 1,
    start: str | Start | Mixture | BayesPosterior | BayesResult | npt.ArrayLike = "kmeans",
    tol: float = 1e-6,
    max_iter: int = 1000,
    reg_covar: float | None = None,
    precision: str = "auto",
    n_threads: int | None = None,
    on_iteration: Callable[[int, BayesIteration], None] | None = None,
) -> BayesResult:
    """Fit a Gaussian mixture by variational Bayes (Bishop 2006, section 10.2).

    Components that the data do not ask for lose their rows, so `n_components` only has to be large
    enough. Every component's mean and precision have the same normal-Wishart prior.

    Parameters
    ----------
    X : array_like of shape (N, D)
        Rows. Many float32 rows may be worked on in float32; the final lower bound is float64.
    n_components : int
        K, the most components. Fewer distinct rows than this give fewer, with a warning.
    covariance : str or Family
        The form that the expected precisions may take, by any name that :func:`gmmkit.fit` knows:
        ``"diag"`` and ``"spherical"`` restrict their scale matrices, ``"tied"`` lets all components
        share one posterior.
    weight_concentration_prior_type : str
        ``"dirichlet_process"`` (Blei and Jordan 2006, truncated at K) or
        ``"dirichlet_distribution"``.
    weight_concentration_prior : float, optional
        Positive; the smaller, the fewer components stay. The default is 1 / K.
    mean_precision_prior : float, optional
        How many rows the prior mean counts for; one by default.
    mean_prior : array_like of shape (D,), optional
        The data's mean by default.
    degrees_of_freedom_prior : float, optional
        Above D - 1; D by default.
    covariance_prior : float or array_like of shape (D,) or (D, D), optional
        The prior's sum of squares, in squared units of the data; the covariance of all rows in the
        family's form by default.
    sample_weight : array_like of shape (N,), optional
        Frequencies; a row of weight zero counts as absent.
    missing : str
        ``"refuse"``, or ``"marginalize"``: cells that are NaN count as not observed.
    labels : array_like of shape (N,) or (N, K), optional
        The component of every row, -1 where it is not known; or truths, where one is possible.
    seed : int, optional
        The same seed gives the same bits, whatever the number of threads.
    n_init : int
        How many starts to run to the end; the one with the highest lower bound is returned.
    start : str, Start, Mixture, BayesPosterior, BayesResult or array_like
        A method, labels or means as in :func:`gmmkit.fit`, a mixture to take responsibilities from,
        or a posterior to go on from; a result that had almost converged needs one small gain more.
    tol : float
        Updates stop after two successive gains of the lower bound below this many nats per unit
        weight. Components empty slowly: much more than 1e-6 leaves some that need not be there.
    max_iter : int
        Updates at most; zero returns the start.
    reg_covar : float, optional
        Added to every row's squares, in squared data units, as scikit-learn does. The prior itself
        keeps covariances from collapsing, and with this the lower bound may fall.
    precision : str
        ``"auto"``, or at least ``"float32"``, ``"whitened"``, ``"float64"`` or ``"centered"``.
    n_threads : int, optional
        The default uses every processor.
    on_iteration : callable, optional
        Called with the number of the update and its :class:`BayesIteration`.

    Returns
    -------
    BayesResult

    Raises
    ------
    InputError
        If rows or weights are unusable, or there are fewer rows than components.
    ParameterError
        If an argument is out of range.

    Warns
    -----
    DataWarning
        If rows have no spread in some direction and no covariance prior was given.
    FitWarning
        If there are fewer distinct rows than components.

    Examples
    --------
    >>> rows = np.concatenate([np.arange(9.0), 100 + np.arange(9.0)])[:, None]
    >>> result = fit_bayes(rows, 4, weight_concentration_prior=0.01, seed=0)
    >>> sorted(result.mixture.means[result.mixture.weights > 0.1].round(1).ravel().tolist())
    [9.0, 99.0]
    """
    kind, k = family(covariance), check_count(n_components, "n_components")
    data = read_data(X, sample_weight, n_components=k, missing=missing, labels=labels)
    kind.check_width(data.source.n_features)
    check_components(k, data.source.n_rows)
    request = PriorRequest(
        weight_concentration_prior_type,
        weight_concentration_prior,
        mean_precision_prior,
        mean_prior,
        degrees_of_freedom_prior,
        covariance_prior,
    )
    plan = _Plan(
        request=request,
        start=start if isinstance(start, BayesPosterior | BayesResult) else Start.of(start),
        n_init=check_count(n_init, "n_init"),
        tol=check_nonnegative(tol, "tol"),
        max_iter=check_count(max_iter, "max_iter", least=0),
        route=route_named(precision),
        on_iteration=on_iteration,
    )
    ridge = None if reg_covar is None else check_nonnegative(reg_covar, "reg_covar")
    random = random_generator(seed)
    with executor_for(data.source, n_threads) as executor:
        problem = prepare(data, kind, executor, random, n_components=k, reg_covar=ridge, floor=None)
        return plan.carried_out(problem, k, executor, random)


@dataclass(frozen=True, eq=False)
class _Plan:
    """What a caller asked of the runs."""

    request: PriorRequest
    start: Start | Mixture | BayesPosterior | BayesResult
    n_init: int
    tol: float
    max_iter: int
    route: Route | None
    on_iteration: Callable[[int, BayesIteration], None] | None

    def carried_out(
        self, problem: Problem, k: int, executor: Executor, random: np.random.Generator
    ) -> BayesResult:
        """Return the best of all runs on a problem."""
        goes_on = isinstance(self.start, BayesPosterior | BayesResult)
        k = k if goes_on or problem.anchored else reduced_components(problem, k, stacklevel=4)
        notes = list(_notes_of_data(problem)) if self.request.covariance is None else []
        for note in notes:
            warnings.warn(DataWarning(note), stacklevel=3)
        prior = self.request.settled(problem, k)
        inference = Inference(problem, prior.standardized(problem.units), executor)
        rounds = self.n_init if isinstance(self.start, Start) else 1
        runs = [self._run(inference, k, each) for each in random.spawn(rounds)]
        state, trace = max(runs, key=lambda run: run[0].lower_bound)
        notes += [_floor_note(trace[-1].floored)] if trace and trace[-1].floored else []
        return BayesResult(
            posterior=state.posterior.restored(problem.units),
            prior=prior,
            lower_bound=state.lower_bound,
            converged=state.small_gains >= 2,
            n_iter=len(trace),
            trace=trace,
            notes=tuple(notes),
            start_lower_bounds=tuple(run[0].lower_bound for run in runs),
            weight=problem.weight,
        )

    def _run(
        self, inference: Inference, k: int, random: np.random.Generator
    ) -> tuple[BayesState, tuple[BayesIteration, ...]]:
        return run_bayes(
            inference,
            self._begun(inference, k, random),
            tol=self.tol,
            max_iter=self.max_iter,
            on_iteration=self.on_iteration,
        )

    def _begun(self, inference: Inference, k: int, random: np.random.Generator) -> BayesState:
        problem, start = inference.problem, self.start
        if isinstance(start, BayesResult):
            last = start.trace[-1].gain if start.trace else np.inf
            posterior, small = start.posterior, last < self.tol * start.weight
            return self._resumed(inference, posterior, k, int(small))
        if isinstance(start, BayesPosterior):
            return self._resumed(inference, start, k, 0)
        run = Run(tol=_START_TOL, max_iter=self.max_iter)
        mixture = begin(problem, start, k, random, run, inference.executor)[0]
        if isinstance(start, Start) and not problem.anchored and start.labels is None:
            # Sticks are broken one after the other: the prior expects large components first.
            mixture = mixture.reordered(np.argsort(-mixture.weights, kind="stable").tolist())
        return begin_from_mixture(inference, mixture, self.route)

    def _resumed(
        self, inference: Inference, posterior: BayesPosterior, k: int, small_gains: int
    ) -> BayesState:
        _check_posterior(posterior, inference, k)
        working = posterior.standardized(inference.problem.units)
        return begin_from_posterior(inference, working, self.route, small_gains)


def _check_posterior(posterior: BayesPosterior, inference: Inference, k: int) -> None:
    problem, prior = inference.problem, inference.prior.concentration
    wanted = (k, problem.source.n_features, problem.family.name, type(prior).__name__)
    given = (
        *posterior.means.shape,
        posterior.covariance.family.name,
        type(posterior.concentration).__name__,
    )
    if wanted != given:
        words = "{} components, {} columns, {} covariances, {} weights"
        raise ParameterError(
            "the posterior to go on from does not match",
            found=words.format(*given),
            needed=words.format(*wanted),
        )


def _notes_of_data(problem: Problem) -> Iterator[str]:
    if problem.constant_directions:
        columns = np.flatnonzero(problem.units.constant).tolist()
        which = f"columns {columns} are constant" if columns else "columns are linearly dependent"
        yield f"{which}: the prior stands at a floor there (give covariance_prior, or use 'diag')"


def _floor_note(floored: int) -> str:
    return f"the floor holds up variances, {floored} in all: the lower bound may have fallen"
