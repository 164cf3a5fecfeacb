"""`.gmm` model files: written whole, read with suspicion. Never pickle."""

from os import PathLike

from gmmkit.core.mixture import Mixture
from gmmkit.errors import ModelFileError, OutputWriteError, ParameterError
from gmmkit.io.codec import decode_model, encode_model, same_content
from gmmkit.io.files import refuse_existing, write_atomically
from gmmkit.io.model_value import BARE, Model, check_contract
from gmmkit.io.reading import file_size, open_regular_file, read_bytes

__all__ = ["LARGEST_FILE", "Model", "check_contract", "load", "save"]

LARGEST_FILE = 2_000_000_000


def save(model: Mixture | Model, path: str | PathLike[str], *, force: bool = False) -> None:
    """Write a model file, whole or not at all; the same model gives the same bytes.

    The bytes are read back and compared before they take the name.

    Parameters
    ----------
    model : Mixture or Model
    path : str or path-like
        Usually ending in ``.gmm``.
    force : bool
        Replace an existing file.

    Raises
    ------
    ParameterError
        If it is neither a mixture nor a model.
    OutputExistsError
        If the file exists and `force` is false.
    OutputWriteError
        If the file could not be written.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> mixture = Mixture([1.0], [[0.0]], np.ones((1, 1, 1)))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(mixture, f"{folder}/one.gmm")
    ...     load(f"{folder}/one.gmm")
    <Mixture of 1 full Gaussians in 1 dimensions>
    """
    if isinstance(model, Mixture):
        model = Model(BARE, mixtures={BARE: model})
    if not isinstance(model, Model):
        raise ParameterError(
            "this cannot be saved", found=type(model).__name__, needed="a Mixture or a Model"
        )
    refuse_existing([path], force=force)
    payload = encode_model(model)
    if not same_content(decode_model(payload, str(path)), model):
        raise OutputWriteError(
            f"{path} was not written",
            found="bytes that read back differently",
            needed="the same model",
        )
    write_atomically(path, payload, force=force)


def load(path: str | PathLike[str]) -> Mixture | Model:
    """Read a model file; nothing in it is ever executed.

    Parameters
    ----------
    path : str or path-like
        A file of at most 2 GB.

    Returns
    -------
    Mixture or Model
        The mixture itself if that is all there is.

    Raises
    ------
    FileAccessError
        If the file is missing, unreadable or no regular file.
    ModelFileError
        If it is damaged, of another format, of a newer schema, or holds no proper mixture.

    Examples
    --------
    >>> load("no-such.gmm")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    gmmkit.errors.FileAccessError: no-such.gmm does not exist: ...
    """
    with open_regular_file(path) as stream:
        size = file_size(stream)
        if size > LARGEST_FILE:
            raise ModelFileError(
                f"{path} is too large for a model",
                found=f"{size:,} bytes",
                needed=f"at most {LARGEST_FILE:,}",
                hint="check that this is the file you meant",
            )
        payload = read_bytes(stream, size, path)
    model = decode_model(payload, str(path))
    return model.mixtures[BARE] if model.kind == BARE else model
