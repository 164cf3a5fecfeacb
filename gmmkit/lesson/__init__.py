"""A fit, told step by step to somebody who has never heard of expectation-maximization."""

from typing import TYPE_CHECKING

from gmmkit.lazy import lazy_names

if TYPE_CHECKING:
    from gmmkit.lesson.beginning import start_by_chance
    from gmmkit.lesson.pictures import draw_frames
    from gmmkit.lesson.steps import Lesson, Step, follow, teach
    from gmmkit.lesson.story import narrate
    from gmmkit.lesson.wording import Wording

_HOMES = {
    "Lesson": "gmmkit.lesson.steps",
    "Step": "gmmkit.lesson.steps",
    "Wording": "gmmkit.lesson.wording",
    "draw_frames": "gmmkit.lesson.pictures",
    "follow": "gmmkit.lesson.steps",
    "narrate": "gmmkit.lesson.story",
    "start_by_chance": "gmmkit.lesson.beginning",
    "teach": "gmmkit.lesson.steps",
}

__all__ = [
    "Lesson",
    "Step",
    "Wording",
    "draw_frames",
    "follow",
    "narrate",
    "start_by_chance",
    "teach",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
