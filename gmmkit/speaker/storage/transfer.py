"""Speakers of one registry taken over into another."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from gmmkit.errors import AlreadyEnrolledError, ParameterError
from gmmkit.speaker.storage import rows
from gmmkit.speaker.storage.names import speaker_name
from gmmkit.speaker.storage.stored import StoredSpeakers

OnExisting = Literal["error", "skip", "replace"]
_FATE_OF_TAKEN = {"skip": "skipped", "replace": "replaced"}
_NAMES_SHOWN = 5


@dataclass(frozen=True)
class Imported:
    """Whose records an import added, replaced and skipped."""

    added: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


def take_over(
    connection: sqlite3.Connection, other: StoredSpeakers, on_existing: OnExisting, path: Path
) -> Imported:
    """Put the records of another registry beside one's own, inside the caller's transaction.

    Parameters
    ----------
    connection : sqlite3.Connection
        Where to.
    other : StoredSpeakers
        Where from.
    on_existing : {"error", "skip", "replace"}
        What to do about names that are taken.
    path : Path
        The file of `connection`, for errors.

    Returns
    -------
    Imported

    Raises
    ------
    AlreadyEnrolledError
        If names are taken and that is an error.
    """
    if on_existing not in get_args(OnExisting):
        raise ParameterError(
            "on_existing is not usable",
            found=repr(on_existing),
            needed="'error', 'skip' or 'replace'",
        )
    if on_existing == "error":
        _refuse_taken(connection, other, path)
    names: dict[str, list[str]] = {"added": [], "replaced": [], "skipped": []}
    for record in other.records():
        found = rows.find(connection, record.key)
        fate = "added" if found is None else _FATE_OF_TAKEN[on_existing]
        names[fate].append(record.name)
        if fate != "skipped":
            rows.put(connection, record, found[0] if found else None)
    rows.count_change(connection)
    return Imported(**{fate: tuple(listed) for fate, listed in names.items()})


def _refuse_taken(connection: sqlite3.Connection, other: StoredSpeakers, path: Path) -> None:
    names = other.names()
    taken = [name for name in names if rows.find(connection, speaker_name(name).key)]
    if taken:
        raise _taken_error(taken, other.path, path)


def _taken_error(names: list[str], source: Path, target: Path) -> AlreadyEnrolledError:
    shown = ", ".join(map(repr, names[:_NAMES_SHOWN]))
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return AlreadyEnrolledError(
        f"{source} holds speakers who are already enrolled in {target}",
        found=shown + more,
        needed="other names",
        hint="skip them, replace them, or rename them first",
    )
