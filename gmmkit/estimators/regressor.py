"""Regression from one mixture of features and targets together: what the one says of the other."""

from dataclasses import KW_ONLY, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import MultiOutputMixin, RegressorMixin

from gmmkit.core.algebra import Regression
from gmmkit.core.checks import Float64Array, FloatArray, check_count, check_rows, check_weights
from gmmkit.errors import InputError, ParameterError
from gmmkit.estimators.base import RandomState, Weights, drawn_seed
from gmmkit.estimators.fitted_by_em import OneMixtureEstimator
from gmmkit.estimators.missing_features import Outcome, assembled, patterns


@dataclass(eq=False, repr=False)
class GaussianMixtureRegressor(
    MultiOutputMixin,  # type: ignore[misc]
    RegressorMixin,  # type: ignore[misc]
    OneMixtureEstimator,
):
    """Gaussian mixture regression: expectation and uncertainty of targets given features.

    A mixture is fitted to rows of features and targets together; what it says of the targets once
    the features are known is a mixture again (Ghahramani and Jordan 1993). One full component is
    linear regression by least squares.

    Parameters
    ----------
    n_components : int
        The number of components K: pieces that are linear, and blend into each other.
    covariance_type : str
        A covariance family, as in :class:`GaussianMixture`. In a diagonal one the targets follow
        the features only through the components.
    missing : {'refuse', 'marginalize'}
        What NaN among the features means: an error, or a cell that was not observed. Targets then
        follow from the features that were; where none was, they are those of all rows.
    prior : 'default' or ConjugatePrior, optional
        As in :class:`GaussianMixture`, of features and targets together.
    tol, reg_covar, max_iter, n_init, init_params, random_state, precision, n_threads
        As in :class:`GaussianMixture`, but that `init_params` is ``'auto'``.

    Attributes
    ----------
    mixture_ : Mixture
        Of D features, then T targets.
    fit_result_ : FitResult
    n_iter_ : int
    converged_ : bool
    n_features_in_, feature_names_in_
        As scikit-learn documents them.
    n_outputs_ : int
        The number of targets T.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(-3, 3, 60)[:, None]
    >>> noise = np.resize([0.1, -0.1], 60)
    >>> model = GaussianMixtureRegressor(2, random_state=0).fit(x, np.abs(x[:, 0]) + noise)
    >>> mean, deviation = model.predict([[-2.0], [2.0]], return_std=True)
    >>> mean.round(1).tolist(), deviation.round(1).tolist()
    ([2.0, 2.0], [0.1, 0.1])
    """

    n_components: int = 1
    _: KW_ONLY

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike, sample_weight: Weights = None) -> Self:
        """Fit a mixture to features and targets together.

        Parameters
        ----------
        X : array_like of shape (N, D)
            Features, or a data frame.
        y : array_like of shape (N,) or (N, T)
            Targets.
        sample_weight : array_like of shape (N,), optional
            Frequencies.

        Raises
        ------
        InputError
            If features, targets or weights are unusable.
        ParameterError
            If a parameter is.

        Warns
        -----
        FitWarning
            If there are too few rows for a single component. It is then taken to be no thinner
            than a thousandth of the variances of all rows, so that noise is not followed exactly.
        """
        rows, targets = self._checked_pair(X, y, multi_output=True, y_numeric=True)
        self._flat = targets.ndim == 1
        columns = _checked_targets(targets[:, None] if self._flat else targets)
        self.n_outputs_ = int(columns.shape[1])
        joint = np.concatenate([rows, columns.astype(rows.dtype)], axis=1)
        weights = check_weights(sample_weight, len(joint))
        floor = self._floor_for_few(joint, weights)
        result = self._fit_rows(joint, self.n_components, sample_weight=weights, floor=floor)
        self._keep(result)
        return self

    def regression(self, X: npt.ArrayLike) -> Regression:
        """Return the whole distribution of the targets for every row of features.

        Parameters
        ----------
        X : array_like of shape (N, D)
            With the same features missing in every row, if any.

        Returns
        -------
        Regression

        Raises
        ------
        InputError
            If different features are missing: such rows have no regression in common.
        """
        rows = self._fitted_rows(X)
        first, *others = patterns(self.mixture_, rows)
        if others:
            raise InputError(
                "rows with different features missing have no regression in common",
                found=f"{len(others) + 1} patterns of missing features",
                needed="the same features in every row",
                hint="ask for rows of one pattern at a time, or call predict",
            )
        return first.regression

    def _asked(self, X: npt.ArrayLike, outcome: Outcome) -> Float64Array:
        """Return what is asked of the regression of every row, without an axis that is not due."""
        rows = self._fitted_rows(X)
        return self._shaped(assembled(self.mixture_, rows, outcome))

    def predict(
        self, X: npt.ArrayLike, return_std: bool = False, return_cov: bool = False
    ) -> Float64Array | tuple[Float64Array, Float64Array]:
        """Return the expected targets.

        Parameters
        ----------
        X : array_like of shape (N, D)
        return_std : bool
            Also return the standard deviation of every target, in the shape of the targets.
        return_cov : bool
            Also return the covariance of the targets of every row, (N, T, T).

        Returns
        -------
        ndarray of shape (N,) or (N, T), or a tuple of that and the uncertainty

        Raises
        ------
        ParameterError
            If both kinds of uncertainty are asked for.
        """
        if return_std and return_cov:
            raise ParameterError(
                "only one kind of uncertainty is returned at a time",
                found="return_std and return_cov",
                hint="take the root of the covariances' diagonals",
            )
        if not return_std and not return_cov:
            return self._asked(X, lambda regression, _: regression.mean)
        if return_std:
            both = self._asked(X, _mean_and_deviation)
            return both[..., 0], both[..., 1]
        rows = self._fitted_rows(X)
        both = assembled(self.mixture_, rows, _mean_and_covariance)
        return self._shaped(both[..., 0]), both[..., 1:]

    def predict_quantiles(
        self, X: npt.ArrayLike, quantiles: npt.ArrayLike = (0.05, 0.5, 0.95)
    ) -> Float64Array:
        """Return the values that a target stays below with the given probabilities.

        Parameters
        ----------
        X : array_like of shape (N, D)
        quantiles : array_like of shape (Q,)
            Probabilities above 0 and below 1.

        Returns
        -------
        ndarray of shape (N, Q) or (N, T, Q)
        """
        wanted = np.atleast_1d(np.asarray(quantiles, dtype=np.float64))

        def found(regression: Regression, _: int) -> Float64Array:
            return np.stack([regression.quantile(float(p)) for p in wanted], axis=2)

        return self._asked(X, found)

    def predict_interval(
        self, X: npt.ArrayLike, level: float = 0.9
    ) -> tuple[Float64Array, Float64Array]:
        """Return the lower and upper ends between which a target lies with probability `level`.

        Parameters
        ----------
        X : array_like of shape (N, D)
        level : float
            Above 0 and below 1; what is left over is the same on either side.

        Returns
        -------
        lower, upper : ndarray of shape (N,) or (N, T)
        """
        ends = self._asked(X, lambda regression, _: np.stack(regression.interval(level), axis=2))
        return ends[..., 0], ends[..., 1]

    def sample_y(
        self, X: npt.ArrayLike, n_samples: int = 1, random_state: RandomState = 0
    ) -> Float64Array:
        """Draw targets for every row of features.

        Parameters
        ----------
        X : array_like of shape (N, D)
        n_samples : int
        random_state : int, RandomState or None

        Returns
        -------
        ndarray of shape (N, n_samples) or (N, T, n_samples)
            As scikit-learn's Gaussian processes return them.
        """
        count = check_count(n_samples, "n_samples")
        seed = drawn_seed(random_state)

        def drawn(regression: Regression, number: int) -> Float64Array:
            return regression.sample(count, seed=seed + number).transpose(0, 2, 1)

        return self._asked(X, drawn)

    def _shaped(self, targets: npt.NDArray[Any]) -> Float64Array:
        """Return targets without their axis where `fit` was given one without."""
        return targets[:, 0] if self._flat else targets


def _mean_and_deviation(regression: Regression, _: int) -> Float64Array:
    """Return means and standard deviations (n, T, 2)."""
    return np.stack([regression.mean, np.sqrt(regression.variance)], axis=2)


def _mean_and_covariance(regression: Regression, _: int) -> Float64Array:
    """Return means before covariances (n, T, 1 + T)."""
    return np.concatenate([regression.mean[:, :, None], regression.covariance], axis=2)


def _checked_targets(targets: npt.NDArray[Any]) -> FloatArray:
    try:
        return check_rows(targets)
    except InputError as refusal:
        raise refusal.reworded(problem=refusal.problem.replace("rows", "targets", 1)) from None
