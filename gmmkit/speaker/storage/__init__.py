"""The registry's file: who is enrolled, kept in one SQLite database."""
