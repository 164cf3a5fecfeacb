"""How sure the assignment of each row is, and which rows lie on a border."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, FloatArray, check_rows
from gmmkit.core.mixture import Mixture
from gmmkit.errors import ParameterError

# Rows whose responsibilities are held at once.
_ROWS = 65_536

Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Assignments:
    """The most probable component of each row, and how probable others are.

    The noise, where a mixture has it, competes as label -1.

    Attributes
    ----------
    labels : ndarray of shape (N,)
        The most probable component; -1 for noise.
    runners_up : ndarray of shape (N,)
        The next most probable one; -1 for noise, or where there is no other.
    uncertainty : ndarray of shape (N,)
        One minus the largest posterior probability, in [0, 1 - 1/K].
    entropy : ndarray of shape (N,)
        Of the posterior probabilities, in nats: zero where the assignment is sure.

    Examples
    --------
    >>> mixture = Mixture([0.5, 0.5], [[0.0], [4.0]], np.ones((2, 1, 1)))
    >>> assign(mixture, [[2.5]]).runners_up.tolist()
    [0]
    """

    labels: Indices
    runners_up: Indices
    uncertainty: Float64Array
    entropy: Float64Array

    def border(self, least: float = 0.25) -> Indices:
        """Return which rows are at least so uncertain, the most uncertain first.

        Examples
        --------
        >>> mixture = Mixture([0.5, 0.5], [[0.0], [4.0]], np.ones((2, 1, 1)))
        >>> assign(mixture, [[0.0], [1.9], [4.0], [2.0]]).border().tolist()
        [3, 1]
        """
        if not 0 <= least <= 1:
            raise ParameterError(
                "least is not usable", found=repr(least), needed="a probability in [0, 1]"
            )
        order = np.argsort(-self.uncertainty, kind="stable")
        rows: Indices = order[self.uncertainty[order] >= least]
        return rows


def assign(mixture: Mixture, rows: npt.ArrayLike) -> Assignments:
    """Assign every row to its most probable component and say how sure that is.

    Parameters
    ----------
    mixture : Mixture
    rows : array_like of shape (N, D)

    Returns
    -------
    Assignments

    Raises
    ------
    InputError
        If the rows cannot be used.

    Examples
    --------
    >>> mixture = Mixture([0.5, 0.5], [[0.0], [4.0]], np.ones((2, 1, 1)))
    >>> found = assign(mixture, [[0.0], [2.0]])
    >>> found.labels.tolist(), found.uncertainty.round(4).tolist()
    ([0, 0], [0.0003, 0.5])
    """
    array = check_rows(rows, n_features=mixture.n_features)
    starts = range(0, len(array), _ROWS)
    parts = [_assigned(_posteriors(mixture, array[i : i + _ROWS]), mixture) for i in starts]
    columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Assignments(*columns)


def _posteriors(mixture: Mixture, rows: FloatArray) -> Float64Array:
    """Return posteriors of the components and, in the last column, of the noise."""
    posteriors = mixture.responsibilities(rows)
    if mixture.noise is None:
        return posteriors
    noise = np.exp(mixture.noise.log_joint - mixture.log_density(rows))
    return np.column_stack([posteriors, noise])


def _assigned(
    posteriors: Float64Array, mixture: Mixture
) -> tuple[Indices, Indices, Float64Array, Float64Array]:
    labels, runners_up = _first_two(posteriors)
    # Summing the others keeps the digits that one minus the largest would lose.
    others = posteriors.copy()
    np.put_along_axis(others, labels[:, None], 0.0, axis=1)
    logarithms = np.log(posteriors, where=posteriors > 0, out=np.zeros_like(posteriors))
    entropy = -np.einsum("nk,nk->n", posteriors, logarithms)
    k = mixture.n_components
    renumber = np.append(np.arange(k), [-1])
    return renumber[labels], renumber[runners_up], others.sum(axis=1), np.maximum(entropy, 0.0)


def _first_two(posteriors: Float64Array) -> tuple[Indices, Indices]:
    """Return the columns of the largest and next largest; ties go to the lower number."""
    order = np.argsort(-posteriors, axis=1, kind="stable")
    last = np.full(len(order), -1, dtype=np.intp)
    return order[:, 0], order[:, 1] if order.shape[1] > 1 else last
