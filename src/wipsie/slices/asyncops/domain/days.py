"""Days of people: which day it is where somebody is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def local_day(now_ms: int, zone: ZoneInfo) -> date:
    """The day it is in `zone` at this moment."""
    return datetime.fromtimestamp(now_ms / 1000, tz=UTC).astimezone(zone).date()
