"""``gmmkit speaker evaluate``, step by step: scores and answers in, figures and a curve out."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gmmkit.cli.drawing import check_drawing, write_drawing
from gmmkit.cli.results import Report, columns, json_text, plural, warnings_of
from gmmkit.cli.session import collected_warnings, put, tell
from gmmkit.cli.speaker.trials import read_scores, read_trials
from gmmkit.errors import InputError, TrialListError

if TYPE_CHECKING:
    from gmmkit.speaker.evaluation.operating_points import OperatingPoints
    from gmmkit.speaker.evaluation.trials import ScoredTrials, ScoreMatrix

_FALSE_ALARM_RATES = (0.01, 0.05)
_CONFUSIONS_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user asked for."""

    scores: Path
    trials: Path
    points: str
    det: Path | None
    bootstrap: int
    seed: int
    force: bool


def evaluate(request: Request, *, as_json: bool) -> None:
    """Print how well scores tell speakers apart.

    Raises
    ------
    GmmkitError
        If the lists cannot be read or do not match, or the plot cannot be written.
    """
    from gmmkit.speaker.evaluation.operating_points import points_from_words
    from gmmkit.speaker.evaluation.trials import join_scores

    points = {word: points_from_words(word) for word in request.points.split(",")}
    check_drawing(request.det, [request.scores, request.trials], force=request.force)
    with collected_warnings() as warned:
        scored = join_scores(read_trials(request.trials), read_scores(request.scores))
        report = _counts(scored) | {"figures": _figures(scored, points, request)}
        report["identification"] = _identification(scored)
        if request.det is not None:
            _draw(scored, request.det, force=request.force)
            report["det"] = str(request.det)
    if as_json:
        put(json_text("speaker.evaluate", report | {"warnings": warnings_of(warned)}))
    else:
        _print(report)


def _counts(scored: "ScoredTrials") -> Report:
    trials, refusals = scored.trials, scored.refusals
    return {
        "targets": trials.n_targets,
        "nontargets": len(trials) - trials.n_targets,
        "refused": {"targets": refusals.targets, "nontargets": refusals.nontargets},
    }


def _figures(
    scored: "ScoredTrials", points: "dict[str, OperatingPoints]", request: Request
) -> list[Report]:
    """Return every figure with its interval, None where there is none."""
    from gmmkit.speaker import metrics

    wanted: list[tuple[str, Any, str]] = [("EER", metrics.equal_error_rate, "")]
    for at in points.values():
        shown = " and ".join(map(str, at))
        wanted += [
            ("minDCF", partial(metrics.min_dcf, operating_point=at), shown),
            ("actDCF", partial(metrics.act_dcf, operating_point=at), shown),
        ]
    wanted += [("Cllr", metrics.cllr, ""), ("minCllr", metrics.min_cllr, "")]
    kinds = scored.target_scores, scored.nontarget_scores
    intervals = _Intervals(scored, request)
    return [
        {
            "name": name,
            "operating_point": shown or None,
            "value": metric(*kinds, refusals=scored.refusals),
            "interval": intervals.of(name, metric),
        }
        for name, metric, shown in wanted
    ]


class _Intervals:
    """Speaker-bootstrap intervals, where the trials tell who the speakers are."""

    def __init__(self, scored: "ScoredTrials", request: Request) -> None:
        from gmmkit.speaker.evaluation.trial_speakers import speakers_of

        self._scored = scored
        self._n, self._seed = request.bootstrap, request.seed
        self._sides = speakers_of(scored.trials) if request.bootstrap else None
        if request.bootstrap and self._sides is None:
            tell(
                "note",
                "no intervals: a nontarget trial is of recordings that target trials join, so "
                "that the trials do not tell who the speakers are",
            )

    def of(self, name: str, metric: Any) -> list[float] | None:
        """Return both ends for 95 %."""
        from gmmkit.speaker.evaluation.bootstrap import speaker_bootstrap

        refusals = self._scored.refusals
        if self._sides is None:
            return None
        if name == "minCllr" and refusals.targets + refusals.nontargets:
            # A refused trial costs one bit, which no score in its place does.
            return None
        # Where bits are counted, a refused trial has a ratio of 0.
        worst = (0.0, 0.0) if name == "Cllr" else ()
        try:
            interval = speaker_bootstrap(
                metric,
                self._scored.filled(*worst),
                self._scored.trials.is_target,
                *self._sides,
                n=self._n,
                seed=self._seed,
            )
        except InputError as error:
            self._sides = None
            tell("note", f"no intervals: {error}")
            return None
        return [interval.low, interval.high]


