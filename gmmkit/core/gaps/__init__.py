"""Rows of which not everything is known: missing cells, and components that are named."""
