"""Classification by mixtures, against Bayes' rule written out."""

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import multivariate_normal
from sklearn.exceptions import ConvergenceWarning
from strategies import blobs

from gmmkit import ConjugatePrior, fit
from gmmkit.errors import FitWarning, InputError, ParameterError
from gmmkit.estimators import GaussianMixtureClassifier

ROWS = blobs(240, 2, 3, seed=7, separation=2.0)
KINDS = np.array(["apple", "lemon", "orange"])[
    np.digitize(ROWS @ [1.0, 0.5] + np.random.default_rng(0).normal(size=240), [-2.2, -0.4])
]


def classifier(**options):
    """A classifier that always does the same."""
    return GaussianMixtureClassifier(**({"random_state": 0} | options))


def log_joint_oracle(rows, shares=None):
    """Log prior plus log density of one Gaussian a class, by SciPy."""
    columns = []
    for index, kind in enumerate(np.unique(KINDS)):
        own = ROWS[kind == KINDS]
        share = len(own) / len(ROWS) if shares is None else shares[index]
        gaussian = multivariate_normal(own.mean(axis=0), np.cov(own.T, bias=True))
        columns.append(np.log(share) + gaussian.logpdf(rows))
    return np.stack(columns, axis=1)


def test_one_component_a_class_is_quadratic_discriminant_analysis():
    model = classifier().fit(ROWS, KINDS)
    expected = log_joint_oracle(ROWS)
    np.testing.assert_allclose(model.decision_function(ROWS), expected, rtol=1e-9)
    assert (model.predict(ROWS) == model.classes_[expected.argmax(axis=1)]).all()


def test_probabilities_follow_bayes_rule():
    model = classifier().fit(ROWS, KINDS)
    expected = softmax(log_joint_oracle(ROWS), axis=1)
    np.testing.assert_allclose(model.predict_proba(ROWS), expected, rtol=1e-8, atol=1e-14)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(ROWS)), expected, atol=1e-12)


@pytest.mark.parametrize(
    "priors", [[0.5, 0.2, 0.3], {"orange": 0.3, "apple": 0.5, "lemon": 0.2}], ids=["list", "dict"]
)
def test_given_priors_replace_the_shares_of_the_classes(priors):
    model = classifier(priors=priors).fit(ROWS, KINDS)
    assert model.class_prior_.tolist() == [0.5, 0.2, 0.3]
    expected = log_joint_oracle(ROWS, [0.5, 0.2, 0.3])
    np.testing.assert_allclose(model.decision_function(ROWS), expected, rtol=1e-9)


def test_a_prior_of_zero_rules_a_class_out():
    model = classifier(priors=[0.0, 0.4, 0.6]).fit(ROWS, KINDS)
    assert "apple" not in model.predict(ROWS)
    assert (model.predict_proba(ROWS)[:, 0] == 0).all()


def test_one_tied_matrix_for_all_classes_is_linear_discriminant_analysis():
    model = classifier(covariance_type="tied", shared=True).fit(ROWS, KINDS)
    centered = [ROWS[kind == KINDS] - ROWS[kind == KINDS].mean(axis=0) for kind in np.unique(KINDS)]
    pooled = sum(rows.T @ rows for rows in centered) / len(ROWS)
    for mixture in model.mixtures_:
        np.testing.assert_allclose(mixture.covariances[0], pooled, rtol=1e-9)
    # The border between two classes is a plane: a row in the middle has the mean of the log odds.
    odds = model.decision_function(ROWS)[:, 0] - model.decision_function(ROWS)[:, 1]
    middle = model.decision_function((ROWS[:1] + ROWS[1:2]) / 2)
    assert middle[0, 0] - middle[0, 1] == pytest.approx((odds[0] + odds[1]) / 2, rel=1e-9)


def test_a_family_shared_by_all_classes_is_mclusts_edda():
    from sklearn.datasets import load_iris

    rows, kinds = load_iris(return_X_y=True)
    model = classifier(covariance_type="VEV", shared=True, tol=1e-9).fit(rows, kinds)
    mixture = model.fit_results_[0].mixture
    # mclust, MclustDA(iris, modelType = "EDDA"): log likelihood -187.7097, training error 0.02.
    assert mixture.log_density(rows).sum() == pytest.approx(-187.7097, abs=1e-3)
    assert model.score(rows, kinds) == pytest.approx(0.98)


