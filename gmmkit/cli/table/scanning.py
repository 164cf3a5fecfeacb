"""What a mixture says of rows that are passed over, block by block, in their order."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmkit.cli.table.scoring import NOISE, RESULTS
from gmmkit.core.engine.scoring import Scorer
from gmmkit.core.scanning import answers
from gmmkit.core.sources.blocks import Block, Source

if TYPE_CHECKING:
    from gmmkit.core.algebra.densities import DensityDistribution
    from gmmkit.core.checks import Float64Array
    from gmmkit.core.mixture import Mixture

Columns = dict[str, npt.NDArray[Any]]

# Log densities of every component that are held at a time: eight megabytes.
_JOINT_NUMBERS = 1 << 20


@dataclass(frozen=True, eq=False)
class ScoredBlock:
    """What a mixture says of consecutive rows, and what is kept of them.

    Parameters
    ----------
    kept : tuple of ndarray of shape (n,)
        Columns, in float64.
    results : dict of str to ndarray of shape (n,)
        By the names of `RESULTS`.
    """

    kept: tuple["Float64Array", ...]
    results: Columns


def scored_blocks(
    mixture: "Mixture",
    rows: Source,
    *,
    tail: bool,
    keep: Sequence[int] = (),
    executor: object = None,
) -> Generator[ScoredBlock, None, None]:
    """Score rows that are passed over.

    Parameters
    ----------
    mixture : Mixture
        Of the first D columns.
    rows : Source
        Of D columns, and any more beside them.
    tail : bool
        Whether to give tail probabilities, which a mixture with noise does not have.
    keep : sequence of int
        Columns to give beside the results.
    executor : Executor or distributed.Client, optional
        Where blocks are scored; this machine's processors by default.

    Yields
    ------
    ScoredBlock
        In the order of the rows; the processors are a few blocks ahead.

    Examples
    --------
    >>> import gmmkit
    >>> from gmmkit.core.sources.arrays import ArraySource
    >>> mixture = gmmkit.Mixture([0.5, 0.5], [[0.0], [9.0]], np.ones((2, 1, 1)))
    >>> rows = ArraySource(np.array([[8.5, 7.0]]))
    >>> [block.results["component"].tolist() for block in scored_blocks(mixture, rows, tail=False)]
    [[1]]
    """
    scorer = Scorer.of(mixture, rows.n_rows)
    scoring = _Scoring(scorer, _distribution(mixture) if tail else None, tuple(keep))
    return (block for _, block in answers(scoring, rows, executor=executor))


def _distribution(mixture: "Mixture") -> "DensityDistribution | None":
    from gmmkit.core.algebra.densities import density_distribution

    return None if mixture.noise is not None else density_distribution(mixture)


@dataclass(frozen=True, eq=False)
class _Scoring:
    scorer: Scorer
    distribution: "DensityDistribution | None"
    keep: tuple[int, ...]

    def __call__(self, block: Block) -> ScoredBlock:
        # Single precision would be seen in the far tails.
        rows = block.rows.astype(np.float64, copy=False)
        results = self._results(np.ascontiguousarray(rows[:, : self.scorer.mixture.n_features]))
        return ScoredBlock(tuple(rows[:, column].copy() for column in self.keep), results)

    def _results(self, rows: "Float64Array") -> Columns:
        step = max(1, _JOINT_NUMBERS // self.scorer.mixture.n_components)
        pieces = [self._piece(rows[start : start + step]) for start in range(0, len(rows), step)]
        found = dict(zip(RESULTS, map(np.concatenate, zip(*pieces, strict=True)), strict=False))
        if self.distribution is not None:
            tails = self.distribution.log_probability(found[RESULTS[2]])
            found[RESULTS[3]] = np.exp(tails)
        return found

    def _piece(self, rows: "Float64Array") -> tuple[npt.NDArray[Any], ...]:
        """Return the components of rows, how probable each is, and the log densities."""
        joint, noise = self.scorer.log_joint(rows), self.scorer.mixture.noise
        component, top = joint.argmax(axis=0), joint.max(axis=0)
        apart = -np.inf if noise is None else noise.log_joint
        component[top < apart] = NOISE
        top = np.maximum(top, apart)
        joint -= top
        np.exp(joint, out=joint)
        total = joint.sum(axis=0) + np.exp(apart - top)
        return component, 1.0 / total, top + np.log(total)
