"""From an image of a request to its regions: found, cut, written and described."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gmmkit.cli.image.pictures import read_source
from gmmkit.cli.image.reports import hexadecimal
from gmmkit.cli.image.request import Request
from gmmkit.cli.image.writing import OutputWriter
from gmmkit.cli.inputs import Source
from gmmkit.cli.results import Report, warnings_of
from gmmkit.errors import GmmkitWarning

if TYPE_CHECKING:
    from gmmkit.image.export.labeled import LabelMap
    from gmmkit.image.hierarchy import Hierarchy
    from gmmkit.image.pixels import Int32Array

# A table of hundreds of regions helps nobody: --out table writes them all.
_SHOWN = 10


def strength_path(stem: Path) -> Path:
    """Return where the boundary strength goes, for what the names of an image's files begin with.

    Examples
    --------
    >>> strength_path(Path("sea")).name
    'sea.strength.png'
    """
    return stem.with_name(f"{stem.name}.strength.png")


def outlined(
    source: Source, request: Request, writer: OutputWriter, warned: Sequence[GmmkitWarning]
) -> Report:
    """Find the regions of one image, write what was asked for, and describe them.

    Raises
    ------
    GmmkitError
        It cannot be read, or not be cut as asked.

    Examples
    --------
    >>> outlined.__name__
    'outlined'
    """
    from gmmkit.image import regions
    from gmmkit.image.export.labeled import as_label_map

    picture = read_source(source, request)
    hierarchy = regions(picture, model=request.model, seed=request.seed, n_threads=request.threads)
    labels = _cut(hierarchy, request)
    files = writer.write(source, labels, picture)
    if request.strength:
        files["strength"] = _write_strength(
            hierarchy, strength_path(writer.plan.stems[source]), request
        )
    return {
        "image": source.argument,
        "width": labels.shape[1],
        "height": labels.shape[0],
        "regions": _largest(as_label_map(labels, picture, colors="mean")),
        "n_regions": int(labels.max()) + 1,
        "n_finest": hierarchy.n_finest,
        "threshold": None if isinstance(request.regions, int) else _threshold(hierarchy, request),
        "warnings": warnings_of(warned),
        "files": {kind: str(path) for kind, path in files.items()},
    }


def _threshold(hierarchy: "Hierarchy", request: Request) -> float:
    return hierarchy.threshold if request.threshold is None else request.threshold


def _cut(hierarchy: "Hierarchy", request: Request) -> "Int32Array":
    if isinstance(request.regions, int):
        return hierarchy.cut(n_regions=request.regions)
    return hierarchy.cut(_threshold(hierarchy, request))


def _write_strength(hierarchy: "Hierarchy", path: Path, request: Request) -> Path:
    from gmmkit.image.export.png import probability_png
    from gmmkit.io.files import write_atomically

    payload = probability_png(hierarchy.boundary_strength(), bits=16)
    write_atomically(path, payload, force=request.force)
    return path


def _largest(label_map: "LabelMap") -> list[Report]:
    colors = label_map.mean_colors
    return [
        {"region": number, "share": float(share), "mean_color": hexadecimal(colors[number])}
        for number, share in enumerate(label_map.shares[:_SHOWN])
    ]
