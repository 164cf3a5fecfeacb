"""What every estimator shares: the options of its fits, rows checked once, and a seed."""

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from gmmkit.core.checks import Float64Array, FloatArray, check_rows, check_weights
from gmmkit.core.gaps.known import check_incomplete_rows
from gmmkit.errors import InputError, InputTypeError, ParameterError

Labels = npt.NDArray[np.intp]
RandomState = int | np.random.RandomState | None
Weights = npt.ArrayLike | None


@dataclass(eq=False, repr=False, kw_only=True)
class MixtureEstimator(BaseEstimator):  # type: ignore[misc]
    """Options of a fit, kept untouched until `fit`, as scikit-learn asks of an estimator.

    An estimator is a dataclass whose fields are its parameters. Subclasses declare their own.
    """

    covariance_type: str = "full"
    tol: float = 1e-3
    reg_covar: float | None = None
    max_iter: int = 100
    n_init: int = 1
    init_params: str = "kmeans"
    random_state: RandomState = None
    precision: str = "auto"
    n_threads: int | None = None

    @property
    def _allows_gaps(self) -> bool:
        """Whether NaN is a cell that was not observed."""
        return False

    def _checked(self, X: npt.ArrayLike, **rules: Any) -> FloatArray:
        """Return rows checked by scikit-learn's rules and by ours; every refusal is ours."""
        # Cells are looked at by us alone: we say in which row the first bad one is.
        rules = {"ensure_all_finite": False} | rules
        return self._usable(refused_as_ours(validate_data, self, self._readable(X), **rules))

    def _checked_pair(
        self, X: npt.ArrayLike, y: npt.ArrayLike, **rules: Any
    ) -> tuple[FloatArray, npt.NDArray[Any]]:
        """Return rows and what belongs to each, checked in the same way."""
        rules = {"ensure_all_finite": False, "ensure_min_samples": 2} | rules
        given = self._readable(X), _refused_if_masked(y)
        rows, targets = refused_as_ours(validate_data, self, *given, **rules)
        return self._usable(rows), targets

    def _readable(self, X: npt.ArrayLike) -> npt.ArrayLike:
        return _with_gaps_for_masks(X) if self._allows_gaps else _refused_if_masked(X)

    def _usable(self, rows: npt.ArrayLike) -> FloatArray:
        return check_incomplete_rows(rows) if self._allows_gaps else check_rows(rows)

    def _fitted_rows(self, X: npt.ArrayLike) -> FloatArray:
        check_is_fitted(self)
        return self._checked(X, reset=False)

    def _seed(self) -> int:
        return drawn_seed(self.random_state)


@dataclass(eq=False, repr=False, kw_only=True)
class UnsupervisedEstimator(MixtureEstimator):
    """An estimator that learns from rows alone."""

    def fit(self, X: npt.ArrayLike, y: object = None, sample_weight: Weights = None) -> Self:
        """Fit to rows.

        Parameters
        ----------
        X : array_like of shape (N, D)
            Rows, or a data frame.
        y : ignored
        sample_weight : array_like of shape (N,), optional
            Frequencies.

        Raises
        ------
        InputError
            If rows or weights are unusable.
        ParameterError
            If a parameter is.
        """
        rows = self._checked(X, reset=True, ensure_min_samples=2)
        self._learn(rows, check_weights(sample_weight, len(rows)))
        return self

    def _learn(self, rows: FloatArray, weights: Float64Array | None) -> None:
        raise NotImplementedError


def drawn_seed(random_state: RandomState) -> int:
    """Return a seed drawn from a random state, or from the integer that stands for one."""
    try:
        return int(check_random_state(random_state).randint(2**31 - 1))
    except ValueError as problem:
        raise ParameterError("random_state is not usable", found=str(problem)) from problem


def refused_as_ours(check: Callable[..., Any], *arguments: Any, **rules: Any) -> Any:
    """Return what one of scikit-learn's checks returns, its refusals as errors of ours."""
    try:
        return check(*arguments, **rules)
    except TypeError as problem:
        raise InputTypeError(_without_array(problem)) from problem
    except ValueError as problem:
        raise InputError(_without_array(problem)) from problem


def _without_array(problem: Exception) -> str:
    """Return a message without the array that scikit-learn may print in it, or a full stop."""
    return re.sub(r"\n(array=|\s)*\[.*\]\.?", "", str(problem), flags=re.DOTALL).rstrip(".\n")


def _refused_if_masked(array: npt.ArrayLike) -> npt.ArrayLike:
    """Return an array without masked values, which scikit-learn's checks would take for numbers."""
    if isinstance(array, np.ma.MaskedArray) and array.mask.any():
        raise InputError(
            "some values are masked",
            found=f"{array.mask.sum()} masked values",
            needed="plain numbers",
            hint="drop or fill the masked rows first",
        )
    return array


def _with_gaps_for_masks(array: npt.ArrayLike) -> npt.ArrayLike:
    """Return an array whose masked cells are NaN, which scikit-learn's checks let through."""
    if not isinstance(array, np.ma.MaskedArray):
        return array
    single = array.dtype == np.float32
    numbers = np.asarray(array.data, dtype=np.float32 if single else np.float64)
    return np.where(np.ma.getmaskarray(array), np.nan, numbers)


def warn_unconverged(n_iter: int, what: str = "", *, stacklevel: int = 3) -> None:
    """Warn, as scikit-learn does, that the fit of something ran out of iterations."""
    warnings.warn(
        f"EM did not converge in {n_iter} iterations{what}: raise max_iter or tol, or "
        "look for components that the data does not hold",
        ConvergenceWarning,
        stacklevel=stacklevel,
    )
