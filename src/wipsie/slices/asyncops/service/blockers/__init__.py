"""Blockers: say what keeps one from going on, hear of it when one is waited on, and never let it be forgotten."""
