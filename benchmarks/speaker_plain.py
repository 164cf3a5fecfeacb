"""The classic way, one plain mixture a speaker and no background model, on the same trials."""

import warnings

import numpy as np
from speaker_measures import Answers, Matrix
from speech_trials import RATE, protocols, speech_folder

from gmmkit.core.execution import threads
from gmmkit.errors import AudioError, AudioWarning
from gmmkit.io.audio import as_recording
from gmmkit.speaker.plain import PlainRecognizer


def plain_answers(name: str) -> Answers:
    """Return what plain mixtures score: mean log densities above the mean of the others'."""
    protocol = protocols().load(speech_folder(), name)
    recognizer = PlainRecognizer()

    def record(item: tuple[str, list[np.ndarray]]) -> object:
        speaker, recordings = item
        return recognizer.enroll(speaker, [(samples, RATE) for samples in recordings])

    with warnings.catch_warnings(), threads() as executor:
        warnings.simplefilter("ignore", AudioWarning)
        models = recognizer.models(list(executor.map(record, protocol.enroll.items())))
        tests = [samples for _, samples in protocol.tests]
        rows = list(executor.map(lambda samples: _scores(recognizer, models, samples), tests))
    speakers = list(protocol.enroll)
    truth = np.array([speakers.index(who) for who, _ in protocol.tests])
    return Answers(np.array(rows), truth)


def _scores(recognizer: PlainRecognizer, models: list, samples: np.ndarray) -> Matrix:
    try:
        heard = recognizer.hear(as_recording((samples, RATE)))
    except AudioError:
        return np.full(len(models), np.nan)
    return recognizer.scores(heard, [models]).ranked_by
