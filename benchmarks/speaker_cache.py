"""Trials of a protocol, scored once and kept beside what they depend on."""

import hashlib
import io
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import speech_trials
from speaker_measures import Answers
from speech_trials import Trials

import gmmkit.speaker
from gmmkit.io.files import write_atomically
from gmmkit.speaker.background import BackgroundModel

Arrays = Mapping[str, npt.NDArray[np.generic]]

# The code that scores of trials depend on, besides the background model.
_SOURCES = (
    "features/*.py",
    "degradation.py",
    "enrollment.py",
    "plain.py",
    "recognition.py",
    "scoring.py",
    "../core/adapt.py",
)


def scored_trials(name: str, background: BackgroundModel, folder: Path | None) -> Trials:
    """Return a protocol's trials, from the folder where they are kept, if any.

    Parameters
    ----------
    name : str
    background : BackgroundModel
    folder : Path or None
        Files in it are named by the protocol and by a digest of model and code.
    """
    found = kept(folder, name, background.identity, lambda: _taken_apart(name, background))
    return Trials(
        name,
        tuple(map(str, found["speakers"])),
        found["truth"].astype(np.intp),
        found["enrolled"].astype(np.float64),
        found["cohort"].astype(np.float64),
        found["seconds"].astype(np.float64),
    )


def kept_answers(
    name: str, identity: str, folder: Path | None, make: Callable[[], Answers]
) -> Answers:
    """Return answers that `make` gives, from the folder if they are there."""

    def arrays() -> Arrays:
        made = make()
        return {"scores": made.scores, "truth": made.truth}

    found = kept(folder, name, identity, arrays)
    return Answers(found["scores"].astype(np.float64), found["truth"].astype(np.intp))


def kept(folder: Path | None, name: str, identity: str, make: Callable[[], Arrays]) -> Arrays:
    """Return what `make` returns, from the folder if it is there."""
    if folder is None:
        return make()
    path = folder / f"{name}-{_digest(identity)}.npz"
    if path.exists():
        with np.load(path) as found:
            return dict(found)
    made = make()
    folder.mkdir(parents=True, exist_ok=True)
    payload = io.BytesIO()
    np.savez(payload, **made)  # type: ignore[arg-type]
    write_atomically(path, payload.getvalue(), force=True)
    return made


def _taken_apart(name: str, background: BackgroundModel) -> Arrays:
    trials = speech_trials.run_protocol(name, background)
    return {
        "speakers": np.array(trials.speakers),
        "truth": trials.truth,
        "enrolled": trials.enrolled,
        "cohort": trials.cohort,
        "seconds": trials.seconds,
    }


def _digest(identity: str) -> str:
    return hashlib.sha256((identity + _CODE).encode()).hexdigest()[:16]


def _digest_of_code() -> str:
    digest = hashlib.sha256(Path(speech_trials.__file__).read_bytes())
    package = Path(gmmkit.speaker.__file__).parent
    for pattern in _SOURCES:
        for path in sorted(package.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()


# Of the code as it was imported, even if somebody edits it meanwhile.
_CODE = _digest_of_code()
