"""Rows in files, passed over block by block: no more of them is in memory than is worked on."""
