"""Background models: what is known of voices in general before anyone is enrolled."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from gmmkit.core.adapt import check_relevance
from gmmkit.core.engine.scoring import Scorer
from gmmkit.core.mixture import Mixture
from gmmkit.errors import ParameterError
from gmmkit.speaker.calibration import Calibration
from gmmkit.speaker.features.frontend import Frontend
from gmmkit.speaker.scoring import ModelBank

Float16Array = npt.NDArray[np.float16]

# What a calibration of scores reads, in this order; the first two are scores.
FEATURES = ("score", "normalized_score", "log_seconds")
N_SCORES = 2
# Every speaker has a model of clean speech, and one of the same speech in noise.
CLEAN, NOISY = "clean", "noisy"


@dataclass(frozen=True, eq=False)
class Subsystem:
    """One way to listen: a front end, and the universal background model of its frames.

    Parameters
    ----------
    frontend : Frontend
    ubm : Mixture
        Axis-aligned, over the front end's features.
    cohort : mapping of str to ndarray of shape (C, K, D)
        By condition, ``"clean"`` or ``"noisy"``, the offsets of the means of C people that nobody
        enrolls, float16: what anyone else scores.

    Raises
    ------
    ParameterError
        If the parts do not fit together.

    Examples
    --------
    >>> from gmmkit.speaker.presets import load_background
    >>> load_background("fast").subsystems[0].conditions
    ('clean', 'noisy')
    """

    frontend: Frontend
    ubm: Mixture
    cohort: Mapping[str, Float16Array]

    def __post_init__(self) -> None:
        if self.ubm.n_features != self.frontend.n_features:
            raise ParameterError(
                "front end and background model do not fit together",
                found=f"{self.frontend.n_features} features and {self.ubm.n_features}",
                needed="as many of one as of the other",
            )
        if not self.ubm.covariance.family.axis_aligned:
            raise ParameterError(
                "this mixture cannot be a universal background model",
                found=repr(self.ubm.covariance.family),
                needed="axis-aligned covariances, such as 'diag'",
            )
        shapes = {offsets.shape for offsets in self.cohort.values()}
        shape = next(iter(shapes), (0,))
        if len(shapes) != 1 or shape[0] < 2 or shape[1:] != self.ubm.means.shape:
            raise ParameterError(
                "the cohort does not fit the background model",
                found=str([offsets.shape for offsets in self.cohort.values()]),
                needed=f"(speakers, {self.ubm.n_components}, {self.ubm.n_features}) "
                "for every condition, of two speakers at least",
            )
        object.__setattr__(self, "cohort", MappingProxyType(dict(self.cohort)))

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions that a speaker has a model of."""
        return tuple(self.cohort)

    @property
    def n_cohort(self) -> int:
        """How many people are in the cohort."""
        return len(next(iter(self.cohort.values())))

    @cached_property
    def scorer(self) -> Scorer:
        """The background model made ready for many blocks of frames."""
        return Scorer.of(self.ubm)

    @cached_property
    def cohort_banks(self) -> Mapping[str, ModelBank]:
        """The cohort's models by condition."""
        return {
            condition: ModelBank.of(self.ubm, list(offsets.astype(np.float32)))
            for condition, offsets in self.cohort.items()
        }


@dataclass(frozen=True, eq=False)
class BackgroundModel:
    """Everything that enrollment and scoring need besides the people themselves.

    Parameters
    ----------
    name : str
        For messages.
    subsystems : tuple of Subsystem
        Their scores are averaged.
    relevance : float
        Of the MAP adaptation of means.
    babble : ndarray of shape (n,), int16
        A loop of people talking at once, at 16 kHz, that enrollment makes its noise from.
    calibration : Calibration, optional
        From scores to log-likelihood ratios.
    notes : mapping of str to str
        Where it comes from, for people.

    Examples
    --------
    >>> from gmmkit.speaker.presets import load_background
    >>> load_background("fast").n_subsystems
    1
    """

    name: str
    subsystems: tuple[Subsystem, ...]
    relevance: float
    babble: npt.NDArray[np.int16]
    calibration: Calibration | None = None
    notes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        conditions = {subsystem.conditions for subsystem in self.subsystems}
        if len(conditions) != 1 or len({s.n_cohort for s in self.subsystems}) != 1:
            raise ParameterError(
                "the subsystems of a background model do not fit together",
                found=f"{len(self.subsystems)} subsystems with conditions {sorted(conditions)}",
                needed="at least one, with the same conditions and cohort",
            )
        check_calibration(self.calibration)
        check_relevance(self.relevance, "means")
        if self.babble.ndim != 1 or not np.any(self.babble):
            raise ParameterError(
                "the babble of a background model is empty",
                found=f"shape {self.babble.shape}",
                needed="(n,), not all zero",
            )
        object.__setattr__(self, "notes", MappingProxyType(dict(self.notes)))

    @property
    def n_subsystems(self) -> int:
        """How many front ends listen."""
        return len(self.subsystems)

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions that a speaker has a model of."""
        return self.subsystems[0].conditions

    @cached_property
    def identity(self) -> str:
        """A digest of front ends, mixtures and cohort: enrollments under another do not fit.

        The calibration is not part of it, so that one can calibrate without enrolling again.
        """
        digest = hashlib.sha256(repr((self.relevance, self.conditions)).encode())
        digest.update(np.ascontiguousarray(self.babble, "<i2").tobytes())
        for subsystem in self.subsystems:
            digest.update(repr(sorted(subsystem.frontend.contract().items())).encode())
            ubm = subsystem.ubm
            for values in (ubm.weights, ubm.means, ubm.covariance.values):
                digest.update(np.ascontiguousarray(values, "<f8").tobytes())
            for condition in subsystem.conditions:
                offsets = np.ascontiguousarray(subsystem.cohort[condition], "<f2")
                digest.update(offsets.tobytes())
        return digest.hexdigest()

    @property
    def cohort_banks(self) -> tuple[Mapping[str, ModelBank], ...]:
        """The cohort's models, by subsystem and condition."""
        return tuple(subsystem.cohort_banks for subsystem in self.subsystems)

    def calibrated(self, calibration: Calibration | None) -> "BackgroundModel":
        """Return the same model with another calibration."""
        return replace(self, calibration=calibration)


def check_calibration(calibration: Calibration | None) -> None:
    """Refuse a calibration that reads anything but what speakers are scored by.

    Raises
    ------
    ParameterError
        If its features are others.
    """
    if calibration is not None and calibration.features != FEATURES:
        raise ParameterError(
            "the calibration is not one of speakers' scores",
            found=f"features {calibration.features}",
            needed=str(FEATURES),
        )
