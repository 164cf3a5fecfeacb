"""``gmmkit image evaluate``, step by step: match files, score pictures, tell what it comes to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gmmkit.cli.drawing import check_drawing, write_drawing
from gmmkit.cli.image.counterparts import Pair, Paired, pair_files
from gmmkit.cli.outputs import check_output
from gmmkit.cli.progress import progress_bar
from gmmkit.cli.results import Report, columns, exit_code_of, failure, json_text, plural
from gmmkit.cli.session import collected_warnings, put, tell
from gmmkit.errors import GmmkitError

if TYPE_CHECKING:
    from gmmkit.core.checks import Float64Array
    from gmmkit.image.metrics import Evaluation
    from gmmkit.image.metrics.scores import Scores
    from gmmkit.io.segmentations import SegmentationFile

_KINDS = {
    "all": ("regions", "boundaries", "displacement"),
    "regions": ("regions",),
    "boundaries": ("boundaries", "displacement"),
}


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user asked for."""

    results: str
    truth: str
    kind: Any
    thresholds: int
    at: float | None
    measures: str
    tolerance: float
    output: Path | None
    curve: Path | None
    threads: int | None
    force: bool


@dataclass(frozen=True)
class Scored:
    """What one picture came to."""

    thresholds: "Float64Array"
    scores: "Scores"
    n_annotations: int
    is_cut: bool


def evaluate_files(request: Request, *, as_json: bool) -> int:
    """Score every picture of a request, telling what fails and going on with the others.

    Parameters
    ----------
    request : Request
        What was asked for.
    as_json : bool
        Print one JSON object instead of a table.

    Returns
    -------
    int
        The exit code.

    Raises
    ------
    GmmkitError
        If nothing matches, an output exists, no picture can be scored, or they were cut at
        different thresholds.

    Examples
    --------
    >>> from gmmkit.cli.app import run
    >>> run(["image", "evaluate", "no such file.png", "nor this.mat"])
    3
    """
    _check_threshold(request)
    paired = pair_files(request.results, request.truth)
    _check_outputs(request, paired)
    _tell_alone(paired)
    scored: dict[str, Scored] = {}
    failures: list[Report] = []
    for pair, found in zip(paired.pairs, _score_all(request, paired.pairs), strict=True):
        if isinstance(found, GmmkitError):
            tell("error", f"{pair.name}: {found}")
            failures.append(failure("picture", pair.name, found))
        else:
            scored[pair.name] = found
    if scored:
        _tell(request, paired, scored, failures, as_json=as_json)
    elif as_json:
        put(json_text("image.evaluate", {"pictures": failures}))
    return exit_code_of(failures)


def _check_threshold(request: Request) -> None:
    """Refuse a threshold that none will be evaluated at, before minutes of work."""
    from gmmkit.image.metrics.evaluation import place_of
    from gmmkit.image.metrics.sweeps import check_thresholds

    if request.at is not None and request.at < 1:
        place_of(request.at, check_thresholds(request.thresholds))


def _check_outputs(request: Request, paired: Paired) -> None:
    from gmmkit.io.table_writing import check_table_suffix

    inputs = [path for pair in paired.pairs for path in (pair.result, pair.truth)]
    if request.output is not None:
        check_table_suffix(request.output)
        check_output(request.output, inputs, force=request.force)
    check_drawing(request.curve, inputs, force=request.force)


def _tell_alone(paired: Paired) -> None:
    for alone, what in (
        (paired.results_alone, "without an annotation"),
        (paired.truth_alone, "without a result"),
    ):
        if alone:
            some = ", ".join(path.name for path in alone[:3])
            tell("warning", f"{plural(len(alone), 'file')} {what} left out: {some}")


def _score_all(request: Request, pairs: tuple[Pair, ...]) -> Iterator[Scored | GmmkitError]:
    """Yield the scores of every picture in order, or why there are none."""
    from joblib import Parallel, cpu_count, delayed

    n_jobs = min(request.threads or cpu_count(), len(pairs))
    parallel = Parallel(n_jobs=n_jobs, return_as="generator")
    results = iter(parallel(delayed(_attempt)(pair, request) for pair in pairs))
    with progress_bar(len(pairs)) as step:
        for pair in pairs:
            with step(pair.name):
                found = next(results)
            yield found


def _attempt(pair: Pair, request: Request) -> Scored | GmmkitError:
    try:
        with collected_warnings():
            return _score(pair, request)
    except GmmkitError as error:
        return error


def _score(pair: Pair, request: Request) -> Scored:
    from gmmkit.image.metrics import score, sweep_of
    from gmmkit.io.segmentations import read_annotations, read_segmentation

    truth = read_annotations(pair.truth)
    found = read_segmentation(pair.result, kind=request.kind)
    height, width = truth[0].shape
    swept = sweep_of(_result(found), request.thresholds, shape=(height, width))
    kinds = _KINDS[request.measures]
    scores = score(swept, truth, kinds=kinds, tolerance=request.tolerance)
    return Scored(swept.thresholds, scores, len(truth), found.strengths is not None)


