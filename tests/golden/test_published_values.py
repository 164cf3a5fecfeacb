"""Fits of Fisher's iris data, which scikit-learn carries, beside values that mclust publishes."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

from gmmkit import fit

IRIS = load_iris().data


@pytest.mark.parametrize(
    ("model", "k", "bic"), [("VVV", 2, -574.018), ("VVV", 3, -580.840), ("EEE", 3, -632.965)]
)
def test_a_fit_reaches_the_criterion_that_mclust_publishes(model, k, bic):
    """mclust 6.0.0, which counts BIC the other way round and stops a little early."""
    result = fit(IRIS, k, covariance=model, seed=0, tol=1e-7, max_iter=1000, n_init=10)
    assert result.valid
    assert -result.bic() == pytest.approx(bic, abs=2e-3)


def test_one_component_has_the_closed_form_that_every_package_agrees_on():
    covariance = np.cov(IRIS.T, ddof=0)
    log_likelihood = -75 * (4 * np.log(2 * np.pi) + np.linalg.slogdet(covariance)[1] + 4)
    assert fit(IRIS, 1).log_likelihood == pytest.approx(log_likelihood, rel=1e-12)


def test_three_components_of_one_shape_are_nearly_the_three_species():
    result = fit(IRIS, 3, covariance="full", seed=0, n_init=10, tol=1e-7, max_iter=1000)
    labels = result.mixture.labels(IRIS).reshape(3, 50)
    agreement = sum(np.bincount(species, minlength=3).max() for species in labels)
    assert agreement >= 140
