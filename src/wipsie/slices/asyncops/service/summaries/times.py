"""When summaries are made: the ends of their windows, by a crontab expression in a time zone."""

from __future__ import annotations

from collections import deque
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import msgspec

from wipsie.kernel.clock import utc_datetime
from wipsie.slices.asyncops.domain.digest.window import DAY_MS, HOUR_MS, Window
from wipsie.workers import triggers

CATCH_UP_MAX = 7
"""Missed summaries that are made up for; older ones are left out."""
_LOOK_BACK_MS = (26 * HOUR_MS, 8 * DAY_MS, 40 * DAY_MS)


class SummarySettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator may choose."""

    cron: str = "0 9 * * *"
    timezone: str = "UTC"


class SummaryTimes:
    """The times of one schedule."""

    def __init__(self, settings: SummarySettings) -> None:
        """Nothing is parsed yet: a process that makes no summaries does not pay for it."""
        self._settings = settings

    @property
    def timezone(self) -> str:
        """In which days are told."""
        return self._settings.timezone

    @cached_property
    def _trigger(self) -> triggers.Trigger:
        return triggers.make_trigger(cron=self._settings.cron, every_s=None, timezone=self._settings.timezone)

    def window(self, end_ms: int) -> Window:
        """The window that ends then."""
        return Window(end_ms=end_ms, timezone=self._settings.timezone)

    def after(self, at_ms: int) -> int:
        """The first time later than this."""
        return self._trigger.next_ms(after_ms=at_ms, anchor_ms=0)

    def last(self, at_ms: int) -> int:
        """The last time that is not later than this; this itself when there was none for 40 days."""
        for back_ms in _LOOK_BACK_MS:
            found = self.between(at_ms - back_ms, at_ms)
            if found:
                return found[-1]
        return at_ms

    def between(self, after_ms: int, until_ms: int) -> list[int]:
        """The last `CATCH_UP_MAX` times in (after, until]."""
        found: deque[int] = deque(maxlen=CATCH_UP_MAX)
        # No more than these can matter, however often it fires.
        at_ms = self.after(max(after_ms, until_ms - _LOOK_BACK_MS[-1]))
        while at_ms <= until_ms:
            found.append(at_ms)
            at_ms = self.after(at_ms)
        return list(found)

    def due(self, scheduled_ms: int, fired_ms: int) -> list[int]:
        """The ends of the windows that one message of the schedule stands for, the oldest first: its own time, whatever that is,
        and those that had passed as well when it was sent, because nobody was there to see to them."""
        return [scheduled_ms, *self.between(scheduled_ms, fired_ms)][-CATCH_UP_MAX:]

    def end_of(self, day: date) -> int:
        """The first time on a day; its midnight when there is none."""
        zone = ZoneInfo(self._settings.timezone)
        midnight = _ms(datetime(day.year, day.month, day.day, tzinfo=zone))
        end_ms = self.after(midnight - 1)
        if utc_datetime(end_ms).astimezone(zone).date() == day:
            return end_ms
        following = day + timedelta(days=1)
        return _ms(datetime(following.year, following.month, following.day, tzinfo=zone))


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
