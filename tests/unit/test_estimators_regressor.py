"""Gaussian mixture regression, against least squares, normal quantiles and sampling."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.exceptions import ConvergenceWarning

from gmmkit import fit
from gmmkit.errors import FitWarning, InputError, ParameterError
from gmmkit.estimators import GaussianMixtureRegressor

RANDOM = np.random.default_rng(0)
X = RANDOM.uniform(-3, 3, size=(300, 2))
LINEAR = np.stack([X @ [1.0, -2.0] + 5.0, X @ [0.5, 0.0]], axis=1) + RANDOM.normal(
    scale=[0.3, 1.0], size=(300, 2)
)
BENT = np.abs(X[:, 0]) + RANDOM.normal(scale=0.1, size=300)


def least_squares(rows, targets):
    """Fitted values and residual covariance of ordinary least squares."""
    design = np.column_stack([np.ones(len(rows)), rows])
    coefficients, *_ = np.linalg.lstsq(design, targets, rcond=None)
    fitted = design @ coefficients
    residuals = targets - fitted
    return fitted, residuals.T @ residuals / len(rows)


def test_one_component_is_linear_regression():
    fitted, _ = least_squares(X, LINEAR)
    prediction = GaussianMixtureRegressor().fit(X, LINEAR).predict(X)
    np.testing.assert_allclose(prediction, fitted, rtol=1e-9, atol=1e-9)


def test_the_uncertainty_of_one_component_is_that_of_the_residuals():
    _, residual = least_squares(X, LINEAR)
    model = GaussianMixtureRegressor().fit(X, LINEAR)
    _, covariance = model.predict(X, return_cov=True)
    _, deviation = model.predict(X, return_std=True)
    np.testing.assert_allclose(covariance, np.broadcast_to(residual, (300, 2, 2)), rtol=1e-8)
    np.testing.assert_allclose(deviation**2, np.diagonal(covariance, axis1=1, axis2=2))


def test_one_target_without_an_axis_comes_back_without_one():
    flat = GaussianMixtureRegressor().fit(X, LINEAR[:, 0])
    column = GaussianMixtureRegressor().fit(X, LINEAR[:, :1])
    for method, trailing in (
        ("predict", ()),
        ("predict_quantiles", (3,)),
        ("sample_y", (1,)),
    ):
        one, other = getattr(flat, method)(X), getattr(column, method)(X)
        assert one.shape == (300, *trailing)
        assert other.shape == (300, 1, *trailing)
        np.testing.assert_array_equal(one, other[:, 0])


def test_quantiles_of_one_component_are_normal():
    model = GaussianMixtureRegressor().fit(X, LINEAR)
    mean, deviation = model.predict(X[:5], return_std=True)
    wanted = [0.01, 0.5, 0.9]
    expected = norm.ppf(wanted, mean[:, :, None], deviation[:, :, None])
    np.testing.assert_allclose(model.predict_quantiles(X[:5], wanted), expected, rtol=1e-9)


def test_an_interval_is_between_its_quantiles():
    model = GaussianMixtureRegressor(2, random_state=0).fit(X, BENT)
    lower, upper = model.predict_interval(X, 0.8)
    expected = model.predict_quantiles(X, [0.1, 0.9])
    np.testing.assert_allclose(np.stack([lower, upper], axis=1), expected, rtol=1e-9)


def test_an_interval_holds_the_stated_share_of_new_targets():
    model = GaussianMixtureRegressor(2, random_state=0).fit(X, BENT)
    random = np.random.default_rng(1)
    rows = random.uniform(-3, 3, size=(4000, 2))
    targets = np.abs(rows[:, 0]) + random.normal(scale=0.1, size=4000)
    lower, upper = model.predict_interval(rows, 0.9)
    covered = ((targets >= lower) & (targets <= upper)).mean()
    assert 0.85 < covered < 0.95


def test_two_components_follow_a_bend_that_one_cannot():
    one, two = (GaussianMixtureRegressor(k, random_state=0).fit(X, BENT) for k in (1, 2))
    assert one.score(X, BENT) < 0.1
    assert two.score(X, BENT) > 0.95


def test_draws_stay_below_predicted_quantiles_as_often_as_they_should():
    model = GaussianMixtureRegressor(2, random_state=0).fit(X, BENT)
    draws = model.sample_y(X[:4], 20_000, random_state=1)
    wanted = np.array([0.05, 0.5, 0.9])
    below = draws[:, :, None] < model.predict_quantiles(X[:4], wanted)[:, None]
    # Six standard errors of a share: beyond them by chance about once in 10^9.
    allowed = 6 * np.sqrt(wanted * (1 - wanted) / 20_000)
    assert (np.abs(below.mean(axis=1) - wanted) < allowed).all()


def test_weights_are_frequencies():
    counts = np.random.default_rng(3).integers(0, 4, 300)
    weighted = GaussianMixtureRegressor().fit(X, BENT, sample_weight=counts)
    repeated = GaussianMixtureRegressor().fit(np.repeat(X, counts, 0), np.repeat(BENT, counts))
    np.testing.assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-9)


def test_far_from_zero_the_prediction_keeps_its_digits():
    near = GaussianMixtureRegressor(2, random_state=0).fit(X, BENT).predict(X)
    far = GaussianMixtureRegressor(2, random_state=0).fit(X + 1e6, BENT + 1e6)
    np.testing.assert_allclose(far.predict(X + 1e6) - 1e6, near, atol=1e-5)


def test_few_rows_are_not_followed_exactly():
    rows, targets = np.random.default_rng(4).normal(size=(2, 8, 12))
    with pytest.warns(FitWarning, match="few for 13 columns"):
        model = GaussianMixtureRegressor().fit(rows, targets[:, 0])
    assert model.predict(rows, return_std=True)[1].min() > 0.001


def test_features_of_another_width_are_refused():
    with pytest.raises(InputError, match="features"):
        GaussianMixtureRegressor().fit(X, BENT).predict(X[:, :1])


@pytest.mark.parametrize("bad", [np.nan, np.inf, "much"])
def test_targets_that_are_no_numbers_are_refused(bad):
    targets = BENT.astype(object)
    targets[7] = bad
    with pytest.raises(InputError):
        GaussianMixtureRegressor().fit(X, targets)


def test_masked_targets_are_refused():
    with pytest.raises(InputError, match="masked"):
        GaussianMixtureRegressor().fit(X, np.ma.masked_less(BENT, 1))


def test_both_kinds_of_uncertainty_at_once_are_refused():
    with pytest.raises(ParameterError, match="one kind"):
        GaussianMixtureRegressor().fit(X, BENT).predict(X, return_std=True, return_cov=True)


@pytest.mark.parametrize(("method", "bad"), [("predict_quantiles", [1.0]), ("sample_y", 0)])
def test_arguments_out_of_range_are_refused(method, bad):
    model = GaussianMixtureRegressor().fit(X, BENT)
    with pytest.raises(ParameterError):
        getattr(model, method)(X, bad)


def test_running_out_of_iterations_is_warned_of():
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        GaussianMixtureRegressor(3, max_iter=1, random_state=0).fit(X, BENT)


GAPS = X.copy()
GAPS[::3, 0] = GAPS[1::3, 1] = GAPS[5] = np.nan


@pytest.fixture(scope="module")
def partial():
    """A regressor of two targets that takes rows with missing features."""
    return GaussianMixtureRegressor(missing="marginalize").fit(X, LINEAR)


@pytest.mark.parametrize(("column", "first"), [(1, 0), (0, 1)])
def test_a_missing_feature_leaves_the_regression_on_the_other(partial, column, first):
    own = np.setdiff1d(np.arange(first, 300, 3), [5])
    expected, residual = least_squares(X[:, [column]], LINEAR)
    mean, covariance = partial.predict(GAPS, return_cov=True)
    np.testing.assert_allclose(mean[own], expected[own], rtol=1e-7, atol=1e-7)
    shape = (len(own), 2, 2)
    np.testing.assert_allclose(covariance[own], np.broadcast_to(residual, shape), rtol=1e-7)


def test_without_any_feature_the_prediction_is_the_mean_of_all_targets(partial):
    mean, deviation = partial.predict(GAPS, return_std=True)
    np.testing.assert_allclose(mean[5], LINEAR.mean(axis=0))
    np.testing.assert_allclose(deviation[5], LINEAR.std(axis=0))


def test_rows_with_all_features_are_predicted_as_ever(partial):
    whole = GaussianMixtureRegressor().fit(X, LINEAR)
    own = np.setdiff1d(np.arange(2, 300, 3), [5])
    np.testing.assert_allclose(partial.predict(GAPS)[own], whole.predict(X[own]), rtol=1e-12)


def test_quantiles_of_rows_with_gaps_are_those_of_their_own_regression(partial):
    mean, deviation = partial.predict(GAPS, return_std=True)
    lower, upper = partial.predict_interval(GAPS, 0.9)
    np.testing.assert_allclose(lower, norm.ppf(0.05, mean, deviation), rtol=1e-7)
    np.testing.assert_allclose(upper, norm.ppf(0.95, mean, deviation), rtol=1e-7)


def test_draws_for_rows_with_gaps_spread_as_predicted(partial):
    mean, deviation = partial.predict(GAPS[:6], return_std=True)
    draws = partial.sample_y(GAPS[:6], 4000, random_state=1)
    assert draws.shape == (6, 2, 4000)
    # Six standard errors of a mean of 4,000: by chance about once in 10^9.
    assert (np.abs(draws.mean(axis=2) - mean) < 6 * deviation / np.sqrt(4000)).all()
    np.testing.assert_allclose(draws.std(axis=2), deviation, rtol=0.1)


def test_a_mixture_is_learned_from_features_with_gaps():
    gaps = np.where(np.random.default_rng(9).random(X.shape) < 0.15, np.nan, X)
    model = GaussianMixtureRegressor(2, missing="marginalize", random_state=0).fit(gaps, BENT)
    assert model.score(X, BENT) > 0.9


def test_rows_with_different_gaps_have_no_regression_in_common(partial):
    np.testing.assert_allclose(partial.regression(GAPS[:1]).mean, partial.predict(GAPS[:1]))
    with pytest.raises(InputError, match="3 patterns"):
        partial.regression(GAPS[:3])


def test_missing_features_are_refused_unless_asked_for():
    with pytest.raises(InputError, match="NaN"):
        GaussianMixtureRegressor().fit(X, BENT).predict(GAPS)


def test_a_prior_is_of_features_and_targets_together():
    model = GaussianMixtureRegressor(prior="default").fit(X[:20], LINEAR[:20])
    joint = fit(np.column_stack([X, LINEAR])[:20], 1, prior="default").mixture
    np.testing.assert_allclose(model.mixture_.covariances, joint.covariances, rtol=1e-9)
