"""Sizes, for people."""

from __future__ import annotations

_STEP = 1024


def shown_size(size: int) -> str:
    """For example ``512 B``, ``3.4 MiB`` or ``5.0 GiB``."""
    if size < _STEP:
        return f"{size} B"
    shown = float(size)
    for unit in ("KiB", "MiB", "GiB"):
        shown /= _STEP
        if shown < _STEP:
            return f"{shown:.1f} {unit}"
    return f"{shown / _STEP:.1f} TiB"
