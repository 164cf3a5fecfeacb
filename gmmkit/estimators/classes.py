"""The mixtures of several classes as one, whose components each belong to a class, and back."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, FloatArray
from gmmkit.core.covariance import Covariance
from gmmkit.core.mixture import Mixture
from gmmkit.errors import InputError
from gmmkit.estimators.base import Labels
from gmmkit.estimators.observed import Observed


def coded_classes(labels: npt.NDArray[Any], unlabeled: object) -> tuple[npt.NDArray[Any], Labels]:
    """Return the sorted classes, and the number of each row's class, -1 where it is not known.

    Parameters
    ----------
    labels : ndarray of shape (N,)
    unlabeled : object
        What stands for a class that is not known; None for nothing.

    Raises
    ------
    InputError
        If no class is known.

    Examples
    --------
    >>> classes, codes = coded_classes(np.array([5, -1, 3]), -1)
    >>> classes.tolist(), codes.tolist()
    ([3, 5], [1, -1, 0])
    """
    classes, codes = np.unique(labels, return_inverse=True)
    unknown = np.array([unlabeled is not None and name == unlabeled for name in classes.tolist()])
    if unknown.all():
        raise InputError(
            "no row has a class",
            found=f"{unlabeled!r} in all {len(labels)} rows",
            needed="at least one row of a known class",
        )
    numbers = np.where(unknown, 0, np.cumsum(~unknown)) - 1
    return classes[~unknown], numbers[codes].astype(np.intp)


def log_joint(
    mixtures: tuple[Mixture, ...], priors: Float64Array, rows: FloatArray
) -> Float64Array:
    """Return the log of every class's probability times its density of every row, (N, C).

    Examples
    --------
    >>> mixture = Mixture([1.0], [[0.0]], [[[1.0]]])
    >>> joint = log_joint((mixture, mixture), np.array([0.25, 0.75]), np.array([[0.0]]))
    >>> np.exp(joint - joint.max()).round(6).tolist()
    [[0.333333, 1.0]]
    """
    with np.errstate(divide="ignore"):
        log_priors = np.log(priors)
    densities = [Observed(mixture, rows).log_density() for mixture in mixtures]
    joint: Float64Array = np.stack(densities, axis=1) + log_priors
    return joint


def allowed_components(codes: Labels, counts: Labels) -> npt.NDArray[np.bool_]:
    """Return which of all components each row may be from: those of its class, (N, K).

    Parameters
    ----------
    codes : ndarray of shape (N,)
        The number of each row's class, -1 where it is not known.
    counts : ndarray of shape (C,)
        How many components each class has; K in all.

    Examples
    --------
    >>> allowed_components(np.array([0, 1, -1]), np.array([1, 2])).astype(int).tolist()
    [[1, 0, 0], [0, 1, 1], [1, 1, 1]]
    """
    classes = np.repeat(np.arange(len(counts)), counts)
    allowed: npt.NDArray[np.bool_] = (codes[:, None] == classes) | (codes < 0)[:, None]
    return allowed


def starting_labels(rows: FloatArray, codes: Labels, mixtures: tuple[Mixture, ...]) -> Labels:
    """Return the component of each row under the mixture of its class, counted over all classes.

    Examples
    --------
    >>> mixture = Mixture([0.5, 0.5], [[0.0], [9.0]], np.ones((2, 1, 1)))
    >>> starting_labels(np.array([[8.0], [8.0]]), np.array([0, 1]), (mixture, mixture)).tolist()
    [1, 3]
    """
    labels, first = np.empty(len(rows), dtype=np.intp), 0
    for index, mixture in enumerate(mixtures):
        own = codes == index
        if own.any():
            labels[own] = first + Observed(mixture, rows[own]).labels()
        first += mixture.n_components
    return labels


def class_weights(mixture: Mixture, counts: Labels) -> Float64Array:
    """Return the weight of all components of every class together, (C,).

    Examples
    --------
    >>> joint = Mixture([0.2, 0.6, 0.2], [[0.0], [5.0], [9.0]], np.ones((3, 1, 1)))
    >>> class_weights(joint, np.array([1, 2])).round(6).tolist()
    [0.2, 0.8]
    """
    sums = np.add.reduceat(mixture.weights, np.cumsum(counts) - counts)
    shares: Float64Array = sums / sums.sum()
    return shares


def by_class(mixture: Mixture, counts: Labels) -> Iterator[Mixture]:
    """Yield the mixture of every class.

    Examples
    --------
    >>> joint = Mixture([0.2, 0.6, 0.2], [[0.0], [5.0], [9.0]], np.ones((3, 1, 1)))
    >>> [part.weights.round(2).tolist() for part in by_class(joint, np.array([1, 2]))]
    [[1.0], [0.75, 0.25]]
    """
    kind, values = mixture.covariance.family, mixture.covariance.values
    ends = np.cumsum(counts)
    for start, end in zip(ends - counts, ends, strict=True):
        weights = mixture.weights[start:end]
        own = values[start:end] if kind.per_component else values
        yield Mixture(weights / weights.sum(), mixture.means[start:end], Covariance(kind, own))
