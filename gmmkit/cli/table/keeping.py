"""The checkpoint of a fit on the command line: checked before any work, and written at its end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gmmkit.cli.outputs import check_folder
from gmmkit.cli.table.outputs import check_writable
from gmmkit.errors import OutputExistsError, OutputWriteError, ParameterError

if TYPE_CHECKING:
    from gmmkit.core.fits.journal import Progress
    from gmmkit.io.checkpoint import Checkpoint


@dataclass(frozen=True)
class CheckpointWords:
    """Where the progress of a fit is kept, and how often.

    Parameters
    ----------
    path : Path
    every : float
        Seconds.
    """

    path: Path
    every: float

    def opened(self, output: Path | None, table: Path) -> "Keeping":
        """Return what keeps the progress, with what was kept before.

        Raises
        ------
        GmmkitError
            If the file is in use for something else, is no checkpoint, or cannot be written.
        """
        from gmmkit.io.checkpoint import Checkpoint
        from gmmkit.io.files import refuse_overwriting_inputs

        refuse_overwriting_inputs([self.path], [table])
        if output is not None and output.absolute() == self.path.absolute():
            raise OutputExistsError(
                "the checkpoint and the model are one file",
                found=str(output),
                needed="two names",
            )
        check_folder(self.path)
        check_writable(self.path)
        return Keeping(Checkpoint(self.path, every=self.every))


class Keeping:
    """Keeps the progress of a fit in a file, and says where the fit goes on.

    Parameters
    ----------
    checkpoint : Checkpoint

    Raises
    ------
    FileAccessError, ModelFileError
        If there is a file already that is no checkpoint.
    """

    def __init__(self, checkpoint: "Checkpoint") -> None:
        self._checkpoint = checkpoint
        self._found = checkpoint.load()
        self._latest: Progress | None = None
        self._to_say = ""
        self._say: Callable[[str], None] = print

    def load(self) -> "Progress | None":
        """Return the progress that was in the file at first."""
        if self._found is not None and self._found.runs:
            run, number = self._found.runs[-1], len(self._found.runs)
            of_run = f" of start {number}" if number > 1 else ""
            self._to_say = (
                f"going on after iteration {len(run.trace)}{of_run}, from {self._checkpoint.path}"
            )
        return self._found

    def save(self, progress: "Progress", *, at_once: bool) -> None:
        """Keep progress: at once, or when it is time to."""
        self.announce()
        self._latest = progress
        self._checkpoint.save(progress, at_once=at_once)

    def announce(self) -> None:
        """Say once where the fit goes on, as soon as it does."""
        if self._to_say:
            self._say(self._to_say)
            self._to_say = ""

    @contextmanager
    def saying(self, say: Callable[[str], None]) -> Iterator["Keeping"]:
        """Keep the progress of what runs in the block, its last step too if it is interrupted."""
        self._say = say
        try:
            yield self
        except OutputWriteError:
            # Whatever could not be written now will not be in a moment.
            raise
        except ParameterError as error:
            raise self._of_another_fit(error) from error
        except BaseException:
            if self._latest is not None:
                self._checkpoint.save(self._latest, at_once=True)
                say(f"{self._checkpoint.path} holds the progress; the same command goes on from it")
            raise

    def _of_another_fit(self, error: ParameterError) -> ParameterError:
        if not error.problem.startswith("the checkpoint"):
            return error
        return ParameterError(
            f"{self._checkpoint.path} is the checkpoint of another fit",
            found=error.found,
            needed="the table and the options that it was begun with, but for --iterations and "
            "--threads",
            hint="name another file, or remove this one to begin anew",
        )
