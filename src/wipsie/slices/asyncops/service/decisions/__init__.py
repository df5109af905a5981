"""Decisions: written and proposed by anybody, decided by leads, then kept as they were."""
