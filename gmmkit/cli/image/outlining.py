"""From an image of a request to its regions: found, cut, written and described."""

from collections.abc import Sequence
from dataclasses import dataclass
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
    from gmmkit.io.image import Picture

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
    from gmmkit.image.export.labeled import as_label_map
    from gmmkit.io.files import write_atomically

    picture, plan = read_source(source, request), writer.plan
    outlines = _found(picture, request)
    label_map = as_label_map(outlines.labels, picture, noun=plan.noun, colors=plan.colors)
    files = writer.write(source, label_map)
    if outlines.strength is not None:
        files["strength"] = strength_path(plan.stems[source])
        write_atomically(files["strength"], outlines.strength, force=request.force)
    return {
        "image": source.argument,
        "width": label_map.labels.shape[1],
        "height": label_map.labels.shape[0],
        "regions": _largest(label_map),
        "n_regions": label_map.count,
        "n_finest": outlines.n_finest,
        "threshold": outlines.threshold,
        "warnings": warnings_of(warned),
        "files": {kind: str(path) for kind, path in files.items()},
    }


@dataclass(frozen=True, eq=False)
class _Outlines:
    """What is left of a hierarchy, which a large picture has no room for beside its outputs."""

    labels: "Int32Array"
    n_finest: int
    threshold: float | None
    strength: bytes | None


def _found(picture: "Picture", request: Request) -> _Outlines:
    from gmmkit.image import regions

    hierarchy = regions(picture, model=request.model, seed=request.seed, n_threads=request.threads)
    strength = _encoded_strength(hierarchy) if request.strength else None
    if isinstance(request.regions, int):
        labels = hierarchy.cut(n_regions=request.regions)
        return _Outlines(labels, hierarchy.n_finest, None, strength)
    threshold = hierarchy.threshold if request.threshold is None else request.threshold
    return _Outlines(hierarchy.cut(threshold), hierarchy.n_finest, threshold, strength)


def _encoded_strength(hierarchy: "Hierarchy") -> bytes:
    from gmmkit.image.export.png import probability_png

    return probability_png(hierarchy.boundary_strength(), bits=16)


def _largest(label_map: "LabelMap") -> list[Report]:
    colors = label_map.mean_colors
    return [
        {"region": number, "share": float(share), "mean_color": hexadecimal(colors[number])}
        for number, share in enumerate(label_map.shares[:_SHOWN])
    ]
