"""Working time: how much of a span falls into somebody's working hours.

The working hours of a day begin at the first instant at which the clocks where somebody is show the hour they begin at, or
a later one, and end likewise. So the hours of one day never overlap those of another, whatever clocks are set to: a day
that a zone leaves out has none, one with a change of clocks in working hours is longer or shorter by it, as it is for
those who work. The working time of two spans that follow each other is, to the millisecond, that of both together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

HOUR_MS = 3_600_000
NEVER_MS = 253_402_300_799_000
"""The end of the year 9999, for what does not happen: it sorts and compares as any other time."""
DAYS_AHEAD_MAX = 3_700
"""How far `moment_after` looks. Ten years are never, to a team."""


class WorkingHours(msgspec.Struct, frozen=True):
    """From when to when people work, by the clocks where they are: minutes after midnight, the end up to 1440."""

    start_minute: int = 9 * 60
    end_minute: int = 17 * 60


def working_ms(start_ms: int, end_ms: int, zone: ZoneInfo, work_days: Sequence[int], hours: WorkingHours) -> int:
    """Milliseconds of working time in [start, end); 0 when it ends before it begins. `work_days`: 0 is Monday."""
    return sum(
        max(0, min(to_ms, end_ms) - max(from_ms, start_ms))
        for from_ms, to_ms in _spans(start_ms, end_ms, zone, work_days, hours)
    )


def moment_after(start_ms: int, duration_ms: int, zone: ZoneInfo, work_days: Sequence[int], hours: WorkingHours) -> int:
    """The first moment at which `duration_ms` of working time have passed since `start_ms`; `NEVER_MS` when that is more
    than ten years away, or nobody ever works there."""
    if duration_ms <= 0:
        return start_ms
    left_ms = duration_ms
    horizon_ms = start_ms + DAYS_AHEAD_MAX * 24 * HOUR_MS
    if not work_days:
        return NEVER_MS
    for from_ms, to_ms in _spans(start_ms, horizon_ms, zone, work_days, hours):
        begins_ms = max(from_ms, start_ms)
        here_ms = max(0, to_ms - begins_ms)
        if here_ms >= left_ms:
            return begins_ms + left_ms
        left_ms -= here_ms
    return NEVER_MS


def _spans(
    start_ms: int, end_ms: int, zone: ZoneInfo, work_days: Sequence[int], hours: WorkingHours
) -> Iterator[tuple[int, int]]:
    """The working hours of each day that touches [start, end), in order."""
    if end_ms <= start_ms:
        return
    # A day to either side: instants and local days are up to 26 hours apart, and a zone may leave out a day.
    day = _local(start_ms, zone).date() - timedelta(days=1)
    last = _local(end_ms, zone).date() + timedelta(days=1)
    while day <= last:
        if day.weekday() in work_days:
            span = _day(zone, day, hours)
            if span[1] > start_ms and span[0] < end_ms:
                yield span
        day += timedelta(days=1)


@lru_cache(maxsize=20_000)
def _day(zone: ZoneInfo, day: date, hours: WorkingHours) -> tuple[int, int]:
    """The working hours of one day. Remembered: a page of old blockers asks for the same days over and over."""
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a time on the wall, in no zone yet
    return (
        _first_instant(midnight + timedelta(minutes=hours.start_minute), zone),
        _first_instant(midnight + timedelta(minutes=hours.end_minute), zone),
    )


def _first_instant(wall: datetime, zone: ZoneInfo) -> int:
    """The first instant at which clocks in `zone` show `wall` or a later time, in ms."""
    late_ms = _ms(wall.replace(tzinfo=zone, fold=0))
    if _local(late_ms, zone).replace(tzinfo=None) == wall:
        # What clocks show twice they show first with fold 0.
        return late_ms
    # Clocks jump over it: they show an earlier time before the jump and a later one from it on.
    early_ms = _ms(wall.replace(tzinfo=zone, fold=1))
    while late_ms - early_ms > 1:
        middle_ms = (early_ms + late_ms) // 2
        if _local(middle_ms, zone).replace(tzinfo=None) >= wall:
            late_ms = middle_ms
        else:
            early_ms = middle_ms
    return late_ms


def _local(at_ms: int, zone: ZoneInfo) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)).astimezone(zone)


def _ms(moment: datetime) -> int:
    return (moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
