"""Wipsie: durable queues, workers, intake and operations for a small team."""

__version__ = "0.1.0"
