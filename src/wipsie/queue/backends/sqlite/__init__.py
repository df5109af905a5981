"""Queues in one SQLite file: one writer thread, group commit, durable by default."""
