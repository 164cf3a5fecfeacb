"""The covariance of a mixture as a value: a family and its own parameters, checked once."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, check_parameters
from gmmkit.core.families import Family, family
from gmmkit.errors import ParameterError


@dataclass(frozen=True, eq=False)
class Covariance:
    """The covariances of a mixture: a family and its own parameters.

    Parameters
    ----------
    family : str or Family
        ``"full"``, ``"tied"``, ``"diag"``, ``"spherical"`` or mclust's letters.
    values : array_like
        (K, D, D), (D, D), (K, D) or (K,) for those four, and as ``family(name).shape(K, D)`` says
        for the others; squared units of the data.

    Raises
    ------
    ParameterError
        If the values are not finite, not symmetric, not positive definite, or not of the family's
        form: what all components share has to be equal, up to a millionth.

    Examples
    --------
    >>> Covariance("diag", [[1.0, 4.0]]).family.name
    'diag'
    >>> Covariance("EVI", [[1.0, 4.0], [2.0, 2.0]]).dense(2, 2)[0].tolist()
    [[1.0, 0.0], [0.0, 4.0]]
    """

    family: Family
    values: Float64Array

    def __init__(self, family_or_name: str | Family, values: npt.ArrayLike) -> None:
        kind = family(family_or_name)
        array = check_parameters(values, f"{kind.name} covariances")
        _check_values(kind, array)
        object.__setattr__(self, "family", kind)
        object.__setattr__(self, "values", array)

    def dense(self, n_components: int, n_features: int) -> Float64Array:
        """Return (K, D, D) matrices whatever the family."""
        return self.family.dense(self.values, n_components, n_features)

    def __reduce__(self) -> tuple[type["Covariance"], tuple[str, Float64Array]]:
        return Covariance, (self.family.name, self.values)

    def __repr__(self) -> str:
        return f"Covariance({self.family.name!r}, shape {self.values.shape})"


def _check_values(kind: Family, values: Float64Array) -> None:
    _check_shape(kind, values)
    if kind.axis_aligned:
        _check_positive(kind, values)
    else:
        _check_positive_definite(kind, values)
    if not kind.conforms(values):
        raise ParameterError(
            f"{kind.name} covariances differ in what all components share",
            found=f"{len(values)} covariances of different form",
            needed=kind.form,
            hint="use another family, or what fits best: family(name).estimate(values, ones)",
        )


def _check_shape(kind: Family, values: Float64Array) -> None:
    needed_ndim = len(kind.shape(1, 1))
    square = kind.axis_aligned or values.ndim < 2 or values.shape[-1] == values.shape[-2]
    if values.ndim != needed_ndim or not square or not values.size:
        raise ParameterError(
            f"{kind.name} covariances have the wrong shape",
            found=f"shape {values.shape}",
            needed=f"{needed_ndim} axes, such as {kind.shape(3, 2)} for K=3, D=2",
        )


def _check_positive(kind: Family, values: Float64Array) -> None:
    if not (values > 0).all():
        raise ParameterError(f"{kind.name} variances must be positive", found=f"{values.min():.3g}")


def _check_positive_definite(kind: Family, values: Float64Array) -> None:
    differences = np.abs(values - values.swapaxes(-1, -2))
    deviations = np.sqrt(np.abs(np.diagonal(values, axis1=-2, axis2=-1)))
    if (differences > 1e-8 * deviations[..., :, None] * deviations[..., None, :]).any():
        raise ParameterError(
            f"{kind.name} covariances are not symmetric",
            found=f"differences up to {differences.max():.3g}",
            hint="use (S + S.T) / 2",
        )
    try:
        np.linalg.cholesky(values)
    except np.linalg.LinAlgError as problem:
        smallest = float(np.linalg.eigvalsh(values).min())
        raise ParameterError(
            f"{kind.name} covariances are not positive definite",
            found=f"a smallest eigenvalue of {smallest:.3g}",
            hint="add a little to the diagonal",
        ) from problem
