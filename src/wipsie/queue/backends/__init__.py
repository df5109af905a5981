"""One package per store that can hold queues; nothing above may import one but app."""
