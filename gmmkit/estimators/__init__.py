"""scikit-learn's shells over the core: they validate, call, and expose what came out."""

from gmmkit.estimators.bayesian import BayesianGaussianMixture
from gmmkit.estimators.classifier import GaussianMixtureClassifier
from gmmkit.estimators.mixture import GaussianMixture
from gmmkit.estimators.outliers import MixtureOutlierDetector
from gmmkit.estimators.regressor import GaussianMixtureRegressor

__all__ = [
    "BayesianGaussianMixture",
    "GaussianMixture",
    "GaussianMixtureClassifier",
    "GaussianMixtureRegressor",
    "MixtureOutlierDetector",
]
