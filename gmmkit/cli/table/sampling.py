"""``gmmkit sample``: rows drawn from a model."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from gmmkit.cli.table.outputs import check_table_output, deliver

if TYPE_CHECKING:
    from gmmkit.core.mixture import Mixture
    from gmmkit.io.model_value import Model
    from gmmkit.io.table_model import TableModel

_LABEL = "component"


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user asked for."""

    model: Path
    count: int
    output: Path | None
    labels: bool
    seed: int
    force: bool


def sample_table(request: Request, *, as_json: bool) -> None:
    """Draw rows from a model of a table or from a bare mixture, and deliver them.

    Raises
    ------
    GmmkitError
        Before any work: an output that exists, or a model that cannot be used.
    """
    from gmmkit.cli.table.models import read_model

    check_table_output(request.output, [request.model], force=request.force)
    model = named(read_model(request.model), str(request.model))
    deliver(
        "sample",
        _drawn(model, request),
        {"model": str(request.model), "rows": request.count, "seed": request.seed},
        output=request.output,
        force=request.force,
        as_json=as_json,
    )


def named(model: "Mixture | Model", label: str) -> "TableModel":
    """Return the model of a table; the columns of a bare mixture are called x0, x1, and so on.

    Raises
    ------
    FeatureContractError
        If it is a model of something else.

    Examples
    --------
    >>> import numpy, gmmkit
    >>> named(gmmkit.Mixture([1.0], [[0.0, 9.0]], [numpy.eye(2)]), "m.gmm").columns
    ('x0', 'x1')
    """
    from gmmkit.core.mixture import Mixture
    from gmmkit.io.table_model import TableModel, as_table_model

    if isinstance(model, Mixture):
        return TableModel(model, [f"x{place}" for place in range(model.n_features)])
    return as_table_model(model, label)


def _drawn(model: "TableModel", request: Request) -> dict[str, npt.NDArray[Any]]:
    rows, labels = model.mixture.sample_with_labels(request.count, request.seed)
    columns: dict[str, npt.NDArray[Any]] = dict(zip(model.columns, rows.T, strict=True))
    # A table may have a column of that name itself.
    label = _LABEL if _LABEL not in columns else f"{_LABEL} drawn"
    return columns | ({label: labels} if request.labels else {})
