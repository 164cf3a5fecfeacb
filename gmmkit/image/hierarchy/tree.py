"""Regions inside regions: computed once, cut wherever one likes."""

from dataclasses import dataclass, field
from functools import cached_property
from numbers import Real

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import check_count
from gmmkit.errors import InputError, ParameterError
from gmmkit.image.parts import extents
from gmmkit.image.pixels import Float32Array, Float64Array, Int32Array

Int64Array = npt.NDArray[np.int64]

# Edges are looked at a few rows at a time, so that those of a large picture never fill the memory.
_STRIP_PIXELS = 1 << 20


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """The regions of a picture, from the finest to the whole of it.

    Parameters
    ----------
    finest : ndarray of shape (H, W)
        int32, the finest regions, 0 to n-1, or -1 where a pixel is excluded; each is connected.
    merges : ndarray of shape (m, 2)
        Which two regions every step unites; step s makes region n + s.
    heights : ndarray of shape (m,)
        Probability that people would keep the two apart, 0 to 1; never falling.
    threshold : float
        Where `cut` cuts when nothing is asked for.

    Examples
    --------
    >>> finest = np.array([[0, 0, 1, 2], [0, 0, 1, 2]], np.int32)
    >>> hierarchy = Hierarchy(finest, np.array([[1, 2], [0, 3]]), np.array([0.2, 0.9]), 0.5)
    >>> hierarchy.cut()[0].tolist(), hierarchy.cut(threshold=0.1)[0].tolist()
    ([0, 0, 1, 1], [0, 0, 1, 2])
    >>> hierarchy.cut(n_regions=1)[0].tolist()
    [0, 0, 0, 0]
    """

    finest: Int32Array
    merges: Int64Array = field(repr=False)
    heights: Float64Array = field(repr=False)
    threshold: float

    def __post_init__(self) -> None:
        for name in ("finest", "merges", "heights"):
            kept = getattr(self, name).view()
            kept.flags.writeable = False
            object.__setattr__(self, name, kept)
        self._check()

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the picture."""
        return int(self.finest.shape[0]), int(self.finest.shape[1])

    @cached_property
    def n_finest(self) -> int:
        """How many regions there are at threshold 0."""
        return int(self.finest.max(initial=-1)) + 1

    @property
    def n_coarsest(self) -> int:
        """How many there are at threshold 1: one, or as many as excluded pixels keep apart."""
        return self.n_finest - len(self.merges)

    def cut(self, threshold: float | None = None, *, n_regions: int | None = None) -> Int32Array:
        """Return the regions at a threshold, or so many of them.

        Parameters
        ----------
        threshold : float, optional
            0 (the finest regions) to 1 (the whole picture): regions that people would keep apart
            with at most this probability are one. The default was chosen on people's own drawings.
        n_regions : int, optional
            How many regions instead.

        Returns
        -------
        ndarray of shape (H, W)
            int32, contiguous from 0, the largest first; -1 where a pixel is excluded. Every region
            is connected.

        Raises
        ------
        ParameterError
            If both are given, or one is out of range.
        """
        if threshold is not None and n_regions is not None:
            raise ParameterError(
                "a hierarchy is cut at a threshold or to a number of regions",
                found="both",
                needed="one of them",
            )
        if n_regions is not None:
            return self._after(self.n_finest - self._checked_count(n_regions))
        return self._after(self.n_merges(self.threshold if threshold is None else threshold))

    def n_merges(self, threshold: float) -> int:
        """Return how many steps a threshold allows.

        Raises
        ------
        ParameterError
            If it is not from 0 to 1.
        """
        usable = isinstance(threshold, Real) and not isinstance(threshold, bool)
        if not usable or not 0 <= threshold <= 1:
            raise ParameterError(
                "the threshold is out of range",
                found=repr(threshold),
                needed="a number from 0 (finest regions) to 1 (one region)",
            )
        return int(np.searchsorted(self.heights, threshold, side="right"))

    def n_regions(self, threshold: float | None = None) -> int:
        """Return how many regions a cut at a threshold has."""
        chosen = self.threshold if threshold is None else threshold
        return self.n_finest - self.n_merges(chosen)

    def boundary_strength(self) -> Float32Array:
        """Return the ultrametric contour map, (H, W), float32 from 0 to 1.

        A pixel has the strongest of the four edges about its lower right corner: the height at
        which the regions beside an edge become one. Edges beside excluded pixels have none. Where
        it is above a threshold are the borders of that cut (Arbeláez et al. 2011).

        References
        ----------
        P. Arbeláez, M. Maire, C. Fowlkes and J. Malik, "Contour detection and hierarchical image
        segmentation", IEEE Trans. PAMI 33 (2011).
        """
        strength = np.empty(self.shape, np.float32)
        step = max(1, _STRIP_PIXELS // self.shape[1])
        for start in range(0, len(strength), step):
            self._fill_strength(self.finest[start : start + step + 1], strength[start:][:step])
        return strength

    def doubled_strength(self) -> Float32Array:
        """Return the contour map between pixels, (2H+1, 2W+1), float32 from 0 to 1.

        A pixel is where row and column are odd, an edge between two pixels where one of them is
        even; corners have the strongest of their edges. That is the layout of the files called
        ucm2 of BSDS500.
        """
        height, width = self.shape
        right, down = self._edge_heights(self.finest)
        doubled = np.zeros((2 * height + 1, 2 * width + 1), np.float32)
        doubled[1::2, 2::2], doubled[2::2, 1::2] = right, down
        doubled[2::2, 2::2] = self.boundary_strength()
        # At the frame a corner has a single edge.
        doubled[0, 2::2], doubled[2::2, 0] = right[0], down[:, 0]
        return doubled

    def _fill_strength(self, labels: Int32Array, into: Float32Array) -> None:
        """Fill in the strength of some rows, from theirs and the next one if there is one."""
        right, down = self._edge_heights(labels)
        np.maximum(right[: len(into)], down[: len(into)], out=into)
        above = into[: len(right) - 1]
        np.maximum(above, right[1:], out=above)
        np.maximum(into[:, :-1], down[: len(into), 1:], out=into[:, :-1])

    def _after(self, n_merges: int) -> Int32Array:
        """Return the regions after so many steps, numbered by area, then by place."""
        areas, first = self._extents
        groups = np.unique(self._roots(n_merges), return_inverse=True)[1]
        total = np.bincount(groups, areas)
        earliest = np.full(len(total), self.finest.size)
        np.minimum.at(earliest, groups, first)
        numbers = np.empty(len(total), np.int32)
        numbers[np.lexsort((earliest, -total))] = np.arange(len(total))
        # The last entry answers to -1, the excluded pixels.
        labels: Int32Array = np.append(numbers[groups], np.int32(-1))[self.finest]
        return labels

    @cached_property
    def _extents(self) -> tuple[Int64Array, Int64Array]:
        """The number of pixels of each finest region, and its first pixel."""
        return extents(self.finest, self.n_finest)

    def _roots(self, n_merges: int) -> Int64Array:
        """Return what each finest region is part of after so many steps."""
        parents = np.arange(self.n_finest + n_merges)
        parents[self.merges[:n_merges].T] = self.n_finest + np.arange(n_merges)
        while True:
            ancestors = parents[parents]
            if np.array_equal(ancestors, parents):
                return parents[: self.n_finest]
            parents = ancestors

    def _checked_count(self, n_regions: int) -> int:
        count = check_count(n_regions, "n_regions")
        if not self.n_coarsest <= count <= self.n_finest:
            raise ParameterError(
                "the picture has no such number of regions",
                found=f"n_regions={count}",
                needed=f"{self.n_coarsest} to {self.n_finest}",
                hint="ask for fewer regions" if count > self.n_finest else "",
            )
        return count

    def _edge_heights(self, labels: Int32Array) -> tuple[Float32Array, Float32Array]:
        """Return the height of the edge to the right of and below every pixel, (h, W) each."""
        right, down = np.zeros(labels.shape, np.float32), np.zeros(labels.shape, np.float32)
        self._fill_heights(labels[:, :-1], labels[:, 1:], right[:, :-1])
        self._fill_heights(labels[:-1], labels[1:], down[:-1])
        return right, down

    def _fill_heights(self, one: Int32Array, other: Int32Array, into: Float32Array) -> None:
        between = (one != other) & (one >= 0) & (other >= 0)
        low, high = np.minimum(one, other)[between], np.maximum(one, other)[between]
        keys, numbers = np.unique(low.astype(np.int64) * self.n_finest + high, return_inverse=True)
        into[between] = self._heights_of(*np.divmod(keys, self.n_finest))[numbers]

    def _heights_of(self, one: Int64Array, other: Int64Array) -> Float64Array:
        """Return the heights at which pairs of finest regions become one."""
        # Regions that no step unites meet in one that stands above all, at height 1.
        n_regions = self.n_finest + len(self.merges)
        parents = np.full(n_regions + 1, n_regions)
        parents[self.merges.T] = self.n_finest + np.arange(len(self.merges))
        # A region has a lower number than what it is part of, so the lower one climbs.
        while (apart := one != other).any():
            one, other = np.minimum(one, other), np.maximum(one, other)
            one = np.where(apart, parents[one], one)
        heights: Float64Array = np.append(self.heights, 1.0)[one - self.n_finest]
        return heights

    def _check(self) -> None:
        """Refuse gaps in the numbers, regions of later steps, falling heights."""
        merges, heights = self.merges, self.heights
        counts = self._extents[0] if self.finest.min(initial=0) >= -1 else np.zeros(0)
        steps = len(counts) + np.arange(len(merges))
        sound = (
            len(counts) > 0
            and counts.all()
            and merges.shape == (len(heights), 2)
            and (merges < steps[:, None]).all()
            and len(np.unique(merges)) == merges.size
            and (np.diff(heights, prepend=0.0, append=1.0) >= 0).all()
        )
        if not sound:
            raise InputError(
                "this is no hierarchy",
                found=f"{len(counts)} regions, {len(merges)} merges, {len(heights)} heights",
                needed="contiguous regions, each merged at most once, at heights from 0 up to 1",
            )