def test_several_components_a_class_may_share_their_volume_across_classes():
    model = classifier(n_components=2, covariance_type="EII", shared=True).fit(ROWS, KINDS)
    variances = [mixture.covariances[:, 0, 0] for mixture in model.mixtures_]
    assert np.ptp(variances) == 0
    alone = classifier(n_components=2, covariance_type="EII").fit(ROWS, KINDS)
    assert np.ptp([mixture.covariances[:, 0, 0] for mixture in alone.mixtures_]) > 0


def test_families_that_share_nothing_are_the_same_shared_or_not():
    shared, alone = (classifier(shared=shared).fit(ROWS, KINDS) for shared in (True, False))
    np.testing.assert_allclose(
        shared.decision_function(ROWS), alone.decision_function(ROWS), rtol=1e-8
    )


def test_two_classes_are_decided_by_their_log_odds():
    two = KINDS != "lemon"
    model = classifier().fit(ROWS[two], KINDS[two])
    log_posterior = model.predict_log_proba(ROWS)
    odds = log_posterior[:, 1] - log_posterior[:, 0]
    np.testing.assert_allclose(model.decision_function(ROWS), odds, rtol=1e-9, atol=1e-9)
    assert ((model.decision_function(ROWS) > 0) == (model.predict(ROWS) == "orange")).all()


def test_one_class_is_always_predicted():
    model = classifier().fit(ROWS, np.zeros(240))
    assert (model.predict(ROWS) == 0).all()
    assert (model.predict_proba(ROWS) == 1).all()


def test_two_components_a_class_solve_what_one_cannot():
    places = np.array([0.0, 10.0, 5.0, 15.0]).repeat(50)[:, None]
    rows = places + np.random.default_rng(1).normal(size=(200, 1))
    kinds = np.arange(200) // 100
    one, two = (classifier(n_components=k).fit(rows, kinds).score(rows, kinds) for k in (1, 2))
    assert one < 0.8
    assert two > 0.95


@pytest.mark.parametrize(
    "given", [[1, 2, 3], {"apple": 1, "lemon": 2, "orange": 3}, np.array([1, 2, 3])]
)
def test_components_may_be_given_for_each_class(given):
    model = classifier(n_components=given, covariance_type="spherical").fit(ROWS, KINDS)
    assert model.n_components_.tolist() == [1, 2, 3]
    assert [mixture.n_components for mixture in model.mixtures_] == [1, 2, 3]


def test_a_class_with_few_rows_gets_fewer_components_and_says_so():
    kept = np.concatenate([np.flatnonzero(KINDS == "apple")[:12], np.flatnonzero(KINDS != "apple")])
    with pytest.warns(FitWarning, match="class apple has 12 rows: it is fitted by 2 components"):
        model = classifier(n_components=4).fit(ROWS[kept], KINDS[kept])
    assert model.n_components_.tolist() == [2, 4, 4]


def test_a_class_of_one_row_is_not_taken_for_a_point():
    kept = np.concatenate([np.flatnonzero(KINDS == "apple")[:1], np.flatnonzero(KINDS != "apple")])
    with pytest.warns(FitWarning, match="class apple has 1 rows"):
        model = classifier().fit(ROWS[kept], KINDS[kept])
    spread = np.diagonal(model.mixtures_[0].covariances[0])
    np.testing.assert_allclose(spread, 1e-3 * ROWS[kept].var(axis=0), rtol=1e-6)
    assert model.predict(ROWS[kept[:1]]).tolist() == ["apple"]


def test_weights_are_frequencies():
    counts = np.random.default_rng(2).integers(0, 4, 240)
    weighted = classifier(n_components=2).fit(ROWS, KINDS, sample_weight=counts)
    rows, kinds = np.repeat(ROWS, counts, axis=0), np.repeat(KINDS, counts)
    repeated = classifier(n_components=2).fit(rows, kinds)
    np.testing.assert_allclose(weighted.class_prior_, repeated.class_prior_)
    np.testing.assert_allclose(
        weighted.predict_proba(ROWS), repeated.predict_proba(ROWS), rtol=1e-5, atol=1e-9
    )


