"""What a covariance family is: data that passes and steps read, and never a name to branch on.

Every method takes any number of leading batch axes, so that many mixtures can be fitted at once.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from enum import Enum

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array

# The weight of a component that only has to keep what no other component decides.
_ALMOST_NOTHING = 1e-12
# How free each of volume, shape and orientation is: fixed, equal in all components, varying.
_WORDS = (
    {"E": "one volume", "V": "a volume each"},
    {"I": "round", "E": "one shape", "V": "a shape each"},
    {"I": "axes along the columns", "E": "one orientation", "V": "an orientation each"},
)


# How a prior's degrees of freedom become a weight: of K, D and those degrees.
PriorWeight = Callable[[int, int, float], float]


class Moments(Enum):
    """The second moments that a pass gathers: about each component's axes, in full, or pooled.

    Examples
    --------
    >>> from gmmkit.core.families import family
    >>> family("tied").moments
    <Moments.POOLED: 'pooled'>
    """

    DIAGONAL = "diagonal"
    FULL = "full"
    POOLED = "pooled"


class Symmetry(Enum):
    """The maps of the data under which a family's maximum-likelihood answer does not change.

    Examples
    --------
    >>> from gmmkit.core.families import family
    >>> family("VEV").symmetry.value
    'rotation and one scale'
    """

    LINEAR = "any linear map"
    SCALING = "scaling of columns"
    ROTATION = "rotation and one scale"


class Family(ABC):
    """One parameterization of K covariance matrices of size D x D.

    Each is volume times orientation, shape, orientation (Celeux and Govaert, "Gaussian
    parsimonious clustering models", Pattern Recognition 28 (1995)); mclust's three letters say
    which of the three all components share.

    Attributes
    ----------
    name, mclust_name : str
        scikit-learn's word for it where there is one, and mclust's letters.
    moments : Moments
        What its M-step needs to know of the data.
    symmetry : Symmetry
        Working units, starts and floors stay inside this group.
    axis_aligned : bool
        Whether every covariance is diagonal; then densities never form a matrix.
    per_component : bool
        Whether the first axis of the values runs over components.
    independent : bool
        Whether every component's covariance depends on its own scatter alone. Only then can one
        component be fixed or replaced without a change in another.

    Examples
    --------
    >>> from gmmkit.core.families import family
    >>> family("VVI").estimate(np.array([[8.0, 2.0]]), np.array([4.0]))
    array([[2. , 0.5]])
    """

    name: str
    mclust_name: str
    moments: Moments
    symmetry: Symmetry
    axis_aligned: bool
    per_component: bool = True
    independent: bool = False

    @abstractmethod
    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        """Return the shape of the stored values."""

    @abstractmethod
    def estimate(
        self, scatter: Float64Array, weight: Float64Array, previous: Float64Array | None = None
    ) -> Float64Array:
        """Return maximum-likelihood values from sums of squares about the component means.

        Parameters
        ----------
        scatter : ndarray of shape (..., K, D), (..., K, D, D) or (..., D, D)
            Diagonal, full or pooled, as `moments` says.
        weight : ndarray of shape (..., K)
            Effective counts; a component of weight zero decides nothing.
        previous : ndarray, optional
            Values that iterative families start from and never fall behind; where axes are shared
            only a few steps are taken from there. The others need none.
        """

    @abstractmethod
    def dense(self, values: Float64Array, n_components: int, n_features: int) -> Float64Array:
        """Return (..., K, D, D) covariance matrices."""

    @abstractmethod
    def from_dense(self, covariances: Float64Array) -> Float64Array:
        """Return the values of a (..., K, D, D) stack that has this family's form."""

    @abstractmethod
    def rescaled(self, values: Float64Array, factor: Float64Array) -> Float64Array:
        """Return the values after every column j of the data was multiplied by factor[j]."""

    @abstractmethod
    def factors(self, values: Float64Array, n_features: int) -> Float64Array:
        """Return inverse deviations (..., K or 1, D), or upper P with precision P Pᵀ.

        The latter are (..., K or 1, D, D). One stands for all where components share it.
        """

    def log_roots(self, factors: Float64Array) -> Float64Array:
        """Return half the log determinants of the precisions that factors make, (..., K or 1)."""
        diagonals = factors if self.axis_aligned else np.diagonal(factors, axis1=-2, axis2=-1)
        logarithms: Float64Array = np.log(diagonals).sum(axis=-1)
        return logarithms

    def packed_factors(self, factors: Float64Array) -> Float64Array:
        """Return factors in the shape of the values, as scikit-learn keeps them."""
        return factors

    @abstractmethod
    def floored(self, values: Float64Array, floor: Float64Array) -> tuple[Float64Array, int]:
        """Lift the values to a (D, D) covariance, inside the family's form; count what was hit."""

    @abstractmethod
    def ridged(self, values: Float64Array, ridge: Float64Array) -> Float64Array:
        """Add ridge[j] to every variance of column j, as scikit-learn's ``reg_covar`` does.

        Where that leaves the family's form, the most likely values for such covariances follow.
        """

    def conforms(self, values: Float64Array) -> bool:
        """Tell whether positive values have the family's form, up to a millionth."""
        return True

    def kept(
        self, values: Float64Array, previous: Float64Array, alive: npt.NDArray[np.bool_]
    ) -> Float64Array:
        """Return `values` with those of components that are not alive as they were.

        What a dead component shares with others is theirs; the rest stays.
        """
        if not self.per_component:
            return values
        lasting = alive.reshape(*alive.shape, *[1] * (values.ndim - alive.ndim))
        if self.independent:
            return np.where(lasting, values, previous)
        weight = np.where(alive, 1.0, _ALMOST_NOTHING)
        return self.estimate(np.where(lasting, values, _ALMOST_NOTHING * previous), weight, values)

    @property
    def separate_scales(self) -> bool:
        """Whether columns may be scaled one by one without changing the answer."""
        return self.symmetry is not Symmetry.ROTATION

    @property
    def form(self) -> str:
        """What all components have in common, in words."""
        pairs = zip(_WORDS, self.mclust_name, strict=False)
        return ", ".join(words[letter] for words, letter in pairs)

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Count the free numbers in the covariances alone, as published for each family."""
        times = {"I": 0, "E": 1, "V": n_components}
        volume, shape, orientation = (times[letter] for letter in self.mclust_name.ljust(3, "I"))
        angles = n_features * (n_features - 1) // 2
        return volume + shape * (n_features - 1) + orientation * angles

    def minimum_count(self, n_features: int) -> float:
        """Return the effective number of rows below which a component is not believed.

        Two where a component has at most a volume and a shape to itself; D + 1 where it has its
        axes (rows of that many numbers hold twice as many as its mean and axes are); where it has
        a whole matrix, max(2 D, D + 3).
        """
        return 2.0

    def prior_shares(
        self, n_components: int, n_features: int, degrees_of_freedom: float
    ) -> tuple[float, float]:
        """Return what a conjugate prior adds to each component's sums.

        Parameters
        ----------
        n_components, n_features : int
        degrees_of_freedom : float
            Of the inverse Wishart (or gamma) distribution of covariances.

        Returns
        -------
        scale : float
            The share of the prior's sum of squares that joins each component's scatter.
        weight : float
            What joins each component's count. The mode of the posterior is the estimate of both
            (Fraley and Raftery 2007, table 1; for VEI, EVI, EEV and VEV as mclust does).
        """
        return 1.0, degrees_of_freedom + n_features + 2.0

    def estimate_work(self, n_features: int) -> float:
        """Return about how many multiply-adds one estimate takes for each component."""
        return float(n_features if self.axis_aligned else n_features**3)

    def check_width(self, n_features: int) -> None:
        """Refuse data of a width that the family is not meant for.

        Raises
        ------
        ParameterError
            If the family is one of one column and the data has more.
        """
        return

    def __repr__(self) -> str:
        other = "" if self.name == self.mclust_name else f" ({self.mclust_name})"
        return f"<{self.name}{other} covariance family>"

    def __reduce__(self) -> tuple[object, tuple[str]]:
        from gmmkit.core.families.registry import family

        return family, (self.name,)


def per_row(scatter: Float64Array, weight: Float64Array) -> Float64Array:
    """Divide scatters by their components' weights; a component of weight zero has none."""
    divisor = np.where(weight > 0, weight, np.inf)
    result: Float64Array = scatter / divisor.reshape(
        *weight.shape, *[1] * (scatter.ndim - weight.ndim)
    )
    return result
