"""Everything one process is made of, built and not started: the composition without its life. Each slice has a file of its own."""

from __future__ import annotations

from wipsie.app.parts.building import build_parts
from wipsie.app.parts.parts import Parts

__all__ = ["Parts", "build_parts"]
