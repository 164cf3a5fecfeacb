"""scikit-learn's own tests of its mixtures, taken from the installed package and aimed at ours.

Each of them passes, or is listed below with the reason why it cannot; what is listed has to fail
for exactly that reason. Arrays of other libraries than NumPy are the one thing left out: gmmkit
computes in NumPy, and scikit-learn skips those tests too where the library is not installed.
"""

import importlib.util
import os
import subprocess
import sys
import types

import numpy as np
import pytest
import sklearn
from differences import Difference, failing
from sklearn.mixture.tests import test_mixture as their_common_tests

from gmmkit import GaussianMixture
from gmmkit.errors import InputError

if tuple(map(int, sklearn.__version__.split(".")[:2])) != (1, 9):
    pytest.skip("the list of differences is that of scikit-learn 1.9", allow_module_level=True)

NAME = "sklearn.mixture.tests.test_gaussian_mixture"


def their_module():
    """A copy of scikit-learn's test module in which GaussianMixture is ours."""
    spec = importlib.util.find_spec(NAME)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.GaussianMixture = GaussianMixture
    return module


WORDING = "our errors and warnings say it in other words"
PRIVATE = "it calls methods that are private to scikit-learn's class"

DIFFERENCES = {
    "test_check_weights": Difference(WORDING, AssertionError, "weights and means do not match"),
    "test_check_means": Difference(WORDING, AssertionError, "weights and means do not match"),
    "test_check_precisions": Difference(
        WORDING, AssertionError, "full covariances are not positive definite"
    ),
    "test_gaussian_mixture_fit_convergence_warning": Difference(
        WORDING, pytest.fail.Exception, "EM did not converge in 1 iterations"
    ),
    "test_sample": Difference(WORDING, AssertionError, "n_samples is not usable"),
    "test_gaussian_mixture_precisions_init": Difference(
        PRIVATE + "; what it holds is tested below by public means",
        AttributeError,
        "_set_parameters",
    ),
    "test_gaussian_mixture_all_init_does_not_estimate_gaussian_parameters": Difference(
        "it counts calls of scikit-learn's private function, which ours never calls",
        AssertionError,
        "assert 0 == ",
    ),
    "test_score": Difference(
        "scores of float32 rows are float64: rows far out would lose their digits",
        AssertionError,
        "float64",
        only={"global_dtype": np.float32},
    ),
    "test_regularisation": Difference(
        "a fit of degenerate rows ends in a usable mixture and a warning, not in an error",
        pytest.fail.Exception,
        "DID NOT RAISE",
    ),
}

FILTERS = {
    "test_gaussian_mixture_fit_convergence_warning": (
        "ignore::sklearn.exceptions.ConvergenceWarning"
    ),
    # One iteration is what it asks for: scikit-learn's own class warns of that too.
    "test_gaussian_mixture_setting_best_params": "ignore::sklearn.exceptions.ConvergenceWarning",
    "test_regularisation": "ignore::gmmkit.errors.GmmkitWarning",
}

# They need scikit-learn's switch for arrays of other libraries, set before SciPy is imported.
OTHER_ARRAYS = (
    "test_gaussian_mixture_array_api_compliance",
    "test_gaussian_mixture_raises_where_array_api_not_implemented",
)

THEIRS = their_module()
WORDED = [name for name, entry in DIFFERENCES.items() if entry.reason == WORDING]


def adopted(name):
    """Their test of that name, as it is or expected to differ, with what it may warn of."""
    test = getattr(THEIRS, name)
    if name in DIFFERENCES:
        test = failing(test, DIFFERENCES[name])
    return pytest.mark.filterwarnings(FILTERS[name])(test) if name in FILTERS else test


for _name in [name for name in vars(THEIRS) if name.startswith("test_")]:
    if _name not in OTHER_ARRAYS:
        globals()[_name] = adopted(_name)


@pytest.fixture(params=[np.float64, np.float32])
def global_dtype(request):
    """The dtypes that scikit-learn's suite runs with."""
    return request.param


@pytest.fixture(params=[42])
def global_random_seed(request):
    """The seed that scikit-learn's suite runs with unless told otherwise."""
    return request.param


def test_every_listed_difference_is_about_a_test_of_theirs():
    assert set(DIFFERENCES) | set(FILTERS) | set(OTHER_ARRAYS) <= set(vars(THEIRS))


@pytest.mark.parametrize("name", WORDED)
def test_where_the_wording_differs_nothing_else_does(name, monkeypatch):
    wordless = types.SimpleNamespace(
        raises=lambda kind, match: pytest.raises(kind),
        warns=lambda kind, match: pytest.warns(kind),
    )
    monkeypatch.setattr(THEIRS, "pytest", wordless)
    getattr(THEIRS, name)()


@pytest.mark.parametrize("name", THEIRS.COVARIANCE_TYPE)
def test_given_precisions_appear_as_their_own_cholesky_factor(name, global_random_seed):
    data = THEIRS.RandomData(np.random.RandomState(global_random_seed))
    given = data.precisions[name]
    model = GaussianMixture(
        2, covariance_type=name, precisions_init=given, max_iter=0, random_state=0
    ).fit(data.X[name])
    factor = model.precisions_cholesky_
    product = factor @ np.swapaxes(factor, -1, -2) if name in ("full", "tied") else factor**2
    np.testing.assert_allclose(product, given, rtol=1e-10)


def test_the_number_of_iterations_is_counted_as_theirs():
    with pytest.warns(sklearn.exceptions.ConvergenceWarning):
        their_common_tests.test_gaussian_mixture_n_iter(GaussianMixture())


def test_more_components_than_rows_are_refused_as_theirs_in_other_words():
    with pytest.raises(AssertionError, match="fewer rows than components"):
        their_common_tests.test_mixture_n_components_greater_than_n_samples_error(GaussianMixture())
    with pytest.raises(InputError):
        GaussianMixture(12).fit(np.eye(10))


ARRAY_TESTS = """
import itertools
from test_scikit_learn_own_tests import THEIRS, OTHER_ARRAYS
complies, refuses = (getattr(THEIRS, name) for name in OTHER_ARRAYS)
kinds = THEIRS.COVARIANCE_TYPE
for init, kind, given in itertools.product(["random", "random_from_data"], kinds, [False, True]):
    complies(init, kind, "numpy", None, None, given)
    print(init, kind, given)
for init in ["kmeans", "k-means++"]:
    try:
        refuses(init, "numpy", None, None)
    except BaseException as failure:
        print(failure)
"""


def test_numpy_arrays_pass_where_other_array_libraries_are_switched_on():
    here = os.path.dirname(__file__)
    ended = subprocess.run(
        [sys.executable, "-c", ARRAY_TESTS],
        env=os.environ | {"SCIPY_ARRAY_API": "1", "PYTHONPATH": os.pathsep.join([here, *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    # Their k-means starts are not for such arrays; ours are, since rows become NumPy's anyway.
    assert ended.stdout.splitlines()[16:] == ["DID NOT RAISE NotImplementedError"] * 2
