"""``gmmkit speaker score``, step by step: trials in, a list of scores out."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gmmkit.cli.outputs import check_output
from gmmkit.cli.progress import Tell, stages
from gmmkit.cli.results import json_text, plural, warnings_of
from gmmkit.cli.session import collected_warnings, put, tell
from gmmkit.cli.speaker.recordings import find_corpus, read
from gmmkit.cli.speaker.registries import registry_to_read, store_of
from gmmkit.cli.speaker.trials import Audio, read_trials
from gmmkit.errors import ParameterError

if TYPE_CHECKING:
    from gmmkit.speaker.evaluation.trial_scoring import Models, Normalize, TrialScores
    from gmmkit.speaker.evaluation.trials import Pair, TrialList
    from gmmkit.speaker.recognizers import Recognizer

_REFUSALS_TOLD = 5


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user asked for; None leaves the choice to the library."""

    registry: Path | None
    trials: Path
    audio: Path
    output: Path
    header: bool
    norm: Literal["none", "z", "t", "s", "as"] | None
    cohort: Path | None
    background: str | None
    channel: int | None
    threads: int | None
    force: bool


def score(request: Request, *, as_json: bool) -> None:
    """Score the trials of a list and write the scores.

    Raises
    ------
    GmmkitError
        Before any work: files that are missing, outputs that exist, names that nobody has.
    """
    from gmmkit.io.files import write_atomically

    with collected_warnings() as warned:
        trials = read_trials(request.trials)
        check_output(request.output, [request.trials], force=request.force)
        with stages() as tell_stage:
            scored = _scored(request, trials, tell_stage)
        text = _text(scored, header=request.header)
        write_atomically(request.output, text.encode(), force=request.force)
    tell_refusals(scored)
    kind = "calibrated log-likelihood ratios" if scored.is_llr else "scores, not calibrated"
    refused = scored.scores.n_refused
    if as_json:
        report = {
            "output": str(request.output),
            "trials": len(trials),
            "tests": len(scored.seconds),
            "refused": refused,
            "calibrated": scored.is_llr,
            "norm": request.norm,
            "refused_recordings": {name: str(error) for name, error in scored.refused.items()},
        }
        put(json_text("speaker.score", report | {"warnings": warnings_of(warned)}))
    else:
        put(f"{request.output}: {plural(len(trials), 'trial')}, {refused} refused; {kind}")


def tell_refusals(scored: "TrialScores") -> None:
    """Tell why the first of the refused recordings were refused.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> tell_refusals(SimpleNamespace(refused={}))
    """
    for name, error in list(scored.refused.items())[:_REFUSALS_TOLD]:
        tell("warning", f"{name} is refused: {error}")
    if len(scored.refused) > _REFUSALS_TOLD:
        tell("warning", f"{len(scored.refused) - _REFUSALS_TOLD:,} more recordings are refused")


def score_people(
    path: Path, pairs: "list[Pair]", audio: Audio, *, threads: int | None, tell_stage: Tell
) -> "TrialScores":
    """Score trials of people in a registry as its other commands do.

    Raises
    ------
    GmmkitError
        If the registry cannot be read, or names or recordings are missing.
    """
    from gmmkit.speaker.evaluation.trial_scoring import score_trials

    models, _ = _people(path, pairs)
    audio.check(test for _, test in pairs)
    return score_trials(pairs, models, audio, n_threads=threads, on_progress=tell_stage)


def _scored(request: Request, trials: "TrialList", tell_stage: Tell) -> "TrialScores":
    from gmmkit.speaker.evaluation.trial_scoring import score_trials

    audio, pairs = Audio(request.audio, request.channel), list(trials.pairs)
    if request.registry is not None:
        models, recognizer = _people(request.registry, pairs)
        audio.check(test for _, test in pairs)
    else:
        audio.check(name for pair in pairs for name in pair)
        models, recognizer = _recordings(request, pairs, audio, tell_stage)
    return score_trials(
        pairs,
        models,
        audio,
        normalize=_normalization(request, models, recognizer),
        n_threads=request.threads,
        on_progress=tell_stage,
    )


def _people(path: Path, pairs: "list[Pair]") -> tuple["Models", "Recognizer"]:
    from gmmkit.speaker.evaluation.trial_scoring import EnrolledPeople

    recognizer = registry_to_read(path).recognizer
    with store_of(path) as store:
        return EnrolledPeople(store, recognizer, (model for model, _ in pairs)), recognizer


def _recordings(
    request: Request, pairs: "list[Pair]", audio: Audio, tell_stage: Tell
) -> tuple["Models", "Recognizer"]:
    from gmmkit.speaker.evaluation.trial_scoring import EnrolledRecordings
    from gmmkit.speaker.presets import DEFAULT, load_background
    from gmmkit.speaker.recognizers import AdaptedRecognizer

    background = load_background(request.background or DEFAULT)
    names = list(dict.fromkeys(model for model, _ in pairs))
    models = EnrolledRecordings.of(
        names, audio, background, n_threads=request.threads, on_progress=tell_stage
    )
    return models, AdaptedRecognizer(background)


def _normalization(
    request: Request, models: "Models", recognizer: "Recognizer"
) -> "Normalize | None":
    from gmmkit.speaker.evaluation.trial_normalization import Normalization, unnormalized
    from gmmkit.speaker.recognizers import AdaptedRecognizer

    if request.norm is None:
        return None
    if request.norm == "none" or request.cohort is None:
        return unnormalized
    if not isinstance(recognizer, AdaptedRecognizer):
        raise ParameterError(
            f"{request.registry} cannot be normalized by a cohort",
            found="--model gmm, without a background model",
            needed="a registry of the model gmm-ubm",
            hint="--norm none, or no --norm",
        )
    corpus = find_corpus(request.cohort, flat=True)
    sounds = [read(path, request.channel) for _, path in corpus.recordings]
    return Normalization(request.norm, models, recognizer.background, sounds)


def _text(scored: "TrialScores", *, header: bool) -> str:
    from gmmkit.speaker.evaluation.trial_formats import format_scores

    text = format_scores(scored.scores, header=header)
    if header and scored.is_llr:
        names, rest = text.split("\n", 1)
        return f"{names.removesuffix('score')}llr\n{rest}"
    return text
