"""When a schedule fires next: standard crontab expressions and fixed intervals.

Crontab means what crontab(5) says, which is not what APScheduler's `from_crontab` makes of it: 0 and 7 are Sunday, and a
day of month *or* a day of week is enough when both are given. In the hour that a change of clocks repeats, a fixed time
fires once and a wildcard fires in both; a time the change leaves out fires an hour later by the clock on the wall.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from wipsie.kernel.errors import InvalidInput

EVERY_S_MIN = 1.0
EVERY_S_MAX = 366 * 24 * 3600.0
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


class IntervalTrigger:
    """Every `every_s` seconds, on a grid laid through the last time it fired."""

    def __init__(self, every_s: float) -> None:
        """InvalidInput unless a second to a year."""
        if not EVERY_S_MIN <= every_s <= EVERY_S_MAX:
            raise InvalidInput(
                f"every_s must be between {EVERY_S_MIN:g} and {EVERY_S_MAX:g} seconds.",
                details={"field": "every_s", "value": every_s},
            )
        self._every_ms = round(every_s * 1000)

    def next_ms(self, *, after_ms: int, anchor_ms: int) -> int:
        """The first time of the grid through `anchor_ms` that is later than `after_ms`, in ms since the epoch."""
        return anchor_ms + ((after_ms - anchor_ms) // self._every_ms + 1) * self._every_ms


class CrontabTrigger:
    """A crontab expression of five fields, or a macro like ``@daily``, in a time zone."""

    def __init__(self, cron: str, timezone: str) -> None:
        """InvalidInput for what is no crontab expression, no time zone, or a date that never comes."""
        zone = _zone(timezone)
        fields = _MACROS.get(cron.strip().lower(), cron).split()
        if len(fields) != 5:
            raise _bad_cron(cron, "it needs five fields: minute, hour, day of month, month, day of week")
        minute, hour, day, month, weekday = fields
        self._cron = cron
        self._fires_in_repeated_hour = hour.startswith("*")
        try:
            weekdays = _weekdays(weekday)
            # A field that begins with * is no restriction, even as */2; only two real restrictions are alternatives.
            either = not day.startswith("*") and not weekday.startswith("*")
            days = [(day, "*"), ("*", weekdays)] if either else [(day, weekdays)]
            self._alternatives = [_cron_trigger(minute, hour, d, month, w, zone) for d, w in days]
        except ValueError as error:
            raise _bad_cron(cron, str(error)) from None

    def next_ms(self, *, after_ms: int, anchor_ms: int = 0) -> int:
        """The first time later than `after_ms`, in ms since the epoch. `anchor_ms` has no meaning for a crontab."""
        del anchor_ms
        times = [time for trigger in self._alternatives if (time := self._next(trigger, after_ms)) is not None]
        if not times:
            raise _bad_cron(self._cron, "no such date ever comes")
        return min(times)

    def _next(self, trigger: Any, after_ms: int) -> int | None:
        after = datetime.fromtimestamp(after_ms // 1000, tz=UTC) + timedelta(seconds=1)
        while True:
            fire: datetime | None = trigger.get_next_fire_time(None, after)
            if fire is None:
                return None
            if self._fires_in_repeated_hour or not _is_repeated(fire):
                return int(fire.timestamp()) * 1000
            # At most the minutes of one repeated hour are passed over here.
            after = fire.astimezone(UTC) + timedelta(seconds=1)


Trigger = IntervalTrigger | CrontabTrigger


def make_trigger(*, cron: str | None, every_s: float | None, timezone: str) -> Trigger:
    """The trigger for a schedule's fields. InvalidInput, unless exactly one of `cron` and `every_s` is given and good."""
    if cron is not None and every_s is None:
        return CrontabTrigger(cron, timezone)
    if every_s is not None and cron is None:
        return IntervalTrigger(every_s)
    raise InvalidInput("A schedule needs either cron or every_s, not both.", details={"field": "cron"})


def _cron_trigger(minute: str, hour: str, day: str, month: str, weekdays: str, zone: ZoneInfo) -> Any:
    # 0.15 s to import: a process that fires nothing does not pay for it.
    from apscheduler.triggers.cron import CronTrigger

    # Untyped: the library declares no types.
    make: Any = CronTrigger
    return make(minute=minute, hour=hour, day=day, month=month, day_of_week=weekdays, timezone=zone)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise InvalidInput(
            f"'{name}' is not a time zone; write for example UTC or Europe/Berlin.",
            details={"field": "timezone", "value": name},
        ) from None


def _is_repeated(fire: datetime) -> bool:
    """Whether this wall-clock time was already there before the clocks went back."""
    first, second = fire.replace(fold=0).utcoffset(), fire.replace(fold=1).utcoffset()
    return fire.fold == 1 and first is not None and second is not None and first > second


def _weekdays(field: str) -> str:
    """Names for the numbers of a day-of-week field, because APScheduler counts from Monday. ValueError."""
    if field == "*":
        return field
    days: set[int] = set()
    for part in field.lower().split(","):
        base, has_step, step_text = part.partition("/")
        step = _number(step_text, "step", 1, 7) if has_step else 1
        first_text, is_range, last_text = base.partition("-")
        if base == "*":
            first, last = 0, 6
        elif is_range:
            first, last = _weekday(first_text), _weekday(last_text)
            if last < first and last_text == "sun":
                last = 7
            if last < first:
                raise ValueError(f"the day of week range '{base}' runs backwards")
        elif has_step:
            raise ValueError(f"'{part}' needs a range before its step")
        else:
            first = last = _weekday(first_text)
        days.update(day % 7 for day in range(first, last + 1, step))
    return ",".join(_WEEKDAYS[day] for day in sorted(days))


def _weekday(text: str) -> int:
    return _WEEKDAYS.index(text) if text in _WEEKDAYS else _number(text, "day of week", 0, 7)


def _number(text: str, what: str, least: int, most: int) -> int:
    if not text.isdecimal() or not least <= int(text) <= most:
        raise ValueError(f"'{text}' is not a {what} from {least} to {most}")
    return int(text)


def _bad_cron(cron: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"'{cron}' is not a crontab expression: {why}. Example: */5 * * * * (every five minutes).",
        details={"field": "cron", "value": cron},
    )


def preview(*, cron: str | None, every_s: float | None, timezone: str, from_ms: int, count: int) -> Sequence[int]:
    """The next `count` (at most 100) fire times after `from_ms`, in ms since the epoch. InvalidInput."""
    trigger = make_trigger(cron=cron, every_s=every_s, timezone=timezone)
    times: list[int] = []
    after_ms = from_ms
    for _ in range(min(count, 100)):
        after_ms = trigger.next_ms(after_ms=after_ms, anchor_ms=from_ms)
        times.append(after_ms)
    return times
