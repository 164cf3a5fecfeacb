"""A whole fit as a text for somebody who has never heard of any of it."""

import textwrap
from collections.abc import Iterator, Sequence

import numpy as np

from gmmkit.lesson.steps import Lesson
from gmmkit.lesson.wording import Wording, letter, percent
from gmmkit.lesson.words import (
    OBJECTIVES,
    SURE,
    capitalized,
    describe_step,
    least_sure,
    milestones,
    n_sure,
    written_shares,
)

_STEPS_TOLD = 8
_WIDTH = 88


def narrate(lessons: Sequence[Lesson], wording: Wording, *, seed: int | None = None) -> str:
    """Tell what a mixture is, what each step did, and what came out.

    Parameters
    ----------
    lessons : sequence of Lesson
        From the same start, as `teach` returns them.
    wording : Wording
    seed : int, optional
        What the start was drawn by, to be named.

    Returns
    -------
    str
        Paragraphs of lines of at most 88 characters.

    Examples
    --------
    >>> from gmmkit.lesson.steps import teach
    >>> rows = [[0.0], [1.0], [2.0], [7.0], [8.0], [9.0]]
    >>> text = narrate(teach(rows, 2), Wording.of(["age_h"], rows))
    >>> text.splitlines()[0]
    '6 rows, each measured by age (h).'
    """
    paragraphs = [*_introduction(lessons[0], wording), _start(lessons[0], wording, seed)]
    for lesson in lessons:
        paragraphs += [_story(lesson, wording), _outcome(lesson, wording)]
    if len(lessons) > 1:
        paragraphs.append(_comparison(lessons, wording))
    return "\n\n".join(paragraphs)


def _introduction(lesson: Lesson, wording: Wording) -> Iterator[str]:
    thing, k = wording.thing, lesson.mixture.n_components
    names = _listed([quantity.label for quantity in wording.quantities])
    yield f"{wording.count(len(lesson.rows))}, each measured by {names}."
    yield _wrapped(
        f"A Gaussian mixture says: every {thing} comes from one of {k} groups, and each group is "
        "a bell. A bell has a center, a spread around it that may be tilted, and a share of all "
        f"{thing}s. Which {thing} comes from which bell is not known, nor where the bells stand. "
        "Knowing one would give the other, so both are found in turn "
        "(expectation-maximization, EM):"
    )
    yield "\n".join(
        [
            f"  E-step  how much does each {thing} belong to each bell, as the bells stand now?",
            f"  M-step  each bell moves to its {thing}s, each counted as much as it belongs to it",
        ]
    )
    yield _wrapped(
        "The log likelihood says how well the bells describe all that was measured; no step "
        "lowers it. When it hardly rises any more, the bells stand."
    )


def _start(lesson: Lesson, wording: Wording, seed: int | None) -> str:
    start = lesson.start
    by = "" if seed is None else f" (--seed {seed})"
    title = _wrapped(
        f"Start: {wording.count(start.n_components)} drawn by chance{by} for centers, and equal "
        f"bells, each as wide as everything together divided by {start.n_components}."
    )
    return "\n".join(
        [title, *(f"  {letter(k)}  {wording.place(mean)}" for k, mean in enumerate(start.means))]
    )


def _story(lesson: Lesson, wording: Wording) -> str:
    lines, told = [_title(lesson, wording)], 0
    for number in milestones(len(lesson.steps), _STEPS_TOLD):
        lines += _skipped(told + 1, number - 1)
        words, told = describe_step(lesson, number, wording), number
        lines.append(f"  Step {number}: {words.gain}")
        lines.append(_hanging("    E-step  ", words.expectation))
        lines.append(_hanging("    M-step  ", words.maximization))
    return "\n".join(lines)


def _skipped(first: int, last: int) -> list[str]:
    if first > last:
        return []
    return [f"  Step {first} likewise" if first == last else f"  Steps {first} to {last} likewise"]


def _title(lesson: Lesson, wording: Wording) -> str:
    rule = "belongs to every bell in part"
    if lesson.assignment == "hard":
        rule = "belongs to its likeliest bell alone"
    first = lesson.steps[0].log_likelihood if lesson.steps else lesson.log_likelihood
    begins = f"It starts from a {OBJECTIVES[lesson.assignment]} of {first:.1f}."
    kind = capitalized(lesson.assignment)
    return _wrapped(f"{kind} assignment: each {wording.thing} {rule}. {begins}")


def _outcome(lesson: Lesson, wording: Wording) -> str:
    n_steps = len(lesson.steps)
    steps = f"{n_steps} step" if n_steps == 1 else f"{n_steps} steps"
    state = (
        f"The bells stand after {steps}" if lesson.settled else f"Ended after {steps}, unsettled"
    )
    objective = f"{OBJECTIVES[lesson.assignment]} {lesson.log_likelihood:.1f}."
    lines = [_wrapped(f"{state}, {objective}")]
    lines += [_hanging(f"  {letter(k)}  ", text) for k, text in enumerate(_bells(lesson, wording))]
    lines += [_wrapped(text) for text in _caveats(lesson, wording)]
    return "\n".join([*lines, _wrapped(_sureness(lesson, wording))])


def _bells(lesson: Lesson, wording: Wording) -> Iterator[str]:
    mixture = lesson.mixture
    deviations = np.sqrt(mixture.variances)
    for weight, mean, deviation in zip(mixture.weights, mixture.means, deviations, strict=True):
        share = f"{percent(float(weight))} of the {wording.thing}s"
        yield f"{share}, around {wording.place(mean)} (give or take {wording.place(deviation)})"


def _caveats(lesson: Lesson, wording: Wording) -> Iterator[str]:
    if lesson.collapsed:
        names = _listed([letter(k) for k in lesson.collapsed])
        yield (
            f"{names} collapsed: too few {wording.thing}s, or as good as equal ones, are left "
            "there. Try fewer groups, or another --seed."
        )
    if not lesson.settled:
        yield "More steps would still change the bells."


def _sureness(lesson: Lesson, wording: Wording) -> str:
    shares = lesson.mixture.responsibilities(lesson.rows)
    total, sure, row = wording.count(len(shares)), n_sure(shares), least_sure(shares)
    where = wording.row(row, lesson.rows[row])
    if lesson.assignment == "hard":
        return (
            f"Each of the {total} is in one group, wholly, although by these bells only {sure} "
            f"surely belong there (by at least {percent(SURE)}); {where}, for one, would be "
            f"{written_shares(shares[row])}."
        )
    return (
        f"{sure} of {total} surely belong to one bell (by at least {percent(SURE)}). "
        f"The least sure is {where}: {written_shares(shares[row])}."
    )


def _comparison(lessons: Sequence[Lesson], wording: Wording) -> str:
    fits = [f"{float(x.mixture.log_density(x.rows).sum()):.1f} for {x.assignment}" for x in lessons]
    kinds = " or ".join(lesson.assignment for lesson in lessons)
    differ = int(
        (np.diff([x.mixture.labels(x.rows) for x in lessons], axis=0) != 0).any(axis=0).sum()
    )
    return _wrapped(
        f"{capitalized(kinds)}? The bells describe all {wording.thing}s with a log likelihood of "
        f"{_listed(fits)} assignment, and they disagree about the likeliest group of "
        f"{wording.count(differ)}."
    )


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _hanging(lead: str, text: str) -> str:
    return textwrap.fill(
        text, _WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead), break_on_hyphens=False
    )
