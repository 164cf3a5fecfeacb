"""Lists of recordings as text files: `speaker path` or the path alone, a line each."""

from collections.abc import Iterable
from pathlib import Path

from gmmkit.cli.speaker.recordings import Corpus
from gmmkit.errors import FileAccessError, InputError

_SHOWN = 3


def read_recording_list(path: Path, folder: Path) -> Corpus:
    """Read a list of recordings; its first line says whether lines begin with a speaker.

    Parameters
    ----------
    path : Path
        Words are parted by a tab, or by blanks. Empty lines and those that begin with # are left
        out.
    folder : Path
        What the recordings' names are relative to.

    Returns
    -------
    Corpus
        Where there are paths alone, each recording is a speaker of its own.

    Raises
    ------
    InputError
        If a line is unlike the first, naming it, or recordings are missing.
    FileAccessError
        If the list cannot be read.
    """
    from gmmkit.io.text import read_text

    lines = enumerate(read_text(path).splitlines(), start=1)
    rows = [(number, _fields(line)) for number, line in lines if line.split("#")[0].strip()]
    if not rows:
        raise InputError(f"{path} is empty", needed="a line for each recording")
    width = len(rows[0][1])
    for number, fields in rows:
        if len(fields) != width or not all(fields):
            raise InputError(
                f"line {number} of {path} does not fit",
                found=repr(" ".join(fields)),
                needed="'speaker path'" if width == 2 else "a path, as in the first line",
                hint="a tab between speaker and path, if there are blanks in them",
            )
    found = tuple((fields[0], folder / fields[-1]) for _, fields in rows)
    check_all_there((file for _, file in found), folder)
    note = f"{path} names no speakers: each recording is taken for a speaker of its own"
    return Corpus(found, () if width == 2 else (note,))


def check_all_there(files: Iterable[Path], folder: Path) -> None:
    """Refuse a list of which recordings are missing, before any work.

    Raises
    ------
    FileAccessError
        Naming the first of them.

    Examples
    --------
    >>> check_all_there([Path("/")], Path())
    """
    listed = list(dict.fromkeys(files))
    missing = [file for file in listed if not file.exists()]
    if missing:
        shown = ", ".join(map(str, missing[:_SHOWN])) + (", ..." if missing[_SHOWN:] else "")
        raise FileAccessError(
            "recordings of the list are missing",
            found=f"{len(missing):,} of {len(listed):,}: {shown}",
            needed=f"names relative to the folder {str(folder)!r}",
            hint="--audio DIR, the folder that the names are relative to",
        )


def _fields(line: str) -> list[str]:
    parts = line.split("\t") if "\t" in line else line.split(maxsplit=1)
    return [part.strip() for part in parts]
