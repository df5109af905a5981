"""What the audit log says of somebody's reports: read only, and never pruned."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Select, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.audit.log import LoggedEvent, event_of
from wipsie.audit.tables import events_table
from wipsie.slices.vault.store.tables import objects_table, reports_table

_EVENTS = events_table.c
_REPORTS = reports_table.c
_OBJECTS = objects_table.c


class HistoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was done, or seen."""

    at_ms: int
    actor: str
    action: str
    """``vault:report:save`` and so on."""
    number: int | None
    """Of the report; None where it is about none, or several."""
    reason: str | None = None


async def events_of_report(connection: AsyncConnection, report_id: str, *, count_max: int) -> list[HistoryEntry]:
    """The newest about a report, newest first."""
    return await _entries(
        connection, select(_EVENTS.body, _EVENTS.seal).where(_EVENTS.object == f"report:{report_id}"), count_max
    )


async def events_of_owner(connection: AsyncConnection, owner: str, *, count_max: int) -> list[HistoryEntry]:
    """The newest about all that is an owner's, newest first: by whomever."""
    reports = select(literal("report:") + _REPORTS.id).where(_REPORTS.owner == owner)
    exports = select(literal("export:") + _OBJECTS.id).where(_OBJECTS.owner == owner, _OBJECTS.role == "export")
    wanted = select(_EVENTS.body, _EVENTS.seal).where(
        or_(_EVENTS.object == f"owner:{owner}", _EVENTS.object.in_(reports), _EVENTS.object.in_(exports))
    )
    return await _entries(connection, wanted, count_max)


async def _entries(connection: AsyncConnection, wanted: Select[Any, Any], count_max: int) -> list[HistoryEntry]:
    found = await connection.execute(wanted.order_by(_EVENTS.seq.desc()).limit(count_max))
    return [_entry(event_of(row.body, row.seal)) for row in found]


def _entry(event: LoggedEvent) -> HistoryEntry:
    number, reason = event.facts.get("number"), event.facts.get("reason")
    return HistoryEntry(
        at_ms=event.at_ms,
        actor=event.actor,
        action=event.action,
        number=number if isinstance(number, int) else None,
        reason=reason if isinstance(reason, str) else None,
    )
