"""Mixtures of tables as programs read them: plain values, and the one JSON object of a command."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gmmkit.core.fits.result import FitResult
    from gmmkit.report import MixtureReport

Report = dict[str, Any]


def components_of(report: "MixtureReport") -> list[Report]:
    """Describe the components of a mixture, columns by their names.

    Examples
    --------
    >>> import gmmkit
    >>> from gmmkit.report import describe
    >>> described = describe(gmmkit.Mixture([1.0], [[5.0]], [[[4.0]]]), names=["age"])
    >>> found = components_of(described)[0]
    >>> found["share"], found["center"], found["spread"]
    (1.0, {'age': 5.0}, {'age': 2.0})
    """
    names = report.columns.names
    return [
        {
            "component": each.index,
            "share": each.share,
            "center": dict(zip(names, each.center.tolist(), strict=True)),
            "spread": dict(zip(names, each.spread.tolist(), strict=True)),
            "apart": each.apart,
            "nearest": each.nearest,
            "overlap": each.overlap,
        }
        for each in report.components
    ]


def fit_of(result: "FitResult") -> Report:
    """Describe how a fit ended, and what it reached.

    Examples
    --------
    >>> import gmmkit
    >>> fit_of(gmmkit.fit([[0.0], [1.0], [5.0]], 1))["parameters"]
    2
    """
    return {
        "log_likelihood": result.log_likelihood,
        "bic": result.bic(),
        "aic": result.aic(),
        "parameters": result.mixture.n_parameters,
        "converged": result.converged,
        "iterations": result.n_iter,
        "valid": result.valid,
        "weight": result.weight,
        "notes": list(result.notes),
    }


def shown_names(names: Sequence[str]) -> list[str]:
    """Return names without characters that a terminal would obey.

    Examples
    --------
    >>> shown_names(["weight", "a\\x1bb"])
    ['weight', 'a\\\\x1bb']
    """
    return [name if name.isprintable() else repr(name)[1:-1] for name in names]
