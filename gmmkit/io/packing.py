"""A mixture as the arrays of a file, and back: symmetric matrices as their lower triangles."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.covariance import Covariance
from gmmkit.core.families import Family, family
from gmmkit.core.mixture import Mixture
from gmmkit.core.noise import Noise
from gmmkit.errors import ModelFileError, ParameterError

PARTS = ("weights", "means", "covariance")
_KEYS = {"family", "n_components", "n_features", "noise"}
Float64Array = npt.NDArray[np.float64]


def describe_mixture(mixture: Mixture) -> dict[str, object]:
    """Return what a file says of a mixture beside its arrays.

    Parameters
    ----------
    mixture : Mixture

    Returns
    -------
    dict
        Its family, K, D, and its noise or None.

    Examples
    --------
    >>> import numpy as np
    >>> describe_mixture(Mixture([1.0], [[0.0]], np.ones((1, 1, 1))))["family"]
    'full'
    """
    noise = mixture.noise
    return {
        "family": mixture.covariance.family.name,
        "n_components": mixture.n_components,
        "n_features": mixture.n_features,
        "noise": None
        if noise is None
        else {"weight": float(noise.weight), "log_density": float(noise.log_density)},
    }


def pack_mixture(mixture: Mixture) -> dict[str, Float64Array]:
    """Return the arrays of a mixture: weights, means, and its family's own parameters.

    Parameters
    ----------
    mixture : Mixture

    Returns
    -------
    dict of str to ndarray
        Covariance matrices are packed by rows of their lower triangle.

    Examples
    --------
    >>> import numpy as np
    >>> pack_mixture(Mixture([1.0], [[0.0, 0.0]], [np.eye(2)]))["covariance"].tolist()
    [[1.0, 0.0, 1.0]]
    """
    values = mixture.covariance.values
    if not mixture.covariance.family.axis_aligned:
        values = values[(..., *np.tril_indices(mixture.n_features))]
    return {"weights": mixture.weights, "means": mixture.means, "covariance": values}


def unpack_mixture(
    description: object, arrays: Mapping[str, npt.NDArray[Any]], label: str
) -> Mixture:
    """Return the mixture that a description and three arrays make, or say why they make none.

    Parameters
    ----------
    description : object
        What :func:`describe_mixture` returned, as it came out of a file.
    arrays : mapping of str to ndarray
        What :func:`pack_mixture` returned, as it came out of a file.
    label : str
        The file and the mixture, for errors.

    Returns
    -------
    Mixture

    Raises
    ------
    ModelFileError
        If an array is missing, has another type or shape, or the values are no mixture.

    Examples
    --------
    >>> import numpy as np
    >>> mixture = Mixture([1.0], [[0.0, 0.0]], [np.eye(2)])
    >>> unpack_mixture(describe_mixture(mixture), pack_mixture(mixture), "m.gmm")
    <Mixture of 1 full Gaussians in 2 dimensions>
    """
    kind, k, d, noise = _parse_description(description, label)
    shapes = {"weights": (k,), "means": (k, d), "covariance": _packed_shape(kind, k, d)}
    for part in PARTS:
        _check_array(arrays[part], shapes[part], f"{part} of {label}")
    try:
        with np.errstate(all="ignore"):
            covariance = Covariance(kind, _unpack(kind, arrays["covariance"], d))
            return Mixture(arrays["weights"], arrays["means"], covariance, noise)
    except ParameterError as error:
        raise file_error(f"{label} is no mixture", error) from error


def file_error(problem: str, error: ParameterError) -> ModelFileError:
    """Return what is wrong with a value as what is wrong with the file that it came from.

    Parameters
    ----------
    problem : str
        The file and what it fails to be.
    error : ParameterError
        What the constructor said.

    Returns
    -------
    ModelFileError

    Examples
    --------
    >>> print(file_error("m.gmm is no mixture", ParameterError("a weight is < 0", found="-1")))
    m.gmm is no mixture: found a weight is < 0 (-1); needed what gmmkit.save writes.
    """
    found = f"{error.problem} ({error.found})" if error.found else error.problem
    return ModelFileError(problem, found=found, needed=error.needed or "what gmmkit.save writes")


def _parse_description(description: object, label: str) -> tuple[Family, int, int, Noise | None]:
    if not isinstance(description, dict) or set(description) != _KEYS:
        raise ModelFileError(
            f"{label} is described wrongly",
            found=f"{description!r:.200}",
            needed="the keys " + ", ".join(sorted(_KEYS)),
        )
    sizes = description["n_components"], description["n_features"]
    if any(type(size) is not int or size < 1 for size in sizes):
        raise ModelFileError(
            f"{label} is described wrongly",
            found=f"K={sizes[0]!r}, D={sizes[1]!r}",
            needed="positive whole numbers",
        )
    try:
        return family(description["family"]), *sizes, _parse_noise(description["noise"])
    except (ParameterError, TypeError, KeyError) as error:
        raise ModelFileError(
            f"{label} is described wrongly",
            found=str(error).rstrip("."),
            needed="a covariance family, and a noise component or none",
        ) from error


def _parse_noise(value: Any) -> Noise | None:
    if value is None:
        return None
    return Noise(weight=float(value["weight"]), log_density=float(value["log_density"]))


def _packed_shape(kind: Family, n_components: int, n_features: int) -> tuple[int, ...]:
    shape = kind.shape(n_components, n_features)
    if kind.axis_aligned:
        return shape
    return (*shape[:-2], n_features * (n_features + 1) // 2)


def _unpack(kind: Family, packed: Float64Array, n_features: int) -> Float64Array:
    if kind.axis_aligned:
        return packed
    rows, columns = np.tril_indices(n_features)
    values = np.empty((*packed.shape[:-1], n_features, n_features))
    values[..., rows, columns] = packed
    values[..., columns, rows] = packed
    return values


def _check_array(array: npt.NDArray[Any], shape: tuple[int, ...], label: str) -> None:
    if array.dtype != np.float64 or array.shape != shape:
        raise ModelFileError(
            f"the {label} do not fit its description",
            found=f"{array.dtype.name} {array.shape}",
            needed=f"float64 {shape}",
        )
    if not np.isfinite(array).all():
        count = array.size - int(np.count_nonzero(np.isfinite(array)))
        raise ModelFileError(
            f"the {label} are no numbers",
            found=f"{count} of {array.size} values NaN or infinite",
            needed="finite values",
        )
