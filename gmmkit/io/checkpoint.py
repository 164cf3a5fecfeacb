"""The progress of a long fit in a `.gmm` file, from which it goes on after it was interrupted."""

import os
from pathlib import Path
from time import monotonic

from gmmkit.core.checks import check_nonnegative
from gmmkit.core.fits.journal import Progress
from gmmkit.errors import ModelFileError, ParameterError
from gmmkit.io.model import load, save
from gmmkit.io.model_value import Model
from gmmkit.io.reading import checked_path
from gmmkit.io.structure import pack_value, unpack_value

__all__ = ["Checkpoint"]

KIND = "checkpoint"


class Checkpoint:
    """A file in which a fit keeps its progress, to go on from after a kill.

    It is written whole or not at all, at most every so many seconds; at once when a run of EM has
    converged and when the fit ends. A fit that was gone on with ends in the same bits as one that
    was never interrupted.

    Parameters
    ----------
    path : str or path-like
        Usually ending in ``.gmm``. If there is a checkpoint already, the fit goes on from it;
        anything else is left alone and refused.
    every : float
        Seconds between two writes. A kill costs that much work at most.

    Raises
    ------
    ParameterError
        If an argument is not usable.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import gmmkit
    >>> rows = np.concatenate([np.arange(9.0), 100 + np.arange(9.0)])[:, None]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     checkpoint = gmmkit.Checkpoint(f"{folder}/fit.gmm")
    ...     whole = gmmkit.fit(rows, 2, seed=0, checkpoint=checkpoint)
    ...     again = gmmkit.fit(rows, 2, seed=0, checkpoint=checkpoint)
    >>> whole.log_likelihood == again.log_likelihood
    True
    """

    def __init__(self, path: str | os.PathLike[str], *, every: float = 10.0) -> None:
        self.path: Path = checked_path(path)
        self.every = check_nonnegative(every, "every")
        self._written: float | None = None

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        return f"Checkpoint({str(self.path)!r}, every={self.every:g})"

    def load(self) -> Progress | None:
        """Return the progress in the file, None if there is no such file.

        Raises
        ------
        FileAccessError
            If it cannot be read.
        ModelFileError
            If it is damaged, or no checkpoint.
        """
        if not os.path.lexists(self.path):
            return None
        model = load(self.path)
        if not isinstance(model, Model) or model.kind != KIND:
            kind = model.kind if isinstance(model, Model) else "one mixture"
            raise ModelFileError(
                f"{self.path} is no checkpoint",
                found=f"a model file of kind {kind!r:.60}",
                needed="a file that a fit wrote as its checkpoint, or a name that is free",
            )
        return progress_of(model, str(self.path))

    def save(self, progress: Progress, *, at_once: bool) -> None:
        """Write the progress: at once, or if the last write is long enough ago.

        Raises
        ------
        OutputWriteError
            If that failed, for example on a full disk; the earlier checkpoint is untouched.
        """
        if at_once or self._written is None or monotonic() - self._written >= self.every:
            save(pack_value(progress, KIND), self.path, force=True)
            self._written = monotonic()


def progress_of(model: Model, label: str) -> Progress:
    """Return the progress that a model file holds.

    Parameters
    ----------
    model : Model
        Of the kind of checkpoints.
    label : str
        The file's name, for errors.

    Raises
    ------
    ModelFileError
        If it is not what a fit keeps.

    Examples
    --------
    >>> progress_of(pack_value(Progress("a"), KIND), "fit.gmm").identity
    'a'
    """
    try:
        progress = unpack_value(model, Progress)
    except ParameterError as error:
        raise _damaged(
            label, f"{error.problem} ({error.found})" if error.found else error.problem
        ) from error
    if any(not run.trace or run.small_gains < 0 for run in progress.runs):
        raise _damaged(label, "a run without an iteration")
    return progress


def _damaged(label: str, found: str) -> ModelFileError:
    return ModelFileError(
        f"{label} is a damaged checkpoint, or one of another version",
        found=f"{found:.300}",
        needed="what a fit of this version writes",
        hint="begin anew in another file",
    )
