"""How good and how fast `gmmkit.image.regions` is, on photos that it did not learn from.

The 200 training photos of BSDS500 in five folds by sorted name: of every photo the regions are
found with weights and threshold that were learned from the other four folds. Two conventions are
told: every measure at that one threshold, and each at its own best of 99. Behind a figure stands
its 95 % interval over photos drawn anew, and its spread over seeds.

Needs ``images/bsds500-train`` below the directory that GMMKIT_REFERENCE_DATA names.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from statistics import median
from time import perf_counter

import numpy as np
from bsds import (
    N_PHOTOS,
    Photo,
    add_options,
    differences,
    estimates,
    fold_models,
    photos,
)
from joblib import Parallel, delayed
from reporting import Figure, parser, report

from gmmkit.image import RegionModel, regions
from gmmkit.image.metrics import Scores, score

THRESHOLDS = 99
BOUNDS = {
    "covering": {"at_least": 0.655},
    "probabilistic_rand_index": {"at_least": 0.84},
    "variation_of_information": {"at_most": 1.45},
}
BOUNDARY_F, SECONDS = 0.70, 0.8


@dataclass(frozen=True, eq=False)
class Measured:
    """One photo: at the threshold of its fold, at all thresholds, gPb's labels, and the seconds."""

    one: Scores
    all: Scores
    gpb: Scores | None
    seconds: float


def measure(photo: Photo, model: RegionModel, seed: int, boundaries: bool) -> Measured:
    """Compare the regions of a photo with what people drew."""
    begin = perf_counter()
    hierarchy = regions(photo.pixels, model=model, seed=seed)
    seconds = perf_counter() - begin
    drawn = photo.annotations
    gpb = score(photo.gpb, drawn, kinds=("regions",)) if photo.gpb_path.exists() else None
    kinds = ("regions", "boundaries") if boundaries else ("regions",)
    one = score(hierarchy.cut(), drawn, kinds=("regions",))
    return Measured(one, score(hierarchy, drawn, THRESHOLDS, kinds=kinds), gpb, seconds)


def of_one_threshold(found: Sequence[Measured]) -> list[Figure]:
    """Return every measure at the threshold that the other folds chose, and gPb's distance."""
    ones = [each.one for each in found]
    figures = [
        Figure(f"{name}, one threshold", each.value, "", remark=_range(each), **BOUNDS[name])
        for name, each in estimates(ones).items()
        if name in BOUNDS
    ]
    if all(each.gpb is not None for each in found):
        apart = differences(ones, [each.gpb for each in found])
        for name in BOUNDS:
            label = f"{name} less that of gPb (trained on these photos)"
            figures.append(Figure(label, apart[name].value, "", remark=_range(apart[name])))
    return figures


def _range(estimate) -> str:
    return f"95 %: {estimate.low:.3f} to {estimate.high:.3f}"


def of_own_thresholds(total: Scores) -> list[Figure]:
    """Return every measure at its own best threshold, and the boundary measure."""
    counts = total.regions
    figures = [
        Figure("covering, own threshold", float(counts.covering.max()), ""),
        Figure("PRI, own threshold", float(counts.probabilistic_rand_index.max()), ""),
        Figure("VoI, own threshold", float(counts.variation_of_information.min()), "bits"),
    ]
    if total.boundaries is not None:
        best = float(total.boundaries.f1.max())
        figures.append(Figure("boundary F, ODS", best, "", at_least=BOUNDARY_F))
    return figures


def of_best_of_each(found: Sequence[Measured]) -> list[Figure]:
    """Return the covering and the boundary measure with each photo's own best threshold (OIS)."""
    best = [each.all.regions.at(int(each.all.regions.covering.argmax())) for each in found]
    figures = [Figure("covering, OIS", float(reduce(add, best).covering[0]), "")]
    if found[0].all.boundaries is not None:
        lines = [each.all.boundaries for each in found]
        chosen = reduce(add, [each.at(int(each.f1.argmax())) for each in lines])
        figures.append(Figure("boundary F, OIS", float(chosen.f1[0]), ""))
    return figures


def of_seeds(coverings: Mapping[int, float]) -> list[Figure]:
    """Return how much covering depends on the seed of the mixture."""
    if len(coverings) < 2:
        return []
    values = list(coverings.values())
    remark = " ".join(f"{value:.4f}" for value in values)
    return [
        Figure("spread of covering over seeds", float(np.std(values, ddof=1)), "", remark=remark)
    ]


def measured(
    options: argparse.Namespace, models: Mapping[int, RegionModel], seed: int, boundaries: bool
) -> list[Measured]:
    """Measure every photo with one seed."""
    print(f"seed {seed}", file=sys.stderr, flush=True)
    run = Parallel(options.jobs)
    return run(
        delayed(measure)(photo, models[photo.fold], seed, boundaries)
        for photo in photos(options.photos)
    )


def main() -> int:
    """Learn, measure, and report."""
    arguments = parser(__doc__)
    add_options(arguments)
    arguments.add_argument("--no-boundaries", action="store_true", help="leave out boundary F")
    options = arguments.parse_args()
    models = fold_models(
        options.models, learn_from=photos(options.learn_photos), n_jobs=options.jobs
    )
    first, *others = options.seeds
    found = measured(options, models, first, not options.no_boundaries)
    coverings = {first: estimates([each.one for each in found])["covering"].value}
    for seed in others:
        ones = [each.one for each in measured(options, models, seed, False)]
        coverings[seed] = estimates(ones)["covering"].value
    total = reduce(add, [each.all for each in found])
    speed = Figure("a photo", median(each.seconds for each in found), "s", at_most=SECONDS,
                   remark=f"{options.jobs} at a time, all threads")  # fmt: skip
    figures = [*of_one_threshold(found), *of_own_thresholds(total), *of_best_of_each(found),
               *of_seeds(coverings), speed]  # fmt: skip
    title = f"regions of {options.photos} of {N_PHOTOS} photos"
    return report(title, figures, options)


if __name__ == "__main__":
    sys.exit(main())
