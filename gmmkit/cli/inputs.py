"""From the words on the command line to the images that they mean.

A word is a file, a folder, a quoted glob, or ``sample:NAME``. One that means nothing is kept with
its error, so that the other images can still be done.
"""

import glob
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from gmmkit.errors import GmmkitError, InputError
from gmmkit.image.export.kinds import is_output

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})
_SAMPLE = "sample:"
# Pictures that commands write beside labels.
_RESULTS = (".strength.png", ".mask.png", ".alpha.png", ".cutout.png", ".foreground.png")


@dataclass(frozen=True)
class Source:
    """One image to read.

    Parameters
    ----------
    argument : str
        What the reader of images takes: a path or ``sample:NAME``.
    path : Path
        The file behind it.
    page : int, optional
        Which page, where each page of the file is an image of its own.

    Examples
    --------
    >>> Source("in/scan.tif page 3", Path("in/scan.tif"), 3).stem
    'scan.page-0003'
    """

    argument: str
    path: Path
    page: int | None = None

    @property
    def stem(self) -> str:
        """What it is called, without the extension."""
        return f"{self.path.stem}{self._page_suffix}"

    @property
    def name(self) -> str:
        """What it is called, with the extension."""
        return f"{self.stem}{self.path.suffix}"

    @property
    def full_stem(self) -> str:
        """What it is called where the same stem has several extensions."""
        return f"{self.path.name}{self._page_suffix}"

    @property
    def _page_suffix(self) -> str:
        return "" if self.page is None else f".page-{self.page:04d}"

    def pages(self, count: int) -> "list[Source]":
        """Return each of its pages; itself, if it has but one.

        Examples
        --------
        >>> [page.argument for page in Source("a.tif", Path("a.tif")).pages(2)]
        ['a.tif page 0', 'a.tif page 1']
        """
        if count == 1:
            return [self]
        return [
            Source(f"{self.argument} page {number}", self.path, number) for number in range(count)
        ]


@dataclass(frozen=True)
class Failure:
    """A word or an image that could not be used, and why."""

    argument: str
    error: GmmkitError


@dataclass(frozen=True)
class Found:
    """What the words mean: images in order, each once, and the words that mean none."""

    sources: tuple[Source, ...]
    failures: tuple[Failure, ...]


def find_sources(words: Iterable[str]) -> Found:
    """Resolve files, folders, globs and samples.

    Parameters
    ----------
    words : iterable of str
        A folder stands for the image files directly in it, sorted by name, earlier results of
        gmmkit and hidden files left out. A glob stands for what it matches.

    Returns
    -------
    Found
        A file that is named twice is there once. Whether a named file exists is found on reading.

    Examples
    --------
    >>> found = find_sources(["photo.jpg", "./photo.jpg", "no such folder/*"])
    >>> [source.argument for source in found.sources], len(found.failures)
    (['photo.jpg'], 1)
    """
    sources: dict[Path, Source] = {}
    failures = []
    for word in words:
        try:
            for source in _sources_of(word):
                sources.setdefault(source.path.absolute(), source)
        except GmmkitError as error:
            failures.append(Failure(word, error))
    return Found(tuple(sources.values()), tuple(failures))


def _sources_of(word: str) -> Iterator[Source]:
    if word.startswith(_SAMPLE):
        return iter([_sample(word)])
    path = Path(word)
    if path.is_dir():
        return iter(_images_in(path))
    if glob.has_magic(word) and not path.exists():
        return chain.from_iterable(map(_sources_of, _matches(word)))
    return iter([_file(path)])


def _file(path: Path) -> Source:
    return Source(str(path), path)


def _sample(word: str) -> Source:
    from gmmkit.io.samples import sample_path

    return Source(word, sample_path(word.removeprefix(_SAMPLE)))


def _matches(pattern: str) -> Sequence[str]:
    matches = sorted(glob.glob(pattern, recursive=True))
    if not matches:
        raise InputError(
            f"no file matches {pattern!r}",
            needed="a pattern of existing image files",
            hint="list the folder to see how its files are spelled",
        )
    return matches


def _images_in(folder: Path) -> list[Source]:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    images = [path for path in files if _is_image(path)]
    if not images:
        raise InputError(
            f"the folder {str(folder)!r} has no image in it",
            found=f"{len(files)} other files",
            needed=f"files that end in {', '.join(sorted(SUFFIXES))}",
            hint="name the files themselves; folders inside folders are not searched",
        )
    return [_file(path) for path in images]


def _is_image(path: Path) -> bool:
    """Leave out the masks that an earlier run wrote, or a second run would segment those too."""
    hidden = path.name.startswith(".")
    return path.suffix.lower() in SUFFIXES and not hidden and not _is_result(path.name)


def _is_result(name: str) -> bool:
    return is_output(name) or name.lower().endswith(_RESULTS)
