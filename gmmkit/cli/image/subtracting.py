"""``gmmkit image background``, step by step: frames in order, a mask each, then what is left."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gmmkit.cli.inputs import Source, find_sources
from gmmkit.cli.outputs import check_folder, check_outputs, make_folder
from gmmkit.cli.progress import Step, progress_bar
from gmmkit.cli.results import Report, exit_code_of, failure, json_text, plural, warnings_of
from gmmkit.cli.session import collected_warnings, one_line, put, tell
from gmmkit.errors import GmmkitError, InputError

if TYPE_CHECKING:
    from gmmkit.image.background.model import BackgroundModel
    from gmmkit.image.pixels import Uint8Array
    from gmmkit.io.frames import FrameFile

_MASK, _OVERLAY = ".foreground.png", ".overlay.png"


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user asked for."""

    frames: tuple[str, ...]
    folder: Path
    tiff: Path | None
    overlay: bool
    background_image: Path | None
    learning_rate: float | None
    history: int
    threshold: float
    shadows: bool
    smoothing: int
    lighting: bool
    warm_up: int
    save_model: Path | None
    model: Path | None
    threads: int | None
    force: bool

    def single_files(self) -> dict[str, Path]:
        """Return the outputs that do not belong to one frame, by kind."""
        named = {"masks": self.tiff, "background": self.background_image, "model": self.save_model}
        return {kind: path for kind, path in named.items() if path is not None}


@dataclass(frozen=True)
class Job:
    """One frame and the files that it leads to; none during the warm-up."""

    frame: "FrameFile"
    files: dict[str, Path] = field(default_factory=dict)
    masked: bool = True


def subtract_frames(request: Request, *, as_json: bool) -> int:
    """Find what moves in every frame, telling what fails and going on with the others.

    Parameters
    ----------
    request : Request
        What was asked for.
    as_json : bool
        Print one JSON object at the end instead of a line of text.

    Returns
    -------
    int
        The exit code.

    Raises
    ------
    GmmkitError
        Before any frame is done: outputs that exist, a bad model file, and the like.

    Examples
    --------
    >>> from gmmkit.cli.app import run
    >>> run(["image", "background", "no such frame.png", "-o", "masks"])
    0 masks of 1 frame
    3
    """
    reports, frames = _find_frames(request)
    jobs = _plan(request, frames)
    model = _model(request)
    pages: list[Uint8Array] = []
    with progress_bar(len(jobs)) as step:
        for job in jobs:
            reports.append(_attempt(job, request, model, step, pages))
    files = _finish(request, model, pages)
    if as_json:
        values = {"frames": reports, "learned": model.n_frames}
        put(json_text("background", values | {"files": _texts(files)}))
    else:
        put(_summary(reports, request, files))
    return exit_code_of(reports)


def _find_frames(request: Request) -> tuple[list[Report], "list[FrameFile]"]:
    """Return what could not be used, already told, and the frames in their order."""
    from gmmkit.io.frames import frames_in, in_natural_order

    found = find_sources(request.frames)
    reports = [_tell_failure(each.argument, each.error) for each in found.failures]
    paths = [source.path for source in found.sources if not source.path.name.endswith(_MASK)]
    frames: list[FrameFile] = []
    for path in in_natural_order(paths):
        try:
            frames += frames_in(path)
        except GmmkitError as error:
            reports.append(_tell_failure(str(path), error))
    return reports, frames


def _tell_failure(argument: str, error: GmmkitError) -> Report:
    tell("error", error)
    return failure("frame", argument, error)


def _plan(request: Request, frames: "Sequence[FrameFile]") -> list[Job]:
    jobs = list(_jobs(request, frames))
    paths = [path for job in jobs for path in job.files.values()]
    single = list(request.single_files().values())
    inputs = [Source(str(frame.path), frame.path) for frame in frames]
    if request.model is not None:
        inputs.append(Source(str(request.model), request.model))
    for path in single:
        check_folder(path)
    check_outputs([*paths, *single], inputs, request.folder, force=request.force)
    return jobs


def _jobs(request: Request, frames: "Sequence[FrameFile]") -> Iterator[Job]:
    kinds = {"mask": _MASK} | ({"overlay": _OVERLAY} if request.overlay else {})
    kinds = {} if request.tiff is not None else kinds
    stems = _stems(frames)
    for number, (frame, stem) in enumerate(zip(frames, stems, strict=True)):
        masked = number >= request.warm_up
        wanted = kinds if masked else {}
        files = {kind: request.folder / f"{stem}{suffix}" for kind, suffix in wanted.items()}
        yield Job(frame, files, masked)


