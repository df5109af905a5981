"""Numbers, ages and days as people say them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

_BARS = "▁▂▃▄▅▆▇█"


def age(hours: float) -> str:
    """``40 min``, ``3 h``, ``2 days``."""
    if hours < 1:
        return f"{round(hours * 60)} min"
    if hours < 48:
        return f"{round(hours)} h"
    return f"{round(hours / 24)} days"


def days_late(days: int) -> str:
    """Of a day that is over, or near."""
    if days == 0:
        return "due today"
    if days < 0:
        return "due tomorrow" if days == -1 else f"due in {-days} days"
    return "a day late" if days == 1 else f"{days} days late"


def seconds(value: float) -> str:
    """How long something waited."""
    return f"{round(value)} s" if value < 90 else age(value / 3600)


def change(delta: int | None) -> str:
    """Against the day before: ``2 more than the day before``; nothing when it is not known."""
    if delta is None:
        return ""
    if delta == 0:
        return "unchanged"
    return f"{abs(delta)} {'more' if delta > 0 else 'fewer'} than the day before"


def bars(days: Sequence[int | None]) -> str:
    """A line of bars, one for each day; a dot for what is not known."""
    highest = max((one for one in days if one is not None), default=0)
    last = len(_BARS) - 1
    return "".join("·" if one is None else _BARS[0 if highest == 0 else round(one / highest * last)] for one in days)


def day(text: str) -> str:
    """``Friday, 28 November 2025``."""
    found = date.fromisoformat(text)
    return f"{found:%A}, {found.day} {found:%B %Y}"


def short_day(text: str) -> str:
    """``28 November``."""
    found = date.fromisoformat(text)
    return f"{found.day} {found:%B}"


def moment(text: str, zone: str) -> str:
    """``28 November, 09:00``, where the zone is."""
    found = datetime.fromisoformat(text).astimezone(ZoneInfo(zone))
    return f"{found.day} {found:%B, %H:%M}"
