"""Arrays and arguments that must not be fitted: each is refused with what was found and needed.

And those that look bad and are not: they are fitted, with a warning where digits were lost.
"""

import time
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import sparse
from strategies import FAMILIES, blobs, stable

from gmmkit import GaussianMixture, Mixture, fit
from gmmkit.core.em import e_step
from gmmkit.errors import DataWarning, GmmkitError, GmmkitWarning, InputError, ParameterError

ROWS = blobs(40, 2, 2, seed=1)


def refuse(call, kind=InputError):
    """Make a call and return its error, after checking what all refusals share."""
    start = time.perf_counter()
    with pytest.raises(kind) as caught:
        call()
    error = caught.value
    assert time.perf_counter() - start < 1
    assert error.exit_code == 3
    assert isinstance(error, ValueError)
    assert error.needed or error.hint
    return error


def with_value(value, row=7):
    """The rows with one value replaced."""
    rows = ROWS.copy()
    rows[row, 1] = value
    return rows


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e400])
def test_a_value_that_is_not_finite_is_refused_with_its_row(value):
    assert "row 7" in refuse(lambda: fit(with_value(value), 2)).found


def test_a_value_that_is_not_finite_is_found_behind_the_first_block():
    rows = np.zeros((100_000, 1))
    rows[99_999] = np.nan
    assert "row 99999" in refuse(lambda: fit(rows, 1)).found


@pytest.mark.parametrize("value", [1e200, -1e200])
def test_a_value_too_large_to_square_is_refused_with_its_size(value):
    error = refuse(lambda: fit(with_value(value), 2))
    assert "1.0e+200" in error.found
    assert "1e+150" in error.needed


def test_float32_rows_with_nan_are_refused_too():
    assert "row 7" in refuse(lambda: fit(with_value(np.nan).astype(np.float32), 2)).found


def test_rows_of_weight_zero_have_to_be_finite_too():
    weights = np.where(np.arange(40) == 7, 0.0, 1.0)
    refuse(lambda: fit(with_value(np.nan), 2, sample_weight=weights))


@pytest.mark.parametrize("shape", [(3,), (2, 3, 4), (1, 1, 1, 1)])
def test_rows_that_are_not_two_dimensional_are_refused_with_their_shape(shape):
    error = refuse(lambda: fit(np.ones(shape), 1))
    assert str(shape) in error.found
    assert "columns" in error.needed


def test_a_single_number_is_refused():
    refuse(lambda: fit(3.0, 1))


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_no_rows_or_no_columns_are_refused_with_the_shape(shape):
    assert str(shape) in refuse(lambda: fit(np.ones(shape), 1)).found


@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csr_array, sparse.coo_matrix])
def test_sparse_rows_are_refused_with_the_way_out(make):
    error = refuse(lambda: fit(make(ROWS), 2))
    assert "toarray" in error.hint


def test_masked_rows_are_refused_with_the_number_of_masked_values():
    masked = np.ma.masked_greater(ROWS, np.median(ROWS))
    assert "40 masked" in refuse(lambda: fit(masked, 2)).found


def test_a_masked_array_that_masks_nothing_is_fitted():
    plain, masked = (fit(rows, 2, seed=0) for rows in (ROWS, np.ma.masked_array(ROWS)))
    assert plain.log_likelihood == masked.log_likelihood


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128, "datetime64[s]", "timedelta64[s]"])
def test_rows_of_something_else_than_real_numbers_are_refused_with_the_dtype(dtype):
    rows = ROWS.astype(np.int64).astype(dtype)
    assert str(np.dtype(dtype)) in str(refuse(lambda: fit(rows, 2)))


@pytest.mark.parametrize("cell", ["text", None, [1, 2], object(), 1j])
def test_a_cell_that_is_no_number_is_refused(cell):
    rows = np.empty((2, 2), dtype=object)
    rows[:] = 1.0
    rows[1, 1] = cell
    refuse(lambda: fit(rows, 1))


def test_text_is_refused():
    refuse(lambda: fit(np.array([["1", "2"], ["3", "4"]]), 1))


def test_ragged_rows_are_refused():
    refuse(lambda: fit([[1.0, 2.0], [3.0]], 1))


def test_a_record_array_is_refused():
    refuse(lambda: fit(np.zeros(4, dtype=[("a", float), ("b", float)]), 1))


def test_objects_that_are_all_numbers_are_fitted():
    rows = ROWS.astype(object)
    assert fit(rows, 2, seed=0).log_likelihood == fit(ROWS, 2, seed=0).log_likelihood


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint16, np.int64, np.float16])
def test_other_real_types_are_fitted_as_float64(dtype):
    rows = np.random.default_rng(2).integers(0, 2, (50, 2)).astype(dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GmmkitWarning)
        result = fit(rows, 1)
    np.testing.assert_allclose(result.mixture.means[0], rows.astype(float).mean(axis=0))


def test_integers_beyond_exact_floats_are_fitted_with_a_warning():
    rows = 2**60 + np.arange(0, 40 * 2**12, 2**12).reshape(-1, 1)
    with pytest.warns(DataWarning, match=r"2\*\*53"):
        fit(rows, 1)


def test_integers_that_floats_hold_exactly_are_fitted_without_one():
    fit(2**50 + np.arange(40).reshape(-1, 1), 1)


@pytest.mark.parametrize(
    "weights",
    [
        -np.ones(40),
        np.where(np.arange(40) == 3, -1e-9, 1.0),
        np.where(np.arange(40) == 3, np.nan, 1.0),
        np.where(np.arange(40) == 3, np.inf, 1.0),
        np.zeros(40),
        np.ones(39),
        np.ones((40, 1)),
        -1.0,
        np.nan,
    ],
)
def test_weights_that_are_no_frequencies_are_refused(weights):
    assert "sample_weight" in refuse(lambda: fit(ROWS, 2, sample_weight=weights)).problem


