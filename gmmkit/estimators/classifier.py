"""Classification by one mixture a class: the class whose weighted density is highest."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets

from gmmkit.core.checks import (
    Float64Array,
    FloatArray,
    check_count,
    check_parameters,
    check_weights,
)
from gmmkit.core.families import family
from gmmkit.core.fits.result import FitResult
from gmmkit.core.mixture import Mixture
from gmmkit.errors import FitWarning, ParameterError
from gmmkit.estimators.base import Labels, Weights, refused_as_ours, warn_unconverged
from gmmkit.estimators.classes import (
    allowed_components,
    by_class,
    class_weights,
    coded_classes,
    log_joint,
    starting_labels,
)
from gmmkit.estimators.fitted_by_em import EMEstimator, least_deviations

ByClass = Mapping[Any, Any] | Sequence[Any]


@dataclass(eq=False, repr=False)
class GaussianMixtureClassifier(ClassifierMixin, EMEstimator):  # type: ignore[misc]
    """Mixture discriminant analysis with a mixture of its own for every class.

    With several components this is the model of mclust's MclustDA (Fraley and Raftery 2002, JASA
    97, section 4); with one full component a class it is quadratic discriminant analysis. Shared
    by all classes, the family gives mclust's EDDA (Bensmail and Celeux 1996, JASA 91): with one
    tied component a class linear discriminant analysis.

    Parameters
    ----------
    n_components : int, sequence of int or mapping
        Components of every class, or of each: in the order of the sorted classes, or by class.
    covariance_type : str
        A covariance family, as in :class:`GaussianMixture`.
    shared : bool
        Whether what a family shares between components (a volume, a shape, an orientation, all of
        the matrix) is shared between all classes, not between the components of one.
    priors : None, array_like of shape (C,) or mapping
        The classes' probabilities, in the order of the sorted classes or by class. None takes the
        classes' shares of the training weight.
    unlabeled : object, optional
        What `y` holds for rows whose class is not known, such as -1 in scikit-learn's
        semi-supervised estimators. They are fitted with all others, so that the family has to be
        shared, or share nothing. By default every value is a class.
    missing : {'refuse', 'marginalize'}
        What NaN among the features means: an error, or a cell that was not observed.
    prior : 'default' or ConjugatePrior, optional
        As in :class:`GaussianMixture`, for the mixture of every class.
    tol, reg_covar, max_iter, n_init, init_params, random_state, precision, n_threads
        As in :class:`GaussianMixture`, for the mixture of every class; `init_params` is ``'auto'``.

    Attributes
    ----------
    classes_ : ndarray of shape (C,)
    class_prior_ : ndarray of shape (C,)
    n_components_ : ndarray of shape (C,)
        Components in use: fewer than asked for where a class has too few rows.
    mixtures_ : tuple of Mixture
    fit_results_ : tuple of FitResult
        In the order of `classes_`; one for all if they were fitted together.
    n_iter_ : int
        The most iterations that any class took.
    n_features_in_, feature_names_in_
        As scikit-learn documents them.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.array([[0.0], [1.0], [2.0], [10.0], [11.0], [12.0]])
    >>> kinds = ["low", "low", "low", "high", "high", "high"]
    >>> model = GaussianMixtureClassifier(covariance_type="diag").fit(rows, kinds)
    >>> model.predict([[1.5], [9.0]]).tolist()
    ['low', 'high']
    """

    n_components: int | ByClass = 1
    _: KW_ONLY
    shared: bool = False
    priors: npt.ArrayLike | Mapping[Any, float] | None = None
    unlabeled: object = None
    init_params: str = "auto"

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike, sample_weight: Weights = None) -> Self:
        """Fit a mixture to the rows of every class.

        Parameters
        ----------
        X : array_like of shape (N, D)
            Rows, or a data frame.
        y : array_like of shape (N,)
            The class of every row.
        sample_weight : array_like of shape (N,), optional
            Frequencies; a class without weight counts as absent.

        Raises
        ------
        InputError
            If rows, classes or weights are unusable.
        ParameterError
            If a parameter is.

        Warns
        -----
        FitWarning
            If a class has too few rows for its components, and gets fewer. One that has too few
            for a single component is taken to be no thinner than a thousandth of all rows'
            variances.
        """
        rows, labels = self._checked_pair(X, y)
        refused_as_ours(check_classification_targets, labels)
        weights = check_weights(sample_weight, len(rows))
        weights = np.ones(len(rows)) if weights is None else weights
        rows, labels, weights = rows[weights > 0], labels[weights > 0], weights[weights > 0]
        self.classes_, codes = coded_classes(labels, self.unlabeled)
        known = codes >= 0
        self.class_prior_ = self._priors(np.bincount(codes[known], weights[known]))
        fitted = self._fit_classes if self._apart(bool(known.all())) else self._fit_together
        self.fit_results_, self.mixtures_ = fitted(rows, codes, weights)
        self.n_components_ = np.array([mixture.n_components for mixture in self.mixtures_])
        self.n_iter_ = max(result.n_iter for result in self.fit_results_)
        return self

    def _apart(self, all_known: bool) -> bool:
        """Tell whether every class is fitted by itself."""
        kind = family(self.covariance_type)
        if not (all_known or self.shared or kind.independent):
            raise ParameterError(
                "rows without a class are fitted with all others, whose covariances would be tied",
                found=f"covariance_type={self.covariance_type!r}, shared={self.shared!r}",
                needed="shared=True, or 'full', 'diag' or 'spherical'",
            )
        return all_known and (kind.independent or not self.shared)

    def _priors(self, totals: npt.NDArray[Any]) -> Float64Array:
        if self.priors is None:
            shares: Float64Array = totals / totals.sum()
            return shares
        priors = check_parameters(self._by_class(self.priors, "priors"), "priors")
        if (priors < 0).any() or abs(priors.sum() - 1) > 1e-6:
            raise ParameterError(
                "priors are no distribution",
                found=str(priors.tolist()),
                needed="probabilities that sum to one",
            )
        return priors

    def _by_class(self, values: Any, name: str) -> list[Any]:
        """Return one value a class, in the order of `classes_`."""
        names = self.classes_.tolist()
        if isinstance(values, Mapping):
            if set(values) == set(names):
                return [values[name] for name in names]
            found = f"entries for {sorted(map(str, values))}"
        else:
            found = f"shape {np.shape(values)}"
            if np.shape(values) == (len(names),):
                return list(values)
        raise ParameterError(
            f"{name} do not match the classes", found=found, needed=f"one for each of {names}"
        )

    def _components(self) -> Labels:
        """Return the components that were asked for, one number a class."""
        wanted = self.n_components
        if isinstance(wanted, Mapping | Sequence | np.ndarray) and not isinstance(wanted, str):
            counts = self._by_class(wanted, "n_components")
        else:
            counts = [wanted] * len(self.classes_)
        return np.array([check_count(count, "n_components") for count in counts])

    def _fit_classes(
        self, rows: FloatArray, codes: Labels, weights: Float64Array
    ) -> tuple[tuple[FitResult, ...], tuple[Mixture, ...]]:
        asked, floor = self._components(), least_deviations(rows, weights)
        seeds = np.random.SeedSequence(self._seed()).spawn(len(asked))
        results = tuple(
            self._fit_class(
                rows[codes == index],
                int(asked[index]),
                self.classes_[index],
                sample_weight=weights[codes == index],
                seed=np.random.default_rng(seeds[index]),
                floor=floor,
            )
            for index in range(len(asked))
        )
        return results, tuple(result.mixture for result in results)

    def _fit_together(
        self, rows: FloatArray, codes: Labels, weights: Float64Array
    ) -> tuple[tuple[FitResult, ...], tuple[Mixture, ...]]:
        known, counts = codes >= 0, self._components()
        start: str | Labels = self.init_params
        if (counts > 1).any():
            _, mixtures = self._fit_classes(rows[known], codes[known], weights[known])
            counts = np.array([mixture.n_components for mixture in mixtures])
            start = starting_labels(rows, self._guessed(rows, codes, mixtures), mixtures)
        result = self._fit_rows(
            rows,
            int(counts.sum()),
            sample_weight=weights,
            labels=allowed_components(codes, counts),
            start=start,
            floor=self._floor_for_few(rows, weights, stacklevel=4),
        )
        if self.max_iter > 0 and not result.converged:
            warn_unconverged(result.n_iter, stacklevel=4)
        if self.priors is None and not known.all():
            self.class_prior_ = class_weights(result.mixture, counts)
        return (result,), tuple(by_class(result.mixture, counts))

    def _guessed(self, rows: FloatArray, codes: Labels, mixtures: tuple[Mixture, ...]) -> Labels:
        """Return the class of every row, the likeliest where it is not known."""
        guesses, unknown = codes.copy(), codes < 0
        if unknown.any():
            guesses[unknown] = log_joint(mixtures, self.class_prior_, rows[unknown]).argmax(axis=1)
        return guesses

    def _fit_class(
        self,
        rows: FloatArray,
        asked: int,
        name: object,
        *,
        sample_weight: Float64Array,
        seed: np.random.Generator,
        floor: Float64Array,
    ) -> FitResult:
        total, d = float(sample_weight.sum()), rows.shape[1]
        count = min(asked, max(1, min(int(total // self._component_rows(d)), len(rows))))
        few = total < self._rows_needed(d)
        if count < asked or few:
            _warn_of_few_rows(name, total, count)
        result = self._fit_rows(
            rows,
            count,
            sample_weight=sample_weight,
            seed=seed,
            floor=floor if few else None,
        )
        if self.max_iter > 0 and not result.converged:
            warn_unconverged(result.n_iter, f" for class {name!s}", stacklevel=6)
        return result

    def _log_joint(self, X: npt.ArrayLike) -> Float64Array:
        rows = self._fitted_rows(X)
        return log_joint(self.mixtures_, self.class_prior_, rows)

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[Any]:
        """Return the most probable class of every row, (N,)."""
        best = self._log_joint(X).argmax(axis=1)
        classes: npt.NDArray[Any] = self.classes_[best]
        return classes

    def predict_log_proba(self, X: npt.ArrayLike) -> Float64Array:
        """Return the logarithm of the posterior probability of every class, (N, C)."""
        from scipy.special import log_softmax

        log_posterior: Float64Array = log_softmax(self._log_joint(X), axis=1)
        return log_posterior

    def predict_proba(self, X: npt.ArrayLike) -> Float64Array:
        """Return the posterior probability of every class, (N, C), by Bayes' rule."""
        return np.exp(self.predict_log_proba(X))

    def decision_function(self, X: npt.ArrayLike) -> Float64Array:
        """Return log prior plus log density, (N, C); with two classes their log odds, (N,)."""
        joint = self._log_joint(X)
        return joint[:, 1] - joint[:, 0] if joint.shape[1] == 2 else joint


def _warn_of_few_rows(name: object, total: float, count: int) -> None:
    components = "component" if count == 1 else "components"
    warnings.warn(
        FitWarning(
            f"class {name!s} has {total:g} rows: it is fitted by {count} {components} (ask for "
            "fewer, or for a covariance_type with fewer parameters)"
        ),
        stacklevel=4,
    )
