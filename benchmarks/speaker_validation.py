"""Log-likelihood ratios from calibrations that never heard the speakers of a trial."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from speaker_background import calibration_of
from speaker_measures import Columns, Matrix
from speech_trials import Trials

from gmmkit.speaker.calibration import Calibration


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """Calibrations, each fitted without the speakers of one or two folds.

    Attributes
    ----------
    fold : ndarray of shape (n_speakers,)
    calibrations : mapping of (int, int) to Calibration
        By the folds left out, the smaller number first.
    """

    fold: Columns
    calibrations: Mapping[tuple[int, int], Calibration]

    @classmethod
    def of(cls, protocols: Sequence[Trials], n_folds: int) -> "CrossValidation":
        """Fit all the calibrations on trials of the same speakers in several conditions."""
        refuse_different_speakers(protocols)
        n_speakers = len(protocols[0].speakers)
        fold = np.random.default_rng(n_folds).permutation(n_speakers) % n_folds
        calibrations = {
            pair: calibration_of(
                list(protocols), np.flatnonzero(~np.isin(fold, pair)), np.random.default_rng(pair)
            )
            for pair in combinations_with_replacement(range(n_folds), 2)
        }
        return cls(fold, calibrations)

    def ratios(self, features: Matrix, truth: Columns) -> Matrix:
        """Return the ratio of every trial, NaN where the test was refused.

        A trial's calibration has heard neither the model's speaker nor the test's.
        """
        of_test, of_model = self.fold[truth][:, None], self.fold[None, :]
        first, second = np.minimum(of_test, of_model), np.maximum(of_test, of_model)
        result = np.full(features.shape[:2], np.nan)
        for (one, other), calibration in self.calibrations.items():
            chosen = (first == one) & (second == other)
            result[chosen] = ratios(calibration, features[chosen])
        return result


def ratios(calibration: Calibration, features: Matrix) -> Matrix:
    """Return the ratio of every trial, (...) from (..., n_features); NaN stays NaN."""
    result = np.full(features.shape[:-1], np.nan)
    heard = np.isfinite(features).all(axis=-1)
    result[heard] = calibration.apply(features[heard])
    return result


def unknown_caller_features(trials: Trials) -> Matrix:
    """Return features as if a wrong claim came from somebody whom nobody enrolled.

    Normalization compares a score with those of the others who are enrolled. In a trial of two
    speakers the test's own one is not among them here; a trial of one speaker stays as it is.
    """
    everyone = np.arange(len(trials.speakers))
    features = trials.features()
    for speaker in everyone:
        tests, others = np.flatnonzero(trials.truth == speaker), np.delete(everyone, speaker)
        features[np.ix_(tests, others)] = trials.features(others)[tests]
    return features


def refuse_different_speakers(protocols: Sequence[Trials]) -> None:
    """End the process if protocols do not have the same speakers in the same order."""
    if len({trials.speakers for trials in protocols}) != 1:
        raise SystemExit("calibration needs protocols of the same speakers")
