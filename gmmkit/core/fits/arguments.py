"""What callers of fits ask for, settled: how many components, and where passes run."""

import warnings

from gmmkit.core.checks import check_count
from gmmkit.core.execution import Executor, SerialExecutor, threads
from gmmkit.core.fits.preparation import Problem
from gmmkit.core.sources.adapters import executor_of
from gmmkit.core.sources.blocks import Source
from gmmkit.errors import FitWarning, InputError, ParameterError

# Below this many numbers in the data a pool of threads costs more than it saves.
_THREADED_NUMBERS = 100_000


def check_components(n_components: int, n_rows: int) -> int:
    """Return a usable number of components.

    Raises
    ------
    InputError
        If there are fewer rows.

    Examples
    --------
    >>> check_components(2, 5)
    2
    """
    k = check_count(n_components, "n_components")
    if n_rows < k:
        raise InputError(
            "there are fewer rows than components",
            found=f"n_samples = {n_rows} rows of positive weight, {k} components",
            needed="at least one row a component",
            hint=f"ask for at most {n_rows}",
        )
    return k


def executor_for(source: Source, n_threads: int | None, place: object = None) -> Executor:
    """Return where passes run: the calling thread for small data, a pool for the rest.

    Parameters
    ----------
    source : Source
        May know itself where they have to.
    n_threads : int, optional
    place : Executor, or what a backend knows, optional
        Where the caller wants them, such as a client of a cluster.

    Raises
    ------
    ParameterError
        If passes cannot run there.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.sources.arrays import ArraySource
    >>> type(executor_for(ArraySource(np.ones((1, 1))), 4)).__name__
    'SerialExecutor'
    """
    if place is not None:
        return _found(place, source)
    if source.executor is not None:
        return source.executor
    executor = threads(n_threads)
    small = source.n_rows * source.n_features < _THREADED_NUMBERS
    return SerialExecutor(hold_blas=True) if small else executor


def _found(place: object, source: Source) -> Executor:
    executor = executor_of(place, source)
    if executor is None:
        raise ParameterError(
            "passes cannot run there",
            found=type(place).__name__,
            needed="an executor of gmmkit's, or a dask.distributed Client",
            hint="leave executor out to use this machine's processors",
        )
    return executor


def reduced_components(problem: Problem, k: int, *, stacklevel: int = 3) -> int:
    """Return how many components the distinct rows allow.

    Warns
    -----
    FitWarning
        If that is fewer than were asked for.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.fits.data import read_data
    >>> from gmmkit.core.families import family
    >>> from gmmkit.core.fits.preparation import prepare
    >>> data, random = read_data([[1.0], [2.0]], n_components=2), np.random.default_rng(0)
    >>> settings = {"n_components": 2, "reg_covar": None, "floor": None}
    >>> problem = prepare(data, family("full"), SerialExecutor(), random, **settings)
    >>> reduced_components(problem, 2)
    2
    """
    distinct = len(problem.sample)
    if distinct < k:
        warnings.warn(
            FitWarning(
                f"only {distinct} distinct rows for {k} components: fitting {distinct} "
                "(ask for fewer components to avoid this warning)"
            ),
            stacklevel=stacklevel,
        )
    return min(distinct, k)
