"""What a fit is given and asked: rows as they are read, demands that do not go together, noise."""

import numpy as np
import pytest
from gaps import with_gaps
from strategies import blobs, make_mixture

from gmmkit import ConjugatePrior, Mixture, Noise, fit
from gmmkit.core.fits.data import read_data, robust_core
from gmmkit.core.fits.uniform import uniform_noise, with_noise
from gmmkit.core.sources.arrays import ArraySource
from gmmkit.errors import InputError, ParameterError

FAR = 5.0  # deviations: exceeded by chance once in 1.7 million


def test_rows_of_weight_zero_are_left_out_and_the_others_remembered_by_place():
    data = read_data([[1.0], [2.0], [3.0]], [0.0, 2.0, 0.0], n_components=1)
    assert data.complete.rows.tolist() == [[2.0]]
    assert data.complete.weights.tolist() == [2.0]
    assert data.index.tolist() == [1]
    assert (data.n_given, data.n_left_out, data.has_gaps) == (3, 0, False)
    assert data.source is data.complete


def test_a_row_without_any_cell_is_left_out_and_counted():
    rows = [[1.0, 2.0], [np.nan, np.nan], [3.0, np.nan], [5.0, 6.0]]
    data = read_data(rows, n_components=1, missing="marginalize")
    assert sorted(data.index.tolist()) == [0, 2, 3]
    assert (data.n_given, data.n_left_out, data.has_gaps) == (4, 1, True)
    assert np.isfinite(data.complete.rows).all()
    observed = np.asarray(rows)[data.index]
    same = np.isnan(observed) | (observed == data.complete.rows)
    assert same.all()


def test_only_a_label_of_one_component_names_a_row():
    rows = np.arange(4.0)[:, None]
    allowed = [[True, False, False], [True, True, False], [True] * 3, [False, False, True]]
    data = read_data(rows, n_components=3, labels=np.array(allowed))
    assert data.labels[np.argsort(data.index)].tolist() == [0, -1, -1, 2]


def test_missing_cells_are_refused_unless_they_are_asked_to_be_marginalized():
    rows = with_gaps(blobs(20))
    with pytest.raises(InputError):
        read_data(rows, n_components=2)
    assert read_data(rows, n_components=2, missing="marginalize").has_gaps


@pytest.mark.parametrize("missing", ["ignore", "", None, "Refuse"])
def test_an_unknown_treatment_of_gaps_is_refused_with_those_there_are(missing):
    with pytest.raises(ParameterError, match="'refuse' or 'marginalize'"):
        read_data(blobs(20), n_components=2, missing=missing)


@pytest.mark.parametrize("seed", range(3))
def test_the_robust_core_is_the_rows_nearest_to_the_medians(seed):
    rows = np.random.default_rng(seed).standard_t(2, size=(101, 3)) * [1.0, 50.0, 0.01]
    center = np.median(rows, axis=0)
    typical = np.median(np.abs(rows - center), axis=0)
    distances = [sum(((row - center) / typical) ** 2) for row in rows]
    nearest = np.sort(np.argsort(distances, kind="stable")[:81])
    assert robust_core(ArraySource(rows), 0.2).rows.tolist() == rows[nearest].tolist()


def test_a_constant_column_has_no_say_in_what_the_core_is():
    rows = np.column_stack([np.arange(10.0), np.full(10, 3.0)])
    core = robust_core(ArraySource(rows), 0.5)
    assert sorted(core.rows[:, 0].tolist()) == [2.0, 3.0, 4.0, 5.0, 6.0]


ROWS = blobs(60, 2, 2, seed=1)
GAPS = with_gaps(ROWS, 0.1)
LABELS = np.where(np.arange(60) < 5, 0, -1)
WIDE = Mixture([0.5, 0.5], [[-5.0, 0.0], [5.0, 0.0]], [40 * np.eye(2)] * 2)
PRIOR = ConjugatePrior([0.0, 0.0], 0.01, 4.0, [1.0, 1.0])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"trim": 0.1, "noise": True}, "trimming does not go with"),
        ({"trim": 0.1, "labels": LABELS}, "trimming does not go with"),
        ({"trim": 0.1, "missing": "marginalize"}, "trimming does not go with"),
        ({"noise": 0.1, "missing": "marginalize"}, "a noise component needs complete rows"),
        ({"noise": Noise(0.1, -3.0), "missing": "marginalize"}, "needs complete rows"),
        ({"prior": "flat"}, "no such prior"),
        ({"prior": ""}, "no such prior"),
        ({"prior": PRIOR}, "the prior does not suit full"),
        ({"covariance": "tied", "fixed": make_mixture("tied", 1, 2)}, "cannot be fixed"),
        ({"covariance": "VEV", "fixed": make_mixture("full", 1, 2)}, "cannot be fixed"),
        ({"fixed": make_mixture("diag", 1, 2)}, "fixed components do not match"),
        ({"fixed": make_mixture("full", 1, 3)}, "fixed components do not match"),
        ({"fixed": make_mixture("full", 3, 2)}, "fixed components do not match"),
        ({"fixed": make_mixture("full", 1, 2, noise=0.1)}, "fixed components do not match"),
        ({"noise": 0.0}, "share of noise"),
        ({"noise": 1.0}, "share of noise"),
        ({"noise": -0.1}, "share of noise"),
        ({"noise": "some"}, "share of noise"),
        ({"labels": np.full(60, 2)}, "a label names no component"),
        ({"labels": LABELS[:59]}, "labels do not match the rows"),
        ({"covariance": "V"}, "is for one column"),
    ],
)
def test_what_does_not_go_together_is_refused_by_name(options, words):
    rows = GAPS if options.get("missing") == "marginalize" else ROWS
    with pytest.raises(InputError, match=words):
        fit(rows, 2, seed=0, **options)


