"""A registry's file: one SQLite database that every change leaves whole, with one record a speaker.

Many processes may read it while one writes. Names are data in it, and removed data are erased.
"""

import os
import sqlite3
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Literal, Self

from gmmkit.errors import AlreadyEnrolledError, OutputExistsError, ParameterError, RegistryWarning
from gmmkit.io.codec import encode_model
from gmmkit.io.database import open_database
from gmmkit.io.database_creation import create_database
from gmmkit.io.files import refuse_overwriting_inputs
from gmmkit.io.model_value import ContractValue, Model
from gmmkit.speaker.storage import rows
from gmmkit.speaker.storage.names import Name, speaker_name
from gmmkit.speaker.storage.record import LARGEST_RECORD, Record
from gmmkit.speaker.storage.stored import StoredSpeakers
from gmmkit.speaker.storage.transfer import Imported, take_over

KIND = "speaker-registry"
AnyPath = str | os.PathLike[str]


class Store(StoredSpeakers):
    """An open registry's file. Make one with `create`, `open` or `open_or_create`.

    One process and one thread use one store; others open their own.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> ana = Record("Ana", {"weight": np.ones(2)}, np.zeros(4, np.float16))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Store.create(f"{folder}/people.db", {"sample_rate": 16000}) as store:
    ...         store.add(ana)
    ...         "ANA" in store, store.names()
    (True, ('Ana',))
    """

    @classmethod
    def create(
        cls,
        path: AnyPath,
        contract: Mapping[str, ContractValue],
        *,
        background: bytes | None = None,
    ) -> Self:
        """Make a new registry and open it for writing.

        Parameters
        ----------
        path : str or path-like
            A free name in an existing folder.
        contract : mapping of str to str, int, float, bool or list of those
            What the records are going to be made with.
        background : bytes, optional
            A background model that travels with the registry, of at most 64 MiB.

        Raises
        ------
        OutputExistsError
            If there is a file of that name.
        OutputWriteError
            If it could not be written.
        """
        settings = _settings(contract, background)
        create_database(path, rows.LAYOUT, lambda new: _begin(new, settings))
        return cls.open(path, read_only=False)

    @classmethod
    def open(cls, path: AnyPath, *, read_only: bool = True) -> Self:
        """Open a registry that exists.

        Raises
        ------
        FileAccessError
            If it is missing, unreadable, a link, or no regular file.
        RegistryError
            If it is no registry, of another schema, or damaged.
        OutputWriteError
            If it is to be written to and cannot be.
        RegistryBusyError
            If it stayed locked.
        """
        return cls(open_database(path, rows.LAYOUT, read_only=read_only))

    @classmethod
    def open_or_create(
        cls,
        path: AnyPath,
        contract: Mapping[str, ContractValue],
        *,
        background: bytes | None = None,
    ) -> Self:
        """Open a registry for writing, after making it if there is none; see `create`.

        Raises
        ------
        FeatureContractError
            If it exists and was made with something else.
        """
        if not os.path.lexists(path):
            try:
                return cls.create(path, contract, background=background)
            except OutputExistsError:
                # Another process may have made it in this moment.
                if not os.path.lexists(path):
                    raise
        store = cls.open(path, read_only=False)
        try:
            store.check_contract(contract)
        except BaseException:
            store.close()
            raise
        return store

    def add(self, record: Record) -> None:
        """Enroll a speaker whose name is free.

        Raises
        ------
        AlreadyEnrolledError
            If the name is taken, in whatever case or spelling.
        """
        self.add_many([record])

    def add_many(self, records: Iterable[Record]) -> None:
        """Enroll many speakers, all or none; see `add`."""
        with self._database.writing() as connection:
            for record in records:
                self._refuse_enrolled(connection, speaker_name(record.name))
                rows.put(connection, record)
            rows.count_change(connection)

    def refuse_enrolled(self, name: str) -> None:
        """Refuse a name that is taken, in whatever case or spelling.

        Raises
        ------
        AlreadyEnrolledError
        """
        with self._database.reading() as connection:
            self._refuse_enrolled(connection, speaker_name(name))

    def replace(self, record: Record) -> None:
        """Put a record in the place of the one under that name, and erase the old one.

        Raises
        ------
        NotEnrolledError
            If nobody of that name is enrolled.
        """
        with self._database.writing() as connection:
            number = self._number(connection, speaker_name(record.name))
            rows.put(connection, record, number)
            rows.count_change(connection)
        self._erase()

    def update(self, name: str, function: Callable[[Record], Record]) -> Record:
        """Replace a record by what a function makes of it, while nobody else can write.

        Parameters
        ----------
        name : str
            Whose.
        function : callable
            From the record to the new one, of the same name. Other writers wait for it.

        Returns
        -------
        Record
            The new one.

        Raises
        ------
        NotEnrolledError
            If nobody of that name is enrolled.
        StoredRecordError
            If the record is damaged.
        """
        wanted = speaker_name(name)
        with self._database.writing() as connection:
            number = self._number(connection, wanted)
            changed = function(self._record(connection, wanted))
            if changed.key != wanted.key:
                raise ParameterError(
                    "an update must keep the name",
                    found=repr(changed.name),
                    needed=repr(wanted.display),
                    hint="rename the speaker",
                )
            rows.put(connection, changed, number)
            rows.count_change(connection)
        return changed

    def put(self, record: Record, merge: Callable[[Record, Record], Record]) -> Record:
        """Enroll a speaker, or change the record that there is, while nobody else can write.

        Parameters
        ----------
        record : Record
        merge : callable
            From the record of that name that is kept and the new one to what is to be kept.

        Returns
        -------
        Record
            What is kept now.
        """
        wanted = speaker_name(record.name)
        with self._database.writing() as connection:
            found = rows.find(connection, wanted.key)
            kept = record
            if found is not None:
                kept = merge(self._record(connection, wanted), record)
            rows.put(connection, kept, None if found is None else found[0])
            rows.count_change(connection)
        if found is not None:
            self._erase()
        return kept

    def set_calibration(self, calibration: bytes) -> None:
        """Give the registry a calibration of its own, in the place of one that it has."""
        with self._database.writing() as connection:
            rows.write_setting(connection, "calibration", calibration)
            rows.count_change(connection)

    def rename(self, old: str, new: str) -> None:
        """Give a speaker another name.

        Raises
        ------
        NotEnrolledError
            If nobody has the old name.
        AlreadyEnrolledError
            If somebody else has the new one.
        """
        source, target = speaker_name(old), speaker_name(new)
        with self._database.writing() as connection:
            number = self._number(connection, source)
            if target.key != source.key:
                self._refuse_enrolled(connection, target)
            record = self._record(connection, source)
            renamed = Record(target.display, record.arrays, record.projection, record.facts)
            rows.put(connection, renamed, number)
            rows.count_change(connection)
        self._erase()

    def remove(self, name: str) -> None:
        """Erase everything that is kept of a speaker, even if it is damaged.

        Raises
        ------
        NotEnrolledError
            If nobody of that name is enrolled.
        """
        with self._database.writing() as connection:
            rows.delete(connection, self._number(connection, speaker_name(name)))
            rows.count_change(connection)
        self._erase()

    def export(
        self,
        path: AnyPath,
        names: Iterable[str] | None = None,
        *,
        force: bool = False,
        skip_damaged: bool = False,
    ) -> int:
        """Write some or all speakers to a new registry of the same contract and background.

        Parameters
        ----------
        path : str or path-like
            The new file.
        names : iterable of str, optional
            Whose records; everyone's by default.
        force : bool
            Replace a file of that name.
        skip_damaged : bool
            Leave out records that are damaged, with a warning.

        Returns
        -------
        int
            How many were written.
        """
        refuse_overwriting_inputs([path], [self.path])
        written = 0

        def fill(new: sqlite3.Connection) -> None:
            nonlocal written
            _begin(new, _settings(self.contract, self.background))
            own = self.calibration
            if own is not None:
                rows.write_setting(new, "calibration", own)
            for record in self.records(names, skip_damaged=skip_damaged):
                rows.put(new, record)
                written += 1

        with self.snapshot():
            create_database(path, rows.LAYOUT, fill, force=force)
        return written

    def import_from(
        self, path: AnyPath, *, on_existing: Literal["error", "skip", "replace"] = "error"
    ) -> Imported:
        """Take over the speakers of another registry of the same contract, all or none.

        Parameters
        ----------
        path : str or path-like
            The other registry.
        on_existing : {"error", "skip", "replace"}
            What to do about names that are enrolled here already.

        Returns
        -------
        Imported
            The names that were added, replaced and skipped.

        Raises
        ------
        FeatureContractError
            If its records were made with something else.
        AlreadyEnrolledError
            If names are taken and `on_existing` is ``"error"``.
        """
        with Store.open(path) as other, other.snapshot():
            other.check_contract(self.contract)
            with self._database.writing() as connection:
                done = take_over(connection, other, on_existing, self.path)
        if done.replaced:
            self._erase()
        return done

    def _refuse_enrolled(self, connection: sqlite3.Connection, name: Name) -> None:
        found = rows.find(connection, name.key)
        if found is not None:
            raise AlreadyEnrolledError(
                f"{name.display!r} is already enrolled in {self.path}",
                found=f"{found[1]!r}" if found[1] != name.display else "",
                needed="a name that is free",
                hint="append to the record, replace it, or choose another name",
            )

    def _erase(self) -> None:
        """What was deleted is zeros in the file already; let no old log keep it either."""
        if not self._database.flush():
            warnings.warn(
                RegistryWarning(
                    f"{Path(self.path).name}-wal keeps what was removed until the processes that "
                    "use the registry have closed it"
                ),
                stacklevel=3,
            )


def _settings(contract: Mapping[str, ContractValue], background: bytes | None) -> dict[str, bytes]:
    settings = {"contract": encode_model(Model(KIND, contract))}
    if background is None:
        return settings
    if len(background) > LARGEST_RECORD:
        raise ParameterError(
            "the background model is too large for a registry",
            found=f"{len(background):,} bytes",
            needed=f"at most {LARGEST_RECORD:,}",
            hint="keep it in a file of its own",
        )
    return settings | {"background": bytes(background)}


def _begin(connection: sqlite3.Connection, settings: Mapping[str, bytes]) -> None:
    connection.execute("INSERT INTO generation VALUES (0)")
    rows.write_setting(connection, "origin", os.urandom(16))
    for name, value in settings.items():
        rows.write_setting(connection, name, value)
