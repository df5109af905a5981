"""Queues in a schema of a PostgreSQL database: group commit over few connections, claims that wait for nobody."""

from wipsie.queue.backends.postgres.backend import PostgresQueueBackend

__all__ = ["PostgresQueueBackend"]
