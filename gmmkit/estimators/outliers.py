"""Rows that a mixture finds improbable: outliers at a stated share or rate of false alarms."""

from dataclasses import KW_ONLY, dataclass
from numbers import Real

import numpy as np
import numpy.typing as npt
from sklearn.base import OutlierMixin

from gmmkit.core.algebra import highest_density_region, log_tail_probability, tail_probability
from gmmkit.core.checks import Float64Array, FloatArray
from gmmkit.errors import InputError, ParameterError
from gmmkit.estimators.base import Labels, UnsupervisedEstimator
from gmmkit.estimators.fitted_by_em import OneMixtureEstimator
from gmmkit.estimators.thresholds import conformal_threshold, share_threshold


@dataclass(eq=False, repr=False)
class MixtureOutlierDetector(OutlierMixin, OneMixtureEstimator, UnsupervisedEstimator):  # type: ignore[misc]
    """Outliers are rows whose density under a fitted mixture is below a threshold.

    Too few rows for a single component are warned of. It is then taken to be no thinner than a
    thousandth of the variances of all rows.

    Parameters
    ----------
    n_components : int
        The number of components K.
    covariance_type : str
        A covariance family, as in :class:`GaussianMixture`.
    contamination : 'auto' or float
        The share of training rows to call outliers, above 0 and up to 0.5. ``'auto'`` sets the
        threshold by `false_alarm_rate` instead.
    false_alarm_rate : float
        How probably a row like the others is called an outlier, above 0 and below 1.
    held_out : float, optional
        The share of rows to keep out of the fit and to set the threshold by, above 0 and below 1.
        Then the rate holds whatever the distribution of the rows. By default it holds for rows
        that the fitted mixture describes.
    trim : float
        The share of the rows, in [0, 1), that the fit leaves out as contamination: those of lowest
        density, found anew in every iteration. Otherwise outliers widen what they are judged by.
    missing : {'refuse', 'marginalize'}
        What NaN means: an error, or a cell that was not observed. Densities of different columns
        do not compare, so rows are then judged by their tail probabilities instead.
    prior : 'default' or ConjugatePrior, optional
        As in :class:`GaussianMixture`.
    tol, reg_covar, max_iter, n_init, init_params, random_state, precision, n_threads
        As in :class:`GaussianMixture`, but that `init_params` is ``'auto'``.

    Attributes
    ----------
    offset_ : float
        The threshold: a log density in nats, or the logarithm of a tail probability.
    mixture_ : Mixture
    fit_result_ : FitResult
    n_iter_ : int
    converged_ : bool
    n_features_in_, feature_names_in_
        As scikit-learn documents them.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.random.default_rng(0).normal(size=(500, 2))
    >>> detector = MixtureOutlierDetector(false_alarm_rate=0.001, random_state=0).fit(rows)
    >>> detector.predict([[0.0, 0.5], [9.0, 9.0]]).tolist()
    [1, -1]
    """

    n_components: int = 1
    _: KW_ONLY
    contamination: str | float = "auto"
    false_alarm_rate: float = 0.05
    held_out: float | None = None
    trim: float = 0.0

    def _learn(self, rows: FloatArray, weights: Float64Array | None) -> None:
        self._check_rates()
        weights = np.ones(len(rows)) if weights is None else weights
        held_out = self._held_out_rows(weights)
        fitted, counted = rows[~held_out], weights[~held_out]
        floor = self._floor_for_few(fitted, counted, stacklevel=4)
        options = {"sample_weight": counted, "floor": floor, "trim": self.trim}
        self._keep(self._fit_rows(fitted, self.n_components, **options), stacklevel=5)
        self.offset_ = self._threshold(rows, weights, held_out)

    def _check_rates(self) -> None:
        _check_rate(self.false_alarm_rate, "false_alarm_rate")
        if self.held_out is not None:
            _check_rate(self.held_out, "held_out")
        if self.contamination == "auto":
            return
        _check_rate(self.contamination, "contamination", most=0.5)
        if self.held_out is not None:
            raise ParameterError(
                "contamination is about the rows of the fit, held_out about others",
                found=f"contamination={self.contamination!r}, held_out={self.held_out!r}",
                hint="leave contamination at 'auto' and give a false_alarm_rate",
            )

    def _held_out_rows(self, weights: Float64Array) -> npt.NDArray[np.bool_]:
        """Return which rows set the threshold instead of being fitted, (N,)."""
        held_out = np.zeros(len(weights), dtype=np.bool_)
        if self.held_out is None:
            return held_out
        present = np.flatnonzero(weights)
        if len(present) < 2:
            raise InputError(
                "no row is left to hold out", found="one row", needed="two rows of positive weight"
            )
        count = min(max(round(self.held_out * len(present)), 1), len(present) - 1)
        held_out[np.random.default_rng(self._seed()).choice(present, count, replace=False)] = True
        return held_out

    def _threshold(
        self, rows: FloatArray, weights: Float64Array, held_out: npt.NDArray[np.bool_]
    ) -> float:
        if self.held_out is not None:
            scores = self._scores(rows[held_out])
            return conformal_threshold(scores, weights[held_out], self.false_alarm_rate)
        if not isinstance(self.contamination, str):
            return share_threshold(self._scores(rows), weights, self.contamination)
        if self._allows_gaps:
            return float(np.log(self.false_alarm_rate))
        return highest_density_region(self.mixture_, 1 - self.false_alarm_rate).log_density

    def _scores(self, rows: FloatArray) -> Float64Array:
        if self._allows_gaps:
            return log_tail_probability(self.mixture_, rows)
        return self.mixture_.log_density(rows)

    def score_samples(self, X: npt.ArrayLike) -> Float64Array:
        """Return the score of every row, (N,); the lower, the stranger.

        It is the log density in nats, or, where cells may be missing, the logarithm of the tail
        probability among rows with the same cells.
        """
        rows = self._fitted_rows(X)
        return self._scores(rows)

    def decision_function(self, X: npt.ArrayLike) -> Float64Array:
        """Return by how much every row scores above the threshold, (N,); outliers are below 0."""
        return self.score_samples(X) - self.offset_

    def tail_probability(self, X: npt.ArrayLike) -> Float64Array:
        """Return how probably the mixture generates a density as low as that of every row, (N,).

        Unlike a density it has no units, so that rows and models can be compared.
        """
        rows = self._fitted_rows(X)
        return tail_probability(self.mixture_, rows)

    def predict(self, X: npt.ArrayLike) -> Labels:
        """Return -1 for every outlier and 1 for every other row, (N,)."""
        return np.where(self.decision_function(X) < 0, -1, 1).astype(np.intp)


def _check_rate(value: object, name: str, *, most: float = 1.0) -> None:
    number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else 0.0
    if 0 < number <= most and number < 1:
        return
    raise ParameterError(
        f"{name} is not usable",
        found=repr(value),
        needed=f"a number above 0 and {'up to' if most < 1 else 'below'} {most:g}",
    )
