"""Which result belongs to which annotation: files, folders and patterns, matched by name."""

import glob
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gmmkit.errors import InputError

SUFFIXES = (".mat", ".npz", ".png", ".tif", ".tiff")
# What commands of gmmkit put between a picture's name and the ending.
_ENDINGS = (".labels", ".gray", ".regions", ".ucm", ".strength", ".boundaries")
_NAMES_SHOWN = 3


@dataclass(frozen=True)
class Pair:
    """A picture's name, its result and its annotation."""

    name: str
    result: Path
    truth: Path


@dataclass(frozen=True)
class Paired:
    """The pairs by name, and the files on either side that are alone."""

    pairs: tuple[Pair, ...]
    results_alone: tuple[Path, ...]
    truth_alone: tuple[Path, ...]


def pair_files(results: str, truth: str) -> Paired:
    """Match results with annotations.

    Parameters
    ----------
    results, truth : str
        A file, a folder, whose files of readable kinds are taken, or a pattern. One file on either
        side belong together whatever they are called; else names without endings have to agree,
        where ``a.labels.png`` is of the picture ``a``.

    Returns
    -------
    Paired
        Sorted by name.

    Raises
    ------
    InputError
        If a word means no file, two files of one side are of the same picture, or none match.

    Examples
    --------
    >>> pair_files("a.png", "b.mat").pairs[0].name
    'a'
    """
    found, known = _files(results), _files(truth)
    if len(found) == len(known) == 1:
        return Paired((Pair(_picture(found[0]), found[0], known[0]),), (), ())
    mine, theirs = _by_picture(found), _by_picture(known)
    shared = sorted(mine.keys() & theirs.keys())
    if not shared:
        raise InputError(
            "no result has the name of an annotation",
            found=f"{_some(mine)} against {_some(theirs)}",
            needed="the same names on both sides, whatever their endings",
        )
    return Paired(
        tuple(Pair(name, mine[name], theirs[name]) for name in shared),
        tuple(path for name, path in mine.items() if name not in theirs),
        tuple(path for name, path in theirs.items() if name not in mine),
    )


def _files(word: str) -> list[Path]:
    path = Path(word)
    if path.is_dir():
        return _readable(word, path.iterdir())
    if glob.has_magic(word) and not path.exists():
        return _readable(word, map(Path, glob.glob(word, recursive=True)))
    return [path]


def _readable(word: str, paths: Iterable[Path]) -> list[Path]:
    kept = [
        path
        for path in sorted(paths)
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
    ]
    if not kept:
        raise InputError(
            f"{word} means no file of segmentations",
            needed=f"files that end in {', '.join(SUFFIXES)}",
            hint="name a file, a folder, or a quoted pattern such as 'out/*.labels.png'",
        )
    return kept


def _picture(path: Path) -> str:
    stem = path.stem
    ending = next((each for each in _ENDINGS if stem.endswith(each) and stem != each), "")
    return stem.removesuffix(ending)


def _by_picture(paths: Sequence[Path]) -> dict[str, Path]:
    named: dict[str, Path] = {}
    for path in paths:
        other = named.setdefault(_picture(path), path)
        if other is not path:
            raise InputError(
                f"two files are of the same picture {_picture(path)!r}",
                found=f"{other} and {path}",
                hint=f"name one kind by a quoted pattern such as '{path.parent}/*{path.suffix}'",
            )
    return named


def _some(named: Iterable[str]) -> str:
    names = sorted(named)
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return ", ".join(names[:_NAMES_SHOWN]) + more
