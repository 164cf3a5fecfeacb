"""A sum that several threads work on, piece by piece, and that comes out in the pieces' order."""

import threading
from collections.abc import Callable

from gmmkit.core.sources.blocks import Block, Piece, Source
from gmmkit.core.statistics import SufficientStatistics
from gmmkit.errors import InputError


class Tally:
    """Hands the pieces of a source to whoever works, and adds up what comes back in their order.

    Parameters
    ----------
    function : callable
        From a block to its statistics.
    source : Source
    most : int
        So many pieces are taken and not yet added at a time; who is further ahead waits.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.em import e_step
    >>> from gmmkit.core.mixture import Mixture
    >>> from gmmkit.core.sources.arrays import ArraySource
    >>> mixture = Mixture([1.0], [[0.0]], [[[1.0]]])
    >>> tally = Tally(lambda own: e_step(own.rows, mixture), ArraySource(np.ones((3, 1))), 2)
    >>> tally.work()
    >>> float(tally.sum.total)
    3.0
    """

    def __init__(
        self, function: Callable[[Block], SufficientStatistics], source: Source, most: int
    ) -> None:
        self._function, self._most = function, most
        self._pieces = enumerate(source.pieces())
        self._waiting: dict[int, SufficientStatistics] = {}
        self._taken = self._added = 0
        self._stopped = False
        self._sum: SufficientStatistics | None = None
        self._turn = threading.Condition()

    @property
    def sum(self) -> SufficientStatistics:
        """The sum of all pieces, once everybody is done.

        Raises
        ------
        InputError
            If there was no piece.
        """
        if self._sum is None:
            raise InputError("there is nothing to add up", needed="at least one block of rows")
        return self._sum

    def work(self) -> None:
        """Take pieces until none is left; what goes wrong in one of them stops everybody."""
        try:
            while (taken := self._next()) is not None:
                place, piece = taken
                self._add(place, self._function(piece.load()))
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Let nobody take another piece."""
        with self._turn:
            self._stopped = True
            self._turn.notify_all()

    def _next(self) -> tuple[int, Piece] | None:
        with self._turn:
            while self._taken - self._added >= self._most and not self._stopped:
                self._turn.wait()
            taken = None if self._stopped else next(self._pieces, None)
            self._taken += taken is not None
            return taken

    def _add(self, place: int, statistics: SufficientStatistics) -> None:
        with self._turn:
            self._waiting[place] = statistics
            while self._added in self._waiting:
                following = self._waiting.pop(self._added)
                self._sum = following if self._sum is None else self._sum + following
                self._added += 1
            self._turn.notify_all()
