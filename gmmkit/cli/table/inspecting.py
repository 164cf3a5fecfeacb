"""``gmmkit inspect``: what a model file holds, whatever it is a model of."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gmmkit.cli.results import Report, json_text, plural
from gmmkit.cli.session import one_line, put
from gmmkit.cli.table.reports import components_of, shown_names

if TYPE_CHECKING:
    from gmmkit.core.mixture import Mixture
    from gmmkit.io.model_value import Model
    from gmmkit.report import MixtureReport

_LONGEST_VALUE = 100
_NUMBERED = re.compile(r"^\d+\.")


def inspect_model(path: Path, *, as_json: bool) -> None:
    """Show what a model file holds.

    Raises
    ------
    GmmkitError
        If the file cannot be read, or is no model.
    """
    from gmmkit.cli.table.models import read_model

    model = read_model(path)
    described = _described(model)
    report = examined(model)
    if as_json:
        components = components_of(described) if described else None
        put(json_text("inspect", {"file": str(path)} | report | {"components": components}))
    else:
        put("\n".join([f"{one_line(path)}: {report['kind']}", *_lines(report)]))
        if described:
            put(f"\n{described}")


def examined(model: "Mixture | Model") -> Report:
    """Describe a model in plain values: its kind, its contract, and the parts that it has.

    Examples
    --------
    >>> import numpy, gmmkit
    >>> report = examined(gmmkit.Mixture([1.0], [[0.0, 9.0]], [numpy.eye(2)]))
    >>> report["kind"], report["mixtures"]["mixture"]["parameters"]
    ('mixture', 5)
    """
    from gmmkit.core.mixture import Mixture
    from gmmkit.io.model_value import BARE, Model

    whole = Model(BARE, mixtures={BARE: model}) if isinstance(model, Mixture) else model
    return {
        "kind": whole.kind,
        "contract": dict(whole.contract),
        "mixtures": {name: _mixture(each) for name, each in whole.mixtures.items()},
        "arrays": {
            name: {"shape": list(each.shape), "type": each.dtype.name}
            for name, each in whole.arrays.items()
        },
        "notes": dict(whole.notes),
    }


def _mixture(mixture: "Mixture") -> Report:
    return {
        "components": mixture.n_components,
        "columns": mixture.n_features,
        "covariance": mixture.covariance.family.name,
        "parameters": mixture.n_parameters,
        "noise": 0.0 if mixture.noise is None else mixture.noise.weight,
    }


def _described(model: "Mixture | Model") -> "MixtureReport | None":
    """Describe the components, if the file says what the columns of its one mixture are."""
    from gmmkit.core.mixture import Mixture
    from gmmkit.report import describe

    if isinstance(model, Mixture):
        return describe(model)
    mixtures, names = list(model.mixtures.values()), model.contract.get("columns")
    if len(mixtures) != 1 or not isinstance(names, list):
        return None
    texts = shown_names([str(name) for name in names])
    fits = len(set(texts)) == len(texts) == mixtures[0].n_features
    return describe(mixtures[0], names=texts) if fits else None


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    for key, shown in (_folded(report["contract"]) | report["notes"]).items():
        cut = shown if len(shown) <= _LONGEST_VALUE else f"{shown[: _LONGEST_VALUE - 3]}..."
        if cut:
            yield f"  {one_line(key)}: {one_line(cut)}"
    for name, each in report["mixtures"].items():
        yield (
            f"  mixture {one_line(name)}: {plural(each['components'], 'component')} "
            f"({each['covariance']}) in {plural(each['columns'], 'column')}, "
            f"{plural(each['parameters'], 'parameter')}"
        )
    for name, each in report["arrays"].items():
        shape = " x ".join(map(str, each["shape"])) or "one number"
        yield f"  array {one_line(name)}: {shape}, {each['type']}"


def _folded(contract: Mapping[str, Any]) -> dict[str, str]:
    """Return a contract as text, what is numbered 0.key, 1.key, ... in one place."""
    values: dict[str, list[str]] = {}
    for key, value in contract.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        values.setdefault(_NUMBERED.sub("", key), []).append(shown)
    return {
        key: shown[0] if len(set(shown)) == 1 else "; ".join(shown) for key, shown in values.items()
    }
