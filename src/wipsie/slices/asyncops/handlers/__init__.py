"""The queue edge of the slice."""
