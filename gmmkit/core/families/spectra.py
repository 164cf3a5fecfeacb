"""Variances along axes, (..., K, D): whether components share the volume, the shape, both or none.

A spectrum is volume times shape, a shape being D numbers whose product is one. The same four
rules serve axes along the columns, axes of all components, and axes of each.
"""

from abc import ABC, abstractmethod

import numpy as np

from gmmkit.core.checks import Float64Array
from gmmkit.core.families.base import per_row

# The least ratio of two axes' variances with which a matrix keeps its digits: below this share of
# the largest beside it a variance counts as nothing.
LEAST_SHARE = 1e-12
_TINY = float(np.finfo(np.float64).tiny)
_TOLERANCE = 1e-6
ITERATIONS = 500
_SETTLED = 1e-10


class Spectrum(ABC):
    """One rule for the variances of K components along D axes each."""

    @abstractmethod
    def estimate(
        self, squares: Float64Array, weight: Float64Array, previous: Float64Array | None = None
    ) -> Float64Array:
        """Return the most likely variances (..., K, D) for sums of squares along the axes."""

    @abstractmethod
    def lifted(self, variances: Float64Array, least: Float64Array) -> tuple[Float64Array, int]:
        """Return variances of the same form that reach `least` (D,), and how many did not."""

    @abstractmethod
    def tempered(self, variances: Float64Array) -> tuple[Float64Array, int]:
        """Return variances of the same form within the least share of each other; count changes."""

    @abstractmethod
    def conforms(self, variances: Float64Array, rounding: float = 0.0) -> bool:
        """Tell whether variances, known to that share of the largest, have the form."""


class _Clipped(Spectrum):
    """Forms that stay as they are when each variance is raised on its own."""

    def lifted(self, variances: Float64Array, least: Float64Array) -> tuple[Float64Array, int]:
        return np.maximum(variances, least), int((variances < least).sum())

    def tempered(self, variances: Float64Array) -> tuple[Float64Array, int]:
        least = LEAST_SHARE * variances.max(axis=-1, keepdims=True)
        return np.maximum(variances, least), int((variances < least).sum())


class _Free(_Clipped):
    def estimate(
        self, squares: Float64Array, weight: Float64Array, previous: Float64Array | None = None
    ) -> Float64Array:
        return per_row(squares, weight)

    def conforms(self, variances: Float64Array, rounding: float = 0.0) -> bool:
        return True


class _Equal(_Clipped):
    def estimate(
        self, squares: Float64Array, weight: Float64Array, previous: Float64Array | None = None
    ) -> Float64Array:
        pooled = squares.sum(axis=-2) / weight.sum(axis=-1)[..., None]
        return np.broadcast_to(pooled[..., None, :], squares.shape)

    def conforms(self, variances: Float64Array, rounding: float = 0.0) -> bool:
        mean = variances.mean(axis=-2, keepdims=True)
        allowed = _TOLERANCE * mean + rounding * mean.max(axis=-1, keepdims=True)
        return bool((np.abs(variances - mean) <= allowed).all())


class _EqualShapes(Spectrum):
    """Shapes are equal and volumes vary."""

    def estimate(
        self, squares: Float64Array, weight: Float64Array, previous: Float64Array | None = None
    ) -> Float64Array:
        """Alternate the volumes and the shape, each the best for the other: a convex problem."""
        total = weight.sum(axis=-1)[..., None]
        source = per_row(squares, weight) if previous is None else previous
        volumes = relative(source.mean(axis=-1))
        for _ in range(ITERATIONS):
            shape = not_nothing((squares / volumes[..., None]).sum(axis=-2) / total)
            best = per_row((squares / shape[..., None, :]).mean(axis=-1), weight)
            before, volumes = volumes, relative(best)
            if settled(volumes, before):
                break
        result: Float64Array = not_nothing(best)[..., None] * shape[..., None, :]
        return result

    def lifted(self, variances: Float64Array, least: Float64Array) -> tuple[Float64Array, int]:
        """Lift the shape where it is too thin at the mean volume, then volumes still too small.

        A component that collapses to a point so becomes larger, and leaves the shape alone.
        """
        count = int((variances < least).sum())
        if not count:
            return variances, 0
        volumes, shapes = _parts(variances / least)
        mean = np.log(np.exp(volumes).mean(axis=-1, keepdims=True))
        shape = _poured(shapes.mean(axis=-2) + np.maximum(mean, 0.0)) - np.maximum(mean, 0.0)
        volumes = np.maximum(volumes, -shape.min(axis=-1, keepdims=True))
        raised: Float64Array = least * np.exp(volumes[..., None] + shape[..., None, :])
        return raised, count

    def tempered(self, variances: Float64Array) -> tuple[Float64Array, int]:
        volumes, shapes = _parts(variances)
        power = _tempering(shapes.mean(axis=-2, keepdims=True))
        return _with_power(variances, volumes, shapes, power)

    def conforms(self, variances: Float64Array, rounding: float = 0.0) -> bool:
        shares = variances / variances.sum(axis=-1, keepdims=True)
        return EQUAL.conforms(shares, rounding)


