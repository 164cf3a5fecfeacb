"""Outlier detection: how many rows are called outliers, and at what threshold."""

import numpy as np
import pytest
from scipy.stats import chi2
from strategies import blobs

from gmmkit import Mixture, fit
from gmmkit.errors import FitWarning, InputError, ParameterError
from gmmkit.estimators import MixtureOutlierDetector

ROWS = blobs(300, 2, 3, seed=6)


def detector(**options):
    """A detector that always does the same."""
    return MixtureOutlierDetector(**({"random_state": 0} | options))


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_the_contamination_is_the_share_of_rows_called_outliers(share):
    labels = detector(n_components=3, contamination=share).fit_predict(ROWS)
    assert (labels == -1).sum() == round(share * 300)


def test_outliers_are_the_rows_of_lowest_density():
    model = detector(n_components=3, contamination=0.1).fit(ROWS)
    scores, strange = model.score_samples(ROWS), model.predict(ROWS) == -1
    assert scores[strange].max() < scores[~strange].min()
    np.testing.assert_array_equal(scores, model.mixture_.log_density(ROWS))


def test_for_one_gaussian_the_threshold_is_a_chi_square_quantile():
    model = detector(false_alarm_rate=0.02).fit(ROWS)
    distance = chi2.isf(0.02, 2)
    deviation = np.linalg.cholesky(model.mixture_.covariances[0]) @ [np.sqrt(distance), 0.0]
    border = model.mixture_.means[0] + deviation
    assert model.decision_function([border])[0] == pytest.approx(0.0, abs=1e-9)


def test_rows_of_the_fitted_mixture_are_alarms_at_the_stated_rate():
    model = detector(n_components=3, false_alarm_rate=0.1).fit(ROWS)
    drawn = model.mixture_.sample(20_000, seed=1)
    rate = (model.predict(drawn) == -1).mean()
    # Five deviations of 20,000 draws, and one percent for the numerical threshold.
    assert abs(rate - 0.1) < 5 * np.sqrt(0.09 / 20_000) + 0.001


def test_the_tail_probability_falls_below_the_rate_where_the_alarm_begins():
    model = detector(n_components=3, false_alarm_rate=0.1).fit(ROWS)
    tails = model.tail_probability(ROWS)
    alarms = model.predict(ROWS) == -1
    assert alarms.any()
    assert tails[alarms].max() <= 0.1 + 1e-6
    assert tails[~alarms].min() >= 0.1 - 1e-6


def test_held_out_rows_keep_the_rate_for_rows_that_no_gaussian_describes():
    random = np.random.default_rng(0)
    rows = random.standard_t(3, size=(4000, 2))
    wrong = detector(false_alarm_rate=0.01).fit(rows)
    right = detector(false_alarm_rate=0.01, held_out=0.5).fit(rows)
    others = random.standard_t(3, size=(20_000, 2))
    assert (wrong.predict(others) == -1).mean() > 0.015
    # Over choices of 2,000 held-out rows the rate deviates by .0022; five times that is allowed.
    assert abs((right.predict(others) == -1).mean() - 0.01) < 0.011


def test_held_out_rows_are_not_fitted():
    model = detector(held_out=0.25, false_alarm_rate=0.1).fit(ROWS)
    assert model.fit_result_.weight == 225


def test_rows_of_weight_zero_count_for_nothing():
    spoiled = np.concatenate([ROWS, np.full((5, 2), 1e3)])
    weights = np.append(np.ones(300), np.zeros(5))
    for options in ({"contamination": 0.1}, {"held_out": 0.3}, {}):
        alone = detector(**options).fit(ROWS)
        model = detector(**options).fit(spoiled, sample_weight=weights)
        assert model.offset_ == pytest.approx(alone.offset_, rel=1e-12)


def test_few_rows_are_not_believed_to_be_thin():
    rows = np.random.default_rng(2).normal(size=(6, 10))
    with pytest.warns(FitWarning, match="6 rows are few for 10 columns"):
        model = detector().fit(rows)
    assert np.linalg.eigvalsh(model.mixture_.covariances[0]).min() > 1e-4


