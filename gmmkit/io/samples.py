"""`sample:NAME`: the photos that scikit-image's own wheel carries; nothing is downloaded."""

import difflib
from importlib.util import find_spec
from pathlib import Path

from gmmkit.errors import InputError, MissingDependencyError

SAMPLE_PREFIX = "sample:"
_SUFFIXES = (".jpg", ".jpeg", ".png")
# Drawings, a silhouette and test charts lie beside the photos.
_NOT_PHOTOS = frozenset({"chessboard_GRAY", "chessboard_RGB", "color", "horse", "logo", "phantom"})


def sample_names() -> tuple[str, ...]:
    """Return the names of the sample photos on this disk, sorted.

    Examples
    --------
    >>> "coffee" in sample_names()
    True
    """
    return tuple(sorted(_photos()))


def sample_path(name: str) -> Path:
    """Return the file of a sample photo.

    Parameters
    ----------
    name : str
        With or without the prefix `sample:`.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If no such photo is on the disk; the message lists those that are.

    Examples
    --------
    >>> sample_path("sample:coffee").name
    'coffee.png'
    """
    bare = name.removeprefix(SAMPLE_PREFIX)
    photos = _photos()
    if bare in photos:
        return photos[bare]
    near = difflib.get_close_matches(bare, photos, n=1)
    raise InputError(
        f"there is no sample photo {bare!r}",
        found=f"{SAMPLE_PREFIX}{bare}",
        needed=f"one of {', '.join(sorted(photos))}",
        hint=f"{SAMPLE_PREFIX}{near[0] if near else 'coffee'}",
    )


def _photos() -> dict[str, Path]:
    folder = _package_folder() / "data"
    files = [path for path in folder.iterdir() if path.suffix in _SUFFIXES and path.is_file()]
    return {path.stem: path for path in files if path.stem not in _NOT_PHOTOS}


def _package_folder() -> Path:
    """Return where scikit-image lies, without importing it."""
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        raise MissingDependencyError(
            "sample photos come with scikit-image",
            found="no scikit-image",
            hint="pip install scikit-image",
        )
    return Path(spec.origin).parent
