"""The pass over a block where there are many components: products by BLAS, of rows along memory."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gmmkit.core.checks import Float64Array
from gmmkit.core.engine.natural import read_only
from gmmkit.core.engine.natural_pass import NaturalPass
from gmmkit.core.families import Moments
from gmmkit.core.sources.blocks import Block
from gmmkit.core.statistics import SufficientStatistics

# So many rows at most are added up in the working precision.
_ROWS_PER_FLUSH = 4096
# Where no more than one in so many components tells, or so many groups of them do, adding those one
# by one beats a product with all.
_COMPONENTS_PER_TELLING, _MOST_GROUPS = 16, 24


@dataclass(frozen=True, eq=False)
class WidePass(NaturalPass):
    """Features and scores are held row by row: what is done to a row's scores is done in cache."""

    def __call__(self, block: Block) -> SufficientStatistics:
        work, step = _Work(self), self.natural.piece_rows
        for start in range(0, len(block.rows), step):
            work.add(block.at(slice(start, start + step)))
        work.flush()
        return self.named(work.log_likelihood, work.total, block.weight)

    @cached_property
    def few(self) -> int:
        """The number of groups with telling components that counts as few, in one row."""
        pooled = len(self.natural.theta) > self.natural.n_classes
        return 0 if pooled else min(_MOST_GROUPS, self.natural.n_classes // _COMPONENTS_PER_TELLING)


class _Work:
    """What one block needs to be worked through: room for pieces of it, and the sums so far."""

    def __init__(self, owner: WidePass) -> None:
        from gmmkit.core.engine.compiled.wide import GROUPS

        natural = owner.natural
        kind, step = natural.theta.dtype, natural.piece_rows
        self._owner, self._natural, self._rows = owner, natural, 0
        self._phi = np.empty((step, natural.theta.shape[1]), kind)
        self._scores = np.empty((step, natural.n_classes), kind)
        self._groups, self._top = np.empty((step, GROUPS), kind), np.empty(step, kind)
        self._sums = np.zeros(natural.theta.shape, kind)
        self._product = np.empty((natural.n_classes, natural.width), kind)
        self.total, self.log_likelihood = np.zeros(natural.theta.shape), 0.0

    def add(self, piece: Block) -> None:
        """Add a piece's sums and log likelihood."""
        from gmmkit.core.engine.compiled.wide import expand, find_largest

        owner, natural, n = self._owner, self._natural, len(piece.rows)
        phi, scores, groups, top = self._phi[:n], self._scores[:n], self._groups[:n], self._top[:n]
        full = owner.mixture.covariance.family.moments is not Moments.DIAGONAL
        expand(*map(read_only, owner.frame.moved(piece.rows)), full, phi)
        natural.score_rows(phi, scores)
        few = find_largest(scores, natural.telling, groups, top) <= owner.few * n
        weights = None if piece.weights is None else read_only(piece.weights)
        self.log_likelihood += (self._add_few if few else self._add_all)(weights, n)
        self._rows += n
        if self._rows >= _ROWS_PER_FLUSH:
            self.flush()

    def _add_few(self, weights: Float64Array | None, n: int) -> float:
        from gmmkit.core.engine.compiled.wide import add_few

        phi, scores, groups, top = self._phi[:n], self._scores[:n], self._groups[:n], self._top[:n]
        return float(add_few(scores, self._natural.telling, groups, top, weights, phi, self._sums))

    def _add_all(self, weights: Float64Array | None, n: int) -> float:
        from gmmkit.core.engine.compiled.wide import share_rows

        classes, width = self._natural.n_classes, self._natural.width
        phi, scores = self._phi[:n], self._scores[:n]
        log_likelihood = float(share_rows(scores, self._top[:n], weights, phi))
        np.matmul(scores.T, phi[:, :width], out=self._product)
        self._sums[:classes, :width] += self._product
        for shared in self._sums[classes:, width:]:
            shared += scores[:, : self._natural.n_gaussians].sum(axis=1) @ phi[:, width:]
        return log_likelihood

    def flush(self) -> None:
        """Move sums over to float64, before they lose digits."""
        self.total += self._sums
        self._sums[:] = 0
        self._rows = 0
