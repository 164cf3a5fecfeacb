"""The density of a mixture along rays from its components' centers, out to where nothing is left.

A row of component k is μ_k + r L_k u, with u on the unit sphere and r² chi-square distributed.
Given u, how probable it is that the density lies below some level follows in closed form from
where the ray crosses that level: only directions have to be drawn.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gmmkit.core.algebra.chi_square import log_chi_square_tail
from gmmkit.core.algebra.geometry import (
    covariance_roots,
    log_normal_constant,
    log_of,
    log_sum_exp,
)
from gmmkit.core.checks import Float64Array
from gmmkit.core.mixture import Mixture

_INNER_NODES = 128
_OUTER_NODES = 160
# So many deviations past the bulk of a component less than 1e-9 of it is left.
_MARGIN = 6.0
_BLOCK_NUMBERS = 2**18

Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Rays:
    """Log densities at nodes along rays that come in opposite pairs.

    Attributes
    ----------
    components : ndarray of shape (R,)
        Where each ray begins; two neighbors are opposite.
    weights : ndarray of shape (K,)
        Of the components.
    radii : ndarray of shape (J,)
        Mahalanobis distances from the center, from zero.
    log_densities : ndarray of shape (R, J)
    n_features : int
    """

    components: Indices
    weights: Float64Array
    radii: Float64Array
    log_densities: Float64Array
    n_features: int

    @property
    def ray_weights(self) -> Float64Array:
        """A component's weight, shared among its rays, (R,)."""
        shares: Float64Array = self.weights / np.bincount(self.components)
        return shares[self.components]

    @property
    def node_weights(self) -> Float64Array:
        """How probable a distance between a node and the next is, (J,); they sum to one."""
        tails = np.exp(log_chi_square_tail(self.radii**2, self.n_features))
        shares: Float64Array = tails - np.append(tails[1:], 0.0)
        return shares

    def log_probabilities(self, levels: Float64Array) -> tuple[Float64Array, Float64Array]:
        """Return log P(log density <= level) and its relative standard error, (T,) each.

        Parameters
        ----------
        levels : ndarray of shape (T,)
            Increasing.
        """
        beyond, shift = self._beyond(levels)
        pairs = 0.5 * (beyond[:, ::2] + beyond[:, 1::2])
        membership = np.eye(len(self.weights))[self.components[::2]]
        count = membership.sum(axis=0)
        means = pairs @ membership / count
        squares = np.maximum(pairs**2 @ membership / count - means**2, 0.0)
        total = means @ self.weights
        errors = np.sqrt((squares / np.maximum(count - 1, 1)) @ self.weights**2)
        relative = np.divide(errors, total, out=np.ones_like(total), where=total > 0)
        return log_of(total) + shift, relative

    def _beyond(self, levels: Float64Array) -> tuple[Float64Array, Float64Array]:
        """P(log density <= level) along each ray (T, R), divided by exp(shift) of each level.

        Every way out of the region above the level adds what lies beyond it, and every way back
        takes that away.
        """
        level, ray, sign, log_tails = self._crossings(levels)
        below = self.log_densities[:, 0] <= levels[:, None]
        shift = np.where(below.any(axis=1), 0.0, -np.inf)
        np.maximum.at(shift, level, log_tails)
        shift[~np.isfinite(shift)] = 0.0
        shape = len(levels), len(self.components)
        terms = sign * np.exp(log_tails - shift[level])
        sums = np.bincount(level * shape[1] + ray, terms, minlength=shape[0] * shape[1])
        # Wherever a ray begins below a level, that level's shift is zero.
        total = sums.reshape(shape) + below
        return np.maximum(total, 0.0), shift

    def _crossings(
        self, levels: Float64Array
    ) -> tuple[Indices, Indices, Float64Array, Float64Array]:
        """Level, ray, +1 outward or -1 inward, and the log tail beyond, of every crossing.

        Between nodes the log density is taken as linear in the squared radius, which is exact for
        a single Gaussian.
        """
        here, there = self.log_densities[:, :-1].ravel(), self.log_densities[:, 1:].ravel()
        first = np.searchsorted(levels, np.minimum(here, there), side="left")
        count = np.searchsorted(levels, np.maximum(here, there), side="left") - first
        cell = np.repeat(np.arange(len(here)), count)
        level = np.arange(len(cell)) - np.repeat(np.cumsum(count) - count - first, count)
        ray, node = np.divmod(cell, len(self.radii) - 1)
        squares = self.radii**2
        part = (here[cell] - levels[level]) / (here[cell] - there[cell])
        crossed = squares[node] + part * (squares[node + 1] - squares[node])
        sign = np.where(here[cell] > there[cell], 1.0, -1.0)
        return level, ray, sign, log_chi_square_tail(crossed, self.n_features)


