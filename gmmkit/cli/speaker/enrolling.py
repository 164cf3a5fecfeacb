"""``gmmkit speaker enroll``, step by step: who, into which registry, one person at a time."""

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gmmkit.cli.outputs import check_folder
from gmmkit.cli.progress import Step, progress_bar
from gmmkit.cli.results import Report, columns, exit_code_of, failure, json_text, warnings_of
from gmmkit.cli.session import collected_warnings, put, tell
from gmmkit.cli.speaker.recordings import (
    conversions,
    find_corpus,
    frontends_of,
    once_each,
    read,
)
from gmmkit.cli.speaker.registries import advising
from gmmkit.cli.speaker.reports import speech
from gmmkit.errors import (
    AlreadyEnrolledError,
    GmmkitWarning,
    InputError,
    RegistryWarning,
)

if TYPE_CHECKING:
    from gmmkit.io.audio import Recording
    from gmmkit.speaker.registry import Registry

Existing = Literal["error", "append", "replace"]

_DONE: dict[Existing, str] = {"error": "enrolled", "append": "appended", "replace": "replaced"}
_TAKEN = "--append to add to the record, --replace to put this in its place, or another name"
_NO_LOCK = (
    "this is not an authentication factor: a recording of a voice passes for the voice, so let "
    "nothing that matters depend on it alone"
)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user asked for; None leaves the choice to the library."""

    registry: Path
    words: tuple[str, ...]
    from_dirs: Path | None
    existing: Existing
    background: str | None
    model: str | None
    channel: int | None


@dataclass(frozen=True)
class Person:
    """Someone to enroll, from which recordings."""

    name: str
    recordings: tuple[str, ...]


def enroll_people(request: Request, *, as_json: bool) -> int:
    """Enroll everyone whom a request names, telling what fails and going on with the others.

    Parameters
    ----------
    request : Request
    as_json : bool
        Print one JSON object at the end instead of text after each person.

    Returns
    -------
    int
        The exit code.

    Raises
    ------
    GmmkitError
        If it is not about one person: the registry cannot be opened or written, and the like.
    """
    people = _people(request)
    is_new = not os.path.lexists(request.registry)
    registry = _opened(request)
    reports = []
    with progress_bar(len(people)) as step:
        for person in people:
            reports.append(_attempt(person, request, registry, step))
            if "error" not in reports[-1]:
                _show(reports[-1], as_json=as_json)
                is_new = is_new and _tell_of_new(registry)
    if as_json:
        put(json_text("speaker.enroll", {"registry": str(request.registry), "people": reports}))
    return exit_code_of(reports)


def _people(request: Request) -> list[Person]:
    if request.from_dirs is None:
        words, again = once_each(request.words[1:])
        for word in again:
            tell("note", f"{word} is named twice and counts once")
        return [Person(request.words[0], tuple(words))]
    corpus = find_corpus(request.from_dirs, flat=False)
    for note in corpus.notes:
        tell("note", note)
    people = corpus.by_speaker.items()
    return [Person(name, tuple(map(str, paths))) for name, paths in people]


def _opened(request: Request) -> "Registry":
    from gmmkit.speaker.registry import Registry

    if not os.path.lexists(request.registry):
        check_folder(request.registry)
    with advising():
        return Registry.open(request.registry, background=request.background, model=request.model)


def _tell_of_new(registry: "Registry") -> bool:
    contract = registry.recognizer.contract()
    background = contract.get("background")
    with_it = f", background model {background}" if background else ""
    tell("note", f"made {registry.path}, a new registry: model {contract['model']}{with_it}")
    tell("note", _NO_LOCK)
    return False


def _attempt(person: Person, request: Request, registry: "Registry", step: Step) -> Report:
    try:
        with collected_warnings() as warned, step(person.name):
            return _enroll(person, request, registry, warned)
    except InputError as error:
        told = error.reworded(hint=_TAKEN) if isinstance(error, AlreadyEnrolledError) else error
        if request.from_dirs is not None:
            told = told.reworded(problem=f"{person.name} is not enrolled: {told.problem}")
        tell("error", told)
        return failure("recording", person.name, told) | {"name": person.name}


def _enroll(
    person: Person, request: Request, registry: "Registry", warned: Sequence[GmmkitWarning]
) -> Report:
    was_there = person.name in registry
    if was_there and request.existing == "error":
        # Reading all the recordings first would only make the answer come late.
        registry.enroll(person.name, [])
    sounds = [read(word, request.channel) for word in person.recordings]
    listed = list(zip(person.recordings, sounds, strict=True))
    seconds = [_seconds(word, sound, registry) for word, sound in listed]
    notes = [conversions(sound, registry.recognizer, warned) for sound in sounds]
    if was_there and request.existing == "append":
        _tell_of_known(person.name, listed, registry)
    registry.enroll(person.name, sounds, existing=request.existing)
    record = registry.record(person.name)
    return {
        "name": record.name,
        "action": _DONE[request.existing] if was_there else "enrolled",
        "seconds": sum(seconds),
        "seconds_in_all": record.facts["seconds"],
        "recordings_in_all": record.facts["n_recordings"],
        "recordings": [
            {"recording": word, "seconds": each, "notes": note}
            for word, each, note in zip(person.recordings, seconds, notes, strict=True)
        ],
        "warnings": warnings_of(warned),
    }


def _seconds(word: str, sound: "Recording", registry: "Registry") -> float:
    """Return how much speech there is, or refuse the recording before the work on any other."""
    from gmmkit.speaker.enrollment import hear_with

    return hear_with(frontends_of(registry.recognizer)[:1], sound).seconds


def _tell_of_known(
    name: str, listed: Sequence[tuple[str, "Recording"]], registry: "Registry"
) -> None:
    from gmmkit.speaker.enrollment import fingerprint

    known = registry.record(name).fingerprints
    for word, sound in listed:
        if fingerprint(sound) in known:
            text = f"{word} is in the record of {name!r} already: it counts twice"
            warnings.warn(RegistryWarning(text), stacklevel=2)


def _show(report: Report, *, as_json: bool) -> None:
    if as_json:
        for each in report["recordings"]:
            _tell_notes(each)
        return
    whole = ""
    if report["action"] == "appended":
        whole = f"; {speech(report['seconds_in_all'])} in all"
    put(f"{report['name']}: {report['action']}, {speech(report['seconds'])}{whole}")
    rows = [
        (f"{each['seconds']:.1f} s", each["recording"], ", ".join(each["notes"]))
        for each in report["recordings"]
    ]
    put(columns(rows, right=[0]))


def _tell_notes(each: Report) -> None:
    for note in each["notes"]:
        tell("note", f"{each['recording']}: {note}")
