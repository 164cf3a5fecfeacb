"""What follows from mixtures, under its public name: see `gmmkit.core.algebra`."""

from gmmkit.core import algebra
from gmmkit.core.algebra import *  # noqa: F403

__all__ = algebra.__all__
