"""Plots of mixtures and fits show the numbers that they should, on the axes that they are given."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import chi2, multivariate_normal
from strategies import blobs, make_mixture

from gmmkit import Mixture, Noise
from gmmkit.core.assignments import assign
from gmmkit.core.em import Iteration
from gmmkit.core.fits.optima import Optimum
from gmmkit.errors import InputError, ParameterError
from gmmkit.plot.densities import density_plot
from gmmkit.plot.fits import selection_plot, starts_plot, trace_plot
from gmmkit.plot.mixtures import contour_plot, ellipse_plot
from gmmkit.plot.pairs import pair_plot
from gmmkit.plot.uncertainty import uncertainty_plot

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
pyplot = pytest.importorskip("matplotlib.pyplot")

MIXTURE = make_mixture("full", 3, 3, seed=1)
ROWS = MIXTURE.sample(60, seed=0)
LINE = Mixture([0.3, 0.7], [[0.0], [5.0]], [[[1.0]], [[4.0]]])
TRACE = [
    Iteration(-3.0, "float32", 1),
    Iteration(-2.0, "float64", 0),
    Iteration(-1.5, "float64", 0),
]
OPTIMA = [
    Optimum(-5.0, True, 3, LINE),
    Optimum(-9.0, True, 2, LINE),
    Optimum(-1.0, False, 1, LINE),
]
TABLE = [("full", 1, 30.0), ("full", 2, 20.0), ("diag", 1, 25.0), ("diag", 2, np.nan)]

EVERY_PLOT = [
    lambda ax: ellipse_plot(MIXTURE, ROWS, ax=ax),
    lambda ax: contour_plot(MIXTURE, ROWS, ax=ax),
    lambda ax: density_plot(MIXTURE, ROWS, ax=ax),
    lambda ax: uncertainty_plot(MIXTURE, ROWS, ax=ax),
    lambda ax: trace_plot(TRACE, ax=ax),
    lambda ax: starts_plot(OPTIMA, ax=ax),
    lambda ax: selection_plot(TABLE, ax=ax),
]


@pytest.fixture(autouse=True)
def closed_figures():
    """Nothing stays open behind a test."""
    yield
    pyplot.close("all")


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def points_of(ax):
    return np.concatenate(
        [group.get_offsets() for group in ax.collections if len(group.get_offsets())]
    )


@pytest.mark.parametrize("plot", EVERY_PLOT)
def test_a_plot_is_drawn_on_the_axes_that_are_given(plot):
    _, ax = pyplot.subplots()
    assert plot(ax) is ax
    assert len(pyplot.get_fignums()) == 1


@pytest.mark.parametrize("plot", EVERY_PLOT)
def test_a_plot_without_axes_gets_its_own_and_can_be_saved(plot, tmp_path):
    ax = plot(None)
    ax.figure.savefig(tmp_path / "plot.png", dpi=50)
    assert (tmp_path / "plot.png").stat().st_size > 2000
    assert ax.get_xlabel()
    assert ax.get_ylabel()


def test_the_axes_of_an_ellipse_hold_the_share_in_the_plane_shown():
    ax = ellipse_plot(MIXTURE, columns=(2, 0), levels=[0.9])
    for k, ellipse in enumerate(ax.patches):
        covariance = MIXTURE.covariances[k][np.ix_([2, 0], [2, 0])]
        expected = 2 * np.sqrt(chi2.ppf(0.9, df=2) * np.linalg.eigvalsh(covariance))
        assert sorted([ellipse.width, ellipse.height]) == pytest.approx(sorted(expected))
        assert list(ellipse.center) == MIXTURE.means[k, [2, 0]].tolist()


def test_every_point_of_an_ellipse_has_one_mahalanobis_distance():
    ax = ellipse_plot(MIXTURE, columns=(0, 1), levels=[0.75])
    for k, ellipse in enumerate(ax.patches):
        inverse = np.linalg.inv(MIXTURE.covariances[k][:2, :2])
        unit = np.array([[np.cos(t), np.sin(t)] for t in np.linspace(0, 2 * np.pi, 9)])
        around = ellipse.get_patch_transform().transform(unit) - MIXTURE.means[k, :2]
        squares = np.einsum("ni,ij,nj->n", around, inverse, around)
        np.testing.assert_allclose(squares, chi2.ppf(0.75, df=2))


def test_levels_come_nested_and_the_outer_one_is_named_with_its_share():
    ax = ellipse_plot(MIXTURE, levels=[0.95, 0.5])
    assert len(ax.patches) == 6
    assert ax.patches[0].width < ax.patches[1].width
    names = [f"{k}  ({100 * weight:.1f} %)" for k, weight in enumerate(MIXTURE.weights)]
    assert legend_of(ax) == names


def test_many_components_are_numbered_where_they_are():
    k = 11
    means = np.arange(2.0 * k).reshape(k, 2)
    ax = ellipse_plot(Mixture(np.full(k, 1 / k), means, np.array([np.eye(2)] * k)))
    assert ax.get_legend() is None
    assert [text.get_text() for text in ax.texts] == [str(index) for index in range(k)]
    assert [tuple(text.xy) for text in ax.texts] == [tuple(mean) for mean in means.tolist()]


def test_a_component_without_a_share_is_not_drawn():
    mixture = Mixture([1.0, 0.0], [[0.0, 0.0], [9.0, 9.0]], [np.eye(2)] * 2)
    assert len(ellipse_plot(mixture, levels=[0.5]).patches) == 1


def test_rows_are_colored_by_their_component_in_all_columns():
    ax = ellipse_plot(MIXTURE, ROWS, columns=(0, 1))
    labels = MIXTURE.labels(ROWS)
    drawn = [group.get_offsets() for group in ax.collections]
    assert [len(group) for group in drawn] == [int((labels == k).sum()) for k in np.unique(labels)]
    np.testing.assert_array_equal(drawn[0], ROWS[labels == labels.min()][:, :2])


def test_labels_that_are_given_color_the_rows():
    labels = np.arange(60) % 2
    assert len(ellipse_plot(MIXTURE, ROWS, labels=labels).collections) == 2


def test_very_many_rows_are_thinned_evenly():
    rows = np.tile(ROWS, (1000, 1))
    ax = ellipse_plot(MIXTURE, rows, labels=np.zeros(len(rows), int))
    np.testing.assert_array_equal(ax.collections[0].get_offsets(), rows[::3, :2])


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_contours_hold_their_share_of_the_mixture(share):
    ax = contour_plot(MIXTURE, columns=(0, 2), levels=[share])
    sample = MIXTURE.sample(40_000, seed=5)[:, [0, 2]]
    pair = [0, 2]
    flat = Mixture(
        MIXTURE.weights, MIXTURE.means[:, pair], MIXTURE.covariances[:, pair][:, :, pair]
    )
    inside = flat.log_density(sample) >= np.log(ax.collections[0].levels[0])
    # Five standard errors: a false alarm in two million runs, and the seed is fixed.
    assert inside.mean() == pytest.approx(share, abs=5 * np.sqrt(share * (1 - share) / 40_000))


def test_contours_of_a_thin_component_beside_a_wide_one_are_found():
    covariances = np.array([np.eye(2) * 100.0, np.diag([1e-4, 1e-4])])
    mixture = Mixture([0.5, 0.5], [[0.0, 0.0], [5.0, 5.0]], covariances)
    ax = contour_plot(mixture, levels=[0.49])
    peak = 0.5 * multivariate_normal([5.0, 5.0], covariances[1]).pdf([5.0, 5.0])
    # Of a round Gaussian, a share s lies where the density is above 1 - s of its peak.
    assert ax.collections[0].levels[0] == pytest.approx((1 - 0.49 / 0.5) * peak, rel=0.2)


def test_regions_are_named_from_the_smallest_to_the_largest():
    assert legend_of(contour_plot(MIXTURE, levels=[0.95, 0.5])) == ["50 %", "95 %"]


def test_a_density_is_the_sum_of_its_components_and_has_area_one():
    ax = density_plot(LINE)
    lines = [line.get_data() for line in ax.get_lines()]
    x, total = lines[-1]
    np.testing.assert_allclose(total, lines[0][1] + lines[1][1])
    np.testing.assert_allclose(total, np.exp(LINE.log_density(x[:, None])))
    assert np.trapezoid(total, x) == pytest.approx(1.0, abs=1e-3)


def test_a_density_along_one_of_many_columns_is_the_marginal():
    flat = MIXTURE.means[:, :2], MIXTURE.covariances[:, :2, :2]
    joint = Mixture(MIXTURE.weights, *flat)
    x, total = density_plot(joint, column=1).get_lines()[-1].get_data()
    for place in (100, 250):
        integral, _ = quad(
            lambda u, v: float(np.exp(joint.log_density([[u, v]])[0])), -20, 20, args=(x[place],)
        )
        assert total[place] == pytest.approx(integral, rel=1e-6)


def test_noise_lifts_the_density_of_a_single_column():
    noisy = Mixture([0.5], [[0.0]], [[[1.0]]], Noise(0.5, -3.0))
    x, total = density_plot(noisy, [[-9.0], [30.0]]).get_lines()[-1].get_data()
    np.testing.assert_allclose(total, np.exp(noisy.log_density(x[:, None])))
    assert (x.min(), x.max()) == (-9.0, 30.0)


def test_a_histogram_below_a_density_has_area_one_and_counts_weights():
    rows = np.repeat([[0.0], [1.0]], [10, 10], axis=0)
    weights = np.repeat([3.0, 1.0], 10)
    bars = density_plot(LINE, rows, weights=weights).patches
    areas = [bar.get_height() * bar.get_width() for bar in bars]
    assert sum(areas) == pytest.approx(1.0)
    assert areas[0] == pytest.approx(0.75)


def test_the_most_uncertain_twentieth_of_the_rows_is_black():
    mixture = Mixture([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.0]], [np.eye(2)] * 2)
    rows = mixture.sample(200, seed=1)
    ax = uncertainty_plot(mixture, rows)
    uncertainty = assign(mixture, rows).uncertainty
    black = ax.collections[-1].get_offsets()
    np.testing.assert_array_equal(black, rows[uncertainty > np.quantile(uncertainty, 0.95)])
    assert len(black) == 10
    assert len(points_of(ax)) == 200


def test_rows_without_doubt_are_not_made_to_stand_out():
    mixture = Mixture([0.5, 0.5], [[-90.0, 0.0], [90.0, 0.0]], [np.eye(2)] * 2)
    ax = uncertainty_plot(mixture, mixture.sample(100, seed=1))
    assert len(ax.collections) == 2
    assert not any("above" in name for name in legend_of(ax))


def test_a_trace_is_drawn_by_its_arithmetic_with_the_floors_marked():
    ax = trace_plot(TRACE)
    assert ax.get_lines()[0].get_data()[1].tolist() == [-3.0, -2.0, -1.5]
    assert [len(group.get_offsets()) for group in ax.collections] == [1, 2, 1]
    assert legend_of(ax) == ["float32 arithmetic", "float64 arithmetic", "a floor acts"]


def test_gaps_of_a_trace_are_those_to_its_last_value():
    ax = trace_plot(TRACE, gaps=True)
    assert ax.get_yscale() == "log"
    assert ax.get_lines()[0].get_data()[1].tolist() == [1.5, 0.5]


def test_starts_are_sorted_and_a_collapsed_one_is_not_the_best():
    ax = starts_plot(OPTIMA)
    assert points_of(ax)[:, 1].tolist() == [-5.0, -5.0, -5.0, -9.0, -9.0, -1.0]
    assert points_of(ax)[:, 0].tolist() == [2, 3, 4, 5, 6, 1]
    assert ax.get_title(loc="left") == "3 of 6 starts at the best"
    assert legend_of(ax) == ["valid", "collapsed"]


def test_a_selection_has_a_curve_a_family_and_marks_the_best():
    ax = selection_plot(TABLE)
    assert legend_of(ax) == ["full", "diag", "best: full, 2"]
    assert ax.get_lines()[0].get_data()[1].tolist() == [30.0, 20.0]
    assert np.isnan(ax.get_lines()[1].get_data()[1][1])


def test_the_best_of_a_selection_may_be_the_highest():
    ax = selection_plot(TABLE, lower_is_better=False, criterion="score")
    assert legend_of(ax)[-1] == "best: full, 1"
    assert ax.get_ylabel() == "score (higher is better)"


def test_pairs_have_densities_on_the_diagonal_and_every_column_one_range():
    grid = pair_plot(MIXTURE, ROWS, names=["a", "b", "c"])
    assert grid.shape == (3, 3)
    for column in range(3):
        ranges = {grid[row, column].get_xlim() for row in range(3)}
        ranges |= {grid[column, other].get_ylim() for other in range(3) if other != column}
        assert len(ranges) == 1
    assert [ax.get_title(loc="left") for ax in grid.diagonal()] == ["a", "b", "c"]
    assert [ax.get_xlabel() for ax in grid[2]] == ["a", "b", "c"]


def test_an_ellipse_of_a_pair_is_that_of_its_columns():
    ellipse = pair_plot(MIXTURE, level=0.9)[2, 1].patches[0]
    covariance = MIXTURE.covariances[0][1:, 1:]
    expected = 2 * np.sqrt(chi2.ppf(0.9, df=2) * np.linalg.eigvalsh(covariance))
    assert sorted([ellipse.width, ellipse.height]) == pytest.approx(sorted(expected))
    assert list(ellipse.center) == MIXTURE.means[0, 1:].tolist()


def test_pairs_are_drawn_on_a_grid_that_is_given():
    figure, axes = pyplot.subplots(2, 2)
    grid = pair_plot(MIXTURE, columns=[2, 0], axes=axes)
    assert grid[0, 0] is axes[0, 0]
    assert pyplot.get_fignums() == [figure.number]


def test_pairs_of_a_single_column_are_its_density():
    grid = pair_plot(LINE, blobs(30, 1))
    assert grid.shape == (1, 1)
    assert len(grid[0, 0].get_lines()) == 3


@pytest.mark.parametrize(
    ("draw", "error", "match"),
    [
        (lambda: ellipse_plot(LINE), ParameterError, "no such columns to show: found"),
        (lambda: ellipse_plot(MIXTURE, columns=(1, 1)), ParameterError, "needed different numbers"),
        (lambda: ellipse_plot(MIXTURE, columns=(0, 1, 2)), ParameterError, "a plane has two"),
        (lambda: ellipse_plot(MIXTURE, levels=[1.0]), ParameterError, "levels are not usable"),
        (lambda: contour_plot(MIXTURE, levels=[]), ParameterError, "levels are not usable"),
        (lambda: contour_plot(MIXTURE, levels=[0.5, 0.5]), ParameterError, "different shares"),
        (lambda: contour_plot(MIXTURE, names=["a"]), ParameterError, "found 1 names; needed 3"),
        (lambda: ellipse_plot(MIXTURE, ROWS, labels=[0]), InputError, "labels do not match"),
        (lambda: ellipse_plot(MIXTURE, ROWS[:, :2]), InputError, "found 2 columns; needed 3"),
        (lambda: density_plot(LINE, column=1), ParameterError, "no such columns to show"),
        (lambda: uncertainty_plot(MIXTURE, [[np.nan] * 3]), InputError, "NaN or infinity"),
        (lambda: trace_plot([]), InputError, "there are no iterations to draw"),
        (lambda: starts_plot([]), InputError, "there are no optima to draw"),
        (lambda: selection_plot([("a", 1, np.nan)]), InputError, "no finite values"),
        (lambda: selection_plot([("a", 1, 0.0)] * 2), InputError, "components twice: found fam"),
        (lambda: pair_plot(MIXTURE, level=1.0), ParameterError, "level is not usable"),
        (lambda: pair_plot(MIXTURE, columns=[]), ParameterError, "cannot be shown: found 0"),
        (lambda: pair_plot(MIXTURE, axes=np.empty((2, 2))), InputError, r"needed \(3, 3\)"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_a_figure_is_made(draw, error, match):
    with pytest.raises(error, match=match):
        draw()
    assert not pyplot.get_fignums()
