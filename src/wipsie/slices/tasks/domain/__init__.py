"""Pure rules of the tasks slice: the filter language, items of a polled body, work on tables."""
