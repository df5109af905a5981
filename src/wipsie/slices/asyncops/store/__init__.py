"""The tables of the slice."""