@pytest.mark.parametrize("weights", ["equal", ["a"] * 40, np.ones(40) * 1j, [[1], [2, 3]]])
def test_weights_that_are_no_numbers_are_refused_as_ours(weights):
    refuse(lambda: fit(ROWS, 2, sample_weight=weights))


def test_a_negative_weight_is_refused_with_its_row():
    weights = np.where(np.arange(40) == 3, -2.0, 1.0)
    assert "-2.0 in row 3" in refuse(lambda: fit(ROWS, 2, sample_weight=weights)).found


def test_weights_whose_sum_overflows_are_refused():
    refuse(lambda: fit(ROWS, 2, sample_weight=np.full(40, 1e308)))


@pytest.mark.parametrize("k", [0, -1, 2.5, 2.0, True, "3", None, np.nan])
def test_a_number_of_components_that_is_no_count_is_refused_with_it(k):
    error = refuse(lambda: fit(ROWS, k), ParameterError)
    assert error.found == repr(k)
    assert "n_components" in error.problem


def test_more_components_than_rows_are_refused_with_both():
    error = refuse(lambda: fit(ROWS, 41))
    assert "40 rows" in error.found
    assert "41 components" in error.found
    assert "40" in error.hint


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tol", -1e-3),
        ("tol", np.nan),
        ("tol", np.inf),
        ("tol", "small"),
        ("tol", True),
        ("max_iter", -1),
        ("max_iter", 2.5),
        ("max_iter", True),
        ("max_iter", None),
        ("n_init", 0),
        ("n_init", 1.5),
        ("reg_covar", -1.0),
        ("reg_covar", np.nan),
        ("reg_covar", "auto"),
        ("n_threads", 0),
        ("n_threads", 1.5),
        ("seed", -1),
        ("seed", 1.5),
        ("seed", "today"),
        ("covariance", "round"),
        ("covariance", None),
        ("precision", "half"),
        ("start", "warm"),
        ("floor", -1.0),
        ("floor", [1.0, np.nan]),
        ("floor", [1.0, 2.0, 3.0]),
        ("floor", "step"),
        ("floor", [[1.0, 2.0]]),
    ],
)
def test_an_argument_out_of_its_range_is_refused_by_name(name, value):
    error = refuse(lambda: fit(ROWS, 2, **{name: value}), ParameterError)
    assert name in error.problem


@pytest.mark.parametrize("family", FAMILIES)
def test_no_iterations_are_legal(family):
    assert fit(ROWS, 2, covariance=family, max_iter=0, seed=0).n_iter == 0


def test_an_infinite_patience_is_legal():
    assert fit(ROWS, 2, tol=0, max_iter=5, seed=0).n_iter <= 5


def test_the_absolute_ridge_of_another_unit_is_reported_by_name_not_by_nan():
    assert np.isfinite(fit(ROWS * 1e-20, 2, reg_covar=1e-6, seed=0).log_likelihood)


@pytest.mark.parametrize("method", ["log_density", "responsibilities", "labels"])
@pytest.mark.parametrize("bad", [with_value(np.nan), ROWS[:, :1], ROWS[0], sparse.csr_matrix(ROWS)])
def test_a_mixture_refuses_to_score_what_it_would_not_fit(method, bad):
    mixture = Mixture([1.0], [[0.0, 0.0]], [np.eye(2)])
    refuse(lambda: getattr(mixture, method)(bad))


def test_an_e_step_refuses_what_a_fit_would():
    mixture = Mixture([1.0], [[0.0, 0.0]], [np.eye(2)])
    refuse(lambda: e_step(with_value(np.nan), mixture))
    refuse(lambda: e_step(ROWS, mixture, np.zeros(40)))
    refuse(lambda: e_step(ROWS[:, :1], mixture))


@pytest.mark.parametrize("method", ["predict", "predict_proba", "score_samples", "score", "bic"])
def test_an_estimator_refuses_to_predict_before_it_was_fitted(method):
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError, match="not fitted"):
        getattr(GaussianMixture(2), method)(ROWS)


def test_an_estimator_refuses_to_sample_before_it_was_fitted():
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError, match="not fitted"):
        GaussianMixture(2).sample(3)


@pytest.mark.parametrize("bad", [with_value(np.nan), ROWS[0], sparse.csr_matrix(ROWS), ROWS * 1j])
def test_an_estimator_refuses_what_a_fit_would_as_ours(bad):
    with pytest.raises(InputError):
        GaussianMixture(2).fit(bad)


def test_an_estimator_refuses_rows_of_another_width():
    model = GaussianMixture(2, random_state=0).fit(ROWS)
    with pytest.raises(InputError, match="2 features"):
        model.predict(np.ones((3, 5)))


@settings(stable, max_examples=60)
@given(
    arrays.arrays(
        dtype=st.sampled_from([np.float64, np.float32, np.int64, np.uint8]),
        shape=arrays.array_shapes(min_dims=1, max_dims=3, max_side=6),
    ),
    st.integers(-1, 4),
    st.sampled_from(FAMILIES),
)
def test_any_array_is_fitted_or_refused_and_never_anything_else(rows, k, family):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GmmkitWarning)
        try:
            result = fit(rows, k, covariance=family, seed=0, max_iter=20)
        except GmmkitError:
            return
    assert np.isfinite(result.log_likelihood)
    assert np.isfinite(result.mixture.means).all()
