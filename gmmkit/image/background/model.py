"""A model of the background that follows a video frame by frame: the state at the edge."""

from numbers import Real
from os import PathLike
from typing import TYPE_CHECKING, Any, Self

import numpy.typing as npt

from gmmkit.core.checks import check_count
from gmmkit.errors import InputError, ParameterError
from gmmkit.image.background.decision import BACKGROUND
from gmmkit.image.background.format import FrameFormat, as_frame, as_pixels
from gmmkit.image.background.settings import BackgroundSettings, Setting, settings_from
from gmmkit.image.background.state import BackgroundState, empty_state
from gmmkit.image.background.update import next_step
from gmmkit.image.pixels import ImageLike, Uint8Array

if TYPE_CHECKING:
    from gmmkit.io.model import Model


class BackgroundModel:
    """What a fixed camera sees when nothing moves: a Gaussian mixture for every pixel.

    Each pixel keeps as many components as its recent values need (Zivkovic 2004; after Stauffer and
    Grimson 1999). Those that are seen most, for long or again and again are background; a pixel
    that is in none of them is foreground. Beyond that method, frames are compared under the light
    that they were taken in, and a pixel's neighbors have a say.

    Parameters
    ----------
    settings : BackgroundSettings, optional
        Everything that can be set, as one value.
    n_threads : int
        How many bands of a large frame are worked on at once; masks do not depend on it.
    **options
        Single fields of `BackgroundSettings` by name, such as ``history=200``,
        ``variance_threshold=16.0``, ``detect_shadows=False`` or ``smoothing=0``.

    Raises
    ------
    ParameterError
        If an option is unknown or outside its range.

    Examples
    --------
    >>> import numpy as np
    >>> model = BackgroundModel(smoothing=0)
    >>> empty = np.full((20, 20, 3), 100, np.uint8)
    >>> for _ in range(5):
    ...     mask = model.apply(empty)
    >>> visited = empty.copy()
    >>> visited[5:15, 5:15] = 200
    >>> int((model.apply(visited) == 255).sum())
    100
    """

    def __init__(
        self,
        settings: BackgroundSettings | None = None,
        *,
        n_threads: int = 1,
        **options: Setting,
    ) -> None:
        given = {} if settings is None else settings.contract()
        self.settings = settings_from({**given, **options})
        self._n_threads = check_count(n_threads, "n_threads")
        self._format: FrameFormat | None = None
        self._state: BackgroundState | None = None

    @property
    def n_frames(self) -> int:
        """How many frames were learned."""
        return 0 if self._state is None else self._state.n_frames

    @property
    def format(self) -> FrameFormat | None:
        """Size, channels and type of the frames; None before the first."""
        return self._format

    @property
    def state(self) -> BackgroundState:
        """A copy of the mixtures of all pixels.

        Raises
        ------
        InputError
            Before the first frame.
        """
        return self._known().copy()

    def apply(self, frame: ImageLike, learning_rate: float | None = None) -> Uint8Array:
        """Return what moves in a frame, and learn the frame.

        Parameters
        ----------
        frame : array_like of shape (H, W) or (H, W, C), Picture, str or Path
            uint8, uint16, or floating point from 0 to 1; all frames of one size and type.
        learning_rate : float, optional
            How much the frame counts, 0 to 1. By default one over the number of frames so far, and
            later one over the history. At 0 nothing at all is learned.

        Returns
        -------
        ndarray of shape (H, W)
            uint8: 0 background, 127 shadow, 255 foreground. The first frame and transparent pixels
            are background.

        Raises
        ------
        InputError
            If the frame cannot be used or has another size or type than those before, or if a
            model that knows nothing is to learn nothing. The model is then what it was.
        ParameterError
            If the learning rate is outside 0 to 1.

        Examples
        --------
        >>> import numpy as np
        >>> BackgroundModel().apply(np.zeros((2, 3), np.uint8)).tolist()
        [[0, 0, 0], [0, 0, 0]]
        """
        rate = checked_rate(learning_rate)
        if rate == 0:
            self._known()
        checked = as_frame(frame, self._format)
        state = self._state
        if state is None:
            components = self.settings.max_components
            state = empty_state(checked.format.shape, checked.format.n_channels, components)
        if rate is None:
            rate = 1 / min(state.n_frames + 1, self.settings.history)
        step = next_step(
            state, checked.values, self.settings, rate, in_place=True, n_threads=self._n_threads
        )
        self._format, self._state = checked.format, step.state
        if checked.mask is not None:
            step.mask[~checked.mask] = BACKGROUND
        return step.mask

    def background_image(self) -> npt.NDArray[Any]:
        """Return the picture of the background alone, of the type of the frames.

        Returns
        -------
        ndarray of shape (H, W) or (H, W, C)
            The mean of each pixel's heaviest component.

        Raises
        ------
        InputError
            Before the first frame.

        Examples
        --------
        >>> import numpy as np
        >>> model = BackgroundModel()
        >>> mask = model.apply(np.full((1, 2), 7, np.uint8))
        >>> model.background_image().tolist()
        [[7, 7]]
        """
        return as_pixels(self._known().background, self._known_format())

    def copy(self) -> Self:
        """Return a model that knows the same and goes its own way from here.

        Examples
        --------
        >>> BackgroundModel(history=50).copy().settings.history
        50
        """
        twin = type(self)(self.settings, n_threads=self._n_threads)
        twin._format = self._format
        twin._state = None if self._state is None else self._state.copy()
        return twin

    def to_model(self) -> "Model":
        """Return the model as what `gmmkit.save` takes.

        Raises
        ------
        InputError
            Before the first frame.
        """
        from gmmkit.image.background.stored import as_model

        return as_model(self.settings, self._known_format(), self._known())

    @classmethod
    def from_model(cls, model: object, label: str = "the model", *, n_threads: int = 1) -> Self:
        """Return what `to_model` was called on.

        Raises
        ------
        FeatureContractError
            If it is a model of something else.
        ModelFileError
            If its parts do not fit together.
        """
        from gmmkit.image.background.stored import from_model

        settings, frame_format, state = from_model(model, label)
        made = cls(settings, n_threads=n_threads)
        made._format, made._state = frame_format, state
        return made

    def save(self, path: str | PathLike[str], *, force: bool = False) -> None:
        """Write the model to a file; see `gmmkit.save` for what raises.

        Examples
        --------
        >>> import tempfile
        >>> import numpy as np
        >>> model = BackgroundModel()
        >>> mask = model.apply(np.zeros((2, 3), np.uint8))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(f"{folder}/street.gmm")
        ...     BackgroundModel.load(f"{folder}/street.gmm").n_frames
        1
        """
        from gmmkit.io.model import save

        save(self.to_model(), path, force=force)

    @classmethod
    def load(cls, path: str | PathLike[str], *, n_threads: int = 1) -> Self:
        """Read a model that `save` wrote; see `gmmkit.load` and `from_model` for what raises."""
        from gmmkit.io.model import load

        return cls.from_model(load(path), str(path), n_threads=n_threads)

    def _known(self) -> BackgroundState:
        if self._state is None:
            raise _unknown()
        return self._state

    def _known_format(self) -> FrameFormat:
        if self._format is None:
            raise _unknown()
        return self._format


def checked_rate(rate: object) -> float | None:
    """Return a learning rate that can be used, None to have it chosen.

    Raises
    ------
    ParameterError
        If it is outside 0 to 1.
    """
    if rate is None:
        return None
    if isinstance(rate, Real) and not isinstance(rate, bool) and 0 <= float(rate) <= 1:
        return float(rate)
    raise ParameterError(
        "learning_rate is not usable",
        found=repr(rate),
        needed="a number from 0 to 1",
        hint="leave it out to have it chosen",
    )


def _unknown() -> InputError:
    return InputError(
        "the background is not known yet",
        found="no frame",
        needed="at least one frame that was learned",
        hint="apply the model to a frame first, with a learning rate above 0",
    )
