"""Where the probability is: an ellipsoid for each component, a density that encloses a share."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gmmkit.core.algebra.chi_square import chi_square_quantile
from gmmkit.core.algebra.geometry import check_gaussians
from gmmkit.core.algebra.univariate import check_share
from gmmkit.core.checks import Float64Array, check_rows
from gmmkit.core.mixture import Mixture


@dataclass(frozen=True, eq=False)
class Ellipsoids:
    """For each component the ellipsoid that holds a given share of it.

    Attributes
    ----------
    level : float
        The share.
    centers : ndarray of shape (K, D)
    half_axes : ndarray of shape (K, D)
        Longest first, in the units of the data (of mixed units if the columns have them).
    directions : ndarray of shape (K, D, D)
        ``directions[k, i]`` is the unit vector along half axis i; its largest entry is positive.

    Examples
    --------
    >>> mixture = Mixture([1.0], [[0.0, 0.0]], [[[1.0, 0.0], [0.0, 4.0]]])
    >>> confidence_ellipsoids(mixture, 0.95).half_axes.round(3).tolist()
    [[4.895, 2.448]]
    """

    level: float
    centers: Float64Array
    half_axes: Float64Array
    directions: Float64Array

    def contains(self, rows: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Return which rows lie in which ellipsoid, (N, K).

        Parameters
        ----------
        rows : array_like of shape (N, D)

        Examples
        --------
        >>> mixture = Mixture([1.0], [[0.0]], [[[1.0]]])
        >>> confidence_ellipsoids(mixture, 0.95).contains([[1.9], [2.0]]).tolist()
        [[True], [False]]
        """
        array = check_rows(rows, n_features=self.centers.shape[1])
        inside = np.empty((len(array), len(self.centers)), dtype=np.bool_)
        for k, center in enumerate(self.centers):
            along = (array - center) @ self.directions[k].T / self.half_axes[k]
            inside[:, k] = (along**2).sum(axis=1) <= 1.0
        return inside


def confidence_ellipsoids(mixture: Mixture, level: float = 0.95) -> Ellipsoids:
    """Return for each component the ellipsoid of constant density that holds a share of it.

    The squared Mahalanobis distance of a Gaussian row is chi-square distributed with as many
    degrees of freedom as there are columns, so that half axis i is sqrt(q λ_i), with q the
    quantile of that distribution and λ_i an eigenvalue of the covariance.

    Parameters
    ----------
    mixture : Mixture
    level : float
        The share of each component inside, in (0, 1).

    Returns
    -------
    Ellipsoids

    Raises
    ------
    ParameterError
        If the level is out of range, or the mixture has noise.

    Examples
    --------
    >>> ellipsoids = confidence_ellipsoids(Mixture([1.0], [[3.0]], [[[4.0]]]), 0.6827)
    >>> ellipsoids.centers.tolist(), ellipsoids.half_axes.round(2).tolist()
    ([[3.0]], [[2.0]])
    """
    share = check_share(level, "level")
    eigenvalues, vectors = np.linalg.eigh(check_gaussians(mixture).covariances)
    # The least eigenvalue of a very flat covariance may round to below zero.
    spread = np.maximum(eigenvalues[:, ::-1], np.finfo(np.float64).eps * eigenvalues[:, -1:])
    half_axes = np.sqrt(chi_square_quantile(share, mixture.n_features) * spread)
    directions = _pointing_up(vectors.transpose(0, 2, 1)[:, ::-1])
    for array in (half_axes, directions):
        array.flags.writeable = False
    return Ellipsoids(share, mixture.means, half_axes, directions)


def _pointing_up(directions: Float64Array) -> Float64Array:
    """Unit vectors with the sign that makes their largest entry positive."""
    largest = np.abs(directions).argmax(axis=-1)[..., None]
    return directions * np.sign(np.take_along_axis(directions, largest, axis=-1))
