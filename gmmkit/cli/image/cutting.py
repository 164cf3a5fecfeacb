"""``gmmkit image cutout``, step by step: read, cut out, write, tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gmmkit.cli.inputs import Source, find_sources
from gmmkit.cli.outputs import check_outputs, make_folder, output_stems
from gmmkit.cli.results import Report, json_text, plural, warnings_of
from gmmkit.cli.session import collected_warnings, one_line, put
from gmmkit.errors import GmmkitWarning

if TYPE_CHECKING:
    from gmmkit.image.marking.cutout import Cutout
    from gmmkit.io.image import Picture

_KINDS = ("mask", "alpha", "cutout", "overlay")


@dataclass(frozen=True, kw_only=True)
class CutoutRequest:
    """What the user asked for; None leaves the choice to the library."""

    image: str
    rectangle: tuple[int, ...] | None = None
    scribbles: Path | None = None
    folder: Path = Path()
    contrast: float | None = None
    location: float = 1.0
    components: int = 5
    hard: bool = False
    alpha_bits: int = 8
    save_model: Path | None = None
    model: Path | None = None
    max_pixels: int | None = None
    page: int | None = None
    seed: int = 0
    threads: int | None = None
    force: bool = False


def cut_out_image(request: CutoutRequest, *, as_json: bool) -> int:
    """Cut an object out of one image, and write its mask, alpha, cutout and overlay.

    Parameters
    ----------
    request : CutoutRequest
        What was asked for.
    as_json : bool
        Print one JSON object instead of text.

    Returns
    -------
    int
        The exit code.

    Raises
    ------
    GmmkitError
        If the image, the rectangle, the strokes or a model cannot be used, or an output exists.

    Examples
    --------
    >>> from gmmkit.cli.app import run
    >>> run(["image", "cutout", "no such photo.jpg", "--rect", "0,0,9,9"])
    3
    """
    source = _source(request.image)
    paths = _plan(request, source)
    with collected_warnings() as warned:
        cutout = _cut_out(request, source)
        _write(cutout, paths, request)
    report = _report(request, cutout, paths, warned)
    if as_json:
        put(json_text("image.cutout", report))
    else:
        _print(report)
    return 0


def _source(word: str) -> Source:
    found = find_sources([word])
    for failure in found.failures:
        raise failure.error
    if len(found.sources) != 1:
        raise click.UsageError(
            f"{word!r} means {plural(len(found.sources), 'image')}, and a cutout is of one"
        )
    return found.sources[0]


def _plan(request: CutoutRequest, source: Source) -> dict[str, Path]:
    (stem,) = output_stems([source], request.folder)
    paths = {kind: stem.with_name(f"{stem.name}.{kind}.png") for kind in _KINDS}
    if request.save_model:
        paths["model"] = request.save_model
    read = [path for path in (request.scribbles, request.model) if path is not None]
    sources = [source, *(Source(str(path), path) for path in read)]
    check_outputs(list(paths.values()), sources, request.folder, force=request.force)
    return paths


def _cut_out(request: CutoutRequest, source: Source) -> "Cutout":
    from gmmkit.image.marking import cut_out

    wanted: dict[str, Any] = {} if request.contrast is None else {"contrast": request.contrast}
    return cut_out(
        _read(request, source),
        rectangle=request.rectangle,
        marks=request.scribbles,
        location=request.location,
        n_components=request.components,
        model=request.model,
        soft=not request.hard,
        seed=request.seed,
        n_threads=request.threads,
        **wanted,
    )


def _read(request: CutoutRequest, source: Source) -> "Picture":
    from gmmkit.io.image import read_image

    limit = {} if request.max_pixels is None else {"max_pixels": request.max_pixels}
    return read_image(source.path, page=request.page, **limit)


def _write(cutout: "Cutout", paths: Mapping[str, Path], request: CutoutRequest) -> None:
    """Encode everything, then write: what can not be encoded leaves no file behind."""
    from PIL import Image

    from gmmkit.image.export import mask_png, probability_png
    from gmmkit.image.export.png import png_bytes
    from gmmkit.image.marking.drawing import draw_cutout
    from gmmkit.io.files import write_atomically
    from gmmkit.io.model import save

    payloads = {
        "mask": mask_png(cutout.foreground),
        "alpha": probability_png(cutout.alpha, bits=request.alpha_bits),
        "cutout": png_bytes(Image.fromarray(cutout.colors)),
        "overlay": png_bytes(Image.fromarray(draw_cutout(cutout))),
    }
    make_folder(request.folder)
    for kind, payload in payloads.items():
        write_atomically(paths[kind], payload, force=request.force)
    if request.save_model:
        save(cutout.model, request.save_model, force=request.force)


def _report(
    request: CutoutRequest,
    cutout: "Cutout",
    paths: Mapping[str, Path],
    warned: Sequence[GmmkitWarning],
) -> Report:
    height, width = cutout.foreground.shape
    return {
        "image": request.image,
        "width": width,
        "height": height,
        "rectangle": request.rectangle,
        "scribbles": None if request.scribbles is None else str(request.scribbles),
        "model": None if request.model is None else str(request.model),
        "seed": request.seed,
        "share": cutout.share,
        "box": cutout.box,
        "cuts": len(cutout.trace),
        "components": {
            "foreground": cutout.foreground_mixture.n_components,
            "background": cutout.background_mixture.n_components,
        },
        "notes": list(cutout.notes),
        "warnings": warnings_of(warned),
        "files": {kind: str(path) for kind, path in paths.items()},
    }


def _print(report: Report) -> None:
    x, y, width, height = report["box"]
    lines = [
        f"{one_line(report['image'])}  {report['width']} x {report['height']}",
        f"  object {100 * report['share']:.1f} %, {width} x {height} pixels at {x}, {y}",
        *(f"  {one_line(note)}" for note in report["notes"]),
        f"  wrote {one_line(', '.join(report['files'].values()))}",
    ]
    put("\n".join(lines))
