"""Trial lists and score lists as text: Kaldi's, VoxCeleb's, and tables with a header.

A line is `model test target|nontarget` (Kaldi; `impostor` is a nontarget), `1|0 model test`
(VoxCeleb), or `model test score`. Columns are parted by blanks, by tabs, or by commas. A header
that names model, test and label or score allows them in any order.
"""

import csv
import math
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from gmmkit.errors import DataWarning, ParameterError, TrialListError
from gmmkit.speaker.evaluation.trials import Pair, ScoreList, TrialList

TrialFormat = Literal["kaldi", "voxceleb", "tsv"]
Value = TypeVar("Value")

REFUSED = "refused"
_WORDS = {"target": True, "nontarget": False, "non-target": False, "impostor": False}
_DIGITS = {"1": True, "0": False}
_MODEL_COLUMNS = frozenset({"model", "enroll", "enrollment", "modelid", "enrollment_id"})
_TEST_COLUMNS = frozenset({"test", "segment", "segmentid", "probe", "test_id"})
_LABEL_COLUMNS = frozenset({"label", "targettype", "key"})
_SCORE_COLUMNS = frozenset({"score", "llr"})
_KALDI = "`model test target|nontarget`, as in the first line"
_VOXCELEB = "`1|0 model test`, as in the first line"
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|inf)", re.ASCII)
_BLANKS = re.compile(r"[ \t]+")


@dataclass(frozen=True)
class _Layout:
    """Where the columns are, and what a line has to look like."""

    delimiter: str | None
    model: int
    test: int
    value: int
    n_columns: int
    has_header: bool
    shape: str


def parse_trials(text: str) -> TrialList:
    """Read a list of trials; the first line says how it is written.

    Parameters
    ----------
    text : str
        Kaldi's or VoxCeleb's form, or a table with a header.

    Returns
    -------
    TrialList
        In the order of the lines.

    Raises
    ------
    TrialListError
        If a line is unlike the first, naming it, or a trial is target and nontarget at once.

    Warns
    -----
    DataWarning
        If trials are repeated.

    Examples
    --------
    >>> trials = parse_trials("ana a.wav target\\nana b.wav impostor\\n")
    >>> trials.pairs[1], trials.is_target.tolist()
    (('ana', 'b.wav'), [True, False])
    >>> parse_trials("1 a.wav b.wav\\n0 a.wav c.wav\\n").n_targets
    1
    """
    number, first = _first_line(text)
    layout = _table_layout(first, _LABEL_COLUMNS, "label") or _plain_trials(number, first)
    words = _WORDS | _DIGITS if layout.has_header else _DIGITS if layout.value == 0 else _WORDS
    pairs, labels = _parse(text, layout, lambda word: words.get(word.lower()))
    trials = TrialList(pairs, labels)
    _warn_of_repeats(trials.n_repeated, "trials")
    return trials


def parse_scores(text: str) -> ScoreList:
    """Read a list of scores; the first line says how it is written.

    Parameters
    ----------
    text : str
        Lines of `model test score`, or a table with a header. The word `refused` stands for the
        score of a recording that was refused.

    Returns
    -------
    ScoreList
        In the order of the lines.

    Raises
    ------
    TrialListError
        If a line has no score, naming it, or a trial has two different ones.

    Warns
    -----
    DataWarning
        If scores are repeated.

    Examples
    --------
    >>> scores = parse_scores("ana a.wav 2.5\\nana b.wav refused\\n")
    >>> scores.scores.tolist()
    [2.5, nan]
    """
    _, first = _first_line(text)
    layout = _table_layout(first, _SCORE_COLUMNS, "score") or _plain_scores(first)
    pairs, values = _parse(text, layout, _score)
    scores = ScoreList(pairs, values)
    _warn_of_repeats(len(pairs) - len(set(pairs)), "scores")
    return scores


def format_trials(trials: TrialList, style: TrialFormat = "kaldi") -> str:
    """Write a list of trials.

    Parameters
    ----------
    trials : TrialList
    style : {"kaldi", "voxceleb", "tsv"}
        The last has a header and takes names with blanks.

    Returns
    -------
    str
        A line for each trial.

    Raises
    ------
    ParameterError
        If the style is unknown.
    TrialListError
        If a name cannot be written in it.

    Examples
    --------
    >>> format_trials(TrialList([("ana", "a.wav")], [True]), "voxceleb")
    '1 ana a.wav\\n'
    """
    if style not in ("kaldi", "voxceleb", "tsv"):
        raise ParameterError(
            "style is not usable", found=repr(style), needed="'kaldi', 'voxceleb' or 'tsv'"
        )
    labels = ["target" if is_target else "nontarget" for is_target in trials.is_target]
    if style == "voxceleb":
        flags = [str(int(is_target)) for is_target in trials.is_target]
        rows = [(flag, *pair) for flag, pair in zip(flags, trials.pairs, strict=True)]
        return _plain(rows)
    rows = [(*pair, label) for pair, label in zip(trials.pairs, labels, strict=True)]
    return _plain(rows) if style == "kaldi" else _tabbed([("model", "test", "label"), *rows])


