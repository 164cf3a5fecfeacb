"""Fit a mixture to rows: a start, EM from it, as often as asked, and the best of what came out."""

import warnings
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from gmmkit.core.acceleration import check_acceleration
from gmmkit.core.checks import (
    Float64Array,
    check_count,
    check_nonnegative,
    check_parameters,
    random_generator,
)
from gmmkit.core.em import EMResult
from gmmkit.core.engine.routes import route_named
from gmmkit.core.execution import Executor
from gmmkit.core.expectation import Expectation
from gmmkit.core.families import Family, family
from gmmkit.core.fits.arguments import check_components, executor_for, reduced_components
from gmmkit.core.fits.data import read_data
from gmmkit.core.fits.demands import Demands
from gmmkit.core.fits.journal import Journal, Keeper, journal_of
from gmmkit.core.fits.preparation import Problem, prepare
from gmmkit.core.fits.result import FitResult, Outcome, constant_note, result_of
from gmmkit.core.fits.runs import OnIteration, Run, rank
from gmmkit.core.mixture import Mixture
from gmmkit.core.noise import Noise
from gmmkit.core.priors import ConjugatePrior
from gmmkit.core.search.hunt import Search
from gmmkit.core.sources.blocks import Source
from gmmkit.core.starts.beginning import Start, begin, expected_passes, searches
from gmmkit.errors import DataWarning, ParameterError

# Finalists of a search that differ by less than this, in nats for each unit of weight, are equal.
_NOTICEABLE = 1e-6


