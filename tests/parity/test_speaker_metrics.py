"""Metrics and calibration beside scikit-learn and mpmath, on scores with and without ties."""

import mpmath
import numpy as np
import pytest
from scipy.optimize import brentq
from sklearn import metrics as theirs
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from gmmkit.speaker.calibration import fit_logistic
from gmmkit.speaker.metrics import cllr, det_curve, equal_error_rate, min_cllr


@pytest.fixture(params=["distinct", "tied"])
def trials(request):
    random = np.random.default_rng(7)
    target, nontarget = random.normal(2, 1.5, 300), random.normal(-1, 1.2, 4000)
    if request.param == "tied":
        return target.round(1), nontarget.round(1)
    return target, nontarget


def stacked(trials):
    """Truth and scores as scikit-learn wants them."""
    truth = np.repeat([1, 0], [len(kind) for kind in trials])
    return truth, np.concatenate(trials)


def test_the_rates_are_those_of_scikit_learns_roc_curve(trials):
    curve = det_curve(*trials)
    alarms, hits, thresholds = theirs.roc_curve(*stacked(trials), drop_intermediate=False)
    np.testing.assert_array_equal(curve.thresholds[:-1], thresholds[:0:-1])
    np.testing.assert_allclose(curve.miss_rate, 1 - hits[::-1], atol=1e-14)
    np.testing.assert_allclose(curve.false_alarm_rate, alarms[::-1], atol=1e-14)


def test_the_equal_error_rate_is_the_root_on_scikit_learns_roc_curve(trials):
    alarms, hits, _ = theirs.roc_curve(*stacked(trials))
    root = brentq(lambda rate: 1 - rate - np.interp(rate, alarms, hits), 0, 1, xtol=1e-14)
    # Where the curve is vertical np.interp jumps, so that the root is the abscissa of the step.
    assert equal_error_rate(*trials) == pytest.approx(root, abs=1e-3)


def test_the_hull_is_below_the_steps_by_less_than_one_trial(trials):
    steps, hull = equal_error_rate(*trials), equal_error_rate(*trials, method="convex-hull")
    assert hull <= steps < hull + 1 / min(map(len, trials)) + 0.01


def test_the_bits_lost_are_those_of_fifty_digits(trials):
    with mpmath.workdps(50):
        target, nontarget = ([mpmath.mpf(float(value)) for value in kind] for kind in trials)
        of_targets = mpmath.fsum(mpmath.log(1 + mpmath.exp(-llr), 2) for llr in target)
        of_nontargets = mpmath.fsum(mpmath.log(1 + mpmath.exp(llr), 2) for llr in nontarget)
        expected = (of_targets / len(target) + of_nontargets / len(nontarget)) / 2
    assert cllr(*trials) == pytest.approx(float(expected), rel=1e-14)


def test_the_least_loss_is_that_of_scikit_learns_isotonic_posteriors(trials):
    truth, scores = stacked(trials)
    posterior = IsotonicRegression().fit(scores, truth).predict(scores)
    with np.errstate(divide="ignore"):
        llr = np.log(posterior) - np.log1p(-posterior) - np.log(len(trials[0]) / len(trials[1]))
    assert min_cllr(*trials) == pytest.approx(cllr(llr[truth == 1], llr[truth == 0]), abs=1e-12)


@pytest.mark.parametrize("prior", [0.5, 0.01])
def test_a_calibration_is_scikit_learns_weighted_logistic_regression(trials, prior):
    truth, scores = stacked(trials)
    random = np.random.default_rng(1)
    columns = np.column_stack([scores, scores + random.normal(0, 2, len(scores)), scores**2 / 9])
    mass = np.where(truth == 1, prior / len(trials[0]), (1 - prior) / len(trials[1]))
    reference = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=200)
    reference.fit(columns, truth, sample_weight=mass * len(truth))
    ours = fit_logistic(columns[truth == 1], columns[truth == 0], prior=prior)
    np.testing.assert_allclose(ours.weights, reference.coef_[0], atol=2e-6)
    offset = reference.intercept_[0] - np.log(prior / (1 - prior))
    assert ours.offset == pytest.approx(offset, abs=2e-6)
