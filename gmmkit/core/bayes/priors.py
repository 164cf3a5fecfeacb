"""What is believed before any row is seen: given by the caller, or taken from the data's moments.

scikit-learn's parameters and defaults: one row at the data's mean, D degrees of freedom, the data's
covariance as sum of squares, and a concentration of one row shared by all components.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gmmkit.core.bayes.concentrations import Concentration, symmetric_concentration
from gmmkit.core.bayes.wishart import NormalWishart
from gmmkit.core.checks import Float64Array, check_parameters
from gmmkit.core.families import Family, Moments
from gmmkit.core.fits.preparation import Problem
from gmmkit.core.maximization import Regularization
from gmmkit.core.units import Units
from gmmkit.errors import ParameterError

# Of the floor on covariances: a prior's variances are at least a millionth of the data's.
_BREADTH = 1e4


@dataclass(frozen=True, eq=False)
class BayesPrior:
    """The prior of a mixture: of its weights, and of every component.

    Attributes
    ----------
    concentration : Dirichlet or Sticks
    components : NormalWishart

    Examples
    --------
    >>> from gmmkit.core.bayes import fit_bayes
    >>> fit_bayes(np.arange(20.0)[:, None], 1).prior.components.mean
    array([9.5])
    """

    concentration: Concentration
    components: NormalWishart

    def standardized(self, units: Units) -> "BayesPrior":
        """Return the same prior in working coordinates."""
        return replace(self, components=self.components.standardized(units))


@dataclass(frozen=True, eq=False)
class PriorRequest:
    """What a caller said of the prior; None stands for what the data say.

    Parameters
    ----------
    kind : str
        Of the prior over weights.
    concentration, mean_precision, degrees_of_freedom : float or None
    mean : array_like of shape (D,) or None
    covariance : float or array_like of shape (D,) or (D, D), or None

    Examples
    --------
    >>> PriorRequest("dirichlet_process").mean_precision is None
    True
    """

    kind: str
    concentration: float | None = None
    mean_precision: float | None = None
    mean: npt.ArrayLike | None = None
    degrees_of_freedom: float | None = None
    covariance: npt.ArrayLike | None = None

    def settled(self, problem: Problem, n_components: int) -> BayesPrior:
        """Return the prior in the data's units.

        Parameters
        ----------
        problem : Problem
            Whose summary of all rows stands in for what was not said.
        n_components : int

        Raises
        ------
        ParameterError
            If a number is out of range or an array has the wrong shape.
        """
        number = _check_positive(
            self.concentration, "weight_concentration_prior", 1.0 / n_components
        )
        concentration = symmetric_concentration(self.kind, number, n_components)
        return BayesPrior(concentration, self._of_components(problem))

    def _of_components(self, problem: Problem) -> NormalWishart:
        d, mean, covariance = problem.source.n_features, self.mean, self.covariance
        return NormalWishart(
            mean=problem.summary.means[0] if mean is None else _check_mean(mean, d),
            mean_precision=_check_positive(self.mean_precision, "mean_precision_prior", 1.0),
            degrees_of_freedom=_check_freedom(self.degrees_of_freedom, d),
            scale=_covariance_of_rows(problem)
            if covariance is None
            else _check_covariance(covariance, problem.family, d),
        )


def _covariance_of_rows(problem: Problem) -> Float64Array:
    """Return the unbiased covariance in the family's form, lifted where rows have no spread."""
    summary, family, scale = problem.summary, problem.family, problem.units.scale
    # Frequencies may sum to little more than one, or to less.
    rows_less_one = max(summary.total - 1.0, 0.5 * summary.total)
    scatter = summary.scatter()
    pooled = scatter[0] if family.moments is Moments.POOLED else scatter
    values = family.rescaled(family.estimate(pooled, np.array([rows_less_one])), 1.0 / scale)
    values, _ = _broad(problem.regularization).apply(family, values)
    return as_moments(family, family.rescaled(values, scale), len(scale))