def fit(
    X: npt.ArrayLike | Source,
    n_components: int,
    *,
    covariance: str | Family = "full",
    sample_weight: npt.ArrayLike | None = None,
    missing: str = "refuse",
    labels: npt.ArrayLike | None = None,
    fixed: Mixture | None = None,
    noise: float | bool | Noise | None = None,
    trim: float = 0.0,
    prior: str | ConjugatePrior | None = None,
    assignment: str = "soft",
    seed: int | np.random.Generator | None = None,
    n_init: int = 1,
    start: str | Start | Search | Mixture | npt.ArrayLike = "auto",
    tol: float = 1e-4,
    max_iter: int = 200,
    acceleration: str = "none",
    reg_covar: float | None = None,
    floor: npt.ArrayLike | None = None,
    precision: str = "auto",
    n_threads: int | None = None,
    executor: object = None,
    checkpoint: Keeper | None = None,
    on_iteration: OnIteration | None = None,
) -> FitResult:
    """Fit a Gaussian mixture by expectation-maximization (Dempster, Laird and Rubin 1977).

    Parameters
    ----------
    X : array_like of shape (N, D), or a source of rows
        Many float32 rows may be worked on in float32; log likelihoods are float64 all the same.
        Rows need not fit in memory: `gmmkit.open_rows` takes them from files, `gmmkit.rows_from`
        from chunks, and Dask's arrays and data frames stay where they are.
    n_components : int
        K. Fewer distinct rows than this give fewer components, with a warning.
    covariance : str
        ``"full"``, ``"tied"``, ``"diag"`` or ``"spherical"``, or any of mclust's codes.
    sample_weight : array_like of shape (N,), optional
        Frequencies; a row of weight zero counts as absent.
    missing : str
        What NaN means: ``"refuse"`` raises; ``"marginalize"`` maximizes the likelihood of what was
        observed (Ghahramani and Jordan 1994). A row without any value is left out.
    labels : array_like of shape (N,) or (N, K), optional
        The components that rows are known to be from, -1 where not known; or for each row which
        components are allowed.
    fixed : Mixture, optional
        Components that keep their means and covariances; they become the first of the K.
    noise : float, bool or Noise, optional
        Adds a constant density for rows that belong nowhere: True over a box around the rows, a
        number the same with that share to begin with, or a density of your own.
    trim : float
        The share of the rows, in [0, 1), that count as contamination: the likelihood is that of the
        others (Neykov, Filzmoser, Dimova and Neytchev 2007).
    prior : str or ConjugatePrior, optional
        Maximum a posteriori instead of maximum likelihood: ``"default"`` as mclust's priorControl
        (Fraley and Raftery 2007), or beliefs of your own.
    assignment : str
        ``"soft"``, or ``"hard"`` for classification EM (Celeux and Govaert 1992).
    seed : int, optional
        The same seed gives the same bits, whatever the number of threads.
    n_init : int
        How many starts to run to the end; the best valid fit is returned.
    start : str, Start, Search, Mixture or array_like
        A method (``"auto"`` searches for the best optimum where the data is small enough, and takes
        k-means else), a method with parts replaced, what a search may cost, a mixture to go on
        from, a label for every row, or means (K, D).
    tol : float
        EM stops after two successive gains below this many nats per unit weight.
    max_iter : int
        Iterations over all rows; zero returns the start. Beyond 10,000 rows the start is where EM
        on a sample of that many leads, in as many iterations at most.
    acceleration : str
        ``"none"`` is EM alone. ``"squarem"`` takes longer steps where they raise the objective
        (Varadhan and Roland 2008): a third fewer passes over the rows where EM needs more than
        twenty, half as many at ``tol=1e-6``. Hard assignment is never accelerated.
    reg_covar : float, optional
        Added to every variance, in squared data units, as in scikit-learn. The default adds
        nothing and relies on a floor relative to the data's own covariance.
    floor : array_like of shape (D,), optional
        The smallest believable standard deviation of each column, such as a quantization step.
    precision : str
        ``"auto"``, or at least ``"float32"``, ``"whitened"`` (float32, in coordinates in which the
        columns do not correlate), ``"float64"`` or ``"centered"``.
    n_threads : int, optional
        The default uses every processor.
    executor : Executor or distributed.Client, optional
        Where passes over the rows run, such as a cluster. Threads of this process by default.
    checkpoint : Keeper, optional
        Where progress is kept, such as a `gmmkit.Checkpoint`, and gone on from if some is there
        already. Needs a seed.
    on_iteration : callable, optional
        Called with the iteration's number and its :class:`~gmmkit.core.em.Iteration`.

    Returns
    -------
    FitResult

    Raises
    ------
    InputError
        If rows, weights or labels are unusable, or there are fewer rows than components.
    ParameterError
        If an argument is out of range, or two of them do not go together.

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
    kind, k = family(covariance), check_count(n_components, "n_components")
    data = read_data(X, sample_weight, n_components=k, missing=missing, labels=labels)
    kind.check_width(data.source.n_features)
    check_components(k, data.source.n_rows)
    wanted = Start.of(start)
    demands = Demands(Expectation(assignment, trim), noise, fixed, prior)
    demands.check(data, kind, k)
    floors = None if floor is None else _check_floor(floor, data.source.n_features)
    run = Run(
        tol=check_nonnegative(tol, "tol"),
        max_iter=check_count(max_iter, "max_iter", least=0),
        route=route_named(precision),
        on_iteration=on_iteration,
        acceleration=check_acceleration(acceleration),
    )
    ridge = None if reg_covar is None else check_nonnegative(reg_covar, "reg_covar")
    random, rounds = random_generator(seed), check_count(n_init, "n_init")
    with executor_for(data.source, n_threads, executor) as running:
        problem = prepare(
            data,
            kind,
            running,
            random,
            n_components=k,
            reg_covar=ridge,
            floor=floors,
            expectation=demands.expectation,
        )
        k = k if problem.anchored else reduced_components(problem, k)
        problem = demands.added_to(problem, k, running)
        if problem.constant_directions and not problem.held_up:
            warnings.warn(DataWarning(constant_note(problem)), stacklevel=2)
        wanted = wanted.settled(kind) if isinstance(wanted, Start) else wanted
        decided = (k, rounds, run.tol, run.route, run.acceleration, wanted)
        journal = journal_of(checkpoint, problem, seed, decided)
        outcome = _carried_out(problem, wanted, run, running, random.spawn(rounds), k, journal)
        return result_of(problem, outcome, running)


def _check_floor(floor: npt.ArrayLike, n_features: int) -> Float64Array:
    array = check_parameters(floor, "floor")
    if array.shape not in ((), (n_features,)) or (array < 0).any():
        raise ParameterError(
            "floor is not usable",
            found=f"shape {array.shape}",
            needed=f"one standard deviation, or {n_features} of them, at least 0",
        )
    return np.broadcast_to(array, (n_features,))


def _carried_out(
    problem: Problem,
    start: Start | Mixture,
    run: Run,
    executor: Executor,
    generators: list[np.random.Generator],
    k: int,
    journal: Journal | None,
) -> Outcome:
    """Return what every start came to, and what a search found beside it."""
    generators = generators[:1] if isinstance(start, Mixture) else generators
    run = replace(run, expected_passes=expected_passes(problem, start, k, run))
    outcome = Outcome(searched=searches(problem, start, k))
    for random in generators:
        candidates = begin(problem, start, k, random, run, executor)
        outcome = outcome.joined_by(_run_or_looked_at(problem, candidates, run, executor, journal))
    if journal is not None:
        journal.close()
    return outcome


def _run_or_looked_at(
    problem: Problem,
    candidates: list[Mixture],
    run: Run,
    executor: Executor,
    journal: Journal | None,
) -> Outcome:
    """Run candidates to the end until one is sound; of the others say where they stand.

    One that stands higher than what was run so far is run as well.
    """
    look = replace(run, max_iter=0, on_iteration=None)
    runs: list[EMResult] = []
    others: list[EMResult] = []
    best = (False, -np.inf)
    for candidate in candidates:
        if best[0]:
            looked = look(problem, candidate, executor)
            if rank(problem, looked) <= (True, best[1] + _NOTICEABLE * problem.weight):
                others.append(looked)
                continue
        runs.append(run(problem, candidate, executor, journal))
        best = max(best, rank(problem, runs[-1]))
    return Outcome(tuple(runs), tuple(others))
