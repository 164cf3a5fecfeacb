"""The background models that come with gmmkit, read when they are first needed."""

from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from gmmkit.errors import ParameterError
from gmmkit.speaker.background import BackgroundModel
from gmmkit.speaker.background_file import background_from_bytes, read_background

DEFAULT = "default"
PRESETS = (DEFAULT, "fast")


def load_background(name_or_path: str | Path = DEFAULT) -> BackgroundModel:
    """Return a shipped background model, or one from a file.

    Parameters
    ----------
    name_or_path : str or Path
        ``"default"``, which listens through three front ends; ``"fast"``, through one of them; or
        the path of a ``.gmm`` file made by :func:`gmmkit.speaker.train_background`.

    Raises
    ------
    ParameterError
        If it is neither a preset nor a path that ends in ``.gmm``.
    ModelFileError
        If the file holds no background model.

    Examples
    --------
    >>> load_background("fast").name
    'fast'
    """
    if isinstance(name_or_path, str) and name_or_path in PRESETS:
        return _shipped(name_or_path)
    if Path(name_or_path).suffix != ".gmm":
        raise ParameterError(
            "there is no such background model",
            found=repr(str(name_or_path)),
            needed=f"one of {', '.join(PRESETS)}, or the path of a .gmm file",
        )
    return read_background(name_or_path)


@lru_cache(maxsize=len(PRESETS))
def _shipped(name: str) -> BackgroundModel:
    resource = files("gmmkit.speaker") / "backgrounds" / f"{name}.gmm"
    return background_from_bytes(resource.read_bytes(), f"the background model {name!r}")
