"""What happens to incidents by itself: whoever leads one is reminded of an update that is due."""

from __future__ import annotations

from sqlalchemy import or_, select, update

from wipsie.auth.principal import Principal
from wipsie.database import UnitOfWork
from wipsie.kernel.clock import Clock
from wipsie.slices.asyncops.desk import Desk, reference_of
from wipsie.slices.asyncops.domain.incidents import RUNNING
from wipsie.slices.asyncops.notices import Notices, Reason
from wipsie.slices.asyncops.store import timeline
from wipsie.slices.asyncops.store.incidents import COLUMNS, INCIDENTS, Incident, incidents_table

SYSTEM = Principal(kind="system", id="asyncops")
REMINDERS_MAX = 100
"""In one commit; the next look goes on."""


class IncidentClock:
    """The clock job of incidents."""

    def __init__(self, desk: Desk, notices: Notices, clock: Clock) -> None:
        self._desk = desk
        self._notices = notices
        self._clock = clock

    async def remind(self, unit: UnitOfWork) -> int:
        """Remind whoever leads an incident, or else declared it, that an update is due: once for each time it is; how many."""
        due = COLUMNS.next_update_due_at_ms
        wanted = (
            select(incidents_table)
            .where(
                due <= self._clock.now_ms(),
                COLUMNS.status.in_(RUNNING),
                or_(COLUMNS.reminded_due_at_ms.is_(None), COLUMNS.reminded_due_at_ms != due),
            )
            .order_by(due, COLUMNS.id)
            .limit(REMINDERS_MAX)
            .with_for_update(skip_locked=True)
        )
        incidents = [INCIDENTS.of_row(row) for row in (await unit.connection.execute(wanted)).mappings()]
        for incident in incidents:
            await self._remind(unit, incident)
        return len(incidents)

    async def _remind(self, unit: UnitOfWork, incident: Incident) -> None:
        responsible = incident.lead or incident.declared_by
        # The mark is the clock's own. What people read stays as it is, and so does its version: nobody's change is refused.
        await unit.connection.execute(
            update(incidents_table)
            .where(COLUMNS.id == incident.id)
            .values(reminded_due_at_ms=incident.next_update_due_at_ms)
        )
        await self._desk.note(
            unit,
            SYSTEM,
            INCIDENTS,
            incident,
            timeline.REMINDER,
            verb="remind",
            data={"reminded": responsible, "due_at_ms": incident.next_update_due_at_ms},
        )
        if responsible is not None:
            sentence = f"{reference_of(INCIDENTS.kind, incident)} waits for an update: {incident.title}"
            body = f"People wait for word. POST {INCIDENTS.kind.path}/{incident.id}/updates tells them."
            await self._notices.tell(
                unit, SYSTEM, INCIDENTS.kind, incident, [responsible], sentence, body=body, reason=Reason.RESPONSIBLE
            )
