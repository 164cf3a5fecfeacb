"""The variational estimator: a thin shell over fit_bayes."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from strategies import FAMILIES, blobs

from gmmkit.core.bayes import fit_bayes
from gmmkit.errors import InputError, ParameterError
from gmmkit.estimators.bayesian import BayesianGaussianMixture

ROWS = blobs(90, 2, 3, seed=1, separation=2.5)


def fitted(rows=ROWS, **options):
    """The estimator with four components, fitted, quiet about running out of iterations."""
    options = {"n_components": 4, "random_state": 0} | options
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return BayesianGaussianMixture(**options).fit(rows)


def test_the_estimator_is_the_fit_of_the_core():
    model = fitted(n_init=2, max_iter=30)
    seed = int(np.random.RandomState(0).randint(2**31 - 1))
    result = fit_bayes(ROWS, 4, seed=seed, n_init=2, tol=1e-3 / 90, max_iter=30)
    assert model.means_.tobytes() == result.posterior.means.tobytes()
    assert model.lower_bound_ == result.lower_bound
    assert model.lower_bounds_ == [info.lower_bound for info in result.trace]


@pytest.mark.parametrize("name", FAMILIES)
def test_precisions_are_the_inverse_of_covariances(name):
    model = fitted(covariance_type=name)
    if name in ("full", "tied"):
        identity = np.broadcast_to(np.eye(2), model.covariances_.shape)
        np.testing.assert_allclose(model.precisions_ @ model.covariances_, identity, atol=1e-10)
    else:
        np.testing.assert_allclose(model.precisions_ * model.covariances_, 1.0)


def test_probabilities_sum_to_one_and_their_largest_is_the_label():
    model = fitted()
    probabilities = model.predict_proba(ROWS)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert (probabilities.argmax(axis=1) == model.predict(ROWS)).all()
    assert (model.predict(ROWS) == BayesianGaussianMixture.fit_predict(model, ROWS)).all()


def test_scores_are_what_rows_add_to_the_bound_and_below_their_predictive_density():
    model = fitted()
    np.testing.assert_array_equal(
        model.score_samples(ROWS), model.posterior_.expected_log_density(ROWS)
    )
    assert (model.score_samples(ROWS) < model.posterior_.predictive_log_density(ROWS)).all()


def test_samples_come_from_the_mixture_of_expected_parameters():
    model = fitted()
    rows, labels = model.sample(4000)
    counts = np.bincount(labels, minlength=4) / 4000
    # Five standard deviations of a share: a false alarm once in 400,000 seeds over four shares.
    assert abs(counts - model.weights_).max() < 5 * 0.5 / np.sqrt(4000)
    biggest = int(model.weights_.argmax())
    assert abs(rows[labels == biggest].mean(axis=0) - model.means_[biggest]).max() < 0.5


def test_tolerance_is_of_all_rows_together():
    model = fitted(tol=0.5, max_iter=500)
    gains = np.diff(model.lower_bounds_)
    assert (gains[-1:] < 0.5).all()
    assert model.converged_
    assert gains.max() > 0.5


def test_running_out_of_iterations_warns_as_scikit_learn_does():
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        model = BayesianGaussianMixture(n_components=4, max_iter=2, tol=0).fit(ROWS)
    assert not model.converged_
    assert model.n_iter_ == 2


def test_no_iterations_give_the_start_without_a_warning():
    model = BayesianGaussianMixture(n_components=4, max_iter=0, random_state=0).fit(ROWS)
    assert model.n_iter_ == 0


def test_a_warm_start_goes_on_where_the_last_fit_ended():
    whole = fitted(tol=0, max_iter=6)
    warm = fitted(tol=0, max_iter=3, warm_start=True)
    with pytest.warns(ConvergenceWarning):
        warm.fit(ROWS)
    assert warm.lower_bound_ == pytest.approx(whole.lower_bound_, rel=1e-11)


def test_without_a_warm_start_a_second_fit_begins_anew():
    model = fitted(max_iter=5)
    first = model.means_
    with pytest.warns(ConvergenceWarning):
        model.fit(ROWS)
    assert model.means_.tobytes() == first.tobytes()


def test_a_warm_start_with_another_number_of_components_is_refused():
    model = fitted(warm_start=True)
    with pytest.raises(ParameterError, match="does not match"):
        model.set_params(n_components=2).fit(ROWS)


def test_sample_weights_are_frequencies():
    counts = np.random.default_rng(4).integers(0, 4, len(ROWS))
    options = {"n_components": 4, "random_state": 0, "max_iter": 500}
    weighted = BayesianGaussianMixture(**options).fit(ROWS, sample_weight=counts)
    repeated = BayesianGaussianMixture(**options).fit(np.repeat(ROWS, counts, axis=0))
    np.testing.assert_allclose(weighted.means_, repeated.means_, rtol=1e-7)
    assert weighted.n_iter_ == repeated.n_iter_


@pytest.mark.parametrize("weights", [np.full(90, -1.0), np.zeros(90), np.ones(3)])
def test_sample_weights_that_cannot_be_are_refused(weights):
    with pytest.raises(InputError):
        BayesianGaussianMixture().fit(ROWS, sample_weight=weights)


def test_rows_of_single_precision_give_attributes_of_single_precision():
    model = fitted(ROWS.astype(np.float32))
    assert model.means_.dtype == np.float32
    assert model.predict_proba(ROWS.astype(np.float32)).shape == (90, 4)


@pytest.mark.parametrize("kind", ["dirichlet_process", "dirichlet_distribution"])
def test_a_fitted_estimator_survives_pickling_and_a_clone_is_unfitted(kind):
    model = fitted(weight_concentration_prior_type=kind)
    again = pickle.loads(pickle.dumps(model))
    assert again.score_samples(ROWS).tobytes() == model.score_samples(ROWS).tobytes()
    assert not hasattr(clone(model), "means_")
    assert clone(model).get_params() == model.get_params()


@pytest.mark.parametrize(("verbose", "told"), [(0, 0), (1, 3), (2, 3)])
def test_a_talkative_fit_prints_every_so_many_updates(verbose, told, capsys):
    fitted(verbose=verbose, verbose_interval=2, max_iter=6, tol=0)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == told
    assert all(("lower bound" in line) == (verbose == 2) for line in lines)


def test_fitted_arrays_are_the_callers_own():
    model, untouched = fitted(), fitted()
    for name in ("means_", "covariances_", "weights_", "mean_prior_", "mean_precision_"):
        getattr(model, name)[:] = 0
    model.degrees_of_freedom_[:] = 0
    for parameters in model.weight_concentration_:
        parameters[:] = 0
    assert model.score(ROWS) == untouched.score(ROWS)


def test_a_given_prior_is_not_changed_by_a_fit():
    mean, covariance = np.array([1.0, 2.0]), np.array([[2.0, 0.3], [0.3, 1.0]])
    model = fitted(mean_prior=mean, covariance_prior=covariance)
    np.testing.assert_array_equal(model.mean_prior_, [1.0, 2.0])
    np.testing.assert_array_equal(model.covariance_prior_, [[2.0, 0.3], [0.3, 1.0]])
    assert mean.flags.writeable


@pytest.mark.parametrize("method", ["predict", "predict_proba", "score_samples", "score"])
def test_an_unfitted_estimator_says_so(method):
    with pytest.raises(NotFittedError):
        getattr(BayesianGaussianMixture(), method)(ROWS)


@pytest.mark.parametrize(
    "bad",
    [
        {"n_components": 0},
        {"n_components": 2.5},
        {"tol": -1.0},
        {"tol": "small"},
        {"reg_covar": -1e-6},
        {"max_iter": -1},
        {"n_init": 0},
        {"covariance_type": "round"},
        {"init_params": "best"},
        {"verbose_interval": 0, "verbose": 1},
        {"precision": "half"},
        {"n_threads": 0},
        {"random_state": "today"},
        {"weight_concentration_prior_type": "none"},
        {"weight_concentration_prior": 0.0},
        {"mean_precision_prior": 0.0},
        {"mean_prior": [0.0]},
        {"degrees_of_freedom_prior": 1.0},
        {"covariance_prior": np.eye(3)},
    ],
)
def test_parameters_out_of_range_are_refused_at_fit(bad):
    model = BayesianGaussianMixture(**bad)
    with pytest.raises(ParameterError):
        model.fit(ROWS)