class _EqualVolumes(Spectrum):
    """Volumes are equal and shapes vary."""

    def estimate(
        self, squares: Float64Array, weight: Float64Array, previous: Float64Array | None = None
    ) -> Float64Array:
        volumes, shapes = _parts(not_nothing(squares))
        # Where there is no scatter at all there is no volume to share either.
        own = np.where(squares.max(axis=-1) > 0, np.exp(volumes), 0.0)
        volume = own.sum(axis=-1) / weight.sum(axis=-1)
        result: Float64Array = volume[..., None, None] * np.exp(shapes)
        return result

    def lifted(self, variances: Float64Array, least: Float64Array) -> tuple[Float64Array, int]:
        """Raise each shape's thin axes at the expense of its others: the constrained maximizer.

        Only a common volume below that of `least` grows.
        """
        count = int((variances < least).sum())
        if not count:
            return variances, 0
        volumes, shapes = _parts(variances / least)
        volume = np.maximum(volumes.mean(axis=-1), 0.0)[..., None, None]
        raised: Float64Array = least * np.exp(_poured(shapes + volume))
        return raised, count

    def tempered(self, variances: Float64Array) -> tuple[Float64Array, int]:
        volumes, shapes = _parts(variances)
        return _with_power(variances, volumes, shapes, _tempering(shapes))

    def conforms(self, variances: Float64Array, rounding: float = 0.0) -> bool:
        volumes, _ = _parts(variances)
        ratios = variances.max(axis=-1, keepdims=True) / np.maximum(variances, _TINY)
        uncertainty = _TOLERANCE + rounding * ratios.mean(axis=-1)
        mean = (volumes / uncertainty).sum() / (1.0 / uncertainty).sum()
        return bool((np.abs(volumes - mean) <= uncertainty).all())


def not_nothing(values: Float64Array) -> Float64Array:
    """Return values with those that are zero beside the largest of the last axis lifted."""
    largest = values.max(axis=-1, keepdims=True)
    lifted: Float64Array = np.maximum(values, np.maximum(LEAST_SHARE * largest, _TINY))
    return lifted


def relative(volumes: Float64Array) -> Float64Array:
    """Return volumes (..., K) as shares of the largest, none of them nothing."""
    lifted = not_nothing(volumes)
    shares: Float64Array = lifted / lifted.max(axis=-1, keepdims=True)
    return shares


def settled(volumes: Float64Array, before: Float64Array) -> bool:
    """Tell whether relative volumes changed by rounding alone."""
    return bool((np.abs(volumes - before) <= _SETTLED * before).all())


def _parts(variances: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Return log volumes (..., K) and log shapes (..., K, D)."""
    logs = np.log(np.maximum(variances, _TINY))
    volumes: Float64Array = logs.mean(axis=-1)
    return volumes, logs - volumes[..., None]


def _poured(logs: Float64Array) -> Float64Array:
    """Raise numbers to zero and lower the others equally, so that their sum stays if it can.

    This is a projection onto a simplex: Held, Wolfe and Crowder (1974).
    """
    total = np.maximum(logs.sum(axis=-1, keepdims=True), 0.0)
    falling = -np.sort(-logs, axis=-1)
    ranks = np.arange(1, logs.shape[-1] + 1)
    surplus = (falling.cumsum(axis=-1) - total) / ranks
    used = np.maximum((falling > surplus).sum(axis=-1, keepdims=True), 1)
    poured: Float64Array = np.maximum(logs - np.take_along_axis(surplus, used - 1, axis=-1), 0.0)
    return poured


def _tempering(shapes: Float64Array) -> Float64Array:
    """Return the power that brings each log shape inside the smallest ratio, at most one."""
    widest = -np.log(LEAST_SHARE)
    power: Float64Array = widest / np.maximum(np.ptp(shapes, axis=-1, keepdims=True), widest)
    return power


def _with_power(
    variances: Float64Array, volumes: Float64Array, shapes: Float64Array, power: Float64Array
) -> tuple[Float64Array, int]:
    count = int((power < 1).sum())
    return (np.exp(volumes[..., None] + power * shapes), count) if count else (variances, 0)


FREE = _Free()
EQUAL = _Equal()
EQUAL_SHAPES = _EqualShapes()
EQUAL_VOLUMES = _EqualVolumes()