def test_a_class_without_weight_is_absent():
    model = classifier().fit(ROWS, KINDS, sample_weight=KINDS != "lemon")
    assert model.classes_.tolist() == ["apple", "orange"]


def test_the_same_seed_gives_the_same_bits():
    one, other = (classifier(n_components=3).fit(ROWS, KINDS) for _ in range(2))
    assert one.decision_function(ROWS).tobytes() == other.decision_function(ROWS).tobytes()


@pytest.mark.parametrize(
    "bad",
    [
        {"priors": [0.5, 0.5]},
        {"priors": [0.5, 0.6, 0.1]},
        {"priors": [-0.1, 0.6, 0.5]},
        {"priors": {"apple": 0.5, "pear": 0.5, "lemon": 0.0}},
        {"n_components": 0},
        {"n_components": 2.5},
        {"n_components": [1, 2]},
        {"n_components": {"apple": 1}},
        {"covariance_type": "round"},
    ],
    ids=str,
)
def test_parameters_that_do_not_fit_are_refused(bad):
    with pytest.raises(ParameterError):
        classifier(**bad).fit(ROWS, KINDS)


@pytest.mark.parametrize("bad", [ROWS[:, 0], KINDS[:-1], np.full(240, np.nan)])
def test_classes_that_are_none_are_refused(bad):
    with pytest.raises(InputError):
        classifier().fit(ROWS, bad)


def test_running_out_of_iterations_names_the_class():
    components = {"apple": 2, "lemon": 1, "orange": 1}
    with pytest.warns(ConvergenceWarning, match="for class apple"):
        classifier(n_components=components, init_params="random", max_iter=3, tol=1e-12).fit(
            ROWS, KINDS
        )


def test_classes_follow_from_the_cells_that_are_there():
    rows = ROWS.copy()
    rows[::3, 0] = rows[1::3, 1] = np.nan
    model = classifier(missing="marginalize", priors=[0.5, 0.2, 0.3]).fit(ROWS, KINDS)
    for column, own in ((1, slice(0, None, 3)), (0, slice(1, None, 3))):
        expected = np.stack(
            [
                multivariate_normal(
                    mixture.means[0, column], mixture.covariances[0, column, column]
                ).logpdf(rows[own, column])
                for mixture in model.mixtures_
            ],
            axis=1,
        )
        found = model.decision_function(rows)[own]
        np.testing.assert_allclose(found, expected + np.log([0.5, 0.2, 0.3]), rtol=1e-9)


def test_a_row_of_which_nothing_is_known_has_the_probabilities_of_the_classes():
    model = classifier(missing="marginalize").fit(ROWS, KINDS)
    nothing = np.full((1, 2), np.nan)
    np.testing.assert_allclose(model.predict_proba(nothing)[0], model.class_prior_)


def test_classes_are_learned_from_rows_with_missing_cells():
    missing = np.random.default_rng(5).random(ROWS.shape) < 0.2
    gaps = np.where(missing, np.nan, ROWS)
    model = classifier(missing="marginalize", n_components=2).fit(gaps, KINDS)
    assert (
        model.score(ROWS, KINDS)
        > classifier(n_components=2).fit(ROWS, KINDS).score(ROWS, KINDS) - 0.05
    )
    with pytest.raises(InputError, match="NaN"):
        classifier().fit(gaps, KINDS)


def test_a_prior_joins_the_rows_of_every_class():
    prior = ConjugatePrior([0.0, 0.0], 2.0, 5.0, [[3.0, 0.5], [0.5, 1.0]])
    model = classifier(prior=prior).fit(ROWS, KINDS)
    own = ROWS[KINDS == "apple"]
    n, mean = len(own), own.mean(axis=0)
    # Fraley and Raftery 2007, table 2: means shrink by 2 rows, squares by scale and distance.
    scatter = n * np.cov(own.T, bias=True) + prior.scale + 2 * n / (n + 2) * np.outer(mean, mean)
    found = model.mixtures_[0]
    np.testing.assert_allclose(found.means[0], n * mean / (n + 2), rtol=1e-8)
    np.testing.assert_allclose(found.covariances[0], scatter / (n + 5 + 2 + 2), rtol=1e-6)


