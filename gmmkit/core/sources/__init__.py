"""Rows to pass over: in memory, in files, made on demand, or on other machines."""
