"""What one step of a fit does, in plain words with the numbers of this step."""

from dataclasses import dataclass

import numpy as np

from gmmkit.core.checks import Float64Array
from gmmkit.lesson.steps import Lesson, Step
from gmmkit.lesson.wording import Wording, letter, percent

SURE = 0.95
# A share below this says nothing to a person.
_WORTH_NAMING = 0.005
OBJECTIVES = {"soft": "log likelihood", "hard": "classification log likelihood"}


@dataclass(frozen=True)
class StepWords:
    """One step in words.

    Attributes
    ----------
    expectation : str
        Whom the rows belong to now.
    maximization : str
        How the bells move for it.
    objective : str
        How well the bells describe the rows before they move.
    gain : str
        How much better they do afterwards.
    """

    expectation: str
    maximization: str
    objective: str
    gain: str


def milestones(n_steps: int, most: int) -> tuple[int, ...]:
    """Return which steps to show where there are too many: the first ones, then ever fewer.

    Parameters
    ----------
    n_steps, most : int

    Returns
    -------
    tuple of int
        Numbers from 1, the last one among them; about `most` of them at most.

    Examples
    --------
    >>> milestones(3, 8), milestones(40, 8)
    ((1, 2, 3), (1, 2, 3, 4, 7, 13, 22, 40))
    """
    if n_steps <= most:
        return tuple(range(1, n_steps + 1))
    first = most // 2
    later = np.geomspace(first, n_steps, most - first + 1).round().astype(int)
    return tuple(range(1, first + 1)) + tuple(sorted(set(later.tolist()) - {first}))


def least_sure(shares: Float64Array) -> int:
    """Return the row whose largest responsibility is smallest."""
    return int(shares.max(axis=1).argmin())


def n_sure(shares: Float64Array) -> int:
    """Return how many rows belong to one component by at least 95 %."""
    return int((shares.max(axis=1) >= SURE).sum())


def describe_step(lesson: Lesson, number: int, wording: Wording) -> StepWords:
    """Say what one step did.

    Parameters
    ----------
    lesson : Lesson
    number : int
        From 1 to the number of steps.
    wording : Wording

    Returns
    -------
    StepWords

    Examples
    --------
    >>> from gmmkit.lesson.steps import teach
    >>> rows = [[0.0], [1.0], [2.0], [7.0], [8.0], [9.0]]
    >>> lesson, = teach(rows, 2, assignments=["soft"])
    >>> describe_step(lesson, 1, Wording.of(["age_h"], rows)).maximization[:22]
    'A moves farthest: from'
    """
    step = lesson.steps[number - 1]
    earlier = lesson.steps[number - 2] if number > 1 else None
    tell = _hard_expectation if lesson.assignment == "hard" else _soft_expectation
    expectation = tell(lesson, step, earlier, wording)
    last = number == len(lesson.steps)
    later = lesson.log_likelihood if last else lesson.steps[number].log_likelihood
    return StepWords(
        expectation,
        _maximization(lesson, step, wording),
        f"{OBJECTIVES[lesson.assignment]} {step.log_likelihood:.1f}",
        f"{OBJECTIVES[lesson.assignment]} {later:.1f}, {_risen(later - step.log_likelihood)}",
    )


def _risen(gain: float) -> str:
    return f"up by {gain:.1f}" if gain >= 0.05 else "up by less than 0.1"


def _soft_expectation(lesson: Lesson, step: Step, earlier: Step | None, wording: Wording) -> str:
    shares = step.responsibilities
    if earlier is None:
        row = least_sure(shares)
        where = capitalized(wording.row(row, lesson.rows[row]))
        return f"{where} is the hardest to place: {written_shares(shares[row])}."
    change = shares - earlier.responsibilities
    row, to = (int(i) for i in np.unravel_index(change.argmax(), change.shape))
    before, after = (percent(float(r[row, to])) for r in (earlier.responsibilities, shares))
    where = capitalized(wording.row(row, lesson.rows[row]))
    if before == after:
        return f"No {wording.thing} changes by as much as a percent."
    return f"{where} changes most: {letter(to)} from {before} to {after}."


def _hard_expectation(lesson: Lesson, step: Step, earlier: Step | None, wording: Wording) -> str:
    labels = step.responsibilities.argmax(axis=1)
    if earlier is None:
        counts = np.bincount(labels, minlength=step.before.n_components).tolist()
        parts = ", ".join(f"{count} to {letter(k)}" for k, count in enumerate(counts))
        return f"Of {wording.count(len(labels))}, {parts}."
    previous = earlier.responsibilities.argmax(axis=1)
    movers = np.flatnonzero(labels != previous)
    if not len(movers):
        return f"No {wording.thing} changes sides."
    # The surest of those who change says most about where the border went.
    row = int(movers[step.before.responsibilities(lesson.rows[movers]).max(axis=1).argmax()])
    change = "changes" if len(movers) == 1 else "change"
    sides = f"from {letter(int(previous[row]))} to {letter(int(labels[row]))}"
    who = wording.row(row, lesson.rows[row])
    return f"{capitalized(wording.count(len(movers)))} {change} sides: {who} goes {sides}."


def _maximization(lesson: Lesson, step: Step, wording: Wording) -> str:
    spread = lesson.rows.std(axis=0)
    moved = np.abs((step.after.means - step.before.means) / spread).max(axis=1)
    farthest = int(moved.argmax())
    before, after = (wording.place(m.means[farthest]) for m in (step.before, step.after))
    if before == after:
        return "No center moves by as much as the last digit shown."
    return f"{letter(farthest)} moves farthest: from {before} to {after}."


def written_shares(shares: Float64Array) -> str:
    """Return how much one row belongs to each component, the largest share first."""
    order = [k for k in np.argsort(-shares, kind="stable") if shares[k] >= _WORTH_NAMING]
    return ", ".join(f"{percent(float(shares[k]))} {letter(int(k))}" for k in order)


def capitalized(text: str) -> str:
    """Return a sentence with a capital letter."""
    return text[:1].upper() + text[1:]
