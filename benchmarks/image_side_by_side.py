"""gmmkit's segmentation beside what else there is, in one run: regions, cutouts, backgrounds.

regions      The 200 training photos of BSDS500. Everybody's parameter is chosen on the photos of
             the other four folds, by covering, and gmmkit's regions are learned from them. Only
             gPb-owt-ucm was trained on the photos that it is scored on. Behind a figure stands its
             95 % interval over photos drawn anew.
cutouts      Objects inside rectangles, beside OpenCV's grabCut (image_cutouts.py).
backgrounds  Generated videos, beside OpenCV's MOG2 (image_background.py).

Needs ``images`` below the directory that GMMKIT_REFERENCE_DATA names. Who is not installed is named
as absent.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from bsds import N_PHOTOS, add_options, differences, estimates, fold_models, photos
from image_contest import MEASURES, Result, measure_everyone, tell
from image_peers import Contestant, contestants
from image_sheet import Cell, drawn, typical_drawing, write_sheet
from joblib import Parallel, delayed
from reporting import Figure, parser, report

from gmmkit.image import RegionModel
from gmmkit.image.metrics import Scores

OURS, GPB = "gmmkit regions", "gPb-owt-ucm"
SHOWN = (OURS, GPB, "felzenszwalb", "scikit-learn GMM, Lab")
SHEET_PHOTOS = 8
NAMES = tuple(each.name for each in contestants({}))
N_FRAMES = 200
PARTS = ("regions", "cutouts", "backgrounds")


def lead_figures(results: Mapping[str, Result], is_whole: bool) -> Iterator[Figure]:
    """Yield how far ours is ahead of gPb by every measure, and of the others by covering.

    Only the whole set, with models of all other photos, is held to anything.
    """
    others = [name for name in results if not name.startswith("gmmkit")]
    for theirs in others if OURS in results else []:
        apart = differences(results[OURS].first, results[theirs].first)
        for name in MEASURES if theirs == GPB else ["covering"]:
            bound = {"at_most" if name == "variation_of_information" else "at_least": 0.0}
            is_held = is_whole and name != "boundary_f"
            yield Figure(
                f"{OURS}: {MEASURES[name]} less that of {theirs}",
                apart[name].value,
                "",
                remark=f"95 %: {apart[name].low:+.3f} to {apart[name].high:+.3f}",
                **(bound if is_held else {}),
            )


def seed_figures(results: Mapping[str, Result]) -> Iterator[Figure]:
    """Yield how much covering depends on the seed."""
    for name, result in results.items():
        values = [estimates(each)["covering"].value for each in result.scores.values()]
        if len(values) > 1:
            remark = " ".join(f"{value:.4f}" for value in values)
            deviation = float(np.std(values, ddof=1))
            yield Figure(f"{name}: spread of covering over seeds", deviation, "", remark=remark)


def compare_regions(
    options: argparse.Namespace, run: Parallel
) -> tuple[list[Figure], dict[str, Any]]:
    """Compare segmentations of photos: a table, a sheet, figures and details."""
    everyone, absent = present(options)
    results = measure_everyone(everyone, options, run)
    print_table(results, absent, options)
    if options.sheet is not None:
        write_sheet(sheet_rows(results, options), options.sheet)
    is_whole = options.photos == options.learn_photos == N_PHOTOS
    figures = [*lead_figures(results, is_whole), *seed_figures(results)]
    details = {name: result.details() for name, result in results.items()}
    return figures, details | {"absent": absent}


def present(options: argparse.Namespace) -> tuple[list[Contestant], list[str]]:
    """Return who takes part, and who cannot."""
    wanted = options.only or NAMES
    absent = [] if photos()[0].gpb_path.exists() else [f"{GPB}: no images/bsds500-train-gpb"]
    models = learned_models(options) if OURS in wanted else {}
    missing = [GPB] if absent else []
    everyone = [each for each in contestants(models) if each.name in wanted]
    return [each for each in everyone if each.name not in missing], absent


def learned_models(options: argparse.Namespace) -> Mapping[int, RegionModel]:
    """Return a model for each fold, learned on the others or found in the folder."""
    return fold_models(
        options.models,
        learn_from=photos(options.learn_photos),
        n_jobs=options.jobs,
        on_progress=tell,
    )


def print_table(
    results: Mapping[str, Result], absent: Sequence[str], options: argparse.Namespace
) -> None:
    """Print a line for every contestant."""
    heads = ["method", *MEASURES.values(), "CPU s", "covering above gPb", "parameter"]
    gpb = results.get(GPB)
    lines = [heads, *(each.cells(gpb) for each in results.values())]
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    lines.insert(1, ["-" * width for width in widths])
    print(f"\n{options.photos} photos; models of {options.learn_photos} less a fold\n")
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print(f"| {' | '.join(cells)} |")
    for each in absent:
        print(f"absent: {each}")


def sheet_rows(results: Mapping[str, Result], options: argparse.Namespace) -> Iterator[list[Cell]]:
    """Yield for some photos the photo, what a person drew, and what some found, with covering."""
    chosen = photos(options.photos)
    for step in range(min(SHEET_PHOTOS, len(chosen))):
        place = step * len(chosen) // min(SHEET_PHOTOS, len(chosen))
        photo, seed = chosen[place], options.seeds[0]
        pixels, truth = photo.pixels, typical_drawing(photo)
        cells = [Cell(photo.name, pixels), Cell("a person", drawn(pixels, truth))]
        for name in (each for each in SHOWN if each in results):
            result = results[name]
            labels = result.contestant.labels(photo, result.chosen[photo.fold], seed)
            covering = covering_of_one(result.first[place])
            cells.append(Cell(f"{name}  {covering:.2f}", drawn(pixels, labels)))
        yield cells


def covering_of_one(scores: Scores) -> float:
    """Return the covering of one photo."""
    return float(scores.regions.covering[0]) if scores.regions else 0.0


def compare_cutouts(options: argparse.Namespace, run: Parallel) -> list[Figure]:
    """Compare cutouts of objects in rectangles; only the whole set is held to anything."""
    if _is_absent("grabCut"):
        return []
    import image_cutouts as part

    everyone = {
        "gmmkit": part.ours, "rectangle": part.whole_rectangle, "grabCut": part.grab_cut
    }  # fmt: skip
    tell("cutting out objects")
    chosen = photos(options.photos)
    found = run(delayed(part.measure)([photo], everyone, None) for photo in chosen)
    results = [replace(one, photo=n) for n, ones in enumerate(found) for one in ones]
    figures = part.figures(results, list(everyone), len(chosen))
    return _named("cutouts: ", figures, len(chosen) == N_PHOTOS)


def compare_backgrounds(options: argparse.Namespace, run: Parallel) -> list[Figure]:
    """Compare subtractors on generated videos; only long ones are held to anything."""
    if _is_absent("MOG2"):
        return []
    import image_background as part

    tell("watching videos")
    figures = run(delayed(_background)(kind, options.frames) for kind in part.KINDS)
    every = [*chain.from_iterable(figures), *part.measure_speed(0)]
    return _named("background, ", every, options.frames >= N_FRAMES)


def _background(kind: str, n_frames: int) -> list[Figure]:
    import image_background as part

    settings = argparse.Namespace(frames=n_frames, shape=(240, 320), warm_up=30)
    counts: dict[str, part.Counts] = {}
    for seed in range(3):
        part.run_video(kind, seed, settings, counts)
    return part.compare(kind, counts)


def _named(prefix: str, figures: Iterable[Figure], is_whole: bool) -> list[Figure]:
    """Return figures under longer names, without bounds if they are of a part of the data."""
    unbound = {} if is_whole else {"at_least": None, "at_most": None}
    return [replace(each, name=prefix + each.name, **unbound) for each in figures]


def _is_absent(peer: str) -> bool:
    """Tell whether OpenCV is missing, and say so."""
    if find_spec("cv2") is not None:
        return False
    print(f"absent: {peer}, because opencv-python is not installed")
    return True


def main() -> int:
    """Run the parts asked for, and end with 1 if a bound is not kept."""
    made = parser(__doc__)
    add_options(made)
    made.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, metavar="PART")
    made.add_argument("--only", nargs="+", choices=NAMES, metavar="NAME", help=", ".join(NAMES))
    made.add_argument("--frames", type=int, default=N_FRAMES, metavar="N", help="of each video")
    made.add_argument("--sheet", type=Path, metavar="FILE", help="write pictures side by side")
    options = made.parse_args()
    run, figures, details = Parallel(options.jobs), [], {}
    if "regions" in options.parts:
        figures, details = compare_regions(options, run)
    if "cutouts" in options.parts:
        figures += compare_cutouts(options, run)
    if "backgrounds" in options.parts:
        figures += compare_backgrounds(options, run)
    return report("Segmentation side by side", figures, options, details)


if __name__ == "__main__":
    sys.exit(main())
