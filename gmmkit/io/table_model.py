"""A mixture of the rows of a table as a model file, with the columns that its numbers mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike

from gmmkit.core.mixture import Mixture
from gmmkit.errors import FeatureContractError, ParameterError
from gmmkit.io.model import load
from gmmkit.io.model_value import ContractValue, Model

KIND = "table-mixture"
MIXTURE_NAME = "components"
_SCHEMA = 1


@dataclass(frozen=True, eq=False)
class TableModel:
    """A mixture whose columns have names.

    Parameters
    ----------
    mixture : Mixture
    columns : sequence of str of length D
        What each column of its means is called in tables, in order.
    notes : mapping of str to str
        For people.

    Raises
    ------
    ParameterError
        If there is not one name, all different, for each column.

    Examples
    --------
    >>> import numpy as np
    >>> model = TableModel(Mixture([1.0], [[0.0, 9.0]], [np.eye(2)]), ("weight", "height"))
    >>> model.columns
    ('weight', 'height')
    """

    mixture: Mixture
    columns: Sequence[str]
    notes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        columns = tuple(map(str, self.columns))
        object.__setattr__(self, "columns", columns)
        if len(columns) != self.mixture.n_features or len(set(columns)) < len(columns):
            raise ParameterError(
                "the columns do not fit the mixture",
                found=f"{len(set(columns))} different names",
                needed=f"one for each of its {self.mixture.n_features} columns",
            )

    def to_model(self) -> Model:
        """Return it as what :func:`gmmkit.save` takes.

        Examples
        --------
        >>> import numpy as np
        >>> TableModel(Mixture([1.0], [[0.0]], [np.eye(1)]), ["weight"]).to_model().kind
        'table-mixture'
        """
        contract: dict[str, ContractValue] = {
            "table_schema": _SCHEMA,
            "columns": list(self.columns),
        }
        return Model(KIND, contract, {MIXTURE_NAME: self.mixture}, {}, dict(self.notes))


def load_table_model(path: str | PathLike[str]) -> TableModel:
    """Read the model of a table.

    Parameters
    ----------
    path : str or path-like
        A file that ``gmmkit fit`` wrote.

    Returns
    -------
    TableModel

    Raises
    ------
    FileAccessError
        If the file is missing or unreadable.
    ModelFileError
        If it is damaged.
    FeatureContractError
        If it is a model of something else, or does not say what its columns are.

    Examples
    --------
    >>> load_table_model("no-such.gmm")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    gmmkit.errors.FileAccessError: no-such.gmm does not exist: ...
    """
    return as_table_model(load(path), str(path))


def as_table_model(model: Mixture | Model, label: str) -> TableModel:
    """Return the model of a table that a file held.

    Parameters
    ----------
    model : Mixture or Model
        What :func:`gmmkit.load` gave.
    label : str
        The file's name, for errors.

    Returns
    -------
    TableModel

    Raises
    ------
    FeatureContractError
        If it is something else.

    Examples
    --------
    >>> import numpy as np
    >>> made = TableModel(Mixture([1.0], [[0.0]], [np.eye(1)]), ["weight"])
    >>> as_table_model(made.to_model(), "m.gmm").columns
    ('weight',)
    """
    if not isinstance(model, Model) or model.kind != KIND:
        kind = model.kind if isinstance(model, Model) else "mixture"
        raise FeatureContractError(
            f"{label} does not describe the rows of a table",
            found=f"a model of kind {kind!r}",
            needed=f"kind {KIND!r}, which names its columns",
            hint="fit one with gmmkit fit TABLE -k K -o FILE.gmm",
        )
    schema, columns = model.contract.get("table_schema"), model.contract.get("columns")
    mixture = model.mixtures.get(MIXTURE_NAME)
    names = [name for name in columns if isinstance(name, str)] if isinstance(columns, list) else []
    width = 0 if mixture is None else mixture.n_features
    if schema != _SCHEMA or mixture is None or len(set(names)) != width or names != columns:
        raise FeatureContractError(
            f"{label} has no mixture that fits its own contract",
            found=f"schema {schema!r:.40}, mixtures {sorted(model.mixtures)}, {len(names)} columns",
            needed=f"schema {_SCHEMA}, {MIXTURE_NAME!r}, and a name for each of its columns",
        )
    return TableModel(mixture, names, model.notes)
