"""The registry: people enrolled once, in one file, and recognized whenever they speak."""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from gmmkit.core.checks import check_count, check_parameters
from gmmkit.errors import (
    NotEnrolledError,
    ParameterError,
    RegistryError,
)
from gmmkit.io.audio import RecordingSource, as_recording
from gmmkit.speaker.answers import Candidate, Verification, candidate, llr_at, verification
from gmmkit.speaker.background import BackgroundModel
from gmmkit.speaker.calibration import Calibration
from gmmkit.speaker.notices import (
    warn_of_known_sound,
    warn_of_short_enrollment,
    warn_of_test,
)
from gmmkit.speaker.opening import calibration_bytes, recognizer_for, recognizer_of
from gmmkit.speaker.people import People, load_people, version_of
from gmmkit.speaker.recognition import VERIFICATION_POINT, Scores, identification_threshold
from gmmkit.speaker.recognizers import Recognizer
from gmmkit.speaker.shortlist import EXACT_LIMIT
from gmmkit.speaker.storage.names import speaker_name
from gmmkit.speaker.storage.record import Record
from gmmkit.speaker.storage.store import Store
from gmmkit.speaker.storage.transfer import Imported

AnyPath = str | os.PathLike[str]
Result = TypeVar("Result")


class Registry:
    """People enrolled in one file. Not an authentication factor: a recording of a voice passes.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     people = Registry.open(f"{folder}/people.db", background="fast")
    ...     people.enroll("ana", [f"sample:ana-{i}" for i in (1, 2, 3)])
    ...     people.enroll("ben", [f"sample:ben-{i}" for i in (1, 2, 3)])
    ...     people.identify("sample:someone")[0].name
    'ana'
    """

    def __init__(self, path: Path, recognizer: Recognizer, *, read_only: bool) -> None:
        self._path = path
        self._recognizer = recognizer
        self._read_only = read_only
        self._people: People | None = None

    @classmethod
    def open(
        cls,
        path: AnyPath,
        *,
        background: str | Path | BackgroundModel | None = None,
        model: str | None = None,
        read_only: bool = False,
    ) -> "Registry":
        """Open a registry, or prepare a new one, whose file the first enrollment makes.

        Parameters
        ----------
        path : str or path-like
        background : str, Path or BackgroundModel, optional
            ``"default"``, ``"fast"``, a ``.gmm`` file or a model. Needed only once: a registry
            knows what it was made with, and refuses anything else.
        model : str, optional
            ``"gmm-ubm"``, the default, or ``"gmm"`` for a plain mixture a speaker, which can rank
            people but does not know strangers. Needed only once, as well.
        read_only : bool
            Refuse to write, and a path where there is nothing.

        Raises
        ------
        FileAccessError
            If it is to be read and is missing, or is no regular file.
        RegistryError
            If it is no registry, or damaged.
        FeatureContractError
            If it was made with another background model.
        RegistryBusyError
            If it stayed locked for ten seconds.
        """
        if read_only or os.path.lexists(path):
            with Store.open(path) as store:
                recognizer = recognizer_of(store, background, model)
        else:
            recognizer = recognizer_for(background, model)
        return cls(Path(path), recognizer, read_only=read_only)

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @property
    def recognizer(self) -> Recognizer:
        """What the voices are known by."""
        return self._recognizer

    def names(self) -> tuple[str, ...]:
        """Return who is enrolled, in the order of their names."""
        return self._read(Store.names) if self._exists() else ()

    def __contains__(self, name: str) -> bool:
        """Tell whether someone of that name is enrolled, in whatever case or spelling."""
        return self._exists() and self._read(lambda store: name in store)

    def record(self, name: str) -> Record:
        """Return what is kept of someone; see its ``facts``.

        Raises
        ------
        NotEnrolledError
            If nobody of that name is enrolled.
        """
        return self._read(lambda store: store.record(name))

    def enroll(
        self,
        name: str,
        recordings: RecordingSource | Sequence[RecordingSource],
        *,
        existing: Literal["error", "append", "replace"] = "error",
    ) -> None:
        """Enroll someone. Sums of statistics are kept, and no sound.

        Parameters
        ----------
        name : str
            1 to 100 printable characters; the same name in other letters is the same person.
        recordings : recording, or sequence of recordings
            Paths, ``sample:NAME``, (samples, sample_rate) pairs or Recording values; ten seconds
            of speech or more in all.
        existing : {"error", "append", "replace"}
            What to do if the name is enrolled.

        Raises
        ------
        AlreadyEnrolledError
            If the name is enrolled and `existing` is ``"error"``.
        AudioError
            If a recording cannot be read, or holds under one second of speech.
        OutputWriteError
            If the registry cannot be written.

        Warns
        -----
        AudioWarning
            If there is little speech, or a recording is doubtful.
        RegistryWarning
            If a recording is enrolled under another name too.
        """
        self._check_request(name, existing)
        if self._exists() and existing == "error":
            self._read(lambda store: store.refuse_enrolled(name))
        record = self._recognizer.enroll(speaker_name(name).display, _listed(recordings))
        with self._writing(create=True) as store:
            warn_of_known_sound(store, record)
            if existing == "error":
                store.add(record)
            else:
                append = existing == "append"
                record = store.put(record, self._recognizer.joined if append else _newer)
        warn_of_short_enrollment(float(str(record.facts["seconds"])), stacklevel=3)

    def identify(self, recording: RecordingSource, top: int | None = 5) -> list[Candidate]:
        """Return who may be speaking, likeliest first; at most one is accepted, perhaps none.

        Parameters
        ----------
        recording : path, (samples, sample_rate) or Recording
        top : int, optional
            How many candidates; None for all who were scored.

        Returns
        -------
        list of Candidate
            Where none is accepted, the answer is: unknown.

        Raises
        ------
        NotEnrolledError
            If nobody is enrolled.
        AudioError
            If the recording cannot be read, or holds under one second of speech.

        Warns
        -----
        AudioWarning
            If it holds under three seconds of speech.
        """
        people = self._current_people()
        count = None if top is None else check_count(top, "top")
        names, scores = self._score(recording, people)
        threshold = identification_threshold(len(people.names))
        order = np.argsort(-scores.ranked_by, kind="stable")[:count]
        return [
            candidate(scores, index, names[index], threshold, is_best=rank == 0)
            for rank, index in enumerate(order)
        ]

    def verify(
        self, name: str, recording: RecordingSource, *, threshold: float | None = None
    ) -> Verification:
        """Tell whether a recording is of the person claimed.

        Parameters
        ----------
        name : str
            Who it is claimed to be.
        recording : path, (samples, sample_rate) or Recording
        threshold : float, optional
            The ratio, in nats, from which on a claim is accepted; the default is that of one true
            claim in twenty with errors of equal cost, 2.94. For others see
            :mod:`gmmkit.speaker.evaluation.operating_points`.

        Raises
        ------
        NotEnrolledError
            If nobody of that name is enrolled.
        AudioError
            As in `identify`.
        """
        limit = VERIFICATION_POINT.threshold
        if threshold is not None:
            limit = float(check_parameters(threshold, "threshold"))
        enrolled = self.record(name).name
        names, scores = self._score(recording, self._current_people(), claimed=enrolled)
        index = names.index(enrolled)
        return verification(scores, index, limit)

    def scores(self, recording: RecordingSource) -> dict[str, float | None]:
        """Return everyone's log-likelihood ratio, from one pass of the front end.

        Parameters
        ----------
        recording : path, (samples, sample_rate) or Recording

        Returns
        -------
        dict of str to float or None
            In nats; None without a calibration.
        """
        names, scores = self._score(recording, self._current_people(), everyone=True)
        return {name: llr_at(scores, index) for index, name in enumerate(names)}

    def scored(self, recording: RecordingSource) -> tuple[tuple[str, ...], Scores]:
        """Return everyone's name and all the scores, calibrated or not."""
        return self._score(recording, self._current_people(), everyone=True)

    def rename(self, old: str, new: str) -> None:
        """Give someone another name.

        Raises
        ------
        NotEnrolledError, AlreadyEnrolledError
        """
        with self._writing() as store:
            store.rename(old, new)

    def remove(self, name: str) -> None:
        """Erase what is kept of someone, in the file itself.

        Raises
        ------
        NotEnrolledError
        """
        with self._writing() as store:
            store.remove(name)

    def export(
        self, path: AnyPath, names: Iterable[str] | None = None, *, force: bool = False
    ) -> int:
        """Write some or all of the people to a new registry; return how many."""
        return self._read(lambda store: store.export(path, names, force=force))

    def import_from(
        self, path: AnyPath, *, on_existing: Literal["error", "skip", "replace"] = "error"
    ) -> Imported:
        """Take over the people of another registry of the same background model, all or none."""
        with self._writing(create=True) as store:
            return store.import_from(path, on_existing=on_existing)

    def calibrate(self, calibration: Calibration) -> None:
        """Keep a calibration in the registry, in the place of the background model's."""
        calibrated = self._recognizer.calibrated(calibration)
        with self._writing() as store:
            store.set_calibration(calibration_bytes(calibration))
        self._recognizer = calibrated

    def _score(
        self,
        recording: RecordingSource,
        people: People,
        *,
        claimed: str | None = None,
        everyone: bool = False,
    ) -> tuple[tuple[str, ...], Scores]:
        heard = self._recognizer.hear(as_recording(recording))
        warn_of_test(heard.name, heard.seconds, heard.doubts, stacklevel=4)
        if people.projections is None:
            return people.names, self._recognizer.scores(heard, [people.models])
        chosen = people.to_score(self._recognizer, heard, claimed, everyone=everyone)
        compared = [people.names[index] for index in people.counted]
        with Store.open(self._path) as store, store.snapshot():
            wanted = [people.names[index] for index in chosen]
            names, parts = (self._in_parts if everyone else self._at_once)(store, wanted)
            return names, self._recognizer.scores(heard, parts, np.isin(names, compared))

    def _at_once(
        self, store: Store, wanted: Sequence[str]
    ) -> tuple[tuple[str, ...], Iterable[Any]]:
        """Return whose records are sound, and their models in one part."""
        records = list(store.records(wanted, skip_damaged=True))
        return tuple(record.name for record in records), [self._recognizer.models(records)]

    def _in_parts(
        self, store: Store, wanted: Sequence[str]
    ) -> tuple[tuple[str, ...], Iterable[Any]]:
        """Return whose records are sound, and their models some at a time, as memory allows."""
        names = tuple(record.name for record in store.records(wanted, skip_damaged=True))
        starts = range(0, len(names), EXACT_LIMIT)
        parts = (list(store.records(names[start : start + EXACT_LIMIT])) for start in starts)
        return names, map(self._recognizer.models, parts)

    def _current_people(self) -> People:
        if not self._exists() and not self._read_only:
            raise NotEnrolledError(
                f"nobody is enrolled: there is no {self._path} yet",
                needed="at least one person",
                hint="enroll someone first",
            )
        with Store.open(self._path) as store:
            if self._people is None or self._people.version != version_of(store):
                store.check_contract(self._recognizer.contract())
                self._people = load_people(store, self._recognizer)
        if not self._people.names:
            raise NotEnrolledError(
                f"nobody is enrolled in {self._path}", needed="at least one person"
            )
        return self._people

    def _exists(self) -> bool:
        return self._read_only or os.path.lexists(self._path)

    def _read(self, function: Callable[[Store], Result]) -> Result:
        with Store.open(self._path) as store:
            return function(store)

    def _writing(self, *, create: bool = False) -> Store:
        if self._read_only:
            raise RegistryError(
                f"{self._path} was opened to be read only", needed="read_only=False"
            )
        if not create:
            return Store.open(self._path, read_only=False)
        return Store.open_or_create(
            self._path, self._recognizer.contract(), background=self._recognizer.payload()
        )

    def _check_request(self, name: str, existing: str) -> None:
        speaker_name(name)
        if existing not in ("error", "append", "replace"):
            raise ParameterError(
                "existing is unknown",
                found=repr(existing),
                needed="'error', 'append' or 'replace'",
            )


def _listed(
    recordings: RecordingSource | Sequence[RecordingSource],
) -> list[RecordingSource]:
    """Return one recording or several as a list; a pair of samples and rate is one."""
    pair = (
        isinstance(recordings, tuple)
        and len(recordings) == 2
        and isinstance(recordings[1], int | float | np.integer | np.floating)
    )
    if pair or not isinstance(recordings, list | tuple):
        return [recordings]  # type: ignore[list-item]
    return list(recordings)


def _newer(old: Record, new: Record) -> Record:
    return new
