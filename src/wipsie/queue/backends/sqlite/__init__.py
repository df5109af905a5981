"""Queues in one SQLite file: one writer thread, group commit, durable by default."""

from wipsie.queue.backends.sqlite.backend import SqliteQueueBackend

__all__ = ["SqliteQueueBackend"]