def test_trimming_keeps_outliers_from_widening_what_they_are_judged_by():
    random = np.random.default_rng(3)
    rows = np.concatenate([random.normal(size=(180, 2)), random.uniform(20, 30, size=(20, 2))])
    spoiled, trimmed = (detector(trim=trim, false_alarm_rate=0.01).fit(rows) for trim in (0, 0.15))
    assert np.trace(spoiled.mixture_.covariances[0]) > 50
    assert np.trace(trimmed.mixture_.covariances[0]) < 3
    assert (trimmed.predict(rows[180:]) == -1).all()


@pytest.mark.parametrize(
    "bad",
    [
        {"trim": 1.0},
        {"contamination": 0.0},
        {"contamination": 0.6},
        {"contamination": "none"},
        {"contamination": True},
        {"false_alarm_rate": 0},
        {"false_alarm_rate": 1.0},
        {"false_alarm_rate": "few"},
        {"held_out": 1.0},
        {"held_out": 0.2, "contamination": 0.1},
    ],
)
def test_rates_out_of_range_are_refused(bad):
    with pytest.raises(ParameterError):
        detector(**bad).fit(ROWS)


def test_too_few_held_out_rows_for_a_rate_are_refused():
    with pytest.raises(InputError, match="held_out"):
        detector(held_out=0.1, false_alarm_rate=0.001).fit(ROWS)


def test_one_row_of_positive_weight_cannot_be_split():
    weights = np.eye(1, 300)[0]
    with pytest.raises(InputError, match="hold out"):
        detector(held_out=0.5).fit(ROWS, sample_weight=weights)


def test_a_far_row_is_an_outlier_with_a_finite_score():
    model = detector().fit(ROWS)
    assert model.predict([[1e6, -1e6]]).tolist() == [-1]
    assert np.isfinite(model.score_samples([[1e6, -1e6]])).all()
    assert isinstance(model.mixture_, Mixture)


GAPS = ROWS.copy()
GAPS[::4, 0] = GAPS[1::4, 1] = np.nan


def test_whole_rows_are_judged_alike_whether_cells_may_be_missing_or_not():
    options = {"n_components": 3, "false_alarm_rate": 0.1, "init_params": "kmeans"}
    strict, open_ = (detector(missing=m, **options).fit(ROWS) for m in ("refuse", "marginalize"))
    assert (strict.predict(ROWS) == open_.predict(ROWS)).all()


def test_rows_with_gaps_are_compared_with_rows_of_the_same_cells():
    model = detector(missing="marginalize", false_alarm_rate=0.02).fit(GAPS)
    mean, covariance = model.mixture_.means[0], model.mixture_.covariances[0]
    own = GAPS[::4, 1]
    tails = chi2.sf((own - mean[1]) ** 2 / covariance[1, 1], 1)
    np.testing.assert_allclose(model.score_samples(GAPS)[::4], np.log(tails), rtol=1e-8)
    assert ((model.predict(GAPS)[::4] == -1) == (tails < 0.02)).all()


def test_a_row_of_which_nothing_is_known_is_no_outlier():
    model = detector(missing="marginalize", contamination=0.5).fit(GAPS)
    assert model.predict(np.full((1, 2), np.nan)).tolist() == [1]


@pytest.mark.parametrize(
    "rule", [{"contamination": 0.1}, {"held_out": 0.4, "false_alarm_rate": 0.1}]
)
def test_a_threshold_among_rows_with_gaps_is_of_tail_probabilities(rule):
    model = detector(missing="marginalize", **rule).fit(GAPS)
    assert 0.02 < np.exp(model.offset_) < 0.3
    assert abs((model.predict(GAPS) == -1).mean() - 0.1) < 0.06


def test_missing_cells_are_refused_unless_asked_for():
    with pytest.raises(InputError, match="NaN"):
        detector().fit(GAPS)


def test_a_prior_shapes_what_rows_are_judged_by():
    model = detector(prior="default").fit(ROWS[:20])
    expected = fit(ROWS[:20], 1, prior="default").mixture
    np.testing.assert_allclose(model.mixture_.covariances, expected.covariances, rtol=1e-9)
    assert (model.tail_probability(ROWS) != detector().fit(ROWS[:20]).tail_probability(ROWS)).all()
