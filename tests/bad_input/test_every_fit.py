"""Bad rows, weights and parameters through every way to fit: refused, or fitted with a warning.

What `fit` alone has to say of each in detail stands in test_arrays.py.
"""

import contextlib
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError
from strategies import blobs

import gmmkit
from gmmkit.errors import DataWarning, FitWarning, InputError, ParameterError

ROWS = blobs(40, 2, 2, seed=1)
CLASSES = np.arange(40) % 2


@dataclass(frozen=True)
class Way:
    """A way to fit rows, and the mixtures that come of it."""

    name: str
    fit: Callable[..., Any]
    mixtures: Callable[[Any], tuple[gmmkit.Mixture, ...]] = lambda fitted: (fitted.mixture,)

    def __call__(self, rows, **options):
        return self.fit(rows, **options)


def selected(rows, n_components=(1, 2), **options):
    """Select among one and two components of one family."""
    return gmmkit.select(rows, n_components, "full", **{"start": "kmeans"} | options)


def estimator(name):
    """A function that fits an estimator to rows, and to what belongs to them."""

    def fitted(rows, sample_weight=None, **options):
        options = {"random_state" if k == "seed" else k: v for k, v in options.items()}
        usual = {"max_iter": 200} | ({} if "Bayesian" in name else {"init_params": "kmeans"})
        model = getattr(gmmkit, name)(**usual | options)
        y = np.resize(CLASSES, np.shape(rows)[0] if np.ndim(rows) else 1)
        return model.fit(rows, y, sample_weight=sample_weight)

    return fitted


CORE = [
    Way("fit", lambda rows, n_components=2, **o: gmmkit.fit(rows, n_components, **o)),
    Way("select", selected, lambda fitted: (fitted.best.mixture,)),
    Way("fit_bayes", lambda rows, n_components=2, **o: gmmkit.fit_bayes(rows, n_components, **o)),
]
ESTIMATORS = [
    Way(
        name,
        estimator(name),
        lambda fitted: getattr(fitted, "mixtures_", None) or (fitted.mixture_,),
    )
    for name in (
        "GaussianMixture",
        "BayesianGaussianMixture",
        "GaussianMixtureClassifier",
        "GaussianMixtureRegressor",
        "MixtureOutlierDetector",
    )
]
each_way = pytest.mark.parametrize("way", CORE + ESTIMATORS, ids=lambda way: way.name)
each_estimator = pytest.mark.parametrize("way", ESTIMATORS, ids=lambda way: way.name)


def refuse(call, kind=InputError):
    """Make a call and return its error, which says more than one word and is ours."""
    with pytest.raises(kind) as caught, quiet():
        call()
    assert caught.value.exit_code == 3
    assert len(str(caught.value)) > 20
    return caught.value


@contextlib.contextmanager
def quiet():
    """Ignore what is warned of before an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def assert_sound(way, fitted):
    """Every number of the fitted mixtures is finite, and their covariances positive definite."""
    for mixture in way.mixtures(fitted):
        assert np.isfinite(mixture.weights).all()
        assert np.isfinite(mixture.means).all()
        deviations = np.sqrt(np.diagonal(mixture.covariances, axis1=1, axis2=2))
        correlations = mixture.covariances / (deviations[:, :, None] * deviations[:, None])
        assert (np.linalg.eigvalsh(correlations) > 0).all()


def fitted_with_warning(way, rows, match, **options):
    """Fit, and check that a warning of ours says what it should and that the fit is sound."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted = way(rows, seed=0, **options)
    assert {warning.category for warning in caught} <= {DataWarning, FitWarning}
    assert any(re.search(match, str(warning.message)) for warning in caught)
    assert_sound(way, fitted)
    return fitted


# Rows without enough in them


@each_way
def test_a_constant_column_is_fitted_with_a_warning_that_names_it(way):
    fitted_with_warning(way, np.insert(ROWS, 1, 3.0, axis=1), r"columns \[1\] are constant")


@each_way
def test_collinear_columns_are_fitted_with_a_warning_that_says_diagonal(way):
    rows = np.column_stack([ROWS, ROWS.sum(axis=1)])
    fitted_with_warning(way, rows, "linearly dependent.*'diag'")


@each_way
def test_fewer_rows_than_components_are_refused_with_their_number(way):
    options = {"n_components": [5]} if way.name == "select" else {"n_components": 5}
    if way.name == "GaussianMixtureClassifier":
        fitted_with_warning(way, ROWS[:4], "it is fitted by 1 component", **options)
    else:
        assert "4" in refuse(lambda: way(ROWS[:4], seed=0, **options)).found