def _stems(frames: "Sequence[FrameFile]") -> list[str]:
    """Name frames by their stems, with the extension where two files share one."""
    stems = Counter(frame.stem.casefold() for frame in frames)
    names = [
        f"{frame.stem}{frame.path.suffix}" if stems[frame.stem.casefold()] > 1 else frame.stem
        for frame in frames
    ]
    counts = Counter(name.casefold() for name in names)
    shared = [str(f) for f, name in zip(frames, names, strict=True) if counts[name.casefold()] > 1]
    if shared:
        raise InputError(
            f"{len(shared)} frames would write the same files",
            found=", ".join(shared[:3]) + (" and more" if len(shared) > 3 else ""),
            needed="frames of different names",
            hint="name the folders in separate runs, each with its own -o DIR",
        )
    return names


def _model(request: Request) -> "BackgroundModel":
    from gmmkit.image.background.model import BackgroundModel

    n_threads = request.threads or os.cpu_count() or 1
    if request.model is not None:
        return BackgroundModel.load(request.model, n_threads=n_threads)
    return BackgroundModel(
        history=request.history,
        variance_threshold=request.threshold,
        detect_shadows=request.shadows,
        smoothing=request.smoothing,
        adapt_lighting=request.lighting,
        n_threads=n_threads,
    )


def _attempt(
    job: Job, request: Request, model: "BackgroundModel", step: Step, pages: "list[Uint8Array]"
) -> Report:
    from gmmkit.io.frames import read_frame

    try:
        with collected_warnings() as warned, step(str(job.frame)):
            picture = read_frame(job.frame)
            mask = model.apply(picture, request.learning_rate)
            _write(job, request, picture, mask)
    except GmmkitError as error:
        return _tell_failure(str(job.frame), error)
    if job.masked and request.tiff is not None:
        pages.append(mask)
    report = {"frame": str(job.frame), **(_shares(mask) if job.masked else {})}
    return {**report, "files": _texts(job.files), "warnings": warnings_of(warned)}


def _shares(mask: "Uint8Array") -> Report:
    from gmmkit.image.background.decision import FOREGROUND, SHADOW

    return {
        "foreground": float((mask == FOREGROUND).mean()),
        "shadow": float((mask == SHADOW).mean()),
    }


def _write(job: Job, request: Request, picture: object, mask: "Uint8Array") -> None:
    """Encode everything, then write: a frame that can not be encoded leaves no file behind."""
    from gmmkit.image.background.pictures import draw_foreground, picture_png
    from gmmkit.io.files import write_atomically

    payloads = {}
    if "mask" in job.files:
        payloads[job.files["mask"]] = picture_png(mask)
    if "overlay" in job.files:
        payloads[job.files["overlay"]] = picture_png(draw_foreground(picture, mask))  # type: ignore[arg-type]
    if payloads:
        make_folder(request.folder)
    for path, payload in payloads.items():
        write_atomically(path, payload, force=request.force)


def _finish(
    request: Request, model: "BackgroundModel", pages: "Sequence[Uint8Array]"
) -> dict[str, Path]:
    """Write what all frames led to together; nothing if there was none."""
    from gmmkit.image.background.pictures import masks_tiff, picture_png
    from gmmkit.io.files import write_atomically

    written = request.single_files() if model.n_frames else {}
    if "masks" in written and pages:
        write_atomically(written["masks"], masks_tiff(pages), force=request.force)
    elif "masks" in written:
        del written["masks"]
    if "background" in written:
        payload = picture_png(model.background_image())
        write_atomically(written["background"], payload, force=request.force)
    if "model" in written:
        model.save(written["model"], force=request.force)
    return written


def _texts(files: dict[str, Path]) -> dict[str, str]:
    return {kind: str(path) for kind, path in files.items()}


def _summary(reports: Sequence[Report], request: Request, files: dict[str, Path]) -> str:
    shares = [100 * report["foreground"] for report in reports if "foreground" in report]
    lines = [f"{plural(len(shares), 'mask')} of {plural(len(reports), 'frame')}"]
    if shares:
        mean = sum(shares) / len(shares)
        lines.append(f"  foreground {mean:.1f} % ({min(shares):.1f} to {max(shares):.1f} %)")
    if shares and request.tiff is None:
        lines.append(f"  wrote NAME{_MASK} to {one_line(request.folder)}")
    lines += [f"  wrote {one_line(path)}" for path in files.values()]
    return "\n".join(lines)
