"""Scenes as pictures: one panel a lesson, the words of the step under it."""

import textwrap
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmkit.errors import InputError, MissingDependencyError
from gmmkit.lesson.scenes import Scene, View, headline, scenes_of, view_of
from gmmkit.lesson.steps import Lesson
from gmmkit.lesson.wording import Wording, letter, percent
from gmmkit.plot.bells import LEVELS, bells_plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Uint8Array = npt.NDArray[np.uint8]

# Inches and dots an inch: two panels make 1000 by 580 pixels.
_PANEL_WIDTH, _HEIGHT, _DPI = 5.0, 5.8, 100
_CAPTION_WIDTH = 66
_LEGEND_WIDTH = 80
_MARGIN = 0.12
_TITLES = {
    "soft": "Soft: belongs to every bell in part",
    "hard": "Hard: belongs to one bell alone",
}
_INK, _PALE = "#222222", "#555555"


def draw_frames(
    lessons: Sequence[Lesson], wording: Wording, *, scenes: Sequence[Scene] | None = None
) -> Iterator[tuple[Scene, Uint8Array]]:
    """Draw every scene of some lessons, side by side.

    Parameters
    ----------
    lessons : sequence of Lesson
        From the same rows, of at least two columns; the first two are drawn.
    wording : Wording
    scenes : sequence of Scene, optional
        Those of `scenes_of` if not given.

    Returns
    -------
    iterator of (Scene, ndarray of shape (H, W, 3))
        Pictures of uint8, red, green and blue, all of one size; each is drawn when it is asked for.

    Raises
    ------
    InputError
        If there are fewer than two columns.
    MissingDependencyError
        If Matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.lesson.steps import teach
    >>> rows = np.random.default_rng(0).normal(size=(20, 2))
    >>> lessons = teach(rows, 2)
    >>> scene, picture = next(draw_frames(lessons, Wording.of(["a_g", "b_mm"], rows)))
    >>> scene.phase, picture.shape
    ('rows', (580, 1000, 3))
    """
    _check_plane(lessons)
    _check_matplotlib()
    shown = scenes_of(lessons) if scenes is None else scenes
    return ((scene, _pixels(_figure(lessons, scene, wording))) for scene in shown)


def _check_plane(lessons: Sequence[Lesson]) -> None:
    if lessons[0].rows.shape[1] < 2:
        raise InputError(
            "a picture needs two columns",
            found="one column",
            needed="one for each axis",
            hint="name a second column, or leave the picture out",
        )


def _check_matplotlib() -> None:
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(
            "pictures are drawn by Matplotlib",
            found="no matplotlib",
            hint='pip install "gmmkit[plot]"',
        ) from error


def _figure(lessons: Sequence[Lesson], scene: Scene, wording: Wording) -> "Figure":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_PANEL_WIDTH * len(lessons), _HEIGHT), dpi=_DPI, facecolor="white")
    panels = figure.subplots(1, len(lessons), squeeze=False)[0]
    left, right = 0.62 / (_PANEL_WIDTH * len(lessons)), 1 - 0.15 / (_PANEL_WIDTH * len(lessons))
    figure.subplots_adjust(left=left, right=right, top=0.86, bottom=0.27, wspace=0.17)
    for ax, lesson in zip(panels, lessons, strict=True):
        _panel(ax, lesson, view_of(lesson, scene, wording), wording)
    title = headline(scene, wording)
    size = 13 if len(lessons) > 1 else 10
    figure.text(0.5, 0.955, title, ha="center", size=size, color=_INK, weight="bold")
    legend = textwrap.fill(_legend(wording), _LEGEND_WIDTH * len(lessons))
    figure.text(0.5, 0.015, legend, ha="center", va="bottom", size=8, color=_PALE)
    return figure


def _panel(ax: "Axes", lesson: Lesson, view: View, wording: Wording) -> None:
    names = [letter(k) for k in range(lesson.mixture.n_components)]
    bells_plot(
        lesson.rows, view.mixture, view.responsibilities, names=names, trails=view.trail, ax=ax
    )
    across, up = wording.quantities[:2]
    ax.set(xlabel=across.label, ylabel=up.label, xlim=_limits(lesson, 0), ylim=_limits(lesson, 1))
    ax.set_title(_TITLES[lesson.assignment], size=10, color=_INK)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=8)
    text = textwrap.fill(view.text, _CAPTION_WIDTH)
    style: dict[str, Any] = {"transform": ax.transAxes, "ha": "left", "va": "top"}
    ax.text(0.0, -0.17, view.note, size=9, color=_INK, weight="bold", **style)
    ax.text(0.0, -0.235, text, size=9, color=_INK, linespacing=1.35, **style)


def _legend(wording: Wording) -> str:
    levels = " and ".join(percent(level) for level in LEVELS)
    mixing = f"Where a {wording.thing} belongs to several, their colors mix."
    return f"The ellipses hold {levels} of a bell. {mixing}"


def _limits(lesson: Lesson, column: int) -> tuple[float, float]:
    low, high = lesson.rows[:, column].min(), lesson.rows[:, column].max()
    margin = _MARGIN * (high - low)
    return float(low - margin), float(high + margin)


def _pixels(figure: "Figure") -> Uint8Array:
    width, height = (round(inches * _DPI) for inches in figure.get_size_inches())
    stream = BytesIO()
    figure.savefig(stream, format="rgba", dpi=_DPI)
    pixels = np.frombuffer(stream.getvalue(), dtype=np.uint8).reshape(height, width, 4)
    return pixels[:, :, :3].copy()
