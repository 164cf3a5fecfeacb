"""``gmmkit speaker calibrate``, step by step: score trials, fit, keep the calibration."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gmmkit.cli.progress import stages
from gmmkit.cli.results import Report, json_text, plural, warnings_of
from gmmkit.cli.session import collected_warnings, put, tell
from gmmkit.cli.speaker.registries import store_of
from gmmkit.cli.speaker.scoring import score_people, tell_refusals
from gmmkit.cli.speaker.trials import Audio, read_trials

if TYPE_CHECKING:
    from gmmkit.speaker.evaluation.trial_calibration import Calibrated
    from gmmkit.speaker.evaluation.trials import TrialList

_FEW_TARGETS = 40


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user asked for."""

    registry: Path
    trials: Path
    audio: Path
    channel: int | None
    threads: int | None


def calibrate(request: Request, *, as_json: bool) -> None:
    """Fit a calibration to trials and keep it in the registry.

    Raises
    ------
    GmmkitError
        If the registry, the list or recordings cannot be used, or the trials are all of one kind.
    """
    from gmmkit.speaker.evaluation.trial_calibration import calibrated_on
    from gmmkit.speaker.registry import Registry

    # A registry that cannot be written to is refused before the work, not after it.
    store_of(request.registry, read_only=False).close()
    with collected_warnings() as warned:
        trials = read_trials(request.trials)
        audio = Audio(request.audio, request.channel)
        with stages() as tell_stage:
            scored = score_people(
                request.registry,
                list(trials.pairs),
                audio,
                threads=request.threads,
                tell_stage=tell_stage,
            )
        found = calibrated_on(trials, scored)
        Registry.open(request.registry).calibrate(found.calibration)
    tell_refusals(scored)
    report = _report(request.registry, trials, found)
    _tell_doubts(report)
    if as_json:
        put(json_text("speaker.calibrate", report | {"warnings": warnings_of(warned)}))
    else:
        put(_text(report))


def _tell_doubts(report: Report) -> None:
    if report["targets"] < _FEW_TARGETS:
        tell("warning", f"{plural(report['targets'], 'target trial')} say little: use many more")
    before = report["cllr_before"]
    if before is not None and before < report["cllr_after"]:
        tell("warning", "the ratios before did better; were they fitted to these very trials?")


def _report(path: Path, trials: "TrialList", found: "Calibrated") -> Report:
    fitted = found.calibration
    return {
        "registry": str(path),
        "targets": trials.n_targets,
        "nontargets": len(trials) - trials.n_targets,
        "refused": found.refusals.targets + found.refusals.nontargets,
        "cllr_before": found.before,
        "cllr_after": found.after,
        "min_cllr": found.least,
        "folds": found.n_folds,
        "offset": fitted.offset,
        "weights": dict(zip(fitted.features, fitted.weights, strict=True)),
    }


def _text(report: Report) -> str:
    whole = f"{plural(report['targets'], 'target')} and {plural(report['nontargets'], 'other')}"
    before = report["cllr_before"]
    was = "" if before is None else f"{before:.3f} before, "
    way = (
        f"on people left out, {report['folds']} parts in turn"
        if report["folds"] > 1
        else "on the trials that it was fitted to, too few people for more: it flatters"
    )
    return (
        f"{report['registry']}: calibrated on {whole}, {report['refused']} refused\n"
        f"  Cllr {was}{report['cllr_after']:.3f} now ({way}); "
        f"at best {report['min_cllr']:.3f}; 0 is perfect, 1 is as good as silence"
    )
