"""The window of a summary: the 24 hours before its end, the end itself left out."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import msgspec

from wipsie.kernel.clock import utc_datetime
from wipsie.slices.asyncops.domain.days import local_day

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
TREND_DAYS = 7


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """[end - 24 h, end). Fixed by its end alone: whoever makes it, and however late, means the same hours."""

    end_ms: int
    timezone: str
    """In which its day is told."""

    @property
    def start_ms(self) -> int:
        """The first millisecond that belongs to it."""
        return self.end_ms - DAY_MS

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.timezone)

    @property
    def day(self) -> date:
        """The day on which it ends, where its time zone is."""
        return local_day(self.end_ms, self.zone)

    def holds(self, at_ms: int) -> bool:
        """Whether a moment belongs to it."""
        return self.start_ms <= at_ms < self.end_ms

    def before(self, days: int = 1) -> Window:
        """The window that ends so many times 24 hours earlier."""
        return Window(end_ms=self.end_ms - days * DAY_MS, timezone=self.timezone)

    @property
    def start_day(self) -> date:
        """The day on which it begins, where its time zone is."""
        return utc_datetime(self.start_ms).astimezone(self.zone).date()