def _result(found: "SegmentationFile") -> Any:
    return list(found.maps) if found.strengths is None else found.strengths


def _tell(
    request: Request,
    paired: Paired,
    scored: Mapping[str, Scored],
    failures: list[Report],
    *,
    as_json: bool,
) -> None:
    from gmmkit.image.metrics.evaluation import combine

    every = {name: (each.thresholds, each.scores) for name, each in scored.items()}
    evaluation = combine(every)
    at = float(evaluation.thresholds[evaluation.index_of(request.at)])
    files = _write(request, evaluation, at)
    report = {
        "annotations": sum(each.n_annotations for each in scored.values()),
        "results_are": "strength" if all(each.is_cut for each in scored.values()) else "labels",
        **_summary(evaluation, at),
        "pictures": [*_rows(evaluation, at), *failures],
        "left_out": [str(path) for path in (*paired.results_alone, *paired.truth_alone)],
        "files": files,
    }
    if as_json:
        put(json_text("image.evaluate", report))
    else:
        _print(report, len(scored))


def _write(request: Request, evaluation: "Evaluation", at: float) -> dict[str, str]:
    files = {}
    if request.output is not None:
        from gmmkit.io.table_writing import write_table

        write_table(evaluation.table(at), request.output, force=request.force)
        files["table"] = str(request.output)
    counts = evaluation.pooled.boundaries
    if request.curve is not None and counts is not None:
        from gmmkit.plot.boundaries import precision_recall_plot

        curves = {Path(request.results).name or request.results: counts}
        draw = lambda ax: precision_recall_plot(curves, ax=ax)  # noqa: E731
        write_drawing(request.curve, draw, size=(5, 5), force=request.force)
        files["curve"] = str(request.curve)
    return files


def _summary(evaluation: "Evaluation", at: float) -> Report:
    values = evaluation.at_threshold(at)
    measures = []
    for measure in evaluation.measures:
        best = evaluation.ods(measure.name)
        measures.append(
            {
                "name": measure.name,
                "title": measure.title,
                "higher_is_better": measure.higher,
                "best": best.value,
                "best_threshold": best.threshold,
                "own_best": evaluation.ois(measure.name),
                "at_one_threshold": values[measure.name],
            }
        )
    pooled = evaluation.pooled
    return {
        "thresholds": evaluation.thresholds.tolist(),
        "one_threshold": at,
        "measures": measures,
        "best_covering": pooled.regions and evaluation.best_covering,
        "average_precision": pooled.boundaries and evaluation.average_precision,
        "precision": pooled.boundaries and pooled.boundaries.precision.tolist(),
        "recall": pooled.boundaries and pooled.boundaries.recall.tolist(),
    }


def _rows(evaluation: "Evaluation", at: float) -> list[Report]:
    table = evaluation.table(at)
    names, rows = list(table), zip(*(column.tolist() for column in table.values()), strict=True)
    return [dict(zip(names, row, strict=True)) for row in rows]


def _print(report: Report, n_pictures: int) -> None:
    n_thresholds = len(report["thresholds"])
    several = n_thresholds > 1
    noun = "label map" if report["results_are"] == "labels" else "threshold"
    annotations = plural(report["annotations"], "annotation")
    put(f"{plural(n_pictures, 'picture')}, {annotations}, {plural(n_thresholds, noun)} each")
    put(_table(report, several=several))
    for line in _lines(report, several=several):
        put(f"  {line}")


def _table(report: Report, *, several: bool) -> str:
    at = f"at {report['one_threshold']:.3g}"
    header = ("", "better", "best", "at", "own best", at) if several else ("", "better", "value")
    rows = [header]
    for each in report["measures"]:
        direction = "higher" if each["higher_is_better"] else "lower"
        at_one = f"{each['at_one_threshold']:.4f}"
        best = f"{each['best']:.4f}", f"{each['best_threshold']:.3g}", f"{each['own_best']:.4f}"
        rows.append((each["title"], direction, *(best if several else ()), at_one))
    return columns(rows, right=range(2, len(header)))


def _lines(report: Report, *, several: bool) -> Iterator[str]:
    if several:
        if report["best_covering"] is not None:
            yield f"covering if every region had its own threshold: {report['best_covering']:.4f}"
        if report["average_precision"] is not None:
            yield f"boundaries, area under precision over recall: {report['average_precision']:.4f}"
        yield "best: one threshold for all pictures, chosen for the measure (ODS); own best: chosen"
        yield "for each picture (OIS); last: the same threshold for all pictures and measures"
    if report["files"]:
        yield "wrote " + ", ".join(report["files"].values())
