"""scikit-learn's own checks of an estimator, with no failure expected."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from gmmkit.estimators import (
    GaussianMixture,
    GaussianMixtureClassifier,
    GaussianMixtureRegressor,
    MixtureOutlierDetector,
)

# Every estimator as it comes, and with as much as may be asked of it. The variational one is
# checked beside its other comparisons.
FAST = {"init_params": "kmeans", "tol": 1e-2}
GAPS = {"missing": "marginalize"} | FAST
ESTIMATORS = [
    GaussianMixture(),
    *(GaussianMixture(n_components=3, covariance_type=n, **FAST) for n in ("full", "tied", "VEV")),
    GaussianMixture(n_components=2, covariance_type="diag", prior="default", **GAPS),
    GaussianMixtureClassifier(),
    GaussianMixtureClassifier(n_components=2, covariance_type="diag", **GAPS),
    GaussianMixtureClassifier(covariance_type="tied", shared=True, **FAST),
    GaussianMixtureRegressor(),
    GaussianMixtureRegressor(n_components=2, covariance_type="diag", **GAPS),
    MixtureOutlierDetector(),
    MixtureOutlierDetector(n_components=2, covariance_type="diag", **FAST),
    MixtureOutlierDetector(contamination=0.1, **GAPS),
]


# Some checks fit fewer rows than columns: what we warn of there is true, and no failure.
@pytest.mark.filterwarnings("ignore::gmmkit.errors.GmmkitWarning")
@parametrize_with_checks(ESTIMATORS)
def test_the_estimator_passes_scikit_learns_checks(estimator, check):
    check(estimator)