def cast_rays(mixture: Mixture, n_rays: int, depth: float, random: np.random.Generator) -> Rays:
    """Return the densities along rays from every component, half of them by its weight.

    Parameters
    ----------
    mixture : Mixture
        Without components of weight zero.
    n_rays : int
        About how many rays in all; each component has at least four.
    depth : float
        How far below the component with the lowest peak levels will be asked for, in nats.
    random : Generator

    Examples
    --------
    >>> mixture = Mixture([1.0], [[0.0, 0.0]], [np.eye(2)])
    >>> cast_rays(mixture, 4, 50.0, np.random.default_rng(0)).log_densities[:, 0].round(3)
    array([-1.838, -1.838, -1.838, -1.838])
    """
    frames = _Frames.of(mixture)
    # The lowest level is reached within this squared distance. Going twice as far, a component's
    # share of whatever density is still above that level is negligible.
    squared_reach = 2.0 * (depth + np.logaddexp.reduce(frames.peaks) - frames.peaks.min())
    radii = _radii(mixture.n_features, np.sqrt(2.0 * squared_reach))
    profiles = [
        frames.profiles(k, directions, radii)
        for k, directions in enumerate(_directions(mixture, n_rays, random))
    ]
    components = np.repeat(np.arange(len(profiles)), [len(profile) for profile in profiles])
    return Rays(components, mixture.weights, radii, np.concatenate(profiles), mixture.n_features)


def _radii(n_features: int, reach: float) -> Float64Array:
    """Even steps through the bulk of a Gaussian, then ever longer ones."""
    bulk = np.sqrt(n_features) + _MARGIN
    inner = np.linspace(0.0, bulk, _INNER_NODES)
    return np.append(inner, np.geomspace(bulk, max(reach, 2 * bulk), _OUTER_NODES + 1)[1:])


def _directions(
    mixture: Mixture, n_rays: int, random: np.random.Generator
) -> Iterator[Float64Array]:
    """For each component unit vectors, one after the other opposite."""
    for weight in mixture.weights:
        share = 0.5 * (weight + 1.0 / mixture.n_components)
        count = max(2, round(0.5 * n_rays * share))
        normal = random.standard_normal((count, mixture.n_features))
        half = normal / np.linalg.norm(normal, axis=1, keepdims=True)
        yield np.stack([half, -half], axis=1).reshape(-1, mixture.n_features)


@dataclass(frozen=True, eq=False)
class _Frames:
    """Each component's own coordinates, in which it is round: roots (K, D, D) and inverses."""

    means: Float64Array
    peaks: Float64Array
    roots: Float64Array
    whiteners: Float64Array

    @classmethod
    def of(cls, mixture: Mixture) -> "_Frames":
        roots = covariance_roots(mixture)
        peaks = np.log(mixture.weights) + log_normal_constant(roots)
        return cls(mixture.means, peaks, roots, np.asarray(np.linalg.inv(roots), np.float64))

    def profiles(self, k: int, directions: Float64Array, radii: Float64Array) -> Float64Array:
        """Log densities (M, J) at μ_k + r L_k u: under each component a quadratic in r."""
        starts = np.einsum("kij,kj->ki", self.whiteners, self.means[k] - self.means)
        constant = self.peaks - 0.5 * (starts**2).sum(axis=1)
        profiles = np.empty((len(directions), len(radii)))
        step = max(1, _BLOCK_NUMBERS // (len(radii) * len(self.means)))
        for first in range(0, len(directions), step):
            rows = slice(first, first + step)
            slopes = self.whiteners @ (self.roots[k] @ directions[rows].T)
            linear = np.einsum("kim,ki->mk", slopes, starts)[:, None, :]
            square = (slopes**2).sum(axis=1).T[:, None, :]
            r = radii[:, None]
            profiles[rows] = log_sum_exp(constant - r * linear - 0.5 * r**2 * square)
        return profiles
