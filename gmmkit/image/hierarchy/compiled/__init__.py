"""Loops over pixels and borders, compiled: whatever Numba compiles for regions is here."""
