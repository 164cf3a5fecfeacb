"""Plots show the numbers that they are given, on the axes that they are given."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import norm

from gmmkit.errors import InputError
from gmmkit.plot.detection import det_plot, score_histogram, tippett_plot
from gmmkit.plot.identification import cmc_plot, confusion_plot

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
pyplot = pytest.importorskip("matplotlib.pyplot")

RATES = np.array([0.0, 0.02, 0.1, 0.4, 1.0])
CURVE = SimpleNamespace(miss_rate=RATES, false_alarm_rate=RATES[::-1])

EVERY_PLOT = [
    lambda ax: det_plot({"a system": CURVE}, marks={"here": (0.1, 0.1)}, ax=ax),
    lambda ax: tippett_plot([1.0, 2.0], [-1.0], ax=ax),
    lambda ax: score_histogram([1.0, 2.0], [-1.0], thresholds={"here": 0.0}, ax=ax),
    lambda ax: cmc_plot({"a system": [0.5, 1.0]}, ax=ax),
    lambda ax: confusion_plot([[2, 1], [0, 3]], ["ana", "ben"], ax=ax),
]


@pytest.fixture(autouse=True)
def closed_figures():
    """Nothing stays open behind a test."""
    yield
    pyplot.close("all")


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.mark.parametrize("plot", EVERY_PLOT)
def test_a_plot_is_drawn_on_the_axes_that_are_given(plot):
    _, ax = pyplot.subplots()
    assert plot(ax) is ax
    assert len(pyplot.get_fignums()) == 1


@pytest.mark.parametrize("plot", EVERY_PLOT)
def test_a_plot_without_axes_gets_its_own_and_can_be_saved(plot, tmp_path):
    ax = plot(None)
    ax.figure.savefig(tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 5000
    assert ax.get_xlabel()
    assert ax.get_ylabel()


def test_a_det_curve_is_drawn_in_normal_deviates_within_the_limits():
    ax = det_plot({"a system": CURVE}, limits=(0.01, 0.6))
    x, y = ax.get_lines()[1].get_data()
    np.testing.assert_allclose(x, norm.ppf([0.99, 0.4, 0.1, 0.02, 0.01]))
    np.testing.assert_allclose(y, norm.ppf([0.01, 0.02, 0.1, 0.4, 0.99]))
    assert ax.get_xlim() == ax.get_ylim() == pytest.approx(norm.ppf([0.01, 0.6]))


def test_det_ticks_are_percent():
    ax = det_plot({"a system": CURVE}, limits=(0.009, 0.5))
    ticks = [float(label.get_text()) / 100 for label in ax.get_xticklabels()]
    assert ticks == [0.01, 0.02, 0.05, 0.1, 0.2, 0.4]
    np.testing.assert_allclose(ax.get_xticks(), norm.ppf(ticks))


@pytest.mark.parametrize("scale", [1.0, 0.1, 0.01])
def test_the_crossing_is_inside_a_det_plot_however_small(scale):
    rates = RATES * scale
    rates[-1] = 1.0
    curve = SimpleNamespace(miss_rate=rates, false_alarm_rate=rates[::-1])
    low, high = det_plot({"a system": curve}).get_xlim()
    assert low < norm.ppf(0.1 * scale) < high


def test_a_det_plot_names_curves_and_marks():
    assert legend_of(det_plot({"one": CURVE, "two": CURVE}, marks={"at sre08": (0.1, 0.2)})) == [
        "one",
        "two",
        "at sre08",
    ]


def test_curves_differ_by_more_than_color():
    lines = det_plot(dict.fromkeys("abc", CURVE)).get_lines()[1:]
    assert len({line.get_linestyle() for line in lines}) == 3


def test_a_tippett_plot_gives_shares_at_or_above_each_ratio():
    ax = tippett_plot(np.log(10) * np.array([1.0, 2.0]), np.log(10) * np.array([-1.0, 1.0]))
    x, y = ax.get_lines()[0].get_data()
    assert x[1:-1].tolist() == pytest.approx([1.0, 2.0])
    assert y.tolist() == [100.0, 50.0, 0.0, 0.0]


def test_a_histogram_has_area_one_for_each_kind():
    random = np.random.default_rng(0)
    ax = score_histogram(random.normal(2, 1, 50), random.normal(0, 1, 500), bins=20)
    for outline in ax.patches[:1] + ax.patches[2:3]:
        x, y = outline.get_xy().T
        area = abs(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2
        assert area == pytest.approx(1.0, rel=1e-6)


def test_infinite_scores_are_left_out_of_a_histogram():
    ax = score_histogram([1.0, 2.0, -np.inf], [0.0, 1.0])
    assert legend_of(ax)[0] == "target (n = 2)"


def test_a_match_curve_begins_at_rank_one():
    ax = cmc_plot({"a system": [0.5, 0.75, 1.0]})
    x, y = ax.get_lines()[0].get_data()
    assert (x.tolist(), y.tolist()) == ([1, 2, 3], [50.0, 75.0, 100.0])
    assert legend_of(ax) == ["a system, 50.0 % at rank 1"]


def test_a_confusion_matrix_shows_shares_of_rows_and_writes_counts():
    ax = confusion_plot([[2, 2], [0, 0]], ["ana", "ben"])
    assert ax.images[0].get_array().tolist() == [[50.0, 50.0], [0.0, 0.0]]
    assert [text.get_text() for text in ax.texts] == ["2", "2", "", ""]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["ana", "ben"]


def test_many_names_are_not_written_over_each_other():
    ax = confusion_plot(np.eye(60), [f"speaker {i}" for i in range(60)])
    assert not ax.texts
    assert "speaker 0" not in [label.get_text() for label in ax.get_yticklabels()]


@pytest.mark.parametrize(
    ("draw", "match"),
    [
        (lambda: det_plot({}), "there are no curves to draw"),
        (lambda: cmc_plot({}), "there are no curves to draw"),
        (lambda: tippett_plot([], [1.0]), "no finite target scores"),
        (lambda: score_histogram([1.0], [np.inf]), "no finite nontarget scores"),
        (lambda: confusion_plot([1, 2]), "these are no counts"),
        (lambda: confusion_plot([[-1]]), "these are no counts"),
        (lambda: confusion_plot([[1]], ["a", "b"]), "found 2 names for shape"),
    ],
)
def test_nothing_to_draw_is_refused_before_a_figure_is_made(draw, match):
    with pytest.raises(InputError, match=match):
        draw()
    assert not pyplot.get_fignums()


def test_without_matplotlib_the_command_to_install_it_is_given():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from gmmkit.plot.identification import cmc_plot\n"
        "try: cmc_plot({'a': [1.0]})\n"
        "except ImportError as error: print(error.code, error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("dependency.missing")
    assert 'pip install "gmmkit[plot]"' in done.stdout


def test_importing_the_plots_imports_no_matplotlib():
    code = "import sys, gmmkit.plot.detection; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
