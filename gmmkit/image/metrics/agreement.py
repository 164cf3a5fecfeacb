"""How well two divisions of a picture into regions agree: covering, Rand, information, refinement.

Each measure compares a segmentation with one annotation, or with several that count alike.
"""

import numpy as np
import numpy.typing as npt

from gmmkit.errors import InputError
from gmmkit.image.metrics.label_maps import Annotations, check_annotations, check_labels
from gmmkit.image.metrics.overlaps import Overlap, overlap_of
from gmmkit.image.pixels import Float64Array


def covering(segmentation: npt.ArrayLike, annotations: Annotations) -> float:
    """Return how well regions of the segmentation cover those of the annotations.

    Every annotated region counts by its area with the largest intersection over union that a
    region of the segmentation reaches; regions of all annotations are pooled.

    Parameters
    ----------
    segmentation : array_like of shape (H, W)
        Labels; their values do not matter. Pixels with a negative label are left out.
    annotations : array_like of shape (H, W) or (n, H, W), or sequence of array_like
        One label map or several.

    Returns
    -------
    float
        Above 0, at most 1, where 1 is a perfect match.

    Raises
    ------
    InputError
        If sizes differ, or something is no label map.

    References
    ----------
    P. Arbeláez et al., "Contour detection and hierarchical image segmentation", IEEE Trans.
    PAMI 33 (2011), equation 9.

    Examples
    --------
    >>> covering([[0, 0, 0, 1]], [[0, 0, 1, 1]])
    0.5833333333333333
    """
    overlaps = overlaps_with(segmentation, annotations)
    shares = [float(best_shares(each) @ each.column_areas) for each in overlaps]
    return sum(shares) / sum(each.n_pixels for each in overlaps)


def probabilistic_rand_index(segmentation: npt.ArrayLike, annotations: Annotations) -> float:
    """Return the share of pairs of pixels that segmentation and annotation treat alike.

    Alike means together in both, or apart in both. It is not corrected for chance: a blind grid
    of 3 × 3 reaches .73 on photos. Of several annotations the mean is taken.

    Parameters
    ----------
    segmentation : array_like of shape (H, W)
        Labels; their values do not matter. Pixels with a negative label are left out.
    annotations : array_like of shape (H, W) or (n, H, W), or sequence of array_like
        One label map or several.

    Returns
    -------
    float
        Between 0 and 1, where 1 is a perfect match.

    Raises
    ------
    InputError
        If sizes differ, or something is no label map.

    References
    ----------
    R. Unnikrishnan, C. Pantofaru and M. Hebert, "Toward objective evaluation of image
    segmentation algorithms", IEEE Trans. PAMI 29 (2007), equation 4.

    Examples
    --------
    >>> probabilistic_rand_index([[0, 0, 0, 1]], [[0, 0, 1, 1]])
    0.5
    """
    return _mean([rand_index(each) for each in overlaps_with(segmentation, annotations)])


def variation_of_information(segmentation: npt.ArrayLike, annotations: Annotations) -> float:
    """Return the bits that segmentation and annotation tell beyond each other, on average a pixel.

    It is a distance between divisions of a picture. Of several annotations the mean is taken.

    Parameters
    ----------
    segmentation : array_like of shape (H, W)
        Labels; their values do not matter. Pixels with a negative label are left out.
    annotations : array_like of shape (H, W) or (n, H, W), or sequence of array_like
        One label map or several.

    Returns
    -------
    float
        In bits: at least 0, which is a perfect match.

    Raises
    ------
    InputError
        If sizes differ, or something is no label map.

    References
    ----------
    M. Meilă, "Comparing clusterings: an axiomatic view", ICML 2005, equation 4, to base 2.

    Examples
    --------
    >>> variation_of_information([[0, 0, 1, 1]], [[0, 0, 0, 0]])
    1.0
    """
    return _mean([information_apart(each) for each in overlaps_with(segmentation, annotations)])


def global_consistency_error(segmentation: npt.ArrayLike, annotations: Annotations) -> float:
    """Return how far segmentation and annotation are from one refining the other.

    A map with one region, or with one for every pixel, has no error: read it beside another
    measure. Of several annotations the mean is taken.

    Parameters
    ----------
    segmentation : array_like of shape (H, W)
        Labels; their values do not matter. Pixels with a negative label are left out.
    annotations : array_like of shape (H, W) or (n, H, W), or sequence of array_like
        One label map or several.

    Returns
    -------
    float
        From 0 (one refines the other) to below 1.

    Raises
    ------
    InputError
        If sizes differ, or something is no label map.

    References
    ----------
    D. Martin et al., "A database of human segmented natural images", ICCV 2001, equation 2.

    Examples
    --------
    >>> global_consistency_error([[0, 0, 0, 1]], [[0, 0, 1, 1]])
    0.25
    """
    return _mean([refinement_error(each) for each in overlaps_with(segmentation, annotations)])


def overlaps_with(segmentation: npt.ArrayLike, annotations: Annotations) -> list[Overlap]:
    """Return the overlap with each annotation.

    Raises
    ------
    InputError
        If a map is none, sizes differ, or no pixel counts in both.
    """
    labels = check_labels(segmentation)
    overlaps = [overlap_of(labels, each) for each in check_annotations(annotations, labels.shape)]
    for number, overlap in enumerate(overlaps):
        check_some_pixels(overlap, number)
    return overlaps


def check_some_pixels(overlap: Overlap, number: int) -> None:
    """Refuse an annotation that excludes every pixel that the segmentation has."""
    if not overlap.n_pixels:
        raise InputError(
            f"annotation {number} has no pixel in common with the segmentation",
            found="a negative label in one of them wherever the other has none",
            needed="a pixel that both label",
        )


def best_shares(overlap: Overlap) -> Float64Array:
    """Return the largest intersection over union that each annotated region reaches."""
    areas = overlap.row_areas[overlap.rows] + overlap.column_areas[overlap.columns]
    best = np.zeros(overlap.shape[1])
    np.maximum.at(best, overlap.columns, overlap.counts / (areas - overlap.counts))
    return best


def rand_index(overlap: Overlap) -> float:
    """Return the share of pairs treated alike; without any pair, 1."""
    pairs = overlap.n_pixels * (overlap.n_pixels - 1) / 2
    if not pairs:
        return 1.0
    rows, columns = overlap.row_areas, overlap.column_areas
    together = overlap.counts @ overlap.counts
    return float(1 - (rows @ rows / 2 + columns @ columns / 2 - together) / pairs)


def information_apart(overlap: Overlap) -> float:
    """Return 2 H(S, A) - H(S) - H(A), in bits."""
    n = overlap.n_pixels
    apart = 2 * _entropy(overlap.counts / n)
    apart -= _entropy(overlap.row_areas / n) + _entropy(overlap.column_areas / n)
    # Rounding leaves equal maps a few units of the last place below zero.
    return max(apart, 0.0)


def refinement_error(overlap: Overlap) -> float:
    """Return the smaller of the two errors of refinement, summed over pixels, a pixel."""
    outside = [
        overlap.counts @ (1 - overlap.counts / areas)
        for areas in (overlap.row_areas[overlap.rows], overlap.column_areas[overlap.columns])
    ]
    return float(min(outside)) / overlap.n_pixels


def _entropy(shares: Float64Array) -> float:
    some = shares[shares > 0]
    return float(-(some @ np.log2(some)))


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
