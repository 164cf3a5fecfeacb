"""One speaker as rows of the registry's tables: sealed on the way in, checked on the way out."""

import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gmmkit.errors import ParameterError, RegistryError, StoredRecordError
from gmmkit.io.database import Layout
from gmmkit.speaker.storage.names import Name, speaker_name
from gmmkit.speaker.storage.record import PROJECTION_TYPES, Record, record_error

# The short rows that a shortlist scans stand apart from the long records.
LAYOUT = Layout(
    kind="registry of speakers",
    application_id=0x676D6D73,
    schema=1,
    statements=(
        "CREATE TABLE settings (name TEXT PRIMARY KEY, value BLOB NOT NULL, seal BLOB NOT NULL)",
        "CREATE TABLE generation (number INTEGER NOT NULL)",
        "CREATE TABLE speakers (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE,"
        " name TEXT NOT NULL, projection BLOB NOT NULL, seal BLOB NOT NULL)",
        "CREATE TABLE records (id INTEGER PRIMARY KEY, payload BLOB NOT NULL, seal BLOB NOT NULL)",
        "CREATE TABLE fingerprints (fingerprint TEXT, id INTEGER,"
        " PRIMARY KEY (fingerprint, id)) WITHOUT ROWID",
        "CREATE INDEX fingerprints_of_speakers ON fingerprints (id)",
    ),
)

_PROJECTION = "projection"


@dataclass(frozen=True)
class Entry:
    """A speaker's short row: its number, its name, and its projection as bytes."""

    number: int
    name: Name
    projection: bytes


def seal(*parts: bytes) -> bytes:
    """Return a checksum of texts that tells where one ends and the next begins.

    Examples
    --------
    >>> seal(b"a", b"bc") == seal(b"ab", b"c")
    False
    """
    lengths = b"".join(len(part).to_bytes(8, "little") for part in parts)
    return hashlib.blake2b(lengths + b"".join(parts), digest_size=16).digest()


def shown(text: object) -> str:
    """Return a text from the file as it can be shown, even if it is damaged."""
    return text.decode(errors="replace") if isinstance(text, bytes) else f"{text!r:.40}"


def write_setting(connection: sqlite3.Connection, name: str, value: bytes) -> None:
    """Put a named value that holds for the whole registry."""
    row = (name, value, seal(name.encode(), value))
    connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?, ?)", row)


def read_setting(connection: sqlite3.Connection, name: str, label: str) -> bytes | None:
    """Return a named value, or None if it was never put.

    Raises
    ------
    RegistryError
        If it is not what was put.
    """
    query = "SELECT value, seal FROM settings WHERE name = ?"
    row = connection.execute(query, (name,)).fetchone()
    if row is None:
        return None
    value, checksum = row
    if not isinstance(value, bytes) or seal(name.encode(), value) != checksum:
        raise RegistryError(
            f"{label} is damaged",
            found=f"another checksum of its {name}",
            needed="what was written",
            hint="restore a copy of the file",
        )
    return value


def count_change(connection: sqlite3.Connection) -> None:
    """Tell readers that what they have is old."""
    connection.execute("UPDATE generation SET number = number + 1")


def find(connection: sqlite3.Connection, key: str) -> tuple[int, str] | None:
    """Return the number and the shown name of the speaker with a key."""
    row = connection.execute("SELECT id, name FROM speakers WHERE key = ?", (key,)).fetchone()
    return None if row is None else (row[0], shown(row[1]))


def count(connection: sqlite3.Connection) -> int:
    """Return how many speakers there are."""
    return int(connection.execute("SELECT count(*) FROM speakers").fetchone()[0])


def put(connection: sqlite3.Connection, record: Record, number: int | None = None) -> None:
    """Write a record as a new speaker, or in the place of the speaker with that number."""
    _agree_on_projection(connection, record)
    payload, projection = record.encode(), _projection_bytes(record)
    name, key = record.name.encode(), record.key.encode()
    if number is not None:
        delete(connection, number)
    row = (number, record.key, record.name, projection, seal(key, name, projection))
    added = connection.execute("INSERT INTO speakers VALUES (?, ?, ?, ?, ?)", row).lastrowid
    connection.execute("INSERT INTO records VALUES (?, ?, ?)", (added, payload, seal(key, payload)))
    rows = [(fingerprint, added) for fingerprint in sorted(set(record.fingerprints))]
    connection.executemany("INSERT INTO fingerprints VALUES (?, ?)", rows)


def delete(connection: sqlite3.Connection, number: int) -> None:
    """Remove every row of a speaker."""
    for table in ("speakers", "records", "fingerprints"):
        connection.execute(f"DELETE FROM {table} WHERE id = ?", (number,))


