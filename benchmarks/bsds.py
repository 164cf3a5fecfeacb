"""The 200 training photos of BSDS500: folds, models learned on the other folds, intervals.

Needs ``images/bsds500-train`` below the directory that GMMKIT_REFERENCE_DATA names; gPb-owt-ucm's
labels of the same photos are beside it, in ``bsds500-train-gpb``. A photo's fold is its place among
the sorted names modulo five, however few of them are looked at.
"""

import argparse
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

import gmmkit
from gmmkit.image import RegionModel, learn_regions
from gmmkit.image.hierarchy.model import region_model
from gmmkit.image.metrics.scores import MEASURES, Scores
from gmmkit.io.segmentations import read_annotations, read_segmentation

VARIABLE = "GMMKIT_REFERENCE_DATA"
N_PHOTOS, N_FOLDS = 200, 5
DRAWS, LEVEL = 2000, 0.95

# The code that what is learned depends on.
_SOURCES = ("hierarchy/*.py", "hierarchy/compiled/*.py", "features/*.py")

Labels = npt.NDArray[np.integer[Any]]
Pixels = npt.NDArray[np.uint8]
Weights = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Photo:
    """One photo: where it is, and which fold it belongs to."""

    path: Path
    fold: int

    @property
    def name(self) -> str:
        """What the file is called, without its suffix."""
        return self.path.stem

    @property
    def pixels(self) -> Pixels:
        """The photo, (H, W, 3) uint8."""
        with Image.open(self.path) as opened:
            return np.asarray(opened.convert("RGB"))

    @property
    def annotations(self) -> tuple[Labels, ...]:
        """What people drew, each (H, W)."""
        return read_annotations(self.path.with_suffix(".npz"))

    @property
    def gpb_path(self) -> Path:
        """Where gPb-owt-ucm's labels are."""
        return self.path.parent.with_name(f"{self.path.parent.name}-gpb") / f"{self.name}.npz"

    @property
    def gpb(self) -> Labels:
        """gPb-owt-ucm's labels at its best threshold, (H, W); it was trained on these photos."""
        return read_segmentation(self.gpb_path).maps[0]


@dataclass(frozen=True)
class Estimate:
    """A figure of a set of photos, and its interval over photos drawn anew."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what benchmarks on these photos have in common."""
    add = parser.add_argument
    add("--photos", type=_number_of_photos, default=N_PHOTOS, metavar="N", help="how many, spread")
    add("--learn-photos", type=_number_of_photos, default=N_PHOTOS, metavar="N",
        help="how many to learn from, spread; of these, those of the other folds")  # fmt: skip
    add("--models", type=Path, metavar="FOLDER", help="keep there what was learned, and use it")
    add("--seeds", type=int, nargs="+", default=[0], metavar="N", help="of where mixtures start")
    add("--jobs", type=int, default=1, metavar="N", help="photos at a time")


def _number_of_photos(text: str) -> int:
    number = int(text)
    if not N_FOLDS <= number <= N_PHOTOS:
        raise argparse.ArgumentTypeError(f"{number} is not from {N_FOLDS} to {N_PHOTOS}")
    return number


