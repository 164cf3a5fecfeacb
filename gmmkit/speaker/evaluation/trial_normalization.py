"""Z-, T-, S- and adaptive S-normalization of trials' scores by recordings of other people."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np

from gmmkit.core.checks import Float64Array
from gmmkit.errors import AudioError, InputError, ParameterError
from gmmkit.io.audio import RecordingSource, as_recording
from gmmkit.speaker.background import BackgroundModel
from gmmkit.speaker.enrollment import Heard, enroll_one
from gmmkit.speaker.evaluation.trial_scoring import Models
from gmmkit.speaker.recognition import Scores, banks_of, score
from gmmkit.speaker.score_normalization import adaptive_s_norm, s_norm, t_norm, z_norm

Norm = Literal["z", "t", "s", "as"]

_MODELS_AT_ONCE = 256


class Normalization:
    """Scores of trials, relative to those of people who are in none of them.

    Parameters
    ----------
    norm : {"z", "t", "s", "as"}
    models : Models
        What the trials try.
    background : BackgroundModel
        That the models were enrolled with.
    cohort : sequence of path, (samples, sample_rate) or Recording
        Two or more, each of somebody else.

    Raises
    ------
    ParameterError
        If there is no such normalization.
    InputError
        If the cohort is too small, or a recording in it cannot be used.

    Examples
    --------
    >>> from gmmkit.speaker.presets import load_background
    >>> from gmmkit.speaker.evaluation.trial_scoring import EnrolledRecordings, score_trials
    >>> find, fast = "sample:{}".format, load_background("fast")
    >>> models = EnrolledRecordings.of(["ana-1"], find, fast)
    >>> others = [find(name) for name in ("ben-1", "carla-1", "emeka-1")]
    >>> norm = Normalization("t", models, fast, others)
    >>> scored = score_trials([("ana-1", "someone")], models, find, normalize=norm)
    >>> scored.is_llr, bool(scored.scores.scores[0] > 3)
    (False, True)
    """

    def __init__(
        self,
        norm: Norm,
        models: Models,
        background: BackgroundModel,
        cohort: Sequence[RecordingSource],
    ) -> None:
        if norm not in _FORMULAS:
            raise ParameterError(
                "there is no such normalization", found=repr(norm), needed=", ".join(_FORMULAS)
            )
        self._formula = _FORMULAS[norm]
        self._background = background
        _check_cohort(len(cohort))
        sounds = [as_recording(source) for source in cohort]
        try:
            self._by_model = _scores_by_model(models, [models.hear(sound) for sound in sounds])
            enrolled = [enroll_one(sound, background) for sound in sounds]
        except AudioError as error:
            raise InputError(
                "a recording of the cohort cannot be used",
                found=str(error).removesuffix("."),
                needed="speech in every one of them",
                hint="leave it out",
            ) from error
        self._banks = banks_of(background, enrolled)

    def __call__(self, heard: Heard, wanted: Sequence[str], scores: Scores) -> Float64Array:
        """Return the normalized scores of one test against some of the models."""
        raw = scores.scores[None, :]
        by_model = np.array([self._by_model[name] for name in wanted])
        by_test = score(heard, self._background, self._banks).scores
        normalized: Float64Array = self._formula(raw, by_model, by_test[None, :])[0]
        return normalized


_Formula = Callable[[Float64Array, Float64Array, Float64Array], Float64Array]

_FORMULAS: Mapping[str, _Formula] = {
    "z": lambda scores, by_model, _: z_norm(scores, by_model),
    "t": lambda scores, _, by_test: t_norm(scores, by_test),
    "s": s_norm,
    "as": adaptive_s_norm,
}


def unnormalized(heard: Heard, wanted: Sequence[str], scores: Scores) -> Float64Array:
    """Return the scores of one test as they are before any normalization.

    Examples
    --------
    >>> import numpy as np
    >>> scores = Scores(np.array([0.5]), np.array([2.0]), None, 4.0)
    >>> unnormalized(None, ["ana"], scores).tolist()
    [0.5]
    """
    return scores.scores


def _scores_by_model(models: Models, cohort: Sequence[Heard]) -> dict[str, Float64Array]:
    """Return what every model scores on the recordings of the cohort."""
    usable = [name for name in models.names if name not in models.refused]
    found: dict[str, Float64Array] = {}
    for start in range(0, len(usable), _MODELS_AT_ONCE):
        names = usable[start : start + _MODELS_AT_ONCE]
        columns = np.stack([models.scores(heard, names).scores for heard in cohort], axis=1)
        found |= dict(zip(names, columns, strict=True))
    return found


def _check_cohort(size: int) -> None:
    if size < 2:
        raise InputError(
            "too few recordings to normalize by",
            found=str(size),
            needed="at least 2, better 50",
            hint="recordings of people who are not in the trials",
        )
