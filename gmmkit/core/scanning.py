"""A mixture taken over any number of rows: what each block says, in order, or their sum."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TypeVar

import numpy.typing as npt

from gmmkit.core.checks import Float64Array, check_rows
from gmmkit.core.engine.form import Labels
from gmmkit.core.engine.scoring import Scorer
from gmmkit.core.execution import Executor
from gmmkit.core.fits.arguments import executor_for
from gmmkit.core.mixture import Mixture
from gmmkit.core.sources.adapters import source_of
from gmmkit.core.sources.arrays import ArraySource
from gmmkit.core.sources.blocks import Block, Piece, Source
from gmmkit.errors import InputError, ParameterError

__all__ = ["Scanned", "Score", "scan", "score"]

Answer = TypeVar("Answer")


@dataclass(frozen=True, eq=False)
class Scanned:
    """What a mixture says of consecutive rows.

    Attributes
    ----------
    first_row : int
        The place of the first of them among all rows of the source.
    labels : ndarray of shape (n,)
        The most probable component of each, -1 for noise.
    log_density : ndarray of shape (n,)
        Log p(x), in nats.
    """

    first_row: int
    labels: Labels
    log_density: Float64Array
    _piece: Piece = field(repr=False)
    _scorer: Scorer = field(repr=False)

    @cached_property
    def responsibilities(self) -> Float64Array:
        """The probability of each component, (n, K): computed when asked for, from the rows again.

        Where the rows are in a file, it is read once more.
        """
        return self._scorer.responsibilities(self._piece.load().rows)


@dataclass(frozen=True)
class Score:
    """How well a mixture describes rows.

    Attributes
    ----------
    log_likelihood : float
        The sum over rows of weight times log density, in nats.
    n_rows : int
    weight : float
        The sum of the rows' weights.

    Examples
    --------
    >>> Score(-6.0, 3, 4.0).mean
    -1.5
    """

    log_likelihood: float
    n_rows: int
    weight: float

    @property
    def mean(self) -> float:
        """The log likelihood per unit weight."""
        return self.log_likelihood / self.weight


def scan(
    mixture: Mixture,
    rows: npt.ArrayLike | Source,
    *,
    n_threads: int | None = None,
    executor: object = None,
) -> Iterator[Scanned]:
    """Go over rows once and say of each block what a mixture makes of it.

    Parameters
    ----------
    mixture : Mixture
    rows : array_like of shape (N, D), or a source of rows
        Such as `gmmkit.open_rows` or `gmmkit.rows_from` returns, which need not fit in memory.
    n_threads : int, optional
        The default uses every processor.
    executor : Executor or distributed.Client, optional
        Where blocks are scored. Threads of this process by default. What is said of rows comes back
        from a cluster, and not the rows.

    Returns
    -------
    iterator of Scanned
        In the order of the rows. Beside the one that was yielded last, at most threads + 2 blocks
        are held at a time.

    Raises
    ------
    InputError
        If rows are unusable, or of another width than the mixture.
    ParameterError
        If an argument is not usable.

    Examples
    --------
    >>> import numpy as np
    >>> mixture = Mixture([0.5, 0.5], [[0.0], [4.0]], np.ones((2, 1, 1)))
    >>> [block.labels.tolist() for block in scan(mixture, [[0.1], [3.9], [4.2]])]
    [[0, 1, 1]]
    """
    source, scorer = _prepared(mixture, rows)
    said = answers(partial(_said, scorer), source, n_threads=n_threads, executor=executor)
    return _scanned(said, scorer)


def score(
    mixture: Mixture,
    rows: npt.ArrayLike | Source,
    *,
    n_threads: int | None = None,
    executor: object = None,
) -> Score:
    """Return the log likelihood of rows under a mixture, in one walk over them.

    Parameters
    ----------
    mixture, rows, n_threads, executor
        As in :func:`scan`; weights that come with the rows count.

    Returns
    -------
    Score
        The same bits for any number of threads.

    Raises
    ------
    InputError, ParameterError
        As :func:`scan`.

    Examples
    --------
    >>> import numpy as np
    >>> mixture = Mixture([1.0], [[0.0]], np.ones((1, 1, 1)))
    >>> round(score(mixture, [[0.0], [1.0]]).mean, 4)
    -1.1689
    """
    source, scorer = _prepared(mixture, rows)
    log_likelihood, n_rows, weight = 0.0, 0, 0.0
    parts = answers(partial(_scored, scorer), source, n_threads=n_threads, executor=executor)
    for _, part in parts:
        log_likelihood += part.log_likelihood
        n_rows += part.n_rows
        weight += part.weight
    return Score(log_likelihood, n_rows, weight)


def answers(
    function: Callable[[Block], Answer],
    source: Source,
    *,
    n_threads: int | None = None,
    executor: object = None,
) -> Iterator[tuple[Piece, Answer]]:
    """Yield what a function says of each block of a source, in the order of the rows.

    Parameters
    ----------
    function : callable
        Called where the block is worked on, in threads or on other machines.
    source : Source
    n_threads, executor
        As in :func:`scan`.

    Yields
    ------
    piece : Piece
        What the block was loaded from.
    answer
        What the function returned of it.

    Raises
    ------
    ParameterError
        If an argument is not usable.

    Examples
    --------
    >>> import numpy as np
    >>> [answer for _, answer in answers(lambda block: block.weight, ArraySource(np.ones((3, 1))))]
    [3.0]
    """
    return _answered(function, source, executor_for(source, n_threads, executor))


def _answered(
    function: Callable[[Block], Answer], source: Source, executor: Executor
) -> Iterator[tuple[Piece, Answer]]:
    waiting: deque[Piece] = deque()
    with executor as running:
        for answer in running.map(partial(_loaded, function), _noted(source.pieces(), waiting)):
            yield waiting.popleft(), answer


def _loaded(function: Callable[[Block], Answer], piece: Piece) -> Answer:
    return function(piece.load())


def _noted(pieces: Iterable[Piece], waiting: deque[Piece]) -> Iterator[Piece]:
    """Pass pieces on, and remember those of which the answer is still to come."""
    for piece in pieces:
        waiting.append(piece)
        yield piece


def _prepared(mixture: object, rows: npt.ArrayLike | Source) -> tuple[Source, Scorer]:
    if not isinstance(mixture, Mixture):
        raise ParameterError(
            "rows are scored by a mixture",
            found=type(mixture).__name__,
            needed="a gmmkit.Mixture",
            hint="pass result.mixture of a fit",
        )
    source = source_of(rows)
    if source is None:
        source = ArraySource(check_rows(rows, n_features=mixture.n_features))  # type: ignore[arg-type]
    if source.n_features != mixture.n_features:
        raise InputError(
            "rows have the wrong width",
            found=f"{source.n_features} columns",
            needed=f"{mixture.n_features}, as in the model",
            hint="choose the columns that the model was fitted on, in that order",
        )
    return source, Scorer.of(mixture, source.n_rows)


def _scanned(
    said: Iterator[tuple[Piece, tuple[Labels, Float64Array]]], scorer: Scorer
) -> Iterator[Scanned]:
    first_row = 0
    for piece, (labels, log_density) in said:
        yield Scanned(first_row, labels, log_density, piece, scorer)
        first_row += len(labels)


def _said(scorer: Scorer, block: Block) -> tuple[Labels, Float64Array]:
    return scorer.labels_and_density(block.rows)


def _scored(scorer: Scorer, block: Block) -> Score:
    density = scorer.log_density(block.rows)
    total = density.sum() if block.weights is None else block.weights @ density
    return Score(float(total), len(density), block.weight)
