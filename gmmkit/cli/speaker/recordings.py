"""From words and folders to recordings, and what to say about each of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gmmkit.errors import FileAccessError, GmmkitWarning, InputError

if TYPE_CHECKING:
    from gmmkit.io.audio import Recording
    from gmmkit.speaker.features.frontend import Frontend
    from gmmkit.speaker.recognizers import Recognizer

SUFFIXES = frozenset(
    {".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".sph", ".nist", ".wv1", ".wv2"}
)

_NAMES_SHOWN = 5


@dataclass(frozen=True)
class Corpus:
    """Recordings and whose they are.

    Attributes
    ----------
    recordings : tuple of (str, Path)
        Speaker and file.
    notes : tuple of str
        What a person should know about how they were found.
    """

    recordings: tuple[tuple[str, Path], ...]
    notes: tuple[str, ...] = ()

    @property
    def by_speaker(self) -> dict[str, tuple[Path, ...]]:
        """The files of each speaker, in their order."""
        found: dict[str, list[Path]] = {}
        for speaker, path in self.recordings:
            found.setdefault(speaker, []).append(path)
        return {speaker: tuple(paths) for speaker, paths in found.items()}


def read(word: str | Path, channel: int | None) -> "Recording":
    """Read a recording that a word on the command line names.

    Raises
    ------
    FileAccessError, AudioError

    Examples
    --------
    >>> round(read("sample:ana-1", None).seconds)
    6
    """
    from gmmkit.io.audio import as_recording

    if Path(word).is_dir():
        raise FileAccessError(
            f"{word} is a folder",
            needed="a recording",
            hint=f"name the recordings in it: {Path(word) / '*.wav'}",
        )
    return as_recording(word, channel=channel)


def conversions(
    recording: "Recording", recognizer: "Recognizer", warned: Sequence[GmmkitWarning]
) -> list[str]:
    """Return what was done to a recording and was not warned of.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.io.audio import as_recording
    >>> from gmmkit.speaker.plain import PlainRecognizer
    >>> noise = np.random.default_rng(0).normal(scale=0.1, size=(9000, 2))
    >>> conversions(as_recording((noise, 8000)), PlainRecognizer(), [])
    ['mixed from 2 channels', 'resampled from 8000 to 16000 Hz']
    """
    told = [str(warning) for warning in warned]
    notes = [note for note in recording.notes if not any(text.endswith(note) for text in told)]
    rate = frontends_of(recognizer)[0].sample_rate
    if recording.sample_rate != rate:
        notes.append(f"resampled from {recording.sample_rate} to {rate} Hz")
    return notes


def frontends_of(recognizer: "Recognizer") -> tuple["Frontend", ...]:
    """Return the front ends that a recognizer listens through; the first counts the speech.

    Examples
    --------
    >>> from gmmkit.speaker.plain import PlainRecognizer
    >>> len(frontends_of(PlainRecognizer()))
    1
    """
    from gmmkit.speaker.plain import PlainRecognizer
    from gmmkit.speaker.recognizers import AdaptedRecognizer

    if isinstance(recognizer, AdaptedRecognizer):
        return tuple(subsystem.frontend for subsystem in recognizer.background.subsystems)
    if isinstance(recognizer, PlainRecognizer):
        return (recognizer.frontend,)
    raise TypeError(f"a recognizer of type {type(recognizer).__name__}")


def find_corpus(folder: Path, *, flat: bool) -> Corpus:
    """Find recordings in a folder of folders, one a speaker.

    Parameters
    ----------
    folder : Path
        Every folder in it with recordings, however deep, is a speaker.
    flat : bool
        If there is no such folder, take every recording directly in it for a speaker.

    Returns
    -------
    Corpus
        In the order of names.

    Raises
    ------
    FileAccessError
        If it is no folder.
    InputError
        If there are no recordings.

    Examples
    --------
    >>> from gmmkit.io.samples import sample_path
    >>> speech = sample_path("someone", kind="recording").parent
    >>> find_corpus(speech, flat=True).notes[0]
    'no folders of speakers: each recording is taken for a speaker of its own'
    """
    if not folder.is_dir():
        raise FileAccessError(
            f"{folder} is no folder",
            found="a file" if folder.exists() else "nothing of that name",
            needed="a folder with a folder for each speaker",
        )
    inside = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    own = [path for path in inside if _is_recording(path)]
    by_folder = {path.name: _below(path) for path in inside if path.is_dir()}
    people = tuple((name, file) for name, files in by_folder.items() for file in files)
    if people:
        return Corpus(people, tuple(_left_out(folder, own, by_folder)))
    if own and flat:
        note = "no folders of speakers: each recording is taken for a speaker of its own"
        return Corpus(tuple((path.name, path) for path in own), (note,))
    raise InputError(
        f"{folder} holds no folders with recordings" if own else f"{folder} holds no recordings",
        found=f"{len(own)} recordings and {len(inside) - len(own)} other files and folders",
        needed=f"files that end in {', '.join(sorted(SUFFIXES))}",
        hint="one folder a speaker, with recordings in it",
    )


def once_each(paths: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return words without those that name a file again, and those.

    Examples
    --------
    >>> once_each(["a.wav", "./a.wav", "b.wav"])
    (['a.wav', 'b.wav'], ['./a.wav'])
    """
    first: dict[Path, str] = {}
    again = []
    for word in paths:
        if first.setdefault(Path(word).absolute(), word) is not word:
            again.append(word)
    return list(first.values()), again


def _left_out(
    folder: Path, own: Sequence[Path], by_folder: Mapping[str, Sequence[Path]]
) -> Iterator[str]:
    if own:
        yield f"{folder}: left out, as no folder of a speaker: {_shown([p.name for p in own])}"
    empty = [name for name, files in by_folder.items() if not files]
    if empty:
        yield f"{folder}: left out, as folders without recordings: {_shown(empty)}"


def _shown(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return ", ".join(names[:_NAMES_SHOWN]) + more


def _below(folder: Path) -> list[Path]:
    inside = folder.rglob("*")
    return sorted(path for path in inside if _is_recording(path))


def _is_recording(path: Path) -> bool:
    named = path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    return named and path.is_file()
