"""From a request to classes: the model that all images use, if any, and each image's labels."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gmmkit.cli.image.pictures import ReadablePictures, read_source
from gmmkit.cli.image.request import Request
from gmmkit.cli.inputs import Source
from gmmkit.cli.progress import Step
from gmmkit.cli.session import collected_warnings, tell
from gmmkit.errors import (
    DegenerateFitError,
    FitWarning,
    GmmkitError,
    GmmkitWarning,
    InputError,
    ParameterError,
)

if TYPE_CHECKING:
    from gmmkit.image.classes import Segmentation
    from gmmkit.io.model import Model


@dataclass(frozen=True)
class Classifier:
    """The model that all images use.

    Parameters
    ----------
    model : Model or Path, optional
        None if each image gets its own.
    unreadable : dict of str to GmmkitError
        Images that could not be read for it, by the user's word for them.

    Examples
    --------
    >>> Classifier().model is None
    True
    """

    model: "Model | Path | None" = None
    unreadable: dict[str, GmmkitError] = field(default_factory=dict)


def prepared(request: Request, sources: Sequence[Source], step: Step) -> Classifier:
    """Load or fit the model that all images use, if there is to be one.

    Parameters
    ----------
    request : Request
        What was asked for.
    sources : sequence of Source
        The images.
    step : callable
        From `progress_bar`; a shared model takes one step for each image.

    Returns
    -------
    Classifier

    Raises
    ------
    GmmkitError
        The model cannot be used, fitted or saved.

    Examples
    --------
    >>> prepared.__name__
    'prepared'
    """
    if request.regions is not None:
        return _checked_regions(request)
    if request.model:
        from gmmkit.image.models import load_class_model

        # Loaded here to fail before any work; passed on by name, for messages to name it.
        load_class_model(request.model)
        return Classifier(request.model)
    return _fitted_together(request, sources, step) if request.shared_model else Classifier()


def _checked_regions(request: Request) -> Classifier:
    """Refuse a bad model of regions before any work."""
    from gmmkit.image.hierarchy.model import region_model

    region_model(request.model)
    return Classifier(request.model)


def classified(source: Source, request: Request, classifier: Classifier) -> "Segmentation":
    """Return the classes of one image.

    Raises
    ------
    GmmkitError
        It cannot be read or segmented.

    Examples
    --------
    >>> classified.__name__
    'classified'
    """
    from gmmkit.image import segment

    wanted: dict[str, Any] = {"n_threads": request.threads}
    if classifier.model is None:
        wanted = _fit_arguments(request)
    if request.smoothness is not None:
        wanted["smoothness"] = request.smoothness
    picture = read_source(source, request)
    return segment(picture, request.classes, model=classifier.model, **wanted)


def save_model(model: "Model", request: Request) -> dict[str, Path]:
    """Write a model where the request wants it, if it does, and say so.

    Examples
    --------
    >>> save_model.__name__
    'save_model'
    """
    if request.save_model is None:
        return {}
    from gmmkit.io.model import save

    save(model, request.save_model, force=request.force)
    return {"model": request.save_model}


def _fitted_together(request: Request, sources: Sequence[Source], step: Step) -> Classifier:
    from gmmkit.image import fit_shared

    pictures = ReadablePictures(request, sources, step)
    with collected_warnings() as warned:
        try:
            model = fit_shared(pictures, _shared_count(request), **_fit_arguments(request))
        except InputError:
            if len(pictures.unreadable) < len(sources):
                raise
            return Classifier(None, pictures.unreadable)
        check_strictly(request, warned)
    for path in save_model(model, request).values():
        tell("note", f"wrote {path}, the model of all the images")
    return Classifier(model, pictures.unreadable)


def _shared_count(request: Request) -> int:
    if isinstance(request.classes, str):
        raise ParameterError(
            "one model of many images has a number of classes",
            found="-k auto with --shared-model",
            needed="a number, such as -k 5",
            hint="try -k auto on a few of the images first",
        )
    return request.classes


def _fit_arguments(request: Request) -> dict[str, Any]:
    return {
        "features": request.features,
        "covariance": request.covariance,
        "seed": request.seed,
        "n_threads": request.threads,
    }


def check_strictly(
    request: Request,
    warned: Sequence[GmmkitWarning],
    segmentation: "Segmentation | None" = None,
) -> None:
    """Refuse a degenerate fit where ``--strict`` was asked for.

    Raises
    ------
    DegenerateFitError

    Examples
    --------
    >>> check_strictly.__name__
    'check_strictly'
    """
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
