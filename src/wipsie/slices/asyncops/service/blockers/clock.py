"""What happens to blockers by itself: all leads hear, once, of those that stand for too long."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update

from wipsie.auth.principal import Principal
from wipsie.auth.rights import ADMIN, LEAD
from wipsie.database import UnitOfWork
from wipsie.kernel.clock import Clock
from wipsie.slices.asyncops.desk import Desk
from wipsie.slices.asyncops.domain.blockers import STANDING
from wipsie.slices.asyncops.notices import Notices, Reason
from wipsie.slices.asyncops.people import Colleague, colleagues, known_colleagues
from wipsie.slices.asyncops.service.blockers.rules import BlockerRules
from wipsie.slices.asyncops.store import timeline
from wipsie.slices.asyncops.store.blockers import BLOCKERS, COLUMNS, Blocker, blockers_table

SYSTEM = Principal(kind="system", id="asyncops")
ESCALATIONS_MAX = 100
"""In one commit; the next look goes on."""
STANDING_MAX = 5_000
"""Blockers whose times are put right in one look."""


class BlockerClock:
    """The clock job of blockers."""

    def __init__(self, desk: Desk, notices: Notices, clock: Clock, rules: BlockerRules) -> None:
        self._desk = desk
        self._notices = notices
        self._clock = clock
        self._rules = rules

    async def escalate(self, unit: UnitOfWork) -> int:
        """Tell all leads of blockers that have stood for the hours of the rule, each once; how many."""
        await self._put_times_right(unit)
        now_ms = self._clock.now_ms()
        due = (
            select(blockers_table)
            .where(COLUMNS.status.in_(STANDING), COLUMNS.escalate_at_ms <= now_ms, COLUMNS.escalated_at_ms.is_(None))
            .order_by(COLUMNS.id)
            .limit(ESCALATIONS_MAX)
            .with_for_update(skip_locked=True)
        )
        rows = (await unit.connection.execute(due)).mappings().all()
        if not rows:
            return 0
        everybody = await colleagues(unit.connection)
        # A team without leads has admins, and somebody must hear of it.
        leads = [one for one in everybody if one.role == LEAD] or [one for one in everybody if one.role == ADMIN]
        for blocker in [BLOCKERS.of_row(row) for row in rows]:
            await self._escalate(unit, blocker, leads, now_ms)
        return len(rows)

    async def _escalate(self, unit: UnitOfWork, blocker: Blocker, leads: Sequence[Colleague], now_ms: int) -> None:
        people = await known_colleagues(unit.connection, [blocker.blocked])
        blocked = people.get(blocker.blocked)
        hours = self._rules.age_working_h(blocker.since_ms, now_ms, blocked)
        name = "Somebody" if blocked is None else blocked.name
        sentence = (
            f"{BLOCKERS.kind.number_text(blocker.number)}: {name} is blocked for {hours:.0f} working hours: "
            f"{blocker.title}"
        )
        after = await self._desk.change(
            unit,
            SYSTEM,
            BLOCKERS,
            blocker,
            {"escalated_at_ms": now_ms},
            verb="escalate",
            event=timeline.UPDATE,
            data={"escalated_to": [one.id for one in leads]},
            facts={"working_hours": round(hours), "leads": len(leads)},
        )
        await self._notices.tell(
            unit, SYSTEM, BLOCKERS.kind, after, [one.id for one in leads], sentence, reason=Reason.RESPONSIBLE
        )

    async def _put_times_right(self, unit: UnitOfWork) -> None:
        """Working days, zones and settings change; what was computed from them follows, without a new version: nobody
        wrote anything."""
        wanted = select(blockers_table).where(COLUMNS.status.in_(STANDING)).order_by(COLUMNS.id).limit(STANDING_MAX)
        standing = [BLOCKERS.of_row(row) for row in (await unit.connection.execute(wanted)).mappings()]
        people = await known_colleagues(unit.connection, [one.blocked for one in standing])
        for one in standing:
            times = self._rules.due_times(one.since_ms, people.get(one.blocked))
            if times != {name: getattr(one, name) for name in times}:
                await unit.connection.execute(update(blockers_table).where(COLUMNS.id == one.id).values(**times))
