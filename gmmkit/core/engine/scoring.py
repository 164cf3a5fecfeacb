"""Densities, responsibilities and labels of many rows, by products where those are exact enough."""

import sys
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, FloatArray, check_finite
from gmmkit.core.engine.form import Centered, Form, Labels, Reading
from gmmkit.core.engine.frame import Frame
from gmmkit.core.engine.natural import Natural, centered_parameters, natural_parameters
from gmmkit.core.engine.routes import FLOAT32_BOUND, Route, cancellation_bounds, turned_bound
from gmmkit.core.engine.turn import Turn
from gmmkit.core.execution import Executor, SerialExecutor, threads
from gmmkit.core.families import Moments
from gmmkit.core.mixture import Mixture
from gmmkit.core.units import Units, units_of

# Below this bound the expanded form in float64 is off by less than 1e-9 nats.
_EXPANDED_BOUND = 1e6
# Below this one float32 changes a log density by less than 1e-3 nats (12 photographs, 2 sets of
# features; a fifth of that is usual).
_DENSITY_BOUND = 5e4
# From this many multiply-adds on, loading compiled code costs less than it saves; where a fit has
# loaded it, far fewer are enough.
_COMPILED_WORK = 1_000_000_000
_WORK_IF_LOADED = 5_000_000
_KERNELS = "gmmkit.core.engine.compiled.fused"
# What a thread takes at a time: about a millisecond of multiply-adds.
_PART_WORK = 2**25
_LEAST_PART_ROWS, _MOST_PART_ROWS = 2**10, 2**14
_HERE = SerialExecutor()


