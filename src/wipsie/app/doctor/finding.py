"""One fact a check found, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

OK = "ok"
WARN = "warn"
FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """`detail` is a sentence, `advice` what to do when the status is not ok."""

    check: str
    status: str
    """ok, warn or fail."""
    detail: str
    advice: str = ""
