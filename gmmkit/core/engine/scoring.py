"""Densities, responsibilities and labels of many rows, by products where those are exact enough."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, FloatArray
from gmmkit.core.engine.frame import moved_in
from gmmkit.core.engine.natural import (
    Natural,
    centered_parameters,
    natural_parameters,
    read_only,
)
from gmmkit.core.engine.routes import FLOAT32_BOUND, cancellation_bounds
from gmmkit.core.execution import threads
from gmmkit.core.families import Moments
from gmmkit.core.mixture import Mixture
from gmmkit.core.sources.arrays import ArraySource
from gmmkit.core.units import Units, units_of

# Below this bound the expanded form in float64 is off by less than 1e-9 nats.
_EXPANDED_BOUND = 1e6
# From this many multiply-adds on, loading compiled code costs less than it saves; where a fit has
# loaded it, far fewer are enough.
_COMPILED_WORK = 1_000_000_000
_WORK_IF_LOADED = 5_000_000
_KERNELS = "gmmkit.core.engine.compiled.fused"
# From this many components on, matrix products beat the fused loop.
_BLAS_COMPONENTS = 64

Labels = npt.NDArray[np.intp]
_NOTHING, _NO_LABELS = np.empty(0), np.empty(0, np.intp)


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
    """

    mixture: Mixture
    units: Units
    working: Mixture
    natural: Natural
    centered: npt.NDArray[np.intp]
    compiled: bool = False

    @classmethod
    def of(cls, mixture: Mixture, n_rows: int = 0) -> "Scorer":
        """Return the scorer of a mixture in the data's units.

        Parameters
        ----------
        mixture : Mixture
        n_rows : int
            How many rows are going to be scored: for many, compiled code is used. Densities differ
            by no more than 1e-9 for that.
        """
        units = units_of(mixture)
        working = units.standardize(mixture)
        inexact = np.flatnonzero(cancellation_bounds(working) > _EXPANDED_BOUND)
        natural = natural_parameters(working)
        enough = _WORK_IF_LOADED if _KERNELS in sys.modules else _COMPILED_WORK
        compiled = n_rows * natural.work > enough
        return cls(mixture, units, working, natural, inexact, compiled)

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

    def log_density(self, rows: FloatArray) -> Float64Array:
        """Return log p(x) of every row, (n,), in nats.

        Examples
        --------
        >>> scorer = Scorer.of(Mixture([1.0], [[0.0]], np.ones((1, 1, 1))))
        >>> scorer.log_density(np.zeros((2, 1))).round(4).tolist()
        [-0.9189, -0.9189]
        """
        density = np.empty(len(rows))
        if self._fuses:
            self._fused(self.natural, rows, density=density)
            return density - self.units.log_volume
        for piece in self._pieces(len(rows)):
            density[piece] = self._log_sum(self._log_joint(rows[piece]))
        return density

    def responsibilities(self, rows: FloatArray) -> Float64Array:
        """Return the posterior probability of every component for every row, (n, K).

        Examples
        --------
        >>> scorer = Scorer.of(Mixture([0.5, 0.5], [[-1.0], [1.0]], np.ones((2, 1, 1))))
        >>> scorer.responsibilities(np.zeros((1, 1))).tolist()
        [[0.5, 0.5]]
        """
        shares = np.empty((len(rows), self.mixture.n_components))
        for piece in self._pieces(len(rows)):
            joint = self._log_joint(rows[piece])
            joint -= joint.max(axis=0)
            np.exp(joint, out=joint)
            joint /= joint.sum(axis=0)
            shares[piece] = joint[: shares.shape[1]].T
        return shares

    def labels(self, rows: FloatArray) -> Labels:
        """Return the most probable component of every row, (n,); -1 for noise.

        Of float32 rows in float32, where that tells components apart as well.

        Examples
        --------
        >>> scorer = Scorer.of(Mixture([0.5, 0.5], [[0.0], [4.0]], np.ones((2, 1, 1))))
        >>> scorer.labels(np.array([[3.0]])).tolist()
        [1]
        """
        natural = self._single if rows.dtype == np.float32 else None
        labels = np.empty(len(rows), np.intp)
        if self._fuses:
            self._fused(natural or self.natural, rows, labels=labels)
        else:
            for piece in self._pieces(len(rows)):
                own = rows[piece]
                joint = self._products(natural, own) if natural else self._log_joint(own)
                self._choose(joint, labels[piece])
        labels[labels == self.mixture.n_components] = -1
        return labels

    @cached_property
    def _single(self) -> Natural | None:
        """The natural parameters in float32, if labels can be told by them."""
        bound = cancellation_bounds(self.working).max()
        if bound > FLOAT32_BOUND:
            return None
        return replace(self.natural, theta=self.natural.theta.astype(np.float32))

    @property
    def _fuses(self) -> bool:
        return self.compiled and self.natural.n_classes < _BLAS_COMPONENTS

    def _pieces(self, n_rows: int) -> list[slice]:
        step = self.natural.piece_rows
        return [slice(start, start + step) for start in range(0, n_rows, step)]

    def _log_joint(self, rows: FloatArray) -> Float64Array:
        """Return log joint densities (K', n) in the data's units, noise last if there is any."""
        joint = np.empty((self.natural.n_classes, len(rows)))
        for piece in self._pieces(len(rows)):
            joint[:, piece] = self._products(self.natural, rows[piece])
        joint -= self.units.log_volume
        for k in self.centered:
            joint[k] = self.mixture.log_joint_of(k, rows)
        return joint

    def _products(self, natural: Natural, rows: FloatArray) -> FloatArray:
        return natural.scores(natural.features(rows, *self._moved(natural, rows)))

    def _moved(self, natural: Natural, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
        return moved_in(self.units, rows.dtype, natural.theta.dtype)

    def _choose(self, joint: FloatArray, labels: Labels) -> None:
        if self.compiled:
            from gmmkit.core.engine.compiled.fused import likeliest

            likeliest(joint, labels)
        else:
            joint.argmax(axis=0, out=labels)

    def _log_sum(self, joint: Float64Array) -> Float64Array:
        """Return the logarithms of sums of exponentials over components, and use up `joint`."""
        if self.compiled:
            from gmmkit.core.engine.compiled.fused import log_sum

            found = np.empty(joint.shape[1])
            log_sum(joint, found)
            return found
        top = joint.max(axis=0)
        joint -= top
        np.exp(joint, out=joint)
        density: Float64Array = np.log(joint.sum(axis=0))
        density += top
        return density

    def _fused(
        self,
        natural: Natural,
        rows: FloatArray,
        *,
        density: Float64Array = _NOTHING,
        labels: Labels = _NO_LABELS,
    ) -> None:
        """Fill in log densities in working units, or labels, in one compiled loop over tiles."""
        from gmmkit.core.engine.compiled.fused import fused_scores

        origin, inverse_scale = self._moved(natural, rows)
        fused_scores(
            read_only(rows),
            read_only(origin),
            read_only(inverse_scale),
            read_only(natural.theta),
            read_only(natural.spans),
            natural.n_gaussians,
            natural.n_classes,
            self.mixture.covariance.family.moments is not Moments.DIAGONAL,
            read_only(self.centered),
            *(read_only(array) for array in self._about_means),
            density,
            labels,
        )

    @cached_property
    def _about_means(self) -> tuple[Float64Array, Float64Array, Float64Array]:
        constants, factors = centered_parameters(self.working)
        return constants, self.working.means, factors


def in_blocks(
    function: Callable[[FloatArray], npt.NDArray[Any]],
    rows: FloatArray,
    n_threads: int | None = None,
) -> npt.NDArray[Any]:
    """Return what a function says of rows, block by block; blocks go to threads.

    Examples
    --------
    >>> in_blocks(lambda rows: rows.sum(axis=1), np.ones((3, 2)), 1)
    array([2., 2., 2.])
    """
    with threads(n_threads) as executor:
        blocks = (block.rows for block in ArraySource(rows).pieces())
        return np.concatenate(list(executor.map(function, blocks)))
