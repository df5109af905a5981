"""The HTTP edge of the slice: a file for each kind of record."""
