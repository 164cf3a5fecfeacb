"""The variational Gaussian mixture with scikit-learn's parameters and attributes."""

from dataclasses import dataclass

import numpy.typing as npt

from gmmkit.core.bayes.fitting import BayesResult, fit_bayes
from gmmkit.core.bayes.inference import BayesIteration
from gmmkit.core.bayes.priors import as_values
from gmmkit.core.checks import (
    Float64Array,
    FloatArray,
    check_count,
    check_nonnegative,
)
from gmmkit.estimators.base import Labels, warn_unconverged
from gmmkit.estimators.density import DensityEstimator


@dataclass(eq=False, repr=False, kw_only=True)
class BayesianGaussianMixture(DensityEstimator):
    """Gaussian mixture by variational Bayes, with scikit-learn's parameters and attributes.

    Beside what scikit-learn's class of this name does, it takes sample weights, keeps its digits on
    shifted and rescaled data, starts with the largest components first, and gives the predictive
    density (`posterior_.predictive_log_density`) and the whole of the lower bound.

    Parameters
    ----------
    n_components : int
        The most components, K. Those that the data do not ask for end nearly empty.
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
        The form of the expected precisions.
    tol : float
        Updates stop after two successive gains of the lower bound below this many nats, over all
        rows together.
    reg_covar : float or None
        Added to every row's squares. None adds nothing: the prior keeps covariances apart from
        singular ones.
    max_iter : int
        Zero returns the start.
    n_init : int
        How many starts are run to the end; the highest lower bound wins.
    init_params : {'kmeans', 'k-means++', 'random', 'random_from_data'}
    weight_concentration_prior_type : {'dirichlet_process', 'dirichlet_distribution'}
    weight_concentration_prior : float, optional
        1 / K by default; the smaller, the fewer components stay.
    mean_precision_prior : float, optional
        How many rows the prior mean counts for; one by default.
    mean_prior : array_like of shape (D,), optional
        The data's mean by default.
    degrees_of_freedom_prior : float, optional
        Above D - 1; D by default.
    covariance_prior : float or array_like, optional
        (D, D) for 'full' and 'tied', (D,) for 'diag', a number for 'spherical'; the data's
        covariance by default.
    random_state : int, RandomState or None
    warm_start : bool
        Whether the next fit goes on from the posterior of the last one.
    verbose : int
        1 prints every `verbose_interval`-th update; 2 adds its lower bound.
    verbose_interval : int
    precision : {'auto', 'float32', 'whitened', 'float64', 'centered'}
        The arithmetic of the passes; ``'auto'`` chooses by a bound on its error.
    n_threads : int, optional
        The default uses every processor; the result does not depend on it.

    Attributes
    ----------
    weights_ : ndarray of shape (K,)
        Expected weights.
    means_ : ndarray of shape (K, D)
    covariances_, precisions_, precisions_cholesky_ : ndarray
        Of the expected precisions, in the family's shape.
    weight_concentration_ : ndarray of shape (K,) or pair of them
        Of the Dirichlet distribution, or of the beta distributions of a Dirichlet process.
    mean_precision_ : ndarray of shape (K,)
    degrees_of_freedom_ : ndarray of shape (K,), or float for 'tied'
    weight_concentration_prior_, mean_precision_prior_, degrees_of_freedom_prior_ : float
    mean_prior_ : ndarray of shape (D,)
    covariance_prior_ : ndarray or float
    converged_ : bool
    n_iter_ : int
    lower_bound_ : float
        Of the log evidence of all rows, in nats, with the constants that scikit-learn leaves out.
    lower_bounds_ : list of float
        The same after each update of the best start.
    mixture_ : Mixture
    posterior_ : BayesPosterior
    bayes_result_ : BayesResult
    n_features_in_, feature_names_in_
        As scikit-learn documents them.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.concatenate([np.arange(9.0), 100 + np.arange(9.0)])[:, None]
    >>> model = BayesianGaussianMixture(n_components=3, random_state=0).fit(rows)
    >>> model.weights_.round(2).tolist()
    [0.52, 0.47, 0.01]
    """

    n_components: int = 1
    weight_concentration_prior_type: str = "dirichlet_process"
    weight_concentration_prior: float | None = None
    mean_precision_prior: float | None = None
    mean_prior: npt.ArrayLike | None = None
    degrees_of_freedom_prior: float | None = None
    covariance_prior: npt.ArrayLike | None = None

    def _learn(self, rows: FloatArray, weights: Float64Array | None) -> None:
        result = self._fit_posterior(rows, weights)
        self._expose(result, rows)
        self._expose_prior(result)
        if self.max_iter > 0 and not result.converged:
            warn_unconverged(result.n_iter, stacklevel=4)

    def _fit_posterior(self, rows: FloatArray, weights: Float64Array | None) -> BayesResult:
        total = len(rows) if weights is None else float(weights.sum())
        goes_on = self.warm_start and hasattr(self, "bayes_result_")
        return fit_bayes(
            rows,
            self.n_components,
            covariance=self.covariance_type,
            weight_concentration_prior_type=self.weight_concentration_prior_type,
            weight_concentration_prior=self.weight_concentration_prior,
            mean_precision_prior=self.mean_precision_prior,
            mean_prior=self.mean_prior,
            degrees_of_freedom_prior=self.degrees_of_freedom_prior,
            covariance_prior=self.covariance_prior,
            sample_weight=weights,
            seed=self._seed(),
            n_init=self.n_init,
            start=self.bayes_result_ if goes_on else self.init_params,
            # A gain is of all rows together here, as in scikit-learn.
            tol=check_nonnegative(self.tol, "tol") / total,
            max_iter=self.max_iter,
            reg_covar=self.reg_covar,
            precision=self.precision,
            n_threads=self.n_threads,
            on_iteration=self._tell if self.verbose else None,
        )

    def _tell(self, iteration: int, info: BayesIteration) -> None:
        if iteration % check_count(self.verbose_interval, "verbose_interval") == 0:
            detail = f": lower bound {info.lower_bound:.6f}" if self.verbose > 1 else ""
            print(f"  update {iteration}{detail}")

    def _expose(self, result: BayesResult, rows: FloatArray) -> None:
        posterior, kind = result.posterior, result.mixture.covariance.family
        precision = posterior.mean_precision
        self._expose_mixture(result.mixture, rows.dtype, mean_precision_=precision)
        freedom = posterior.degrees_of_freedom
        self.degrees_of_freedom_ = freedom.copy() if kind.per_component else float(freedom[0])
        self.weight_concentration_ = posterior.concentration.parameters
        self.bayes_result_, self.posterior_ = result, posterior
        self.converged_, self.n_iter_ = result.converged, result.n_iter
        self.lower_bound_ = result.lower_bound
        self.lower_bounds_ = [info.lower_bound for info in result.trace]

    def _expose_prior(self, result: BayesResult) -> None:
        components, kind = result.prior.components, result.mixture.covariance.family
        self.weight_concentration_prior_ = result.prior.concentration.prior_number
        self.mean_precision_prior_ = components.mean_precision
        self.mean_prior_ = components.mean.copy()
        self.degrees_of_freedom_prior_ = components.degrees_of_freedom
        self.covariance_prior_ = as_values(kind, components.scale)

    def predict(self, X: npt.ArrayLike) -> Labels:
        """Return the most probable component of every row under the posterior, (N,)."""
        rows = self._fitted_rows(X)
        return self.posterior_.surrogate.labels(rows)

    def predict_proba(self, X: npt.ArrayLike) -> Float64Array:
        """Return the posterior probability of every component for every row, (N, K)."""
        rows = self._fitted_rows(X)
        return self.posterior_.responsibilities(rows)

    def score_samples(self, X: npt.ArrayLike) -> Float64Array:
        """Return what each row adds to the lower bound, (N,), in nats, as scikit-learn does.

        That is below the log density of a new row, which is
        ``posterior_.predictive_log_density(X)``.
        """
        rows = self._fitted_rows(X)
        return self.posterior_.expected_log_density(rows)
