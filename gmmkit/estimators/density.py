"""A fitted mixture behind scikit-learn's methods: predict, score, transform, sample."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassNamePrefixFeaturesOutMixin, DensityMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from gmmkit.core.checks import Float64Array, FloatArray, check_count
from gmmkit.core.em import Iteration
from gmmkit.core.families import Family
from gmmkit.core.mixture import Mixture
from gmmkit.estimators.base import Labels, UnsupervisedEstimator, Weights
from gmmkit.estimators.observed import Observed


@dataclass(eq=False, repr=False, kw_only=True)
class DensityEstimator(
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    DensityMixin,  # type: ignore[misc]
    UnsupervisedEstimator,
):
    """What can be asked of an estimator once its `mixture_` is there."""

    warm_start: bool = False
    verbose: int = 0
    verbose_interval: int = 10

    mixture_: Mixture = field(init=False)

    def fit_predict(
        self, X: npt.ArrayLike, y: object = None, sample_weight: Weights = None
    ) -> Labels:
        """Fit, then return the most probable component of every row, (N,)."""
        return self.fit(X, y, sample_weight).predict(X)

    def predict(self, X: npt.ArrayLike) -> Labels:
        """Return the most probable component of every row, (N,)."""
        rows = self._fitted_rows(X)
        return Observed(self.mixture_, rows).labels()

    def predict_proba(self, X: npt.ArrayLike) -> Float64Array:
        """Return the posterior probability of every component for every row, (N, K)."""
        rows = self._fitted_rows(X)
        return Observed(self.mixture_, rows).responsibilities()

    def transform(self, X: npt.ArrayLike) -> Float64Array:
        """Return the same probabilities as columns, in the container that `set_output` names."""
        return self.predict_proba(X)

    def score_samples(self, X: npt.ArrayLike) -> Float64Array:
        """Return the log density of every row, (N,), in nats."""
        rows = self._fitted_rows(X)
        return Observed(self.mixture_, rows).log_density()

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

    def _expose_mixture(self, mixture: Mixture, dtype: np.dtype[Any], **more: Float64Array) -> None:
        """Expose a mixture's parts, and what else there is, in the precision of the rows."""
        self.mixture_ = mixture
        kind, covariances = mixture.covariance.family, mixture.covariance.values
        attributes = {
            "weights_": mixture.weights,
            "means_": mixture.means,
            "covariances_": covariances,
            "precisions_": inverse(kind, covariances),
            "precisions_cholesky_": kind.packed_factors(mixture.factors),
        }
        for name, value in as_given(attributes | more, dtype).items():
            setattr(self, name, value)

    @property
    def _n_features_out(self) -> int:
        return self.mixture_.n_components

    def _report(self, iteration: int, info: Iteration) -> None:
        if iteration % check_count(self.verbose_interval, "verbose_interval") == 0:
            detail = f": mean log likelihood {info.log_likelihood:.6f}" if self.verbose > 1 else ""
            print(f"  iteration {iteration}{detail}")


def inverse(kind: Family, values: Float64Array) -> Float64Array:
    """Turn covariances into precisions or back, in the family's shape."""
    return 1.0 / values if kind.axis_aligned else np.linalg.inv(values).astype(np.float64)


def as_given(values: Mapping[str, FloatArray], dtype: np.dtype[Any]) -> dict[str, FloatArray]:
    """Return copies in the rows' own precision, or all in float64 where that cannot hold them."""
    limits = np.finfo(dtype)
    sizes = [np.abs(array[array != 0]) for array in values.values()]
    fits = all((size >= limits.tiny).all() and (size <= limits.max).all() for size in sizes)
    return {name: array.astype(dtype if fits else np.float64) for name, array in values.items()}
