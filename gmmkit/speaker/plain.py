"""The classic way: a Gaussian mixture of each speaker's own, and no background model.

Reynolds and Rose, "Robust text-independent speaker identification using Gaussian mixture speaker
models", IEEE Transactions on Speech and Audio Processing 3 (1995).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, check_count
from gmmkit.core.covariance import Covariance
from gmmkit.core.fits.fitting import fit
from gmmkit.core.mixture import Mixture
from gmmkit.errors import FeatureContractError, InputError, ParameterError
from gmmkit.io.audio import Recording, RecordingSource, as_recording
from gmmkit.io.model_value import ContractValue
from gmmkit.speaker.background import check_calibration
from gmmkit.speaker.calibration import Calibration
from gmmkit.speaker.enrollment import (
    Heard,
    fingerprint,
    hear_with,
)
from gmmkit.speaker.features.frontend import Frontend
from gmmkit.speaker.notices import warn_of_doubts
from gmmkit.speaker.recognition import Scores, features_of
from gmmkit.speaker.storage.record import Record

# What tutorials use. Features are not normalized: so few seconds normalize the voice away as well
# (on clean speech 59 % are identified rightly with it and 88 % without), but without it another
# microphone is another voice.
N_COMPONENTS = 16
FRONTEND = Frontend(n_cepstra=20, normalization="none")
# As in a background model: a short enrollment must not make needles.
_RELATIVE_FLOOR = 0.1


class PlainRecognizer:
    """A mixture of 16 Gaussians for every speaker, fitted to what that one said alone.

    It ranks those enrolled and does not know strangers: nothing stands for everybody else.
    """

    def __init__(
        self,
        frontend: Frontend = FRONTEND,
        n_components: int = N_COMPONENTS,
        calibration: Calibration | None = None,
    ) -> None:
        self.frontend = frontend
        self.n_components = check_count(n_components, "n_components")
        check_calibration(calibration)
        self._calibration = calibration

    @property
    def calibration(self) -> Calibration | None:
        """What makes scores log-likelihood ratios, None if nothing does."""
        return self._calibration

    @classmethod
    def from_contract(cls, contract: Mapping[str, ContractValue]) -> "PlainRecognizer":
        """Return the recognizer that a registry was made with."""
        front = {
            key.removeprefix("frontend."): value
            for key, value in contract.items()
            if key.startswith("frontend.")
        }
        count = contract.get("n_components")
        if not isinstance(count, int):
            raise FeatureContractError(
                "the registry does not say how many components a speaker has", found=repr(count)
            )
        return cls(Frontend.from_contract(front), count)

    def contract(self) -> dict[str, ContractValue]:
        """Return the front end's options and the number of components."""
        front = {f"frontend.{key}": value for key, value in self.frontend.contract().items()}
        return {"model": "gmm", "n_components": self.n_components, **front}

    def payload(self) -> bytes | None:
        """Return None: there is nothing besides the records."""
        return None

    def calibrated(self, calibration: Calibration) -> "PlainRecognizer":
        """Return the same with a calibration."""
        return PlainRecognizer(self.frontend, self.n_components, calibration)

    def hear(self, recording: Recording) -> Heard:
        """Return a recording's frames."""
        return hear_with((self.frontend,), recording)

    def enroll(self, name: str, recordings: Sequence[RecordingSource]) -> Record:
        """Return the record of a mixture fitted to all the recordings."""
        sounds = [as_recording(source) for source in recordings]
        if not sounds:
            raise InputError("nothing to enroll", needed="at least one recording")
        heard = [self.hear(sound) for sound in sounds]
        warn_of_doubts(
            (f"{each.name}: {doubt}" for each in heard for doubt in each.doubts), stacklevel=4
        )
        seconds = sum(each.seconds for each in heard)
        frames = np.concatenate([each.frames[0] for each in heard])
        floor = _RELATIVE_FLOOR * frames.std(axis=0, dtype=np.float64)
        mixture = fit(
            frames, self.n_components, covariance="diag", start="kmeans", floor=floor, seed=0
        ).mixture
        arrays = {
            "weights": mixture.weights,
            "means": mixture.means,
            "variances": mixture.covariance.values,
        }
        facts: dict[str, ContractValue] = {
            "seconds": seconds,
            "n_recordings": len(sounds),
            "fingerprints": [fingerprint(sound) for sound in sounds],
        }
        return Record(name, arrays, np.zeros(1, np.float16), facts)

    def joined(self, old: Record, new: Record) -> Record:
        """Refuse: a mixture fitted anew needs all the sound, which is not kept.

        Raises
        ------
        ParameterError
            Always.
        """
        raise ParameterError(
            f"recordings cannot be added to the plain model of {old.name!r}",
            found="model 'gmm', which keeps no statistics",
            needed="all recordings at once",
            hint="replace the record, or make the registry with the model 'gmm-ubm'",
        )

    def query(self, heard: Heard) -> npt.NDArray[np.float32] | None:
        """Return None: everyone is scored, however many."""
        return None

    def models(self, records: Sequence[Record]) -> Any:
        """Return everyone's mixture."""
        return [
            Mixture(
                record.arrays["weights"],
                record.arrays["means"],
                Covariance("diag", record.arrays["variances"]),
            )
            for record in records
        ]

    def scores(
        self,
        heard: Heard,
        parts: Iterable[Any],
        counted: npt.NDArray[np.bool_] | None = None,
    ) -> Scores:
        """Return mean log densities, and how far each is above the mean of the others."""
        densities = np.array(
            [float(model.log_density(heard.frames[0]).mean()) for part in parts for model in part]
        )
        normalized = densities - _mean_of_others(densities)
        llr = None
        if self._calibration is not None:
            llr = self._calibration.apply(features_of(densities, normalized, heard.seconds))
        return Scores(densities, normalized, llr, heard.seconds)


def _mean_of_others(scores: Float64Array) -> Float64Array:
    if len(scores) < 2:
        return np.zeros(len(scores))
    return np.asarray((scores.sum() - scores) / (len(scores) - 1))
