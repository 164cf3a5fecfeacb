"""scikit-learn's shell over the core: it validates, calls, and exposes what came out."""

import warnings
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from gmmkit.core.beginning import Start
from gmmkit.core.checks import Float64Array, check_count, check_parameters
from gmmkit.core.covariance import Covariance
from gmmkit.core.em import Iteration
from gmmkit.core.families import Family, family
from gmmkit.core.fitting import FitResult, fit
from gmmkit.core.mixture import Mixture
from gmmkit.errors import InputError, InputTypeError, ParameterError

Labels = npt.NDArray[np.intp]


class GaussianMixture(DensityMixin, BaseEstimator):  # type: ignore[misc]
    """Gaussian mixture by expectation-maximization, with scikit-learn's parameters and attributes.

    Beside what scikit-learn's class of this name does, it takes sample weights, keeps its digits on
    shifted and rescaled data, and tries k-means starts in two sets of coordinates.

    Parameters
    ----------
    n_components : int
        The number of components K.
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
        mclust's codes for these (VVV, EEE, VVI, VII) are understood too.
    tol : float
        EM stops after two successive gains of the mean log likelihood below this.
    reg_covar : float or None
        Added to every variance. None adds nothing and relies on a floor relative to the data.
    max_iter : int
        Zero returns the start.
    n_init : int
        How many starts are run to the end.
    init_params : {'kmeans', 'k-means++', 'random', 'random_from_data'}
    weights_init : array_like of shape (K,), optional
    means_init : array_like of shape (K, D), optional
    precisions_init : array_like, optional
        Inverse covariances in the family's shape: (K, D, D), (D, D), (K, D) or (K,).
    random_state : int, RandomState or None
    warm_start : bool
        Whether the next fit begins where the last one ended.
    verbose : int
        1 prints every `verbose_interval`-th iteration; 2 adds its log likelihood.
    verbose_interval : int
    precision : {'auto', 'float32', 'float64', 'centered'}
        The arithmetic of EM's iterations; ``'auto'`` chooses by a bound on its error.
    n_threads : int, optional
        The default uses every processor; the result does not depend on it.

    Attributes
    ----------
    weights_ : ndarray of shape (K,)
    means_ : ndarray of shape (K, D)
    covariances_, precisions_, precisions_cholesky_ : ndarray
        In the family's shape.
    converged_ : bool
    n_iter_ : int
    lower_bound_ : float
        The mean log likelihood of the fitted mixture, in nats.
    lower_bounds_ : list of float
        The same before each iteration of the best start.
    mixture_ : Mixture
    fit_result_ : FitResult
    n_features_in_, feature_names_in_
        As scikit-learn documents them.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.array([[1.0, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> model = GaussianMixture(2, covariance_type="diag", random_state=0).fit(rows)
    >>> model.means_[:, 0].round(6).tolist()
    [1.0, 10.0]
    """

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        tol: float = 1e-3,
        reg_covar: float | None = None,
        max_iter: int = 100,
        n_init: int = 1,
        init_params: str = "kmeans",
        weights_init: npt.ArrayLike | None = None,
        means_init: npt.ArrayLike | None = None,
        precisions_init: npt.ArrayLike | None = None,
        random_state: int | np.random.RandomState | None = None,
        warm_start: bool = False,
        verbose: int = 0,
        verbose_interval: int = 10,
        precision: str = "auto",
        n_threads: int | None = None,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.weights_init = weights_init
        self.means_init = means_init
        self.precisions_init = precisions_init
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.verbose_interval = verbose_interval
        self.precision = precision
        self.n_threads = n_threads

    def fit(
        self, X: npt.ArrayLike, y: object = None, sample_weight: npt.ArrayLike | None = None
    ) -> Self:
        """Fit the mixture to rows.

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
        self._expose(
            fit(
                rows,
                self.n_components,
                covariance=self.covariance_type,
                sample_weight=sample_weight,
                seed=self._seed(),
                n_init=self.n_init,
                start=self._start(),
                tol=self.tol,
                max_iter=self.max_iter,
                reg_covar=self.reg_covar,
                precision=self.precision,
                n_threads=self.n_threads,
                on_iteration=self._report if self.verbose else None,
            )
        )
        return self

    def _start(self) -> Start | Mixture:
        if self.warm_start and hasattr(self, "mixture_"):
            return self.mixture_
        covariances = None
        if self.precisions_init is not None:
            kind = family(self.covariance_type)
            # A precision is as positive definite as a covariance, and is checked as one.
            precisions = Covariance(kind, check_parameters(self.precisions_init, "precisions_init"))
            covariances = _inverse(kind, precisions.values)
        return Start(self.init_params, self.weights_init, self.means_init, covariances)

    def _seed(self) -> int:
        try:
            return int(check_random_state(self.random_state).randint(2**31 - 1))
        except ValueError as problem:
            raise ParameterError("random_state is not usable", found=str(problem)) from problem

    def _report(self, iteration: int, info: Iteration) -> None:
        if iteration % check_count(self.verbose_interval, "verbose_interval") == 0:
            detail = f": mean log likelihood {info.log_likelihood:.6f}" if self.verbose > 1 else ""
            print(f"  iteration {iteration}{detail}")

    def _expose(self, result: FitResult) -> None:
        mixture = result.mixture
        kind = mixture.covariance.family
        self.fit_result_, self.mixture_ = result, mixture
        self.weights_ = mixture.weights.copy()
        self.means_ = mixture.means.copy()
        self.covariances_ = mixture.covariance.values.copy()
        self.precisions_ = _inverse(kind, mixture.covariance.values)
        self.precisions_cholesky_ = kind.packed_factors(mixture.factors)
        self.converged_, self.n_iter_ = result.converged, result.n_iter
        self.lower_bound_ = result.log_likelihood / result.weight
        self.lower_bounds_ = [info.log_likelihood for info in result.trace]
        if not result.converged and self.max_iter > 0:
            warnings.warn(
                f"EM did not converge in {result.n_iter} iterations: raise max_iter or tol, or "
                "look for components that the data does not hold",
                ConvergenceWarning,
                stacklevel=3,
            )

    def _checked(self, X: npt.ArrayLike, **rules: Any) -> npt.NDArray[np.floating[Any]]:
        """Return rows checked by scikit-learn's rules, its refusals as errors of ours."""
        try:
            rows: npt.NDArray[np.floating[Any]] = validate_data(
                self, X, dtype=[np.float64, np.float32], **rules
            )
        except TypeError as problem:
            raise InputTypeError(str(problem).rstrip(".")) from problem
        except ValueError as problem:
            raise InputError(str(problem).rstrip(".")) from problem
        return rows

    def _fitted_rows(self, X: npt.ArrayLike) -> npt.NDArray[np.floating[Any]]:
        check_is_fitted(self)
        return self._checked(X, reset=False)

    def fit_predict(
        self, X: npt.ArrayLike, y: object = None, sample_weight: npt.ArrayLike | None = None
    ) -> Labels:
        """Fit, then return the most probable component of every row, (N,)."""
        return self.fit(X, y, sample_weight).predict(X)

    def predict(self, X: npt.ArrayLike) -> Labels:
        """Return the most probable component of every row, (N,)."""
        rows = self._fitted_rows(X)
        return self.mixture_.labels(rows)

    def predict_proba(self, X: npt.ArrayLike) -> Float64Array:
        """Return the posterior probability of every component for every row, (N, K)."""
        rows = self._fitted_rows(X)
        return self.mixture_.responsibilities(rows)

    def score_samples(self, X: npt.ArrayLike) -> Float64Array:
        """Return the log density of every row, (N,), in nats."""
        rows = self._fitted_rows(X)
        return self.mixture_.log_density(rows)

    def score(self, X: npt.ArrayLike, y: object = None) -> float:
        """Return the mean log density of the rows, in nats."""
        return float(self.score_samples(X).mean())

    def sample(self, n_samples: int = 1) -> tuple[Float64Array, Labels]:
        """Draw rows, (n_samples, D), and the components they came from, ordered by component."""
        check_is_fitted(self)
        count = check_count(n_samples, "n_samples")
        rows, labels = self.mixture_.sample_with_labels(count, self._seed())
        order = np.argsort(labels, kind="stable")
        return rows[order], labels[order]

    def bic(self, X: npt.ArrayLike) -> float:
        """Return the Bayesian information criterion (Schwarz 1978) on rows; lower is better."""
        log_density = self.score_samples(X)
        penalty = self.mixture_.n_parameters * np.log(len(log_density))
        return float(penalty - 2 * log_density.sum())

    def aic(self, X: npt.ArrayLike) -> float:
        """Return Akaike's information criterion on rows; lower is better."""
        return float(2 * self.mixture_.n_parameters - 2 * self.score_samples(X).sum())


def _inverse(kind: Family, values: Float64Array) -> Float64Array:
    """Turn covariances into precisions or back, in the family's shape."""
    return 1.0 / values if kind.axis_aligned else np.linalg.inv(values).astype(np.float64)
