"""Everything that gmmkit raises or warns, in one tree.

An error says what is wrong, what was found, what is needed and what to try. Each class carries a
stable ``code`` for programs and the ``exit_code`` that the command line ends with.
"""

from typing import ClassVar, Self


class GmmkitError(Exception):
    """Root of every error that gmmkit raises on purpose.

    Parameters
    ----------
    problem : str
        What is wrong, naming the file or argument.
    found, needed : str, optional
        What was there, and what has to be there instead.
    hint : str, optional
        What to try, as an imperative.

    Examples
    --------
    >>> print(GmmkitError("k is too large", found="k=9 for 4 rows", hint="ask for k <= 4"))
    k is too large: found k=9 for 4 rows. Try: ask for k <= 4.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 3

    def __init__(self, problem: str, *, found: str = "", needed: str = "", hint: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.found = found
        self.needed = needed
        self.hint = hint

    def __str__(self) -> str:
        details = [f"found {self.found}"] if self.found else []
        details += [f"needed {self.needed}"] if self.needed else []
        sentence = f"{self.problem}: {'; '.join(details)}" if details else self.problem
        return f"{sentence}. Try: {self.hint}." if self.hint else f"{sentence}."

    def reworded(self, *, problem: str | None = None, hint: str | None = None) -> Self:
        """Return the same error for whoever knows better what is wrong, or what to try.

        Examples
        --------
        >>> print(GmmkitError("no speech", hint="speak").reworded(problem="a.wav: no speech"))
        a.wav: no speech. Try: speak.
        """
        return type(self)(
            self.problem if problem is None else problem,
            found=self.found,
            needed=self.needed,
            hint=self.hint if hint is None else hint,
        )

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.problem, self.found, self.needed, self.hint)


def _rebuild(
    kind: type[GmmkitError], problem: str, found: str, needed: str, hint: str
) -> GmmkitError:
    return kind(problem, found=found, needed=needed, hint=hint)


class InputError(GmmkitError, ValueError):
    """Data that cannot be used as given."""

    code = "input.invalid"


class InputTypeError(InputError, TypeError):
    """Data of a kind that cannot be read as numbers at all."""

    code = "input.type"


class ParameterError(InputError):
    """An argument outside its range or of the wrong kind."""

    code = "parameter.invalid"


class FileAccessError(InputError, OSError):
    """A path that is missing, unreadable, or no regular file."""

    code = "file.unreadable"


class ImageError(InputError):
    """An image that cannot be decoded faithfully."""

    code = "image.invalid"


class ImageFormatError(ImageError):
    """A file that is none of the image formats that gmmkit reads."""

    code = "image.format"


class ImageSizeError(ImageError):
    """An image with no pixels, or with more than the cap allows."""

    code = "image.size"


class AudioError(InputError):
    """A recording that cannot be decoded faithfully."""

    code = "audio.invalid"


class AudioFormatError(AudioError):
    """A file that is none of the recording formats that gmmkit reads."""

    code = "audio.format"


class AudioSizeError(AudioError):
    """A recording without samples, or longer than the cap allows."""

    code = "audio.size"


class NoSpeechError(AudioError):
    """A recording in which nothing can be speech."""

    code = "audio.no_speech"


class LittleSpeechError(AudioError):
    """A recording holds less speech than a decision needs."""

    code = "audio.little_speech"


class TableError(InputError):
    """A table that cannot be read faithfully, or that lacks what was asked of it."""

    code = "table.invalid"


class TrialListError(InputError):
    """A list of trials or of their scores that is malformed, or that does not match the other."""

    code = "trials.invalid"


class OutputExistsError(GmmkitError, FileExistsError):
    """An output that exists already and was not to be overwritten."""

    code = "output.exists"


class OutputWriteError(GmmkitError, OSError):
    """An output that could not be written; the old file, if any, is untouched."""

    code = "output.failed"


class ModelFileError(GmmkitError, ValueError):
    """A model file that is damaged, foreign, or inconsistent."""

    code = "model.invalid"
    exit_code = 4


class FeatureContractError(ModelFileError):
    """A model whose rows meant something else than the rows at hand."""

    code = "model.contract"


class RegistryError(ModelFileError):
    """A registry of speakers that is damaged, foreign, or of another schema."""

    code = "registry.invalid"


class StoredRecordError(RegistryError):
    """One speaker's record that is damaged; the others can still be read."""

    code = "registry.record"


class RegistryBusyError(GmmkitError, TimeoutError):
    """A registry that somebody else was writing to for as long as was waited."""

    code = "registry.busy"
    exit_code = 6


class AlreadyEnrolledError(InputError):
    """A speaker's name that is taken, and was to be neither appended to nor replaced."""

    code = "speaker.enrolled"


class NotEnrolledError(InputError, LookupError):
    """A speaker's name that nobody in the registry has."""

    code = "speaker.unknown"


class DegenerateFitError(GmmkitError):
    """A fit that is degenerate where the caller asked for a sound one."""

    code = "fit.degenerate"
    exit_code = 5


class MissingDependencyError(GmmkitError, ImportError):
    """An optional package that this call needs and that is not installed."""

    code = "dependency.missing"


class ClusterError(GmmkitError, RuntimeError):
    """A cluster that cannot be reached, or that lost what it worked on for good."""

    code = "cluster.lost"


class GmmkitWarning(UserWarning):
    """Root of every warning that gmmkit gives."""

    code: ClassVar[str] = "warning"


class DataWarning(GmmkitWarning):
    """Rows that can be fitted, but not as the caller may expect."""

    code = "data.degenerate"


class FitWarning(GmmkitWarning):
    """A fit that is usable, but floored, collapsed or short of components."""

    code = "fit.degenerate"


class ImageWarning(GmmkitWarning):
    """An image that had to be converted on the way in, with some loss."""

    code = "image.converted"


class OutputWarning(GmmkitWarning):
    """A file of an earlier run that lies among the outputs and is none of them."""

    code = "output.left"


class AudioWarning(DataWarning):
    """A recording that can be used, but that something went wrong with."""

    code = "audio.doubtful"


class IncompleteAudioWarning(AudioWarning):
    """A recording that holds less than its header promises."""

    code = "audio.short"


class RegistryWarning(DataWarning):
    """A registry that works, but not as its keeper may expect."""

    code = "registry.notice"


class CompilerCacheWarning(GmmkitWarning):
    """Compiled kernels that cannot be kept for the next process."""

    code = "compiler.uncached"
