"""Which moments of a fit are shown, and what each of them shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gmmkit.core.checks import Float64Array
from gmmkit.core.mixture import Mixture
from gmmkit.lesson.steps import Lesson
from gmmkit.lesson.wording import Wording, percent
from gmmkit.lesson.words import (
    OBJECTIVES,
    SURE,
    describe_step,
    milestones,
    n_sure,
)

Phase = Literal["rows", "start", "expectation", "maximization", "both", "end"]

# The first steps are shown by halves; of the others only so many, and not all.
_BY_HALVES = 4
_MOST_STEPS = 16


@dataclass(frozen=True)
class Scene:
    """A moment that all lessons are shown at.

    Attributes
    ----------
    phase : str
        "rows", "start", "expectation", "maximization", "both" of these at once, or "end".
    step : int
        The number of the step, from 1; 0 before the first.
    seconds : float
        How long it is shown.
    """

    phase: Phase
    step: int
    seconds: float

    @property
    def name(self) -> str:
        """What a file of this scene is called; names sort as scenes follow each other.

        Examples
        --------
        >>> Scene("maximization", 3, 1.0).name
        'step-003-2-maximization'
        """
        order = {"rows": 0, "start": 1, "expectation": 1, "maximization": 2, "both": 2, "end": 3}
        return f"step-{self.step:03d}-{order[self.phase]}-{self.phase}"


@dataclass(frozen=True, eq=False)
class View:
    """What one lesson shows at a scene.

    Attributes
    ----------
    mixture : Mixture or None
    responsibilities : ndarray of shape (N, K) or None
    trail : tuple of ndarray of shape (K, D)
        The centers of all earlier steps.
    text : str
        What there is to say.
    note : str
        A line of numbers.
    """

    mixture: Mixture | None
    responsibilities: Float64Array | None
    trail: tuple[Float64Array, ...]
    text: str
    note: str


def scenes_of(lessons: Sequence[Lesson]) -> tuple[Scene, ...]:
    """Return the moments to show of some lessons, in order.

    Parameters
    ----------
    lessons : sequence of Lesson
        The longest one decides.

    Examples
    --------
    >>> from gmmkit.lesson.steps import teach
    >>> scenes = scenes_of(teach([[0.0], [1.0], [2.0], [7.0], [8.0], [9.0]], 2))
    >>> [scene.phase for scene in scenes[:4]]
    ['rows', 'start', 'expectation', 'maximization']
    """
    last = max(len(lesson.steps) for lesson in lessons)
    scenes = [Scene("rows", 0, 2.5), Scene("start", 0, 3.0)]
    for number in milestones(last, _MOST_STEPS):
        if number <= _BY_HALVES:
            scenes.append(Scene("expectation", number, 3.5 if number == 1 else 2.0))
            scenes.append(Scene("maximization", number, 3.5 if number == 1 else 2.0))
        else:
            scenes.append(Scene("both", number, 1.2))
    return (*scenes, Scene("end", last, 8.0))


def headline(scene: Scene, wording: Wording) -> str:
    """Return the title of a scene.

    Examples
    --------
    >>> headline(Scene("start", 0, 1.0), Wording((), "fruit"))
    'The start: equal bells around fruits drawn by chance'
    """
    thing = wording.thing
    return {
        "rows": f"What was measured: no {thing} has a name yet",
        "start": f"The start: equal bells around {thing}s drawn by chance",
        "expectation": f"Step {scene.step}, E: how much does each {thing} belong to each bell?",
        "maximization": f"Step {scene.step}, M: each bell moves to what belongs to it",
        "both": f"Step {scene.step}, E and M",
        "end": "Where the bells stand",
    }[scene.phase]


def view_of(lesson: Lesson, scene: Scene, wording: Wording) -> View:
    """Return what a lesson shows at a scene; one that stands already shows how it stands.

    Parameters
    ----------
    lesson : Lesson
    scene : Scene
    wording : Wording

    Returns
    -------
    View
    """
    if scene.phase == "rows":
        return View(None, None, (), f"{wording.count(len(lesson.rows))}, nothing known of them", "")
    if scene.phase == "start":
        return View(lesson.start, None, (), "Nothing belongs to any bell yet.", "")
    if scene.phase == "end" or scene.step > len(lesson.steps):
        return _standing(lesson, wording)
    words, step = describe_step(lesson, scene.step, wording), lesson.steps[scene.step - 1]
    trail = tuple(s.before.means for s in lesson.steps[: scene.step])
    if scene.phase == "expectation":
        note = words.objective
        return View(step.before, step.responsibilities, trail[:-1], words.expectation, note)
    said = [words.expectation] * (scene.phase == "both") + [words.maximization]
    return View(step.after, step.responsibilities, trail, " ".join(said), words.gain)


def _standing(lesson: Lesson, wording: Wording) -> View:
    trail = tuple(step.before.means for step in lesson.steps)
    n_rows, n_steps = len(lesson.rows), len(lesson.steps)
    sure = n_sure(lesson.mixture.responsibilities(lesson.rows))
    text = f"{sure} of {wording.count(n_rows)} surely belong to one bell (by {percent(SURE)})."
    if lesson.assignment == "hard":
        text = f"All {n_rows} are put into one wholly; only {sure} surely belong there."
    state = f"stands after {n_steps} steps" if lesson.settled else f"ended after {n_steps} steps"
    note = f"{state}, {OBJECTIVES[lesson.assignment]} {lesson.log_likelihood:.1f}"
    return View(lesson.mixture, lesson.responsibilities, trail, text, note)
