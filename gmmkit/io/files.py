"""The gate for writing: whole or not at all, and nothing is overwritten unasked."""

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path

from gmmkit.errors import OutputExistsError, OutputWriteError
from gmmkit.io.reading import checked_path

# What link(2) answers where a file system has no hard links.
_NO_HARD_LINKS = frozenset({errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
_NAMES_SHOWN = 5


def refuse_existing(paths: Iterable[str | os.PathLike[str]], *, force: bool = False) -> None:
    """Refuse outputs that exist, before any work is done.

    Parameters
    ----------
    paths : iterable of str or path-like
        Every file that is going to be written.
    force : bool
        Accept existing regular files and links, which will be replaced. Folders and devices are
        refused all the same.

    Raises
    ------
    OutputExistsError
        Naming what is in the way.

    Examples
    --------
    >>> refuse_existing(["no-such-folder/labels.png"])
    """
    taken = [path for path in map(checked_path, paths) if _in_the_way(path, force=force)]
    if not taken:
        return
    names = ", ".join(str(path) for path in taken[:_NAMES_SHOWN])
    more = f" and {len(taken) - _NAMES_SHOWN} more" if len(taken) > _NAMES_SHOWN else ""
    raise _taken_error(names + more, force=force)


def refuse_overwriting_inputs(
    outputs: Iterable[str | os.PathLike[str]], inputs: Iterable[str | os.PathLike[str]]
) -> None:
    """Refuse an output that is one of the inputs, by whatever path or link.

    Parameters
    ----------
    outputs, inputs : iterable of str or path-like
        Files to be written, and files to be read.

    Raises
    ------
    OutputExistsError
        Naming the file; forcing does not help.

    Examples
    --------
    >>> refuse_overwriting_inputs(["photo.labels.png"], ["photo.png"])
    """
    sources = {_identity(checked_path(path)) for path in inputs}
    for path in map(checked_path, outputs):
        if _identity(path) in sources:
            raise OutputExistsError(
                "the output is one of the inputs",
                found=str(path),
                needed="a file that is not read",
                hint="write to another folder",
            )


def write_atomically(
    path: str | os.PathLike[str], payload: bytes | memoryview, *, force: bool = False
) -> None:
    """Write a file so that its name holds either the whole payload or what was there before.

    The payload goes to a new file in the same folder, is flushed to the disk, and takes the name
    in one step. A symbolic link is never followed: with `force` the link itself is replaced and
    what it pointed to is left alone. A replaced file keeps its permissions; a new one gets those
    of the umask.

    Parameters
    ----------
    path : str or path-like
        Where to write; its folder has to exist.
    payload : bytes
        The whole content.
    force : bool
        Replace a file of that name.

    Raises
    ------
    OutputExistsError
        If the name is taken and `force` is false, or it is no regular file.
    OutputWriteError
        If the write failed, for example on a full disk.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(Path(folder) / "note.txt", b"whole")
    ...     (Path(folder) / "note.txt").read_text()
    'whole'
    """
    target = checked_path(path)
    refuse_existing([target], force=force)
    temporary = target.with_name(f".gmmkit-{secrets.token_hex(8)}.tmp")
    try:
        _write_durably(temporary, payload, _mode_to_keep(target))
        take_name(temporary, target, force=force)
    except OutputExistsError:
        raise
    except OSError as error:
        raise _write_error(target, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _write_durably(temporary: Path, payload: bytes | memoryview, mode: int | None) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(temporary, flags, 0o666), "wb") as stream:
        if mode is not None:
            temporary.chmod(mode)
        stream.write(payload)
        stream.flush()
        os.fsync(stream.fileno())


def take_name(temporary: Path, target: Path, *, force: bool = False) -> None:
    """Give a file that is whole the name that it was written for, in one step.

    The temporary name may be left beside it, for the caller to remove.

    Parameters
    ----------
    temporary, target : Path
        In one folder. A file that is replaced leaves its permissions to the new one.
    force : bool
        Replace a file of that name.

    Raises
    ------
    OutputExistsError
        If there is one, and `force` is false.
    OSError
        If the name cannot be taken.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "written").write_text("whole")
    ...     take_name(Path(folder) / "written", Path(folder) / "note.txt")
    ...     (Path(folder) / "note.txt").read_text()
    'whole'
    """
    mode = _mode_to_keep(target)
    if mode is not None:
        temporary.chmod(mode)
    try:
        _take_name(temporary, target, force=force)
    except FileExistsError as error:
        raise _taken_error(str(target), force=force) from error
    _sync_folder(target.parent)


def _take_name(temporary: Path, target: Path, *, force: bool) -> None:
    if force:
        os.replace(temporary, target)
        return
    try:
        # A link fails where a rename would overwrite a file that appeared meanwhile.
        os.link(temporary, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        refuse_existing([target])
        os.replace(temporary, target)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems cannot flush a folder and say so with EINVAL.
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


def _mode_to_keep(target: Path) -> int | None:
    try:
        status = target.lstat()
    except FileNotFoundError:
        return None
    return stat.S_IMODE(status.st_mode) if stat.S_ISREG(status.st_mode) else None


def _in_the_way(path: Path, *, force: bool) -> bool:
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise _write_error(path, error) from error
    return not force or not (stat.S_ISREG(mode) or stat.S_ISLNK(mode))


def _identity(path: Path) -> tuple[int, int] | str:
    try:
        status = path.stat()
    except OSError:
        return str(path.absolute())
    return status.st_dev, status.st_ino


def _taken_error(names: str, *, force: bool) -> OutputExistsError:
    hint = "write to another folder"
    return OutputExistsError(
        "the output exists already",
        found=names,
        needed="a name that is free",
        hint=hint if force else f"{hint}, or force it to overwrite",
    )


def _write_error(path: Path, error: OSError) -> OutputWriteError:
    hint = "free some space or choose another folder"
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        hint = f"create the folder {path.parent} first"
    return OutputWriteError(
        f"{path} was not written",
        found=error.strerror or type(error).__name__,
        needed="a folder that can be written to",
        hint=hint,
    )
