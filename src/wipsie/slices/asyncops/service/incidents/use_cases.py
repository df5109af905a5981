"""Declare, change and remove incidents."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import delete, select

from wipsie.auth.principal import Principal
from wipsie.database import UnitOfWork
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import Conflict, InvalidInput
from wipsie.slices.asyncops.desk import Desk, given, reference_of
from wipsie.slices.asyncops.domain import incidents as states
from wipsie.slices.asyncops.domain.milestones import FUTURE_MS_MAX, MILESTONES, check_times
from wipsie.slices.asyncops.notices import Notices, Reason
from wipsie.slices.asyncops.rights import CLOSE_INCIDENTS, DECLARE_INCIDENTS, STEER_INCIDENTS
from wipsie.slices.asyncops.schemas.incidents import IncidentChanges, NewIncident
from wipsie.slices.asyncops.schemas.moments import moment_ms
from wipsie.slices.asyncops.schemas.texts import line, prose
from wipsie.slices.asyncops.service.incidents.held import check_seen, held, refuse_final
from wipsie.slices.asyncops.service.incidents.people import (
    check_roles,
    follow_roles,
    leads,
    note_roles,
    role_holders,
    role_words,
)
from wipsie.slices.asyncops.service.incidents.views import IncidentViews, findable
from wipsie.slices.asyncops.store.incidents import (
    COLUMNS,
    INCIDENTS,
    Incident,
    incident_components_table,
    open_with_key,
    put_components,
)
from wipsie.slices.asyncops.store.postmortems import postmortems_table
from wipsie.slices.asyncops.store.records import hold_numbers, next_number

DUE_MS_MAX = 30 * 24 * 3_600_000


class IncidentService:
    """Use cases of incidents as records."""

    def __init__(self, desk: Desk, notices: Notices, clock: Clock) -> None:
        self._desk = desk
        self._notices = notices
        self._clock = clock
        shown = IncidentViews(clock)
        self.view = shown.view
        self.views = shown.views

    async def declare(self, unit: UnitOfWork, principal: Principal, wanted: NewIncident) -> Incident:
        """Declare an incident, or propose one. Those with a role follow it; of a grave one all leads hear. Conflict when an
        open one has its dedupe_key."""
        principal.check(DECLARE_INCIDENTS)
        connection, now_ms = unit.connection, self._clock.now_ms()
        status = states.PROPOSED if wanted.status == states.PROPOSED else states.DECLARED
        given_times = {name: _moment(wanted, name) for name in ("impact_started_at", "detected_at", "declared_at")}
        times = {**dict.fromkeys(MILESTONES), **given_times}
        if status == states.DECLARED and times["declared_at"] is None:
            times["declared_at"] = now_ms
        check_times(times, status, now_ms)
        await check_roles(connection, {"lead": wanted.lead, "comms": wanted.comms, "scribe": wanted.scribe})
        dedupe_key = None if wanted.dedupe_key is None else line(wanted.dedupe_key, "dedupe_key")
        if dedupe_key is not None:
            await hold_numbers(connection, INCIDENTS.kind)
            await self._refuse_second(unit, principal, dedupe_key)
        severity = states.SEVERITY_OF[wanted.severity]
        declared_at_ms = times["declared_at"]
        incident = Incident(
            id=self._desk.fresh_id(INCIDENTS.kind),
            created_at_ms=now_ms,
            created_by=principal.user_id,
            updated_at_ms=now_ms,
            version=1,
            number=await next_number(connection, INCIDENTS.kind),
            title=line(wanted.title, "title"),
            severity=severity,
            status=status,
            is_open=True,
            visibility=wanted.visibility,
            **{f"{name}_ms": at_ms for name, at_ms in times.items()},
            opened_at_ms=now_ms if declared_at_ms is None else declared_at_ms,
            declared_by=principal.user_id if status == states.DECLARED else None,
            lead=wanted.lead,
            comms=wanted.comms,
            scribe=wanted.scribe,
            affected=_components(wanted.affected),
            summary=prose(wanted.summary, "summary"),
            customer_impact=prose(wanted.customer_impact, "customer_impact"),
            last_update_at_ms=None,
            next_update_due_at_ms=states.next_update_due_ms(severity, status, now_ms),
            reminded_due_at_ms=None,
            duplicate_of=None,
            source="api" if principal.kind == "key" else "manual",
            dedupe_key=dedupe_key,
            occurrences=1,
        )
        return await self.add(unit, principal, incident)

    async def add(
        self, unit: UnitOfWork, principal: Principal, incident: Incident, data: dict[str, Any] | None = None
    ) -> Incident:
        """Write a fresh incident and tell whom it concerns."""
        is_proposed = incident.status == states.PROPOSED
        concerned = role_holders(incident)
        if is_proposed or incident.severity in states.MAJOR:
            concerned += await leads(unit.connection)
        added = await self._desk.add(
            unit,
            principal,
            INCIDENTS,
            incident,
            findable(incident),
            verb="propose" if is_proposed else "declare",
            facts={"severity": incident.severity, "source": incident.source, "visibility": incident.visibility},
            data=data,
            also_follow=role_holders(incident),
        )
        await put_components(unit.connection, incident.id, incident.affected)
        await note_roles(self._desk, unit, principal, None, added)
        word = "proposed" if is_proposed else "declared"
        sentence = f"{reference_of(INCIDENTS.kind, added)} was {word} ({incident.severity}): {incident.title}"
        await self._notices.tell(
            unit,
            principal,
            INCIDENTS.kind,
            added,
            concerned,
            sentence,
            body=incident.summary or None,
            reason=Reason.RESPONSIBLE,
        )
        return added

    async def change(
        self,
        unit: UnitOfWork,
        principal: Principal,
        reference: str,
        changes: IncidentChanges,
        expected_version: int,
    ) -> Incident:
        """Change what an incident says, its times and roles. NotFound, Forbidden, PreconditionFailed, InvalidInput."""
        connection, now_ms = unit.connection, self._clock.now_ms()
        before = await held(unit, principal, reference)
        principal.check(STEER_INCIDENTS, own=before.belongs_to(principal.user_id))
        await check_seen(connection, before, expected_version, self.view)
        refuse_final(before)
        values = self._checked(before, given(changes), now_ms)
        await check_roles(connection, values)
        after = msgspec.structs.replace(before, **values)
        if not any(getattr(before, name) != value for name, value in values.items()):
            return before
        check_times(after.times, after.status, now_ms)
        if after.affected != before.affected:
            await put_components(connection, before.id, after.affected)
        await follow_roles(unit, after, now_ms)
        changed = await self._desk.change(
            unit,
            principal,
            INCIDENTS,
            before,
            values,
            findable(after),
            facts={"severity": after.severity},
            notice=await self._notice(unit, before, after),
        )
        await note_roles(self._desk, unit, principal, before, changed)
        return changed

    async def remove(self, unit: UnitOfWork, principal: Principal, reference: str, expected_version: int) -> None:
        """Remove an incident that was none: declined, canceled or merged. Everything else is history, and stays."""
        before = await held(unit, principal, reference)
        principal.check(CLOSE_INCIDENTS)
        await check_seen(unit.connection, before, expected_version, self.view)
        if before.status not in states.FINAL:
            raise Conflict(
                f"Only what is {', '.join(states.FINAL)} can be removed; this one is {before.status}.",
                details={"status": before.status, "removable": list(states.FINAL)},
            )
        merged = select(COLUMNS.id).where(COLUMNS.duplicate_of == before.id).limit(1)
        if (await unit.connection.execute(merged)).scalar() is not None:
            raise Conflict("Others were merged into it; remove those first.", details={"id": before.id})
        for hanging, column in (
            (incident_components_table, incident_components_table.c.incident_id),
            (postmortems_table, postmortems_table.c.incident_id),
        ):
            await unit.connection.execute(delete(hanging).where(column == before.id))
        await self._desk.remove(unit, principal, INCIDENTS, before)

    def _checked(self, before: Incident, sent: dict[str, Any], now_ms: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, value in sent.items():
            if isinstance(value, datetime) or name in MILESTONES or name == "next_update_due_at":
                values[f"{name}_ms"] = None if value is None else moment_ms(value, name)
            elif name == "title":
                values[name] = line(value, name)
            elif name in ("summary", "customer_impact"):
                values[name] = prose(value, name)
            elif name == "affected":
                values[name] = _components(value)
            elif name == "severity":
                values[name] = states.SEVERITY_OF[value]
            else:
                values[name] = value
        if values.get("declared_at_ms") is not None:
            values["opened_at_ms"] = values["declared_at_ms"]
        severity = values.get("severity", before.severity)
        if "next_update_due_at_ms" in values:
            _check_due(before, values["next_update_due_at_ms"], now_ms)
        elif severity != before.severity:
            since_ms = before.last_update_at_ms or now_ms
            values["next_update_due_at_ms"] = states.next_update_due_ms(severity, before.status, since_ms)
        return values

    async def _notice(self, unit: UnitOfWork, before: Incident, after: Incident) -> str | None:
        news = [] if after.severity == before.severity else [f"it is {after.severity} now"]
        news += await role_words(unit.connection, before, after)
        if not news:
            return None
        return f"{reference_of(INCIDENTS.kind, after)}: {', '.join(news)}: {after.title}"

    async def _refuse_second(self, unit: UnitOfWork, principal: Principal, dedupe_key: str) -> None:
        found = await open_with_key(unit.connection, dedupe_key)
        if found is None:
            return
        seen = await INCIDENTS.find(unit.connection, found.id, principal)
        details = {"field": "dedupe_key"}
        if seen is not None:
            details |= {"id": seen.id, "path": f"{INCIDENTS.kind.path}/{seen.id}"}
        raise Conflict("An open incident has this dedupe_key already; go on with that one.", details=details)


def _components(names: list[str]) -> list[str]:
    lines = [line(name, f"affected[{index}]") for index, name in enumerate(names)]
    return list({name.casefold(): name for name in reversed(lines)}.values())[::-1]


def _moment(wanted: NewIncident, name: str) -> int | None:
    moment: datetime | None = getattr(wanted, name)
    return None if moment is None else moment_ms(moment, name)


def _check_due(incident: Incident, due_ms: int | None, now_ms: int) -> None:
    field, problem = "next_update_due_at", None
    if due_ms is not None and incident.status not in states.RUNNING:
        problem = f"is not for an incident that is {incident.status}"
    elif due_ms is not None and not now_ms - FUTURE_MS_MAX <= due_ms <= now_ms + DUE_MS_MAX:
        problem = "must lie within the next 30 days"
    if problem is not None:
        raise InvalidInput(f"Field '{field}' {problem}.", details={"field": field, "problem": problem})
