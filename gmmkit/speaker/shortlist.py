"""Who is worth a closer look: one short row a speaker, compared with one of the recording.

A speaker's adapted means, in standard deviations and weighted as the UBM's components are, make a
supervector; its inner product with a recording's is the kernel of Campbell, Sturim and Reynolds
(2006). A subsampled random cosine transform keeps inner products in a few hundred numbers (Tropp,
"Improved analysis of the subsampled randomized Hadamard transform", 2011).
"""

import numpy as np
import numpy.typing as npt

from gmmkit.core.adapt import mean_offsets, mean_statistics
from gmmkit.core.checks import Float64Array
from gmmkit.speaker.background import BackgroundModel
from gmmkit.speaker.enrollment import Enrollment, Heard

Float16Array = npt.NDArray[np.float16]

# Up to this many people everyone is scored; beyond, those whom the shortlist finds.
EXACT_LIMIT = 1_000
SHORTLIST = 500
# Who scores are compared with in a larger registry: as many as in one where everyone is scored.
COUNTED = 300
LENGTH = 500
_SEED = 20_001


def projection_of(enrollment: Enrollment, background: BackgroundModel) -> Float16Array:
    """Return a speaker's row, (500,), of unit length.

    The mean of the models of all conditions, as the first subsystem hears them.
    """
    first = background.subsystems[0]
    offsets = enrollment.offsets(background.relevance)[0]
    mean = np.mean([offsets[condition] for condition in first.conditions], axis=0)
    return _projected(_supervector(mean, background))


def projection_of_test(heard: Heard, background: BackgroundModel) -> Float16Array:
    """Return a recording's row, (500,), of unit length."""
    statistics = mean_statistics(heard.frames[0], background.subsystems[0].ubm)
    offsets = mean_offsets(statistics, relevance=background.relevance)
    return _projected(_supervector(offsets, background))


def nearest(row: Float16Array, rows: npt.NDArray[np.floating], count: int) -> npt.NDArray[np.intp]:
    """Return which of the rows (n, 500) have the largest inner products with one, in their order.

    Examples
    --------
    >>> rows = np.array([[1.0, 0.0], [0.0, 1.0], [0.8, 0.6]])
    >>> nearest(np.array([1.0, 0.0], np.float16), rows, 2).tolist()
    [0, 2]
    """
    products = rows.astype(np.float32, copy=False) @ row.astype(np.float32)
    if count >= len(rows):
        return np.arange(len(rows))
    return np.sort(np.argpartition(-products, count - 1)[:count])


def evenly_spread(n: int, count: int) -> npt.NDArray[np.intp]:
    """Return `count` of n positions that depend on n alone.

    Examples
    --------
    >>> evenly_spread(10, 5).tolist()
    [0, 2, 4, 6, 8]
    """
    return np.unique(np.arange(count) * n // count)


def _supervector(offsets: Float64Array, background: BackgroundModel) -> Float64Array:
    ubm = background.subsystems[0].ubm
    weighted: Float64Array = offsets * ubm.factors * np.sqrt(ubm.weights)[:, None]
    return weighted.ravel()


def _projected(vector: Float64Array) -> Float16Array:
    from scipy.fft import dct

    random = np.random.default_rng(_SEED)
    signs = random.choice([-1.0, 1.0], len(vector))
    kept = np.sort(random.permutation(len(vector))[:LENGTH])
    row = dct(signs * vector, norm="ortho")[kept]
    length = np.linalg.norm(row)
    padded = np.zeros(LENGTH, np.float16)
    padded[: len(row)] = row / max(length, np.finfo(float).tiny)
    return padded
