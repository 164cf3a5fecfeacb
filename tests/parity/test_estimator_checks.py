"""scikit-learn's own checks of an estimator, with no failure expected."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks
from strategies import FAMILIES

from gmmkit import GaussianMixture

ESTIMATORS = [
    GaussianMixture(),
    *(GaussianMixture(n_components=3, covariance_type=name) for name in FAMILIES),
]


# Some checks fit fewer rows than columns: what we warn of there is true, and no failure.
@pytest.mark.filterwarnings("ignore::gmmkit.errors.GmmkitWarning")
@parametrize_with_checks(ESTIMATORS)
def test_the_estimator_passes_scikit_learns_checks(estimator, check):
    check(estimator)
