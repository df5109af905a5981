"""Vocabulary without I/O: clock, ids, the error tree, limits, durations, canonical JSON."""
