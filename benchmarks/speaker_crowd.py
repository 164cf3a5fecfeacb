"""Synthetic people, as many as are wanted, in a registry's file, and recordings of them.

A person's means are a draw from the normal distribution of real people's adapted means. Enrolled
are statistics of as many frames as a real person's, with the noise that so many frames have.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from speech_trials import background_recordings

from gmmkit.core.execution import threads
from gmmkit.core.statistics import SufficientStatistics
from gmmkit.core.units import Units
from gmmkit.io.audio import as_recording
from gmmkit.speaker.background import BackgroundModel
from gmmkit.speaker.enrollment import Enrollment, Heard, enroll_one, enrollment_arrays
from gmmkit.speaker.recognizers import AdaptedRecognizer
from gmmkit.speaker.shortlist import projection_of
from gmmkit.speaker.storage.record import Record
from gmmkit.speaker.storage.store import Store

N_REAL = 100
# A recording's means lie beside its speaker's by half of what people differ by.
_SESSION = 0.5
_PERSON, _RECORDING = 1, 2

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Crowd:
    """People that a background model has never heard.

    Attributes
    ----------
    background : BackgroundModel
    weights : mapping of (int, str) to ndarray of shape (n_real, K)
        By subsystem and condition, how many frames real people spent in each component.
    offsets : mapping of (int, str) to ndarray of shape (n_real, K, D)
        How far their means lie beside the background model's.
    known : tuple of Enrollment
        Real people who stand at the beginning, in the place of synthetic ones.
    """

    background: BackgroundModel
    weights: dict[tuple[int, str], Array]
    offsets: dict[tuple[int, str], Array]
    known: tuple[Enrollment, ...] = ()

    @classmethod
    def of(cls, background: BackgroundModel, n_real: int = N_REAL) -> "Crowd":
        """Enroll real people, one recording each, to draw others from."""
        by_person = dict(reversed(background_recordings()))
        chosen = list(by_person.values())[:: max(1, len(by_person) // n_real)][:n_real]
        sounds = [as_recording(source) for source in chosen]
        with threads() as executor:
            people = list(executor.map(lambda sound: enroll_one(sound, background), sounds))
        keys = [(i, c) for i in range(background.n_subsystems) for c in background.conditions]
        moved = [person.offsets(background.relevance) for person in people]
        return cls(
            background,
            {(i, c): np.array([person.statistics[i][c].weight for person in people])
             for i, c in keys},
            {(i, c): np.array([offsets[i][c] for offsets in moved]) for i, c in keys},
        )  # fmt: skip

    def enrollment(self, person: int) -> Enrollment:
        """Return what is kept of one of them."""
        if person < len(self.known):
            return self.known[person]
        random = np.random.default_rng([_PERSON, person])
        shares, likeness = self._draw(random)
        statistics = tuple(
            MappingProxyType(
                {
                    condition: self._statistics((index, condition), shares, likeness, random)
                    for condition in self.background.conditions
                }
            )
            for index in range(self.background.n_subsystems)
        )
        n_frames = sum(self.weights[0, self.background.conditions[0]][likeness])
        return Enrollment(statistics, 0.01 * float(n_frames), (f"{person:08x}",))

    def heard(self, person: int, n_frames: int) -> Heard:
        """Return frames of one of them on another day, as the first subsystem would hear them."""
        key = (0, self.background.conditions[0])
        ubm = self.background.subsystems[0].ubm
        shares, _ = self._draw(np.random.default_rng([_PERSON, person]))
        random = np.random.default_rng([_RECORDING, person])
        session, likeness = self._draw(random)
        means = ubm.means + self._means(key, shares)
        means += _SESSION * (self._means(key, session) - self.offsets[key].mean(axis=0))
        weights = self.weights[key][likeness]
        components = random.choice(ubm.n_components, n_frames, p=weights / weights.sum())
        noise = random.standard_normal((n_frames, ubm.n_features)) / ubm.factors[components]
        frames = (means[components] + noise).astype(np.float32)
        return Heard((frames,), 0.01 * n_frames, name_of(person), (), ())

    def record(self, person: int) -> Record:
        """Return the record that a registry keeps of one of them."""
        enrollment = self.enrollment(person)
        facts = {"seconds": enrollment.seconds, "n_recordings": 1}
        row = projection_of(enrollment, self.background)
        return Record(name_of(person), enrollment_arrays(enrollment), row, facts)

    def write(self, path: Path, n_people: int) -> None:
        """Write a registry of the first so many of them."""
        recognizer = AdaptedRecognizer(self.background)
        with Store.create(path, recognizer.contract(), background=recognizer.payload()) as store:
            store.add_many(self._records(range(n_people)))

    def _records(self, people: Sequence[int]) -> Iterator[Record]:
        for person in people:
            yield self.record(person)

    def _draw(self, random: np.random.Generator) -> tuple[Array, int]:
        """Return how much of each real person's deviation somebody has, and whose weights."""
        n_real = len(self.weights[0, self.background.conditions[0]])
        return random.standard_normal(n_real) / np.sqrt(n_real - 1), int(random.integers(n_real))

    def _means(self, key: tuple[int, str], shares: Array) -> Array:
        offsets = self.offsets[key]
        mean = offsets.mean(axis=0)
        return np.asarray(mean + np.tensordot(shares, offsets, 1) - shares.sum() * mean)

    def _statistics(
        self, key: tuple[int, str], shares: Array, likeness: int, random: np.random.Generator
    ) -> SufficientStatistics:
        ubm = self.background.subsystems[key[0]].ubm
        weight = self.weights[key][likeness]
        noise = random.standard_normal(ubm.means.shape) / ubm.factors
        column = weight[:, None]
        return SufficientStatistics(
            log_likelihood=0.0,
            weight=weight,
            first=column * self._means(key, shares) + np.sqrt(column) * noise,
            second=None,
            moments=None,
            units=Units.plain(ubm.n_features),
            origin=ubm.means,
        )


def name_of(person: int) -> str:
    """Return the name of a synthetic person; names sort as numbers do."""
    return f"person {person:07d}"