@each_way
def test_fewer_rows_than_columns_are_fitted_with_a_warning(way):
    rows = np.random.default_rng(0).normal(size=(4, 6))
    fitted_with_warning(way, rows, "linearly dependent|rows are few|has 2 rows")


@each_way
def test_rows_that_are_all_the_same_are_fitted_with_a_warning(way):
    fitted = fitted_with_warning(way, np.full((40, 2), 3.0), r"columns \[0, 1\] are constant")
    for mixture in way.mixtures(fitted):
        np.testing.assert_allclose(mixture.means[mixture.weights > 0.1][:, :2], 3.0)


# Sizes


@each_way
def test_an_offset_of_a_hundred_million_only_moves_the_fit(way):
    # The rows are whole sixty-fourths, so that the offset costs them no digits.
    rows = np.round(64 * ROWS) / 64
    near, far = (way.mixtures(way(given, seed=0)) for given in (rows, rows + 1e8))
    for one, other in zip(near, far, strict=True):
        np.testing.assert_allclose(other.means[:, :2] - 1e8, one.means[:, :2], atol=1e-5)
        np.testing.assert_allclose(other.covariances, one.covariances, rtol=1e-4, atol=1e-7)


@each_way
@pytest.mark.parametrize(
    ("scale", "words"),
    [(1e-200, "too close together to square"), (1e200, "too large to square")],
)
def test_sizes_whose_squares_float64_cannot_hold_are_refused_with_the_way_out(way, scale, words):
    error = refuse(lambda: way(ROWS * scale, seed=0))
    assert words in error.problem
    assert "e-200" in error.found or "e+200" in error.found
    assert error.hint


@each_way
def test_the_sizes_of_float32_are_fitted_whatever_they_are(way):
    for scale in (1e-30, 1e30):
        assert_sound(way, way((ROWS * scale).astype(np.float32), seed=0))


@each_way
def test_float32_rows_are_fitted_as_their_numbers_in_float64(way):
    single = ROWS.astype(np.float32)
    one, other = (way.mixtures(way(rows, seed=0)) for rows in (single, single.astype(float)))
    for of_single, of_double in zip(one, other, strict=True):
        assert of_single.means.dtype == np.float64
        np.testing.assert_allclose(of_single.means, of_double.means, rtol=1e-9, atol=1e-9)


@each_way
def test_integers_beyond_exact_floats_are_fitted_with_a_warning(way):
    rows = np.round(ROWS * 2**20).astype(np.int64) + 2**60
    with pytest.warns(DataWarning, match=r"beyond 2\*\*53 lose digits.*subtract an offset"):
        assert_sound(way, way(rows, seed=0))


# Weights


@each_way
@pytest.mark.parametrize(
    ("weights", "found"),
    [
        (np.where(np.arange(40) == 3, -2.0, 1.0), "-2.0 in row 3"),
        (np.where(np.arange(40) == 3, np.nan, 1.0), "nan in row 3"),
        (np.where(np.arange(40) == 3, np.inf, 1.0), "inf in row 3"),
        (np.zeros(40), "all zero"),
        (np.ones(39), "(39,)"),
    ],
    ids=["negative", "NaN", "infinite", "all zero", "too few"],
)
def test_weights_that_are_no_frequencies_are_refused_with_what_was_found(way, weights, found):
    error = refuse(lambda: way(ROWS, sample_weight=weights, seed=0))
    assert "sample_weight" in error.problem
    assert found in error.found


@each_way
def test_weights_that_are_no_numbers_are_refused(way):
    refuse(lambda: way(ROWS, sample_weight=["heavy"] * 40, seed=0))


@each_way
def test_rows_of_weight_zero_count_for_nothing(way):
    spoiled = np.concatenate([ROWS, [[1e3, -1e3]] * 2])
    weights = np.append(np.ones(40), [0.0, 0.0])
    alone = way.mixtures(way(ROWS, seed=0))
    beside = way.mixtures(way(spoiled, sample_weight=weights, seed=0))
    for one, other in zip(alone, beside, strict=True):
        np.testing.assert_allclose(one.means, other.means, rtol=1e-8, atol=1e-8)


# Parameters


