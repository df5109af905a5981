"""When a blocker is old, in the working time of whoever is blocked."""

from __future__ import annotations

import msgspec

from wipsie.slices.asyncops.domain.working_time import HOUR_MS, NEVER_MS, WorkingHours, moment_after, working_ms
from wipsie.slices.asyncops.people import Colleague


class BlockerRules(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator may choose."""

    stale_after_h: float = 24.0
    escalate_after_h: float = 48.0
    working_hours: WorkingHours = WorkingHours()

    def due_times(self, since_ms: int, blocked: Colleague | None) -> dict[str, int]:
        """When a blocker that stands since `since_ms` is stale and when it escalates, as the fields of its row. Nobody to
        ask for working days: never."""
        if blocked is None:
            return {"stale_at_ms": NEVER_MS, "escalate_at_ms": NEVER_MS}

        def after(hours: float) -> int:
            return moment_after(since_ms, round(hours * HOUR_MS), blocked.zone, blocked.work_days, self.working_hours)

        return {"stale_at_ms": after(self.stale_after_h), "escalate_at_ms": after(self.escalate_after_h)}

    def age_working_h(self, since_ms: int, until_ms: int, blocked: Colleague | None) -> float:
        """Working hours from `since_ms` to `until_ms`."""
        if blocked is None:
            return 0.0
        return round(working_ms(since_ms, until_ms, blocked.zone, blocked.work_days, self.working_hours) / HOUR_MS, 2)
