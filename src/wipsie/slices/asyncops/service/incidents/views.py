"""Incidents as they are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.kernel.clock import Clock, iso_utc_ms
from wipsie.slices.asyncops.desk import Findable
from wipsie.slices.asyncops.domain.incidents import INCIDENTS as MACHINE
from wipsie.slices.asyncops.domain.incidents import SEVERITY_LABELS, STATUS_LABELS
from wipsie.slices.asyncops.domain.milestones import durations
from wipsie.slices.asyncops.people import Person, names_of
from wipsie.slices.asyncops.schemas.incidents import IncidentReference, IncidentView
from wipsie.slices.asyncops.store.incidents import COLUMNS, INCIDENTS, RESTRICTED, ROLES, Incident


class IncidentViews:
    """Shows incidents."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def view(self, connection: AsyncConnection, incident: Incident) -> IncidentView:
        """One."""
        (shown,) = await self._shown(connection, [incident])
        return shown

    async def views(self, connection: AsyncConnection, rows: Sequence[RowMapping]) -> list[IncidentView]:
        """Rows of a list."""
        return await self._shown(connection, [INCIDENTS.of_row(row) for row in rows])

    async def _shown(self, connection: AsyncConnection, incidents: Sequence[Incident]) -> list[IncidentView]:
        named = ("created_by", "declared_by", *ROLES)
        people = await names_of(connection, (getattr(one, field) for one in incidents for field in named))
        numbers = await _numbers(connection, incidents)
        now_ms = self._clock.now_ms()
        return [_view(one, people, numbers, now_ms) for one in incidents]


async def _numbers(connection: AsyncConnection, incidents: Sequence[Incident]) -> dict[str, int]:
    """The numbers of what these were merged into, by id."""
    ids = sorted({one.duplicate_of for one in incidents if one.duplicate_of is not None})
    if not ids:
        return {}
    rows = await connection.execute(select(COLUMNS.id, COLUMNS.number).where(COLUMNS.id.in_(ids)))
    return {row.id: row.number for row in rows}


def _view(incident: Incident, people: Mapping[str, Person], numbers: Mapping[str, int], now_ms: int) -> IncidentView:
    times = incident.times
    words: dict[str, Any] = {
        "severity": incident.severity,
        "severity_label": SEVERITY_LABELS[incident.severity],
        "status": incident.status,
        "status_label": STATUS_LABELS[incident.status],
        "next_statuses": list(MACHINE.legal(incident.status)),
        "visibility": incident.visibility,
        "source": incident.source,
        **{name: _time(at_ms) for name, at_ms in times.items()},
    }
    due_ms = incident.next_update_due_at_ms
    into = incident.duplicate_of
    return IncidentView(
        id=incident.id,
        number=INCIDENTS.kind.number_text(incident.number),
        title=incident.title,
        **words,
        durations=durations(times),
        lead=_person(people, incident.lead),
        comms=_person(people, incident.comms),
        scribe=_person(people, incident.scribe),
        affected=incident.affected,
        summary=incident.summary,
        customer_impact=incident.customer_impact,
        last_update_at=_time(incident.last_update_at_ms),
        next_update_due_at=_time(due_ms),
        update_overdue=due_ms is not None and due_ms <= now_ms,
        duplicate_of=None
        if into is None
        else IncidentReference(id=into, number=INCIDENTS.kind.number_text(numbers.get(into, 0))),
        dedupe_key=incident.dedupe_key,
        occurrences=incident.occurrences,
        declared_by=_person(people, incident.declared_by),
        created_by=_person(people, incident.created_by),
        created_at=iso_utc_ms(incident.created_at_ms),
        updated_at=iso_utc_ms(incident.updated_at_ms),
        version=incident.version,
    )


def findable(incident: Incident) -> Findable:
    """What one is found by."""
    body = "\n".join([", ".join(incident.affected), incident.summary, incident.customer_impact])
    return Findable(title=incident.title, body=body.strip(), restricted=incident.visibility == RESTRICTED)


async def findables(connection: AsyncConnection, incidents: Sequence[Incident]) -> list[Findable]:
    """What these are found by."""
    del connection
    return [findable(one) for one in incidents]


def _person(people: Mapping[str, Person], user_id: str | None) -> Person | None:
    return None if user_id is None else people.get(user_id, Person(id=user_id, name=""))


def _time(at_ms: int | None) -> str | None:
    return None if at_ms is None else iso_utc_ms(at_ms)
