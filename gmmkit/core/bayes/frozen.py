"""Values of beliefs own their arrays: finite float64 copies that nobody can change."""

from gmmkit.core.checks import check_parameters


def freeze(value: object, *names: str) -> None:
    """Replace fields of a frozen dataclass, while it is made, by read-only copies.

    Parameters
    ----------
    value : object
    *names : str
        Fields that hold arrays.

    Raises
    ------
    ParameterError
        If one of them holds anything but finite numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.bayes import Dirichlet
    >>> Dirichlet(np.ones(2)).concentration.flags.writeable
    False
    """
    for name in names:
        object.__setattr__(value, name, check_parameters(getattr(value, name), name))
