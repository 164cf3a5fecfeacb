"""Two ways to know a voice: means adapted from a background model, or a mixture of its own.

A registry stores what a recognizer makes of recordings and asks it for scores; it knows no more.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from gmmkit.io.audio import Recording, RecordingSource
from gmmkit.io.model_value import ContractValue
from gmmkit.speaker.background import BackgroundModel
from gmmkit.speaker.background_file import background_bytes
from gmmkit.speaker.calibration import Calibration
from gmmkit.speaker.enrollment import (
    Enrollment,
    Heard,
    enroll,
    enrollment_arrays,
    enrollment_from_arrays,
    hear,
)
from gmmkit.speaker.presets import PRESETS, load_background
from gmmkit.speaker.recognition import Scores, banks_of, score_in_parts
from gmmkit.speaker.shortlist import projection_of, query_of
from gmmkit.speaker.storage.record import Record

Fact = ContractValue
Counted = npt.NDArray[np.bool_] | None


class Recognizer(Protocol):
    """What a registry needs of a way to know voices."""

    @property
    def calibration(self) -> Calibration | None:
        """What makes scores log-likelihood ratios, None if nothing does."""
        ...

    def contract(self) -> dict[str, ContractValue]:
        """Return what records are made with, to be compared whenever a registry is opened."""
        ...

    def payload(self) -> bytes | None:
        """Return what has to travel with the registry, None if gmmkit has it."""
        ...

    def calibrated(self, calibration: Calibration) -> "Recognizer":
        """Return the same with another calibration."""
        ...

    def hear(self, recording: Recording) -> Heard:
        """Return a recording's frames."""
        ...

    def enroll(self, name: str, recordings: Sequence[RecordingSource]) -> Record:
        """Return the record of one person."""
        ...

    def joined(self, old: Record, new: Record) -> Record:
        """Return the record of a person with the recordings of both."""
        ...

    def query(self, heard: Heard) -> npt.NDArray[np.float32] | None:
        """Return what the projections of records are compared with; None to score everyone."""
        ...

    def models(self, records: Sequence[Record]) -> Any:
        """Return records made ready for any number of tests."""
        ...

    def scores(self, heard: Heard, parts: Iterable[Any], counted: Counted = None) -> Scores:
        """Return the scores of a recording against the models of all the parts together."""
        ...


class AdaptedRecognizer:
    """GMM-UBM: everyone's means are the background model's, moved toward what they said."""

    def __init__(self, background: BackgroundModel) -> None:
        self.background = background

    @property
    def calibration(self) -> Calibration | None:
        """The background model's calibration."""
        return self.background.calibration

    def contract(self) -> dict[str, ContractValue]:
        """Return the background model's name and identity."""
        return {
            "model": "gmm-ubm",
            "background": self.background.name,
            "identity": self.background.identity,
        }

    def payload(self) -> bytes | None:
        """Return the background model, unless it comes with gmmkit."""
        name = self.background.name
        if name in PRESETS and load_background(name).identity == self.background.identity:
            return None
        return background_bytes(self.background)

    def calibrated(self, calibration: Calibration) -> "AdaptedRecognizer":
        """Return the same with another calibration."""
        return AdaptedRecognizer(self.background.calibrated(calibration))

    def hear(self, recording: Recording) -> Heard:
        """Return a recording's frames for every subsystem."""
        return hear(recording, self.background)

    def enroll(self, name: str, recordings: Sequence[RecordingSource]) -> Record:
        """Return a record of the sums of statistics of all the recordings."""
        return self._record(name, enroll(recordings, self.background), len(recordings))

    def joined(self, old: Record, new: Record) -> Record:
        """Return the record of the sums of both."""
        both = self._enrollment(old) + self._enrollment(new)
        count = int(_number(old, "n_recordings") + _number(new, "n_recordings"))
        return self._record(old.name, both, count)

    def query(self, heard: Heard) -> npt.NDArray[np.float32] | None:
        """Return a recording's rotated statistics."""
        return query_of(heard, self.background)

    def models(self, records: Sequence[Record]) -> Any:
        """Return banks of adapted models."""
        return banks_of(self.background, map(self._enrollment, records))

    def scores(self, heard: Heard, parts: Iterable[Any], counted: Counted = None) -> Scores:
        """Return fused, normalized and calibrated scores."""
        return score_in_parts(heard, self.background, parts, counted=counted)

    def _record(self, name: str, enrollment: Enrollment, n_recordings: int) -> Record:
        facts: Mapping[str, Fact] = {
            "seconds": enrollment.seconds,
            "n_recordings": n_recordings,
            "fingerprints": list(enrollment.fingerprints),
        }
        row = projection_of(enrollment, self.background)
        return Record(name, enrollment_arrays(enrollment), row, facts)

    def _enrollment(self, record: Record) -> Enrollment:
        return enrollment_from_arrays(
            record.arrays,
            self.background,
            seconds=_number(record, "seconds"),
            fingerprints=record.fingerprints,
        )


def _number(record: Record, fact: str) -> float:
    value = record.facts.get(fact, 0.0)
    return float(value) if isinstance(value, int | float) else 0.0
