"""Reading the file that MODEL.gmm names, with advice for those who named another file."""

from pathlib import Path
from typing import TYPE_CHECKING

from gmmkit.cli.table.sources import MODEL_SUFFIX
from gmmkit.errors import FileAccessError, ModelFileError

if TYPE_CHECKING:
    from gmmkit.core.mixture import Mixture
    from gmmkit.io.model_value import Model
    from gmmkit.io.table_model import TableModel

_REGISTRY_SUFFIXES = frozenset({".db", ".sqlite"})


def read_model(path: Path) -> "Mixture | Model":
    """Read a model file, whatever it is a model of.

    Raises
    ------
    FileAccessError, ModelFileError
        Saying where models come from, if that is no such file.
    """
    from gmmkit.io.model import load

    try:
        return load(path)
    except (FileAccessError, ModelFileError) as error:
        raise error.reworded(hint=_advice(path, error.hint)) from error


def read_table_model(path: Path) -> "TableModel":
    """Read the model of a table.

    Raises
    ------
    FileAccessError, ModelFileError
        As `read_model`, and for a model of something else.
    """
    from gmmkit.io.table_model import as_table_model

    return as_table_model(read_model(path), str(path))


def _advice(path: Path, hint: str) -> str:
    if path.suffix == MODEL_SUFFIX:
        return hint
    if path.suffix in _REGISTRY_SUFFIXES:
        return f"gmmkit speaker show {path}, if it is a registry of voices"
    return (
        "a file that gmmkit fit TABLE -k K -o FILE.gmm wrote; where there is a table too, the "
        "model comes first"
    )
