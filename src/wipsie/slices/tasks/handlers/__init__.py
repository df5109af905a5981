"""The queue edge of the tasks slice: one file per task."""
