"""The estimator beside scikit-learn's: same parameters, same attributes, same numbers."""

import functools
import inspect
import pickle
import warnings

import numpy as np
import pytest
import sklearn.mixture
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from strategies import FAMILIES, blobs, make_mixture

from gmmkit import GaussianMixture, fit
from gmmkit.errors import ParameterError

ROWS = blobs(150, 3, 3, seed=1, separation=2.5)
MATRIX = "ikj,ilj->ikl"


def start_for(name, *, seed=0):
    """Weights, means and precisions to begin from, in the shapes that scikit-learn takes."""
    mixture = make_mixture(name, 3, 3, seed=seed)
    values = mixture.covariance.values
    dense = name in ("full", "tied")
    precisions = np.linalg.inv(values) if dense else 1 / values
    if dense:
        precisions = (precisions + np.swapaxes(precisions, -1, -2)) / 2
    return {
        "weights_init": mixture.weights / mixture.weights.sum(),
        "means_init": mixture.means,
        "precisions_init": precisions,
    }


@functools.cache
def both(name, **options):
    """The two estimators, fitted alike from one start; nobody changes them."""
    options = {"reg_covar": 1e-6, "tol": 0.0, "max_iter": 7} | start_for(name) | options
    models = [
        cls(3, covariance_type=name, random_state=0, **options)
        for cls in (GaussianMixture, sklearn.mixture.GaussianMixture)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return [model.fit(ROWS) for model in models]


def fitted(name="full", **options):
    """Our estimator fitted to the rows."""
    return GaussianMixture(3, covariance_type=name, random_state=0, **options).fit(ROWS)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("iterations", [1, 7, 30])
def test_the_same_start_leads_to_the_same_likelihood_after_the_same_iterations(name, iterations):
    ours, theirs = both(name, max_iter=iterations)
    assert ours.n_iter_ == theirs.n_iter_ == iterations
    assert ours.score(ROWS) == pytest.approx(theirs.score(ROWS), abs=1e-8)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_trace_of_likelihoods_is_scikit_learns(name):
    ours, theirs = both(name)
    np.testing.assert_allclose(ours.lower_bounds_, theirs.lower_bounds_, atol=1e-8)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize(
    "attribute", ["weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_"]
)
def test_fitted_attributes_are_scikit_learns_in_shape_and_value(name, attribute):
    ours, theirs = both(name)
    one, other = getattr(ours, attribute), getattr(theirs, attribute)
    assert one.shape == other.shape
    assert one.dtype == other.dtype
    np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("method", ["predict_proba", "score_samples", "predict"])
def test_scores_and_labels_are_scikit_learns(name, method):
    ours, theirs = both(name)
    one, other = getattr(ours, method)(ROWS), getattr(theirs, method)(ROWS)
    np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("criterion", ["bic", "aic"])
def test_information_criteria_are_scikit_learns(name, criterion):
    ours, theirs = both(name)
    assert getattr(ours, criterion)(ROWS) == pytest.approx(getattr(theirs, criterion)(ROWS))


@pytest.mark.parametrize("name", FAMILIES)
def test_an_absolute_ridge_is_scikit_learns(name):
    ours, theirs = both(name, reg_covar=0.3, max_iter=2)
    np.testing.assert_allclose(ours.covariances_, theirs.covariances_, rtol=1e-7)


def test_bic_of_one_component_in_one_dimension_has_a_closed_form():
    rows = np.random.default_rng(2).normal(3, 2, size=(80, 1))
    model = GaussianMixture(1).fit(rows)
    log_likelihood = -40 * (np.log(2 * np.pi * rows.var()) + 1)
    assert model.bic(rows) == pytest.approx(2 * np.log(80) - 2 * log_likelihood)
    assert model.aic(rows) == pytest.approx(4 - 2 * log_likelihood)


def test_the_estimator_takes_every_parameter_of_scikit_learns():
    ours = inspect.signature(GaussianMixture).parameters
    theirs = inspect.signature(sklearn.mixture.GaussianMixture).parameters
    assert set(theirs) <= set(ours)
    for name, parameter in theirs.items():
        assert ours[name].kind == parameter.kind
        if name != "reg_covar":
            assert ours[name].default == parameter.default


def test_the_estimator_has_every_public_method_and_attribute_of_scikit_learns():
    theirs = sklearn.mixture.GaussianMixture(2, random_state=0).fit(ROWS)
    wanted = {name for name in dir(theirs) if not name.startswith("_")}
    assert wanted <= set(dir(fitted()))


@pytest.mark.parametrize("name", FAMILIES)
def test_precisions_are_the_inverse_of_covariances(name):
    model = fitted(name)
    if name in ("full", "tied"):
        identity = np.broadcast_to(np.eye(3), model.covariances_.shape)
        np.testing.assert_allclose(model.precisions_ @ model.covariances_, identity, atol=1e-10)
        factor = np.atleast_3d(model.precisions_cholesky_).reshape(-1, 3, 3)
        expected = model.precisions_.reshape(-1, 3, 3)
        np.testing.assert_allclose(np.einsum(MATRIX, factor, factor), expected, rtol=1e-8)
    else:
        np.testing.assert_allclose(model.precisions_ * model.covariances_, 1.0)
        np.testing.assert_allclose(model.precisions_cholesky_**2, model.precisions_)


def test_the_lower_bound_is_the_score_of_the_training_rows():
    model = fitted()
    assert model.lower_bound_ == pytest.approx(model.score(ROWS), rel=1e-12)
    assert len(model.lower_bounds_) == model.n_iter_
    assert (np.diff(model.lower_bounds_) > -1e-10).all()


def test_fitting_and_predicting_at_once_is_fitting_then_predicting():
    model = GaussianMixture(3, random_state=0)
    labels = model.fit_predict(ROWS)
    assert (labels == fitted().predict(ROWS)).all()
    assert labels.shape == (150,)


def test_probabilities_sum_to_one_and_their_largest_is_the_label():
    model = fitted()
    probabilities = model.predict_proba(ROWS)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert (probabilities.argmax(axis=1) == model.predict(ROWS)).all()


def test_samples_come_ordered_by_component_with_its_number():
    model = fitted()
    rows, labels = model.sample(500)
    assert rows.shape == (500, 3)
    assert (np.diff(labels) >= 0).all()
    means = np.stack([rows[labels == k].mean(axis=0) for k in range(3)])
    assert abs(means - model.means_).max() < 1.0


def test_an_integer_random_state_makes_fit_and_sample_repeatable():
    one, other = fitted(), fitted()
    assert one.means_.tobytes() == other.means_.tobytes()
    assert one.sample(5)[0].tobytes() == other.sample(5)[0].tobytes()


def test_a_random_state_object_is_drawn_from():
    random = np.random.RandomState(3)
    first, second = (
        GaussianMixture(3, init_params="random", max_iter=0, random_state=random).fit(ROWS).means_
        for _ in range(2)
    )
    assert (first != second).any()


def test_a_warm_start_goes_on_where_the_last_fit_ended():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        whole = GaussianMixture(3, random_state=0, tol=0, max_iter=6).fit(ROWS)
        warm = GaussianMixture(3, random_state=0, tol=0, max_iter=3, warm_start=True)
        halfway = warm.fit(ROWS).score(ROWS)
        warm.fit(ROWS)
    assert warm.score(ROWS) > halfway
    assert warm.score(ROWS) == pytest.approx(whole.score(ROWS), rel=1e-10)


def test_without_a_warm_start_a_second_fit_begins_anew():
    model = GaussianMixture(3, random_state=0)
    first = model.fit(ROWS).means_
    assert model.fit(ROWS).means_.tobytes() == first.tobytes()


def test_a_warm_start_with_another_number_of_components_is_refused():
    model = fitted(warm_start=True)
    with pytest.raises(ParameterError):
        model.set_params(n_components=2).fit(ROWS)


def test_no_iterations_give_the_start_without_a_warning():
    model = GaussianMixture(3, max_iter=0, random_state=0, **start_for("full")).fit(ROWS)
    np.testing.assert_allclose(model.means_, start_for("full")["means_init"])
    assert model.n_iter_ == 0
    assert not model.converged_


def test_running_out_of_iterations_warns_as_scikit_learn_does():
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        model = GaussianMixture(3, max_iter=2, tol=0, random_state=0).fit(ROWS)
    assert not model.converged_


def test_given_means_are_not_changed_by_a_fit():
    options = start_for("full")
    before = {name: value.copy() for name, value in options.items()}
    fitted(**options)
    assert all((options[name] == value).all() for name, value in before.items())


@pytest.mark.parametrize("part", ["weights_init", "means_init", "precisions_init"])
def test_a_given_part_alone_is_used(part):
    model = fitted(max_iter=0, **{part: start_for("full")[part]})
    attribute = part.replace("init", "")
    np.testing.assert_allclose(getattr(model, attribute), start_for("full")[part], rtol=1e-8)


@pytest.mark.parametrize(
    "bad",
    [
        {"weights_init": [0.5, 0.2, 0.2]},
        {"weights_init": [0.5, 0.5]},
        {"means_init": np.zeros((2, 3))},
        {"precisions_init": np.eye(3)},
        {"precisions_init": np.zeros((3, 3, 3))},
        {"precisions_init": -np.stack([np.eye(3)] * 3)},
        {"precisions_init": "identity"},
    ],
)
def test_given_parts_that_cannot_be_are_refused_as_ours(bad):
    with pytest.raises(ParameterError):
        fitted(**bad)


@pytest.mark.parametrize(
    "bad",
    [
        {"n_components": 0},
        {"n_components": 2.5},
        {"tol": -1.0},
        {"reg_covar": -1e-6},
        {"max_iter": -1},
        {"n_init": 0},
        {"covariance_type": "round"},
        {"init_params": "best"},
        {"verbose_interval": 0, "verbose": 1},
        {"precision": "half"},
        {"n_threads": 0},
        {"random_state": "today"},
    ],
)
def test_parameters_out_of_range_are_refused_at_fit(bad):
    model = GaussianMixture(**bad)
    with pytest.raises(ParameterError):
        model.fit(ROWS)


def test_without_a_ridge_units_change_nothing_where_scikit_learns_lose():
    small = ROWS * 1e-5
    ours = GaussianMixture(3, random_state=0).fit(small)
    shift = 3 * np.log(1e-5)
    assert ours.score(small) + shift == pytest.approx(fitted().score(ROWS), abs=1e-6)


def test_the_estimator_is_the_fit_of_the_core():
    model = fitted(n_init=2)
    seed = int(np.random.RandomState(0).randint(2**31 - 1))
    result = fit(ROWS, 3, seed=seed, n_init=2, start="kmeans", tol=1e-3, max_iter=100)
    assert model.means_.tobytes() == result.mixture.means.tobytes()
    assert model.fit_result_.log_likelihood == result.log_likelihood


def test_sample_weights_are_frequencies():
    counts = np.random.default_rng(4).integers(1, 4, 150)
    weighted = GaussianMixture(3, random_state=0).fit(ROWS, sample_weight=counts)
    repeated = GaussianMixture(3, random_state=0).fit(np.repeat(ROWS, counts, axis=0))
    np.testing.assert_allclose(weighted.means_, repeated.means_, rtol=1e-7)
    labels = GaussianMixture(3, random_state=0).fit_predict(ROWS, sample_weight=counts)
    assert (labels == weighted.predict(ROWS)).all()


def test_a_fitted_estimator_survives_pickling_and_a_clone_is_unfitted():
    model = fitted()
    again = pickle.loads(pickle.dumps(model))
    assert again.score_samples(ROWS).tobytes() == model.score_samples(ROWS).tobytes()
    assert not hasattr(clone(model), "means_")
    assert clone(model).get_params() == model.get_params()


@pytest.mark.parametrize(("verbose", "told"), [(0, 0), (1, 3), (2, 3)])
def test_a_talkative_fit_prints_every_so_many_iterations(verbose, told, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted(verbose=verbose, verbose_interval=2, max_iter=6, tol=0)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == told
    assert all(("log likelihood" in line) == (verbose == 2) for line in lines)


def test_fitted_arrays_are_the_callers_own():
    model = fitted()
    model.means_[:] = 0
    assert (fitted().means_ != 0).any()
    assert (model.mixture_.means != 0).any()
