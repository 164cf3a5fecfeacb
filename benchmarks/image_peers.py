"""Who takes part in image_side_by_side.py, and which parameters each may choose among.

A contestant gives one label map for each parameter it is asked for. What several parameters have in
common is computed once; asked for one alone, it takes as long as anybody would wait for it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np
from bsds import Labels, Photo
from PIL import Image

from gmmkit.image import RegionModel, connected_regions, regions, segment

Find = Callable[[Photo, Sequence[Any], int], Iterator[Labels]]

CLASSES = tuple(range(2, 11))
_FITTED_PIXELS = 20_000
_FAR = 1e9


@dataclass(frozen=True)
class Contestant:
    """A method, the parameters that are tried, and whether seeds and times mean anything."""

    name: str
    find: Find
    parameters: tuple[Any, ...]
    is_seeded: bool = False
    is_timed: bool = True

    def labels(self, photo: Photo, parameter: Any, seed: int) -> Labels:
        """Return the labels for one parameter."""
        return next(self.find(photo, [parameter], seed))


@dataclass(frozen=True)
class Scale:
    """Of Felzenszwalb and Huttenlocher's graph-based segmentation."""

    scale: float
    smallest: int

    def __str__(self) -> str:
        return f"scale {self.scale:g}, min_size {self.smallest}"


@dataclass(frozen=True)
class Cut:
    """Of superpixels whose graph is cut."""

    n_segments: int
    threshold: float

    def __str__(self) -> str:
        return f"{self.n_segments} segments, threshold {self.threshold:g}"


@dataclass(frozen=True)
class Shift:
    """Of quick shift, in pixels of a photo of half the size."""

    kernel_size: float
    distance: float

    def __str__(self) -> str:
        return f"kernel_size {self.kernel_size:g}, max_dist {self.distance:g}"


@dataclass(frozen=True)
class Classes:
    """Of mixtures over the pixels' colors."""

    k: int

    def __str__(self) -> str:
        return f"k = {self.k}"


@dataclass(frozen=True)
class Own:
    """Of what has its threshold from what it was learned from."""

    def __str__(self) -> str:
        return "its own"


def find_regions(
    models: Mapping[int, RegionModel], photo: Photo, parameters: Sequence[Own], seed: int
) -> Iterator[Labels]:
    """Cut our hierarchy where the model of the other folds says."""
    found = regions(photo.pixels, model=models[photo.fold], seed=seed, n_threads=1)
    yield from (found.cut() for _ in parameters)


def find_classes(photo: Photo, parameters: Sequence[Classes], seed: int) -> Iterator[Labels]:
    """Take the connected parts of our classes, small ones absorbed."""
    for each in parameters:
        yield connected_regions(segment(photo.pixels, each.k, seed=seed, n_threads=1).labels)


def find_gpb(photo: Photo, parameters: Sequence[Own], seed: int) -> Iterator[Labels]:
    """Take gPb-owt-ucm's labels as they were published."""
    yield from (photo.gpb for _ in parameters)


def find_felzenszwalb(photo: Photo, parameters: Sequence[Scale], seed: int) -> Iterator[Labels]:
    """Run scikit-image's graph-based segmentation."""
    from skimage.segmentation import felzenszwalb

    for each in parameters:
        yield felzenszwalb(photo.pixels, scale=each.scale, min_size=each.smallest)


def find_superpixels(photo: Photo, parameters: Sequence[Cut], seed: int) -> Iterator[Labels]:
    """Run scikit-image's SLIC, and cut the graph of mean colors at a threshold."""
    from skimage import graph
    from skimage.segmentation import slic

    pixels = photo.pixels
    for n_segments, cuts in groupby(parameters, attrgetter("n_segments")):
        labels = slic(pixels, n_segments=n_segments, start_label=0)
        colors = graph.rag_mean_color(pixels, labels)
        for each in cuts:
            yield graph.cut_threshold(labels, colors, each.threshold, in_place=False)


def find_modes(photo: Photo, parameters: Sequence[Shift], seed: int) -> Iterator[Labels]:
    """Run scikit-image's quick shift on the photo at half its size.

    At full size the kernels that people's regions need take minutes.
    """
    from skimage.segmentation import quickshift

    pixels = photo.pixels
    halved = np.asarray(Image.fromarray(pixels).reduce(2))
    height, width = pixels.shape[:2]
    for kernel_size, shifts in groupby(parameters, attrgetter("kernel_size")):
        _, *tree = quickshift(
            halved, kernel_size=kernel_size, max_dist=_FAR, return_tree=True, rng=seed
        )
        for each in shifts:
            labels = _cut_tree(*map(np.asarray, tree), each.distance)
            yield labels.repeat(2, axis=0).repeat(2, axis=1)[:height, :width]


def _cut_tree(parents: Labels, distances: Labels, farthest: float) -> Labels:
    """Return the trees that are left without steps beyond a distance, as `max_dist` leaves them."""
    own = np.arange(parents.size)
    roots = np.where(distances.ravel() > farthest, own, parents.ravel())
    while not np.array_equal(roots, roots[roots]):
        roots = roots[roots]
    return np.unique(roots, return_inverse=True)[1].reshape(parents.shape)


def find_mixture(photo: Photo, parameters: Sequence[Classes], seed: int) -> Iterator[Labels]:
    """Fit scikit-learn's mixture to the Lab colors of some pixels; take connected parts."""
    from skimage.color import rgb2lab
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    pixels = photo.pixels
    rows = rgb2lab(pixels).reshape(-1, 3)
    sample = np.random.default_rng(seed).choice(rows, _FITTED_PIXELS, replace=False)
    for each in parameters:
        with catch_warnings():
            simplefilter("ignore", ConvergenceWarning)
            fitted = GaussianMixture(each.k, random_state=seed).fit(sample)
        yield connected_regions(fitted.predict(rows).reshape(pixels.shape[:2]))


def contestants(models: Mapping[int, RegionModel]) -> tuple[Contestant, ...]:
    """Return everyone, ours first; `models` are those of every fold, learned on the others."""
    own, classes = (Own(),), tuple(map(Classes, CLASSES))
    scales = tuple(Scale(s, m) for m in (100, 500, 1500) for s in (200, 300, 400, 600, 800))
    cuts = tuple(Cut(n, t) for n in (200, 400, 800) for t in (15, 20, 25, 30, 35, 40))
    shifts = tuple(Shift(w, d) for w in (11, 15, 20) for d in (20, 30, 45, 60))
    return (
        Contestant("gmmkit regions", partial(find_regions, models), own, is_seeded=True),
        Contestant("gPb-owt-ucm", find_gpb, own, is_timed=False),
        Contestant("felzenszwalb", find_felzenszwalb, scales),
        Contestant("slic + RAG", find_superpixels, cuts),
        Contestant("quickshift", find_modes, shifts),
        Contestant("scikit-learn GMM, Lab", find_mixture, classes, is_seeded=True),
        Contestant("gmmkit segment", find_classes, classes, is_seeded=True),
    )
