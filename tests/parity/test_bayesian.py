"""The variational estimator beside scikit-learn's: its checks, its own tests, its numbers."""

import functools
import importlib.util
import inspect
import types
import warnings

import numpy as np
import pytest
import sklearn
from differences import Difference, failing
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import BayesianGaussianMixture as TheirMixture
from sklearn.mixture.tests import test_mixture as their_common_tests
from sklearn.utils.estimator_checks import parametrize_with_checks
from strategies import FAMILIES, blobs

from gmmkit.core.bayes import fit_bayes
from gmmkit.core.bayes.inference import updated
from gmmkit.core.bayes.priors import PriorRequest
from gmmkit.core.execution import SerialExecutor
from gmmkit.core.families import family
from gmmkit.core.fits.data import read_data
from gmmkit.core.fits.preparation import prepare
from gmmkit.core.starts.start import labeled_statistics
from gmmkit.errors import InputError
from gmmkit.estimators.bayesian import BayesianGaussianMixture

if tuple(map(int, sklearn.__version__.split(".")[:2])) != (1, 9):
    pytest.skip("the list of differences is that of scikit-learn 1.9", allow_module_level=True)

KINDS = ("dirichlet_process", "dirichlet_distribution")
ROWS = blobs(200, 3, 3, seed=1, separation=2.5)

ESTIMATORS = [
    BayesianGaussianMixture(),
    *(BayesianGaussianMixture(n_components=3, covariance_type=name) for name in FAMILIES),
    BayesianGaussianMixture(n_components=2, weight_concentration_prior_type=KINDS[1]),
]


# Some checks fit fewer rows than columns, or need more updates than the default allows: what we
# warn of there is true, and no failure.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::gmmkit.errors.GmmkitWarning")
@parametrize_with_checks(ESTIMATORS)
def test_the_estimator_passes_scikit_learns_checks(estimator, check):
    check(estimator)


def their_module():
    """A copy of scikit-learn's test module in which BayesianGaussianMixture is ours."""
    spec = importlib.util.find_spec("sklearn.mixture.tests.test_bayesian_mixture")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.BayesianGaussianMixture = BayesianGaussianMixture
    return module


WORDING = "our errors say it in other words"
DIFFERENCES = {
    "test_bayesian_mixture_precisions_prior_initialisation": Difference(
        WORDING, AssertionError, "degrees_of_freedom_prior should be greater than 1: found 1.000"
    ),
    "test_compare_covar_type": Difference(
        "it calls methods that are private to scikit-learn's class; what it holds is tested below",
        AttributeError,
        "_check_parameters",
    ),
}
THEIRS = their_module()


# Some of their fits end at max_iter, and their own class warns of it there too.
for _name, _test in list(vars(THEIRS).items()):
    if _name.startswith("test_"):
        _aimed = failing(_test, DIFFERENCES[_name]) if _name in DIFFERENCES else _test
        _quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
        globals()[_name] = _quiet(_aimed)


def test_every_listed_difference_is_about_a_test_of_theirs():
    assert set(DIFFERENCES) <= set(vars(THEIRS))


def test_where_the_wording_differs_nothing_else_does(monkeypatch):
    wordless = types.SimpleNamespace(raises=lambda kind, match: pytest.raises(kind))
    monkeypatch.setattr(THEIRS, "pytest", wordless)
    THEIRS.test_bayesian_mixture_precisions_prior_initialisation()


def test_the_number_of_iterations_is_counted_as_theirs():
    with pytest.warns(ConvergenceWarning):
        their_common_tests.test_gaussian_mixture_n_iter(BayesianGaussianMixture())


def test_more_components_than_rows_are_refused_as_theirs_in_other_words():
    with pytest.raises(AssertionError, match="fewer rows than components"):
        their_common_tests.test_mixture_n_components_greater_than_n_samples_error(
            BayesianGaussianMixture()
        )
    with pytest.raises(InputError):
        BayesianGaussianMixture(n_components=12).fit(np.eye(10))


def sums_of_squares(name, kind):
    """The posterior sums of squares after one update from the same labels, by family."""
    chosen, settings = family(name), {"n_components": 4, "reg_covar": None, "floor": None}
    data, random = read_data(ROWS, n_components=4), np.random.default_rng(0)
    problem = prepare(data, chosen, SerialExecutor(), random, **settings)
    prior = PriorRequest(kind, covariance=2.0).settled(problem, 4)
    labels = np.argsort(problem.sample.rows[:, 0]) % 4
    statistics = labeled_statistics(
        problem.sample, lambda piece: np.eye(4)[labels[piece]], chosen.moments, problem.units
    )
    posterior = updated(
        prior.standardized(problem.units), statistics, chosen, problem.regularization
    ).posterior.restored(problem.units)
    freedom = posterior.degrees_of_freedom[:, None, None]
    return freedom * posterior.mixture.covariances


