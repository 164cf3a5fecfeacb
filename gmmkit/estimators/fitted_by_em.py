"""Estimators whose mixtures EM fits: by likelihood or posterior, to whole rows or to parts."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import Tags

from gmmkit.core.checks import Float64Array, FloatArray
from gmmkit.core.families import family
from gmmkit.core.fits.fitting import fit
from gmmkit.core.fits.result import FitResult
from gmmkit.core.priors import ConjugatePrior
from gmmkit.errors import FitWarning
from gmmkit.estimators.base import MixtureEstimator, warn_unconverged

# Below this share of the pooled variance a component counts as collapsed.
_LEAST_SHARE = 1e-3


@dataclass(eq=False, repr=False, kw_only=True)
class EMEstimator(MixtureEstimator):
    """An estimator that calls `gmmkit.fit`, once or more often."""

    missing: str = "refuse"
    prior: str | ConjugatePrior | None = None

    @property
    def _allows_gaps(self) -> bool:
        return self.missing == "marginalize"

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self._allows_gaps
        return tags

    def _fit_rows(self, rows: FloatArray, n_components: int, **more: Any) -> FitResult:
        """Fit a mixture by the estimator's options, replaced or completed by `more`."""
        options = {"start": self.init_params} | self._options()
        if "seed" not in more:
            options["seed"] = self._seed()
        return fit(rows, n_components, **options | more)

    def _options(self) -> dict[str, Any]:
        """Return what every fit of the core takes alike."""
        return {
            "covariance": self.covariance_type,
            "missing": self.missing,
            "prior": self.prior,
            "n_init": self.n_init,
            "tol": self.tol,
            "max_iter": self.max_iter,
            "reg_covar": self.reg_covar,
            "precision": self.precision,
            "n_threads": self.n_threads,
        }

    def _component_rows(self, n_features: int) -> float:
        """Return how many rows a component needs to be believed."""
        # A prior of one's own says how thin a component may be; one from the data cannot.
        if isinstance(self.prior, ConjugatePrior):
            return 1.0
        return family(self.covariance_type).minimum_count(n_features)

    def _rows_needed(self, n_features: int) -> float:
        """Return how many rows a fit needs not to be singular, however many components share."""
        kind = family(self.covariance_type)
        if kind.axis_aligned or isinstance(self.prior, ConjugatePrior):
            return self._component_rows(n_features)
        return family("full").minimum_count(n_features)

    def _floor_for_few(
        self, rows: FloatArray, weights: Float64Array | None, *, stacklevel: int = 3
    ) -> Float64Array | None:
        """Return the least deviations to believe, with a warning, where rows are too few."""
        total = float(len(rows) if weights is None else weights.sum())
        needed = self._rows_needed(rows.shape[1])
        if total >= needed:
            return None
        warnings.warn(
            FitWarning(
                f"{total:g} rows are few for {rows.shape[1]} columns: {needed:g} are needed (leave "
                "columns out, or use a covariance_type with fewer parameters)"
            ),
            stacklevel=stacklevel,
        )
        return least_deviations(rows, weights)


@dataclass(eq=False, repr=False, kw_only=True)
class OneMixtureEstimator(EMEstimator):
    """An estimator that is made of one fit, to which it adds a purpose."""

    init_params: str = "auto"

    def _keep(self, result: FitResult, *, stacklevel: int = 4) -> None:
        """Expose the one fit that an estimator is made of."""
        self.fit_result_, self.mixture_ = result, result.mixture
        self.n_iter_, self.converged_ = result.n_iter, result.converged
        if self.max_iter > 0 and not result.converged:
            warn_unconverged(result.n_iter, stacklevel=stacklevel)


def least_deviations(rows: FloatArray, weights: Float64Array | None) -> Float64Array:
    """Return how thin a component of too few rows is believed to be, (D,), as a floor of a fit.

    Examples
    --------
    >>> least_deviations(np.array([[0.0, np.nan], [2.0, np.nan]]), None).round(6).tolist()
    [0.031623, 0.0]
    """
    counted = np.ones(len(rows)) if weights is None else weights
    observed = ~np.isnan(rows)
    mass = np.maximum(counted @ observed, np.finfo(np.float64).tiny)
    center = counted @ np.where(observed, rows, 0.0) / mass
    variances = counted @ np.where(observed, (rows - center) ** 2, 0.0) / mass
    return np.sqrt(_LEAST_SHARE * variances).astype(np.float64)
