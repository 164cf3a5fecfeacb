"""Measures of segmentations beside the files that the Berkeley benchmark published with its code.

Needs ``images`` below the directory that GMMKIT_REFERENCE_DATA names: ``bsds-evaluation-example``
(``bench/data`` of BSDS500: five photos, what was found in them in three forms, and the results of
five evaluations), and ``bsds500-train`` with ``bsds500-train-gpb`` (the 200 training photos'
annotations and gPb-owt-ucm's labels of them at one threshold).

Every number of every published file is compared; a line has the largest difference in a file.
Boundary pixels were matched at random there, and fewer than could be: the published evaluations of
the same boundaries differ from each other by up to .0011 in recall. F is looked at by itself.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from reporting import Figure, parser, report

from gmmkit.image.metrics import Evaluation, Sweep, evaluate, sweep_of
from gmmkit.image.metrics.agreement import best_shares
from gmmkit.image.metrics.label_maps import check_labels
from gmmkit.image.metrics.overlaps import overlap_of
from gmmkit.io.segmentations import read_annotations, read_segmentation

VARIABLE = "GMMKIT_REFERENCE_DATA"
REGIONS, F, PRECISION_AND_RECALL = 1e-5, 1e-3, 2e-3
N_THRESHOLDS = 5
# What each evaluation was given, and how that is read.
INPUTS = {1: ("ucm2", "auto"), 2: ("png", "strength"), 3: ("segs", "auto")}
INPUTS |= {4: INPUTS[3], 5: INPUTS[3]}
GPB = {"covering": 0.6161, "probabilistic_rand_index": 0.8276, "variation_of_information": 1.7043}

Rows = npt.NDArray[np.float64]
Swept = Mapping[str, tuple[Sweep, tuple[npt.NDArray[Any], ...]]]


def read_pictures(folder: Path, form: str, kind: Any) -> Swept:
    """Return what was found in every photo, cut at five thresholds, and its annotations."""
    pictures = {}
    for truth in sorted((folder / "groundTruth").iterdir()):
        annotations = read_annotations(truth)
        (path,) = (folder / form).glob(f"{truth.stem}.*")
        found = read_segmentation(path, kind=kind)
        result = list(found.maps) if found.strengths is None else found.strengths
        height, width = annotations[0].shape
        pictures[truth.stem] = (
            sweep_of(result, N_THRESHOLDS, shape=(height, width)),
            annotations,
        )
    return pictures


def single(found: Evaluation) -> Iterator[Evaluation]:
    """Yield the evaluation of each picture by itself."""
    for name, scores in zip(found.names, found.scores, strict=True):
        yield Evaluation((name,), (scores,), found.thresholds)


def boundary_line(found: Evaluation) -> list[float]:
    """Return recall, precision and F at the best threshold, which may lie between two."""
    best = found.ods("boundary_f")
    precision, recall = found.precision_recall()
    at = [np.interp(best.threshold, found.thresholds, each) for each in (recall, precision)]
    return [best.threshold, *map(float, at), best.value]


def own_best_line(found: Evaluation) -> list[float]:
    """Return recall, precision and F with each picture at its own best threshold."""
    best = [each.at(int(each.boundaries.f1.argmax())).boundaries for each in found.scores]
    counts = sum(best[1:], start=best[0])
    return [float(each[0]) for each in (counts.recall, counts.precision, counts.f1)]


def covered_by_annotations(pictures: Swept, found: Evaluation) -> list[float]:
    """Return how well annotated regions cover the segmentation's, at its best threshold."""
    covered = []
    for (swept, annotations), each in zip(pictures.values(), single(found), strict=True):
        labels = list(swept.maps())[each.index_of()]
        overlaps = [overlap_of(check_labels(truth), labels) for truth in annotations]
        best = np.max([best_shares(overlap) for overlap in overlaps], axis=0)
        covered.append(float(best @ overlaps[0].column_areas) / labels.size)
    return covered


def cover_lines(pictures: Swept, found: Evaluation) -> Rows:
    """Return a line for each picture: number, best threshold, covering there both ways."""
    best = [each.ods("covering") for each in single(found)]
    ways = covered_by_annotations(pictures, found)
    return np.array(
        [(n + 1, b.threshold, b.value, w) for n, (b, w) in enumerate(zip(best, ways, strict=True))]
    )


def rand_and_information(found: Evaluation) -> list[float]:
    """Return best threshold, best value and own best value of either measure."""
    names = ("probabilistic_rand_index", "variation_of_information")
    bests = [(found.ods(name), found.ois(name)) for name in names]
    return [value for best, own in bests for value in (best.threshold, best.value, own)]


def values_at_thresholds(found: Evaluation, *names: str) -> Rows:
    """Return a line for each threshold with those measures."""
    measures = [each for name in names for each in found.measures if each.name == name]
    return np.column_stack([found.thresholds, *(each.of(found.pooled) for each in measures)])