def _broad(regularization: Regularization) -> Regularization:
    """Return a floor high enough for a belief about directions in which rows have no spread."""
    floor = None if regularization.floor is None else _BREADTH * regularization.floor
    return replace(regularization, floor=floor, ridge=np.zeros_like(regularization.ridge))


def as_moments(family: Family, values: Float64Array, n_features: int) -> Float64Array:
    """Return one component's covariance as the second moments that its family reads.

    Parameters
    ----------
    family : Family
    values : ndarray
        Of one component, in the family's shape.
    n_features : int

    Returns
    -------
    ndarray of shape (D, D), or (D,) where the family reads the diagonal alone

    Examples
    --------
    >>> from gmmkit.core.families import family
    >>> as_moments(family("spherical"), np.array([2.0]), 3)
    array([2., 2., 2.])
    """
    if family.moments is Moments.DIAGONAL:
        variances: Float64Array = 1.0 / family.factors(values, n_features)[0] ** 2
        return variances
    covariance: Float64Array = family.dense(values, 1, n_features)[0]
    return covariance


def as_values(family: Family, scale: Float64Array) -> Float64Array:
    """Return second moments, (D, D) or (D,), as one component's covariance in the family's form.

    Examples
    --------
    >>> from gmmkit.core.families import family
    >>> as_values(family("spherical"), np.array([1.0, 3.0]))
    np.float64(2.0)
    """
    scatter = scale if family.moments is Moments.POOLED else scale[None]
    values = family.estimate(scatter, np.ones(1))
    return values[0] if family.per_component else values


def _check_positive(value: object, name: str, default: float) -> float:
    number = default if value is None else check_parameters(value, name)  # type: ignore[arg-type]
    if np.ndim(number) or not number > 0:
        raise ParameterError(f"{name} is not usable", found=repr(value), needed="a positive number")
    return float(number)


def _check_freedom(value: float | None, n_features: int) -> float:
    number = _check_positive(value, "degrees_of_freedom_prior", float(n_features))
    if number <= n_features - 1:
        raise ParameterError(
            f"degrees_of_freedom_prior should be greater than {n_features - 1}",
            found=f"{number:.3f}",
            hint=f"use {n_features}, the default",
        )
    return number


def _check_mean(mean: npt.ArrayLike, n_features: int) -> Float64Array:
    array = check_parameters(mean, "mean_prior")
    if array.shape != (n_features,):
        raise ParameterError(
            "mean_prior has the wrong shape", found=f"{array.shape}", needed=f"({n_features},)"
        )
    return array


def _check_covariance(covariance: npt.ArrayLike, family: Family, d: int) -> Float64Array:
    """Return a given covariance as the moments that the family reads."""
    array = check_parameters(covariance, "covariance_prior")
    diagonal = family.moments is Moments.DIAGONAL
    if array.shape not in ((), (d,), *(() if diagonal else ((d, d),))):
        raise ParameterError(
            f"covariance_prior has the wrong shape for {family.name} covariances",
            found=f"{array.shape}",
            needed=f"one variance, ({d},)" + ("" if diagonal else f" or ({d}, {d})"),
        )
    moments = np.broadcast_to(array, (d,)) if array.ndim < 2 else array
    dense = np.diag(moments) if moments.ndim == 1 and not diagonal else moments
    _check_positive_definite(dense)
    return dense


def _check_positive_definite(moments: Float64Array) -> None:
    asymmetric = moments.ndim == 2 and not np.allclose(moments, moments.T, rtol=1e-8, atol=0)
    smallest = moments.min() if moments.ndim == 1 else np.linalg.eigvalsh(moments).min()
    if asymmetric or smallest <= 0:
        raise ParameterError(
            "covariance_prior is no covariance",
            found="an asymmetric matrix"
            if asymmetric
            else f"a smallest eigenvalue of {smallest:.3g}",
            needed="positive variances" if moments.ndim == 1 else "a positive definite matrix",
        )