def photos(n: int = N_PHOTOS) -> tuple[Photo, ...]:
    """Return so many of the photos, spread evenly over the sorted names and over the folds."""
    if VARIABLE not in os.environ:
        raise SystemExit(f"set {VARIABLE} to the directory that has images/bsds500-train")
    found = sorted(Path(os.environ[VARIABLE], "images", "bsds500-train").glob("*.jpg"))
    if len(found) != N_PHOTOS:
        raise SystemExit(f"images/bsds500-train has {len(found)} photos, not {N_PHOTOS}")
    every = [Photo(path, place % N_FOLDS) for place, path in enumerate(found)]
    # In bins of whole folds, evenly spaced places would all have the same remainder.
    places = [N_PHOTOS * step // n for step in range(n)]
    moved = [place - place % N_FOLDS + step % N_FOLDS for step, place in enumerate(places)]
    return tuple(every[place] for place in (moved if n <= N_PHOTOS // N_FOLDS else places))


def other_folds(chosen: Sequence[Photo], fold: int) -> list[Photo]:
    """Return the photos that are not of a fold."""
    return [photo for photo in chosen if photo.fold != fold]


def fold_models(
    folder: Path | None = None,
    *,
    learn_from: Sequence[Photo] | None = None,
    seed: int = 0,
    n_jobs: int | None = None,
    on_progress: Callable[[str], None] | None = None,
    **options: Any,
) -> Mapping[int, RegionModel]:
    """Return for every fold a model that was learned without its photos.

    Parameters
    ----------
    folder : Path, optional
        Where models are kept, and found again: their names have a digest of photos, options and
        code.
    learn_from : sequence of Photo, optional
        All by default.
    seed, n_jobs : int
    on_progress : callable, optional
        Called with a few words before each step.
    **options
        Of `gmmkit.image.learn_regions`.
    """
    tell = on_progress or (lambda words: None)
    models = {}
    for fold in range(N_FOLDS):
        others = other_folds(photos() if learn_from is None else learn_from, fold)
        path = folder and folder / f"fold-{fold}-{_digest(others, seed, options)}.gmm"
        if path is None or not path.exists():
            tell(f"learning from {len(others)} photos, without fold {fold}")
            model = _learned(others, seed=seed, n_jobs=n_jobs, **options)
            _keep(model, path)
        models[fold] = model if path is None else region_model(path)
    return models


def _learned(learn_from: Sequence[Photo], **options: Any) -> RegionModel:
    annotations = [np.stack(photo.annotations) for photo in learn_from]
    return learn_regions([photo.path for photo in learn_from], annotations, **options)


def _keep(model: RegionModel, path: Path | None) -> None:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        gmmkit.save(model.packed(), path)


def _digest(learn_from: Sequence[Photo], seed: int, options: Mapping[str, Any]) -> str:
    said = [[photo.name for photo in learn_from], seed, sorted(options.items())]
    digest = hashlib.sha256(repr(said).encode())
    home = Path(gmmkit.__file__).parent / "image"
    for path in sorted(path for pattern in _SOURCES for path in home.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def drawn_anew(n: int, draws: int = DRAWS, seed: int = 0) -> Weights:
    """Return how often each of n photos counts, (1 + draws, n): once, then in each draw."""
    random = np.random.default_rng(seed)
    drawn = random.multinomial(n, np.full(n, 1 / n), draws)
    return np.vstack([np.ones((1, n)), drawn])


def weighted(scores: Sequence[Scores], weights: Weights) -> Scores:
    """Return the pooled scores of each draw, as if draws were thresholds.

    Parameters
    ----------
    scores : sequence of n Scores
        Of one photo each, at one threshold.
    weights : ndarray of shape (draws, n)
    """
    parts = {field.name: [getattr(each, field.name) for each in scores] for field in fields(Scores)}
    return Scores(**{name: _summed(counts, weights) for name, counts in parts.items()})


def _summed(counts: Sequence[Any], weights: Weights) -> Any:
    if counts[0] is None:
        return None
    columns = {
        field.name: np.array([np.ravel(getattr(each, field.name))[0] for each in counts])
        for field in fields(counts[0])
    }
    return type(counts[0])(**{name: weights @ column for name, column in columns.items()})


def estimates(scores: Sequence[Scores]) -> dict[str, Estimate]:
    """Return every measure pooled over photos, with its interval."""
    pooled = weighted(scores, drawn_anew(len(scores)))
    return {name: _estimate(values) for name, values in _measures(pooled).items()}


def differences(ours: Sequence[Scores], theirs: Sequence[Scores]) -> dict[str, Estimate]:
    """Return how far every measure of ours is above theirs, on the same photos in every draw."""
    weights = drawn_anew(len(ours))
    mine, other = (_measures(weighted(each, weights)) for each in (ours, theirs))
    return {name: _estimate(mine[name] - other[name]) for name in mine}


def _measures(scores: Scores) -> dict[str, Weights]:
    return {each.name: each.of(scores) for each in MEASURES if getattr(scores, each.kind)}


def _estimate(values: Weights) -> Estimate:
    low, high = np.quantile(values[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(values[0]), float(low), float(high))
