"""The likeliest components of every row, and what densities over those alone come to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, FloatArray, check_count, check_rows
from gmmkit.core.engine.leading import (
    Indices,
    chosen_log_joint,
    compiled_for,
    largest,
    leading,
)
from gmmkit.core.engine.scoring import Scorer
from gmmkit.core.execution import threads
from gmmkit.core.mixture import MANY_NUMBERS, Mixture
from gmmkit.core.noise import Noise
from gmmkit.core.sources.blocks import block_bounds
from gmmkit.errors import ParameterError

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class TopComponents:
    """The C likeliest components of every row, the likeliest first.

    Noise, where a mixture has it, is no component and never among them, and always counts in
    densities and shares.

    Attributes
    ----------
    mixture : Mixture
        Whose components they are.
    components : ndarray of shape (n, C)
        Their numbers; of equally likely ones the lower first.
    log_joint : ndarray of shape (n, C)
        log(w_k N(x; mu_k, Sigma_k)) of each, in nats, float64.

    References
    ----------
    Reynolds, Quatieri and Dunn, "Speaker verification using adapted Gaussian mixture models",
    Digital Signal Processing 10 (2000), section 3.5.

    Examples
    --------
    >>> mixture = Mixture([0.4, 0.2, 0.4], [[0.0], [2.0], [9.0]], np.ones((3, 1, 1)))
    >>> top = mixture.top_components([[0.0], [8.0]], 2)
    >>> top.components.tolist()
    [[0, 1], [2, 1]]
    >>> bool((top.log_density <= mixture.log_density([[0.0], [8.0]])).all())
    True
    """

    mixture: Mixture
    components: Indices
    log_joint: Float64Array
    _rows: FloatArray = field(repr=False)

    @cached_property
    def log_density(self) -> Float64Array:
        """The log density of every row over its components alone, (n,): never above the exact one.

        In nats; exact where all components are taken.
        """
        return _log_sum(self.log_joint, self.mixture.noise)

    @cached_property
    def responsibilities(self) -> Float64Array:
        """The probability of each of a row's components among them, (n, C).

        Rows sum to one, or to one minus the share of the noise.
        """
        return np.asarray(np.exp(self.log_joint - self.log_density[:, None]))

    def log_joint_under(self, mixture: Mixture) -> Float64Array:
        """Return log(w_k N(x; mu_k, Sigma_k)) of the same rows and components under a mixture.

        Parameters
        ----------
        mixture : Mixture
            With as many components and columns, such as one adapted from this one; of any family.

        Returns
        -------
        ndarray of shape (n, C)

        Raises
        ------
        ParameterError
            If it has another number of components or columns.

        Examples
        --------
        >>> world = Mixture([0.5, 0.5], [[0.0], [4.0]], np.ones((2, 1, 1)))
        >>> moved = Mixture([0.5, 0.5], [[0.0], [5.0]], np.ones((2, 1, 1)))
        >>> world.top_components([[5.0]], 1).log_joint_under(moved).round(4).tolist()
        [[-1.6121]]
        """
        if mixture.means.shape != self.mixture.means.shape:
            raise ParameterError(
                "the mixtures do not have the same components",
                found="{} components of {} columns".format(*mixture.means.shape),
                needed="{} of {}".format(*self.mixture.means.shape),
                hint="score a mixture that was adapted from the one whose components these are",
            )
        compiled = compiled_for(self.components.size * mixture.n_features)

        def scored(part: slice) -> Float64Array:
            rows, components = self._rows[part], self.components[part]
            return chosen_log_joint(mixture, rows, components, compiled=compiled)

        return np.concatenate(_of_parts(scored, self._rows))

    def log_density_under(self, mixture: Mixture) -> Float64Array:
        """Return the log density of the same rows under a mixture, over the same components alone.

        The difference to :attr:`log_density` is how verification scores adapted models.

        Parameters
        ----------
        mixture : Mixture
            As in :meth:`log_joint_under`.

        Returns
        -------
        ndarray of shape (n,)
            In nats; minus infinity where none of a row's components has a weight.

        Raises
        ------
        ParameterError
            As :meth:`log_joint_under`.

        Examples
        --------
        >>> world = Mixture([0.5, 0.5], [[0.0], [4.0]], np.ones((2, 1, 1)))
        >>> moved = Mixture([0.5, 0.5], [[0.0], [5.0]], np.ones((2, 1, 1)))
        >>> top = world.top_components([[5.0]], 1)
        >>> (top.log_density_under(moved) - top.log_density).round(4).tolist()
        [0.5]
        """
        return _log_sum(self.log_joint_under(mixture), mixture.noise)


def likeliest_components(mixture: Mixture, rows: npt.ArrayLike, count: int) -> TopComponents:
    """Return what `Mixture.top_components` does, which says more.

    Examples
    --------
    >>> mixture = Mixture([0.5, 0.5], [[0.0], [4.0]], np.ones((2, 1, 1)))
    >>> likeliest_components(mixture, [[3.0]], 1).components.tolist()
    [[1]]
    """
    count = min(check_count(count, "count"), mixture.n_components)
    array = check_rows(rows, n_features=mixture.n_features)
    if array.size * mixture.n_components <= MANY_NUMBERS:
        return TopComponents(mixture, *largest(mixture.log_joint(array).T, count), array)
    scorer = Scorer.of(mixture)
    compiled = compiled_for(len(array) * mixture.n_components)

    def found(part: slice) -> tuple[Indices, Float64Array]:
        return leading(scorer, array[part], count, compiled=compiled)

    components, log_joint = zip(*_of_parts(found, array), strict=True)
    return TopComponents(mixture, np.concatenate(components), np.concatenate(log_joint), array)


def _of_parts(function: Callable[[slice], Result], rows: FloatArray) -> list[Result]:
    """Return what a function says of each block of the rows; several go to threads."""
    parts = [slice(*bounds) for bounds in block_bounds(*rows.shape)]
    with threads(1 if len(parts) < 2 else None) as executor:
        return list(executor.map(function, parts))


def _log_sum(log_joint: Float64Array, noise: Noise | None) -> Float64Array:
    constant = -inf if noise is None else noise.log_joint
    largest_of_row = np.maximum(log_joint.max(axis=1), constant)
    origin = np.where(np.isfinite(largest_of_row), largest_of_row, 0.0)
    total = np.exp(log_joint - origin[:, None]).sum(axis=1) + np.exp(constant - origin)
    with np.errstate(divide="ignore"):
        density: Float64Array = origin + np.log(total)
    return density
