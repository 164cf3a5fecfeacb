"""Covariance families by name: scikit-learn's words and mclust's letters."""

from gmmkit.core.families.aligned import DIAGONAL, EQUAL_DIAGONAL, EVI, VEI
from gmmkit.core.families.base import Family
from gmmkit.core.families.dense import FULL, TIED
from gmmkit.core.families.isotropic import (
    EQUAL_SPHERICAL,
    EQUAL_VARIANCE,
    SPHERICAL,
    VARYING_VARIANCE,
)
from gmmkit.core.families.oriented import EEV, EVE, EVV, VEE, VEV, VVE
from gmmkit.errors import ParameterError

_FAMILIES: tuple[Family, ...] = (
    EQUAL_SPHERICAL,
    SPHERICAL,
    EQUAL_DIAGONAL,
    VEI,
    EVI,
    DIAGONAL,
    TIED,
    VEE,
    EVE,
    VVE,
    EEV,
    VEV,
    EVV,
    FULL,
    EQUAL_VARIANCE,
    VARYING_VARIANCE,
)
_BY_NAME: dict[str, Family] = {
    **{kind.name: kind for kind in (FULL, TIED, DIAGONAL, SPHERICAL)},
    **{kind.mclust_name: kind for kind in _FAMILIES},
}


def family_names() -> tuple[str, ...]:
    """Return the names that :func:`family` knows, scikit-learn's words first.

    Examples
    --------
    >>> family_names()[:6]
    ('full', 'tied', 'diag', 'spherical', 'EII', 'VII')
    """
    return tuple(_BY_NAME)


def parsimonious_names() -> tuple[str, ...]:
    """Return the names of mclust's fourteen families, fewest parameters first.

    Examples
    --------
    >>> parsimonious_names()[:3]
    ('EII', 'spherical', 'EEI')
    """
    several = (kind for kind in _FAMILIES if len(kind.mclust_name) == 3)
    return tuple(kind.name for kind in several)


def family(name: str | Family) -> Family:
    """Return the covariance family of that name.

    Parameters
    ----------
    name : str or Family
        One of scikit-learn's words, or mclust's letters: for volume, shape and orientation in
        turn whether all components have an equal one (E), one each (V), or the identity (I).

    Raises
    ------
    ParameterError
        If no family has that name.

    Examples
    --------
    >>> family("VVI") is family("diag")
    True
    >>> family("VEE").form
    'a volume each, one shape, one orientation'
    """
    if isinstance(name, Family):
        return name
    if isinstance(name, str) and name in _BY_NAME:
        return _BY_NAME[name]
    raise ParameterError(
        "there is no such covariance family",
        found=repr(name),
        needed="one of " + ", ".join(family_names()),
    )