@dataclass(frozen=True, eq=False)
class Scorer:
    """A mixture made ready to score one block of rows after another.

    Attributes
    ----------
    mixture : Mixture
    units : Units
        Working coordinates that suit it.
    working : Mixture
        The mixture in them.
    natural : Natural
        Its natural parameters in them.
    centered : ndarray of int
        The components for which products are not exact enough: rows are taken about their means.
    compiled : bool
        Whether to load compiled code.
    checked : bool
        Whether rows are known to be finite; else each part of them is checked as it is read.
    """

    mixture: Mixture
    units: Units
    working: Mixture
    natural: Natural
    centered: npt.NDArray[np.intp]
    compiled: bool = False
    checked: bool = True

    @classmethod
    def of(cls, mixture: Mixture, n_rows: int = 0, *, checked: bool = True) -> "Scorer":
        """Return the scorer of a mixture in the data's units.

        Parameters
        ----------
        mixture : Mixture
        n_rows : int
            How many rows are going to be scored: for many, compiled code is used. Densities differ
            by no more than 1e-9 for that.
        checked : bool
            Whether rows are known to be finite.
        """
        units = units_of(mixture)
        working = units.standardize(mixture)
        inexact = np.flatnonzero(cancellation_bounds(working) > _EXPANDED_BOUND)
        natural = natural_parameters(working)
        enough = _WORK_IF_LOADED if _KERNELS in sys.modules else _COMPILED_WORK
        compiled = n_rows * natural.work > enough
        return cls(mixture, units, working, natural, inexact, compiled, checked)

    def log_joint(self, rows: FloatArray) -> Float64Array:
        """Return log(w_k N(x; mu_k, Sigma_k)), (K, n), component by component along memory.

        Parameters
        ----------
        rows : ndarray of shape (n, D)
            float32 or float64, finite.

        Examples
        --------
        >>> scorer = Scorer.of(Mixture([1.0], [[0.0]], np.ones((1, 1, 1))))
        >>> scorer.log_joint(np.zeros((2, 1))).round(4).tolist()
        [[-0.9189, -0.9189]]
        """
        return self._log_joint(rows)[: self.mixture.n_components]

    def log_density(
        self,
        rows: FloatArray,
        *,
        precision: str = "float64",
        executor: Executor = _HERE,
    ) -> Float64Array:
        """Return log p(x) of every row, (n,), in nats.

        Parameters
        ----------
        rows : ndarray of shape (n, D)
        precision : str
            ``"float64"``, or ``"auto"``: of float32 rows in float32, where that changes a log
            density by less than a thousandth.
        executor : Executor
            What works on parts of the rows.

        Examples
        --------
        >>> scorer = Scorer.of(Mixture([1.0], [[0.0]], np.ones((1, 1, 1))))
        >>> scorer.log_density(np.zeros((2, 1))).round(4).tolist()
        [-0.9189, -0.9189]
        """
        form = self._form(rows, _DENSITY_BOUND if precision == "auto" else 0.0)
        reading = Reading.of(len(rows), density=True)
        return self._read(rows, form, reading, executor).density

    def labels_and_density(self, rows: FloatArray) -> tuple[Labels, Float64Array]:
        """Return both of every row from one look at it.

        Examples
        --------
        >>> scorer = Scorer.of(Mixture([0.5, 0.5], [[0.0], [4.0]], np.ones((2, 1, 1))))
        >>> [each.round(4).tolist() for each in scorer.labels_and_density(np.array([[3.0]]))]
        [[1], [-2.0939]]
        """
        reading = Reading.of(len(rows), density=True, labels=True)
        said = self._read(rows, self._double, reading, _HERE)
        return said.labels, said.density

    def responsibilities(self, rows: FloatArray, *, executor: Executor = _HERE) -> Float64Array:
        """Return the posterior probability of every component for every row, (n, K).

        Examples
        --------
        >>> scorer = Scorer.of(Mixture([0.5, 0.5], [[-1.0], [1.0]], np.ones((2, 1, 1))))
        >>> scorer.responsibilities(np.zeros((1, 1))).tolist()
        [[0.5, 0.5]]
        """
        shares = np.empty((len(rows), self.mixture.n_components))

        def fill(piece: slice) -> None:
            joint = self._log_joint(self._finite(rows, piece))
            joint -= joint.max(axis=0)
            np.exp(joint, out=joint)
            joint /= joint.sum(axis=0)
            shares[piece] = joint[: shares.shape[1]].T

        executor.run(fill, _cut(len(rows), self.natural.piece_rows))
        return shares

    def labels(self, rows: FloatArray, *, executor: Executor = _HERE) -> Labels:
        """Return the most probable component of every row, (n,); -1 for noise.

        Of float32 rows in float32, where that tells components apart as well.

        Examples
        --------
        >>> scorer = Scorer.of(Mixture([0.5, 0.5], [[0.0], [4.0]], np.ones((2, 1, 1))))
        >>> scorer.labels(np.array([[3.0]])).tolist()
        [1]
        """
        form = self._form(rows, FLOAT32_BOUND)
        return self._read(rows, form, Reading.of(len(rows), labels=True), executor).labels

    def _form(self, rows: FloatArray, bound: float) -> Form:
        """Return the form for rows that loses no more in single precision than a bound allows."""
        if rows.dtype == np.float32:
            for route, reached in self._bounds.items():
                if reached <= bound:
                    return self._forms[route]
        return self._double

    @cached_property
    def _bounds(self) -> dict[Route, float]:
        working = self.working
        return {
            Route.FLOAT32: float(cancellation_bounds(working).max()),
            Route.WHITENED: turned_bound(working),
        }

    @property
    def _double(self) -> Form:
        return self._forms[Route.FLOAT64]

    @cached_property
    def _forms(self) -> "_Forms":
        return _Forms(self)

    def _read(self, rows: FloatArray, form: Form, reading: Reading, executor: Executor) -> Reading:
        """Fill in a reading, part by part, with -1 for noise."""

        def fill(part: slice) -> None:
            self._read_part(self._finite(rows, part), form, reading.at(part))

        executor.run(fill, _cut(len(rows), self._part_rows))
        if self.mixture.noise is not None:
            reading.labels[reading.labels == self.mixture.n_components] = -1
        return reading

    @property
    def _part_rows(self) -> int:
        return min(_MOST_PART_ROWS, max(_LEAST_PART_ROWS, _PART_WORK // self.natural.work))

    def _finite(self, rows: FloatArray, part: slice) -> FloatArray:
        """Return some of the rows, checked if they have to be: they then are in cache already."""
        if not self.checked:
            check_finite(rows[part], part.start)
        return rows[part]

    def _read_part(self, rows: FloatArray, form: Form, reading: Reading) -> None:
        centered = self.centered if form is self._double else self.centered[:0]
        if self.fuses:
            form.read_few(rows, Centered(centered, *self._about_means), reading)
        elif self.compiled and not len(centered):
            form.read_many(rows, reading)
        else:
            self._read_in_numpy(rows, form, reading)

    def _read_in_numpy(self, rows: FloatArray, form: Form, reading: Reading) -> None:
        for piece in _cut(len(rows), self.natural.piece_rows):
            joint, own = self._joint(form, rows[piece]), reading.at(piece)
            if len(own.labels):
                joint.argmax(axis=0, out=own.labels)
            if len(own.density):
                own.density[:] = _log_sum(joint)

    @property
    def fuses(self) -> bool:
        """Whether rows are read in one compiled loop, without BLAS."""
        return self.compiled and not self.natural.is_wide

    def _log_joint(self, rows: FloatArray) -> Float64Array:
        """Return log joint densities (K', n), noise last if there is any."""
        joint = np.empty((self.natural.n_classes, len(rows)))
        for piece in _cut(len(rows), self.natural.piece_rows):
            joint[:, piece] = self._joint(self._double, rows[piece])
        return joint

    def _joint(self, form: Form, rows: FloatArray) -> FloatArray:
        joint = form.log_joint(rows)
        for k in self.centered if form is self._double else ():
            joint[k] = self.mixture.log_joint_of(k, rows)
        return joint

    @cached_property
    def _about_means(self) -> tuple[Float64Array, Float64Array, Float64Array]:
        constants, factors = centered_parameters(self.working)
        return constants - self.units.log_volume, self.working.means, factors


class _Forms(dict[Route, Form]):
    """A scorer's mixture in each form, made when it is asked for."""

    def __init__(self, owner: Scorer) -> None:
        super().__init__()
        self._owner = owner

    def __missing__(self, route: Route) -> Form:
        working, natural = self._owner.working, self._owner.natural
        turn = Turn.of(working) if route is Route.WHITENED else None
        natural = natural if turn is None else turn.natural(natural)
        theta = natural.theta.copy()
        theta[: natural.n_classes, 0] -= self._owner.units.log_volume
        theta = theta.astype(route.dtype)
        full = working.covariance.family.moments is not Moments.DIAGONAL
        frame = Frame(self._owner.units, route.dtype, turn)
        return self.setdefault(route, Form(frame, replace(natural, theta=theta), full))


def _log_sum(joint: FloatArray) -> FloatArray:
    """Return the logarithms of sums of exponentials over components, and use up `joint`."""
    top = joint.max(axis=0)
    joint -= top
    np.exp(joint, out=joint)
    density: FloatArray = np.log(joint.sum(axis=0))
    density += top
    return density


def _cut(n_rows: int, step: int) -> list[slice]:
    return [slice(start, start + step) for start in range(0, n_rows, step)]


def in_threads(
    scorer: Scorer, reading: str, rows: FloatArray, n_threads: int | None = None, **options: Any
) -> npt.NDArray[Any]:
    """Return what a method of a scorer says of rows, parts of which go to threads.

    Examples
    --------
    >>> scorer = Scorer.of(Mixture([0.5, 0.5], [[0.0], [4.0]], np.ones((2, 1, 1))))
    >>> in_threads(scorer, "labels", np.array([[3.0], [1.0]]))
    array([1, 0])
    """
    with threads(n_threads, hold_blas=not scorer.fuses) as executor:
        said: npt.NDArray[Any] = getattr(scorer, reading)(rows, executor=executor, **options)
    return said
