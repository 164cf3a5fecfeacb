"""What a fitted mixture says: components in words, doubtful rows, how much the start decided."""

from typing import TYPE_CHECKING

from gmmkit.lazy import lazy_names

if TYPE_CHECKING:
    from gmmkit.core.assignments import Assignments, assign
    from gmmkit.report.advice import Advice
    from gmmkit.report.components import ComponentReport
    from gmmkit.report.fits import FitReport, describe_fit
    from gmmkit.report.mixtures import MixtureReport, describe
    from gmmkit.report.starts import StartsReport, describe_starts

_HOMES = {
    "Advice": "gmmkit.report.advice",
    "Assignments": "gmmkit.core.assignments",
    "ComponentReport": "gmmkit.report.components",
    "FitReport": "gmmkit.report.fits",
    "MixtureReport": "gmmkit.report.mixtures",
    "StartsReport": "gmmkit.report.starts",
    "assign": "gmmkit.core.assignments",
    "describe": "gmmkit.report.mixtures",
    "describe_fit": "gmmkit.report.fits",
    "describe_starts": "gmmkit.report.starts",
}

__all__ = [
    "Advice",
    "Assignments",
    "ComponentReport",
    "FitReport",
    "MixtureReport",
    "StartsReport",
    "assign",
    "describe",
    "describe_fit",
    "describe_starts",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
