"""Soft textons: how probable each component of a mixture is at every pixel.

A histogram of textons describes a region of any texture (Malik, Belongie, Leung and Shi, 2001).
Here the dictionary is a Gaussian mixture of the picture's own pixels, and a pixel counts toward all
its components by their responsibilities.
"""

import numpy as np

from gmmkit.core.checks import random_generator
from gmmkit.core.engine.scoring import Scorer
from gmmkit.core.execution import threads
from gmmkit.core.fits.fitting import fit
from gmmkit.core.mixture import Mixture
from gmmkit.image.hierarchy.working import WorkingPicture
from gmmkit.image.labeling import softmax
from gmmkit.image.pixels import Float32Array

# EM is stopped early: textons need to be told apart, not to be exact.
_FIT_PIXELS, _ITERATIONS, _TOLERANCE = 4000, 25, 1e-3
# The smallest standard deviation in every plane: in CIELAB, what is just visible.
_FLOOR = 1.0
_STRIPS = 8


def texton_planes(
    picture: WorkingPicture,
    n_textons: int,
    n_mixtures: int = 1,
    *,
    seed: int = 0,
    n_threads: int | None = None,
) -> Float32Array:
    """Return the responsibilities of every texton of one or more dictionaries at every pixel.

    Parameters
    ----------
    picture : WorkingPicture
    n_textons : int
        How many components a mixture has; fewer, where the picture has fewer different pixels.
    n_mixtures : int
        How many mixtures, from different starts; each has the same share of a pixel.
    seed : int or sequence of int
        The same seed gives the same textons.
    n_threads : int, optional

    Returns
    -------
    ndarray of shape (K, h, w)
        float32, summing to one over K.

    References
    ----------
    J. Malik, S. Belongie, T. Leung and J. Shi, "Contour and texture analysis for image
    segmentation", International Journal of Computer Vision 43 (2001).
    """
    random = random_generator(seed)
    rows = picture.planes.reshape(len(picture.planes), -1).T
    counted = rows if picture.mask is None else rows[picture.mask.ravel()]
    planes = [
        _responsibilities(_dictionary(counted, n_textons, random), rows, n_threads)
        for _ in range(n_mixtures)
    ]
    share = np.float32(1 / n_mixtures)
    return (np.concatenate(planes) * share).reshape(-1, *picture.shape)


def _dictionary(rows: Float32Array, n_textons: int, random: np.random.Generator) -> Mixture:
    chosen = random.choice(len(rows), min(len(rows), _FIT_PIXELS), replace=False)
    sample = np.ascontiguousarray(rows[chosen])
    # What differs by less than the floor is one texton.
    n_distinct = len(np.unique(np.round(sample / _FLOOR), axis=0))
    result = fit(
        sample,
        min(n_textons, n_distinct),
        start="kmeans",
        floor=np.full(sample.shape[1], _FLOOR),
        tol=_TOLERANCE,
        max_iter=_ITERATIONS,
        seed=int(random.integers(2**31)),
    )
    return result.mixture


def _responsibilities(mixture: Mixture, rows: Float32Array, n_threads: int | None) -> Float32Array:
    scorer = Scorer.of(mixture)
    with threads(n_threads) as executor:
        strips = np.array_split(rows, _STRIPS)
        pieces = executor.map(lambda strip: softmax(scorer.log_joint(strip)), strips)
        return np.concatenate(list(pieces), axis=1)
