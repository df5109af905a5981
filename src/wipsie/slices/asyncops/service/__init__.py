"""Use cases: a file for each kind of record."""
