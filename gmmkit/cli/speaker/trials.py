"""Reading lists of trials for the command line, with the recordings that they name."""

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gmmkit.cli.speaker.lists import check_all_there
from gmmkit.cli.speaker.recordings import read
from gmmkit.errors import TrialListError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gmmkit.io.audio import Recording
    from gmmkit.speaker.evaluation.trials import ScoreList, TrialList

Parsed = TypeVar("Parsed")


class Audio:
    """Recordings of a list, by the names that it gives them.

    Parameters
    ----------
    folder : Path
        What the names are relative to.
    channel : int, optional
    """

    def __init__(self, folder: Path, channel: int | None) -> None:
        self._folder = folder
        self._channel = channel

    def __call__(self, name: str) -> "Recording":
        """Read a recording."""
        return read(self._folder / name, self._channel)

    def check(self, names: "Iterable[str]") -> None:
        """Refuse a list of which recordings are missing.

        Raises
        ------
        FileAccessError
        """
        check_all_there((self._folder / name for name in names), self._folder)


def read_trials(path: Path) -> "TrialList":
    """Read a list of trials.

    Raises
    ------
    FileAccessError
        If the file cannot be read.
    TrialListError
        If it is malformed, naming file and line.
    """
    from gmmkit.speaker.evaluation.trial_formats import parse_trials

    return _parsed(path, parse_trials)


def read_scores(path: Path) -> "ScoreList":
    """Read a list of scores.

    Raises
    ------
    FileAccessError
        If the file cannot be read.
    TrialListError
        If it is malformed, naming file and line.
    """
    from gmmkit.speaker.evaluation.trial_formats import parse_scores

    return _parsed(path, parse_scores)


def _parsed(path: Path, parse: "Callable[[str], Parsed]") -> "Parsed":
    from gmmkit.io.text import read_text

    text = read_text(path)
    try:
        return parse(text)
    except TrialListError as error:
        raise error.reworded(problem=f"{path}: {error.problem}") from error