# For each published file, the numbers that stand there.
FILES: dict[str, Callable[[Swept, Evaluation], Any]] = {
    "eval_bdry.txt": lambda _, found: [
        [*boundary_line(found), *own_best_line(found), found.average_precision]
    ],
    "eval_bdry_img.txt": lambda _, found: [
        [n + 1, *boundary_line(each)] for n, each in enumerate(single(found))
    ],
    "eval_bdry_thr.txt": lambda _, found: np.column_stack(
        [found.thresholds, *found.precision_recall()[::-1], found.pooled.boundaries.f1]
    ),
    "eval_cover.txt": lambda _, found: [
        [
            found.ods("covering").threshold,
            found.ods("covering").value,
            found.ois("covering"),
            found.best_covering,
        ]
    ],
    "eval_cover_img.txt": cover_lines,
    "eval_cover_th.txt": lambda _, found: values_at_thresholds(found, "covering"),
    "eval_RI_VOI.txt": lambda _, found: [rand_and_information(found)],
    "eval_RI_VOI_thr.txt": lambda _, found: values_at_thresholds(
        found, "probabilistic_rand_index", "variation_of_information"
    ),
}
# The columns of F in files about boundaries.
F_COLUMNS = {"eval_bdry.txt": (3, 6), "eval_bdry_img.txt": (4,), "eval_bdry_thr.txt": (3,)}


def compare(folder: Path) -> Iterator[tuple[Figure, dict[str, Any]]]:
    """Yield the largest differences in each published file, with the numbers they are among."""
    done = {form: read_pictures(folder, *form) for form in set(INPUTS.values())}
    found = {
        form: evaluate(pictures, kinds=("regions", "boundaries")) for form, pictures in done.items()
    }
    for number, form in INPUTS.items():
        for file in sorted((folder / f"test_{number}").glob("eval_*.txt")):
            theirs = np.loadtxt(file, ndmin=2)
            ours = np.asarray(FILES[file.name](done[form], found[form]), dtype=np.float64)
            yield from figures_of(f"test_{number}/{file.name}", ours, theirs)


def figures_of(name: str, ours: Rows, theirs: Rows) -> Iterator[tuple[Figure, dict[str, Any]]]:
    """Yield the largest difference of two tables, F apart from precision and recall."""
    columns = list(F_COLUMNS.get(name.split("/")[1], ()))
    if not columns:
        yield figure_of(name, ours, theirs, REGIONS)
        return
    yield figure_of(f"{name} F", ours[:, columns], theirs[:, columns], F)
    others = [np.delete(each, columns, axis=1) for each in (ours, theirs)]
    yield figure_of(f"{name} others", *others, PRECISION_AND_RECALL)


def figure_of(name: str, ours: Rows, theirs: Rows, bound: float) -> tuple[Figure, dict[str, Any]]:
    """Return the largest difference of two tables, and both of them."""
    apart = np.abs(ours - theirs)
    worst = np.unravel_index(int(apart.argmax()), apart.shape)
    remark = f"{apart.size} numbers; ours {ours[worst]:.6f}, published {theirs[worst]:.6f}"
    figure = Figure(name, float(apart.max()), "", at_most=bound, remark=remark)
    return figure, {"ours": ours.tolist(), "published": theirs.tolist()}


def compare_training(folder: Path) -> Iterator[Figure]:
    """Yield how far gPb-owt-ucm's scores on the training photos are from those known."""
    pairs = {
        path.stem: (
            list(read_segmentation(path).maps),
            read_annotations(folder / "bsds500-train" / path.name),
        )
        for path in sorted((folder / "bsds500-train-gpb").glob("*.npz"))
    }
    values = evaluate(pairs, kinds=("regions",)).at_threshold()
    for name, known in GPB.items():
        remark = f"{len(pairs)} photos; ours {values[name]:.6f}, known {known}"
        yield Figure(f"gPb {name}", abs(values[name] - known), "", at_most=5e-5, remark=remark)


def main() -> int:
    """Compare every file, and end with 1 if one is off."""
    made = parser(__doc__)
    made.add_argument("--all", action="store_true", help="print every number, not only the worst")
    options = made.parse_args()
    if VARIABLE not in os.environ:
        print(f"set {VARIABLE} to the directory that has images", file=sys.stderr)
        return 2
    images = Path(os.environ[VARIABLE]) / "images"
    compared = list(compare(images / "bsds-evaluation-example"))
    details = {figure.name: numbers for figure, numbers in compared}
    if options.all:
        print_all(details)
    figures = [figure for figure, _ in compared] + list(compare_training(images))
    title = "largest absolute difference to the published evaluations"
    return report(title, figures, options, details)


def print_all(details: Mapping[str, Mapping[str, Any]]) -> None:
    """Print ours, theirs and the difference of every number."""
    for name, numbers in details.items():
        print(f"\n{name}\n  {'ours':>12}{'published':>12}{'difference':>12}")
        for ours, theirs in zip(*(np.ravel(each) for each in numbers.values()), strict=True):
            print(f"  {ours:12.6f}{theirs:12.6f}{ours - theirs:12.6f}")


if __name__ == "__main__":
    sys.exit(main())
