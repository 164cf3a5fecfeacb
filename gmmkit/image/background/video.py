"""A whole video: frames in, masks out, one at a time."""

from collections.abc import Iterable, Iterator

from gmmkit.core.checks import check_count
from gmmkit.errors import ParameterError
from gmmkit.image.background.model import BackgroundModel, checked_rate
from gmmkit.image.background.settings import Setting, settings_from
from gmmkit.image.pixels import ImageLike, Uint8Array


def subtract_background(
    frames: Iterable[ImageLike],
    *,
    learning_rate: float | None = None,
    warm_up: int = 0,
    model: BackgroundModel | None = None,
    **options: Setting,
) -> Iterator[Uint8Array]:
    """Return what moves in each frame of a video, one mask at a time.

    Parameters
    ----------
    frames : iterable of array_like, Picture, str or Path
        As in `BackgroundModel.apply`, read one after the other and not kept.
    learning_rate : float, optional
        As in `BackgroundModel.apply`.
    warm_up : int
        How many frames are learned before the first mask is given.
    model : BackgroundModel, optional
        A model to go on with; it learns. A new one by default.
    **options
        Fields of `BackgroundSettings` for a new model.

    Returns
    -------
    iterator of ndarray of shape (H, W)
        uint8: 0 background, 127 shadow, 255 foreground; one for each frame after the warm-up.

    Raises
    ------
    InputError
        When a frame comes that cannot be used.
    ParameterError
        If an option is not usable, or given beside a model.

    Examples
    --------
    >>> import numpy as np
    >>> video = np.full((30, 20, 20), 100, np.uint8)
    >>> video[20:, 5:15, 5:15] = 200
    >>> [int((mask > 0).sum()) for mask in subtract_background(video, warm_up=19)][:2]
    [0, 96]
    """
    if model is not None and options:
        raise ParameterError(
            "a model has its own settings",
            found=", ".join(sorted(options)),
            needed="settings or a model",
            hint="leave the settings out",
        )
    follower = BackgroundModel(settings_from(options)) if model is None else model
    checked_rate(learning_rate)
    return _masks(frames, follower, learning_rate, check_count(warm_up, "warm_up", least=0))


def _masks(
    frames: Iterable[ImageLike], model: BackgroundModel, rate: float | None, warm_up: int
) -> Iterator[Uint8Array]:
    for number, frame in enumerate(frames):
        mask = model.apply(frame, rate)
        if number >= warm_up:
            yield mask
