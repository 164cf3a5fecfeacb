"""``gmmkit speaker identify``, step by step: every recording against everyone enrolled."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gmmkit.cli.progress import Step, progress_bar
from gmmkit.cli.results import Report, columns, exit_code_of, failure, json_text, warnings_of
from gmmkit.cli.session import collected_warnings, put, tell
from gmmkit.cli.speaker.recordings import conversions, read
from gmmkit.cli.speaker.registries import registry_to_read
from gmmkit.cli.speaker.reports import evidence, ratio, speech
from gmmkit.errors import InputError, NotEnrolledError

if TYPE_CHECKING:
    from gmmkit.speaker.answers import Candidate
    from gmmkit.speaker.registry import Registry


@dataclass(frozen=True)
class Question:
    """Who speaks in which recordings."""

    registry: Path
    recordings: tuple[str, ...]
    top: int
    closed_set: bool
    channel: int | None


def identify_all(question: Question, *, as_json: bool) -> int:
    """Identify the speaker of every recording, telling what fails and going on with the others.

    Returns
    -------
    int
        The exit code.

    Raises
    ------
    GmmkitError
        If the registry cannot be read, or nobody is enrolled.
    """
    from gmmkit.speaker.recognition import identification_threshold

    registry = registry_to_read(question.registry)
    threshold = identification_threshold(len(registry.names()))
    reports = []
    with progress_bar(len(question.recordings)) as step:
        for word in question.recordings:
            reports.append(_attempt(word, question, registry, step))
            if "error" not in reports[-1]:
                reports[-1]["threshold"] = threshold
                _show(reports[-1], as_json=as_json)
    calibrated = any(report.get("calibrated") for report in reports)
    if reports and not calibrated and any("candidates" in report for report in reports):
        _tell_of_no_calibration(question.registry)
    if as_json:
        whole = {"registry": str(question.registry), "closed_set": question.closed_set}
        put(json_text("speaker.identify", whole | {"recordings": reports}))
    return exit_code_of(reports)


def _tell_of_no_calibration(path: Path) -> None:
    tell(
        "warning",
        f"{path} is not calibrated: scores rank people, but say neither how sure that is nor "
        "whether it is none of them; gmmkit speaker calibrate mends it",
    )


def _attempt(word: str, question: Question, registry: "Registry", step: Step) -> Report:
    try:
        with collected_warnings() as warned, step(word):
            sound = read(word, question.channel)
            candidates = registry.identify(sound, top=question.top)
            notes = conversions(sound, registry.recognizer, warned)
    except NotEnrolledError:
        raise
    except InputError as error:
        tell("error", error)
        return failure("recording", word, error)
    for note in notes:
        tell("note", f"{word}: {note}")
    return _report(word, candidates, closed_set=question.closed_set) | {
        "notes": notes,
        "warnings": warnings_of(warned),
    }


def _report(word: str, candidates: Sequence["Candidate"], *, closed_set: bool) -> Report:
    best = candidates[0]
    calibrated = best.llr is not None
    if closed_set or best.accepted:
        decision, answer = "named", best.name
    else:
        decision, answer = ("unknown" if calibrated else "undecided"), None
    return {
        "recording": word,
        "decision": decision,
        "answer": answer,
        "seconds": best.seconds,
        "calibrated": calibrated,
        "candidates": [
            {
                "rank": rank,
                "name": each.name,
                "llr": each.llr,
                "score": each.score,
                "accepted": each.accepted,
            }
            for rank, each in enumerate(candidates, start=1)
        ],
    }


def _show(report: Report, *, as_json: bool) -> None:
    if as_json:
        return
    put(f"{report['recording']}: {_answer(report)}  ({speech(report['seconds'])})")
    if report["calibrated"]:
        header = ("rank", "name", "LLR", "")
        rows = [(_ratio_cells(each)) for each in report["candidates"]]
    else:
        header = ("rank", "name", "score", "")
        rows = [_score_cells(each) for each in report["candidates"]]
    put(columns([header, *rows], right=[0, 2]))


def _answer(report: Report) -> str:
    best = report["candidates"][0]
    if report["decision"] == "named":
        return str(report["answer"])
    if report["decision"] == "undecided":
        return f"most like {best['name']}, and not decided"
    needed = ratio(report["threshold"])
    return f"unknown (best: {best['name']}, LLR {ratio(best['llr'])}; a name takes {needed})"


def _ratio_cells(each: Report) -> tuple[str, str, str, str]:
    return str(each["rank"]), each["name"], ratio(each["llr"]), evidence(each["llr"])


def _score_cells(each: Report) -> tuple[str, str, str, str]:
    return str(each["rank"]), each["name"], f"{each['score']:.2f}", ""
