"""Open set: half of a protocol's speakers are enrolled, and the others are strangers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from speaker_measures import Columns, Matrix
from speaker_validation import ratios
from speech_trials import Trials

from gmmkit.speaker.calibration import Calibration
from gmmkit.speaker.evaluation.bootstrap import Interval
from gmmkit.speaker.evaluation.open_set import detection_and_identification_rate, open_set_rates
from gmmkit.speaker.recognition import identification_threshold

_LEVEL = 0.95

NAMED, MISNAMED = "enrolled named rightly", "strangers named"


@dataclass(frozen=True, eq=False)
class Split:
    """Tests of everyone against the half that is enrolled.

    Attributes
    ----------
    ratios : ndarray of shape (n_tests, n_enrolled)
        Minus infinity in the rows of tests that were refused.
    model : ndarray of shape (n_tests,)
        The column of the right one, -1 for a stranger.
    speaker : ndarray of shape (n_tests,)
        Who speaks.
    """

    ratios: Matrix
    model: Columns
    speaker: Columns

    def repeated(self, times: Columns) -> "Split":
        """Return the split with the tests of speakers as often as the speakers were drawn."""
        rows = np.repeat(np.arange(len(self.model)), times[self.speaker])
        return Split(self.ratios[rows], self.model[rows], self.speaker[rows])

    @property
    def has_both(self) -> bool:
        """Whether there are tests of strangers and of people enrolled."""
        return bool((self.model < 0).any() and (self.model >= 0).any())


Rate = Callable[[Split], float]


def halves(n_speakers: int, n_splits: int) -> list[Columns]:
    """Return who is enrolled in each split, drawn with the split's number as the seed."""
    return [
        np.sort(np.random.default_rng(seed).permutation(n_speakers)[: n_speakers // 2])
        for seed in range(n_splits)
    ]


def split_of(trials: Trials, enrolled: Columns, calibration: Calibration) -> Split:
    """Return one split of a protocol."""
    found = ratios(calibration, trials.features(enrolled))
    column = np.full(len(trials.speakers), -1)
    column[enrolled] = np.arange(len(enrolled))
    never = np.where(np.isnan(found), -np.inf, found)
    return Split(never, column[trials.truth], trials.truth)


def rates(misses: Sequence[float]) -> Mapping[str, Rate]:
    """Return what is measured: at the shipped threshold, and at shares of strangers named."""
    detected = {
        f"DIR at {share:.0%}": partial(_detected, share=share) for share in misses
    }  # fmt: skip
    return {NAMED: _named, MISNAMED: _misnamed, **detected}


def mean_rate(splits: Sequence[Split], rate: Rate, draws: int) -> tuple[float, Interval]:
    """Return the mean over splits, and its interval over speakers drawn anew.

    A draw takes the tests of each speaker as often in every split; who is enrolled stays the same.
    """
    n_speakers = 1 + max(int(split.speaker.max()) for split in splits)
    random = np.random.default_rng(0)
    equal = np.full(n_speakers, 1 / n_speakers)
    means = []
    while len(means) < draws:
        times = random.multinomial(n_speakers, equal)
        drawn = [split.repeated(times) for split in splits]
        if all(split.has_both for split in drawn):
            means.append(np.mean([rate(split) for split in drawn]))
    ends = np.quantile(means, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    value = float(np.mean([rate(split) for split in splits]))
    return value, Interval(float(ends[0]), float(ends[1]), _LEVEL)


def _threshold(split: Split) -> float:
    return identification_threshold(split.ratios.shape[1])


def _named(split: Split) -> float:
    return open_set_rates(split.ratios, split.model, _threshold(split))[0]


def _misnamed(split: Split) -> float:
    return open_set_rates(split.ratios, split.model, _threshold(split))[1]


def _detected(split: Split, *, share: float) -> float:
    return detection_and_identification_rate(split.ratios, split.model, share)
