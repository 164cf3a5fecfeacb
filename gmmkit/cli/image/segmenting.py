"""``gmmkit segment``, step by step: settle inputs and outputs, get a model, do every image."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gmmkit.cli.image.pictures import ReadablePictures, read_source
from gmmkit.cli.image.reports import report_image
from gmmkit.cli.image.request import Request
from gmmkit.cli.inputs import Source, find_sources
from gmmkit.cli.outputs import Outputs, check_outputs, make_folder, name_outputs
from gmmkit.cli.progress import Step, progress_bar
from gmmkit.cli.results import Report, exit_code_of, failure, json_text
from gmmkit.cli.session import collected_warnings, put, tell
from gmmkit.errors import (
    DegenerateFitError,
    FitWarning,
    GmmkitError,
    GmmkitWarning,
    InputError,
)

if TYPE_CHECKING:
    from gmmkit.image.classes import Segmentation
    from gmmkit.io.model import Model


@dataclass(frozen=True)
class Job:
    """One image to do and the files that it leads to."""

    source: Source
    outputs: Outputs


def segment_images(request: Request, *, as_json: bool) -> int:
    """Segment every image of a request, telling what fails and going on with the others.

    Parameters
    ----------
    request : Request
        What was asked for.
    as_json : bool
        Print one JSON object at the end instead of a table after each image.

    Returns
    -------
    int
        The exit code.

    Raises
    ------
    GmmkitError
        Before any image is done: outputs that exist, a bad model file, and the like.

    Examples
    --------
    >>> from gmmkit.cli.app import run
    >>> run(["segment", "no such photo.jpg"])
    3
    """
    found = find_sources(request.images)
    jobs = _plan(request, found.sources)
    reports = [_tell_failure(failure.argument, failure.error) for failure in found.failures]
    with progress_bar(len(jobs) * (2 if request.shared_model else 1)) as step:
        model, unreadable = _model(request, jobs, step)
        reports += [_tell_failure(argument, error) for argument, error in unreadable.items()]
        for job in jobs:
            if job.source.argument not in unreadable:
                reports.append(_attempt(job, request, model, step))
                _show(reports[-1], as_json=as_json)
    if as_json:
        model_file = request.save_model or request.model
        values = {"seed": request.seed, "model": str(model_file) if model_file else None}
        put(json_text("segment", values | {"images": reports}))
    return exit_code_of(reports)


def _show(report: Report, *, as_json: bool) -> None:
    if not as_json and "error" not in report:
        from gmmkit.cli.image.tables import print_report

        print_report(report)


def _tell_failure(argument: str, error: GmmkitError) -> Report:
    tell("error", error)
    return failure("image", argument, error)


def _plan(request: Request, sources: Sequence[Source]) -> list[Job]:
    if request.save_model and not request.shared_model and len(sources) > 1:
        raise click.UsageError("--save-model with several images needs --shared-model")
    outputs = name_outputs(sources, request.folder, probabilities=request.probabilities)
    paths = [path for files in outputs for path in files.paths().values()]
    models = [request.save_model] if request.save_model else []
    check_outputs([*paths, *models], sources, request.folder, force=request.force)
    return [Job(source, files) for source, files in zip(sources, outputs, strict=True)]


def _model(
    request: Request, jobs: Sequence[Job], step: Step
) -> tuple["Model | Path | None", dict[str, GmmkitError]]:
    """Return the model that all images use, if any, and those that could not be read for it."""
    if request.model:
        from gmmkit.image.models import load_class_model

        # Loaded here to fail before any work; passed on by name, for messages to name it.
        load_class_model(request.model)
        return request.model, {}
    if request.shared_model:
        return _fit_together(request, jobs, step)
    return None, {}


def _fit_together(
    request: Request, jobs: Sequence[Job], step: Step
) -> tuple["Model | None", dict[str, GmmkitError]]:
    from gmmkit.image import fit_shared

    pictures = ReadablePictures(request, [job.source for job in jobs], step)
    with collected_warnings() as warned:
        try:
            model = fit_shared(pictures, request.classes, **_fit_arguments(request))
        except InputError:
            if len(pictures.unreadable) < len(jobs):
                raise
            return None, pictures.unreadable
        _check_strictly(request, warned)
    if request.save_model:
        _save(model, request.save_model, force=request.force)
        tell("note", f"wrote {request.save_model}, the model of all the images")
    return model, pictures.unreadable


def _attempt(job: Job, request: Request, model: "Model | Path | None", step: Step) -> Report:
    argument = job.source.argument
    try:
        with collected_warnings() as warned, step(argument):
            segmentation = _segment(job, request, model)
            _check_strictly(request, warned, segmentation)
            files = _write(segmentation, job.outputs, request)
            if model is None and request.save_model:
                _save(segmentation.model, request.save_model, force=request.force)
                files["model"] = request.save_model
    except GmmkitError as error:
        return _tell_failure(argument, error)
    return report_image(argument, segmentation, files=files, warned=warned)


def _segment(job: Job, request: Request, model: "Model | Path | None") -> "Segmentation":
    from gmmkit.image import segment

    wanted: dict[str, Any] = {"n_threads": request.threads}
    if model is None:
        wanted = _fit_arguments(request)
    if request.smoothness is not None:
        wanted["smoothness"] = request.smoothness
    return segment(read_source(job.source, request), request.classes, model=model, **wanted)


def _fit_arguments(request: Request) -> dict[str, Any]:
    return {
        "features": request.features,
        "covariance": request.covariance,
        "seed": request.seed,
        "n_threads": request.threads,
    }


def _check_strictly(
    request: Request,
    warned: Sequence[GmmkitWarning],
    segmentation: "Segmentation | None" = None,
) -> None:
    if not request.strict:
        return
    reasons = [str(warning) for warning in warned if isinstance(warning, FitWarning)]
    fit = segmentation.fit if segmentation else None
    if fit is not None and not fit.converged:
        reasons.append(f"not converged after {fit.n_iter} iterations")
    if reasons:
        raise DegenerateFitError(
            "the fit is degenerate, and --strict was asked for",
            found="; ".join(reasons),
            hint="ask for fewer classes, or leave --strict out",
        )


def _write(segmentation: "Segmentation", outputs: Outputs, request: Request) -> dict[str, Path]:
    """Encode everything, then write: an image that can not be encoded leaves no file behind."""
    from gmmkit.image.export import label_png, overlay_png, probabilities_npz
    from gmmkit.io.files import write_atomically

    payloads = {
        outputs.labels: label_png(segmentation.labels),
        outputs.overlay: overlay_png(segmentation, full=request.full_overlay),
    }
    if outputs.probabilities:
        payloads[outputs.probabilities] = probabilities_npz(segmentation.probabilities)
    make_folder(request.folder)
    for path, payload in payloads.items():
        write_atomically(path, payload, force=request.force)
    return outputs.paths()


def _save(model: "Model", path: Path, *, force: bool) -> None:
    from gmmkit.io.model import save

    save(model, path, force=force)
