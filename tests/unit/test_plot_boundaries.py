"""A precision-recall curve shows the values that it is given, over lines of equal F."""

from types import SimpleNamespace

import numpy as np
import pytest

from gmmkit.errors import InputError
from gmmkit.plot.boundaries import precision_recall_plot

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
pyplot = pytest.importorskip("matplotlib.pyplot")

CURVE = SimpleNamespace(precision=np.array([0.4, 0.8, 0.0]), recall=np.array([0.9, 0.6, 0.0]))


@pytest.fixture
def axes():
    """Axes that are closed behind the test."""
    figure, ax = pyplot.subplots()
    yield ax
    pyplot.close(figure)


def test_the_curve_is_drawn_on_the_axes_that_are_given(axes):
    assert precision_recall_plot({"ours": CURVE}, ax=axes) is axes
    x, y = axes.get_lines()[-2].get_data()
    assert (list(x), list(y)) == (list(CURVE.recall), list(CURVE.precision))


def test_the_best_f_is_marked_and_in_the_legend(axes):
    precision_recall_plot({"ours": CURVE}, ax=axes)
    assert [each[0] for each in axes.get_lines()[-1].get_data()] == [0.6, 0.8]
    assert axes.get_legend_handles_labels()[1] == ["ours, F 0.686"]


def test_f_is_the_same_along_each_line_behind(axes):
    precision_recall_plot({"ours": CURVE}, ax=axes)
    for line, f in zip(axes.get_lines(), np.arange(1, 10) / 10, strict=False):
        recall, precision = line.get_data()
        assert 2 * precision * recall / (precision + recall) == pytest.approx(f)


def test_no_curve_is_refused():
    with pytest.raises(InputError, match="no curves"):
        precision_recall_plot({})
