"""Names of the files that a run writes, all settled and checked before any work is done."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from gmmkit.cli.inputs import Source
from gmmkit.errors import InputError, OutputExistsError, OutputWriteError


def output_stems(sources: Sequence[Source], folder: Path) -> list[Path]:
    """Return what the names of all output files of every image begin with.

    Parameters
    ----------
    sources : sequence of Source
        The images. Where two have the same stem, they keep their extension in the name.
    folder : Path
        Where the files go.

    Returns
    -------
    list of Path
        In the order of the images.

    Raises
    ------
    InputError
        Two images would write to the same files, as ``a/x.png`` and ``b/x.png`` do.

    Examples
    --------
    >>> output_stems([Source("in/photo.v2.jpg", Path("in/photo.v2.jpg"))], Path("out")) == [
    ...     Path("out/photo.v2")
    ... ]
    True
    """
    # Casefolded: on many file systems A.png and a.png are one file.
    stems = Counter(source.stem.casefold() for source in sources)
    names = [
        source.full_stem if stems[source.stem.casefold()] > 1 else source.stem for source in sources
    ]
    _refuse_shared_names(sources, names)
    return [folder / name for name in names]


def numbered_files(folder: Path, stems: Sequence[Path], patterns: Sequence[str]) -> list[Path]:
    """Return files that are there already, of outputs whose number only the result will tell.

    Parameters
    ----------
    folder : Path
        Where the files go; it need not exist.
    stems : sequence of Path
        From `output_stems`.
    patterns : sequence of str
        Regular expressions of what follows a stem.

    Returns
    -------
    list of Path
        Sorted by name.

    Raises
    ------
    OutputWriteError
        The folder can not be looked into.

    Examples
    --------
    >>> numbered_files(Path("no such folder"), [Path("photo")], [r"-\\d+\\.png"])
    []
    """
    if not patterns or not folder.is_dir():
        return []
    known = {stem.name for stem in stems}
    ending = re.compile(f"(?:{'|'.join(patterns)})$")
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise OutputWriteError(
            f"cannot look into the folder {str(folder)!r}",
            found=error.strerror or type(error).__name__,
            hint="name another folder with -o DIR",
        ) from error
    hits = ((name, ending.search(name)) for name in names)
    return [folder / name for name, hit in hits if hit and name[: hit.start()] in known]


def check_outputs(
    paths: Sequence[Path], sources: Sequence[Source], folder: Path, *, force: bool
) -> None:
    """Refuse outputs that would overwrite something, or that have nowhere to go.

    Parameters
    ----------
    paths : sequence of Path
        Everything that will be written.
    sources : sequence of Source
        Everything that will be read; never overwritten, not even with `force`.
    folder : Path
        The output folder; made when the first file is written, so it need not exist yet.
    force : bool
        Whether existing outputs may be replaced.

    Raises
    ------
    OutputExistsError
        Some of the outputs are there already, or one of them is an input (which not even `force`
        replaces).
    OutputWriteError
        The folder can not be made or is no folder.

    Examples
    --------
    >>> check_outputs([Path("new.labels.png")], [], Path(), force=False)
    """
    from gmmkit.io.files import refuse_existing, refuse_overwriting_inputs

    refuse_overwriting_inputs(paths, [source.path for source in sources])
    _refuse_folder(folder)
    try:
        refuse_existing(paths, force=force)
    except OutputExistsError as error:
        hint = "add --force to replace what is there, or name another folder with -o DIR"
        raise OutputExistsError(error.problem, found=error.found, hint=hint) from error


def check_output(output: Path, inputs: Sequence[Path], *, force: bool) -> None:
    """Refuse an output that exists, is an input, or has no folder, before any work.

    Raises
    ------
    OutputExistsError, OutputWriteError

    Examples
    --------
    >>> check_output(Path("new.gmm"), [], force=False)
    """
    from gmmkit.io.files import refuse_existing, refuse_overwriting_inputs

    refuse_overwriting_inputs([output], inputs)
    try:
        refuse_existing([output], force=force)
    except OutputExistsError as error:
        hint = "another name" if force else "--force to replace it, or another name"
        raise error.reworded(hint=hint) from error
    check_folder(output)


def check_folder(output: Path) -> None:
    """Refuse an output whose folder is not there, before any work.

    Raises
    ------
    OutputWriteError

    Examples
    --------
    >>> check_folder(Path("new.gmm"))
    """
    if not output.absolute().parent.is_dir():
        raise OutputWriteError(
            f"{output} cannot be written",
            found=f"no folder {output.parent}",
            needed="a folder that is there",
            hint=f"make the folder {output.parent} first",
        )


def make_folder(folder: Path) -> None:
    """Make the output folder, unless it is there.

    Raises
    ------
    OutputWriteError
        It can not be made.

    Examples
    --------
    >>> make_folder(Path())
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputWriteError(
            f"cannot make the folder {str(folder)!r}",
            found=error.strerror or type(error).__name__,
            hint="name another folder with -o DIR",
        ) from error


def _refuse_shared_names(sources: Sequence[Source], names: Sequence[str]) -> None:
    owners = defaultdict(list)
    for source, name in zip(sources, names, strict=True):
        owners[name.casefold()].append(source.argument)
    shared = [arguments for arguments in owners.values() if len(arguments) > 1]
    if shared:
        raise InputError(
            f"{len(shared[0])} images would write the same files",
            found=", ".join(shared[0]),
            hint="segment them in separate runs, each with its own -o DIR",
        )


def _refuse_folder(folder: Path) -> None:
    existing = next(
        path for path in (folder.absolute(), *folder.absolute().parents) if path.exists()
    )
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise OutputWriteError(
            f"cannot write to the folder {str(folder)!r}",
            found=f"{str(existing)!r}, which is no folder that this user may write to",
            hint="name another folder with -o DIR",
        )
