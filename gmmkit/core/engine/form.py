"""A mixture in a form in which products with features score rows, and what is read of scores."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, FloatArray
from gmmkit.core.engine.frame import Frame, aligned
from gmmkit.core.engine.natural import Natural, read_only

Labels = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Reading:
    """Where answers about rows go; what is not asked for has length 0.

    Attributes
    ----------
    density : ndarray of shape (n,) or (0,)
        Log densities.
    labels : ndarray of shape (n,) or (0,)
    """

    density: Float64Array
    labels: Labels

    @classmethod
    def of(cls, n_rows: int, *, density: bool = False, labels: bool = False) -> "Reading":
        """Return room for what is asked of so many rows."""
        return cls(np.empty(n_rows * density), np.empty(n_rows * labels, np.intp))

    def at(self, rows: slice) -> "Reading":
        """Return the part for some of the rows."""
        return Reading(self.density[rows], self.labels[rows])


@dataclass(frozen=True, eq=False)
class Centered:
    """Components that are scored about their means, and what that takes."""

    places: npt.NDArray[np.intp]
    constants: Float64Array
    means: Float64Array
    factors: Float64Array


@dataclass(frozen=True, eq=False)
class Form:
    """Natural parameters in a frame.

    Attributes
    ----------
    frame : Frame
    natural : Natural
    full : bool
        Whether features are products of columns, not their squares alone.
    """

    frame: Frame
    natural: Natural
    full: bool

    def log_joint(self, rows: FloatArray) -> FloatArray:
        """Return log joint densities (K', n), noise last if there is any."""
        return self.natural.scores(self.natural.features(*self.frame.moved(rows)))

    def read_few(self, rows: FloatArray, centered: Centered, reading: Reading) -> None:
        """Fill in a reading in one compiled loop over tiles, for small numbers of components."""
        from gmmkit.core.engine.compiled.fused import fused_scores

        natural, frame = self.natural, self.frame
        (n_scores, n_products), n_features = natural.theta.shape, rows.shape[1]
        fused_scores(
            read_only(rows),
            *frame.move(rows.dtype),
            *frame.turning,
            read_only(natural.theta),
            read_only(natural.spans),
            natural.n_gaussians,
            natural.n_classes,
            self.full,
            read_only(centered.places),
            read_only(centered.constants),
            read_only(centered.means),
            read_only(centered.factors),
            aligned((1 + n_products + n_scores + n_features, frame.width), frame.dtype),
            reading.density,
            reading.labels,
        )

    def read_many(self, rows: FloatArray, reading: Reading) -> None:
        """Fill in a reading, for large numbers of components: BLAS scores a piece after another."""
        from gmmkit.core.engine.compiled.wide import GROUPS, expand, find_largest, read_rows

        natural, step = self.natural, self.natural.piece_rows
        kind = natural.theta.dtype
        room = np.empty((step, natural.theta.shape[1]), kind), np.empty((step, GROUPS), kind)
        scores, top = np.empty((step, natural.n_classes), kind), np.empty(step, kind)
        for start in range(0, len(rows), step):
            piece = slice(start, start + step)
            n = len(rows[piece])
            phi, groups = room[0][:n], room[1][:n]
            expand(*map(read_only, self.frame.moved(rows[piece])), self.full, phi)
            natural.score_rows(phi, scores[:n])
            find_largest(scores[:n], natural.telling, groups, top[:n])
            own = reading.at(piece)
            read_rows(scores[:n], natural.telling, groups, top[:n], own.density, own.labels)
