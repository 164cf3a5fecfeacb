"""The reading half of a registry's file: names, records and projections of one moment."""

import contextlib
import difflib
import sqlite3
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from gmmkit.errors import (
    FeatureContractError,
    NotEnrolledError,
    ParameterError,
    RegistryError,
    RegistryWarning,
    StoredRecordError,
)
from gmmkit.io.codec import decode_model
from gmmkit.io.database import Database
from gmmkit.io.model_value import ContractValue, Model, check_contract
from gmmkit.speaker.storage import rows
from gmmkit.speaker.storage.names import Name, speaker_name
from gmmkit.speaker.storage.record import Record

_NAMES_COMPARED = 10_000
_NAMES_SHOWN = 5


@dataclass(frozen=True)
class Damage:
    """One thing that is wrong with a registry: whose record, or None for the file, and what."""

    name: str | None
    problem: str


class StoredSpeakers:
    """What can be read from a registry's file, whatever other processes write meanwhile.

    Parameters
    ----------
    database : Database
        Open; it is closed with this.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the last process to do so leaves one file behind."""
        self._database.close()

    @property
    def path(self) -> Path:
        """The file."""
        return self._database.path

    @property
    def contract(self) -> Mapping[str, ContractValue]:
        """What the records were made with: front end, background model, and the like."""
        return self._model().contract

    @property
    def background(self) -> bytes | None:
        """The background model that travels with the registry, if one does."""
        with self._database.reading() as connection:
            return rows.read_setting(connection, "background", str(self.path))

    @property
    def calibration(self) -> bytes | None:
        """The registry's own calibration, if it was given one."""
        with self._database.reading() as connection:
            return rows.read_setting(connection, "calibration", str(self.path))

    @property
    def origin(self) -> bytes | None:
        """Random bytes that tell this registry from any other in its place."""
        with self._database.reading() as connection:
            return rows.read_setting(connection, "origin", str(self.path))

    @property
    def generation(self) -> int:
        """A number that every change of the file increases."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT number FROM generation").fetchone()
        return int(row[0]) if row else 0

    def check_contract(self, expected: Mapping[str, ContractValue]) -> None:
        """Refuse a registry whose records were made with something else.

        Raises
        ------
        FeatureContractError
            Naming what differs, on both sides.
        """
        try:
            check_contract(self._model(), expected, self.path)
        except FeatureContractError as error:
            raise FeatureContractError(
                f"{self.path} was made with another front end or background model",
                found=error.found.replace("a model for", "records made with"),
                needed=error.needed.replace("one for", "records made with"),
                hint="use what it was made with, or enroll everyone into a new registry",
            ) from error

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let everything that is read inside belong to the same moment."""
        with self._database.reading() as connection:
            # A transaction begins to see one state with its first query.
            connection.execute("SELECT number FROM generation").fetchone()
            yield

    def names(self) -> tuple[str, ...]:
        """Return everyone's name, in the order of their keys; damaged ones are warned of."""
        with self._database.reading() as connection:
            named, damaged = rows.names(connection, str(self.path))
        self._warn_of_damage(damaged)
        return tuple(name.display for name in named)

    def __len__(self) -> int:
        with self._database.reading() as connection:
            return rows.count(connection)

    def __contains__(self, name: object) -> bool:
        try:
            key = speaker_name(name).key
        except ParameterError:
            return False
        with self._database.reading() as connection:
            return rows.find(connection, key) is not None

    def record(self, name: str) -> Record:
        """Return one speaker's record.

        Raises
        ------
        NotEnrolledError
            If nobody of that name is enrolled.
        StoredRecordError
            If the record is damaged.
        """
        with self._database.reading() as connection:
            return self._record(connection, speaker_name(name))

    def records(
        self, names: Iterable[str] | None = None, *, skip_damaged: bool = False
    ) -> Iterator[Record]:
        """Give the records of some speakers in the order asked for, or everyone's by name.

        Each is read when it is asked for: without :meth:`snapshot` a speaker who is removed
        meanwhile is left out.

        Parameters
        ----------
        names : iterable of str, optional
            Whose.
        skip_damaged : bool
            Warn of damaged records and go on.

        Raises
        ------
        NotEnrolledError
            If one of the names is not enrolled.
        StoredRecordError
            If a record is damaged and is not to be skipped.
        """
        damaged: list[StoredRecordError] = []
        for name in self._wanted(names, skip_damaged=skip_damaged):
            try:
                with self._database.reading() as connection:
                    record = rows.read_record(connection, name.key, str(self.path))
            except StoredRecordError as error:
                if not skip_damaged:
                    raise
                damaged.append(error)
                continue
            if record is not None:
                yield record
        self._warn_of_damage(damaged)

    def projections(
        self, *, skip_damaged: bool = False
    ) -> tuple[tuple[str, ...], npt.NDArray[Any]]:
        """Return everyone's name and the matrix of their projections, from one query.

        Parameters
        ----------
        skip_damaged : bool
            Warn of damaged rows and leave them out.

        Returns
        -------
        names : tuple of str
            In the order of their keys.
        matrix : ndarray of shape (n, P)
            Read-only; P is 0 before anyone is enrolled.

        Raises
        ------
        StoredRecordError
            If a row is damaged and is not to be left out.
        """
        label, names, damaged = str(self.path), [], []
        pieces: list[bytes] = []
        with self._database.reading() as connection:
            dtype, length = rows.projection_type(connection, label)
            for entry in rows.entries(connection, label, dtype.itemsize * length):
                if isinstance(entry, rows.Entry):
                    names.append(entry.name.display)
                    pieces.append(entry.projection)
                elif skip_damaged:
                    damaged.append(entry)
                else:
                    raise entry
        self._warn_of_damage(damaged)
        matrix = np.frombuffer(b"".join(pieces), dtype).reshape(len(names), length)
        return tuple(names), matrix

    def fingerprints(self, among: Collection[str] | None = None) -> dict[str, str]:
        """Return who was enrolled with which recording; of several the first by key.

        Parameters
        ----------
        among : collection of str, optional
            Look for these alone.

        Returns
        -------
        dict
            From fingerprint to name.
        """
        query = "SELECT fingerprint, name FROM fingerprints JOIN speakers USING (id)"
        order = " ORDER BY key DESC"
        with self._database.reading() as connection:
            if among is None:
                found = connection.execute(query + order).fetchall()
            else:
                one = query + " WHERE fingerprint = ?" + order
                found = [row for text in among for row in connection.execute(one, (text,))]
        return {text.decode(errors="replace"): rows.shown(name) for text, name in found}

    def check(self) -> tuple[Damage, ...]:
        """Read everything, and return what is wrong with it."""
        found: list[Damage] = []
        with self._database.reading() as connection:
            try:
                found += _damaged_pages(connection)
                self._model()
                found += self._damaged_records(connection)
            except RegistryError as error:
                found.append(Damage(None, str(error)))
            except sqlite3.DatabaseError as error:
                found.append(Damage(None, f"{self.path}: {error}"))
        return tuple(found)

    def _damaged_records(self, connection: sqlite3.Connection) -> Iterator[Damage]:
        for key, name in connection.execute("SELECT key, name FROM speakers").fetchall():
            try:
                rows.read_record(connection, rows.shown(key), str(self.path))
            except StoredRecordError as error:
                yield Damage(rows.shown(name), str(error))

    def _model(self) -> Model:
        label = f"the contract of {self.path}"
        with self._database.reading() as connection:
            payload = rows.read_setting(connection, "contract", str(self.path))
        if payload is None:
            raise RegistryError(f"{self.path} is damaged", found="no contract", needed="one")
        return decode_model(payload, label)

    def _wanted(self, names: Iterable[str] | None, *, skip_damaged: bool) -> list[Name]:
        with self._database.reading() as connection:
            if names is None:
                named, damaged = rows.names(connection, str(self.path))
                if damaged and not skip_damaged:
                    raise damaged[0]
                self._warn_of_damage(damaged)
                return named
            wanted = [speaker_name(name) for name in names]
            for name in wanted:
                self._number(connection, name)
        return wanted

    def _number(self, connection: sqlite3.Connection, name: Name) -> int:
        found = rows.find(connection, name.key)
        if found is None:
            raise self._not_enrolled(connection, name)
        return found[0]

    def _record(self, connection: sqlite3.Connection, name: Name) -> Record:
        record = rows.read_record(connection, name.key, str(self.path))
        if record is None:
            raise self._not_enrolled(connection, name)
        return record

    def _not_enrolled(self, connection: sqlite3.Connection, name: Name) -> NotEnrolledError:
        enrolled = rows.count(connection)
        if not enrolled:
            return NotEnrolledError(
                f"{name.display!r} is not enrolled in {self.path}",
                found="an empty registry",
                needed="at least one speaker",
                hint="enroll somebody first",
            )
        displays = {found.key: found.display for found in rows.names(connection, "")[0]}
        near = difflib.get_close_matches(name.key, islice(displays, _NAMES_COMPARED), n=3)
        return NotEnrolledError(
            f"{name.display!r} is not enrolled in {self.path}",
            found=f"{enrolled:,} other {'speaker' if enrolled == 1 else 'speakers'}",
            needed="an enrolled name",
            hint=" or ".join(repr(displays[key]) for key in near) or "list the names",
        )

    def _warn_of_damage(self, damaged: list[StoredRecordError]) -> None:
        if damaged:
            shown = "; ".join(error.problem for error in damaged[:_NAMES_SHOWN])
            more = len(damaged) - _NAMES_SHOWN
            tail = f"; and {more} more" if more > 0 else ""
            warnings.warn(RegistryWarning(f"left out: {shown}{tail}"), stacklevel=3)


def _damaged_pages(connection: sqlite3.Connection) -> list[Damage]:
    lines = connection.execute("PRAGMA integrity_check(20)").fetchall()
    return [Damage(None, rows.shown(line)) for (line,) in lines if line != b"ok"]
