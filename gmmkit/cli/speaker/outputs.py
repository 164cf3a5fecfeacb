"""Single output files, checked before any work."""

from collections.abc import Sequence
from pathlib import Path

from gmmkit.errors import OutputExistsError, OutputWriteError


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