def _identification(scored: "ScoredTrials") -> Report | None:
    """Return rates and confusions where every test was tried with every model, else None."""
    from gmmkit.speaker.evaluation.identification import rank_k_rate
    from gmmkit.speaker.evaluation.open_set import detection_and_identification_rate
    from gmmkit.speaker.evaluation.trials import score_matrix

    try:
        matrix = score_matrix(scored)
    except TrialListError:
        return None
    truth = matrix.true_model
    n_strangers = int((truth < 0).sum())
    if len(matrix.models) < 2 or n_strangers == len(truth):
        return None
    rates = {}
    if n_strangers:
        rates = {
            str(rate): detection_and_identification_rate(matrix.scores, truth, rate)
            for rate in _FALSE_ALARM_RATES
        }
    return {
        "models": len(matrix.models),
        "tests": len(matrix.tests) - n_strangers,
        "strangers": n_strangers,
        "rank_1": rank_k_rate(matrix.scores, truth),
        "detection_and_identification": rates,
        "confusions": _confusions(matrix),
    }


def _confusions(matrix: "ScoreMatrix") -> list[Report]:
    """Return who was taken for whom, most frequent first, whatever the score."""
    from gmmkit.speaker.evaluation.identification import confusion_matrix

    enrolled = matrix.true_model >= 0
    counts = confusion_matrix(matrix.scores[enrolled], matrix.true_model[enrolled])
    n = len(matrix.models)
    found = [
        {"speaker": name, "taken_for": matrix.models[other], "tests": int(counts[row, other])}
        for row, name in enumerate(matrix.models)
        for other in range(n)
        if other != row and counts[row, other]
    ]
    return sorted(found, key=lambda each: -each["tests"])


def _draw(scored: "ScoredTrials", path: Path, *, force: bool) -> None:
    from gmmkit.plot.detection import det_plot
    from gmmkit.speaker.metrics import det_curve

    curve = det_curve(scored.target_scores, scored.nontarget_scores, refusals=scored.refusals)
    write_drawing(path, lambda ax: det_plot({path.stem: curve}, ax=ax), size=(5, 5), force=force)


def _print(report: Report) -> None:
    refused = report["refused"]
    put(
        f"{plural(report['targets'], 'target trial')}, {refused['targets']} refused; "
        f"{plural(report['nontargets'], 'nontarget trial')}, {refused['nontargets']} refused"
    )
    header = ("", "", "95 % interval", "")
    rows = [_cells(figure) for figure in report["figures"]]
    put(columns([header, *rows], right=[1]))
    _print_identification(report["identification"])
    if "det" in report:
        put(f"wrote {report['det']}")


def _cells(figure: Report) -> Sequence[str]:
    as_percent = figure["name"] == "EER"
    number = "{:.2f} %" if as_percent else "{:.3f}"
    scale = 100 if as_percent else 1
    interval = figure["interval"]
    ends = " to ".join(number.format(scale * end) for end in interval) if interval else ""
    return (
        figure["name"],
        number.format(scale * figure["value"]),
        ends,
        figure["operating_point"] or "",
    )


def _print_identification(found: Report | None) -> None:
    if found is None:
        return
    rows = [("rank 1", f"{100 * found['rank_1']:.1f} %", "of tests of people enrolled")]
    rows += [
        (
            f"DIR at {100 * float(rate):g} %",
            f"{100 * value:.1f} %",
            f"named rightly where at most {100 * float(rate):g} % of strangers' tests get a name",
        )
        for rate, value in found["detection_and_identification"].items()
    ]
    tests, strangers = plural(found["tests"], "test"), found["strangers"]
    put(f"identification among {found['models']:,}: {tests} of them, {strangers:,} of strangers")
    put(columns(rows, right=[1]))
    for each in found["confusions"][:_CONFUSIONS_SHOWN]:
        put(f"  {each['speaker']} taken for {each['taken_for']}: {plural(each['tests'], 'test')}")
