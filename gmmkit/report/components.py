"""One component in numbers and words: where it is, how it lies, and what sets it apart."""

from dataclasses import dataclass

import numpy as np

from gmmkit.core.algebra.pairs import pair_log_affinities
from gmmkit.core.checks import Float64Array
from gmmkit.core.mixture import Mixture
from gmmkit.report.columns import Columns

# In pooled standard deviations: a mean this far from the rest's is high or low, or very much so.
_FAR, _VERY_FAR = 1.0, 4.0
# A deviation this many times larger or smaller than the rest's is worth a word.
_WIDE = 1.5
_WORDS_AT_MOST = 3


@dataclass(frozen=True, eq=False)
class Direction:
    """A principal direction of a component, each column measured in its deviation over all rows.

    Attributes
    ----------
    share : float
        Of the component's variance.
    loadings : ndarray of shape (D,)
        Of unit length; the largest is positive.
    words : str
        The columns that it runs along, those against it with a minus.
    """

    share: float
    loadings: Float64Array
    words: str


@dataclass(frozen=True)
class Distinction:
    """A column in which a component differs from the rest.

    Attributes
    ----------
    column : int
    gap : float
        Its mean minus that of the rest, in standard deviations pooled within components.
    ratio : float
        Its standard deviation over that of the rest, pooled within components.
    words : str
        Such as "high petal length".
    """

    column: int
    gap: float
    ratio: float
    words: str


@dataclass(frozen=True, eq=False)
class ComponentReport:
    """One component of a mixture.

    Attributes
    ----------
    index : int
        As in labels, from zero.
    share : float
        Its weight in the mixture.
    center, spread : ndarray of shape (D,)
        Mean and standard deviation, in the units of the columns.
    directions : tuple of Direction
        All D of them, that of the largest variance first.
    nearest : int or None
        The component that it overlaps most with, None where it is alone.
    overlap : float
        The Bhattacharyya coefficient of the two: one for equal Gaussians, zero for disjoint ones.
    distinctions : tuple of Distinction
        At most three, the most telling first.
    rows : float or None
        The rows that it explains, weighted by how sure they are its; None without rows.
    certainty : float or None
        The average probability with which rows of its label are its; None without such rows.

    Examples
    --------
    >>> from gmmkit.report.mixtures import describe
    >>> mixture = Mixture([0.25, 0.75], [[0.0], [4.0]], np.ones((2, 1, 1)))
    >>> first = describe(mixture, names=["size"]).components[0]
    >>> first.share, first.nearest, first.apart
    (0.25, 1, 'very low size')
    """

    index: int
    share: float
    center: Float64Array
    spread: Float64Array
    directions: tuple[Direction, ...]
    nearest: int | None
    overlap: float
    distinctions: tuple[Distinction, ...]
    rows: float | None = None
    certainty: float | None = None

    @property
    def apart(self) -> str:
        """What sets it apart, in words."""
        words = ", ".join(distinction.words for distinction in self.distinctions)
        alone = "" if self.nearest is None else "nothing in its center or spread"
        return words or alone


def overlaps(mixture: Mixture) -> Float64Array:
    """Return the Bhattacharyya coefficients of all pairs of components, (K, K), ones between equal.

    Examples
    --------
    >>> mixture = Mixture([0.5, 0.5], [[0.0], [4.0]], np.ones((2, 1, 1)))
    >>> overlaps(mixture).round(3).tolist()
    [[1.0, 0.135], [0.135, 1.0]]
    """
    return np.exp(pair_log_affinities(mixture, mixture))


def nearest_components(mixture: Mixture) -> list[tuple[int | None, float]]:
    """Return for every component the one that it overlaps most with, and how much.

    Examples
    --------
    >>> mixture = Mixture([0.5, 0.5], [[0.0], [4.0]], np.ones((2, 1, 1)))
    >>> nearest_components(mixture)[0][0]
    1
    """
    if mixture.n_components == 1:
        return [(None, 0.0)]
    # By the logarithms, because the coefficients of far components are all zero.
    logarithms = pair_log_affinities(mixture, mixture)
    np.fill_diagonal(logarithms, -np.inf)
    closest = np.exp(logarithms.max(axis=1))
    return list(zip(logarithms.argmax(axis=1).tolist(), closest.tolist(), strict=True))


