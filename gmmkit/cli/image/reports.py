"""What a segmented image comes to, as plain values, behind both the table and JSON."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gmmkit.cli.results import Report, warnings_of
from gmmkit.errors import GmmkitWarning

if TYPE_CHECKING:
    from gmmkit.image.classes import Segmentation


def report_image(
    argument: str,
    segmentation: "Segmentation",
    *,
    files: Mapping[str, Path],
    warned: Sequence[GmmkitWarning],
) -> Report:
    """Describe a segmented image.

    Parameters
    ----------
    argument : str
        What the user called the image.
    segmentation : Segmentation
        The result.
    files : mapping of str to Path
        What was written, by kind.
    warned : sequence of GmmkitWarning
        What the library warned about on the way.

    Returns
    -------
    dict
        Plain values; ``fit`` is None when a saved model was used.

    Examples
    --------
    >>> import numpy, gmmkit
    >>> pixels = numpy.zeros((8, 8, 3), numpy.uint8)
    >>> pixels[:, 5:] = 255
    >>> result = gmmkit.image.segment(pixels, 2, features="rgb")
    >>> report = report_image("flag", result, files={}, warned=[])
    >>> [(entry["class"], entry["mean_color"]) for entry in report["classes"]]
    [(0, '#000000'), (1, '#ffffff')]
    """
    height, width = segmentation.labels.shape
    return {
        "image": argument,
        "width": width,
        "height": height,
        "classes": _classes(segmentation),
        "curve": _curve(segmentation),
        "fit": _fit(segmentation),
        "notes": list(segmentation.notes),
        "warnings": warnings_of(warned),
        "files": {kind: str(path) for kind, path in files.items()},
    }


def _classes(segmentation: "Segmentation") -> list[Report]:
    from gmmkit.image.export.palette import class_colors

    rows = zip(
        segmentation.shares,
        segmentation.mean_colors,
        segmentation.mixture.weights,
        class_colors(segmentation.k),
        strict=True,
    )
    return [
        {
            "class": number,
            "share": float(share),
            # A class of the model that is absent from this image has no color.
            "mean_color": hexadecimal(color) if share > 0 else None,
            "weight": float(weight),
            "mask_color": hexadecimal(mask_color),
        }
        for number, (share, color, weight, mask_color) in enumerate(rows)
    ]


def hexadecimal(color: Sequence[int]) -> str:
    """Return a color as it is written on the web.

    Examples
    --------
    >>> hexadecimal([255, 0, 16])
    '#ff0010'
    """
    return "#" + "".join(f"{int(channel):02x}" for channel in color)


def _curve(segmentation: "Segmentation") -> list[Report] | None:
    """Describe how each number of classes did, where it was left to the image."""
    curve = segmentation.curve
    if curve is None:
        return None
    pairs = zip(curve.counts, curve.agreement, strict=True)
    return [{"classes": count, "agreement": float(value)} for count, value in pairs]


def _fit(segmentation: "Segmentation") -> Report | None:
    fit = segmentation.fit
    if fit is None:
        return None
    return {
        "log_likelihood": float(fit.log_likelihood),
        "converged": bool(fit.converged),
        "iterations": int(fit.n_iter),
        "precision": fit.trace[-1].route if fit.trace else None,
        "notes": list(fit.notes),
    }
