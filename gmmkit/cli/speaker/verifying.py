"""``gmmkit speaker verify`` and ``compare``: one claim or two recordings, and yes or no."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gmmkit.cli.results import Report, json_text, warnings_of
from gmmkit.cli.session import collected_warnings, put, tell
from gmmkit.cli.speaker.recordings import conversions, read
from gmmkit.cli.speaker.registries import registry_to_read
from gmmkit.cli.speaker.reports import evidence, ratio, speech
from gmmkit.errors import InputError

if TYPE_CHECKING:
    from gmmkit.speaker.answers import Verification
    from gmmkit.speaker.comparison import Comparison

EXIT_REJECTED = 7
_CALIBRATE = "gmmkit speaker calibrate; identify ranks people without one"
_SHIPPED = "--background default or fast, which have one"


def chosen_threshold(threshold: float | None, operating_point: str | None) -> float | None:
    """Return the threshold that words mean, None for the library's own.

    Examples
    --------
    >>> chosen_threshold(None, "0.5"), chosen_threshold(1.5, None)
    (0.0, 1.5)
    """
    if operating_point is None:
        if threshold is not None and not math.isfinite(threshold):
            raise click.UsageError("--threshold is not a finite number")
        return threshold
    if threshold is not None:
        raise click.UsageError("--threshold and --operating-point exclude each other")
    from gmmkit.speaker.evaluation.operating_points import points_from_words

    points = points_from_words(operating_point)
    if len(points) > 1:
        tell("note", f"{operating_point} has {len(points)} points: {points[0]} decides")
    return points[0].threshold


def verify_claim(
    path: Path,
    name: str,
    word: str,
    *,
    threshold: float | None,
    channel: int | None,
    as_json: bool,
) -> int:
    """Check that someone enrolled speaks in a recording, and print the answer.

    Returns
    -------
    int
        The exit code: 0 if it is accepted, 7 if it is rejected.

    Raises
    ------
    GmmkitError
        If the registry or the recording cannot be read, nobody has that name, or the registry is
        not calibrated.
    """
    registry = registry_to_read(path)
    enrolled = registry.record(name).name
    with collected_warnings() as warned:
        sound = read(word, channel)
        answer = registry.verify(enrolled, sound, threshold=threshold)
        notes = conversions(sound, registry.recognizer, warned)
    _refuse_uncalibrated(
        f"{path} is", answer, "gmmkit speaker calibrate; identify ranks without one"
    )
    for note in notes:
        tell("note", f"{word}: {note}")
    report = {
        "registry": str(path),
        "name": enrolled,
        "recording": word,
        "accepted": answer.accepted,
        **_numbers(answer),
        "seconds": answer.seconds,
        "notes": notes,
        "warnings": warnings_of(warned),
    }
    verdict = "accepted" if answer.accepted else "rejected"
    heard = speech(answer.seconds)
    text = f"{word}: {verdict} as {enrolled}  ({_reasons(report)}; {heard})"
    put(json_text("speaker.verify", report) if as_json else text)
    return 0 if answer.accepted else EXIT_REJECTED


def compare_recordings(
    words: tuple[str, str],
    *,
    background: str | None,
    threshold: float | None,
    channel: int | None,
    as_json: bool,
) -> int:
    """Tell whether two recordings are of one voice, and print the answer.

    Returns
    -------
    int
        0 if they are, 7 if not.

    Raises
    ------
    GmmkitError
        If a recording or the background model cannot be used.
    """
    from gmmkit.speaker.comparison import compare
    from gmmkit.speaker.presets import DEFAULT, load_background
    from gmmkit.speaker.recognizers import AdaptedRecognizer

    model = load_background(background or DEFAULT)
    with collected_warnings() as warned:
        recognizer = AdaptedRecognizer(model)
        sounds = [read(word, channel) for word in words]
        answer = compare(sounds[0], sounds[1], background=model, threshold=threshold)
        notes = [conversions(sound, recognizer, warned) for sound in sounds]
    _refuse_uncalibrated(
        f"the background model {model.name} is", answer, "default or fast, which have one"
    )
    for word, own in zip(words, notes, strict=True):
        for note in own:
            tell("note", f"{word}: {note}")
    report = {
        "recordings": list(words),
        "background": model.name,
        "same": answer.same,
        **_numbers(answer),
        "seconds": list(answer.seconds),
        "notes": notes,
        "warnings": warnings_of(warned),
    }
    verdict = "the same voice" if answer.same else "different voices"
    heard = " and ".join(f"{each:.1f}" for each in answer.seconds)
    text = f"{verdict}  ({_reasons(report)}; {heard} s of speech)"
    put(json_text("speaker.compare", report) if as_json else text)
    return 0 if answer.same else EXIT_REJECTED


def _numbers(answer: "Verification | Comparison") -> Report:
    return {"llr": answer.llr, "threshold": answer.threshold, "score": answer.score}


def _reasons(report: Report) -> str:
    llr = report["llr"]
    return f"LLR {ratio(llr)}: {evidence(llr)}; threshold {ratio(report['threshold'])}"


def _refuse_uncalibrated(what: str, answer: "Verification | Comparison", hint: str) -> None:
    if answer.llr is None:
        raise InputError(
            f"{what} not calibrated, so that no score decides anything",
            found=f"a score of {answer.score:.2f}, and no log-likelihood ratio",
            needed="a calibration",
            hint=hint,
        )