def test_a_prior_of_ones_own_makes_few_rows_enough():
    prior = ConjugatePrior(ROWS.mean(axis=0), 0.1, 5.0, np.cov(ROWS.T))
    kept = np.concatenate([np.flatnonzero(KINDS == "apple")[:3], np.flatnonzero(KINDS != "apple")])
    model = classifier(prior=prior).fit(ROWS[kept], KINDS[kept])
    assert np.linalg.eigvalsh(model.mixtures_[0].covariances[0]).min() > 0.05


FEW = np.arange(240) % 6 == 0
PARTLY = np.where(FEW, KINDS, "?")
NUMBERS = {"apple": 0, "lemon": 1, "orange": 2}


def test_rows_without_a_class_are_fitted_with_all_others():
    model = classifier(unlabeled="?", tol=1e-8, max_iter=1000).fit(ROWS, PARTLY)
    labels = [NUMBERS.get(kind, -1) for kind in PARTLY]
    joint = fit(ROWS, 3, labels=labels, tol=1e-8, max_iter=1000).mixture
    assert model.classes_.tolist() == ["apple", "lemon", "orange"]
    np.testing.assert_allclose(model.class_prior_, joint.weights, rtol=1e-9)
    np.testing.assert_allclose(model.predict_proba(ROWS), joint.responsibilities(ROWS), atol=1e-9)


def test_rows_without_a_class_make_up_for_few_that_have_one():
    random = np.random.default_rng(6)
    rows = np.concatenate([random.normal(0, 1, (300, 2)), random.normal([4, 0], [1, 3], (300, 2))])
    kinds = np.repeat([3, 7], 300)
    known = np.arange(600) % 60 < 1
    few = classifier().fit(rows[known], kinds[known])
    model = classifier(unlabeled=-1).fit(rows, np.where(known, kinds, -1))
    assert model.score(rows, kinds) > max(0.95, few.score(rows, kinds))


def test_minus_one_is_a_class_like_others_unless_said_otherwise():
    model = classifier().fit(ROWS, np.where(KINDS == "apple", -1, 1))
    assert model.classes_.tolist() == [-1, 1]


CLUSTER = np.random.default_rng(11).integers(3, size=240)
CLUSTERED = np.array([[-4.0, 0.0], [0.0, 3.0], [4.0, 0.0]])[CLUSTER] + np.random.default_rng(
    12
).normal(size=(240, 2))
NAMED = np.array(["apple", "lemon", "orange"])[CLUSTER]
PARTLY_NAMED = np.where(FEW, NAMED, "?")


@pytest.mark.parametrize("name", ["tied", "VEV"])
def test_rows_without_a_class_may_share_a_family_with_all_classes(name):
    model = classifier(unlabeled="?", covariance_type=name, shared=True)
    model.fit(CLUSTERED, PARTLY_NAMED)
    assert model.score(CLUSTERED, NAMED) > 0.9
    assert len(model.fit_results_) == 1
    with pytest.raises(ParameterError, match="shared=True"):
        model.set_params(shared=False).fit(CLUSTERED, PARTLY_NAMED)


def test_rows_without_a_class_are_spread_over_several_components_a_class():
    model = classifier(unlabeled="?", n_components=2, covariance_type="spherical")
    model.fit(CLUSTERED, PARTLY_NAMED)
    assert model.n_components_.tolist() == [2, 2, 2]
    assert model.score(CLUSTERED, NAMED) > 0.9


def test_given_priors_stay_where_classes_are_missing():
    model = classifier(unlabeled="?", priors=[0.5, 0.2, 0.3]).fit(ROWS, PARTLY)
    assert model.class_prior_.tolist() == [0.5, 0.2, 0.3]


def test_rows_without_any_class_are_refused():
    with pytest.raises(InputError, match="no row has a class"):
        classifier(unlabeled="?").fit(ROWS, np.full(240, "?"))
