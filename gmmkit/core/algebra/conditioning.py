"""Some columns given the others: each component's regression, and the mixture for one row."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gmmkit.core.algebra.geometry import (
    Columns,
    check_columns,
    check_gaussians,
    log_sum_exp,
    other_columns,
    restricted_covariance,
)
from gmmkit.core.algebra.marginals import marginal
from gmmkit.core.checks import Float64Array, FloatArray, check_parameters, check_rows
from gmmkit.core.conditional import slopes_and_roots
from gmmkit.core.covariance import Covariance
from gmmkit.core.mixture import Mixture


@dataclass(frozen=True, eq=False)
class Conditioning:
    """What conditioning on some columns needs and no row changes.

    Attributes
    ----------
    given : Mixture
        The marginal of the given columns.
    targets : ndarray of shape (T,)
        The other columns.
    means : ndarray of shape (K, T)
    gains : ndarray of shape (K, T, G)
        How the mean of the targets follows the given columns.
    covariance : Covariance
        Of the targets once the others are known; no value changes it.
    """

    given: Mixture
    targets: npt.NDArray[np.intp]
    means: Float64Array
    gains: Float64Array
    covariance: Covariance

    @classmethod
    def on(cls, mixture: Mixture, columns: Columns) -> "Conditioning":
        """Return the conditioning of a mixture on some of its columns."""
        given = check_columns(columns, check_gaussians(mixture).n_features)
        targets = other_columns(given, mixture.n_features)
        order = np.concatenate([given, targets])
        stack = mixture.covariances[:, order[:, None], order]
        slopes, roots = slopes_and_roots(stack, len(given))
        covariances = roots @ roots.transpose(0, 2, 1)
        return cls(
            marginal(mixture, given),
            targets,
            mixture.means[:, targets],
            slopes,
            restricted_covariance(mixture, covariances),
        )

    @property
    def covariances(self) -> Float64Array:
        """The conditional covariance matrices (K, T, T)."""
        return self.covariance.dense(len(self.means), len(self.targets))

    def log_weights(self, rows: FloatArray) -> Float64Array:
        """Return the log posterior of each component given checked rows (N, G): (N, K)."""
        joint = self.given.log_joint(rows)
        posterior: Float64Array = joint - log_sum_exp(joint)[:, None]
        return posterior

    def component_means(self, rows: FloatArray) -> Float64Array:
        """Return each component's mean of the targets given checked rows (N, G): (N, K, T)."""
        means = np.empty((len(rows), *self.means.shape))
        for k, mean in enumerate(self.given.means):
            means[:, k] = self.means[k] + (rows - mean) @ self.gains[k].T
        return means


def conditional(mixture: Mixture, given: Columns, values: npt.ArrayLike) -> Mixture:
    """Return the mixture of the other columns once some are known.

    Each component's mean follows the known values, and its weight becomes its posterior given
    them. For many rows at once, without a mixture for each, see :func:`regress`.

    Parameters
    ----------
    mixture : Mixture
    given : int, sequence of int, or mask of shape (D,)
        The columns that are known.
    values : array_like of shape (G,)
        Their values, in that order.

    Returns
    -------
    Mixture
        Over the columns that are not given, in their order.

    Raises
    ------
    ParameterError
        If a column is unknown, none or all are given, or the mixture has noise.
    InputError
        If the values are not finite numbers, or not one for each given column.

    Examples
    --------
    >>> mixture = Mixture([1.0], [[0.0, 5.0]], [[[1.0, 0.5], [0.5, 2.0]]])
    >>> known = conditional(mixture, [0], [2.0])
    >>> known.means.tolist(), known.covariances.round(6).tolist()
    ([[6.0]], [[[1.75]]])
    """
    conditioning = Conditioning.on(mixture, given)
    known = np.atleast_1d(check_parameters(values, "the values"))
    row = check_rows(known[None], n_features=conditioning.given.n_features)
    weights = np.exp(conditioning.log_weights(row)[0])
    return Mixture(
        weights / weights.sum(), conditioning.component_means(row)[0], conditioning.covariance
    )