def principal_directions(mixture: Mixture, columns: Columns) -> list[tuple[Direction, ...]]:
    """Return the principal directions of every component, that of the largest variance first.

    Columns are measured in the standard deviation that they have over the whole mixture, so that
    their units do not matter.

    Examples
    --------
    >>> mixture = Mixture([1.0], [[0.0, 0.0]], [[[1.0, 0.6], [0.6, 1.0]]])
    >>> [first] = principal_directions(mixture, Columns(("a", "b"), ("", "")))
    >>> round(first[0].share, 6), first[0].words
    (0.8, 'a, b')
    """
    deviations = _overall_deviations(mixture)
    scaled = mixture.covariances / np.outer(deviations, deviations)
    eigenvalues, vectors = np.linalg.eigh(scaled)
    return [_directions(*both, columns) for both in zip(eigenvalues, vectors, strict=True)]


def distinctions(mixture: Mixture, columns: Columns) -> list[tuple[Distinction, ...]]:
    """Return for every component the columns in which it differs most from the rest.

    By its mean where that is at least one pooled standard deviation away from the rest's, else by
    its spread.

    Examples
    --------
    >>> mixture = Mixture([0.5, 0.5], [[0.0, 0.0], [2.0, 0.1]], [np.eye(2)] * 2)
    >>> [first], [second] = distinctions(mixture, Columns(("a", "b"), ("", "")))
    >>> first.words, second.words
    ('low a', 'high a')
    """
    variances = mixture.variances
    pooled = np.sqrt(mixture.weights @ variances / mixture.weights.sum())
    gaps = (mixture.means - _of_the_rest(mixture, mixture.means)) / pooled
    ratios = np.sqrt(variances / _of_the_rest(mixture, variances))
    return [_distinctions(*both, columns) for both in zip(gaps, ratios, strict=True)]


def _overall_deviations(mixture: Mixture) -> Float64Array:
    shares = mixture.weights / mixture.weights.sum()
    variances = mixture.variances
    offsets = mixture.means - shares @ mixture.means
    deviations: Float64Array = np.sqrt(shares @ (variances + offsets**2))
    return deviations


def _of_the_rest(mixture: Mixture, values: Float64Array) -> Float64Array:
    """Return averages over all components but one, (K, D); its own where it has all weight."""
    others = np.tile(mixture.weights, (mixture.n_components, 1))
    np.fill_diagonal(others, 0.0)
    totals = others.sum(axis=1, keepdims=True)
    rest = others @ values / np.where(totals > 0, totals, 1.0)
    return np.where(totals > 0, rest, values)


def _directions(
    eigenvalues: Float64Array, vectors: Float64Array, columns: Columns
) -> tuple[Direction, ...]:
    shares = eigenvalues / eigenvalues.sum()
    pairs = zip(shares[::-1], vectors.T[::-1], strict=True)
    return tuple(_direction(float(share), vector, columns) for share, vector in pairs)


def _direction(share: float, vector: Float64Array, columns: Columns) -> Direction:
    turned = vector * np.sign(vector[np.abs(vector).argmax()])
    order = np.argsort(-np.abs(turned), kind="stable")
    telling = [index for index in order if abs(turned[index]) >= 0.5 * turned.max()]
    signed = [("" if turned[i] > 0 else "−") + columns.names[i] for i in telling[:_WORDS_AT_MOST]]
    turned.flags.writeable = False
    return Direction(share, turned, ", ".join(signed))


def _distinctions(
    gaps: Float64Array, ratios: Float64Array, columns: Columns
) -> tuple[Distinction, ...]:
    by_mean = [i for i in np.argsort(-np.abs(gaps), kind="stable") if abs(gaps[i]) >= _FAR]
    widths = np.abs(np.log(ratios))
    by_spread = [i for i in np.argsort(-widths, kind="stable") if widths[i] >= np.log(_WIDE)]
    telling = (by_mean or by_spread)[:_WORDS_AT_MOST]
    return tuple(
        Distinction(int(i), float(gaps[i]), float(ratios[i]), f"{word} {columns.names[i]}")
        for i in telling
        for word in [_height(gaps[i]) if by_mean else _width(ratios[i])]
    )


def _height(gap: float) -> str:
    side = "high" if gap > 0 else "low"
    return f"very {side}" if abs(gap) >= _VERY_FAR else side


def _width(ratio: float) -> str:
    return "wide in" if ratio > 1 else "narrow in"
