"""Does the shortlist of a large registry hold the one whom scoring everybody would find?"""

import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from reporting import Figure
from speaker_crowd import Crowd, name_of
from speech_trials import RATE, enrolled, protocols, speech_folder

from gmmkit.core.execution import threads
from gmmkit.errors import AudioError
from gmmkit.io.audio import as_recording
from gmmkit.speaker.background import BackgroundModel
from gmmkit.speaker.enrollment import Heard, hear
from gmmkit.speaker.people import People, load_people
from gmmkit.speaker.recognition import banks_of, fused_scores
from gmmkit.speaker.recognizers import AdaptedRecognizer
from gmmkit.speaker.scoring import JudgedFrames, judged
from gmmkit.speaker.storage.store import Store

CROWD_RECALL = 0.999
# Of a synthetic recording: three seconds of speech.
CROWD_FRAMES = 300
# The models of so many people stay in memory at once.
_PEOPLE_AT_ONCE = 2_000

Best = npt.NDArray[np.intp]


def crowd_with_known(background: BackgroundModel) -> Crowd:
    """Return synthetic people, and before them the real ones of the protocols."""
    _, people = enrolled(protocols().load(speech_folder(), "DEV"), background)
    return replace(Crowd.of(background), known=tuple(people))


def recall_of_synthetic(crowd: Crowd, path: Path, n_people: int, n_recordings: int) -> Figure:
    """Return how often the shortlist holds the exact answer to frames of synthetic people."""
    people = np.arange(len(crowd.known), n_people)
    chosen = np.random.default_rng(0).choice(people, n_recordings, replace=False)
    recordings = [crowd.heard(int(person), CROWD_FRAMES) for person in chosen]
    label = f"{n_people:,} people: exact answer on the shortlist"
    remark = f"{CROWD_FRAMES} synthetic frames each"
    return _recall(label, crowd, path, recordings, chosen, n_people, CROWD_RECALL, remark)


def recall_of_real(crowd: Crowd, path: Path, n_people: int, name: str) -> Figure:
    """Return the same for the tests of a protocol, whose speakers stand among the synthetic."""
    protocol = protocols().load(speech_folder(), name)
    speakers = list(protocol.enroll)
    pairs = []
    for speaker, samples in protocol.tests:
        with suppress(AudioError):
            heard = hear(as_recording((samples, RATE)), crowd.background)
            pairs.append((heard, speakers.index(speaker)))
    recordings, truth = [heard for heard, _ in pairs], np.array([who for _, who in pairs])
    label = f"{n_people:,} people: the same, real speech of {name}"
    return _recall(label, crowd, path, recordings, truth, n_people, None, "real frames")


def _recall(
    label: str,
    crowd: Crowd,
    path: Path,
    recordings: Sequence[Heard],
    truth: Best,
    n_people: int,
    needed: float | None,
    remark: str,
) -> Figure:
    answers = exact_answers(crowd, n_people, recordings)
    print(f"{len(answers)} exact answers", file=sys.stderr, flush=True)
    remark += f"; the answer is the speaker in {np.mean(answers == truth):.1%}"
    value = shortlisted(crowd, path, recordings, answers)
    return Figure(label, value, f"of {len(answers)}", needed, remark=remark)


def exact_answers(crowd: Crowd, n_people: int, recordings: Sequence[Heard]) -> Best:
    """Return who of everyone has the largest score, recording by recording.

    Every recording is scored against every model. Normalization and calibration, which follow in
    a registry, rise with the score and leave the best one the best.
    """
    subsystem = crowd.background.subsystems[0]
    ready = [
        judged(heard.frames[0], subsystem.ubm, scorer=subsystem.scorer) for heard in recordings
    ]
    scores, best = np.full(len(ready), -np.inf), np.zeros(len(ready), np.intp)
    for start in range(0, n_people, _PEOPLE_AT_ONCE):
        found = _scores_of(crowd, range(start, min(start + _PEOPLE_AT_ONCE, n_people)), ready)
        here = found.argmax(axis=1)
        highest = found[np.arange(len(ready)), here]
        best = np.where(highest > scores, start + here, best)
        scores = np.maximum(highest, scores)
    return best


def shortlisted(crowd: Crowd, path: Path, recordings: Sequence[Heard], answers: Best) -> float:
    """Return how often the registry in a file looks at the exact answer at all."""
    recognizer = AdaptedRecognizer(crowd.background)
    with Store.open(path) as store:
        people = load_people(store, recognizer)
    found = [
        _looks_at(people, recognizer, heard, name_of(answer))
        for heard, answer in zip(recordings, answers, strict=True)
    ]
    return float(np.mean(found))


def _looks_at(people: People, recognizer: AdaptedRecognizer, heard: Heard, name: str) -> bool:
    chosen = people.to_score(recognizer, heard, None, everyone=False)
    return name in {people.names[index] for index in chosen}


def _scores_of(
    crowd: Crowd, people: Sequence[int], recordings: Sequence[JudgedFrames]
) -> npt.NDArray[np.float64]:
    with threads() as executor:
        enrollments = list(executor.map(crowd.enrollment, people))
        banks = banks_of(crowd.background, enrollments)
        rows = executor.map(lambda ready: fused_scores([ready], banks, n_threads=1), recordings)
        return np.array(list(rows))
