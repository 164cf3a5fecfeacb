"""The trials of the reference speech, and a background model's scores of them.

Needs the directory that GMMKIT_REFERENCE_DATA names, with ``speech`` in it and
``tools/speech_protocols.py`` beside it.
"""

import importlib.util
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt

from gmmkit.errors import AudioError, AudioWarning
from gmmkit.io.audio import Recording, as_recording
from gmmkit.speaker.background import BackgroundModel
from gmmkit.speaker.enrollment import Enrollment, enroll, hear
from gmmkit.speaker.recognition import (
    FEATURES,
    Banks,
    banks_of,
    features_of,
    fused_scores,
    ready_to_score,
)
from gmmkit.speaker.score_normalization import registry_t_norm

VARIABLE = "GMMKIT_REFERENCE_DATA"
DEVELOPMENT = ("DEV", "DEV-short", "DEV-noise", "DEV-chan")
PROTOCOLS = (*DEVELOPMENT, "DEV-unseen-noise", "LS")
RATE = 16_000

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Trials:
    """Fused scores of a protocol, before normalization and calibration.

    Attributes
    ----------
    name : str
    speakers : tuple of str
        Those enrolled.
    truth : ndarray of shape (n_tests,)
        The column of the right one.
    enrolled : ndarray of shape (n_tests, n_speakers)
        Minus infinity in the rows of tests that were refused.
    cohort : ndarray of shape (n_tests, n_cohort)
    seconds : ndarray of shape (n_tests,)
        Of speech.
    """

    name: str
    speakers: tuple[str, ...]
    truth: npt.NDArray[np.intp]
    enrolled: Matrix
    cohort: Matrix
    seconds: npt.NDArray[np.float64]

    @property
    def is_target(self) -> npt.NDArray[np.bool_]:
        """Which trials are of the same speaker, (n_tests, n_speakers)."""
        return self.truth[:, None] == np.arange(len(self.speakers))

    def features(self, chosen: Sequence[int] | None = None) -> Matrix:
        """Return what a calibration reads where only some are enrolled, (n_tests, chosen, 3).

        NaN in the rows of tests that were refused.
        """
        columns = np.arange(len(self.speakers)) if chosen is None else np.asarray(chosen)
        features = np.full((len(self.truth), len(columns), len(FEATURES)), np.nan)
        for test in np.flatnonzero(self.heard):
            scores = self.enrolled[test, columns]
            normalized = registry_t_norm(scores, self.cohort[test])
            features[test] = features_of(scores, normalized, self.seconds[test])
        return features

    @property
    def heard(self) -> npt.NDArray[np.bool_]:
        """Which tests were not refused."""
        return np.isfinite(self.enrolled).all(axis=1)


def speech_folder() -> Path:
    """Return the reference speech, or end the process."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        sys.exit(f"{VARIABLE} is not set: the directory that holds speech/")
    return Path(folder) / "speech"


@cache
def protocols() -> ModuleType:
    """Return the module that makes the trials."""
    path = speech_folder().parent.parent / "tools" / "speech_protocols.py"
    spec = importlib.util.spec_from_file_location("speech_protocols", path)
    if spec is None or spec.loader is None or not path.exists():
        sys.exit(f"{path} is missing")
    module = importlib.util.module_from_spec(spec)
    sys.modules["speech_protocols"] = module
    spec.loader.exec_module(module)
    return module


def background_recordings() -> list[tuple[str, tuple[npt.NDArray[np.float32], int]]]:
    """Return the recordings that background models may be trained on."""
    return [(who, (samples, RATE)) for who, samples in protocols().background(speech_folder())]


def enrolled(
    protocol: object, background: BackgroundModel
) -> tuple[tuple[str, ...], list[Enrollment]]:
    """Return who a protocol enrolls, and their enrollments."""
    by_name: Mapping[str, list[npt.NDArray[np.float32]]] = protocol.enroll  # type: ignore[attr-defined]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AudioWarning)
        people = [enroll([(x, RATE) for x in samples], background) for samples in by_name.values()]
    return tuple(by_name), people


def run_protocol(name: str, background: BackgroundModel) -> Trials:
    """Enroll and score one protocol."""
    protocol = protocols().load(speech_folder(), name)
    speakers, people = enrolled(protocol, background)
    banks = banks_of(background, people)
    scored = [_score((samples, RATE), background, banks) for _, samples in protocol.tests]
    truth = [speakers.index(who) for who, _ in protocol.tests]
    return Trials(
        name,
        speakers,
        np.array(truth),
        np.array([row[0] for row in scored]),
        np.array([row[1] for row in scored]),
        np.array([row[2] for row in scored]),
    )


def _score(
    source: tuple[npt.NDArray[np.float32], int] | Recording,
    background: BackgroundModel,
    banks: Banks,
) -> tuple[Matrix, Matrix, float]:
    n_speakers = next(iter(banks[0].values())).n_speakers
    try:
        heard = hear(as_recording(source), background)
    except AudioError:
        # Refused: counted as an error wherever the test's speaker is enrolled.
        return np.full(n_speakers, -np.inf), np.zeros(background.subsystems[0].n_cohort), 1.0
    ready = ready_to_score(heard, background)
    cohort = fused_scores(ready, background.cohort_banks)
    return fused_scores(ready, banks), cohort, heard.seconds