def format_scores(scores: ScoreList, *, header: bool = False) -> str:
    """Write a list of scores, each with all its digits.

    Parameters
    ----------
    scores : ScoreList
    header : bool
        Write a table parted by tabs, which takes names with blanks.

    Returns
    -------
    str
        A line for each trial.

    Raises
    ------
    TrialListError
        If a name cannot be written.

    Examples
    --------
    >>> format_scores(ScoreList([("ana", "a.wav")], [2.5]))
    'ana a.wav 2.5\\n'
    """
    words = [REFUSED if math.isnan(score) else repr(score) for score in scores.scores.tolist()]
    rows = [(*pair, word) for pair, word in zip(scores.pairs, words, strict=True)]
    return _tabbed([("model", "test", "score"), *rows]) if header else _plain(rows)


def _first_line(text: str) -> tuple[int, str]:
    for number, line in enumerate(_lines(text), start=1):
        if line.strip():
            return number, line
    raise TrialListError(
        "the list is empty", found="no line with anything in it", needed="a line for each trial"
    )


def _lines(text: str) -> Iterator[str]:
    """Yield lines; a name may hold what else than a line feed ends lines in Unicode."""
    for line in text.removeprefix("\ufeff").split("\n"):
        yield line.removesuffix("\r")


def _delimiter_of(line: str) -> str | None:
    if line.count("\t") >= 2:
        return "\t"
    blanks = len(_BLANKS.split(line.strip(" \t")))
    return "," if line.count(",") >= 2 and blanks != 3 else None


def _fields(line: str, delimiter: str | None) -> list[str]:
    if delimiter is None:
        return _BLANKS.split(line.strip(" \t"))
    if delimiter == "\t":
        return [field.strip(" ") for field in line.split("\t")]
    try:
        return [field.strip(" ") for field in next(csv.reader([line], strict=True))]
    except csv.Error:
        return []  # which fits no layout


def _table_layout(line: str, value_columns: frozenset[str], value: str) -> _Layout | None:
    """Return the layout that a header names, None if the line is no header."""
    delimiter = _delimiter_of(line)
    names = [name.lower() for name in _fields(line, delimiter)]
    places = [
        [place for place, name in enumerate(names) if name in columns]
        for columns in (_MODEL_COLUMNS, _TEST_COLUMNS, value_columns)
    ]
    if any(len(found) != 1 for found in places):
        return None
    shape = f"{len(names)} columns, with {value} in column {places[2][0] + 1}"
    (model,), (test,), (last,) = places
    return _Layout(delimiter, model, test, last, len(names), True, shape)


def _plain_trials(number: int, line: str) -> _Layout:
    delimiter = _delimiter_of(line)
    fields = _fields(line, delimiter)
    if len(fields) == 3 and fields[2].lower() in _WORDS:
        return _Layout(
            delimiter, 0, 1, 2, 3, False, "`model test target|nontarget`, as in the first line"
        )
    if len(fields) == 3 and fields[0] in _DIGITS:
        return _Layout(delimiter, 1, 2, 0, 3, False, _VOXCELEB)
    has_score = len(fields) == 3 and _score(fields[2]) is not None
    raise TrialListError(
        "these are scores, not trials" if has_score else f"line {number} is no trial",
        found=_shown(line),
        needed="`model test target|nontarget`, `1|0 model test`, or a header",
    )


def _plain_scores(line: str) -> _Layout:
    return _Layout(_delimiter_of(line), 0, 1, 2, 3, False, "`model test score`")


def _parse(
    text: str, layout: _Layout, read: Callable[[str], Value | None]
) -> tuple[list[Pair], list[Value]]:
    pairs: list[Pair] = []
    values: list[Value] = []
    header_to_come = layout.has_header
    for number, line in enumerate(_lines(text), start=1):
        if not line.strip():
            continue
        if header_to_come:
            header_to_come = False
            continue
        fields = _fields_of_line(number, line, layout)
        value = read(fields[layout.value])
        if value is None:
            raise _unlike(number, line, layout)
        pairs.append((fields[layout.model], fields[layout.test]))
        values.append(value)
    return pairs, values


def _fields_of_line(number: int, line: str, layout: _Layout) -> list[str]:
    fields = _fields(line, layout.delimiter)
    if len(fields) != layout.n_columns or not (fields[layout.model] and fields[layout.test]):
        raise _unlike(number, line, layout)
    return fields


def _unlike(number: int, line: str, layout: _Layout) -> TrialListError:
    return TrialListError(f"line {number} does not fit", found=_shown(line), needed=layout.shape)


def _score(word: str) -> float | None:
    if word.lower() == REFUSED:
        return math.nan
    return float(word) if _NUMBER.fullmatch(word) else None


def _warn_of_repeats(count: int, what: str) -> None:
    if count:
        warnings.warn(
            DataWarning(f"{count:,} {what} are repeated; each repetition counts"), stacklevel=3
        )


def _plain(rows: Sequence[tuple[str, ...]]) -> str:
    for row in rows:
        if any(not word or _BLANKS.search(word) or "\n" in word or "\r" in word for word in row):
            raise TrialListError(
                "a name has a blank in it",
                found=_shown(" | ".join(row)),
                needed="names without blanks",
                hint="write a table with a header and tabs",
            )
    return "".join(f"{' '.join(row)}\n" for row in rows)


def _tabbed(rows: Sequence[tuple[str, ...]]) -> str:
    for row in rows:
        if any(not word or word != word.strip(" ") or set(word) & set("\t\r\n") for word in row):
            raise TrialListError(
                "a name cannot stand in a table",
                found=_shown(" | ".join(row)),
                needed="names without tabs, line ends and outer blanks",
            )
    return "".join("\t".join(row) + "\n" for row in rows)


def _shown(line: str) -> str:
    return repr(line if len(line) <= 80 else f"{line[:77]}...")