@each_way
@pytest.mark.parametrize("count", [0, -1, 2.5, True, "3", np.nan])
def test_a_number_of_components_that_is_none_is_refused_with_it(way, count):
    given = [count] if way.name == "select" else count
    error = refuse(lambda: way(ROWS, n_components=given, seed=0), ParameterError)
    assert error.found == repr(count)
    assert "n_components" in error.problem


@each_way
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tol", -1e-3),
        ("tol", np.nan),
        ("max_iter", -1),
        ("max_iter", 2.5),
        ("n_init", 0),
        ("reg_covar", -1.0),
        ("precision", "half"),
        ("n_threads", 0),
        ("seed", -1),
        ("seed", "today"),
    ],
)
def test_an_argument_out_of_its_range_is_refused_by_name(way, name, value):
    error = refuse(lambda: way(ROWS, **{"seed": 0} | {name: value}), ParameterError)
    assert name in error.problem or name == "seed"
    assert error.found


@each_way
def test_no_iterations_give_the_start(way):
    assert_sound(way, way(ROWS, max_iter=0, seed=0))


# What is no table of numbers


@each_way
@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (sparse.csr_array(ROWS), "sparse"),
        (sparse.csr_matrix(ROWS), "sparse"),
        (np.ma.masked_greater(ROWS, np.median(ROWS)), "40 masked values"),
        (ROWS * 1j, "complex"),
        (ROWS.astype(str), "numbers|numeric"),
        (ROWS.astype("datetime64[s]"), "datetime64"),
        (np.where(np.arange(80).reshape(40, 2) == 15, np.nan, ROWS), "row 7"),
        (np.where(np.arange(80).reshape(40, 2) == 15, np.inf, ROWS), "row 7"),
        (ROWS[:, 0], "2D|dimensions"),
        (ROWS[None], "dim"),
        (ROWS[:0], r"\(0, 2\)"),
        (ROWS[:, :0], r"\(40, 0\)"),
        (None, "dimensions|array"),
        ("rows.csv", "numbers|array"),
    ],
    ids=[
        "sparse array",
        "sparse matrix",
        "masked",
        "complex",
        "text",
        "dates",
        "NaN",
        "infinity",
        "one dimension",
        "three dimensions",
        "no rows",
        "no columns",
        "None",
        "a name",
    ],
)
def test_what_is_no_table_of_numbers_is_refused_in_words(way, rows, words):
    error = refuse(lambda: way(rows, seed=0))
    with pytest.raises(InputError, match=f"(?i){words}"):
        raise error


@each_way
def test_a_mask_that_hides_nothing_is_no_mask(way):
    plain, masked = (way.mixtures(way(r, seed=0)) for r in (ROWS, np.ma.masked_array(ROWS)))
    assert plain[0].means.tobytes() == masked[0].means.tobytes()


# Between fitting and predicting


@each_estimator
def test_predicting_before_a_fit_is_refused_as_scikit_learn_does(way):
    with pytest.raises(NotFittedError, match="not fitted"):
        getattr(gmmkit, way.name)().predict(ROWS)


@each_estimator
def test_columns_in_another_order_than_fitted_are_refused(way):
    pandas = pytest.importorskip("pandas")
    model = way(pandas.DataFrame(ROWS, columns=["weight", "hue"]), seed=0)
    error = refuse(lambda: model.predict(pandas.DataFrame(ROWS, columns=["hue", "weight"])))
    assert "order" in str(error)


@each_estimator
def test_another_number_of_columns_than_fitted_is_refused_with_both(way):
    model = way(ROWS, seed=0)
    error = refuse(lambda: model.predict(np.ones((3, 5))))
    assert "5 features" in str(error)
    assert "2 features" in str(error)


@each_estimator
@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e200])
def test_predicting_refuses_the_cells_that_a_fit_would(way, bad):
    model = way(ROWS, seed=0)
    refuse(lambda: model.predict(np.where(np.arange(80).reshape(40, 2) == 15, bad, ROWS)))


@pytest.mark.parametrize("classes", [np.full(40, np.nan), ROWS[:, 0], CLASSES[:-1], None])
def test_classes_that_are_none_are_refused(classes):
    refuse(lambda: gmmkit.GaussianMixtureClassifier().fit(ROWS, classes))


@pytest.mark.parametrize(
    "targets", [np.full(40, np.nan), ["much"] * 40, [1e200] * 40, CLASSES[:-1], None]
)
def test_targets_that_are_none_are_refused(targets):
    refuse(lambda: gmmkit.GaussianMixtureRegressor().fit(ROWS, targets))
