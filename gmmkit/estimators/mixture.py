"""The Gaussian mixture with scikit-learn's parameters and attributes."""

from dataclasses import KW_ONLY, dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, FloatArray, check_parameters
from gmmkit.core.covariance import Covariance
from gmmkit.core.families import family
from gmmkit.core.fits.result import FitResult
from gmmkit.core.mixture import Mixture
from gmmkit.core.noise import Noise
from gmmkit.core.online import Stream, begin, update
from gmmkit.core.starts.beginning import Start
from gmmkit.errors import ParameterError
from gmmkit.estimators.base import Weights, warn_unconverged
from gmmkit.estimators.density import DensityEstimator, inverse
from gmmkit.estimators.fitted_by_em import EMEstimator


@dataclass(eq=False, repr=False)
class GaussianMixture(EMEstimator, DensityEstimator):
    """Gaussian mixture by expectation-maximization, with scikit-learn's parameters and attributes.

    Beside what scikit-learn's class of this name does, it takes sample weights, keeps its digits on
    shifted and rescaled data, and tries k-means starts in two sets of coordinates.

    Parameters
    ----------
    n_components : int
        The number of components K.
    covariance_type : str
        ``'full'``, ``'tied'``, ``'diag'``, ``'spherical'``, or one of mclust's fourteen families,
        ``'EII'`` to ``'VVV'`` (``'E'`` and ``'V'`` for one column).
    tol : float
        EM stops after two successive gains of the mean log likelihood below this.
    reg_covar : float or None
        Added to every variance. None adds nothing and relies on a floor relative to the data.
    max_iter : int
        Zero returns the start.
    n_init : int
        How many starts are run to the end.
    init_params : {'kmeans', 'k-means++', 'random', 'random_from_data', 'hierarchical', 'search', \
            'auto'}
        ``'search'`` looks for the best local optimum, ``'auto'`` does where the data is small
        enough for it; ``'kmeans'``, as in scikit-learn, takes what is near.
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
    missing : {'refuse', 'marginalize'}
        What NaN means: an error, or a cell that was not observed.
    prior : 'default' or ConjugatePrior, optional
        Maximum a posteriori instead of maximum likelihood: beliefs of your own, or those that
        mclust takes from the data (Fraley and Raftery 2007).
    fixed : Mixture, optional
        Components that keep their means and covariances; they become the first.
    noise : float, bool or Noise, optional
        Adds a constant density for rows that belong nowhere; a number is its share to begin with.
        A row's probabilities then sum to one minus that of being noise.
    trim : float
        The share of the rows, in [0, 1), that count as contamination and are not fitted.
    assignment : {'soft', 'hard'}
        Whether rows count for all components by their probabilities, or for the likeliest alone.
    forgetting : float, optional
        In (0, 1]: how much every batch counts in `partial_fit`, for data that change. By default
        later batches count ever less.
    precision : {'auto', 'float32', 'whitened', 'float64', 'centered'}
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

    n_components: int = 1
    _: KW_ONLY
    weights_init: npt.ArrayLike | None = None
    means_init: npt.ArrayLike | None = None
    precisions_init: npt.ArrayLike | None = None
    fixed: Mixture | None = None
    noise: float | bool | Noise | None = None
    trim: float = 0.0
    assignment: str = "soft"
    forgetting: float | None = None

    _stream: Stream | None = field(init=False)

    def _learn(self, rows: FloatArray, weights: Float64Array | None) -> None:
        result = self._fit_rows(
            rows,
            self.n_components,
            start=self._start(),
            sample_weight=weights,
            fixed=self.fixed,
            noise=self.noise,
            trim=self.trim,
            assignment=self.assignment,
            on_iteration=self._report if self.verbose else None,
        )
        converged = result.converged or self._stands_still(result)
        self._expose(result, rows)
        self.converged_ = converged
        if self.max_iter > 0 and not converged:
            warn_unconverged(result.n_iter, stacklevel=4)

    def _start(self) -> Start | Mixture:
        if self.warm_start and hasattr(self, "mixture_"):
            return self.mixture_
        covariances = None
        if self.precisions_init is not None:
            kind = family(self.covariance_type)
            # A precision is as positive definite as a covariance, and is checked as one.
            precisions = Covariance(kind, check_parameters(self.precisions_init, "precisions_init"))
            covariances = inverse(kind, precisions.values)
        return Start(self.init_params, self.weights_init, self.means_init, covariances)

    def partial_fit(
        self, X: npt.ArrayLike, y: object = None, sample_weight: Weights = None
    ) -> Self:
        """Learn from one more batch of a stream, by stepwise EM; nothing but its sums is kept.

        The first batch is fitted as by `fit`, and a prior has its say there. Later ones move the
        mixture: ever less, so that it settles, or all alike if `forgetting` is given.

        Parameters
        ----------
        X : array_like of shape (n, D)
            A batch; the first needs enough rows to start from, later ones a few a parameter.
        y, sample_weight
            As in `fit`.

        Raises
        ------
        InputError
            As `fit` does, or if the batch has another width than those before.
        ParameterError
            If a parameter is unusable, or nothing that a stream can keep to.
        """
        self._check_streamable()
        if not hasattr(self, "mixture_"):
            return self.fit(X, y, sample_weight)
        rows = self._checked(X, reset=False)
        stream = self._stream or begin(self.mixture_, weight=self.fit_result_.weight)
        self._stream = update(stream, rows, sample_weight, forgetting=self.forgetting)
        self._expose_mixture(self._stream.mixture, rows.dtype)
        return self

    def _check_streamable(self) -> None:
        """Refuse what later batches would forget in silence."""
        usual = {"fixed": None, "trim": 0.0, "assignment": "soft"}
        for name, value in usual.items():
            if getattr(self, name) != value:
                raise ParameterError(
                    f"a stream cannot keep to {name}",
                    found=f"{name}={getattr(self, name)!r}",
                    needed=repr(value),
                    hint="fit all rows at once",
                )

    def _expose(self, result: FitResult, rows: FloatArray) -> None:
        self._expose_mixture(result.mixture, rows.dtype)
        self._stream = None
        self.fit_result_, self.n_iter_ = result, result.n_iter
        self.lower_bound_ = result.log_likelihood / result.weight
        self.lower_bounds_ = [info.log_likelihood for info in result.trace]

    def _stands_still(self, result: FitResult) -> bool:
        """Tell whether the last two gains were small where a fit went on from the one before."""
        if not self.warm_start or not hasattr(self, "mixture_") or not result.trace:
            return False
        trace = [info.log_likelihood for info in result.trace]
        history = [*self.lower_bounds_, *trace, result.log_likelihood / result.weight]
        return len(history) > 2 and bool((np.diff(history[-3:]) < self.tol).all())

    def bic(self, X: npt.ArrayLike) -> float:
        """Return the Bayesian information criterion (Schwarz 1978) on rows; lower is better."""
        log_density = self.score_samples(X)
        penalty = self._n_parameters() * np.log(len(log_density))
        return float(penalty - 2 * log_density.sum())

    def aic(self, X: npt.ArrayLike) -> float:
        """Return Akaike's information criterion on rows; lower is better."""
        return float(2 * self._n_parameters() - 2 * self.score_samples(X).sum())

    def _n_parameters(self) -> int:
        return self.mixture_.n_parameters