@pytest.mark.parametrize(
    "options",
    [
        {"noise": False, "missing": "marginalize"},
        {"noise": None, "trim": 0.1},
        {"noise": False, "trim": 0.1},
        {"noise": True, "labels": LABELS},
        {"noise": True, "prior": "default"},
        {"prior": "default", "missing": "marginalize", "labels": LABELS},
        {"prior": PRIOR, "covariance": "VEI"},
        {"fixed": make_mixture("full", 1, 2), "missing": "marginalize"},
        {"fixed": WIDE, "noise": True},
        {"assignment": "hard", "noise": True, "prior": "default"},
        {"assignment": "hard", "trim": 0.2},
    ],
)
def test_what_goes_together_is_fitted(options):
    rows = GAPS if options.get("missing") == "marginalize" else ROWS
    result = fit(rows, 2, seed=0, start="kmeans", **options)
    assert np.isfinite(result.log_likelihood)
    assert (result.mixture.noise is not None) == bool(options.get("noise"))


def test_the_volume_of_noise_is_that_of_the_box_along_the_columns():
    rows = np.random.default_rng(2).uniform([0, -5], [2, 45], (500, 2))
    sides = np.ptp(rows, axis=0)
    noise = uniform_noise(ArraySource(rows), 0.2)
    assert noise.weight == 0.2
    assert noise.log_density == pytest.approx(-np.log(sides).sum(), abs=0.1)
    assert noise.log_density >= -np.log(sides).sum() - 1e-12


def test_the_box_stands_along_the_principal_axes_where_that_is_smaller():
    """A band of 60 by 1 at 45 degrees: 60 along its axes, about 1,800 along the columns."""
    band = np.random.default_rng(3).uniform([-30, -0.5], [30, 0.5], (2000, 2))
    turned = band @ (np.array([[1.0, 1.0], [-1.0, 1.0]]) / np.sqrt(2))
    assert uniform_noise(ArraySource(turned)).log_density == pytest.approx(-np.log(60), abs=0.05)


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_the_density_of_noise_follows_the_units(unit):
    rows = blobs(80, 3)
    plain, moved = (uniform_noise(ArraySource(x)).log_density for x in (rows, unit * rows + 9.0))
    assert moved == pytest.approx(plain - 3 * np.log(unit), abs=1e-8)


def test_rows_without_volume_are_refused_with_the_column():
    rows = np.column_stack([np.arange(5.0), np.full(5, 2.0)])
    with pytest.raises(ParameterError, match="a constant column 1"):
        uniform_noise(ArraySource(rows))


def test_noise_beside_a_mixture_takes_its_share_of_the_weights():
    mixture = with_noise(make_mixture("full", 3, 2), Noise(0.25, -3.0))
    np.testing.assert_allclose(mixture.weights, 0.75 * make_mixture("full", 3, 2).weights)
    assert with_noise(mixture, Noise(0.5, -1.0)) is mixture
    plain = make_mixture("full", 3, 2)
    assert with_noise(plain, None) is plain


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_the_share_of_noise_is_recovered_from_a_sample(share):
    """Clusters cover a hundredth of the box: the estimate has hardly more than binomial spread."""
    n, random = 3000, np.random.default_rng(4)
    noisy = random.random(n) < share
    clusters = random.choice([-20.0, 20.0], size=(n, 1)) + random.normal(size=(n, 2))
    rows = np.where(noisy[:, None], random.uniform(-60, 60, (n, 2)), clusters)
    mixture = fit(rows, 2, noise=True, seed=0, start="kmeans").mixture
    assert abs(mixture.noise.weight - share) < FAR * 1.05 * np.sqrt(share * (1 - share) / n)
    assert mixture.noise.log_density == pytest.approx(-2 * np.log(120), abs=0.03)


def test_noise_of_a_density_of_ones_own_keeps_it():
    noise = Noise(0.2, -7.5)
    fitted = fit(ROWS, 2, noise=noise, seed=0, start="kmeans").mixture.noise
    assert fitted.log_density == pytest.approx(-7.5, abs=1e-12)


def test_a_start_that_is_a_mixture_gets_noise_too():
    start = Mixture([0.5, 0.5], ROWS[:2], [np.eye(2)] * 2)
    assert fit(ROWS, 2, noise=0.1, start=start, max_iter=0).mixture.noise.weight == 0.1
