"""Files made to harm: too large when opened, two kinds at once, cut off, endless, or with something that wants to run."""

from __future__ import annotations

from wipsie.testing.sample_reports.hostile.files import HostileFile, hostile_files, hostile_names

__all__ = ["HostileFile", "hostile_files", "hostile_names"]