@pytest.mark.parametrize("kind", KINDS)
def test_families_restrict_the_same_sums_of_squares(kind):
    full = sums_of_squares("full", kind)
    diagonals = np.diagonal(full, axis1=1, axis2=2)
    np.testing.assert_allclose(sums_of_squares("tied", kind)[0], full.mean(axis=0), rtol=1e-9)
    diagonal = diagonals[:, :, None] * np.eye(3)
    np.testing.assert_allclose(sums_of_squares("diag", kind), diagonal, rtol=1e-9)


def start_like_ours(posterior, name, kind, **options):
    """Their estimator, about to go on from our posterior."""
    theirs = TheirMixture(
        n_components=5,
        covariance_type=name,
        weight_concentration_prior_type=kind,
        reg_covar=0,
        warm_start=True,
        max_iter=1,
        tol=0.0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs.fit(ROWS)
    freedom = posterior.degrees_of_freedom
    theirs.weight_concentration_ = posterior.concentration.parameters
    theirs.mean_precision_, theirs.means_ = posterior.mean_precision, posterior.means
    theirs.degrees_of_freedom_ = freedom[0] if name == "tied" else freedom
    theirs.covariances_ = posterior.covariance.values
    factors = posterior.mixture.factors
    theirs.precisions_cholesky_ = posterior.covariance.family.packed_factors(factors)
    return theirs.set_params(**options)


@functools.cache
def both(name, kind, iterations=20):
    """Our estimator and theirs after the same updates from the same posterior."""
    options = {
        "n_components": 5,
        "covariance_type": name,
        "weight_concentration_prior_type": kind,
        "random_state": 0,
        "warm_start": True,
        "tol": 0.0,
    }
    ours = BayesianGaussianMixture(**options, max_iter=0).fit(ROWS)
    theirs = start_like_ours(ours.posterior_, name, kind, max_iter=iterations)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return ours.set_params(max_iter=iterations).fit(ROWS), theirs.fit(ROWS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize(
    "attribute",
    [
        "weights_",
        "means_",
        "covariances_",
        "precisions_",
        "precisions_cholesky_",
        "mean_precision_",
        "degrees_of_freedom_",
        "weight_concentration_",
        "weight_concentration_prior_",
        "mean_precision_prior_",
        "mean_prior_",
        "degrees_of_freedom_prior_",
        "covariance_prior_",
    ],
)
def test_fitted_attributes_are_scikit_learns_in_shape_and_value(name, kind, attribute):
    one, other = (getattr(model, attribute) for model in both(name, kind))
    assert np.shape(one) == np.shape(other)
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("method", ["predict", "predict_proba", "score_samples", "score"])
def test_scores_and_labels_are_scikit_learns(name, kind, method):
    one, other = (getattr(model, method)(ROWS) for model in both(name, kind))
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FAMILIES)
def test_bounds_of_converged_fits_differ_from_scikit_learns_by_a_constant(name, kind):
    gaps = []
    for seed in range(3):
        ours = fit_bayes(
            ROWS, 5, covariance=name, weight_concentration_prior_type=kind, seed=seed, tol=1e-12
        )
        theirs = start_like_ours(ours.posterior, name, kind, max_iter=5)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            gaps.append(ours.lower_bound - np.squeeze(theirs.fit(ROWS).lower_bound_))
    np.testing.assert_allclose(gaps, gaps[0], atol=1e-6)


def test_the_estimator_takes_every_parameter_of_scikit_learns():
    ours = inspect.signature(BayesianGaussianMixture).parameters
    theirs = inspect.signature(TheirMixture).parameters
    assert set(theirs) <= set(ours)
    for name, parameter in theirs.items():
        assert ours[name].kind == parameter.kind
        if name != "reg_covar":
            assert ours[name].default == parameter.default


def test_the_estimator_has_every_public_method_and_attribute_of_scikit_learns():
    ours, theirs = both("full", KINDS[0])
    wanted = {name for name in dir(theirs) if not name.startswith("_")}
    assert wanted <= set(dir(ours))


def test_offsets_at_which_scikit_learn_fails_change_nothing():
    plain = BayesianGaussianMixture(n_components=4, covariance_type="diag", random_state=0)
    bound = plain.fit(ROWS).lower_bound_
    assert plain.fit(ROWS + 1e8).lower_bound_ == pytest.approx(bound, abs=1e-4)
