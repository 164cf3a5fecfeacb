"""`sample:NAME`: photos of scikit-image's own wheel, and voices and tables that the project made.

Nothing is downloaded.
"""

import difflib
from importlib.util import find_spec
from pathlib import Path

from gmmkit.errors import InputError, MissingDependencyError, ParameterError

SAMPLE_PREFIX = "sample:"
_PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png")
_RECORDING_SUFFIXES = (".wav", ".flac")
_TABLE_SUFFIXES = (".csv",)
# Drawings, a silhouette and test charts lie beside the photos.
_NOT_PHOTOS = frozenset({"chessboard_GRAY", "chessboard_RGB", "color", "horse", "logo", "phantom"})


def sample_names(kind: str = "photo") -> tuple[str, ...]:
    """Return the names of the samples on this disk, sorted.

    Parameters
    ----------
    kind : str
        "photo", "recording" or "table".

    Examples
    --------
    >>> "coffee" in sample_names()
    True
    >>> sample_names("recording")[:3]
    ('ana-1', 'ana-2', 'ana-3')
    >>> "fruit-basket" in sample_names("table")
    True
    """
    return tuple(sorted(_samples(kind)))


def sample_path(name: str, *, kind: str = "photo") -> Path:
    """Return the file of a sample.

    Parameters
    ----------
    name : str
        With or without the prefix `sample:`.
    kind : str
        "photo", "recording" or "table".

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If no such sample is on the disk; the message lists those that are.

    Examples
    --------
    >>> sample_path("sample:coffee").name
    'coffee.png'
    >>> sample_path("sample:ana-1", kind="recording").name
    'ana-1.wav'
    """
    bare = name.removeprefix(SAMPLE_PREFIX)
    files = _samples(kind)
    if bare in files:
        return files[bare]
    near = difflib.get_close_matches(bare, files, n=1) or list(files)[:1]
    raise InputError(
        f"there is no sample {kind} {bare!r}",
        found=f"{SAMPLE_PREFIX}{bare}",
        needed=f"one of {', '.join(sorted(files))}",
        hint=f"{SAMPLE_PREFIX}{near[0]}",
    )


def _samples(kind: str) -> dict[str, Path]:
    if kind == "photo":
        return _photos()
    if kind == "recording":
        return _files_in(_made_folder() / "speech", _RECORDING_SUFFIXES)
    if kind == "table":
        return _tables()
    raise ParameterError(
        "kind is not usable", found=repr(kind), needed="'photo', 'recording' or 'table'"
    )


def _photos() -> dict[str, Path]:
    photos = _files_in(_scikit_image_folder() / "data", _PHOTO_SUFFIXES)
    return {name: path for name, path in photos.items() if name not in _NOT_PHOTOS}


def _files_in(folder: Path, suffixes: tuple[str, ...]) -> dict[str, Path]:
    files = [path for path in folder.iterdir() if path.suffix in suffixes and path.is_file()]
    return {path.stem: path for path in sorted(files)}


def _tables() -> dict[str, Path]:
    files = _files_in(_made_folder(), _TABLE_SUFFIXES)
    return {name.replace("_", "-"): path for name, path in files.items()}


def _made_folder() -> Path:
    """Return where the project's own files lie: in the installed package, or in a checkout."""
    package = Path(__file__).parents[1]
    folders = (package / "data", package.parent / "data")
    for folder in folders:
        if (folder / "speech").is_dir():
            return folder
    raise InputError(
        "the sample recordings and tables are not installed",
        found=f"no folder {folders[0]}",
        needed="gmmkit from its wheel or from a checkout",
        hint="install gmmkit again",
    )


def _scikit_image_folder() -> Path:
    """Return where scikit-image lies, without importing it."""
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        raise MissingDependencyError(
            "sample photos come with scikit-image",
            found="no scikit-image",
            hint="pip install scikit-image",
        )
    return Path(spec.origin).parent
