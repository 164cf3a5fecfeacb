"""``gmmkit speaker train-ubm``, step by step: find recordings, train, write the model."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gmmkit.cli.outputs import check_output
from gmmkit.cli.progress import stages
from gmmkit.cli.results import columns, json_text, plural, warnings_of
from gmmkit.cli.session import collected_warnings, put, tell
from gmmkit.cli.speaker.lists import read_recording_list
from gmmkit.cli.speaker.recordings import Corpus, find_corpus

if TYPE_CHECKING:
    from gmmkit.speaker.background import BackgroundModel
    from gmmkit.speaker.features.frontend import Frontend


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user asked for."""

    sources: tuple[str, ...]
    output: Path
    preset: str
    components: int
    start: str
    cohort: int
    seed: int
    audio: Path
    threads: int | None
    force: bool


def train(request: Request, *, as_json: bool) -> None:
    """Train a background model and write it.

    Raises
    ------
    GmmkitError
        If recordings or options cannot be used, or the output exists or cannot be written.
    """
    corpus = _corpus(request)
    check_output(request.output, [path for _, path in corpus.recordings], force=request.force)
    with collected_warnings() as warned:
        background = _trained(request, corpus)
    report = {
        "output": str(request.output),
        "identity": background.identity,
        "speakers": len(corpus.by_speaker),
        "recordings": len(corpus.recordings),
        "frontends": background.n_subsystems,
        "components": request.components,
        "cohort": background.subsystems[0].n_cohort,
        "seed": request.seed,
    }
    if as_json:
        put(json_text("speaker.train-ubm", report | {"warnings": warnings_of(warned)}))
    else:
        put(columns([(key, str(value)) for key, value in report.items()], indent=0))
    tell("note", f"{request.output} is not calibrated yet: it ranks people and decides nothing")


def _trained(request: Request, corpus: Corpus) -> "BackgroundModel":
    """Train on a corpus, and write the model."""
    from gmmkit.speaker.background_file import save_background
    from gmmkit.speaker.training import Training, train_background

    plan = Training(
        frontends=_frontends(request.preset),
        n_components=request.components,
        n_cohort=request.cohort,
        start=request.start,
        seed=request.seed,
    )
    heard = plural(len(corpus.recordings), "recording")
    with stages() as tell_stage:
        background = train_background(
            list(corpus.recordings),
            plan,
            name=_name(request.output),
            notes={"trained on": f"{heard} of {plural(len(corpus.by_speaker), 'speaker')}"},
            n_threads=request.threads,
            on_progress=tell_stage,
        )
    save_background(background, request.output, force=request.force)
    return background


def _name(output: Path) -> str:
    """Return the model's name; those of the shipped ones mean these and no other."""
    from gmmkit.speaker.presets import PRESETS

    return f"own-{output.stem}" if output.stem in PRESETS else output.stem


def _corpus(request: Request) -> Corpus:
    found: list[tuple[str, Path]] = []
    for word in request.sources:
        path = Path(word)
        corpus = (
            find_corpus(path, flat=True)
            if path.is_dir()
            else read_recording_list(path, request.audio)
        )
        for note in corpus.notes:
            tell("note", note)
        found += corpus.recordings
    return Corpus(tuple(found))


def _frontends(preset: str) -> "Mapping[str, Frontend]":
    from gmmkit.speaker.features.frontend import Frontend
    from gmmkit.speaker.training import FAST_FRONTEND, FRONTENDS

    if preset == "telephone":
        return {"telephone": Frontend.telephone()}
    # The shipped model of that name listens through the same one.
    return {FAST_FRONTEND: FRONTENDS[FAST_FRONTEND]} if preset == "fast" else FRONTENDS
