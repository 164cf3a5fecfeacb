"""The GaussianMixture estimator beyond scikit-learn's: families, containers, streams, refusals."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from strategies import blobs

from gmmkit import Mixture, fit
from gmmkit.core.families import family_names
from gmmkit.errors import DataWarning, InputError, InputTypeError, ParameterError
from gmmkit.estimators import GaussianMixture

ROWS = blobs(200, 2, 3, seed=3, separation=4.0)
WIDE = [name for name in family_names() if name not in ("E", "V")]
FAST = {"random_state": 0, "max_iter": 25, "tol": 1e-2}


def fitted(rows=ROWS, **options):
    """A model of three components."""
    return GaussianMixture(3, **(FAST | options)).fit(rows)


@pytest.mark.parametrize("name", WIDE)
def test_every_family_gives_precisions_that_invert_its_covariances(name):
    model = fitted(covariance_type=name)
    assert model.precisions_.shape == model.covariances_.shape
    kind = model.mixture_.covariance.family
    dense = [kind.dense(values, 3, 2) for values in (model.covariances_, model.precisions_)]
    np.testing.assert_allclose(dense[0] @ dense[1], [np.eye(2)] * 3, atol=1e-9)


@pytest.mark.parametrize("name", WIDE)
def test_every_family_gives_factors_whose_squares_are_the_precisions(name):
    model = fitted(covariance_type=name)
    factor = model.precisions_cholesky_
    axis_aligned = model.mixture_.covariance.family.axis_aligned
    square = factor**2 if axis_aligned else factor @ np.swapaxes(factor, -1, -2)
    expected = np.broadcast_to(model.precisions_, square.shape)
    np.testing.assert_allclose(square, expected, rtol=1e-7)


@pytest.mark.parametrize("name", ["E", "V"])
def test_the_families_of_one_column_refuse_two(name):
    assert fitted(ROWS[:, :1], covariance_type=name).means_.shape == (3, 1)
    with pytest.raises(ParameterError, match="column"):
        fitted(covariance_type=name)


@pytest.mark.parametrize("name", WIDE)
def test_precisions_to_begin_from_are_taken_in_the_shape_of_every_family(name):
    given = fitted(covariance_type=name).precisions_
    model = fitted(covariance_type=name, precisions_init=given, max_iter=0)
    np.testing.assert_allclose(model.precisions_, given, rtol=1e-9)


@pytest.mark.parametrize(
    "given",
    [
        np.asfortranarray(ROWS),
        ROWS.tolist(),
        np.lib.stride_tricks.as_strided(ROWS, ROWS.shape, ROWS.strides, writeable=False),
        ROWS.astype(">f8"),
        ROWS.astype(np.longdouble),
    ],
    ids=["Fortran order", "lists", "read-only", "big-endian", "long double"],
)
def test_rows_in_any_layout_give_the_same_fit(given):
    assert fitted(given).means_.tobytes() == fitted().means_.tobytes()


def test_integers_are_fitted_as_float64():
    whole = np.round(10 * ROWS).astype(np.int16)
    assert fitted(whole).means_.tobytes() == fitted(whole.astype(float)).means_.tobytes()


def test_rows_are_left_as_they_were():
    rows = ROWS.copy()
    fitted(rows)
    assert (rows == ROWS).all()


def test_attributes_of_float32_rows_are_rounded_and_the_mixture_is_not():
    model = fitted(ROWS.astype(np.float32))
    assert model.means_.dtype == np.float32
    assert model.mixture_.means.dtype == np.float64
    assert (model.means_ == model.mixture_.means.astype(np.float32)).all()


def test_attributes_that_float32_cannot_hold_stay_float64():
    model = fitted((ROWS * 1e-22).astype(np.float32))
    assert model.covariances_.dtype == np.float64
    assert (np.linalg.eigvalsh(model.covariances_) > 0).all()
    assert np.isfinite(model.precisions_).all()


@pytest.mark.parametrize("method", ["predict", "predict_proba", "transform", "score", "bic"])
def test_asking_before_a_fit_is_refused_as_scikit_learn_does(method):
    with pytest.raises(NotFittedError):
        getattr(GaussianMixture(), method)(ROWS)


def test_masked_values_are_refused():
    with pytest.raises(InputError, match="masked"):
        GaussianMixture().fit(np.ma.masked_less(ROWS, 0))


def test_sparse_rows_are_refused():
    from scipy.sparse import csr_array

    with pytest.raises(InputTypeError, match=r"[Ss]parse"):
        GaussianMixture().fit(csr_array(ROWS))


@pytest.mark.parametrize("cell", [np.nan, np.inf, 1e200, "text", 1j], ids=str)
def test_cells_that_are_no_usable_numbers_are_refused(cell):
    rows = ROWS.astype(object)
    rows[3, 1] = cell
    with pytest.raises(InputError):
        GaussianMixture().fit(rows.tolist())


def test_integers_too_large_for_float64_are_warned_of():
    rows = 2**60 + np.arange(40).reshape(20, 2) * 2**20
    with pytest.warns(DataWarning, match="2\\*\\*53"):
        GaussianMixture(covariance_type="spherical").fit(rows)


def test_rows_of_another_width_are_refused():
    with pytest.raises(InputError, match="features"):
        fitted().predict(ROWS[:, :1])


def test_transforming_gives_the_probabilities():
    model = fitted()
    assert (model.transform(ROWS) == model.predict_proba(ROWS)).all()
    assert model.get_feature_names_out().tolist() == [f"gaussianmixture{k}" for k in range(3)]


def test_the_first_batch_of_a_stream_is_fitted():
    first = GaussianMixture(3, **FAST).partial_fit(ROWS)
    assert first.means_.tobytes() == fitted().means_.tobytes()


def test_a_stream_comes_to_the_mixture_that_it_is_drawn_from():
    truth = Mixture([0.3, 0.7], [[-3.0], [3.0]], np.array([[[1.0]], [[2.0]]]))
    model = GaussianMixture(2, random_state=0)
    for seed in range(40):
        model.partial_fit(truth.sample(250, seed))
    order = np.argsort(model.means_[:, 0])
    # After 10,000 rows the estimates are off by about .03 in deviation; .2 is six times that.
    np.testing.assert_allclose(model.weights_[order], truth.weights, atol=0.1)
    np.testing.assert_allclose(model.means_[order], truth.means, atol=0.2)
    np.testing.assert_allclose(model.covariances_[order], truth.covariances, atol=0.5)


def test_a_batch_that_counts_wholly_is_one_iteration_of_em():
    model = fitted(forgetting=1.0)
    other = ROWS[:150] + 0.2
    start = model.mixture_
    model.partial_fit(other)
    step = GaussianMixture(
        3,
        max_iter=1,
        weights_init=start.weights,
        means_init=start.means,
        precisions_init=np.linalg.inv(start.covariances),
    )
    with pytest.warns(match="did not converge"):
        step.fit(other)
    np.testing.assert_allclose(model.means_, step.means_, rtol=1e-8)
    np.testing.assert_allclose(model.covariances_, step.covariances_, rtol=1e-7)


def test_weights_of_a_batch_are_frequencies():
    counts = np.random.default_rng(0).integers(1, 4, 100)
    weighted, repeated = fitted(), fitted()
    weighted.partial_fit(ROWS[:100], sample_weight=counts)
    repeated.partial_fit(np.repeat(ROWS[:100], counts, axis=0))
    np.testing.assert_allclose(weighted.means_, repeated.means_, rtol=1e-9)


def test_a_fit_after_a_stream_begins_anew():
    model = fitted().partial_fit(ROWS[:50]).fit(ROWS)
    assert model.means_.tobytes() == fitted().means_.tobytes()
    once = fitted().partial_fit(ROWS[:50])
    assert model.partial_fit(ROWS[:50]).means_.tobytes() == once.means_.tobytes()


def test_a_batch_of_another_width_is_refused_and_changes_nothing():
    model = fitted()
    before = model.means_.tobytes()
    with pytest.raises(InputError):
        model.partial_fit(ROWS[:, :1])
    assert model.means_.tobytes() == before


def test_a_warm_start_stands_still_once_two_gains_in_a_row_are_small():
    options = {"random_state": 0, "init_params": "random", "warm_start": True}
    model = GaussianMixture(3, max_iter=1, tol=1e-3, **options)
    scores = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        while len(scores) < 200 and not (scores and model.converged_):
            scores.append(model.fit(ROWS).lower_bound_)
    assert model.converged_
    assert (np.diff(scores) < 1e-3).tolist()[-3:] == [False, True, True]


GAPS = np.where(np.random.default_rng(8).random(ROWS.shape) < 0.1, np.nan, ROWS)


def test_missing_cells_are_refused_unless_asked_for():
    with pytest.raises(InputError, match="NaN"):
        fitted(GAPS)
    with pytest.raises(InputError, match="NaN"):
        fitted().predict(GAPS)


def test_rows_with_missing_cells_are_scored_by_the_cells_that_are_there():
    model = fitted(GAPS, missing="marginalize")
    first = ~np.isnan(GAPS[:, 0]) & np.isnan(GAPS[:, 1])
    marginal = Mixture(model.weights_, model.means_[:, :1], model.covariances_[:, :1, :1])
    expected = marginal.log_density(GAPS[first, :1])
    np.testing.assert_allclose(model.score_samples(GAPS)[first], expected, rtol=1e-9)
    shares = marginal.responsibilities(GAPS[first, :1])
    np.testing.assert_allclose(model.predict_proba(GAPS)[first], shares, rtol=1e-9, atol=1e-12)
    assert (model.predict(GAPS) == model.predict_proba(GAPS).argmax(axis=1)).all()


def test_infinite_cells_are_not_missing():
    rows = GAPS.copy()
    rows[0, 0] = np.inf
    with pytest.raises(InputError, match="infinity"):
        fitted(rows, missing="marginalize")


def test_masked_cells_are_missing_where_missing_cells_are_allowed():
    masked = np.ma.masked_array(np.nan_to_num(GAPS, nan=99.0), np.isnan(GAPS))
    model = fitted(masked, missing="marginalize")
    assert model.means_.tobytes() == fitted(GAPS, missing="marginalize").means_.tobytes()
    np.testing.assert_array_equal(model.score_samples(masked), model.score_samples(GAPS))


@pytest.mark.parametrize(
    "option",
    [
        {"trim": 0.1},
        {"noise": 0.05},
        {"assignment": "hard"},
        {"prior": "default"},
        {"fixed": Mixture([1.0], [[0.0, 0.0]], np.eye(2)[None])},
    ],
    ids=lambda option: next(iter(option)),
)
def test_what_the_core_can_be_asked_for_is_passed_on(option):
    model = fitted(**option)
    seed = int(np.random.RandomState(0).randint(2**31 - 1))
    result = fit(ROWS, 3, start="kmeans", seed=seed, tol=1e-2, max_iter=25, **option)
    assert model.means_.tobytes() == result.mixture.means.tobytes()
    assert model.means_.tobytes() != fitted().means_.tobytes()


def test_the_share_of_noise_is_missing_from_the_probabilities():
    far = np.concatenate([ROWS, [[60.0, -60.0]]])
    model = fitted(far, noise=0.05)
    assert model.predict_proba(far)[-1].sum() < 1e-3
    assert model.predict_proba(far)[:-1].sum(axis=1).mean() > 0.9


@pytest.mark.parametrize(
    "bad", [{"missing": "ignore"}, {"trim": 1.0}, {"assignment": "firm"}, {"forgetting": 2.0}]
)
def test_options_of_the_core_out_of_range_are_refused(bad):
    with pytest.raises(ParameterError):
        fitted(**bad).partial_fit(ROWS)


def test_a_search_finds_at_least_what_k_means_leads_to():
    found = fitted(init_params="search", tol=1e-6, max_iter=200)
    assert found.lower_bound_ >= fitted(tol=1e-6, max_iter=200).lower_bound_ - 1e-6


@pytest.mark.parametrize(
    "option",
    [
        {"trim": 0.1},
        {"assignment": "hard"},
        {"fixed": Mixture([1.0], [[0.0, 0.0]], np.eye(2)[None])},
    ],
    ids=lambda option: next(iter(option)),
)
def test_a_stream_refuses_what_it_cannot_keep_to(option):
    with pytest.raises(ParameterError, match=f"stream cannot keep to {next(iter(option))}"):
        GaussianMixture(3, **option).partial_fit(ROWS)
