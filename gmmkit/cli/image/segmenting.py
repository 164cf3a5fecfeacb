"""``gmmkit segment``, step by step: settle inputs and outputs, get a model, do every image."""

from collections.abc import Sequence
from pathlib import Path

import click

from gmmkit.cli.image.classifying import (
    Classifier,
    check_strictly,
    classified,
    prepared,
    save_model,
)
from gmmkit.cli.image.outlining import outlined, strength_path
from gmmkit.cli.image.pictures import paged
from gmmkit.cli.image.reports import report_image
from gmmkit.cli.image.request import Request
from gmmkit.cli.image.writing import OutputPlan, OutputWriter, plan_outputs
from gmmkit.cli.inputs import Source, find_sources
from gmmkit.cli.outputs import output_stems
from gmmkit.cli.progress import Step, progress_bar
from gmmkit.cli.results import Report, exit_code_of, failure, json_text
from gmmkit.cli.session import collected_warnings, put, tell
from gmmkit.errors import GmmkitError


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
    sources = paged(found.sources) if request.page == "all" else list(found.sources)
    writer = OutputWriter(_plan(request, sources))
    reports = [_tell_failure(failed.argument, failed.error) for failed in found.failures]
    with progress_bar(len(sources) * (2 if request.shared_model else 1)) as step:
        classifier = prepared(request, sources, step)
        for argument, error in classifier.unreadable.items():
            reports.append(_tell_failure(argument, error))
        for source in sources:
            if source.argument not in classifier.unreadable:
                reports.append(_attempt(source, request, classifier, writer, step))
                _show(reports[-1], as_json=as_json)
    shared = _finish(writer, reports, as_json=as_json)
    if as_json:
        model_file = request.save_model or request.model
        values = {"seed": request.seed, "model": str(model_file) if model_file else None}
        put(json_text(_command(request), values | {"images": reports} | shared))
    return exit_code_of(reports)


def _command(request: Request) -> str:
    return "segment" if request.regions is None else "image.regions"


def _plan(request: Request, sources: Sequence[Source]) -> OutputPlan:
    if request.save_model and not request.shared_model and len(sources) > 1:
        raise click.UsageError("--save-model with several images needs --shared-model")
    return plan_outputs(
        sources,
        request.folder,
        request.kinds,
        noun=request.noun,
        others=_others(request, sources),
        force=request.force,
        full_overlay=request.full_overlay,
    )


def _others(request: Request, sources: Sequence[Source]) -> list[Path]:
    """Return what is written beside the outputs of labels."""
    models = [request.save_model] if request.save_model else []
    stems = output_stems(sources, request.folder) if request.strength else []
    return models + [strength_path(stem) for stem in stems]


def _attempt(
    source: Source, request: Request, classifier: Classifier, writer: OutputWriter, step: Step
) -> Report:
    try:
        with collected_warnings() as warned, step(source.argument):
            if request.regions is not None:
                return outlined(source, request, writer, warned)
            segmentation = classified(source, request, classifier)
            check_strictly(request, warned, segmentation)
            files = writer.write(source, segmentation)
            if classifier.model is None:
                files |= save_model(segmentation.model, request)
            return report_image(source.argument, segmentation, files=files, warned=warned)
    except GmmkitError as error:
        return _tell_failure(source.argument, error)


def _finish(writer: OutputWriter, reports: list[Report], *, as_json: bool) -> Report:
    """Write what the images share, and return its part of the JSON object."""
    try:
        with collected_warnings():
            files = {kind: str(path) for kind, path in writer.finish().items()}
    except GmmkitError as error:
        reports.append(_tell_failure("all images", error))
        return {}
    if files and not as_json:
        put(f"wrote {', '.join(files.values())} of all images")
    return {"files": files} if files else {}


def _show(report: Report, *, as_json: bool) -> None:
    if not as_json and "error" not in report:
        from gmmkit.cli.image.tables import print_report

        print_report(report)


def _tell_failure(argument: str, error: GmmkitError) -> Report:
    tell("error", error)
    return failure("image", argument, error)
