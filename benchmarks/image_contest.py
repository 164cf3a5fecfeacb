"""A contest of segmentations: parameters chosen on other folds, then every photo once.

Choosing goes by covering, and looks at no photo of the fold that it is for.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from time import process_time
from typing import Any

from bsds import Estimate, Photo, differences, estimates, other_folds, photos
from image_peers import Contestant
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from gmmkit.image.metrics import RegionCounts, Scores, count_regions, score

MEASURES = {
    "covering": "covering",
    "probabilistic_rand_index": "PRI",
    "variation_of_information": "VoI",
    "boundary_f": "boundary F",
}


@dataclass(frozen=True, eq=False)
class Result:
    """A contestant's parameter for each fold, each seed's scores of all photos, CPU seconds."""

    contestant: Contestant
    chosen: Mapping[int, Any]
    scores: Mapping[int, Sequence[Scores]]
    seconds: Sequence[float]

    @property
    def first(self) -> Sequence[Scores]:
        """The scores of the first seed, of which the table is."""
        return next(iter(self.scores.values()))

    @property
    def parameter(self) -> str:
        """What was chosen, and for how many folds if not for all."""
        counts = Counter(map(str, self.chosen.values())).most_common()
        return counts[0][0] if len(counts) == 1 else "; ".join(f"{p} ({n}x)" for p, n in counts)

    def cells(self, gpb: "Result | None") -> list[str]:
        """Return a line of the table."""
        found = estimates(self.first)
        seconds = f"{median(self.seconds):.2f}" if self.contestant.is_timed else ""
        lead = _signed(differences(self.first, gpb.first)["covering"]) if gpb else "gPb is absent"
        values = [str(found[name]) for name in MEASURES]
        return [self.contestant.name, *values, seconds, "" if self is gpb else lead, self.parameter]

    def details(self) -> dict[str, Any]:
        """Return everything, for JSON."""
        return {
            "parameters": {fold: str(each) for fold, each in self.chosen.items()},
            "measures": {name: asdict(each) for name, each in estimates(self.first).items()},
            "covering_of_seeds": {
                seed: estimates(each)["covering"].value for seed, each in self.scores.items()
            },
            "median_cpu_seconds": median(self.seconds),
        }


def _signed(difference: Estimate) -> str:
    return f"{difference.value:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}]"


def count_all(contestant: Contestant, photo: Photo, seed: int) -> RegionCounts:
    """Compare a photo's regions for every parameter with what people drew."""
    with threadpool_limits(1):
        found = list(contestant.find(photo, contestant.parameters, seed))
    return count_regions(found, photo.annotations)


def choose(
    contestant: Contestant, chosen: Sequence[Photo], seed: int, run: Parallel
) -> Mapping[int, Any]:
    """Return for every fold the parameter of the best covering on the others."""
    if len(contestant.parameters) == 1:
        return dict.fromkeys((photo.fold for photo in chosen), contestant.parameters[0])
    tell(f"choosing of {contestant.name}")
    counts = dict(
        zip(chosen, run(delayed(count_all)(contestant, each, seed) for each in chosen), strict=True)
    )
    best = {}
    for fold in sorted({photo.fold for photo in chosen}):
        first, *others = (counts[photo] for photo in other_folds(chosen, fold))
        total = sum(others, start=first)
        best[fold] = contestant.parameters[int(total.covering.argmax())]
    return best


def measure(
    contestant: Contestant, parameter: Any, photo: Photo, seed: int
) -> tuple[Scores, float]:
    """Score one photo at the parameter chosen for it; return the CPU seconds too."""
    with threadpool_limits(1):
        begin = process_time()
        labels = contestant.labels(photo, parameter, seed)
        seconds = process_time() - begin
    return score(labels, photo.annotations, kinds=("regions", "boundaries")), seconds


def measure_everyone(
    everyone: Sequence[Contestant], options: argparse.Namespace, run: Parallel
) -> dict[str, Result]:
    """Let every contestant choose, then segment all photos with every seed that matters to it."""
    chosen_photos, found = photos(options.photos), {}
    for each in everyone:
        chosen = choose(each, chosen_photos, options.seeds[0], run)
        tell(f"measuring {each.name}")
        scores, seconds = {}, []
        for seed in options.seeds if each.is_seeded else options.seeds[:1]:
            pairs = run(delayed(measure)(each, chosen[p.fold], p, seed) for p in chosen_photos)
            scores[seed] = [one for one, _ in pairs]
            seconds += [time for _, time in pairs]
        found[each.name] = Result(each, chosen, scores, seconds)
    return found


def tell(words: str) -> None:
    """Say how far things are."""
    print(words, file=sys.stderr, flush=True)