def names(connection: sqlite3.Connection, label: str) -> tuple[list[Name], list[StoredRecordError]]:
    """Return everyone's name in the order of the keys, and what is wrong with other names."""
    named: list[Name] = []
    damaged: list[StoredRecordError] = []
    for key, name in connection.execute("SELECT key, name FROM speakers ORDER BY key"):
        checked = _name(key, name)
        if isinstance(checked, Name):
            named.append(checked)
        else:
            damaged.append(record_error(_title(name, label), checked))
    return named, damaged


def entries(
    connection: sqlite3.Connection, label: str, size: int
) -> Iterator[Entry | StoredRecordError]:
    """Give every speaker's short row in the order of the keys, or what is wrong with it.

    Parameters
    ----------
    connection : sqlite3.Connection
    label : str
        The file, for errors.
    size : int
        How many bytes a projection has to have.
    """
    query = "SELECT id, key, name, projection, seal FROM speakers ORDER BY key"
    for row in connection.execute(query):
        entry = _entry(row, label)
        if isinstance(entry, Entry) and len(entry.projection) != size:
            yield record_error(_title(row[2], label), "a projection of another length")
        else:
            yield entry


def read_record(connection: sqlite3.Connection, key: str, label: str) -> Record | None:
    """Return the record of the speaker with a key, or None if there is none.

    Raises
    ------
    StoredRecordError
        If it is not what was put.
    """
    query = "SELECT id, key, name, projection, seal FROM speakers WHERE key = ?"
    row = connection.execute(query, (key,)).fetchone()
    if row is None:
        return None
    entry = _entry(row, label)
    if isinstance(entry, StoredRecordError):
        raise entry
    title = _title(entry.name.display.encode(), label)
    record = Record.decode(_payload(connection, entry, title), title)
    if record.name != entry.name.display or _projection_bytes(record) != entry.projection:
        raise record_error(title, "the record of somebody else")
    return record


def projection_type(connection: sqlite3.Connection, label: str) -> tuple[np.dtype[Any], int]:
    """Return the type and the length of the shortlist's rows; no length before the first of them.

    Raises
    ------
    RegistryError
        If they are not what was put.
    """
    value = read_setting(connection, _PROJECTION, label)
    if value is None:
        return np.dtype(np.float32), 0
    name, _, length = value.decode(errors="replace").partition(" ")
    if name in PROJECTION_TYPES and length.isdecimal() and len(length) < 5:
        return np.dtype(name).newbyteorder("<"), int(length)
    raise RegistryError(
        f"{label} is damaged",
        found=f"projections of type {value!r:.40}",
        needed=f"{', '.join(PROJECTION_TYPES)} and a length",
    )


def _projection_bytes(record: Record) -> bytes:
    array = record.projection
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def _payload(connection: sqlite3.Connection, entry: Entry, title: str) -> bytes:
    query = "SELECT payload, seal FROM records WHERE id = ?"
    try:
        row = connection.execute(query, (entry.number,)).fetchone()
    except sqlite3.DatabaseError as error:
        # Only what concerns these bytes: a busy or unreadable file is no matter of one speaker.
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE:
            raise record_error(title, str(error)) from error
        raise
    if row is None:
        raise record_error(title, "no statistics")
    payload, checksum = row
    if not isinstance(payload, bytes) or seal(entry.name.key.encode(), payload) != checksum:
        raise record_error(title, "another checksum")
    return payload


_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_TOOBIG})


def _entry(row: tuple[object, ...], label: str) -> Entry | StoredRecordError:
    number, key, name, projection, checksum = row
    if not (isinstance(key, bytes) and isinstance(name, bytes) and isinstance(projection, bytes)):
        return record_error(_title(name, label), "values of another type")
    if not isinstance(number, int) or seal(key, name, projection) != checksum:
        return record_error(_title(name, label), "another checksum")
    checked = _name(key, name)
    if isinstance(checked, Name):
        return Entry(number, checked, projection)
    return record_error(_title(name, label), checked)


def _name(key: object, name: object) -> Name | str:
    """Return a name that was stored, or what is wrong with it."""
    try:
        checked = speaker_name(name.decode() if isinstance(name, bytes) else name)
    except (UnicodeDecodeError, ParameterError):
        return "a text that is no name"
    if checked.key.encode() != key or checked.display.encode() != name:
        return "a name that does not fit its key"
    return checked


def _title(name: object, label: str) -> str:
    return f"the record of {shown(name)!r} in {label}"


def _agree_on_projection(connection: sqlite3.Connection, record: Record) -> None:
    mine = f"{record.projection.dtype.name} {len(record.projection)}".encode()
    theirs = read_setting(connection, _PROJECTION, "the registry")
    if theirs == mine:
        return
    if theirs is None or not connection.execute("SELECT 1 FROM speakers LIMIT 1").fetchone():
        write_setting(connection, _PROJECTION, mine)
        return
    raise ParameterError(
        f"the projection of {record.name!r} does not fit the registry",
        found=mine.decode(),
        needed=f"{theirs.decode()}, as the others have",
    )
