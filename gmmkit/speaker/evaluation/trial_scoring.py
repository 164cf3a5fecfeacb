"""Scores of a list of trials: every test is heard once, whichever models it is tried with."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.core.execution import threads
from gmmkit.errors import AudioError, NotEnrolledError
from gmmkit.io.audio import RecordingSource, as_recording
from gmmkit.speaker.background import BackgroundModel
from gmmkit.speaker.enrollment import (
    Heard,
    enroll_one,
    enrollment_arrays,
    enrollment_from_arrays,
    hear,
)
from gmmkit.speaker.evaluation.trials import Pair, ScoreList
from gmmkit.speaker.recognition import Scores, banks_of, features_of, score
from gmmkit.speaker.recognizers import Recognizer
from gmmkit.speaker.shortlist import COUNTED, EXACT_LIMIT, evenly_spread
from gmmkit.speaker.storage.record import Record
from gmmkit.speaker.storage.store import Store

Find = Callable[[str], RecordingSource]
Progress = Callable[[str, int, int], None]
Normalize = Callable[[Heard, Sequence[str], Scores], Float64Array]
Arrays = Mapping[str, npt.NDArray[np.floating]]

_NAMES_SHOWN = 3


class Models(Protocol):
    """Enrolled voices that tests are tried with, by name."""

    names: tuple[str, ...]
    refused: Mapping[str, AudioError]

    def hear(self, source: RecordingSource) -> Heard:
        """Return a recording as these models are scored."""
        ...

    def scores(self, heard: Heard, wanted: Sequence[str]) -> Scores:
        """Return the scores of a recording against some of them, in that order."""
        ...


@dataclass(frozen=True, eq=False)
class TrialScores:
    """Scores of trials, and what a calibration would make of them.

    Attributes
    ----------
    scores : ScoreList
        In the order of the trials; NaN where a recording was refused.
    is_llr : bool
        Whether they are calibrated log-likelihood ratios, in nats.
    features : ndarray of shape (n_trials, 3)
        What a calibration reads, see :data:`gmmkit.speaker.recognition.FEATURES`.
    seconds : mapping of str to float
        Of speech, by test.
    refused : mapping of str to AudioError
        By recording, why it could not be used.
    """

    scores: ScoreList
    is_llr: bool
    features: Float64Array
    seconds: Mapping[str, float]
    refused: Mapping[str, AudioError]


def score_trials(
    pairs: Sequence[Pair],
    models: Models,
    find: Find,
    *,
    normalize: Normalize | None = None,
    n_threads: int | None = None,
    on_progress: Progress | None = None,
) -> TrialScores:
    """Return the scores of trials.

    Parameters
    ----------
    pairs : sequence of (str, str)
        Names of model and test of each trial.
    models : EnrolledPeople or EnrolledRecordings
    find : callable
        From the name of a test to its recording.
    normalize : callable, optional
        Such as a `Normalization` of the module of trial normalization; in the place of the
        usual normalization and calibration.
    n_threads : int, optional
        Tests are heard in parallel; the scores do not depend on it.
    on_progress : callable, optional
        Called with a stage, what is done and how much there is.

    Returns
    -------
    TrialScores

    Raises
    ------
    NotEnrolledError
        If models of the trials are missing.
    FileAccessError
        If a recording cannot be read; one that is damaged or holds too little speech is refused.

    Examples
    --------
    >>> from gmmkit.speaker.presets import load_background
    >>> pairs = [("ana-1", "someone"), ("ben-1", "someone")]
    >>> find = "sample:{}".format
    >>> models = EnrolledRecordings.of(["ana-1", "ben-1"], find, load_background("fast"))
    >>> own, other = score_trials(pairs, models, find).scores.scores
    >>> bool(own > 3 > other)
    True
    """
    _check_models(pairs, models)
    trials_of = _trials_by_test(pairs)
    scored = np.full(len(pairs), np.nan)
    features = np.full((len(pairs), 3), np.nan)
    refused = dict(models.refused)
    seconds: dict[str, float] = {}
    is_llr = False
    for test, heard in _heard(list(trials_of), models, find, n_threads, on_progress):
        if isinstance(heard, AudioError):
            refused[test] = heard
            continue
        seconds[test] = heard.seconds
        usable = [n for n in trials_of[test] if pairs[n][0] not in models.refused]
        if not usable:
            continue
        wanted = [pairs[n][0] for n in usable]
        found = models.scores(heard, wanted)
        features[usable] = features_of(found.scores, found.normalized, found.seconds)
        is_llr = found.llr is not None and normalize is None
        scored[usable] = found.ranked_by if normalize is None else normalize(heard, wanted, found)
    return TrialScores(ScoreList(pairs, scored), is_llr, features, seconds, refused)


class EnrolledPeople:
    """People of a registry, all of whom take part in the normalization of each other's scores.

    Parameters
    ----------
    store : Store
        Open.
    recognizer : Recognizer
        What the registry was made with.
    tried : iterable of str
        Whose scores are wanted; matters only where a registry is too large to score everyone.
    """

    def __init__(self, store: Store, recognizer: Recognizer, tried: Iterable[str]) -> None:
        self.recognizer = recognizer
        self.refused: Mapping[str, AudioError] = {}
        records = _records_to_score(store, set(tried))
        self.names = tuple(record.name for record, _ in records)
        self._counted = np.array([counts for _, counts in records], np.bool_)
        self._models = recognizer.models([record for record, _ in records])
        self._place = {name: place for place, name in enumerate(self.names)}

    def hear(self, source: RecordingSource) -> Heard:
        """Return a recording as the registry hears it."""
        return self.recognizer.hear(as_recording(source))

    def scores(self, heard: Heard, wanted: Sequence[str]) -> Scores:
        """Return the scores that the registry gives, of some of the people."""
        counted = None if self._counted.all() else self._counted
        every = self.recognizer.scores(heard, [self._models], counted)
        return _part(every, [self._place[name] for name in wanted])


class EnrolledRecordings:
    """Recordings each enrolled by itself; a score depends on the two recordings alone.

    Parameters
    ----------
    background : BackgroundModel
    enrolled : mapping of str to mapping
        Arrays of enrollments, by name.
    refused : mapping of str to AudioError
        Recordings that could not be enrolled, by name.
    """

    def __init__(
        self,
        background: BackgroundModel,
        enrolled: Mapping[str, Arrays],
        refused: Mapping[str, AudioError],
    ) -> None:
        self.background = background
        self.names = (*enrolled, *refused)
        self.refused = refused
        self._enrolled = enrolled
        self._latest: tuple[tuple[str, ...], Any] = ((), None)

    @classmethod
    def of(
        cls,
        names: Sequence[str],
        find: Find,
        background: BackgroundModel,
        *,
        n_threads: int | None = None,
        on_progress: Progress | None = None,
    ) -> "EnrolledRecordings":
        """Enroll recordings, in parallel; about 400 kB of memory each with the default model.

        Raises
        ------
        FileAccessError
            If a recording cannot be read.
        """

        def enrolled(name: str) -> Arrays | AudioError:
            try:
                return enrollment_arrays(enroll_one(as_recording(find(name)), background))
            except AudioError as error:
                return error

        found = dict(_in_parallel(names, enrolled, "enrolling", n_threads, on_progress))
        refused = {name: each for name, each in found.items() if isinstance(each, AudioError)}
        arrays = {name: each for name, each in found.items() if not isinstance(each, AudioError)}
        return cls(background, arrays, refused)

    def hear(self, source: RecordingSource) -> Heard:
        """Return a recording as the background model hears it."""
        return hear(as_recording(source), self.background)

    def scores(self, heard: Heard, wanted: Sequence[str]) -> Scores:
        """Return scores that no other of the recordings takes part in."""
        nobody = np.zeros(len(wanted), np.bool_)
        return score(heard, self.background, self._banks(tuple(wanted)), counted=nobody)

    def _banks(self, names: tuple[str, ...]) -> Any:
        """Return models; tests with the same ones come one after the other."""
        if self._latest[0] != names:
            enrollments = [
                enrollment_from_arrays(
                    self._enrolled[name], self.background, seconds=0.0, fingerprints=()
                )
                for name in names
            ]
            self._latest = (names, banks_of(self.background, enrollments))
        return self._latest[1]


def _heard(
    tests: Sequence[str],
    models: Models,
    find: Find,
    n_threads: int | None,
    on_progress: Progress | None,
) -> Iterator[tuple[str, Heard | AudioError]]:
    def hear_one(test: str) -> Heard | AudioError:
        try:
            return models.hear(find(test))
        except AudioError as error:
            return error

    return _in_parallel(tests, hear_one, "scoring", n_threads, on_progress)


def _in_parallel(
    names: Sequence[str],
    function: Callable[[str], Any],
    stage: str,
    n_threads: int | None,
    on_progress: Progress | None,
) -> Iterator[tuple[str, Any]]:
    tell = on_progress or (lambda stage, done, whole: None)
    with threads(n_threads) as executor:
        results = zip(names, executor.map(function, names), strict=True)
        for done, result in enumerate(results, start=1):
            yield result
            tell(stage, done, len(names))


def _trials_by_test(pairs: Sequence[Pair]) -> dict[str, list[int]]:
    """Return the trials of each test; tests with the same models follow each other."""
    numbers: dict[str, list[int]] = {}
    for number, (_, test) in enumerate(pairs):
        numbers.setdefault(test, []).append(number)
    for own in numbers.values():
        own.sort(key=lambda number: pairs[number][0])
    order = sorted(numbers, key=lambda test: [pairs[number][0] for number in numbers[test]])
    return {test: numbers[test] for test in order}


def _check_models(pairs: Sequence[Pair], models: Models) -> None:
    known = set(models.names)
    missing = list(dict.fromkeys(model for model, _ in pairs if model not in known))
    if missing:
        shown = ", ".join(map(repr, islice(missing, _NAMES_SHOWN)))
        more = ", ..." if len(missing) > _NAMES_SHOWN else ""
        raise NotEnrolledError(
            "models of the trials are not enrolled",
            found=f"{len(missing):,} of them: {shown}{more}",
            needed="names as they are enrolled",
            hint="list the names, or check that list and registry belong together",
        )


def _records_to_score(store: Store, tried: set[str]) -> list[tuple[Record, bool]]:
    """Return who has to be scored, and whether others are compared with them.

    Everyone, or in a large registry those who are tried and those who stand for the rest, as the
    registry itself chooses them.
    """
    with store.snapshot():
        names = store.names()
        if len(names) <= EXACT_LIMIT:
            return [(record, True) for record in store.records(skip_damaged=True)]
        counted = {names[place] for place in evenly_spread(len(names), COUNTED)}
        chosen = [name for name in names if name in counted or name in tried]
        records = list(store.records(chosen, skip_damaged=True))
    return [(record, record.name in counted) for record in records]


def _part(scores: Scores, places: Sequence[int]) -> Scores:
    chosen = np.array(places, np.intp)
    llr = None if scores.llr is None else scores.llr[chosen]
    return Scores(scores.scores[chosen], scores.normalized[chosen], llr, scores.seconds)
