"""Covariance families: what each stores, counts and estimates, and which maps leave it unchanged.

A family is data that the passes read (which second moments, axis-aligned or not). Nothing outside
this package asks for a family by its name.
"""

from gmmkit.core.families.base import Family, Moments, Symmetry
from gmmkit.core.families.registry import family, family_names, parsimonious_names

__all__ = ["Family", "Moments", "Symmetry", "family", "family_names", "parsimonious_names"]
