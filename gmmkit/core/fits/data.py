"""What a fit is given, checked once: rows to pass over, and what is known of them."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, check_missing, check_rows, check_weights
from gmmkit.core.gaps.incomplete import filled_for_start
from gmmkit.core.gaps.partial import KnownSource
from gmmkit.core.sources.adapters import source_of
from gmmkit.core.sources.arrays import ArraySource
from gmmkit.core.sources.blocks import Source
from gmmkit.core.starts.clusters import Labels
from gmmkit.errors import ParameterError

Places = npt.NDArray[np.intp] | slice
EVERY_ROW = slice(None)


@dataclass(frozen=True, eq=False)
class Data:
    """Rows to fit.

    Attributes
    ----------
    source : Source
        What EM passes over.
    complete : Source
        The same rows with every gap filled: what units, floors and starts are taken from.
    index : ndarray of shape (n,), or slice
        Where each row stood in what the caller gave.
    labels : ndarray of shape (n,)
        The one component that each row may be from, or -1.
    n_given : int
        How many rows the caller gave.
    n_left_out : int
        How many rows say nothing, because every cell is missing.
    has_gaps : bool
        Whether any cell is missing.
    """

    source: Source
    complete: Source
    index: Places
    labels: Labels
    n_given: int
    n_left_out: int = 0

    has_gaps: bool = False

    @property
    def in_memory(self) -> bool:
        """Whether all rows are here, to be looked at in any order."""
        return isinstance(self.complete, ArraySource)


def read_data(
    rows: npt.ArrayLike | Source,
    weights: npt.ArrayLike | None = None,
    *,
    n_components: int,
    missing: str = "refuse",
    labels: npt.ArrayLike | None = None,
) -> Data:
    """Return rows as EM and its start need them.

    Parameters
    ----------
    rows : array_like of shape (N, D), or Source
    weights : array_like of shape (N,), optional
        Frequencies; rows of weight zero count as absent.
    n_components : int
        K.
    missing : str
        ``"refuse"`` or ``"marginalize"``: what NaN means.
    labels : array_like of shape (N,) or (N, K), optional
        Components that are known, -1 where not; or truths, where each is allowed.

    Raises
    ------
    InputError
        If rows, weights or labels are unusable.
    ParameterError
        If `missing` is neither.

    Examples
    --------
    >>> read_data([[1.0], [2.0]], [1, 0], n_components=1).source.n_rows
    1
    """
    gaps, source = check_missing(missing), source_of(rows)
    if source is not None:
        return _passed_over(source, weights, gaps, labels)
    array = cast("npt.ArrayLike", rows)
    array = array if gaps else check_rows(array)
    if gaps or labels is not None:
        return _partly_known(array, weights, n_components, labels)
    return _ordinary(np.asarray(array), weights)


def _passed_over(
    source: Source, weights: npt.ArrayLike | None, gaps: bool, labels: npt.ArrayLike | None
) -> Data:
    """Return rows that are not all here at once."""
    asked = {"sample_weight": weights is not None, "missing": gaps, "labels": labels is not None}
    if any(asked.values()):
        raise ParameterError(
            "something was asked for that needs all rows in memory",
            found=", ".join(name for name, wanted in asked.items() if wanted),
            needed="complete rows without labels; weights that come with them, chunk by chunk",
            hint="fit a sample of the rows as an array",
        )
    # A view of one number: nothing is held for rows that have no label.
    unlabeled = np.broadcast_to(np.intp(-1), source.n_rows)
    return Data(source, source, EVERY_ROW, unlabeled, source.n_rows)


def _ordinary(rows: npt.NDArray[np.floating], weights: npt.ArrayLike | None) -> Data:
    n_given = len(rows)
    index: Places = EVERY_ROW
    counted = check_weights(weights, n_given)
    if counted is not None and not counted.all():
        index = np.flatnonzero(counted)
        rows, counted = rows[index], counted[index]
    source = ArraySource(rows, counted)
    # A view of one number: nothing is held for rows that have no label.
    labels = np.broadcast_to(np.intp(-1), len(rows))
    return Data(source, source, index, labels, n_given)


def _partly_known(
    rows: npt.ArrayLike,
    weights: npt.ArrayLike | None,
    n_components: int,
    labels: npt.ArrayLike | None,
) -> Data:
    source = KnownSource.of(rows, weights, labels=labels, n_components=n_components)
    filled = filled_for_start(source.rows, source.weights)
    return Data(
        source=source,
        complete=ArraySource(filled, source.weights),
        index=source.index,
        labels=_named(source),
        n_given=len(np.asarray(rows)),
        n_left_out=source.n_left_out,
        has_gaps=bool(np.isnan(source.rows).any()),
    )


def _named(source: KnownSource) -> Labels:
    """Return the component of rows that may be from one alone, else -1."""
    labels = np.full(source.n_rows, -1)
    for known, start, stop in source.groups:
        if known.labeled and len(known.allowed) == 1:
            labels[start:stop] = known.allowed[0]
    return labels


def robust_core(source: Source, share_trimmed: float) -> ArraySource:
    """Return the rows nearest to the columns' medians, in units of their median deviations.

    Units and floors of data that is to be trimmed must not depend on what will be trimmed.

    Examples
    --------
    >>> rows = np.array([[0.0], [1.0], [2.0], [1e9]])
    >>> robust_core(ArraySource(rows), 0.25).rows.ravel().tolist()
    [0.0, 1.0, 2.0]
    """
    from gmmkit.core.trimming import kept_weights

    every = source.take(np.arange(source.n_rows))
    deviations = np.abs(every.rows - np.median(every.rows, axis=0))
    typical = np.median(deviations, axis=0)
    distances = _squares(deviations / np.where(typical > 0, typical, 1.0))
    kept = kept_weights(-distances, every.weights, share_trimmed)
    chosen = kept > 0
    return ArraySource(every.rows[chosen], kept[chosen])


def _squares(deviations: npt.NDArray[np.floating]) -> Float64Array:
    squares: Float64Array = np.einsum("nd,nd->n", deviations, deviations, dtype=np.float64)
    return squares
