"""Pictures of results, drawn by Matplotlib on axes of the caller's choice."""

from typing import TYPE_CHECKING

from gmmkit.lazy import lazy_names

if TYPE_CHECKING:
    from gmmkit.plot.bells import bells_plot
    from gmmkit.plot.boundaries import precision_recall_plot
    from gmmkit.plot.densities import density_plot
    from gmmkit.plot.detection import det_plot, score_histogram, tippett_plot
    from gmmkit.plot.fits import selection_plot, starts_plot, trace_plot
    from gmmkit.plot.identification import cmc_plot, confusion_plot
    from gmmkit.plot.mixtures import contour_plot, ellipse_plot
    from gmmkit.plot.pairs import pair_plot
    from gmmkit.plot.uncertainty import uncertainty_plot

_HOMES = {
    "bells_plot": "gmmkit.plot.bells",
    "cmc_plot": "gmmkit.plot.identification",
    "confusion_plot": "gmmkit.plot.identification",
    "contour_plot": "gmmkit.plot.mixtures",
    "density_plot": "gmmkit.plot.densities",
    "det_plot": "gmmkit.plot.detection",
    "ellipse_plot": "gmmkit.plot.mixtures",
    "pair_plot": "gmmkit.plot.pairs",
    "precision_recall_plot": "gmmkit.plot.boundaries",
    "score_histogram": "gmmkit.plot.detection",
    "selection_plot": "gmmkit.plot.fits",
    "starts_plot": "gmmkit.plot.fits",
    "tippett_plot": "gmmkit.plot.detection",
    "trace_plot": "gmmkit.plot.fits",
    "uncertainty_plot": "gmmkit.plot.uncertainty",
}

__all__ = [
    "bells_plot",
    "cmc_plot",
    "confusion_plot",
    "contour_plot",
    "density_plot",
    "det_plot",
    "ellipse_plot",
    "pair_plot",
    "precision_recall_plot",
    "score_histogram",
    "selection_plot",
    "starts_plot",
    "tippett_plot",
    "trace_plot",
    "uncertainty_plot",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
