"""Durations as people write them: ``30``, ``30s``, ``5m``, ``2h``, ``7d``, ``1h30m``."""

from __future__ import annotations

import re

_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")


def parse_duration_s(text: str) -> float:
    """Seconds for a written duration; a bare number means seconds. Raises ValueError that names the accepted forms."""
    stripped = text.strip().lower()
    try:
        seconds = float(stripped)
    except ValueError:
        if not stripped or _PART.sub("", stripped).strip():
            raise ValueError(f"'{text}' is not a duration; write seconds or for example 30s, 5m, 2h, 7d.") from None
        return sum(float(amount) * _UNIT_S[unit] for amount, unit in _PART.findall(stripped))
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"'{text}' is not a duration; it must be zero or more seconds.")
    return seconds


def format_duration(seconds: float) -> str:
    """A short text a person reads at a glance: ``850 ms``, ``12.3 s``, ``4 m 10 s``, ``2 h 5 m``, ``3 d 4 h``."""
    if seconds < 0:
        return f"-{format_duration(-seconds)}"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    for name, size, smaller_name, smaller_size in (("d", 86400, "h", 3600), ("h", 3600, "m", 60), ("m", 60, "s", 1)):
        if whole >= size:
            rest = whole % size // smaller_size
            return f"{whole // size} {name} {rest} {smaller_name}" if rest else f"{whole // size} {name}"
    return f"{whole} s"
