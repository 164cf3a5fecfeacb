"""``gmmkit explain``, step by step: settle the output, read the table, fit, tell, draw."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmkit.cli.inputs import Source
from gmmkit.cli.lesson_files import LessonFiles
from gmmkit.cli.results import json_text
from gmmkit.cli.session import collected_warnings, put
from gmmkit.errors import InputError, TableError

if TYPE_CHECKING:
    from gmmkit.core.checks import Float64Array
    from gmmkit.io.table import Table
    from gmmkit.lesson.steps import Assignment, Lesson

_ASSIGNMENTS: dict[str, tuple["Assignment", ...]] = {
    "both": ("soft", "hard"),
    "soft": ("soft",),
    "hard": ("hard",),
}
_BASKET = "sample:fruit-basket"
# More sorts of names than this do not sum up in a line.
_MOST_SORTS = 12


@dataclass(frozen=True, kw_only=True)
class ExplainRequest:
    """What was asked for, option by option."""

    table: str
    components: int
    output: Path | None
    columns: tuple[str, ...] | None
    assignment: str
    seed: int
    force: bool


def explain_table(request: ExplainRequest, *, as_json: bool) -> int:
    """Tell how a mixture is found in a table, and draw it if that was asked for.

    Parameters
    ----------
    request : ExplainRequest
    as_json : bool
        Print one JSON object instead of the story.

    Returns
    -------
    int
        The exit code.

    Raises
    ------
    GmmkitError
        If the output is there already, or the table cannot be used.

    Examples
    --------
    >>> from gmmkit.cli.app import run
    >>> run(["explain", "no such table.csv"])
    3
    """
    from gmmkit.io.table import read_table
    from gmmkit.lesson import Wording, draw_frames, narrate, teach
    from gmmkit.lesson.scenes import scenes_of

    source = _source(request.table)
    files = None if request.output is None else LessonFiles(request.output, request.force)
    if files is not None:
        files.check(source.path)
    with collected_warnings():
        table = read_table(source.path)
        names, rows = _chosen(table, request.columns)
        kinds = _ASSIGNMENTS[request.assignment]
        lessons = teach(rows, request.components, assignments=kinds, seed=request.seed)
    thing = "fruit" if request.table == _BASKET else "row"
    wording = Wording.of(names, rows, thing=thing)
    scenes = scenes_of(lessons)
    if files is not None:
        files.check_paths(scenes, source)
        frames = draw_frames(lessons, wording, scenes=scenes)
    if not as_json:
        put("\n\n".join([narrate(lessons, wording, seed=request.seed), *_checks(table, lessons)]))
    written = [] if files is None else files.write(scenes, frames)
    put(_json_text(request, names, lessons, written) if as_json else _last_line(written))
    return 0


def _source(word: str) -> Source:
    from gmmkit.io.samples import SAMPLE_PREFIX, sample_path

    sample = word.startswith(SAMPLE_PREFIX)
    return Source(word, sample_path(word, kind="table") if sample else Path(word))


def _chosen(
    table: "Table", columns: tuple[str, ...] | None
) -> tuple[tuple[str, ...], "Float64Array"]:
    """Return the columns to look at, those named or the first two of numbers, and their rows."""
    numbers = [name for name, column in table.columns.items() if column.dtype == np.float64]
    names = tuple(numbers[:2]) if columns is None else columns
    if not names:
        raise InputError(
            f"{table.label} has no column of numbers",
            found=f"{len(table.names)} columns of text",
            needed="at least one, better two",
            hint="gmmkit explain, which brings a table along",
        )
    try:
        return names, table.rows(names)
    except TableError as error:
        raise error.reworded(hint=f"--columns {','.join(numbers[:2])}") from error


def _checks(table: "Table", lessons: Sequence["Lesson"]) -> Iterator[str]:
    """Compare the groups with a column of names that nobody has shown to EM."""
    from gmmkit.lesson.wording import letter

    texts = {name: column for name, column in table.columns.items() if column.dtype == object}
    for name, column in texts.items():
        if not 1 < len(set(column)) <= _MOST_SORTS:
            continue
        lines = [f"The column {name!r} was not looked at. By it, the likeliest groups hold:"]
        for lesson in lessons:
            labels = lesson.mixture.labels(lesson.rows)
            groups = [Counter(column[labels == k]) for k in range(lesson.mixture.n_components)]
            parts = [f"{letter(k)} {_counts(group)}" for k, group in enumerate(groups)]
            lines.append(f"  {lesson.assignment}  {'; '.join(parts)}")
        yield "\n".join(lines)


def _counts(group: "Counter[str]") -> str:
    return ", ".join(f"{count} {name}" for name, count in group.most_common()) or "nothing"


def _last_line(written: Sequence[Path]) -> str:
    if not written:
        return "\nTo watch it, add -o lesson.gif. To begin elsewhere, add --seed 1."
    many = len(written) > 1
    return (
        f"\nwrote {len(written)} pictures to {written[0].parent}"
        if many
        else f"\nwrote {written[0]}"
    )


def _json_text(
    request: ExplainRequest,
    names: Sequence[str],
    lessons: Sequence["Lesson"],
    written: Sequence[Path],
) -> str:
    values = {
        "table": request.table,
        "columns": list(names),
        "seed": request.seed,
        "lessons": [_lesson(lesson) for lesson in lessons],
        "files": [str(path) for path in written],
    }
    return json_text("explain", values)


def _lesson(lesson: "Lesson") -> dict[str, Any]:
    from gmmkit.lesson.words import SURE, least_sure, n_sure

    shares = lesson.mixture.responsibilities(lesson.rows)
    row = least_sure(shares)
    return {
        "assignment": lesson.assignment,
        "settled": lesson.settled,
        "steps": [
            {
                "step": step.number,
                "objective": step.log_likelihood,
                "weights": step.after.weights.tolist(),
                "means": step.after.means.tolist(),
            }
            for step in lesson.steps
        ],
        "objective": lesson.log_likelihood,
        "log_likelihood": float(lesson.mixture.log_density(lesson.rows).sum()),
        "weights": lesson.mixture.weights.tolist(),
        "means": lesson.mixture.means.tolist(),
        "covariances": lesson.mixture.covariances.tolist(),
        "collapsed": list(lesson.collapsed),
        "sure": {"from": SURE, "rows": n_sure(shares)},
        "least_sure": {"row": row + 1, "responsibilities": shares[row].tolist()},
    }
