"""What a long fit writes down of itself, so that it can go on after it was interrupted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from hashlib import sha256
from numbers import Integral
from typing import Protocol

import numpy as np

from gmmkit.core.acceleration import Path
from gmmkit.core.em import EMCourse, EMState, Iteration
from gmmkit.core.engine.routes import Route
from gmmkit.core.engine.turn import Turn
from gmmkit.core.families import Family
from gmmkit.core.fits.preparation import Problem
from gmmkit.core.mixture import Mixture
from gmmkit.core.units import Units
from gmmkit.errors import ParameterError


@dataclass(frozen=True, eq=False)
class Standing:
    """Where one run stands.

    Attributes
    ----------
    mixture : Mixture
        In the problem's working coordinates.
    least_route : Route
    small_gains : int
    trace : tuple of Iteration
    path : Path, optional
        Of an accelerated run.
    turn : Turn, optional
        Of a run that had columns made uncorrelated.
    """

    mixture: Mixture
    least_route: Route
    small_gains: int
    trace: tuple[Iteration, ...]
    path: Path | None = None
    turn: Turn | None = None

    @classmethod
    def of(cls, course: EMCourse) -> "Standing":
        """Return what has to be kept of a run."""
        at = course.state
        return cls(at.mixture, at.least_route, at.small_gains, course.trace, at.path, at.turn)

    def course(self, units: Units, expected_passes: int) -> EMCourse:
        """Return the run as it goes on."""
        objective = self.trace[-1].objective
        state = EMState(
            self.mixture,
            units,
            self.least_route,
            objective,
            self.small_gains,
            expected_passes,
            self.path,
            self.turn,
        )
        return EMCourse(state, self.trace)


@dataclass(frozen=True, eq=False)
class Progress:
    """How far a fit has come.

    Attributes
    ----------
    identity : str
        Of the fit: what its data and arguments come to.
    runs : tuple of Standing
        Those that ended, and last the one that goes on.
    """

    identity: str
    runs: tuple[Standing, ...] = ()


class Keeper(Protocol):
    """Something that keeps progress, such as a file."""

    def load(self) -> Progress | None:
        """Return what was kept, None if nothing was."""

    def save(self, progress: Progress, *, at_once: bool) -> None:
        """Keep it: at once, or when it is time to."""


class Journal:
    """Finds the runs of an earlier fit in the order in which they are run again, and notes more.

    Parameters
    ----------
    keeper : Keeper
    identity : str
        Of this fit; progress of another one is refused.

    Raises
    ------
    ParameterError
        If what is kept is the progress of another fit.
    """

    def __init__(self, keeper: Keeper, identity: str) -> None:
        kept = keeper.load() or Progress(identity)
        if kept.identity != identity:
            raise ParameterError(
                "the checkpoint is that of another fit",
                found="other rows, or other arguments",
                needed="the same as when it was begun; only max_iter and threads may differ",
                hint="begin anew in another file",
            )
        self._keeper, self._identity = keeper, identity
        self._runs = list(kept.runs)
        self._place = -1

    def next_run(self, units: Units, expected_passes: int) -> EMCourse | None:
        """Return how far the next run came before; None if it has to start."""
        self._place += 1
        if self._place >= len(self._runs):
            return None
        return self._runs[self._place].course(units, expected_passes)

    def note(self, course: EMCourse) -> None:
        """Note how far the present run has come; runs noted after it do not count any more."""
        self._runs[self._place :] = [Standing.of(course)]
        self._keep(at_once=course.converged)

    def close(self) -> None:
        """Keep what was noted last."""
        if self._runs:
            self._keep(at_once=True)

    def _keep(self, *, at_once: bool) -> None:
        self._keeper.save(Progress(self._identity, tuple(self._runs)), at_once=at_once)


def journal_of(
    keeper: Keeper | None, problem: Problem, seed: object, arguments: Iterable[object]
) -> Journal | None:
    """Return the journal of a fit, if there is something to keep it.

    Parameters
    ----------
    keeper : Keeper, optional
    problem : Problem
    seed : int, optional
    arguments : iterable
        What else the iterations depend on.

    Raises
    ------
    ParameterError
        If the seed is no number: a fit by chance cannot be gone on with.
    """
    if keeper is None:
        return None
    if not isinstance(seed, Integral):
        raise ParameterError(
            "a checkpoint needs a seed",
            found=f"seed={seed!r}",
            needed="a whole number, so that what comes before the iterations can be repeated",
            hint="seed=0",
        )
    return Journal(keeper, _identity(problem, [int(seed), *arguments]))


def _identity(problem: Problem, arguments: Iterable[object]) -> str:
    """Return a digest of what iterations depend on: fits with the same one go the same way."""
    source = problem.source
    decided = (problem.units, problem.regularization, problem.expectation, problem.noise)
    shape = (source.n_rows, source.n_features, source.dtype.str, problem.family)
    digest = sha256()
    for part in _parts([*shape, *decided, problem.summary, problem.fixed, *arguments]):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _parts(value: object) -> Iterator[bytes]:
    """Yield what tells a value from another one."""
    if isinstance(value, Family):
        yield value.name.encode()
    elif isinstance(value, np.ndarray):
        yield f"{value.dtype.str} {value.shape}".encode()
        yield np.ascontiguousarray(value).tobytes()
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _parts(getattr(value, field.name))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _parts(each)
    else:
        yield repr(value).encode()
